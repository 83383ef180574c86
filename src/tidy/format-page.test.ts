// SPDX-License-Identifier: Apache-2.0
// Tables of a document are read, and layouts are put in the same words.

import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTables, rowsOfLayout } from "./format-page.ts";

test("a table is found under a heading with a name and a size; other tables are none", () => {
  const page = [
    "# Page",
    "| a | b |",
    "### some header, 8 bytes",
    "| Bytes | Field | Meaning |",
    "| --- | --- | --- |",
    "| 0 to 3 | `magic` | text |",
    "| 4, bit 7 | `flag` | |",
    "| 5 to 7 | reserved | |",
    "## Other",
    "| 1 | `x` | |",
  ].join("\n");
  assert.deepEqual(formatTables(page), [
    {
      name: "some header",
      sizeBytes: 8,
      rows: [
        ["0 to 3", "magic"],
        ["4, bit 7", "flag"],
      ],
    },
  ]);
});

test("fields of a layout are worded by bytes and bits", () => {
  const fields = {
    long: { byte: 0, byteCount: 4 },
    short: { byte: 4, byteCount: 1 },
    flag: { byte: 5, byteCount: 1, bits: [3, 3] },
    part: { byte: 5, byteCount: 1, bits: [2, 0] },
  } as const;
  assert.deepEqual(rowsOfLayout(fields), [
    ["0 to 3", "long"],
    ["4", "short"],
    ["5, bit 3", "flag"],
    ["5, bits 2 to 0", "part"],
  ]);
});

// SPDX-License-Identifier: Apache-2.0
// docs/FORMATS.md says what the layouts of the store say, field by field.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Layout } from "#codec/index.ts";
import { EncryptedBlockHeader } from "#tape/index.ts";
import { formatTables, rowsOfLayout } from "#tidy/index.ts";
import * as directory from "./directory-entry.ts";
import * as frames from "./frame-tables.ts";
import * as ledger from "./ledger-format.ts";
import * as record from "./record.ts";
import * as sealed from "./sealed-format.ts";
import * as segment from "./segment-format.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/FORMATS.md"), "utf8");
const exported: readonly unknown[] = [directory, frames, ledger, record, sealed, segment].flatMap((face) =>
  Object.values(face),
);
// The form of encrypted blocks is the medium's, and their bytes lie in the store's records.
const layouts = [...exported, EncryptedBlockHeader].filter((value) => value instanceof Layout);

test("every layout of the store has a table in docs/FORMATS.md, with the same fields in the same places", () => {
  const tables = formatTables(page);
  for (const layout of layouts) {
    const table = tables.find(({ name }) => name === layout.name);
    assert.ok(table !== undefined, `a heading "${layout.name}, ${layout.size} bytes" with a table`);
    assert.equal(table.sizeBytes, layout.size, layout.name);
    assert.deepEqual(table.rows, rowsOfLayout(layout.fields), layout.name);
  }
});

test("docs/FORMATS.md describes no structure that the store does not have", () => {
  const names = new Set(layouts.map((layout) => layout.name));
  assert.deepEqual(
    formatTables(page)
      .map(({ name }) => name)
      .filter((name) => !names.has(name)),
    [],
  );
});

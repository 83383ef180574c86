// SPDX-License-Identifier: Apache-2.0
// docs/TAPE-FORMATS.md says what the layouts of pxar, datastores and tape files say, field by field.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Layout } from "#codec/index.ts";
import * as datastore from "#datastore/index.ts";
import * as media from "#media/index.ts";
import * as pxar from "#pxar/index.ts";
import { formatTables, rowsOfLayout } from "#tidy/index.ts";
import * as format from "./index.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/TAPE-FORMATS.md"), "utf8");
const exported: readonly unknown[] = [
  ...Object.values(format),
  ...Object.values(pxar),
  ...Object.values(datastore),
  ...Object.values(media),
];
const layouts = exported.filter((value) => value instanceof Layout);

test("every layout has a table in docs/TAPE-FORMATS.md, with the same fields in the same places", () => {
  const tables = formatTables(page);
  assert.ok(layouts.length >= 11);
  for (const layout of layouts) {
    const table = tables.find(({ name }) => name === layout.name);
    assert.ok(table !== undefined, `a heading "${layout.name}, ${layout.size} bytes" with a table`);
    assert.equal(table.sizeBytes, layout.size, layout.name);
    assert.deepEqual(table.rows, rowsOfLayout(layout.fields), layout.name);
  }
});

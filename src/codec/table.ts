// SPDX-License-Identifier: Apache-2.0
// Code tables: an object literal whose keys become types and whose rows hold a code. Looking up by code is built once.

import { assert } from "#base/index.ts";

/** A table: name to row. */
export type Table<Row> = Readonly<Record<string, Row>>;

/** Looks rows up by a code; asserts that no code appears twice. */
export function indexByCode<Name extends string, Row, Code extends string | number>(
  table: Readonly<Record<Name, Row>>,
  codeOf: (row: Row) => Code,
): ReadonlyMap<Code, Name> {
  const index = new Map<Code, Name>();
  for (const [name, row] of Object.entries(table) as [Name, Row][]) {
    const code = codeOf(row);
    assert(!index.has(code), `${name} has a code of its own, not that of ${index.get(code)}`);
    index.set(code, name);
  }
  return index;
}

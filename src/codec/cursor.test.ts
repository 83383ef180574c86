// SPDX-License-Identifier: Apache-2.0
// A cursor walks over bytes and refuses to run past their end; tables refuse a code that appears twice.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bug, bytesFromHex, hexFromBytes, isFault } from "#base/index.ts";
import { Cursor, putUint } from "./cursor.ts";
import { uint } from "./fields.ts";
import { layout } from "./layout.ts";
import { indexByCode } from "./table.ts";

test("a cursor takes views, numbers and structures one after the other", () => {
  const Pair = layout("pair", 2, { left: uint(0, 1), right: uint(1, 1) });
  const cursor = new Cursor("thing", bytesFromHex("01 0203 0405 06"), 0);
  assert.equal(cursor.uint(1), 1);
  assert.deepEqual(cursor.take(2), new Uint8Array([2, 3]));
  assert.deepEqual(cursor.structure(Pair), { left: 4, right: 5 });
  assert.equal(cursor.offset, 5);
  assert.equal(cursor.remaining, 1);
});

test("taking more than there is gives codec.truncated and does not move", () => {
  const cursor = new Cursor("thing", bytesFromHex("0102"), 1);
  assert.throws(
    () => cursor.uint(2),
    (error: unknown) => isFault(error, "codec.truncated") && error.message === "thing needs 3 bytes, only 2 are there",
  );
  assert.equal(cursor.offset, 1);
  assert.equal(cursor.uint(1), 2);
});

test("numbers are put big-endian, and only where they fit", () => {
  const memory = new Uint8Array(4);
  putUint(memory, 1, 3, 0x010203);
  assert.equal(hexFromBytes(memory), "00010203");
  assert.throws(() => putUint(memory, 0, 1, 256), Bug);
  assert.throws(() => putUint(memory, 0, 1, -1), Bug);
});

test("a table is looked up by code, and two rows with one code are a Bug", () => {
  const table = { red: { code: 1 }, blue: { code: 2 } };
  const index = indexByCode(table, (row) => row.code);
  assert.equal(index.get(2), "blue");
  assert.equal(index.get(3), undefined);
  assert.throws(() => indexByCode({ ...table, green: { code: 2 } }, (row) => row.code), /green.*blue/);
});

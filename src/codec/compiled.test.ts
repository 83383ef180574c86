// SPDX-License-Identifier: Apache-2.0
// The straight-line functions of a layout do what walking its fields does.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { Bug } from "#base/index.ts";
import { compileLayout } from "./compiled.ts";
import { ascii, bit, bits, bytes, int64Le, layout, uint, uint64, uint64Le, uintLe } from "./index.ts";

const fields = {
  code: bits(0, 5, 0, { always: 0x2a }),
  immediate: bit(0, 6),
  top: bit(0, 7),
  fixed: bit(1, 7, { always: true }),
  middle: bits(1, 5, 2),
  one: uint(2, 1),
  two: uint(3, 2),
  three: uint(5, 3),
  four: uint(8, 4),
  six: uint(12, 6),
  long: uint64(18),
  name: ascii(26, 8),
  raw: bytes(34, 5),
  low: uintLe(39, 6),
  longLow: uint64Le(45),
  signed: int64Le(53),
};
const size = 64;
const entries = Object.entries(fields);
const base = 3;

const value = fc.record(
  {
    immediate: fc.boolean(),
    top: fc.boolean(),
    middle: fc.nat(15),
    one: fc.nat(0xff),
    two: fc.nat(0xffff),
    three: fc.nat(0xff_ffff),
    four: fc.nat(0xffff_ffff),
    six: fc.maxSafeNat().map((number) => number % 2 ** 48),
    long: fc.bigInt(0n, 2n ** 64n - 1n),
    name: fc.stringMatching(/^[a-z0-9]{0,8}$/),
    raw: fc.uint8Array({ minLength: 5, maxLength: 5 }),
    low: fc.maxSafeNat().map((number) => number % 2 ** 48),
    longLow: fc.bigInt(0n, 2n ** 64n - 1n),
    signed: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  },
  { requiredKeys: [] },
);

test("encoding and decoding agree with the layout that walks its fields", () => {
  const slow = layout("test", size, fields);
  const fast = compileLayout(entries);
  assert.ok(fast !== undefined);
  fc.assert(
    fc.property(value, (given) => {
      const expected = new Uint8Array(base + size);
      const actual = new Uint8Array(base + size);
      for (const [name, field] of entries) {
        const part = (given as Readonly<Record<string, unknown>>)[name];
        field.write(expected, base, (field.isAlways ? field.always : (part ?? field.initial)) as never);
      }
      fast.encode(actual, base, given);
      assert.deepEqual(actual, expected);
      const read = entries.flatMap(([name, field]) => (field.isAlways ? [] : [[name, field.read(expected, base)]]));
      assert.deepEqual(fast.decode(expected, base), Object.fromEntries(read));
    }),
  );
  // And so it stays when a layout has become fast on its way.
  const first = slow.encode({ six: 2 ** 47 + 5 });
  for (let use = 0; use < 1000; use++) assert.deepEqual(slow.encode({ six: 2 ** 47 + 5 }), first);
  assert.equal(slow.decode(first).six, 2 ** 47 + 5);
});

test("a value that does not fit is a bug, as before", () => {
  const fast = compileLayout(entries);
  assert.ok(fast !== undefined);
  const bad = [{ one: 256 }, { six: 2 ** 48 }, { four: -1 }, { middle: 16 }, { two: 0.5 }, { three: Number.NaN }];
  for (const given of bad) assert.throws(() => fast.encode(new Uint8Array(size), 0, given), Bug);
});

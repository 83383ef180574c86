// SPDX-License-Identifier: Apache-2.0
// Each kind of field reads and writes the bits that it names, and no others.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bug, bytesFromHex, hexFromBytes } from "#base/index.ts";
import { ascii, bit, bits, bytes, type Field, int64Le, uint, uint64, uint64Le, uintLe } from "./fields.ts";

/** Writes into bytes that are all ones, so that neighbours that were touched show up. */
function written<Value>(field: Field<Value>, value: Value, size: number): string {
  const memory = new Uint8Array(size).fill(0xff);
  field.write(memory, 0, value);
  return hexFromBytes(memory);
}

test("a bit is at the place where a standard prints it: 7 is the highest", () => {
  assert.equal(bit(1, 7).read(bytesFromHex("0080"), 0), true);
  assert.equal(bit(1, 0).read(bytesFromHex("0080"), 0), false);
  assert.equal(written(bit(0, 3), false, 2), "f7ff");
});

test("bits inside of a byte leave their neighbours alone", () => {
  assert.equal(bits(0, 6, 4).read(bytesFromHex("5f"), 0), 5);
  assert.equal(written(bits(0, 6, 4), 0, 1), "8f");
  assert.equal(written(bits(0, 6, 4), 5, 1), "df");
});

test("numbers are big-endian, up to six bytes", () => {
  assert.equal(uint(1, 3).read(bytesFromHex("ff010203ff"), 0), 0x010203);
  assert.equal(written(uint(1, 3), 0x010203, 5), "ff010203ff");
  assert.equal(uint(0, 6).read(bytesFromHex("ffffffffffff"), 0), 2 ** 48 - 1);
  assert.equal(uint64(0).read(bytesFromHex("ffffffffffffffff"), 0), 2n ** 64n - 1n);
  assert.equal(written(uint64(0), 1n, 8), "0000000000000001");
});

test("text is padded with blanks, and blanks and zeros at its end do not come back", () => {
  assert.equal(written(ascii(0, 4), "ab", 4), "61622020");
  assert.equal(ascii(0, 4).read(bytesFromHex("61622000"), 0), "ab");
  assert.equal(ascii(0, 4).read(bytesFromHex("20616220"), 0), " ab");
});

test("byte fields are views, shorter values are padded with zeros", () => {
  const memory = bytesFromHex("0102030405");
  const view = bytes(1, 3).read(memory, 0);
  memory[1] = 9;
  assert.deepEqual(view, new Uint8Array([9, 3, 4]));
  assert.equal(written(bytes(0, 3), new Uint8Array([1]), 3), "010000");
});

test("values that do not fit are Bugs, never cut", () => {
  const memory = new Uint8Array(8);
  for (const value of [256, -1, 1.5, Number.NaN]) assert.throws(() => uint(0, 1).write(memory, 0, value), Bug);
  assert.throws(() => bits(0, 2, 0).write(memory, 0, 8), Bug);
  assert.throws(() => uint64(0).write(memory, 0, 2n ** 64n), Bug);
  assert.throws(() => ascii(0, 2).write(memory, 0, "abc"), Bug);
  assert.throws(() => ascii(0, 2).write(memory, 0, "ä"), Bug);
  assert.throws(() => bytes(0, 2).write(memory, 0, new Uint8Array(3)), Bug);
  assert.throws(() => uint(0, 7), Bug);
});

test("reading outside of the bytes is a Bug", () => {
  assert.throws(() => uint(3, 2).read(new Uint8Array(4), 0), Bug);
  assert.throws(() => bit(4, 0).read(new Uint8Array(4), 0), Bug);
});

test("every number comes back as it was written, at any offset", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.nat(9),
      fc.bigInt({ min: 0n, max: 2n ** 48n - 1n }),
      (width, base, drawn) => {
        const value = Number(drawn) % 2 ** (8 * width);
        const memory = new Uint8Array(20);
        uint(2, width).write(memory, base, value);
        assert.equal(uint(2, width).read(memory, base), value);
      },
    ),
  );
});

test("little-endian numbers have their lowest byte first", () => {
  assert.equal(uintLe(1, 3).read(bytesFromHex("00f0ff03"), 0), 262128);
  assert.equal(written(uintLe(1, 3), 262128, 5), "fff0ff03ff");
  assert.equal(uint64Le(0).read(bytesFromHex("00f1536500000000"), 0), 1_700_000_000n);
  assert.equal(written(uint64Le(0), 1_700_000_000n, 8), "00f1536500000000");
  assert.equal(int64Le(0).read(bytesFromHex("feffffffffffffff"), 0), -2n);
  assert.equal(written(int64Le(0), -2n, 8), "feffffffffffffff");
  assert.throws(() => written(uintLe(0, 2), 65536, 2), Bug);
});

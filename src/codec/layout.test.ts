// SPDX-License-Identifier: Apache-2.0
// A layout refuses to be declared wrongly, decodes, encodes, checks reserved bits and describes itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Bug, bytesFromHex, hexFromBytes, isFault } from "#base/index.ts";
import { ascii, bit, bits, bytes, uint, uint64 } from "./fields.ts";
import { layout, type ValueOf } from "./layout.ts";

const Parcel = layout("parcel", 6, {
  kind: uint(0, 1, { always: 0x0a }),
  urgent: bit(1, 0),
  size: bits(1, 7, 5),
  weight: uint(2, 3),
});

test("decoding gives the fields, without those that are always the same", () => {
  const value: ValueOf<typeof Parcel> = Parcel.decode(bytesFromHex("0a a1 010203 00"));
  assert.deepEqual(value, { urgent: true, size: 5, weight: 0x010203 });
});

test("encoding writes fixed fields, zero for what is left out, and zero for reserved bits", () => {
  assert.equal(hexFromBytes(Parcel.encode({ weight: 1 })), "0a0000000100");
  const memory = new Uint8Array(8).fill(0xff);
  Parcel.encodeInto(memory, 1, { urgent: true });
  assert.equal(hexFromBytes(memory), "ff0a0100000000ff");
});

test("bytes that are cut give the fault codec.truncated, which names the structure", () => {
  const isTruncated = (error: unknown): boolean => isFault(error, "codec.truncated") && /parcel/.test(error.message);
  assert.throws(() => Parcel.decode(new Uint8Array(5)), isTruncated);
  assert.throws(() => Parcel.decode(new Uint8Array(10), 5), isTruncated);
  assert.throws(() => Parcel.decode(new Uint8Array(2), 9), isTruncated);
});

test("the first reserved bit that is set is reported by byte and bit", () => {
  assert.equal(Parcel.check(bytesFromHex("0aa101020300")), undefined);
  assert.deepEqual(Parcel.check(bytesFromHex("0a1201020300")), { byte: 1, bit: 4 });
  assert.deepEqual(Parcel.check(bytesFromHex("0aa101020340")), { byte: 5, bit: 6 });
});

test("a reserved bit that the caller tolerates is not reported, the next one is", () => {
  assert.deepEqual(Parcel.check(bytesFromHex("0a1201020300"), 0, { 1: 0x10 }), { byte: 1, bit: 1 });
});

test("a fixed field with another value is reported at its highest bit", () => {
  assert.deepEqual(Parcel.check(bytesFromHex("0b0000000000")), { byte: 0, bit: 7 });
});

test("the position of a field is its first byte and highest bit", () => {
  assert.deepEqual(Parcel.positionOf("size"), { byte: 1, bit: 7 });
  assert.deepEqual(Parcel.positionOf("urgent"), { byte: 1, bit: 0 });
  assert.deepEqual(Parcel.positionOf("weight"), { byte: 2, bit: 7 });
});

test("a description names the structure and its fields", () => {
  assert.equal(Parcel.describe(bytesFromHex("0aa101020300")), "parcel urgent=true size=5 weight=66051");
  const Tag = layout("tag", 4, { code: bytes(0, 4) });
  assert.equal(Tag.describe(bytesFromHex("01020304")), "tag code=01020304");
});

test("fields that overlap or lie outside cannot be declared", () => {
  assert.throws(() => layout("bad", 2, { a: uint(0, 2), b: bit(1, 0) }), Bug);
  assert.throws(() => layout("bad", 1, { a: bits(0, 5, 3), b: bit(0, 3) }), Bug);
  assert.throws(() => layout("bad", 2, { a: uint(1, 2) }), Bug);
});

test("room that is too small for encoding is a Bug", () => {
  assert.throws(() => Parcel.encodeInto(new Uint8Array(6), 1, {}), Bug);
});

const Everything = layout("everything", 24, {
  flag: bit(0, 7),
  low: bits(0, 3, 0),
  count: uint(1, 4),
  large: uint64(5),
  name: ascii(13, 4),
  rest: bytes(17, 6),
});

test("whatever is encoded is decoded again, with no reserved bit set", () => {
  const value = fc.record({
    flag: fc.boolean(),
    low: fc.nat(15),
    count: fc.nat(0xffffffff),
    large: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    name: fc.string({ unit: fc.constantFrom("a", "b", "Z", "0", "9"), maxLength: 4 }),
    rest: fc.uint8Array({ minLength: 6, maxLength: 6 }),
  });
  fc.assert(
    fc.property(value, (given) => {
      const encoded = Everything.encode(given);
      assert.deepEqual(Everything.decode(encoded), { ...given });
      assert.equal(Everything.check(encoded), undefined);
    }),
  );
});

test("exactly the bits that no field covers are reserved", () => {
  for (let index = 0; index < 24 * 8; index++) {
    const memory = Everything.encode({});
    const [byte, position] = [index >> 3, 7 - (index & 7)];
    memory[byte] = (memory[byte] ?? 0) | (1 << position);
    const isReserved = (byte === 0 && position >= 4 && position <= 6) || byte === 23;
    assert.deepEqual(Everything.check(memory), isReserved ? { byte, bit: position } : undefined);
  }
});

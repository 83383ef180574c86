// SPDX-License-Identifier: Apache-2.0
// Byte helpers: text and numbers in, bytes out, and back.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  asciiFromBytes,
  bytesFromAscii,
  bytesFromHex,
  bytesFromText,
  concatBytes,
  equalBytes,
  hexFromBytes,
  roundDown,
  roundUp,
  textFromBytes,
} from "./bytes.ts";

test("hexadecimal text and bytes turn into each other; blanks do not matter", () => {
  assert.deepEqual(bytesFromHex("00 ff\n7F"), new Uint8Array([0, 255, 127]));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => equalBytes(bytesFromHex(hexFromBytes(bytes)), bytes)));
});

test("text that is not hexadecimal is refused", () => {
  for (const text of ["0", "0g", "0x00", "zz"]) assert.throws(() => bytesFromHex(text), RangeError);
});

test("a view in the middle of memory is encoded as itself, not as its memory", () => {
  const view = new Uint8Array([1, 2, 3, 4]).subarray(1, 3);
  assert.equal(hexFromBytes(view), "0203");
  assert.equal(asciiFromBytes(bytesFromAscii("abcd").subarray(1, 3)), "bc");
});

test("joining keeps the order and makes new memory", () => {
  const first = new Uint8Array([1]);
  const whole = concatBytes([first, new Uint8Array(), new Uint8Array([2, 3])]);
  first[0] = 9;
  assert.deepEqual(whole, new Uint8Array([1, 2, 3]));
});

test("equal means same length and same bytes", () => {
  assert.ok(equalBytes(new Uint8Array([1, 2]), new Uint8Array([0, 1, 2]).subarray(1)));
  assert.ok(!equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 2, 3])));
  assert.ok(!equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 3])));
});

test("ASCII refuses characters above 7 bits", () => {
  assert.deepEqual(bytesFromAscii("A~"), new Uint8Array([0x41, 0x7e]));
  assert.throws(() => bytesFromAscii("ä"), RangeError);
});

test("UTF-8 round trips, and bytes that are not UTF-8 are refused", () => {
  assert.deepEqual(bytesFromText("ä"), new Uint8Array([0xc3, 0xa4]));
  assert.equal(textFromBytes(bytesFromText("ä€😀")), "ä€😀");
  assert.throws(() => textFromBytes(new Uint8Array([0xff])), TypeError);
});

test("rounding gives multiples around the value, also above 32 bits", () => {
  assert.equal(roundUp(1, 4096), 4096);
  assert.equal(roundUp(4096, 4096), 4096);
  assert.equal(roundDown(4097, 4096), 4096);
  assert.equal(roundUp(2 ** 40 + 1, 4096), 2 ** 40 + 4096);
  assert.equal(roundDown(2 ** 40 + 4095, 4096), 2 ** 40);
});

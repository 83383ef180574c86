// SPDX-License-Identifier: Apache-2.0
// Serial numbers compare as RFC 1982 says, on both sides of 2^32.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isSerialBefore, isSerialWithin, serialAfter, serialDistance, serialNumber } from "./serial-number.ts";

const any = fc.integer({ min: 0, max: 0xffff_ffff }).map(serialNumber);
const near = fc.integer({ min: 1, max: 0x7fff_ffff });

test("a number that is up to 2^31 - 1 steps behind another comes after it", () => {
  fc.assert(
    fc.property(any, near, (start, steps) => {
      const end = serialAfter(start, steps);
      assert.ok(isSerialBefore(start, end) && !isSerialBefore(end, start));
      assert.equal(serialDistance(start, end), steps);
      assert.equal(serialDistance(end, start), -steps);
      assert.equal(serialAfter(end, -steps), start);
    }),
  );
});

test("a window holds what lies between its ends, and an empty one nothing", () => {
  fc.assert(
    fc.property(any, fc.integer({ min: 0, max: 1000 }), fc.integer({ min: -1000, max: 2000 }), (first, size, step) => {
      const last = serialAfter(first, size - 1);
      assert.equal(isSerialWithin(serialAfter(first, step), first, last), step >= 0 && step < size);
    }),
  );
});

test("numbers stay within 32 bits", () => {
  assert.equal(serialAfter(serialNumber(0xffff_ffff)), 0);
  assert.equal(serialAfter(serialNumber(0), -1), 0xffff_ffff);
  assert.equal(serialNumber(0x1_0000_0005), 5);
});

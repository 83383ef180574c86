// SPDX-License-Identifier: Apache-2.0
// Protection information against values that other implementations print: the check that CERN's CASTOR (and mhvtl) make
// of both sums over the first primes, RFC 7143's vectors for CRC32C, and the table that IBM prints for Reed-Solomon.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hexFromBytes } from "#base/index.ts";
import { isProtected, protectionOf } from "./protection.ts";

const primes: number[] = [];
for (let candidate = 2; candidate < 256; candidate++) {
  if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
}
const first = Uint8Array.from(primes.filter((prime) => prime <= 157));
const all = Uint8Array.from(primes);

test("Reed-Solomon CRC is that of ECMA-319, high byte first", () => {
  assert.equal(hexFromBytes(protectionOf("reed-solomon", first)), "733d4dca");
  assert.equal(hexFromBytes(protectionOf("reed-solomon", all)), "754ed37e");
  assert.equal(hexFromBytes(protectionOf("reed-solomon", Uint8Array.of(1))), "38cf3801");
  assert.equal(hexFromBytes(protectionOf("reed-solomon", Uint8Array.of(255))), "763f76ff");
  assert.equal(hexFromBytes(protectionOf("reed-solomon", new Uint8Array(100))), "00000000");
});

test("CRC32C is that of RFC 7143, low byte first", () => {
  assert.equal(hexFromBytes(protectionOf("crc32c", first)), "484f17e8");
  assert.equal(hexFromBytes(protectionOf("crc32c", new Uint8Array(32))), "aa36918a");
  assert.equal(hexFromBytes(protectionOf("crc32c", new Uint8Array(32).fill(0xff))), "43aba862");
});

test("every flipped bit is noticed, and nothing is no block", () => {
  for (const method of ["reed-solomon", "crc32c"] as const) {
    const whole = Uint8Array.of(...all, ...protectionOf(method, all));
    assert.ok(isProtected(method, whole));
    for (let bit = 0; bit < 8 * whole.byteLength; bit++) {
      const changed = whole.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.ok(!isProtected(method, changed), `${method}, bit ${bit}`);
    }
    assert.ok(!isProtected(method, new Uint8Array(4)));
  }
});

// SPDX-License-Identifier: Apache-2.0
// Numbers of catalogs.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hexFromBytes } from "#base/index.ts";
import { decodeSigned, decodeUnsigned, encodeSigned, encodeUnsigned } from "./varint.ts";

test("signed numbers are written as Proxmox writes them", () => {
  const values: readonly (readonly [bigint, string])[] = [
    [0n, "00"],
    [-1n, "8100"],
    [-128n, "808100"],
    [300n, "ac02"],
    [1_700_000_000n, "80e2cfaa06"],
  ];
  for (const [value, hex] of values) assert.equal(hexFromBytes(encodeSigned(value)), hex);
});

test("every number comes back, and a cut one is none", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(1n << 63n) + 1n, max: (1n << 63n) - 1n }), (value) => {
      const bytes = encodeSigned(value);
      assert.deepEqual(decodeSigned(bytes, 0), { value, end: bytes.byteLength });
      assert.equal(decodeSigned(bytes.subarray(0, -1), 0), undefined);
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (value) => {
      const bytes = encodeUnsigned(value);
      assert.deepEqual(decodeUnsigned(bytes, 0), { value, end: bytes.byteLength });
    }),
  );
});

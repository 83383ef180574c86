// SPDX-License-Identifier: Apache-2.0
// Both CRC32C give the digests that RFC 3720 prints, and each other's.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesFromHex, hexFromBytes } from "#base/index.ts";
import { nativeCrc32c, portableCrc32c, putDigest, digestAt } from "./crc32c.ts";

const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);
/** RFC 3720 appendix B.4: bytes and the digest in wire order. */
const vectors: readonly (readonly [name: string, bytes: Uint8Array, digest: string])[] = [
  ["32 bytes of zeros", new Uint8Array(32), "aa36918a"],
  ["32 bytes of ones", new Uint8Array(32).fill(0xff), "43aba862"],
  ["32 bytes of 00..1f", ascending, "4e79dd46"],
  ["32 bytes of 1f..00", ascending.toReversed(), "5cdb3f11"],
  [
    "an iSCSI SCSI Read (10) command PDU",
    bytesFromHex(`01 c0 00 00 00 00 00 00 00 00 00 00 00 00 00 00 14 00 00 00 00 00 04 00 00 00 00 14 00 00 00 18
      28 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00`),
    "563a96d9",
  ],
];

for (const [kind, crc32c] of [
  ["portable", portableCrc32c],
  ["native", nativeCrc32c],
] as const) {
  for (const [name, bytes, digest] of vectors) {
    test(`${kind} CRC32C of ${name} is that of RFC 3720 B.4`, { skip: crc32c === undefined }, () => {
      const wire = new Uint8Array(4);
      putDigest(wire, 0, crc32c?.(bytes) ?? 0);
      assert.equal(hexFromBytes(wire), digest);
      assert.equal(digestAt(wire, 0), crc32c?.(bytes));
    });
  }
}

test("CRC32C of parts, one continuing the other, is that of the whole", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (left, right) => {
      const whole = Uint8Array.from([...left, ...right]);
      assert.equal(portableCrc32c(right, portableCrc32c(left)), portableCrc32c(whole));
      if (nativeCrc32c !== undefined) assert.equal(nativeCrc32c(whole), portableCrc32c(whole));
    }),
  );
});

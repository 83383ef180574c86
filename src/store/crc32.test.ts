// SPDX-License-Identifier: Apache-2.0
// Both implementations of CRC32 agree with zlib, and with the check value that catalogues of CRCs print.

import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { bytesFromAscii, concatBytes } from "#base/index.ts";
import { crc32, joinCrc32 } from "./crc32.ts";

test("the checksum is the CRC32 of IEEE 802.3: check value of the catalogue of parametrised CRCs", () => {
  assert.equal(crc32(bytesFromAscii("123456789")), 0xcbf43926);
});

test("it equals that of zlib, also when continued", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (first, second) => {
      assert.equal(crc32(second, crc32(first)), zlibCrc32(second, zlibCrc32(first)));
    }),
  );
});

test("joined checksums are those of the joined bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array({ maxLength: 5000 }), (first, second) => {
      assert.equal(joinCrc32(crc32(first), crc32(second), second.byteLength), crc32(concatBytes([first, second])));
    }),
  );
});

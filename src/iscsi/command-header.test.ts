// SPDX-License-Identifier: Apache-2.0
// LUN fields and additional header segments, RFC 7143 section 11.2.2.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromHex } from "#base/index.ts";
import { lunFieldOf, lunOf, parseAdditionalHeaders, wholeCdb } from "./command-header.ts";

test("every LUN that our initiator can name is the one that our target reads", () => {
  for (let lun = 0; lun <= 0x3fff; lun++) assert.equal(lunOf(lunFieldOf(lun)), lun);
});

test("an additional header counts its reserved byte, and is padded to four", () => {
  const parsed = parseAdditionalHeaders(bytesFromHex("0003 01 00 aabb 0000  0005 02 00 00001000"));
  assert.deepEqual(parsed?.extendedCdb, Uint8Array.of(0xaa, 0xbb));
  assert.equal(parsed?.readLength, 0x1000);
});

test("additional headers that do not add up are none", () => {
  for (const hex of ["0000 0100", "0006 0100 aabbccdd", "ffff 0100", "0003 0200 0001 0000", "0001 0100 00"]) {
    assert.equal(parseAdditionalHeaders(bytesFromHex(hex)), undefined, hex);
  }
});

test("a CDB is a copy", () => {
  const first = new Uint8Array(16).fill(1);
  const whole = wholeCdb(first, undefined);
  first.fill(2);
  assert.ok(whole.every((byte) => byte === 1));
  assert.equal(wholeCdb(first, Uint8Array.of(3, 4)).byteLength, 18);
});

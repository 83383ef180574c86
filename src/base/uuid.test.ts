// SPDX-License-Identifier: Apache-2.0
// UUIDs as text and bytes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hexFromBytes } from "./bytes.ts";
import { bytesOfUuid, newUuid, parseUuid, uuidFromBytes } from "./uuid.ts";

test("text and bytes of a UUID have the same order", () => {
  const uuid = parseUuid("65B8563978D7433085C639502B2F9B01");
  assert.equal(uuid, "65b85639-78d7-4330-85c6-39502b2f9b01");
  assert.equal(hexFromBytes(bytesOfUuid(uuid ?? newUuid(zeros))), "65b8563978d7433085c639502b2f9b01");
  assert.equal(parseUuid("65b85639-78d7-4330-85c6-39502b2f9b01"), uuid);
});

const zeros = { bytes: (count: number) => new Uint8Array(count), below: () => 0 };

test("a new UUID says that it is random", () => {
  assert.equal(newUuid(zeros), "00000000-0000-4000-8000-000000000000");
});

test("what is no UUID is refused", () => {
  for (const text of ["", "65b85639", "65b8-563978d7-4330-85c6-39502b2f9b01", "g".repeat(32)]) {
    assert.equal(parseUuid(text), undefined, text);
  }
  assert.throws(() => uuidFromBytes(new Uint8Array(15)), RangeError);
});

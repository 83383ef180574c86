// SPDX-License-Identifier: Apache-2.0
// The limits of the house agree with each other.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "./limits.ts";

test("every limit is above zero", () => {
  for (const [name, value] of Object.entries(limits)) assert.ok(value > 0, name);
});

test("the write ring holds the largest block more than once", () => {
  assert.ok(limits.ringSize >= 2 * limits.blockSizeMax);
});

test("a segment holds the largest block, a cartridge a segment's worth of small ones", () => {
  assert.ok(limits.segmentSize > limits.blockSizeMax);
  assert.ok(limits.cartridgeSizeMin < limits.cartridgeSizeMax);
});

test("bursts are in the order that RFC 7143 demands: FirstBurstLength up to MaxBurstLength below 2^24", () => {
  assert.ok(limits.firstBurst <= limits.maxBurst);
  assert.ok(limits.maxBurst < 2 ** 24);
});

test("pauses between attempts grow up to their longest", () => {
  assert.ok(limits.uploadBackoff <= limits.uploadBackoffMax);
});

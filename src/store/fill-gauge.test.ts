// SPDX-License-Identifier: Apache-2.0
// How fast a buffer fills, and when it will be full.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FillGauge } from "./fill-gauge.ts";

test("the time to full follows from how fast it fills", () => {
  const gauge = new FillGauge();
  assert.equal(gauge.timeToFull(1000), undefined, "one who has not looked does not know");
  gauge.note(0, 100);
  assert.equal(gauge.timeToFull(1000), undefined);
  gauge.note(10_000, 200);
  assert.equal(gauge.bytesPerSecond, 10);
  assert.equal(gauge.timeToFull(1000), 80_000);
  assert.equal(gauge.timeToFull(150), 0);
});

test("a buffer that empties is never full, and what is long ago does not count", () => {
  const gauge = new FillGauge();
  for (let second = 0; second < 100; second++) gauge.note(second * 1000, 10_000 - second);
  assert.equal(gauge.timeToFull(1_000_000), undefined);
  for (let second = 100; second < 200; second++) gauge.note(second * 1000, second * 5);
  assert.equal(gauge.bytesPerSecond, 5);
});

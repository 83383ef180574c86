// SPDX-License-Identifier: Apache-2.0
// The clock of the folder store's locks, where many locks are set at once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { days, later } from "#base/index.ts";
import { SeededRandom, SimClock, SimDisk } from "#sim/index.ts";
import { LockClock } from "./lock-clock.ts";

test("locks that are set at the same time are all remembered, the first ones too", async () => {
  const clock = new SimClock();
  const disk = new SimDisk({ random: new SeededRandom("locks") });
  const options = { disk: disk.attach(), clock, path: "lock-clock" };
  const locks = new LockClock(options);
  await clock.runUntil(locks.open());
  await clock.runUntil(Promise.all(Array.from({ length: 8 }, () => locks.begin())));
  await clock.advance(days(1));
  await clock.runUntil(Promise.all(Array.from({ length: 8 }, () => locks.begin())));
  const again = new LockClock(options);
  await clock.runUntil(again.open());
  assert.equal(again.now(), clock.now());
  assert.ok(again.now() < later(clock.now(), days(1)));
});

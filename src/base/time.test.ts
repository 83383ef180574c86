// SPDX-License-Identifier: Apache-2.0
// Spans and instants as values; sleeping on a clock.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SimClock } from "#sim/index.ts";
import { between, days, hours, type Instant, instantFromIso, isoText, later, milliseconds, minutes } from "./time.ts";
import { seconds, sleep } from "./time.ts";

test("the units of time are multiples of each other", () => {
  assert.equal(seconds(1), milliseconds(1000));
  assert.equal(minutes(1), seconds(60));
  assert.equal(hours(1), minutes(60));
  assert.equal(days(1), hours(24));
});

test("later and between undo each other", () => {
  const start = 1000 as Instant;
  assert.equal(between(start, later(start, hours(3))), hours(3));
});

test("an instant and its ISO 8601 text turn into each other", () => {
  const text = "2026-01-31T12:30:00.250Z";
  assert.equal(isoText(instantFromIso(text)), text);
  assert.throws(() => instantFromIso("yesterday"), RangeError);
});

test("sleep ends when its time has passed, not before", async () => {
  const clock = new SimClock();
  let awake = false;
  void sleep(clock, seconds(5)).then(() => (awake = true));
  await clock.advance(milliseconds(4999));
  assert.ok(!awake);
  await clock.advance(milliseconds(1));
  assert.ok(awake);
});

test("sleep ends with the reason of its signal, at once when it was aborted before", async () => {
  const clock = new SimClock();
  const controller = new AbortController();
  const sleeping = sleep(clock, hours(1), controller.signal);
  controller.abort(new Error("stop"));
  await assert.rejects(clock.runUntil(sleeping), /stop/);
  assert.equal(clock.monotonic(), 0);
  await assert.rejects(sleep(clock, hours(1), controller.signal), /stop/);
});

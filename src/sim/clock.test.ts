// SPDX-License-Identifier: Apache-2.0
// The simulated clock keeps order, jumps, and notices when nobody can wake a waiter.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hours, milliseconds, seconds, sleep } from "#base/index.ts";
import { SimClock, Stalled } from "./clock.ts";

test("timers run in the order of their instants, equal ones in the order they were set", async () => {
  const clock = new SimClock();
  const ran: string[] = [];
  clock.setTimer(seconds(2), () => ran.push("late"));
  clock.setTimer(seconds(1), () => ran.push("first"));
  clock.setTimer(seconds(1), () => ran.push("second"));
  await clock.advance(seconds(3));
  assert.deepEqual(ran, ["first", "second", "late"]);
});

test("an hour passes without real time and both clocks agree on it", async () => {
  const clock = new SimClock();
  const start = clock.now();
  await clock.runUntil(sleep(clock, hours(1)));
  assert.equal(clock.now() - start, 3_600_000);
  assert.equal(clock.monotonic(), 3_600_000);
});

test("a timer sees the instant that it was set for, not the end of the advance", async () => {
  const clock = new SimClock();
  const seen: number[] = [];
  clock.setTimer(milliseconds(10), () => {
    seen.push(clock.monotonic());
    clock.setTimer(milliseconds(5), () => seen.push(clock.monotonic()));
  });
  await clock.advance(milliseconds(100));
  assert.deepEqual(seen, [10, 15]);
  assert.equal(clock.monotonic(), 100);
});

test("promises that an event made ready run before the next event", async () => {
  const clock = new SimClock();
  const order: string[] = [];
  clock.setTimer(milliseconds(1), () => {
    void Promise.resolve()
      .then(() => Promise.resolve())
      .then(() => order.push("promise of the first event"));
  });
  clock.setTimer(milliseconds(1), () => order.push("second event"));
  await clock.advance(milliseconds(1));
  assert.deepEqual(order, ["promise of the first event", "second event"]);
});

test("a cancelled timer does not run, also when it is due at the same instant", async () => {
  const clock = new SimClock();
  const ran: string[] = [];
  const other = clock.setTimer(milliseconds(1), () => ran.push("cancelled"));
  clock.setTimer(milliseconds(0), () => other.cancel());
  await clock.advance(milliseconds(5));
  assert.deepEqual(ran, []);
});

test("waiting for what nothing can settle is reported as stalled", async () => {
  const clock = new SimClock();
  await assert.rejects(clock.runUntil(new Promise(() => {})), Stalled);
});

test("waiting longer than allowed is reported as stalled", async () => {
  const clock = new SimClock();
  await assert.rejects(clock.runUntil(sleep(clock, hours(2)), hours(1)), Stalled);
});

test("a rejected promise is handed on", async () => {
  const clock = new SimClock();
  const failing = sleep(clock, seconds(1)).then(() => Promise.reject(new Error("as expected")));
  await assert.rejects(clock.runUntil(failing), /as expected/);
});

test("the timers of a killed process do not run, those of others do", async () => {
  const clock = new SimClock();
  const [dying, living] = [clock.process(), clock.process()];
  const ran: string[] = [];
  dying.setTimer(seconds(1), () => ran.push("dead"));
  living.setTimer(seconds(1), () => ran.push("alive"));
  dying.kill();
  await clock.advance(seconds(2));
  assert.deepEqual(ran, ["alive"]);
});

test("a thousand timers set in any order run sorted", async () => {
  const clock = new SimClock();
  const ran: number[] = [];
  for (let index = 0; index < 1000; index++) {
    clock.setTimer(milliseconds((index * 7919) % 1000), () => ran.push(clock.monotonic()));
  }
  await clock.advance(seconds(1));
  assert.equal(ran.length, 1000);
  assert.deepEqual(
    ran,
    ran.toSorted((left, right) => left - right),
  );
});

// SPDX-License-Identifier: Apache-2.0
// The clock of locks: what moves it, and what does not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { days, hours, later, minutes, silentLog, type Clock, type Instant } from "#base/index.ts";
import { SeededRandom, SimClock, SimDisk } from "#sim/index.ts";
import { Book } from "./book.ts";
import { EventFeed } from "./event-feed.ts";
import { TrustedClock, trustedStart } from "./trusted-clock.ts";

const noon = 1_800_000_000_000 as Instant;

test("a start follows the system's clock by a week at most, and never back", () => {
  assert.equal(trustedStart(undefined, noon), noon);
  assert.equal(trustedStart(noon, later(noon, days(7))), later(noon, days(7)));
  assert.equal(trustedStart(noon, later(noon, days(8))), noon);
  assert.equal(trustedStart(noon, later(noon, days(-1))), noon);
});

/** A clock whose wall can be set while it runs. */
class SettableClock implements Clock {
  readonly #inner: Clock;
  shift = 0;

  constructor(inner: Clock) {
    this.#inner = inner;
  }

  now(): Instant {
    return (this.#inner.now() + this.shift) as Instant;
  }

  monotonic(): ReturnType<Clock["monotonic"]> {
    return this.#inner.monotonic();
  }

  setTimer(...timer: Parameters<Clock["setTimer"]>): ReturnType<Clock["setTimer"]> {
    return this.#inner.setTimer(...timer);
  }
}

test("a leap of the system's clock moves it neither while it runs nor over a restart", async () => {
  const sim = new SimClock({ start: noon });
  const disk = new SimDisk({ random: new SeededRandom(1) });
  const clock = new SettableClock(sim);
  const start = async (): Promise<TrustedClock> => {
    const book = await sim.runUntil(Book.open(disk.attach(), silentLog));
    return new TrustedClock({ clock, log: silentLog, book, feed: new EventFeed(clock, silentLog) });
  };
  const first = await start();
  await sim.runUntil(first.keep());
  clock.shift = days(4000);
  await sim.advance(hours(3));
  assert.equal(first.now(), later(noon, hours(3)));
  assert.equal(first.lead, days(4000));
  assert.equal(first.lockStart(), clock.now(), "a new lock counts from the later of both");
  await sim.advance(days(2));
  first.stop();
  disk.crash();
  const second = await start();
  assert.equal(second.now(), later(noon, days(2)), "the mark of the second day, and none of the leap");
  clock.shift = days(-10);
  assert.equal(second.now(), later(noon, days(2)));
  clock.shift = 0;
  const third = await start();
  const late = third.now() - later(later(noon, days(2)), hours(3));
  assert.ok(Math.abs(late) <= minutes(1), "once the clock is right it is followed again");
});

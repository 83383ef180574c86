// SPDX-License-Identifier: Apache-2.0
// Time for locks. It moves with the monotonic clock while the process runs, and its mark in the ledger never goes back.
// A system clock that leaps, forward or back, does not move it: no leap ends a lock. What the process could not see, the
// time between its end and the next start, is believed up to a bound; a longer pause only makes locks hold longer.

import {
  between,
  days,
  isoText,
  later,
  limits,
  milliseconds,
  type Clock,
  type Instant,
  type Log,
} from "#base/index.ts";
import type { Duration, Timer } from "#base/index.ts";
import type { Book } from "./book.ts";
import type { EventFeed } from "./event-feed.ts";

/** What a trusted clock needs. */
export interface TrustedClockOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly book: Book;
  readonly feed: EventFeed;
}

/** Where the trusted clock starts: behind its last mark by what the system's clock has moved, unless that is a leap. */
export function trustedStart(mark: Instant | undefined, wall: Instant): Instant {
  if (mark === undefined) return wall;
  const moved = between(mark, wall);
  return moved >= 0 && moved <= limits.clockLeap ? wall : mark;
}

/** The clock that locks go by. */
export class TrustedClock {
  readonly #options: TrustedClockOptions;
  readonly #start: Instant;
  readonly #since: Duration;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: TrustedClockOptions) {
    const { clock, book, log } = options;
    this.#options = options;
    this.#start = trustedStart(book.state.clockMark, clock.now());
    this.#since = clock.monotonic();
    const lead = this.lead;
    if (Math.abs(lead) < limits.clockTolerance) return;
    const trusted = isoText(this.#start);
    const text = `the system's clock says ${isoText(clock.now())}, but locks go by ${trusted}; check the clock`;
    log.warn(text, { trusted });
    options.feed.publish("gateway.clock", "gateway", text);
  }

  /** Never goes back, in this process and the next. */
  now(): Instant {
    return later(this.#start, milliseconds(this.#options.clock.monotonic() - this.#since));
  }

  /** How far the system's clock is ahead. */
  get lead(): Duration {
    return between(this.now(), this.#options.clock.now());
  }

  /** From when a new lock counts: the later of both clocks, so that no wrong one makes it shorter. */
  lockStart(): Instant {
    return Math.max(this.now(), this.#options.clock.now()) as Instant;
  }

  /** Marks how far it has come, now and every day. */
  async keep(): Promise<void> {
    await this.mark();
    if (this.#isStopped) return;
    this.#timer = this.#options.clock.setTimer(days(1), () => {
      this.keep().catch((error: unknown) => this.#options.log.error("the clock could not be marked", {}, error));
    });
  }

  /** Writes down how far it has come. */
  mark(): Promise<void> {
    return this.#options.book.change(() => ({ facts: [{ kind: "clock", at: this.now() }], result: undefined }));
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }
}

// SPDX-License-Identifier: Apache-2.0
// The simulated clock. Time stands still while code runs and jumps to the next timer when nothing is left to do. After
// each event one real setImmediate lets every promise that became ready run; nothing else of the real world is used,
// so the same inputs give the same order of events, always.

import { assert, type Clock, type Duration, days, type Instant, later, type Timer } from "#base/index.ts";
import { type HeapEntry, TimerHeap } from "./timer-heap.ts";

/** Nothing is left to happen, or virtual time ran out, while somebody still waits. */
export class Stalled extends Error {
  override readonly name = "Stalled";
}

/** What a simulated clock starts with. */
export interface SimClockOptions {
  /** Wall-clock time at the start: 2026-01-01 unless given. */
  readonly start?: Instant;
}

const defaultStart = 1_767_225_600_000 as Instant;

/** Lets promises that are ready run. The only use of the real event loop in a simulation. */
const drainPromises = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock that jumps. Somebody must drive it: `advance`, `runUntil` or `settle`. */
export class SimClock implements Clock {
  readonly #start: Instant;
  readonly #timers = new TimerHeap();
  #elapsed = 0;
  #sequence = 0;
  #events = 0;

  constructor(options: SimClockOptions = {}) {
    this.#start = options.start ?? defaultStart;
  }

  /** Timers that have run so far. */
  get events(): number {
    return this.#events;
  }

  now(): Instant {
    return later(this.#start, this.monotonic());
  }

  monotonic(): Duration {
    return this.#elapsed as Duration;
  }

  setTimer(after: Duration, callback: () => void): Timer {
    assert(!Number.isNaN(after), "a timer has a duration");
    const at = this.#elapsed + Math.max(after, 0);
    const entry: HeapEntry = { at, sequence: this.#sequence++, callback };
    this.#timers.push(entry);
    return {
      cancel() {
        entry.callback = undefined;
      },
    };
  }

  /** The clock of one simulated process: its timers die with it. `wrong`: how far its machine's time of day is off. */
  process(wrong: () => number = () => 0): ProcessClock {
    return new ProcessClock(this, wrong);
  }

  /** Lets everything run that needs no time to pass. */
  async settle(): Promise<void> {
    await this.advance(0 as Duration);
  }

  /** Lets `duration` pass, running every timer that is due on the way. */
  async advance(duration: Duration): Promise<void> {
    const end = this.#elapsed + duration;
    await drainPromises();
    while (await this.#step(end));
    this.#elapsed = end;
  }

  /**
   * Lets time pass until `promise` settles, and gives its result. Throws Stalled when nothing is left that could
   * settle it, or when it has not settled `within` a virtual time (ten days unless given).
   */
  async runUntil<T>(promise: Promise<T>, within: Duration = days(10)): Promise<T> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    promise.then(note, note);
    const end = this.#elapsed + within;
    await drainPromises();
    while (!settled) {
      if (await this.#step(end)) continue;
      if (settled) break;
      const why = this.#timers.peek() === undefined ? "no timer is pending" : `${within} ms have passed`;
      throw new Stalled(`still waiting after ${this.#elapsed} ms of virtual time: ${why}`);
    }
    return promise;
  }

  /** Runs the next timer that is due at `end` or before. False when there is none. */
  async #step(end: number): Promise<boolean> {
    const next = this.#timers.peek();
    if (next === undefined || next.at > end) return false;
    this.#timers.pop();
    this.#elapsed = next.at;
    this.#events += 1;
    next.callback?.();
    await drainPromises();
    return true;
  }
}

/** The clock as one process sees it, until that process is killed. */
export class ProcessClock implements Clock {
  readonly #clock: SimClock;
  readonly #wrong: () => number;
  #alive = true;

  constructor(clock: SimClock, wrong: () => number) {
    this.#clock = clock;
    this.#wrong = wrong;
  }

  now(): Instant {
    return later(this.#clock.now(), this.#wrong() as Duration);
  }

  monotonic(): Duration {
    return this.#clock.monotonic();
  }

  setTimer(after: Duration, callback: () => void): Timer {
    return this.#clock.setTimer(after, () => {
      if (this.#alive) callback();
    });
  }

  /** No timer of this process runs any more. */
  kill(): void {
    this.#alive = false;
  }
}

// SPDX-License-Identifier: Apache-2.0
// A rate that many share: bytes are let through in the order in which they were asked for, as evenly as a burst of a
// quarter of a second allows. The rate may change at any time, and counts at once for who waits already.

import { assert, type Clock, type Duration, type Timer } from "#base/index.ts";

interface Waiter {
  readonly byteCount: number;
  readonly resolve: () => void;
}

/** How much of a second may go through at once after a pause. */
const burstSeconds = 0.25;

/** A token bucket. Without a rate everything goes through at once. */
export class TokenBucket {
  readonly #clock: Clock;
  #bytesPerSecond: number | undefined;
  /** Bytes that may go through; below zero when something larger than a burst did. */
  #tokens = 0;
  #filledAt: number;
  readonly #waiting: Waiter[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#filledAt = clock.monotonic();
  }

  get bytesPerSecond(): number | undefined {
    return this.#bytesPerSecond;
  }

  /** Undefined: without a limit. */
  setRate(bytesPerSecond: number | undefined): void {
    assert(bytesPerSecond === undefined || bytesPerSecond > 0, "a rate of some bytes a second");
    if (bytesPerSecond === this.#bytesPerSecond) return;
    this.#fill();
    this.#bytesPerSecond = bytesPerSecond;
    this.#tokens = Math.min(this.#tokens, this.#burst);
    this.#letThrough();
  }

  /** Largest part that should be asked for at a time; Infinity without a limit. */
  get evenBytes(): number {
    return this.#bytesPerSecond === undefined ? Infinity : this.#burst;
  }

  /** Resolves when so many bytes may go through. */
  take(byteCount: number): Promise<void> {
    if (this.#bytesPerSecond === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ byteCount, resolve });
      this.#letThrough();
    });
  }

  get #burst(): number {
    return (this.#bytesPerSecond ?? 0) * burstSeconds;
  }

  #fill(): void {
    const now = this.#clock.monotonic();
    const rate = this.#bytesPerSecond;
    if (rate !== undefined) {
      this.#tokens = Math.min(this.#tokens + ((now - this.#filledAt) * rate) / 1000, this.#burst);
    }
    this.#filledAt = now;
  }

  #letThrough(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#fill();
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const rate = this.#bytesPerSecond;
      const missing = rate === undefined ? 0 : Math.min(first.byteCount, this.#burst) - this.#tokens;
      if (rate !== undefined && missing > 1e-6) {
        // A little late, so that rounding never makes it wake for nothing.
        const wait = ((missing / rate) * 1000 + 0.001) as Duration;
        this.#timer = this.#clock.setTimer(wait, () => this.#letThrough());
        return;
      }
      this.#waiting.shift();
      if (rate !== undefined) this.#tokens -= first.byteCount;
      first.resolve();
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// How fast a buffer fills up, from looking at it now and then, and when it will be full if that goes on. Pure.

import type { Duration } from "#base/index.ts";

interface Sample {
  readonly at: number;
  readonly used: number;
}

/** Looks that count. */
const samplesKept = 24;

/** The last minutes of one buffer. */
export class FillGauge {
  #samples: readonly Sample[] = [];

  /** So many bytes are used at the monotonic time `at`. */
  note(at: number, used: number): void {
    this.#samples = [...this.#samples.slice(1 - samplesKept), { at, used }];
  }

  /** Bytes per second by which it grew since the first look that counts; negative when it shrank. */
  get bytesPerSecond(): number {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at <= first.at) return 0;
    return ((last.used - first.used) * 1000) / (last.at - first.at);
  }

  /** Until `size` bytes are used; undefined while it does not grow. */
  timeToFull(size: number): Duration | undefined {
    const last = this.#samples.at(-1);
    const rate = this.bytesPerSecond;
    if (last === undefined || rate <= 0) return undefined;
    return ((Math.max(size - last.used, 0) / rate) * 1000) as Duration;
  }
}

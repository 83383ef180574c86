// SPDX-License-Identifier: Apache-2.0
// The real clock. Its timers do not keep the process alive, as the port says.

import { milliseconds, type Clock, type Duration, type Instant, type Timer } from "#base/index.ts";

/** Longest wait that one timer of the runtime can take: 2^31 - 1 milliseconds, about 24 days. */
const longestWait = 2_147_483_647;

/** The time of this machine. */
export class SystemClock implements Clock {
  now(): Instant {
    return Date.now() as Instant;
  }

  monotonic(): Duration {
    return milliseconds(performance.now());
  }

  setTimer(after: Duration, callback: () => void): Timer {
    let handle: NodeJS.Timeout;
    const arm = (left: number): void => {
      const wait = Math.min(Math.max(left, 0), longestWait);
      handle = setTimeout(() => (left > longestWait ? arm(left - longestWait) : callback()), wait);
      handle.unref();
    };
    arm(after);
    return { cancel: () => clearTimeout(handle) };
  }
}

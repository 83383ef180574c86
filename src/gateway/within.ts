// SPDX-License-Identifier: Apache-2.0
// Waiting with an end.

import type { Clock, Duration } from "#base/index.ts";

/** True when `work` settles within `duration`; false when it does not. Rejects as `work` does. What runs goes on. */
export function within(clock: Clock, duration: Duration, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(duration, () => resolve(false));
    work.then(() => resolve(true), reject).finally(() => timer.cancel());
  });
}

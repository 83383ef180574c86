// SPDX-License-Identifier: Apache-2.0
// A bound on waiting.

import type { Clock, Duration } from "#base/index.ts";

/** The result of `work`; rejects with what `late` gives when that takes longer than `limit`. The work goes on. */
export function within<T>(clock: Clock, limit: Duration, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(limit, () => reject(late()));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

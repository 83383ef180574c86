// SPDX-License-Identifier: Apache-2.0
// A bound on waiting.

import { type Clock, type Duration, limits } from "#base/index.ts";
import { storeFault } from "./faults.ts";

/** The result of `work`; rejects with what `late` gives when that takes longer than `limit`. The work goes on. */
export function within<T>(clock: Clock, limit: Duration, work: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(limit, () => reject(late()));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

/** The result of `work`; Fault `store.under-pressure` when it takes longer than a host waits. The work goes on. */
export function patiently<T>(
  clock: Clock,
  work: Promise<T>,
  { cartridge, reason }: { readonly cartridge: string; readonly reason: () => string },
): Promise<T> {
  const late = (): Error => storeFault("under-pressure", { cartridge, reason: reason() });
  return within(clock, limits.pressureWait, work, late);
}

// SPDX-License-Identifier: Apache-2.0
// Retention locks and storage classes of the shelf: pure rules. The clock of a lock starts when a cartridge is archived
// for the first time and runs on whatever happens to it later.

import { days, later, type Instant } from "#base/index.ts";
import type { HoldingLock } from "./cartridge-life.ts";
import type { CartridgeRecord, PoolRecord } from "./facts.ts";
import type { ShelfClass } from "./requests.ts";

const warmth: Readonly<Record<ShelfClass, number>> = { GLACIER: 1, DEEP_ARCHIVE: 0 };

/** True when `to` is warmer than `from`: a cartridge never goes that way. */
export const isWarmer = (from: ShelfClass, to: ShelfClass): boolean => warmth[to] > warmth[from];

/** When the lock of its pool lets a cartridge go; undefined when there is none or its clock has not started. */
export function lockedUntil(cartridge: Pick<CartridgeRecord, "archivedAt">, pool: PoolRecord): Instant | undefined {
  if (pool.lock === "NONE" || cartridge.archivedAt === undefined) return undefined;
  return later(cartridge.archivedAt, days(pool.retentionDays));
}

/** The lock that holds at `now`. */
export function holdingLock(
  cartridge: Pick<CartridgeRecord, "archivedAt">,
  pool: PoolRecord,
  { now, bypassGovernance }: { readonly now: Instant; readonly bypassGovernance: boolean },
): HoldingLock {
  const until = lockedUntil(cartridge, pool);
  if (until === undefined || until <= now) return "none";
  if (pool.lock === "COMPLIANCE") return "compliance";
  return bypassGovernance ? "governance-bypassed" : "governance";
}

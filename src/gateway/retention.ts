// SPDX-License-Identifier: Apache-2.0
// Retention locks, legal holds and storage classes of the shelf: pure rules. The clock of a lock starts when a cartridge
// is archived for the first time, and its end is written down then: nothing that happens to the pool or to a clock later
// makes it earlier.

import { days, later, type Instant } from "#base/index.ts";
import type { HoldingLock } from "./cartridge-life.ts";
import type { ObjectStoreAbilities } from "#store/index.ts";
import type { CartridgeRecord, ObjectLocks, PoolRecord, RetentionRecord } from "./facts.ts";
import type { ShelfClass } from "./requests.ts";

const warmth: Readonly<Record<ShelfClass, number>> = {
  STANDARD: 4,
  STANDARD_IA: 3,
  GLACIER_IR: 2,
  GLACIER: 1,
  DEEP_ARCHIVE: 0,
};

/** True when `to` is warmer than `from`: a cartridge never goes that way. */
export const isWarmer = (from: ShelfClass, to: ShelfClass): boolean => warmth[to] > warmth[from];

/** The part of a cartridge that locks are about. */
export type Locked = Pick<CartridgeRecord, "archivedAt" | "retention" | "legalHold">;

/** The lock of a cartridge, held or over; undefined when there is none or its clock has not started. */
export function retentionOf(cartridge: Locked, pool: PoolRecord): RetentionRecord | undefined {
  if (cartridge.retention !== undefined) return cartridge.retention;
  if (cartridge.archivedAt === undefined) return undefined;
  return poolRetention(pool, cartridge.archivedAt);
}

/** The lock that a pool puts on what is archived at that time. */
export function poolRetention(pool: PoolRecord, archivedAt: Instant): RetentionRecord | undefined {
  if (pool.lock === "NONE") return undefined;
  return { mode: pool.lock, until: later(archivedAt, days(pool.retentionDays)) };
}

/** Two locks on one cartridge come to the stricter kind and the later end. */
export function stricter(
  left: RetentionRecord | undefined,
  right: RetentionRecord | undefined,
): RetentionRecord | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const mode = left.mode === "COMPLIANCE" ? left.mode : right.mode;
  return { mode, until: Math.max(left.until, right.until) as Instant };
}

/** What the objects of a cartridge should be held by, where the store can. */
export function wantedLocks(
  cartridge: Locked,
  pool: PoolRecord,
  { abilities, now }: { readonly abilities: ObjectStoreAbilities; readonly now: Instant },
): ObjectLocks {
  const found = retentionOf(cartridge, pool);
  const retention = found === undefined || found.until <= now ? undefined : found;
  const isStores = pool.gatewayLock !== true && retention !== undefined && abilities.retention.includes(retention.mode);
  const legalHold = cartridge.legalHold === true && abilities.legalHold;
  return isStores ? { retention, legalHold } : { legalHold };
}

/** Whether objects that were told `told` must be told again. */
export function areLocksDue(told: ObjectLocks | undefined, wanted: ObjectLocks): boolean {
  const isHeld = told?.legalHold ?? false;
  if (isHeld !== wanted.legalHold) return true;
  const { retention } = wanted;
  if (retention === undefined) return false;
  return retention.until !== told?.retention?.until || retention.mode !== told?.retention?.mode;
}

/** When a lock lets a cartridge go; undefined when there is none or its clock has not started. */
export function lockedUntil(cartridge: Locked, pool: PoolRecord): Instant | undefined {
  return retentionOf(cartridge, pool)?.until;
}

/** What holds at `now`, which is the trusted clock's. A legal hold is asked first: nothing bypasses it. */
export function holdingLock(
  cartridge: Locked,
  pool: PoolRecord,
  { now, bypassGovernance }: { readonly now: Instant; readonly bypassGovernance: boolean },
): HoldingLock {
  if (cartridge.legalHold === true) return "legal-hold";
  const retention = retentionOf(cartridge, pool);
  if (retention === undefined || retention.until <= now) return "none";
  if (retention.mode === "COMPLIANCE") return "compliance";
  return bypassGovernance ? "governance-bypassed" : "governance";
}

/** Why a lock cannot be changed that way. */
export type RetentionRefusal = "shorter" | "weaker";

/** Whether the lock `to` may take the place of `from` at `now`. A lock that is over is no lock. */
export function retentionRefusal(
  from: RetentionRecord | undefined,
  to: RetentionRecord,
  { now, bypassGovernance }: { readonly now: Instant; readonly bypassGovernance: boolean },
): RetentionRefusal | undefined {
  if (from === undefined || from.until <= now) return undefined;
  const mayLoosen = from.mode === "GOVERNANCE" && bypassGovernance;
  if (from.mode === "COMPLIANCE" && to.mode === "GOVERNANCE") return "weaker";
  return to.until < from.until && !mayLoosen ? "shorter" : undefined;
}

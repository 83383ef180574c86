// SPDX-License-Identifier: Apache-2.0
// Retention locks, legal holds and storage classes of the shelf: pure rules. The clock of a lock starts when a cartridge
// is archived for the first time, and its end is written down then: nothing that happens to the pool or to a clock later
// makes it earlier.

import { days, later, type Instant } from "#base/index.ts";
import type { HoldingLock } from "./cartridge-life.ts";
import type { CartridgeLocks, ObjectStoreAbilities } from "#store/index.ts";
import type { CartridgeRecord, CopyRecord, MirrorRecord, ObjectLocks, PoolRecord, RetentionRecord } from "./facts.ts";
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

/** The class that a cartridge on the shelf is read from: the warmest that a copy of it is in. */
export function readClass({
  shelfClass = "STANDARD",
  copies = [],
}: Pick<CartridgeRecord, "shelfClass" | "copies">): ShelfClass {
  const classes = copies.flatMap(({ storageClass, at }) => (at === undefined ? [] : [storageClass]));
  return [shelfClass, ...classes].reduce((best, each) => (isWarmer(best, each) ? each : best));
}

/** The part of a cartridge that locks are about. */
export type Locked = Pick<CartridgeRecord, "archivedAt" | "retention" | "legalHold" | "copies">;

/** The lock of a cartridge, held or over; undefined when there is none or its clock has not started. */
export function retentionOf(cartridge: Locked, pool: PoolRecord): RetentionRecord | undefined {
  if (cartridge.retention !== undefined) return cartridge.retention;
  if (cartridge.archivedAt === undefined) return undefined;
  return poolRetention(pool, cartridge.archivedAt);
}

/** The lock that a pool, or the mirror of one, puts on what is archived at that time. */
export function poolRetention(
  pool: Pick<PoolRecord | MirrorRecord, "lock" | "retentionDays">,
  archivedAt: Instant,
): RetentionRecord | undefined {
  if (pool.lock === "NONE") return undefined;
  return { mode: pool.lock, until: later(archivedAt, days(pool.retentionDays)) };
}

/** The lock of a copy, held or over. */
export function copyRetention(
  { store, retention }: CopyRecord,
  { archivedAt }: Locked,
  { mirror }: PoolRecord,
): RetentionRecord | undefined {
  if (retention !== undefined || archivedAt === undefined || mirror?.store !== store) return retention;
  return poolRetention(mirror, archivedAt);
}

/** All locks that keep a cartridge, its own and those of its copies. */
function locksOf(cartridge: Locked, pool: PoolRecord): readonly RetentionRecord[] {
  const copies = (cartridge.copies ?? []).map((copy) => copyRetention(copy, cartridge, pool));
  return [retentionOf(cartridge, pool), ...copies].filter((each) => each !== undefined);
}

/** The lock that holds longest, of the cartridge or of a copy; undefined when there is none. */
export function lastLock(cartridge: Locked, pool: PoolRecord): RetentionRecord | undefined {
  return locksOf(cartridge, pool).toSorted((left, right) => right.until - left.until)[0];
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

/** What the objects of a copy should be held by, where its store can. */
export function wantedCopyLocks(
  copy: CopyRecord,
  { cartridge, pool }: { readonly cartridge: Locked; readonly pool: PoolRecord },
  { abilities, now }: { readonly abilities: ObjectStoreAbilities; readonly now: Instant },
): ObjectLocks {
  const found = copyRetention(copy, cartridge, pool);
  const holds = found !== undefined && found.until > now && abilities.retention.includes(found.mode);
  const legalHold = cartridge.legalHold === true && abilities.legalHold;
  return holds ? { retention: found, legalHold } : { legalHold };
}

/** Whether a hold must be put on objects that were told `told`, or taken off. */
export function isHoldDue(told: ObjectLocks | undefined, wanted: ObjectLocks): boolean {
  return told?.isHoldChanging === true || (told?.legalHold ?? false) !== wanted.legalHold;
}

/** Objects that were told `told` are about to be told of a hold. It is written down first: a crash may come in the middle. */
export function holdChanging(told: ObjectLocks | undefined): ObjectLocks {
  return { legalHold: false, ...told, isHoldChanging: true };
}

/** What to tell objects that were told `told`, so that they are held as is wanted. */
export function lockOrder(told: ObjectLocks | undefined, wanted: ObjectLocks): CartridgeLocks {
  const { retention, legalHold } = wanted;
  return {
    ...(retention === undefined ? {} : { retention }),
    ...(isHoldDue(told, wanted) ? { legalHold } : {}),
    // Whoever shortened a lock of kind GOVERNANCE was allowed to.
    bypassGovernance: retention?.mode === "GOVERNANCE",
  };
}

/** Whether all objects are known to be under a lock or a hold. */
export function areHeld(told: ObjectLocks | undefined): boolean {
  return told?.retention !== undefined || (told?.legalHold === true && told.isHoldChanging !== true);
}

/** Whether objects that were told `told` must be told again. */
export function areLocksDue(told: ObjectLocks | undefined, wanted: ObjectLocks): boolean {
  if (isHoldDue(told, wanted)) return true;
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
  const modes = locksOf(cartridge, pool).flatMap(({ mode, until }) => (until > now ? [mode] : []));
  if (modes.length === 0) return "none";
  if (modes.includes("COMPLIANCE")) return "compliance";
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

// SPDX-License-Identifier: Apache-2.0
// The rules of conditions, locks and tiers, as S3 has them, shared by the object stores that are ours. They decide and
// throw; they change nothing.

import { isoText, type Instant } from "#base/index.ts";
import { storeFault } from "./faults.ts";
import type {
  BypassOptions,
  ContentEnd,
  ObjectKey,
  ObjectStoreAbilities,
  ObjectVersion,
  PutCondition,
  PutOptions,
  Retention,
  StorageClass,
  ThawTier,
} from "./object-store.ts";

/** What keeps an object from being deleted. */
export interface ObjectLock {
  readonly retention: Retention | undefined;
  readonly legalHold: boolean;
}

/** The tiers of the cold classes, with the names and gaps of S3. */
export const coldTiers: Readonly<Partial<Record<StorageClass, readonly ThawTier[]>>> = {
  GLACIER: ["Expedited", "Standard", "Bulk"],
  DEEP_ARCHIVE: ["Standard", "Bulk"],
};

/** Everything that S3 can do. */
export const allAbilities: ObjectStoreAbilities = {
  createOnly: true,
  replaceOnly: true,
  classes: ["STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"],
  thaw: coldTiers,
  retention: ["GOVERNANCE", "COMPLIANCE"],
  legalHold: true,
};

/** What the content of a put should have come to, asked when it has ended. */
export function expectedEnd(abilities: ObjectStoreAbilities, sizeBytes: number, options: PutOptions): ContentEnd {
  const late = abilities.lateEnd === true ? options.end?.() : undefined;
  return late ?? { sizeBytes, crc32: options.crc32 };
}

/** Throws Fault `store.object-exists` or `store.object-changed` when the version that is there does not fit. */
export function checkCondition(
  key: ObjectKey,
  condition: PutCondition | undefined,
  found: ObjectVersion | undefined,
): void {
  if (condition?.kind === "absent" && found !== undefined) throw storeFault("object-exists", { key });
  if (condition?.kind === "replaces" && condition.version !== found) throw storeFault("object-changed", { key });
}

/** Throws Fault `store.object-locked` while an object must neither go nor be replaced. */
export function checkUnlocked(key: ObjectKey, lock: ObjectLock, now: Instant, options: BypassOptions = {}): void {
  const reason = reasonAgainst(lock, now, options);
  if (reason !== undefined) throw storeFault("object-locked", { key, reason });
}

function reasonAgainst({ retention, legalHold }: ObjectLock, now: Instant, options: BypassOptions): string | undefined {
  if (legalHold) return "a legal hold is on it";
  if (retention === undefined || retention.until <= now) return undefined;
  if (retention.mode === "GOVERNANCE" && options.bypassGovernance === true) return undefined;
  return `${retention.mode} until ${isoText(retention.until)}`;
}

/** Throws Fault `store.object-locked` when `next` may not take the place of a lock that is there. */
export function checkRetention(
  key: ObjectKey,
  change: { readonly old: Retention | undefined; readonly next: Retention; readonly now: Instant },
  options: BypassOptions = {},
): void {
  const { old, next, now } = change;
  if (old === undefined || old.until <= now) return;
  if (old.mode === "GOVERNANCE" && options.bypassGovernance === true) return;
  const isWeaker = old.mode === "COMPLIANCE" && next.mode === "GOVERNANCE";
  if (next.until >= old.until && !isWeaker) return;
  const reason = `${old.mode} until ${isoText(old.until)} can only become later or stronger`;
  throw storeFault("object-locked", { key, reason });
}

/** Throws Fault `store.tier-unsupported` when objects of the class cannot be thawed that way. */
export function checkTier(
  key: ObjectKey,
  abilities: ObjectStoreAbilities,
  storageClass: StorageClass,
  tier: ThawTier,
): void {
  const tiers = abilities.thaw[storageClass];
  if (tiers === undefined || tiers.includes(tier)) return;
  throw storeFault("tier-unsupported", { key, class: storageClass, tier, tiers: tiers.join(" or ") });
}

/** Throws Fault `store.object-store-lacks` when a put asks for what the store has not. */
export function checkPutAbilities(key: ObjectKey, abilities: ObjectStoreAbilities, options: PutOptions): void {
  checkClass(key, abilities, options.storageClass);
  if (options.retention !== undefined) checkRetentionMode(key, abilities, options.retention);
  if (options.legalHold === true) checkLegalHold(key, abilities);
}

/** Throws Fault `store.object-store-lacks` unless the store has the class. */
export function checkClass(key: ObjectKey, abilities: ObjectStoreAbilities, storageClass: StorageClass): void {
  if (!abilities.classes.includes(storageClass)) lacks(key, `storage class ${storageClass}`);
}

/** Throws Fault `store.object-store-lacks` unless the store has the mode. */
export function checkRetentionMode(key: ObjectKey, abilities: ObjectStoreAbilities, { mode }: Retention): void {
  if (!abilities.retention.includes(mode)) lacks(key, `retention lock of mode ${mode}`);
}

/** Throws Fault `store.object-store-lacks` unless the store has legal holds. */
export function checkLegalHold(key: ObjectKey, abilities: ObjectStoreAbilities): void {
  if (!abilities.legalHold) lacks(key, "legal hold");
}

function lacks(key: ObjectKey, ability: string): never {
  throw storeFault("object-store-lacks", { key, ability });
}

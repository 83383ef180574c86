// SPDX-License-Identifier: Apache-2.0
// Media pools: their policies, and the decisions that follow from policy and inventory. When a new set begins, which
// cartridge is written next, what may be overwritten. Pure functions; each decision says why.

import { type EpochSeconds, nilUuid, type Uuid } from "#base/index.ts";
import { type CalendarEvent, nextEvent, parseCalendarEvent } from "./calendar-event.ts";
import { type CartridgeRecord, type Inventory, isMember, type Location, type MediaSet, poolOf } from "./inventory.ts";
import { parseTimeSpan } from "./time-span.ts";
import type { Zone } from "./zone.ts";

/** When a new media set begins. */
export type AllocationPolicy =
  | { readonly kind: "continue" }
  | { readonly kind: "always" }
  | { readonly kind: "event"; readonly event: CalendarEvent };

/** When a full cartridge may be overwritten. */
export type RetentionPolicy =
  | { readonly kind: "keep" }
  | { readonly kind: "overwrite" }
  | { readonly kind: "protect"; readonly seconds: number };

/** A pool. */
export interface MediaPool {
  readonly name: string;
  readonly allocation: AllocationPolicy;
  readonly retention: RetentionPolicy;
  /** Fingerprint of the key that its sets are encrypted with. */
  readonly encryption: string | undefined;
  /** Names its sets; see `setName`. */
  readonly template: string;
}

/** Reads `continue`, `always` or a calendar event. Fault `media.bad-event`. */
export function parseAllocation(text: string): AllocationPolicy {
  return text === "continue" || text === "always" ? { kind: text } : { kind: "event", event: parseCalendarEvent(text) };
}

/** Reads `keep`, `overwrite` or a time span. Fault `media.bad-span`. */
export function parseRetention(text: string): RetentionPolicy {
  if (text === "keep" || text === "overwrite") return { kind: text };
  return { kind: "protect", seconds: Math.trunc(parseTimeSpan(text)) };
}

/** What a decision looks at. */
export interface PoolView {
  readonly pool: MediaPool;
  readonly inventory: Inventory;
  readonly now: EpochSeconds;
  readonly zone: Zone;
  /** The changer of the drive that will write; undefined: the drive stands alone. */
  readonly changer: string | undefined;
  /** Sets that a job holds: their cartridges are never overwritten. */
  readonly lockedSets: ReadonlySet<Uuid>;
}

/** State of a cartridge, given or computed. */
export type CartridgeState = "writable" | "full" | "damaged" | "retired" | "unknown";

/** The state of a cartridge as its pool sees it (B-STAT-1). `current`: the set that the pool goes on with. */
export function stateOf(record: CartridgeRecord, pool: string, current: MediaSet | undefined): CartridgeState {
  if (record.state !== undefined) return record.state;
  if (record.set === undefined) return "writable";
  if (record.set.pool !== pool) return "unknown";
  if (!isMember(record)) return "writable";
  if (record.set.uuid !== current?.uuid) return "full";
  return record.set.setIndex === current.members.length - 1 ? "writable" : "full";
}

/** True when the drive can get the cartridge (B-AVAIL). */
export function isAvailable(location: Location, changer: string | undefined): boolean {
  switch (location.kind) {
    case "online":
      return location.changer === changer;
    case "offline":
      return changer === undefined;
    case "vault":
      return false;
    default:
      return location satisfies never;
  }
}

/** Whether a set can be continued. */
export type Usability =
  | { readonly kind: "usable"; readonly last: CartridgeRecord }
  | { readonly kind: "needs-cartridge" }
  /** Its last cartridge can still be written and is not here: the next backup begins a new set. */
  | { readonly kind: "absent"; readonly reason: string }
  | { readonly kind: "unusable"; readonly reason: string };

const unusable = (reason: string): Usability => ({ kind: "unusable", reason });

/** Whether the current set can be continued, and if not, why. */
export function usabilityOf(view: PoolView, current: MediaSet | undefined): Usability {
  if (current === undefined || current.members.length === 0) return { kind: "needs-cartridge" };
  const { pool, changer } = view;
  const missing = current.members.findIndex((member) => member === undefined);
  if (missing !== -1) return unusable(`cartridge number ${missing} is missing in the inventory`);
  const members = current.members.filter((member) => member !== undefined);
  for (const [index, member] of members.entries()) {
    const label = member.label.labelText;
    const fingerprint = member.set?.key?.fingerprint;
    if (fingerprint !== pool.encryption) return unusable(`the key of the pool changed since ${label} was written`);
    const state = stateOf(member, pool.name, current);
    const isLast = index === members.length - 1;
    if (state === "full") continue;
    if (state !== "writable" || !isLast) return unusable(`${label} is ${state}`);
    if (isAvailable(member.location, changer)) return { kind: "usable", last: member };
    if (member.location.kind === "vault") return unusable(`${label} is in the vault ${member.location.vault}`);
    return { kind: "absent", reason: `${label} is not where the drive can get it` };
  }
  return { kind: "needs-cartridge" };
}

/** Which set a backup goes on with. */
export type SetDecision =
  | { readonly kind: "continue"; readonly set: MediaSet }
  | { readonly kind: "new"; readonly reason: string };

/** Whether a backup that begins now goes on with the current set (B-ALLOC-1 to B-ALLOC-5); a new one has its reason. */
export function decideSet(view: PoolView, options: { readonly isForced: boolean }): SetDecision {
  const { pool, inventory, now, zone } = view;
  const begin = (reason: string): SetDecision => ({ kind: "new", reason });
  if (options.isForced) return begin("it was asked for");
  const current = inventory.currentSet(pool.name);
  if (current === undefined) return begin("the pool has no current set");
  const usability = usabilityOf(view, current);
  if (usability.kind === "unusable" || usability.kind === "absent") return begin(usability.reason);
  const policy = pool.allocation;
  if (policy.kind === "always") return begin("the pool begins a set with each backup");
  if (policy.kind === "continue" || current.start === undefined) return { kind: "continue", set: current };
  const due = nextEvent(policy.event, current.start, zone);
  return due !== undefined && due <= now
    ? begin(`"${policy.event.text}" has come`)
    : { kind: "continue", set: current };
}

/**
 * When a full cartridge may be overwritten (B-RET-1 to B-RET-6); undefined: never. `current`: the set that the pool goes on
 * with. When a new set begins, all others are past, and what is left of their last cartridges is not written any more.
 */
export function expiryOf(
  view: PoolView,
  record: CartridgeRecord,
  current: MediaSet | undefined,
): EpochSeconds | undefined {
  const { pool } = view;
  const { retention } = pool;
  if (retention.kind === "keep" || !isMember(record) || record.set.pool !== pool.name) return undefined;
  if (stateOf(record, pool.name, current) !== "full") return undefined;
  const base = retentionStart(view, record.set.uuid, record.set.ctime);
  if (base === undefined) return undefined;
  return retention.kind === "overwrite" ? base : ((base + retention.seconds) as EpochSeconds);
}

/** When retention begins: the table of B-RET-3. */
function retentionStart(view: PoolView, uuid: Uuid, ctime: EpochSeconds): EpochSeconds | undefined {
  const { pool, inventory, zone } = view;
  const policy = pool.allocation;
  const timeOf = (set: MediaSet): EpochSeconds => set.start ?? set.latest;
  const start = inventory.set(uuid)?.start ?? ctime;
  if (policy.kind === "always") return start;
  const later = inventory
    .setsOf(pool.name)
    .filter((set) => set.uuid !== uuid && timeOf(set) > start)
    .map(timeOf);
  if (later.length > 0) return Math.min(...later) as EpochSeconds;
  return policy.kind === "continue" ? undefined : nextEvent(policy.event, start, zone);
}

/** True when a cartridge may be overwritten now. */
export function isExpired(view: PoolView, record: CartridgeRecord, current: MediaSet | undefined): boolean {
  const expiry = expiryOf(view, record, current);
  return expiry !== undefined && view.now >= expiry;
}

/** A cartridge to write on, and where it comes from. */
export interface Pick {
  readonly record: CartridgeRecord;
  readonly source: "current" | "empty" | "expired" | "free";
}

/**
 * The cartridge that is written next for a set (B-PICK-1 to B-PICK-5), or why there is none. `set` is the one that the
 * backup goes on with; undefined: a new one, without a cartridge yet.
 */
export function pickNext(view: PoolView, set: MediaSet | undefined): Pick | { readonly reason: string } {
  const usability = set === undefined ? { kind: "needs-cartridge" as const } : usabilityOf(view, set);
  if (usability.kind === "usable") return { record: usability.last, source: "current" };
  if (usability.kind === "unusable") return { reason: usability.reason };
  const { pool, inventory, changer, lockedSets } = view;
  const here = inventory.records.filter(({ location }) => isAvailable(location, changer));
  const isWritable = (record: CartridgeRecord): boolean => record.state === undefined && !isMember(record);
  const empty = here.filter((record) => isWritable(record) && poolOf(record) === pool.name);
  const expired = here.filter((record) => {
    const owner = record.set?.uuid ?? nilUuid;
    return owner !== set?.uuid && !lockedSets.has(owner) && isExpired(view, record, set);
  });
  const free = here.filter((record) => isWritable(record) && poolOf(record) === undefined);
  const byLabel = first(empty, ({ label }) => label.ctime);
  if (byLabel !== undefined) return { record: byLabel, source: "empty" };
  const bySet = first(expired, ({ set: label }) => label?.ctime ?? 0);
  if (bySet !== undefined) return { record: bySet, source: "expired" };
  const unassigned = first(free, ({ label }) => label.ctime);
  if (unassigned !== undefined) return { record: unassigned, source: "free" };
  return {
    reason: changer === undefined ? "none on site is empty or expired" : `none in ${changer} is empty or expired`,
  };
}

/** The record with the smallest time, and of those the one whose label text comes first (B-PICK-5). */
function first(
  records: readonly CartridgeRecord[],
  time: (record: CartridgeRecord) => number,
): CartridgeRecord | undefined {
  return records.toSorted((left, right) => {
    const order = time(left) - time(right);
    return order !== 0 ? order : left.label.labelText < right.label.labelText ? -1 : 1;
  })[0];
}

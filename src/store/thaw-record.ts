// SPDX-License-Identifier: Apache-2.0
// The arithmetic of thawing, as S3 does it for RestoreObject, shared by the object stores that are ours: a request makes
// a frozen object readable after its tier's delay and for as long as was asked; another one extends or hastens it.

import { later, type Duration, type Instant } from "#base/index.ts";
import type { StorageClass, ThawState } from "./object-store.ts";

/** A thaw that was asked for. */
export interface ThawRecord {
  readonly readyAt: Instant;
  /** When the object freezes again. */
  readonly until: Instant;
}

const coldClasses: ReadonlySet<StorageClass> = new Set<StorageClass>(["GLACIER", "DEEP_ARCHIVE"]);

/** True for classes whose objects must be thawed before they can be read. */
export function isCold(storageClass: StorageClass): boolean {
  return coldClasses.has(storageClass);
}

/** What an object of that class, with that thaw, is now. */
export function thawStateAt(storageClass: StorageClass, record: ThawRecord | undefined, now: Instant): ThawState {
  if (!isCold(storageClass)) return { kind: "warm" };
  if (record === undefined || record.until <= now) return { kind: "frozen" };
  return record.readyAt > now ? { kind: "thawing", readyAt: record.readyAt } : { kind: "thawed", until: record.until };
}

/** The record after one more request. A running thaw is hastened by a faster tier, a finished one is extended. */
export function requestThaw(
  record: ThawRecord | undefined,
  request: { readonly now: Instant; readonly delay: Duration; readonly keep: Duration },
): ThawRecord {
  const { now, delay, keep } = request;
  const asked: ThawRecord = { readyAt: later(now, delay), until: later(later(now, delay), keep) };
  if (record === undefined || record.until <= now) return asked;
  if (record.readyAt <= now) {
    return { readyAt: record.readyAt, until: Math.max(record.until, later(now, keep)) as Instant };
  }
  const readyAt = Math.min(record.readyAt, asked.readyAt) as Instant;
  return { readyAt, until: Math.max(record.until, later(readyAt, keep)) as Instant };
}

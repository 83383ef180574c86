// SPDX-License-Identifier: Apache-2.0
// Snapshots of a gateway's log: everything that is true, in parts that are put before the entry that names them; and
// the end of what an older snapshot needed.

import { limits } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import { encodeSnapshotPart, type LogFacts, type SnapshotPart, type StoreLogFact } from "./log-entry.ts";
import { gatewaysPrefix, logKey, logNumberOf, logPrefix, snapshotKey } from "./object-keys.ts";
import type { ObjectKey } from "./object-store.ts";
import { eachOf, type ObjectWork, putBytes, retried } from "./object-work.ts";
import type { SmallSealer } from "./small-sealer.ts";

/** Everything that is true. */
export type Snapshot = LogFacts;

/** A snapshot to write. */
export interface SnapshotWork {
  readonly gateway: string;
  readonly number: number;
  readonly attempt: string;
  readonly sealer: SmallSealer;
  readonly store: readonly StoreLogFact[];
  readonly facts: readonly unknown[];
  readonly signal: AbortSignal | undefined;
}

/** Puts the parts, a few thousand facts each, so that no moment is long. */
export async function writeSnapshotParts(work: ObjectWork, snapshot: SnapshotWork): Promise<readonly SnapshotPart[]> {
  const { gateway, number, attempt, sealer, store, facts, signal } = snapshot;
  const parts: SnapshotPart[] = [];
  const size = limits.snapshotFacts;
  for (let first = 0; first < store.length + facts.length; first += size) {
    const part = {
      store: store.slice(Math.min(first, store.length), first + size),
      gateway: facts.slice(Math.max(first - store.length, 0), Math.max(first - store.length + size, 0)),
    };
    const key = snapshotKey(gateway, number, attempt, parts.length);
    const bytes = await sealer.sealBytes(key, "state", encodeSnapshotPart(part));
    await putBytes(work, key, bytes, signal);
    parts.push({ key, crc32: crc32(bytes) });
  }
  return parts;
}

/** Deletes entries and snapshots before a snapshot that is in the log. May be repeated. */
export async function deleteLogBefore(
  work: ObjectWork,
  gateway: string,
  number: number,
  signal: AbortSignal,
): Promise<void> {
  const isOld = (key: string): boolean => (logNumberOf(key) ?? number) < number;
  await deleteWhile(work, logPrefix(gateway), isOld, signal);
  const snapshots = `${gatewaysPrefix}${gateway}/snapshots/`;
  const own = `${snapshots}${logKey(gateway, number).slice(logPrefix(gateway).length)}/`;
  await deleteWhile(work, snapshots, (key) => key < own, signal);
}

/** Deletes keys with the prefix, in order, as long as they are old. */
async function deleteWhile(
  work: ObjectWork,
  prefix: string,
  isOld: (key: ObjectKey) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { objects, clock } = work;
  let after: string | undefined;
  for (;;) {
    const from = after;
    const keys = await retried(clock, signal, () => objects.list(prefix, from, limits.listObjects));
    const old = keys.filter(isOld);
    await eachOf(old.length, signal, async (index) => {
      const key = old[index];
      if (key !== undefined) await retried(clock, signal, () => objects.delete(key));
    });
    if (old.length < limits.listObjects) return;
    after = old.at(-1);
  }
}

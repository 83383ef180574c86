// SPDX-License-Identifier: Apache-2.0
// Looks at everything that a store has, here and in the object store, and changes nothing. One cartridge after the other,
// so that memory does not grow with their number.

import { asError, isFault, type Log, type Random } from "#base/index.ts";
import type { Clock } from "#base/index.ts";
import { type BucketCounts, type BucketLookWork, lookAtBucket } from "./bucket-look.ts";
import { lookAtCartridge } from "./cartridge-look.ts";
import type { CartridgeRecord } from "./cartridge-registry.ts";
import type { LogPosition } from "./bucket-log.ts";
import { isStoreFile } from "./disk-paths.ts";
import type { Disk } from "./disk.ts";
import type { Findings } from "./finding.ts";
import { readLedger } from "./ledger-reading.ts";
import { decodeCartridgeFact } from "./head.ts";
import type { ObjectStore } from "./object-store.ts";
import { decodeStoreFact } from "./store-facts.ts";
import { storeSealing } from "./store-sealing.ts";
import type { CartridgeId, SealingOptions } from "./types.ts";

/** What looking needs. */
export interface StoreLookPorts {
  readonly disk: Disk;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Who seals what is in the object store; undefined: it is plain. */
  readonly sealing: SealingOptions | undefined;
  readonly findings: Findings;
  /** Where the store keeps its files in the data folder. */
  readonly folder: string;
}

/** What the store's ledger says. */
export interface StoreLedger {
  readonly records: ReadonlyMap<CartridgeId, CartridgeRecord>;
  /** Being removed: what is left of them goes at the next start. */
  readonly removing: ReadonlySet<CartridgeId>;
  readonly position: LogPosition | undefined;
}

/** What was looked at, in numbers. */
export interface LookCounts extends Readonly<BucketCounts> {
  readonly cartridges: number;
}

/** The store's ledger; undefined when it is missing. Faults `store.file-damaged`, `store.format-newer`. */
export async function readStoreLedger(disk: Disk, folder: string): Promise<StoreLedger | undefined> {
  const facts = await readLedger(disk, `${folder}/store.ledger`, decodeStoreFact);
  if (facts === undefined) return undefined;
  const records = new Map<CartridgeId, CartridgeRecord>();
  const removing = new Set<CartridgeId>();
  let position: LogPosition | undefined;
  for (const fact of facts) {
    if (fact.kind === "cartridge") {
      const { kind: _, ...record } = fact;
      records.set(fact.id, record);
    } else if (fact.kind === "removing") {
      records.delete(fact.id);
      removing.add(fact.id);
    } else if (fact.kind === "removed") removing.delete(fact.id);
    else if (fact.kind === "log") position = fact.position;
  }
  return { records, removing, position };
}

/** Looks at all cartridges. An object store that cannot be reached is a finding, and its side is left out. */
export async function lookAtStore(
  ports: StoreLookPorts,
  ledger: StoreLedger,
  { gateway, isDeep, signal }: { readonly gateway: string; readonly isDeep: boolean; readonly signal: AbortSignal },
): Promise<LookCounts> {
  const { disk, objects, clock, log, findings, folder, sealing } = ports;
  const counts: BucketCounts = { objects: 0, readObjects: 0, readBytes: 0, coldObjects: 0 };
  const { keys, sealers, threads } = storeSealing(ports, gateway);
  const isSealed = sealing !== undefined;
  const work = { objects, clock, disk, log, findings };
  const bucket: BucketLookWork = { ...work, keys, sealers, threads, isSealed, isDeep, signal };
  let isReachable = await lookAtProviders(bucket);
  const shared = await sharedIds(ports, ledger);
  for (const record of ledger.records.values()) {
    signal.throwIfAborted();
    const local = await lookAtCartridge({ disk, findings, isDeep }, `${folder}/${record.id}`, record);
    if (!isReachable) continue;
    try {
      await lookAtBucket(bucket, { record, local, counts, isShared: shared.has(record.id) });
    } catch (error) {
      if (!isFault(error)) throw error;
      isReachable = false;
      const what = error.message;
      const advice = "what is in the object store was not looked at; see that it answers, and check again";
      findings.note({ area: "bucket", subject: "the object store", severity: "warning", what, advice });
    }
  }
  await lookAtFolders(ports, ledger);
  return { ...counts, cartridges: ledger.records.size };
}

/** Whether what wraps the data keys opens what it wraps. */
async function lookAtProviders({ keys, findings, isSealed }: BucketLookWork): Promise<boolean> {
  if (!isSealed) return true;
  let isGood = true;
  for (const { provider, key, problem } of await keys.probe()) {
    if (problem === undefined) continue;
    isGood = false;
    const advice = "what it wrapped cannot be opened, and nothing can be uploaded; bring the key back";
    findings.note({ area: "keys", subject: `${provider} ${key}`, severity: "damage", what: problem, advice });
  }
  return isGood;
}

/** Cartridges from which others are cloned. A journal that cannot be read is found later, and then any may be. */
async function sharedIds({ disk, folder }: StoreLookPorts, { records }: StoreLedger): Promise<ReadonlySet<string>> {
  const shared = new Set<string>();
  for (const id of records.keys()) {
    try {
      const facts = await readLedger(disk, `${folder}/${id}/journal`, decodeCartridgeFact);
      for (const parent of facts?.at(-1)?.head.parents ?? []) shared.add(parent.id);
      // One that is only in the bucket may be a clone of any.
      if (facts === undefined && records.get(id)?.point !== undefined) return new Set(records.keys());
    } catch (error) {
      if (!isFault(error)) throw asError(error);
      return new Set(records.keys());
    }
  }
  return shared;
}

/** Folders of cartridges that the ledger does not know. */
async function lookAtFolders({ disk, folder, findings }: StoreLookPorts, ledger: StoreLedger): Promise<void> {
  const { records, removing } = ledger;
  for (const name of await disk.list(folder)) {
    const id = name as CartridgeId;
    if (isStoreFile(name) || records.has(id) || removing.has(id)) continue;
    const subject = `${folder}/${name}`;
    const what = "no ledger knows this cartridge";
    const advice =
      "it may be one that was lost with a ledger: its segments are kept; move the folder away when nobody needs it";
    findings.note({ area: "cartridge", subject, severity: "warning", what, advice });
  }
}

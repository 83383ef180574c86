// SPDX-License-Identifier: Apache-2.0
// Taking over a gateway: the next entry of its log, under the next epoch, with everything that is true. From then on
// whoever wrote the log before changes nothing in the bucket any more.

import { isFault } from "#base/index.ts";
import type { LogPosition } from "./bucket-log.ts";
import type { LoggedCartridge } from "./log-reader.ts";
import { crc32 } from "./crc32.ts";
import type { Disk } from "./disk.ts";
import { storeFault } from "./faults.ts";
import { encodeLogEntry, type LogEntry, logVersion, type LogWriter, type RecoveryPoint } from "./log-entry.ts";
import { writeSnapshotParts } from "./log-snapshot.ts";
import { logKey } from "./object-keys.ts";
import { type ObjectWork, putBytes } from "./object-work.ts";
import type { SmallSealer } from "./small-sealer.ts";
import { blankUsage, type StoreFact, storeFactsVersion } from "./store-facts.ts";
import type { CartridgeDescription, CartridgeLoss, CartridgeUsage } from "./types.ts";
import type { FileNumber, ObjectNumber } from "#tape/index.ts";
import { Ledger } from "./ledger.ts";
import type { Log } from "#base/index.ts";

/** A take-over. */
export interface TakeOver {
  readonly sealer: SmallSealer;
  readonly gateway: string;
  /** Number and epoch of the entry that takes over. */
  readonly next: { readonly number: number; readonly epoch: number };
  readonly writer: Omit<LogWriter, "epoch">;
  readonly cartridges: readonly LoggedCartridge[];
  /** Facts of the gateway that give its state again. */
  readonly facts: readonly unknown[];
}

/** Takes over; the position is for the new data folder. Fault `store.taken-over` when another was faster. */
export async function takeOver(work: ObjectWork, request: TakeOver): Promise<LogPosition> {
  const { sealer, gateway, next, writer, cartridges, facts } = request;
  const { number, epoch } = next;
  const store = cartridges.map(({ id, tag, point }) => ({ kind: "cartridge" as const, id, tag, point: point ?? null }));
  const snapshot = { gateway, number, attempt: writer.writer, sealer, store, facts, signal: undefined };
  const parts = await writeSnapshotParts(work, snapshot);
  const key = logKey(gateway, number);
  const entry: LogEntry = {
    format: logVersion,
    name: gateway,
    number,
    at: work.clock.now(),
    ...writer,
    epoch,
    takesOver: true,
    snapshot: number,
    parts,
    store: [],
    gateway: [],
  };
  const bytes = await sealer.sealBytes(key, "state", encodeLogEntry(entry));
  try {
    await putBytes(work, key, bytes, undefined);
  } catch (error) {
    if (!isFault(error, "store.object-conflict")) throw error;
    throw storeFault("taken-over", { gateway }, error);
  }
  const place = { number, crc32: crc32(bytes), earlier: [], snapshot: number };
  return { gateway, ...writer, epoch, ...place, sequence: 0, isBehind: false };
}

/** A cartridge for a new data folder. */
export interface SeedCartridge extends LoggedCartridge {
  readonly description: CartridgeDescription;
  readonly loss: CartridgeLoss | undefined;
}

/** Makes the store's ledger of a data folder that took over. None of the cartridges has anything there yet. */
export async function seedStoreLedger(
  disk: Disk,
  log: Log,
  { folder, cartridges, position }: { folder: string; cartridges: readonly SeedCartridge[]; position: LogPosition },
): Promise<void> {
  const ledger = await Ledger.open<StoreFact>({ disk, log, path: `${folder}/store.ledger`, decode: refuse });
  const facts = cartridges.map(({ id, tag, point, description, loss }): StoreFact => ({
    kind: "cartridge",
    id,
    tag,
    description,
    usage: usageOfPoint(point),
    state: "rest",
    ...(point === undefined ? {} : { point }),
    ...(loss === undefined ? {} : { loss }),
  }));
  await ledger.compact([{ kind: "format", version: storeFactsVersion }, ...facts, { kind: "log", position }]);
  await ledger.close();
}

function refuse(): never {
  throw new TypeError("a new data folder has no facts");
}

/** What a cartridge holds that has only its recovery point. */
export function usageOfPoint(point: RecoveryPoint | undefined): CartridgeUsage {
  if (point === undefined) return blankUsage;
  const { objects, files, bytes: sizeBytes, storedBytes, storageClass } = point;
  return {
    ...blankUsage,
    sizeBytes,
    objects: objects as ObjectNumber,
    files: files as FileNumber,
    storedBytes,
    storageClass,
  };
}

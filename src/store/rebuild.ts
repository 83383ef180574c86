// SPDX-License-Identifier: Apache-2.0
// Makes a cartridge's journal and directory anew from its last recovery point: after the loss of a machine, of a disk, or
// of one of these files. Local segments that are still there are used again; what continues the recovery point is found
// by the recovery that follows, as after a crash.

import { bytesFromHex, type Clock, hexFromBytes, isFault, type Log } from "#base/index.ts";
import type { Entry } from "./directory-entry.ts";
import { Directory } from "./directory.ts";
import { unlessMissing } from "./disk-paths.ts";
import type { Disk } from "./disk.ts";
import { storeFault } from "./faults.ts";
import { blankHead, decodeCartridgeFact, factOf, type Head } from "./head.ts";
import { Ledger } from "./ledger.ts";
import type { RecoveryPoint } from "./log-entry.ts";
import { newestReadable } from "./log-reader.ts";
import { manifestEntries, manifestEntryAt, readManifest } from "./manifest-files.ts";
import { type Manifest, manifestVersion } from "./manifest.ts";
import type { ObjectWork } from "./object-work.ts";
import type { SmallSealer } from "./small-sealer.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { CartridgeId } from "./types.ts";

/** What rebuilding needs. */
export interface RebuildWork extends ObjectWork {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly sealer: SmallSealer;
}

/** The cartridge to rebuild. */
export interface Rebuild {
  readonly id: CartridgeId;
  readonly folder: string;
  readonly tag: string;
  /** Undefined: the bucket has nothing of it; only local segments may be left. */
  readonly point: RecoveryPoint | undefined;
}

/** Names that damaged files get, so that somebody can look at them. */
const aside = ".damaged";

/**
 * Replaces journal and directory. May be repeated after a crash: the journal comes last. Faults of the object store,
 * `store.object-damaged`, of the disk.
 */
export async function rebuildCartridge(work: RebuildWork, { id, folder, tag, point }: Rebuild): Promise<void> {
  const { disk, log } = work;
  const manifest = point && (await manifestAt(work, id, point));
  if (manifest !== undefined && manifest.tag !== tag) {
    const key = `the manifest of cartridge ${id}`;
    throw storeFault("object-damaged", { key, reason: "it is of another cartridge with the same name" });
  }
  await disk.makeFolder(folder);
  for (const name of ["journal", "directory"]) await setAside(disk, `${folder}/${name}`);
  await disk.syncFolder(folder);
  const head = manifest === undefined ? blankHead(tag) : await writeDirectory(work, { id, folder, tag }, manifest);
  const decode = decodeCartridgeFact;
  const ledger = await Ledger.open({ disk, log, path: `${folder}/journal.new-made`, decode });
  await ledger.compact([factOf(head, [])]);
  await ledger.close();
  await disk.rename(`${folder}/journal.new-made`, `${folder}/journal`);
  await disk.syncFolder(folder);
}

/** The manifest of a recovery point, or, when that cannot be read, the newest that can. */
async function manifestAt(work: RebuildWork, id: CartridgeId, point: RecoveryPoint): Promise<Manifest> {
  const reading = { ...work, options: {} };
  try {
    return await readManifest(reading, id, point);
  } catch (error) {
    if (!isFault(error, "store.object-damaged") && !isFault(error, "store.object-missing")) throw error;
    const other = await newestReadable(reading, id, () => {});
    if (other === undefined) throw error;
    const { epoch, number, objects } = other;
    const details = { cartridge: id, error: error.message, epoch, number, objects };
    work.log.warn("the manifest that counts cannot be read, and another one is taken", details);
    return other;
  }
}

async function setAside(disk: Disk, path: string): Promise<void> {
  const file = await unlessMissing(disk.open(path, { mode: "read" }));
  if (file === undefined) return;
  await file.close();
  await disk.rename(path, `${path}${aside}`);
}

/** Writes the directory, part by part, and gives the head. */
async function writeDirectory(
  work: RebuildWork,
  { id, folder, tag }: { readonly id: CartridgeId; readonly folder: string; readonly tag: string },
  manifest: Manifest,
): Promise<Head> {
  const { disk } = work;
  const directory = new Directory(disk, `${folder}/directory`, bytesFromHex(tag));
  const names = new Set(await disk.list(folder));
  const sums = { count: 0, stored: 0, local: 0, next: 1 };
  try {
    for await (const entries of manifestEntries({ ...work, options: {} }, id, manifest)) {
      for (const found of entries) {
        const entry = { ...found, local: await isLocal(disk, folder, names, found) };
        directory.put(sums.count, entry);
        sums.count += 1;
        sums.stored += entry.fileSize;
        sums.next = entry.segment + 1;
        if (entry.local) sums.local += entry.fileSize;
      }
      await directory.fold(directory.changed);
    }
  } finally {
    await directory.close();
  }
  const { generation, objects, files, bytes, at, storageClass, number, epoch } = manifest;
  const isNew = manifest.format === manifestVersion;
  return {
    ...blankHead(tag),
    generation,
    count: sums.count,
    nextSegment: isNew ? manifest.nextSegment : sums.next,
    objects,
    files,
    bytes,
    storedBytes: sums.stored,
    localBytes: sums.local,
    storedCount: sums.count,
    storedObjects: objects,
    manifests: number,
    manifestEpoch: epoch,
    manifestCount: isNew ? sums.count : 0,
    storageClass,
    storedAt: at,
    ...(manifest.parents === undefined ? {} : { parents: manifest.parents }),
    ...(manifest.lost === undefined ? {} : { lost: manifest.lost }),
  };
}

/** Finds entries that are damaged in a cartridge's directory in its last manifest. */
export function healerOf(work: RebuildWork, cartridge: StoredCartridge): (index: number) => Promise<Entry | undefined> {
  let manifest: Promise<Manifest> | undefined;
  const { id, folder, tag } = cartridge;
  return async (index) => {
    const { manifests: number, manifestEpoch: epoch, manifestCount } = cartridge.head;
    // Behind that, what the manifest says is not what the entries were.
    if (number === 0 || index >= manifestCount) return undefined;
    manifest ??= readManifest({ ...work, options: {} }, id, { epoch, number });
    try {
      const known = await manifest;
      const entry =
        known.tag === hexFromBytes(tag) ? await manifestEntryAt({ ...work, options: {} }, id, known, index) : undefined;
      if (entry === undefined) return undefined;
      work.log.warn("an entry of a damaged directory was found in the bucket", { cartridge: id, entry: index });
      const name = segmentName(entry.segment);
      return { ...entry, local: await isLocal(work.disk, folder, new Set([name]), entry) };
    } catch (error) {
      manifest = undefined;
      if (!isFault(error)) throw error;
      work.log.warn(`a damaged directory cannot be looked up in the bucket: ${error.message}`, { cartridge: id });
      return undefined;
    }
  };
}

const segmentName = (segment: number): string => `${String(segment).padStart(12, "0")}.segment`;

/** A file of the right size is there; what is in it is checked when it is read. */
async function isLocal(disk: Disk, folder: string, names: ReadonlySet<string>, entry: Entry): Promise<boolean> {
  const name = segmentName(entry.segment);
  if (!names.has(name)) return false;
  const file = await unlessMissing(disk.open(`${folder}/${name}`, { mode: "read" }));
  const size = await file?.size();
  await file?.close();
  return size === entry.fileSize;
}

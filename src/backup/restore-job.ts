// SPDX-License-Identifier: Apache-2.0
// Restoring from tape. A whole set needs no catalogs: its cartridges are read one after the other, once. Single snapshots need
// them: first the snapshots' own files, then exactly the tape files that hold chunks which the datastore lacks. A snapshot has
// its manifest only when all of its chunks are there.

import { type Clock, hexFromBytes, isFault, limits, type Uuid } from "#base/index.ts";
import {
  checkBlob,
  type Datastore,
  decodeBlob,
  isEncryptedKind,
  parseSnapshotPath,
  snapshotPath,
  SnapshotRestorer,
} from "#datastore/index.ts";
import { ChunkFileReader, openTapeFile, SnapshotFileReader, type TapeDrive } from "#format/index.ts";
import { chunkDigest, type KeyRing, setKeyOf } from "#keys/index.ts";
import { type CartridgeCatalog, type CartridgeRecord, type Librarian, mediaFault } from "#media/index.ts";
import type { Notify } from "#notify/index.ts";
import type { TaskContext } from "#work/index.ts";
import { backupFault } from "./faults.ts";
import { requestCartridge, waitForSet } from "./request.ts";
import type { TapeStation } from "./station.ts";
import type { StoreMap } from "./store-map.ts";
import { walkCartridge } from "./tape-walk.ts";

/** What a restore needs. */
export interface RestoreOptions {
  readonly librarian: Librarian;
  readonly keys: KeyRing;
  readonly station: TapeStation;
  readonly clock: Clock;
  readonly context: TaskContext;
  readonly notify?: Notify;
  readonly set: Uuid;
  readonly stores: StoreMap;
  /** The datastore of this name. */
  readonly openStore: (name: string) => Datastore;
  /** Who will own groups that are new. */
  readonly owner: string;
}

/** A snapshot as a person names it. */
export interface WantedSnapshot {
  readonly store: string;
  readonly path: string;
}

/** What a restore did. */
export interface RestoreResult {
  readonly restored: readonly string[];
  /** Were there already, or not asked for. */
  readonly skipped: readonly string[];
}

/** Checks a chunk from tape: its checksum, and its digest where it is not encrypted. Faults `datastore.damaged`, `media.damaged`. */
export function checkChunk(digest: Uint8Array, blob: Uint8Array): void {
  const what = `the chunk ${hexFromBytes(digest)} on tape`;
  const isPlain = !isEncryptedKind(checkBlob(blob, what));
  const actual = isPlain ? chunkDigest(decodeBlob(blob, { what })) : digest;
  if (Buffer.compare(actual, digest) !== 0)
    throw mediaFault("damaged", { what, reason: "it does not have its digest" });
}

/** Puts a chunk into a datastore. */
async function restoreChunk(store: Datastore, digest: Uint8Array, blob: Uint8Array): Promise<void> {
  checkChunk(digest, blob);
  await store.chunks.insert(digest, blob);
}

async function withSet<T>(options: RestoreOptions, use: () => Promise<T>): Promise<T> {
  const { librarian, set } = options;
  while (!librarian.lockSet(set)) await waitForSet(options, set);
  try {
    return await use();
  } finally {
    librarian.unlockSet(set);
  }
}

/**
 * Asks for a cartridge of the set, and gives the drive the key of the set. `unwritten`: it was given to the set, and the job
 * ended before it wrote anything on it. Fault `backup.wrong-cartridge`.
 */
async function loadMember(options: RestoreOptions, record: CartridgeRecord): Promise<TapeDrive | "unwritten"> {
  const { keys, set, station, librarian } = options;
  const { drive, labels } = await requestCartridge(options, record);
  const isRight = labels.set?.uuid === set && labels.set.setIndex === record.set?.setIndex;
  if (!isRight) {
    const catalog = await librarian.catalog(record.label.uuid);
    if (catalog?.set?.uuid === set && catalog.lastFile < 2) return "unwritten";
    const actual = `number ${labels.set?.setIndex ?? "?"} of ${labels.set?.uuid ?? "no set"}`;
    const expected = `number ${record.set?.setIndex} of ${set}`;
    throw backupFault("wrong-cartridge", { drive: station.name, actual, expected });
  }
  const fingerprint = labels.set?.key?.fingerprint;
  if (fingerprint !== undefined) await drive.setEncryptionKey(setKeyOf(keys.key(fingerprint), set));
  return drive;
}

/** Restores a whole set. The catalogs of its cartridges are made anew on the way. */
export function restoreSet(options: RestoreOptions): Promise<RestoreResult> {
  return withSet(options, async () => {
    const { librarian, context, station, set } = options;
    const members = librarian.members(set);
    context.log(`needs ${members.map(({ label }) => label.labelText).join(", ")}`);
    const result = { restored: [] as string[], skipped: [] as string[] };
    const counter = context.counter("restored", "bytes");
    for (const record of members) {
      context.phase(`reading ${record.label.labelText}`);
      const drive = await loadMember(options, record);
      if (drive === "unwritten") {
        context.log(`nothing of the set is on ${record.label.labelText}`);
        continue;
      }
      await walkCartridge(
        { drive, record, librarian, context },
        {
          chunk: async (source, digest, blob) => {
            const target = options.stores.target(source);
            if (target === undefined) return;
            await restoreChunk(options.openStore(target), digest, blob);
            counter.add(blob.byteLength);
          },
          snapshot: (reader) => restoreSnapshot(options, reader, result),
        },
      );
      await drive.setEncryptionKey(undefined);
      await station.unload();
    }
    return result;
  });
}

/** True when the snapshot was read to its end. */
async function restoreSnapshot(
  options: RestoreOptions,
  reader: SnapshotFileReader,
  result: { restored: string[]; skipped: string[] },
): Promise<boolean> {
  const { store, snapshot } = reader.name;
  const restorer = await beginRestore(options, reader, result);
  if (restorer === undefined) return false;
  try {
    await takeFiles(reader, restorer);
  } catch (error) {
    await restorer.abandon();
    throw error;
  }
  await restorer.finish();
  result.restored.push(`${store}:${snapshot}`);
  return true;
}

async function beginRestore(
  options: RestoreOptions,
  reader: SnapshotFileReader,
  result: { skipped: string[] },
): Promise<SnapshotRestorer | undefined> {
  const { store, snapshot } = reader.name;
  const target = options.stores.target(store);
  const place = parseSnapshotPath(snapshot);
  if (place === undefined)
    throw mediaFault("damaged", { what: "a snapshot on tape", reason: `it is called ${snapshot}` });
  if (target === undefined) {
    result.skipped.push(`${store}:${snapshot}`);
    return undefined;
  }
  try {
    return await SnapshotRestorer.begin(options.openStore(target), place, options.owner);
  } catch (error) {
    if (!isFault(error, "datastore.snapshot-exists")) throw error;
    options.context.log(`${snapshot} is there already`);
    result.skipped.push(`${store}:${snapshot}`);
    return undefined;
  }
}

async function takeFiles(reader: SnapshotFileReader, restorer: SnapshotRestorer): Promise<void> {
  for (let file = await reader.next(); file !== undefined; file = await reader.next()) {
    await restorer.add(file.name, file.content, file.sizeBytes);
  }
}

/** Where something of a set lies. */
interface TapePlace {
  readonly record: CartridgeRecord;
  readonly fileNumber: number;
}

interface Pending {
  readonly wanted: WantedSnapshot;
  readonly store: Datastore;
  readonly restorer: SnapshotRestorer;
}

/**
 * Restores single snapshots of a set. Chunks lie before the snapshots that need them, so cartridges are read from the last one to
 * the first one, each once: first the snapshots' own files, then the chunks that these and later ones lack. Faults
 * `media.catalog-missing`, `backup.chunks-missing`.
 */
export function restoreSnapshots(options: RestoreOptions, wanted: readonly WantedSnapshot[]): Promise<RestoreResult> {
  return withSet(options, async () => {
    const catalogs = await readCatalogs(options);
    const result = { restored: [] as string[], skipped: [] as string[] };
    const work: SnapshotWork = {
      catalogs,
      places: placesOf(options, catalogs, wanted, result),
      files: new Map(),
      pending: [],
    };
    try {
      for (const { record } of catalogs.toReversed()) await readMember(options, work, record, result);
      // Where a tape was written by others in another order, something may be left on a later cartridge.
      for (const { record } of catalogs) await readMember(options, work, record, result);
    } catch (error) {
      for (const { restorer } of work.pending) await restorer.abandon();
      throw error;
    }
    for (const { restorer, wanted: snapshot } of work.pending) {
      await restorer.finish();
      result.restored.push(`${snapshot.store}:${snapshot.path}`);
    }
    return result;
  });
}

/** What is still to be read, by cartridge. */
interface SnapshotWork {
  readonly catalogs: Catalogs;
  /** Snapshots whose own files are to be read. */
  readonly places: TapePlace[];
  /** Chunk files with the digests that are wanted from them, and the datastores that want these. */
  readonly files: Map<string, ChunkFileWork>;
  readonly pending: Pending[];
}

interface ChunkFileWork {
  readonly place: TapePlace;
  readonly wanted: Map<string, Set<Datastore>>;
}

/** Reads all that is wanted from one cartridge; does not load it when that is nothing. */
async function readMember(
  options: RestoreOptions,
  work: SnapshotWork,
  record: CartridgeRecord,
  result: { skipped: string[] },
): Promise<void> {
  const isHere = ({ record: other }: TapePlace): boolean => other === record;
  const byFile = (left: TapePlace, right: TapePlace): number => left.fileNumber - right.fileNumber;
  const snapshots = work.places.filter(isHere).toSorted(byFile);
  work.places.splice(0, work.places.length, ...work.places.filter((place) => !isHere(place)));
  const hasChunks = Array.from(work.files.values()).some(({ place }) => isHere(place));
  if (snapshots.length === 0 && !hasChunks) return;
  options.context.phase(`reading ${record.label.labelText}`);
  const drive = await loadMember(options, record);
  const label = record.label.labelText;
  if (drive === "unwritten") {
    throw mediaFault("damaged", { what: `the catalog of ${label}`, reason: "it names what was never written" });
  }
  for (const place of snapshots) {
    options.context.checkpoint();
    await drive.locateFile(place.fileNumber);
    await readOwnFiles(options, work, { drive, what: `tape file ${place.fileNumber} of ${label}` }, result);
  }
  const files = Array.from(work.files.values()).filter(({ place }) => isHere(place));
  for (const file of files.toSorted((left, right) => byFile(left.place, right.place))) {
    options.context.checkpoint();
    await drive.locateFile(file.place.fileNumber);
    await readChunkFile(options, file, { drive, what: `tape file ${file.place.fileNumber} of ${label}` });
    work.files.delete(nameOf(file.place));
  }
  await drive.setEncryptionKey(undefined);
}

type Catalogs = readonly { readonly record: CartridgeRecord; readonly catalog: CartridgeCatalog }[];

async function readCatalogs({ librarian, set }: RestoreOptions): Promise<Catalogs> {
  const catalogs: { record: CartridgeRecord; catalog: CartridgeCatalog }[] = [];
  for (const record of librarian.members(set)) {
    const catalog = await librarian.catalog(record.label.uuid);
    if (catalog?.set?.uuid !== set) throw mediaFault("catalog-missing", { label: record.label.labelText });
    catalogs.push({ record, catalog });
  }
  return catalogs;
}

function placesOf(
  options: RestoreOptions,
  catalogs: Catalogs,
  wanted: readonly WantedSnapshot[],
  result: { skipped: string[] },
): TapePlace[] {
  return wanted.flatMap(({ store, path }): readonly TapePlace[] => {
    for (const { record, catalog } of catalogs) {
      const found = catalog.snapshot(store, path);
      if (found !== undefined) return [{ record, fileNumber: found.fileNumber }];
    }
    options.context.warn(`${store}:${path} is not on the set`);
    result.skipped.push(`${store}:${path}`);
    return [];
  });
}

/** A tape file at the position. */
interface AtFile {
  readonly drive: TapeDrive;
  readonly what: string;
}

/** Puts the files of a snapshot in place, and notes which chunks it lacks. */
async function readOwnFiles(
  options: RestoreOptions,
  work: SnapshotWork,
  { drive, what }: AtFile,
  result: { skipped: string[] },
): Promise<void> {
  const file = await openTapeFile(drive, what);
  if (typeof file === "string" || file.kind !== "snapshot-file") {
    throw mediaFault("damaged", { what, reason: "it is not the snapshot that the catalog names" });
  }
  const reader = new SnapshotFileReader(file, what);
  const restorer = await beginRestore(options, reader, result);
  if (restorer === undefined) return;
  const { store: source, snapshot: path } = reader.name;
  const store = options.openStore(options.stores.target(source) ?? source);
  const pending: Pending = { wanted: { store: source, path }, store, restorer };
  work.pending.push(pending);
  await takeFiles(reader, restorer);
  await noteChunks(work, pending);
}

async function noteChunks({ catalogs, files }: SnapshotWork, { store, restorer, wanted }: Pending): Promise<void> {
  let lost = 0;
  for (const digest of await lackingChunks(store, restorer)) {
    const place = placeOfChunk(catalogs, wanted.store, digest);
    if (place === undefined) {
      lost += 1;
      continue;
    }
    const file = files.get(nameOf(place)) ?? { place, wanted: new Map<string, Set<Datastore>>() };
    files.set(nameOf(place), file);
    const hex = hexFromBytes(digest);
    file.wanted.set(hex, (file.wanted.get(hex) ?? new Set<Datastore>()).add(store));
  }
  if (lost > 0) throw backupFault("chunks-missing", { count: lost, snapshot: `${wanted.store}:${wanted.path}` });
}

const nameOf = ({ record, fileNumber }: TapePlace): string => `${record.label.uuid} ${fileNumber}`;

async function readChunkFile(
  options: RestoreOptions,
  { wanted }: ChunkFileWork,
  { drive, what }: AtFile,
): Promise<void> {
  const counter = options.context.counter("restored", "bytes");
  const file = await openTapeFile(drive, what);
  if (typeof file === "string" || file.kind !== "chunk-file") {
    throw mediaFault("damaged", { what, reason: "it is not the chunk file that the catalog names" });
  }
  const reader = new ChunkFileReader(file, what);
  for (let chunk = await reader.next(); chunk !== undefined && wanted.size > 0; chunk = await reader.next()) {
    const hex = hexFromBytes(chunk.digest);
    for (const store of wanted.get(hex) ?? []) await restoreChunk(store, chunk.digest, chunk.blob);
    if (wanted.delete(hex)) counter.add(chunk.blob.byteLength);
    if (wanted.size === 0) break;
  }
  if (wanted.size > 0) {
    throw mediaFault("damaged", { what, reason: `${wanted.size} chunks that it should have are not in it` });
  }
}

function placeOfChunk(catalogs: Catalogs, store: string, digest: Uint8Array): TapePlace | undefined {
  for (const { record, catalog } of catalogs) {
    const fileNumber = catalog.chunkFile(store, digest);
    if (fileNumber !== undefined) return { record, fileNumber };
  }
  return undefined;
}

/** Chunks that a snapshot refers to and its datastore does not have. */
async function lackingChunks(store: Datastore, restorer: SnapshotRestorer): Promise<readonly Uint8Array[]> {
  const { manifest, folder } = restorer;
  const lacking = new Map<string, Uint8Array>();
  for (const { name } of manifest?.files ?? []) {
    if (name.endsWith(".blob")) continue;
    const { index, file } = await store.openIndex(`${folder}/${name}`);
    try {
      for (let number = 0; number < index.chunkCount; number++) {
        const { digest } = await index.chunk(number);
        const isThere = (await store.chunks.has(digest)) && (await store.chunks.touch(digest));
        if (!isThere) lacking.set(hexFromBytes(digest), digest);
      }
    } finally {
      await file.close();
    }
  }
  return Array.from(lacking.values());
}

/** The path of a snapshot for people, with its datastore. Fault `backup.bad-mapping`. */
export function parseWanted(text: string): WantedSnapshot {
  const colon = text.indexOf(":");
  const [store, path] = [text.slice(0, colon), text.slice(colon + 1)];
  const place = parseSnapshotPath(path);
  if (colon <= 0 || place === undefined || path.length > limits.pxarPath) {
    throw backupFault("bad-mapping", { text, reason: "a snapshot is store:[ns/…/]type/id/time" });
  }
  return { store, path: snapshotPath(place.namespace, place.snapshot) };
}

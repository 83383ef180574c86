// SPDX-License-Identifier: Apache-2.0
// The backup job: snapshots of a datastore to a media pool. Chunks of a snapshot go before the snapshot, so that a tape is
// restored in one pass; what the set holds already is not written again.

import { hexFromBytes, isFault } from "#base/index.ts";
import {
  type Datastore,
  type Manifest,
  type Namespace,
  snapshotPath,
  type SnapshotPlace,
  type StoredFile,
} from "#datastore/index.ts";
import type { SnapshotFileSource } from "#format/index.ts";
import { updateLocations } from "#media/index.ts";
import { plainMetadata, rangeSource } from "#pxar/index.ts";
import type { TaskContext } from "#work/index.ts";
import { backupFault } from "./faults.ts";
import { type GroupFilter, isTaken } from "./group-filter.ts";
import type { LabelOptions } from "./label-job.ts";
import { Asking } from "./request.ts";
import { SetWriter, type SetWriterOptions } from "./set-writer.ts";

/** What a backup job does. */
export interface BackupOptions extends Omit<SetWriterOptions, "hasNamespaces"> {
  readonly store: Datastore;
  readonly namespace: Namespace;
  /** Levels below the namespace; 0: only it. */
  readonly depth: number;
  readonly isLatestOnly: boolean;
  readonly filters: readonly GroupFilter[];
  /** What becomes of cartridges at the end; `export` takes all of the set. */
  readonly atEnd: "stay" | "unload" | "export";
  /** Names of all changers that exist, for the locations of cartridges. */
  readonly changers: readonly string[];
  /** What becomes of the job when the pool has no cartridge left; it fails when left out. */
  readonly ifNoMedia?: "wait" | "fail";
  readonly lend?: LabelOptions["lend"];
}

/** What a backup job did. */
export interface BackupResult {
  readonly set: string;
  readonly written: readonly string[];
  /** On the set before. */
  readonly skipped: number;
  readonly failed: readonly string[];
  readonly cartridges: readonly string[];
}

/** Runs the job. Fault `backup.with-errors` when snapshots had to be left out; the others are on tape then. */
export async function runBackup(options: BackupOptions): Promise<BackupResult> {
  const { context, namespace, depth } = options;
  await refreshLocations(options);
  context.phase("looking for snapshots");
  const places = await selectSnapshots(options);
  const hasNamespaces = namespace.length > 0 || depth > 0;
  const waiting = options.ifNoMedia === "wait" ? { waitForMedia: mediaWaiter(options) } : {};
  const writer = await SetWriter.begin({ ...options, ...waiting, hasNamespaces });
  const tally = { written: [] as string[], skipped: 0, failed: [] as string[] };
  try {
    context.phase("writing");
    const done = context.counter("snapshots", "snapshots", places.length);
    for (const place of places) {
      context.checkpoint();
      await backUpSnapshot(options, writer, place, tally);
      done.add(1);
    }
    await writer.finish();
    await writer.release();
    await endOf(options, writer);
  } finally {
    await writer.end();
  }
  const { failed } = tally;
  if (failed.length > 0) throw backupFault("with-errors", { count: failed.length });
  return { set: writer.set, ...tally, cartridges: writer.used };
}

/**
 * Waits for a cartridge that a pool without one can use. Meanwhile the drive is for others, who may label new cartridges with
 * it; after each pause the library is asked what it holds.
 */
function mediaWaiter(options: BackupOptions): (reason: string) => Promise<void> {
  const { pool, station, lend = (wait) => wait() } = options;
  const asking = new Asking(options);
  return async (reason) => {
    const place = station.changer === undefined ? `drive ${station.name}` : `changer ${station.changer}`;
    const text = `please put a cartridge that the pool ${pool.name} can use into the ${place}: ${reason}`;
    const title = `A cartridge is needed for the pool ${pool.name}`;
    const fields = { "media-pool": pool.name, drive: station.name, changer: station.changer ?? "" };
    await lend(() => asking.pause({ text, title, fields }));
    await refreshLocations(options);
  };
}

/** The inventory learns what the changer holds (B-LOC-5). */
export async function refreshLocations(
  options: Pick<BackupOptions, "station" | "librarian" | "changers">,
): Promise<void> {
  const { station, librarian, changers } = options;
  const labels = await station.labels();
  if (station.changer === undefined || labels === undefined) return;
  const content = { changer: station.changer, labels };
  await librarian.update((inventory) => updateLocations(inventory, [content], [...changers, content.changer]));
}

/** The snapshots of a job, group by group, the oldest first (B-BCK-1, B-BCK-2). */
export async function selectSnapshots(
  options: Pick<BackupOptions, "store" | "namespace" | "depth" | "filters" | "isLatestOnly" | "context">,
): Promise<readonly SnapshotPlace[]> {
  const { store, namespace, depth, filters, isLatestOnly, context } = options;
  const selected: SnapshotPlace[] = [];
  let taken = 0;
  let all = 0;
  for (const inner of await store.namespaces(namespace, depth)) {
    for (const group of await store.groups(inner)) {
      all += 1;
      if (!isTaken(group, filters)) continue;
      taken += 1;
      const finished: SnapshotPlace[] = [];
      for (const place of await store.snapshots(inner, group)) {
        if (await store.isFinished(place)) finished.push(place);
      }
      selected.push(...(isLatestOnly ? finished.slice(-1) : finished));
    }
  }
  context.log(`found ${taken} groups (out of ${all}) with ${selected.length} snapshots`);
  return selected;
}

interface Tally {
  readonly written: string[];
  skipped: number;
  readonly failed: string[];
}

async function backUpSnapshot(
  options: BackupOptions,
  writer: SetWriter,
  place: SnapshotPlace,
  tally: Tally,
): Promise<void> {
  const { store, context } = options;
  const path = snapshotPath(place.namespace, place.snapshot);
  if (writer.hasSnapshot(store.name, path)) {
    tally.skipped += 1;
    context.log(`${path} is on the set already`);
    return;
  }
  const read = await readSnapshot(store, place, context, tally.failed);
  if (read === undefined) return;
  context.log(`writes ${path}`);
  const queue = await missingChunks(store, read.manifest, place, writer);
  while (queue.length > 0) await writer.writeChunks(store, queue);
  await writer.writeSnapshot(
    store.name,
    path,
    read.files.map((file) => sourceFor(store, file)),
  );
  tally.written.push(path);
}

/** Undefined for a snapshot that vanished, or that cannot be read, which is an error of the job (B-BCK-4). */
async function readSnapshot(
  store: Datastore,
  place: SnapshotPlace,
  context: TaskContext,
  failed: string[],
): Promise<{ readonly manifest: Manifest; readonly files: readonly StoredFile[] } | undefined> {
  const path = snapshotPath(place.namespace, place.snapshot);
  try {
    const manifest = await store.manifest(place);
    return { manifest, files: await store.storedFiles(place, manifest) };
  } catch (error) {
    if (isFault(error, "datastore.snapshot-missing")) {
      context.log(`${path} has vanished`);
      return undefined;
    }
    if (!isFault(error) || !error.code.startsWith("datastore.")) throw error;
    context.warn(`${path} is left out: ${error.message}`);
    failed.push(path);
    return undefined;
  }
}

/** Digests that the set does not hold yet; the first one that is written comes last. */
async function missingChunks(
  store: Datastore,
  manifest: Manifest,
  place: SnapshotPlace,
  writer: SetWriter,
): Promise<Uint8Array[]> {
  const folder = snapshotPath(place.namespace, place.snapshot);
  const seen = new Set<string>();
  const queue: Uint8Array[] = [];
  for (const { name } of manifest.files) {
    if (name.endsWith(".blob")) continue;
    const { index, file } = await store.openIndex(`${folder}/${name}`);
    try {
      for (let number = 0; number < index.chunkCount; number++) {
        const { digest } = await index.chunk(number);
        const hex = hexFromBytes(digest);
        if (seen.has(hex)) continue;
        seen.add(hex);
        if (!writer.hasChunk(store.name, digest)) queue.push(digest);
      }
    } finally {
      await file.close();
    }
  }
  return queue.toReversed();
}

function sourceFor(store: Datastore, { name, path, facts }: StoredFile): SnapshotFileSource {
  const { mode, uid, gid, mtime, sizeBytes } = facts;
  return {
    name,
    sizeBytes,
    metadata: plainMetadata(mode, { uid, gid, mtimeSeconds: BigInt(mtime) }),
    open: async () => {
      const file = await store.files.open(path);
      return { ...rangeSource(file, 0, sizeBytes), close: () => file.close() };
    },
  };
}

/** Takes cartridges out, as the job says (B-BCK-13). */
async function endOf({ station, librarian, context, atEnd }: BackupOptions, writer: SetWriter): Promise<void> {
  if (atEnd === "stay") return;
  if (atEnd === "unload" || station.changer === undefined) return station.unload();
  // A set that never got a cartridge is only a name.
  const members = librarian.inventory.set(writer.set) === undefined ? [] : librarian.members(writer.set);
  for (const { label } of members) {
    const isExported = await station.export(label.labelText);
    if (!isExported) context.warn(`${label.labelText} is not in ${station.changer} and was not exported`);
  }
}

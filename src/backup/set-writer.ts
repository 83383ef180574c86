// SPDX-License-Identifier: Apache-2.0
// Writes on a media set: takes the next cartridge when it needs one, labels it, appends tape files, and keeps catalog and
// tape in step. Order at every commit point: data on tape, then the tape is flushed, then the catalog. What is not committed
// is written again by the next job.

import { type Clock, concatBytes, epochSeconds, isFault, newUuid, type Random, type Uuid } from "#base/index.ts";
import type { Datastore } from "#datastore/index.ts";
import {
  ChunkFileWriter,
  isReservation,
  type SetLabel,
  type SnapshotFileSource,
  type TapeDrive,
  type TapeFileIdentity,
  writeCatalogFile,
  writeSetLabel,
  writeSnapshotFile,
} from "#format/index.ts";
import { keyConfigJson, type KeyRing, setKeyOf } from "#keys/index.ts";
import type { Allocation, CartridgeCatalog, CartridgeRecord, Librarian, MediaPool, PoolView } from "#media/index.ts";
import type { Notify } from "#notify/index.ts";
import type { TaskContext } from "#work/index.ts";
import { backupFault } from "./faults.ts";
import { noteCartridge } from "./cartridge-note.ts";
import { type LoadedCartridge, requestCartridge, waitForSet } from "./request.ts";
import type { TapeStation } from "./station.ts";

/** What writing on a set needs. */
export interface SetWriterOptions {
  readonly librarian: Librarian;
  readonly keys: KeyRing;
  readonly pool: MediaPool;
  readonly station: TapeStation;
  readonly clock: Clock;
  readonly random: Random;
  readonly context: TaskContext;
  readonly notify?: Notify;
  /** Resolves when it makes sense to look for a cartridge again. When it is left out, a pool without one is an error. */
  readonly waitForMedia?: (reason: string) => Promise<void>;
  /** Begin a new set whatever the policy says. */
  readonly isForced: boolean;
  /** Bytes after which tape and catalog are brought into step. */
  readonly commitAfterBytes: number;
  /** False only for jobs that are restricted to the root namespace. */
  readonly hasNamespaces: boolean;
}

interface OpenCartridge {
  readonly record: CartridgeRecord;
  readonly set: SetLabel;
  readonly drive: TapeDrive;
  readonly catalog: CartridgeCatalog;
  /** Number of the tape file that is written next. */
  nextFile: number;
  /** Entries for the catalog that wait for the next flush. */
  readonly pending: Uint8Array[];
  bytesSinceCommit: number;
}

/** Writes on one media set. */
export class SetWriter {
  readonly #options: SetWriterOptions;
  #view: PoolView;
  readonly set: Uuid;
  /** Catalogs of the members, by cartridge. */
  readonly #catalogs = new Map<Uuid, CartridgeCatalog>();
  readonly #used: string[] = [];
  #open: OpenCartridge | undefined;
  #hasCleaned = false;

  private constructor(options: SetWriterOptions, view: PoolView, set: Uuid) {
    this.#options = options;
    this.#view = view;
    this.set = set;
  }

  /** Decides about the set, takes its lock and reads its catalogs. Waits for who holds it. Fault `media.catalog-missing`. */
  static async begin(options: SetWriterOptions): Promise<SetWriter> {
    const { librarian, pool, station, context } = options;
    let view = librarian.view(pool, station.changer);
    let begun = librarian.beginSet(view, { isForced: options.isForced });
    // What another job does with the set may change which one this job goes on with.
    while (!librarian.lockSet(begun.uuid)) {
      await waitForSet(options, begun.uuid);
      view = librarian.view(pool, station.changer);
      begun = librarian.beginSet(view, { isForced: options.isForced });
    }
    const { uuid, decision } = begun;
    if (decision.kind === "new") context.log(`begins the media set ${uuid}: ${decision.reason}`);
    else context.log(`continues the media set ${uuid}`);
    const writer = new SetWriter(options, view, uuid);
    try {
      for (const record of decision.kind === "continue" ? librarian.members(uuid) : []) {
        await writer.#readCatalog(record);
      }
    } catch (error) {
      librarian.unlockSet(uuid);
      throw error;
    }
    return writer;
  }

  /** Labels of the cartridges that were written. */
  get used(): readonly string[] {
    return this.#used;
  }

  /** True when a chunk of a store is on the set. */
  hasChunk(store: string, digest: Uint8Array): boolean {
    return Array.from(this.#catalogs.values()).some((catalog) => catalog.chunkFile(store, digest) !== undefined);
  }

  /** True when a snapshot is on the set. */
  hasSnapshot(store: string, path: string): boolean {
    return Array.from(this.#catalogs.values()).some((catalog) => catalog.snapshot(store, path) !== undefined);
  }

  /**
   * Writes chunks, from the first of `queue`, into one tape file, until there are none, the file is long enough or the cartridge
   * ends. What is on tape is taken out of the queue.
   */
  async writeChunks(store: Datastore, queue: Uint8Array[]): Promise<void> {
    const digests: Uint8Array[] = [];
    const written = await this.#file((open) => this.#writeChunkFile(open, store, queue, digests));
    // A file without an end does not count, nor what is in it.
    if (written === "full") queue.push(...digests.toReversed());
  }

  async #writeChunkFile(
    open: OpenCartridge,
    store: Datastore,
    queue: Uint8Array[],
    digests: Uint8Array[],
  ): Promise<void> {
    const { context } = this.#options;
    const identity = this.#identity();
    const writer = await ChunkFileWriter.begin(open.drive, identity, store.name);
    const counter = context.counter("written", "bytes");
    let isFull = false;
    while (queue.length > 0 && !isFull && !writer.isLongEnough) {
      context.checkpoint();
      const digest = queue.at(-1) ?? new Uint8Array(0);
      const blob = await store.chunks.read(digest);
      const written = await writer.write({ digest, blob });
      if (written !== "cut") {
        digests.push(digest);
        queue.pop();
        counter.add(blob.byteLength);
      }
      isFull = written !== "written";
    }
    if (!writer.isClosed) isFull = (await writer.finish()).isNearEnd;
    const file = { fileNumber: open.nextFile, uuid: identity.uuid };
    open.pending.push(open.catalog.addArchive(file, store.name, digests));
    await this.#written(open, writer.bytesOnTape, isFull);
  }

  /** Writes a snapshot, on the next cartridge when it does not fit on this one. Fault `backup.does-not-fit`. */
  async writeSnapshot(store: string, path: string, files: readonly SnapshotFileSource[]): Promise<void> {
    for (let attempt = 0; attempt < 2; attempt++) {
      const isComplete = await this.#file(async (open) => {
        const identity = this.#identity();
        const written = await writeSnapshotFile(open.drive, identity, { store, snapshot: path }, files);
        if (written.isComplete) {
          open.pending.push(open.catalog.addSnapshot({ fileNumber: open.nextFile, uuid: identity.uuid, store, path }));
        }
        const size = files.reduce((sum, file) => sum + file.sizeBytes, 0);
        await this.#written(open, size, written.isNearEnd);
        return written.isComplete;
      });
      if (isComplete === true) return;
    }
    throw backupFault("does-not-fit", { what: `the snapshot ${store}:${path}` });
  }

  /** Appends the catalog of the last cartridge, and commits. Nothing when nothing was written. Fault `backup.does-not-fit`. */
  async finish(): Promise<void> {
    if (this.#used.length === 0) return;
    for (let attempt = 0; attempt < 2; attempt++) {
      const written = await this.#file(async (open) => {
        await this.#commit(open);
        const { isComplete, isNearEnd } = await this.#writeCatalog(open.drive, open.record);
        open.nextFile += 1;
        if (isNearEnd) await this.#change(open);
        else await this.#commit(open);
        return isComplete;
      });
      if (written === true) return;
    }
    throw backupFault("does-not-fit", { what: "the catalog" });
  }

  /**
   * Writes one tape file. `full`: the cartridge was full already, as a job that was interrupted may leave it; what was
   * written of the file does not count, and the next one goes onto the next cartridge.
   */
  async #file<T>(write: (open: OpenCartridge) => Promise<T>): Promise<T | "full"> {
    const open = await this.#ensure();
    try {
      return await write(open);
    } catch (error) {
      if (!isFault(error, "format.cartridge-full")) throw error;
      await this.#change(open);
      return "full";
    }
  }

  /** Lets go of drive and set, whatever happened. The cartridge stays in the drive. */
  async end(): Promise<void> {
    try {
      await this.release();
    } finally {
      this.#options.librarian.unlockSet(this.set);
    }
  }

  /** The cartridge that a job goes on with: the one that is open, or the next one, labelled and at its end. */
  async #ensure(): Promise<OpenCartridge> {
    if (this.#open !== undefined) return this.#open;
    const { keys, pool, context } = this.#options;
    const fingerprint = pool.encryption;
    const key =
      fingerprint === undefined ? undefined : { fingerprint, config: keyConfigJson(keys.config(fingerprint)) };
    const allocation = await this.#allocate(key);
    const { record } = allocation;
    context.log(`writes on ${record.label.labelText}, number ${allocation.set.setIndex} of the set`);
    const { drive, labels } = await this.#load(record);
    await this.#checkAlerts(drive, record);
    const catalog = await this.#readCatalog(record);
    const isFresh = await this.#prepare(drive, { ...allocation, set: { ...allocation.set, key } }, labels.set, catalog);
    if (fingerprint !== undefined) await drive.setEncryptionKey(setKeyOf(keys.key(fingerprint), this.set));
    const nextFile = await drive.locateEnd();
    const isBehind = nextFile > catalog.lastFile && nextFile >= 2;
    if (!isBehind)
      throw this.#disagrees(record, `its end is tape file ${nextFile}, the catalog names ${catalog.lastFile}`);
    const open = { record, set: allocation.set, drive, catalog, nextFile, pending: [], bytesSinceCommit: 0 };
    if (isFresh) await this.#writeEarlierCatalogs(open);
    this.#used.push(record.label.labelText);
    this.#open = open;
    return open;
  }

  /** Asks for a cartridge; a drive that wants to be cleaned is cleaned before, once in a job (B-ALERT-3). */
  async #load(record: CartridgeRecord): Promise<LoadedCartridge> {
    const { station, context, notify } = this.#options;
    const loaded = await requestCartridge(this.#options, record);
    const wantsCleaning = !this.#hasCleaned && (await loaded.drive.wantsCleaning?.()) === true;
    if (!wantsCleaning) return loaded;
    this.#hasCleaned = true;
    context.log(`${station.name} asks to be cleaned`);
    try {
      if (station.clean === undefined) throw backupFault("clean-by-hand", { drive: station.name });
      await station.clean();
      context.log(`${station.name} was cleaned`);
    } catch (error) {
      if (!isFault(error)) throw error;
      // A drive that was not cleaned still writes; if it cannot any more, it raises other alerts.
      context.warn(`${station.name} was not cleaned: ${error.message}`);
      const title = `The drive ${station.name} asks to be cleaned`;
      notify?.({
        type: "tape-alert",
        severity: "warning",
        title,
        text: error.message,
        fields: { drive: station.name },
      });
    }
    return requestCartridge(this.#options, record);
  }

  /** The next cartridge of the pool; waits for one where that is wanted. Fault `media.no-media` otherwise. */
  async #allocate(key: SetLabel["key"]): Promise<Allocation> {
    const { librarian, pool, station, waitForMedia } = this.#options;
    for (;;) {
      try {
        return await librarian.allocate(this.#view, this.set, key);
      } catch (error) {
        if (waitForMedia === undefined || !isFault(error, "media.no-media")) throw error;
        await waitForMedia(error.message);
        this.#view = librarian.view(pool, station.changer);
      }
    }
  }

  async #checkAlerts(drive: TapeDrive, record: CartridgeRecord): Promise<void> {
    const alerts = await drive.criticalAlerts();
    if (alerts.length === 0) return;
    const { librarian, station } = this.#options;
    await librarian.update((inventory) => inventory.withState(record.label.uuid, "damaged"));
    const details = { drive: station.name, label: record.label.labelText, alerts: alerts.join(", ") };
    throw backupFault("drive-alerts", details);
  }

  /** Writes the set label where that has to be; true when it was written. Fault `backup.catalog-disagrees`. */
  async #prepare(
    drive: TapeDrive,
    { record, set, givenUp }: Allocation,
    onTape: SetLabel | undefined,
    catalog: CartridgeCatalog,
  ): Promise<boolean> {
    if (onTape?.uuid === set.uuid) {
      const isSame = onTape.setIndex === set.setIndex && onTape.key?.fingerprint === set.key?.fingerprint;
      if (!isSame) throw this.#disagrees(record, "its set label has another place in the set, or another key");
      return false;
    }
    // What nobody gave up must not be overwritten; an empty catalog is left by a job that ended right here.
    const isFree = onTape === undefined || isReservation(onTape) || givenUp.includes(onTape.uuid);
    if (!isFree || catalog.lastFile >= 2)
      throw this.#disagrees(record, `it belongs to the media set ${onTape?.uuid ?? "of nobody"}`);
    // Behind a label whose writing was interrupted there may be no filemark yet; going to the end adds it.
    if (onTape === undefined) await drive.locateEnd();
    else await drive.locateFile(1);
    await drive.setEncryptionKey(undefined);
    await writeSetLabel(drive, this.#identity(), set);
    await drive.flush();
    await noteCartridge(drive, this.#options.context, { pool: set.pool });
    await this.#options.librarian.settle(record.label.uuid);
    return true;
  }

  async #writeEarlierCatalogs(open: OpenCartridge): Promise<void> {
    for (const member of this.#options.librarian.members(this.set)) {
      if ((member.set?.setIndex ?? 0) >= open.set.setIndex) continue;
      const { isNearEnd } = await this.#writeCatalog(open.drive, member);
      open.nextFile += 1;
      if (!isNearEnd) continue;
      // They only spare a restore some reading: the set goes on without them.
      this.#options.context.warn("the catalogs of earlier cartridges do not fit on this one");
      return;
    }
  }

  async #writeCatalog(drive: TapeDrive, record: CartridgeRecord): ReturnType<typeof writeCatalogFile> {
    const body = await this.#options.librarian.catalogSource(record);
    try {
      return await writeCatalogFile(drive, this.#identity(), {
        cartridge: record.label.uuid,
        set: this.set,
        setIndex: record.set?.setIndex ?? 0,
        hasNamespaces: this.#options.hasNamespaces,
        body,
      });
    } finally {
      await body.close();
    }
  }

  /** A tape file was written. Commits now and then, and changes the cartridge when its end is near. */
  async #written(open: OpenCartridge, bytes: number, isNearEnd: boolean): Promise<void> {
    open.nextFile += 1;
    open.bytesSinceCommit += bytes;
    if (isNearEnd) await this.#change(open);
    else if (open.bytesSinceCommit > this.#options.commitAfterBytes) await this.#commit(open);
  }

  /** The commit point: the tape first, then the catalog. */
  async #commit(open: OpenCartridge): Promise<void> {
    const { librarian } = this.#options;
    await open.drive.flush();
    const entries = concatBytes(open.pending.splice(0));
    if (entries.byteLength > 0) await librarian.appendCatalog(open.record.label.uuid, entries);
    open.bytesSinceCommit = 0;
    const used = await open.drive.usedBytes();
    await librarian.update((inventory) => inventory.withBytesUsed(open.record.label.uuid, used));
  }

  /** The cartridge is full: commits, notes it, and lets it go. */
  async #change(open: OpenCartridge): Promise<void> {
    const { librarian, station, context } = this.#options;
    await this.#commit(open);
    await librarian.update((inventory) => inventory.withState(open.record.label.uuid, "full"));
    context.log(`${open.record.label.labelText} is full`);
    this.#open = undefined;
    await open.drive.setEncryptionKey(undefined);
    await station.unload();
  }

  /** Takes a key out of the drive. */
  async release(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) await open.drive.setEncryptionKey(undefined);
  }

  async #readCatalog(record: CartridgeRecord): Promise<CartridgeCatalog> {
    const known = this.#catalogs.get(record.label.uuid);
    const catalog = known ?? (await this.#options.librarian.catalog(record.label.uuid));
    const { set, setIndex } = { set: record.set?.uuid, setIndex: record.set?.setIndex };
    if (catalog === undefined || catalog.set?.uuid !== set || catalog.set?.setIndex !== setIndex) {
      throw this.#disagrees(record, "there is no catalog of this cartridge in this set");
    }
    this.#catalogs.set(record.label.uuid, catalog);
    return catalog;
  }

  #identity(): TapeFileIdentity {
    const { clock, random } = this.#options;
    return { uuid: newUuid(random), ctime: epochSeconds(clock.now()) };
  }

  #disagrees(record: CartridgeRecord, reason: string): Error {
    return backupFault("catalog-disagrees", { label: record.label.labelText, reason });
  }
}

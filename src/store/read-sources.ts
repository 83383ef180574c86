// SPDX-License-Identifier: Apache-2.0
// Where the bytes of a loaded cartridge's segments are read from: memory for what was just written, local files through
// the page cache, the object store for what was evicted.

import { asError, assert, isFault, limits } from "#base/index.ts";
import type { Entry } from "./directory-entry.ts";
import { unlessMissing } from "./disk-paths.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { storeFault } from "./faults.ts";
import type { ByteSource } from "./file-window.ts";
import { isAsSealed } from "./segment-check.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";

/** Fetches what is not on the local disk. */
export interface RemoteSegments {
  /** A source over the object of a stored segment. Reading may fetch all of it into the cache. */
  open(cartridge: StoredCartridge, entry: Entry): ByteSource;
  /** Somebody reads forward and is in this segment, local or not: what follows may be fetched, until `rest`. */
  goAhead(cartridge: StoredCartridge, entry: Entry): void;
  /** Nobody reads the cartridge forward any more. */
  rest(cartridge: StoredCartridge): void;
}

/** The part of the writer that reading needs. */
export interface RecentBytes {
  copyFromRing(segment: number, offset: number, into: Uint8Array): number;
  heldFrom(segment: number): number | undefined;
}

/**
 * Segments that were read before. The first reading of a segment goes past the page cache, which it would only push
 * other things out of; when somebody reads it again, the page cache is worth its price.
 */
export class SeenSegments {
  readonly #seen = new Set<string>();

  /** True when the segment was read before; from now on it was. */
  note(cartridge: string, segment: number): boolean {
    const name = `${cartridge}/${segment}`;
    const wasSeen = this.#seen.delete(name);
    this.#seen.add(name);
    if (this.#seen.size > limits.segmentsSeen) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    return wasSeen;
  }
}

/** Reads that were answered from here, and those that asked the object store. */
export interface ReadCounts {
  hits: number;
  misses: number;
}

/** What sources need. */
export interface ReadSourcesOptions {
  readonly disk: Disk;
  readonly cartridge: StoredCartridge;
  readonly remote: RemoteSegments;
  readonly recent: RecentBytes;
  /** Undefined when everything is read through the page cache. */
  readonly seen: SeenSegments | undefined;
  readonly counts: ReadCounts;
  /** Called once for a local copy that is not what was written, when the object store has the segment too. */
  readonly damagedCopy: (entry: Entry, what: string) => void;
}

/** A local file that is closed when nobody reads from it any more. */
class LocalSource implements ByteSource {
  readonly isDirect: boolean;
  readonly #file: DiskFile;
  #reading = 0;
  #isDone = false;

  constructor(file: DiskFile, isDirect: boolean) {
    this.#file = file;
    this.isDirect = isDirect;
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    assert(!this.#isDone || this.#reading > 0, "a source that is open");
    this.#reading += 1;
    try {
      return await this.#file.read(offset, into);
    } finally {
      this.#reading -= 1;
      if (this.#isDone && this.#reading === 0) await this.#file.close();
    }
  }

  async done(): Promise<void> {
    this.#isDone = true;
    if (this.#reading === 0) await this.#file.close();
  }
}

type LocalFiles = Map<number, Promise<LocalSource | undefined>>;

/** The sources of one loaded cartridge. */
export class ReadSources {
  readonly #options: ReadSourcesOptions;
  /** Files for small reads here and there, and for large ones going forward; least recently used first. */
  readonly #files: LocalFiles = new Map();
  readonly #forward: LocalFiles = new Map();
  /** Stored segments whose local copy is damaged, and why the object store did not give what was asked of it instead. */
  readonly #distrusted = new Map<number, Error | undefined>();
  /** Segments whose file is what the directory says, byte for byte. */
  readonly #proved = new Set<number>();

  constructor(options: ReadSourcesOptions) {
    this.#options = options;
  }

  /** Reads bytes of a segment until `into` is full or the segment ends; `entry` when the directory knows it. */
  async read(segment: number, entry: Entry | undefined, offset: number, into: Uint8Array): Promise<number> {
    let count = 0;
    while (count < into.byteLength) {
      const got = await this.#readSome(segment, entry, offset + count, into.subarray(count));
      if (got === 0) break;
      count += got;
    }
    return count;
  }

  /** As `read`, for large reads going forward; offset, length and memory are multiples of a page. */
  async readForward(segment: number, entry: Entry | undefined, offset: number, into: Uint8Array): Promise<number> {
    const { seen, recent } = this.#options;
    // The rest of a segment that is still in memory would not be aligned.
    if (seen === undefined || entry === undefined || recent.heldFrom(segment) !== undefined) {
      return this.read(segment, entry, offset, into);
    }
    if (this.#distrusted.has(segment)) return this.read(segment, entry, offset, into);
    const file = await this.#file(this.#forward, segment, () => !seen.note(this.#options.cartridge.id, segment));
    if (file?.isDirect !== true) return this.read(segment, entry, offset, into);
    this.#options.counts.hits += 1;
    try {
      return await file.read(offset, into);
    } catch (error) {
      if (!(await this.#canDoWithout(segment, error))) throw error;
      return this.read(segment, entry, offset, into);
    }
  }

  /**
   * What was read of the segment here is not what was written. True: from now on it is read from the object store, so try again;
   * false: nobody has it any better. Throws why the object store cannot be asked now.
   */
  async distrust(segment: number, what: string): Promise<boolean> {
    const failure = this.#distrusted.get(segment);
    if (failure !== undefined && !isLostForGood(failure)) throw failure;
    if (this.#distrusted.has(segment)) return false;
    const entry = (await this.#options.cartridge.find(segment))?.entry;
    if (entry?.stored !== true || !entry.local || this.#proved.has(segment)) return false;
    const { disk, cartridge } = this.#options;
    if (await isAsSealed(disk, cartridge.segmentPath(segment), entry)) {
      // It was so when it was uploaded: the object store has it no better.
      this.#proved.add(segment);
      return false;
    }
    this.#distrusted.set(segment, undefined);
    this.#options.damagedCopy(entry, what);
    return true;
  }

  /** The local copy was made anew. */
  async trust(segment: number): Promise<void> {
    this.#distrusted.delete(segment);
    for (const files of [this.#files, this.#forward]) {
      const opening = files.get(segment);
      files.delete(segment);
      await (await opening?.catch(() => undefined))?.done();
    }
  }

  /** Somebody reads forward and is in this segment. */
  goAhead(entry: Entry): void {
    this.#options.remote.goAhead(this.#options.cartridge, entry);
  }

  /** Nobody reads forward any more. */
  rest(): void {
    this.#options.remote.rest(this.#options.cartridge);
  }

  /** A source over one segment. */
  of(segment: number, entry: Entry | undefined): ByteSource {
    return { read: (offset, into) => this.read(segment, entry, offset, into) };
  }

  /** Closes all files once nobody reads from them. */
  async close(): Promise<void> {
    const files = [...this.#files.values(), ...this.#forward.values()];
    this.#files.clear();
    this.#forward.clear();
    for (const opening of files) {
      const file = await opening.catch(() => undefined);
      await file?.done();
    }
  }

  async #readSome(segment: number, entry: Entry | undefined, offset: number, into: Uint8Array): Promise<number> {
    const { recent, cartridge, remote, counts } = this.#options;
    counts.hits += 1;
    const held = recent.copyFromRing(segment, offset, into);
    if (held > 0) return held;
    const heldFrom = recent.heldFrom(segment);
    const length = heldFrom === undefined ? into.byteLength : Math.min(into.byteLength, heldFrom - offset);
    if (length <= 0) return 0;
    const wanted = into.subarray(0, length);
    const isDistrusted = this.#distrusted.has(segment);
    const file = isDistrusted ? undefined : await this.#file(this.#files, segment, () => false);
    if (file !== undefined) {
      try {
        return await file.read(offset, wanted);
      } catch (error) {
        if (!(await this.#canDoWithout(segment, error))) throw error;
      }
    }
    const now = (await cartridge.find(segment))?.entry ?? entry;
    counts.hits -= 1;
    counts.misses += 1;
    if (now?.stored !== true) throw storeFault("segment-missing", { segment, cartridge: cartridge.id });
    if (!isDistrusted) return remote.open(cartridge, now).read(offset, wanted);
    try {
      const count = await remote.open(cartridge, now).read(offset, wanted);
      this.#distrusted.set(segment, undefined);
      return count;
    } catch (error) {
      return this.#readDistrusted(segment, asError(error), () => this.#readLocal(segment, offset, wanted));
    }
  }

  /** The object store has it too, and the disk does not give it. */
  async #canDoWithout(segment: number, error: unknown): Promise<boolean> {
    return isFault(error, "store.disk-failed") && this.distrust(segment, error.message);
  }

  /** What the object store does not give may be whole here after all: the checksums of records tell. */
  async #readDistrusted(segment: number, failure: Error, readLocal: () => Promise<number>): Promise<number> {
    this.#distrusted.set(segment, failure);
    const count = await readLocal().catch(() => 0);
    if (count === 0) throw failure;
    return count;
  }

  async #readLocal(segment: number, offset: number, into: Uint8Array): Promise<number> {
    const file = await this.#file(this.#files, segment, () => false);
    return (await file?.read(offset, into)) ?? 0;
  }

  #file(files: LocalFiles, segment: number, wantsDirect: () => boolean): Promise<LocalSource | undefined> {
    const known = files.get(segment);
    files.delete(segment);
    const opening = known ?? this.#open(files, segment, wantsDirect());
    files.set(segment, opening);
    if (files.size > limits.segmentFilesOpen) {
      const [[oldest, file] = []] = files;
      if (oldest !== undefined && file !== undefined) {
        files.delete(oldest);
        void file.then((source) => source?.done()).catch(() => {});
      }
    }
    return opening;
  }

  async #open(files: LocalFiles, segment: number, direct: boolean): Promise<LocalSource | undefined> {
    const { disk, cartridge } = this.#options;
    try {
      const file = await unlessMissing(disk.open(cartridge.segmentPath(segment), { mode: "read", direct }));
      // It may be fetched later: look again then.
      if (file === undefined) files.delete(segment);
      return file === undefined ? undefined : new LocalSource(file, direct);
    } catch (error) {
      files.delete(segment);
      throw error;
    }
  }
}

/** Asking again gives nothing else. */
function isLostForGood(error: Error): boolean {
  return ["store.object-damaged", "store.object-missing", "store.object-short"].some((code) => isFault(error, code));
}

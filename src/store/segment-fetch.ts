// SPDX-License-Identifier: Apache-2.0
// Reads a segment that is only in the object store: by ranges, kept in a file beside, which becomes the local copy when
// all of it is there and has its checksum. On a disk without room the last few ranges are kept in memory instead, so
// that a full disk never keeps anybody from reading.

import { asError, assert, isFault, limits } from "#base/index.ts";
import { openAnyCopy } from "./any-copy.ts";
import type { Copies } from "./copies.ts";
import { crc32 } from "./crc32.ts";
import type { DemandThaw } from "./demand-thaw.ts";
import type { Entry } from "./directory-entry.ts";
import { folderOf } from "./disk-paths.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { storeFault } from "./faults.ts";
import { type ByteSource, FileWindow } from "./file-window.ts";
import { segmentKey } from "./object-keys.ts";
import type { RemoteContent, RemoteOptions } from "./remote-content.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";

/** What fetching needs. */
export interface FetchOptions extends RemoteOptions {
  readonly disk: Disk;
  /** Where segments can be fetched from. */
  readonly copies: Copies;
  /** Called with the bytes of each range. */
  readonly fetched: (byteCount: number) => void;
  /** Called when a segment became local. */
  readonly cached: (cartridge: StoredCartridge) => void;
}

/** Whose segments are fetched, what is asked before, and how much of them is on its way. */
export interface Fetched {
  readonly cartridge: StoredCartridge;
  readonly demand: DemandThaw | undefined;
  readonly lane: FetchLane;
}

/** The requests of one cartridge, all segments together. */
export class FetchLane {
  /** The reader went on, or the bytes of a request have all found their place. */
  readonly moved: () => void;
  #inFlight = 0;

  constructor(moved: () => void) {
    this.moved = moved;
  }

  /** Nothing more should be asked for ahead of time. What somebody waits for is not held back. */
  get isFull(): boolean {
    return this.#inFlight >= limits.fetchesInFlight;
  }

  begin(): void {
    this.#inFlight += 1;
  }

  end(): void {
    this.#inFlight -= 1;
    this.moved();
  }
}

/** One segment on its way. */
export class SegmentFetch implements ByteSource {
  readonly #options: FetchOptions;
  readonly #cartridge: StoredCartridge;
  readonly #demand: DemandThaw | undefined;
  readonly #entry: Entry;
  readonly #lane: FetchLane;
  #chunks: (Promise<void> | undefined)[] = [];
  /** Bytes of each chunk but the last. */
  #chunkSize = 1;
  #content: Promise<RemoteContent> | undefined;
  readonly #abort = new AbortController();
  /** Ranges that the disk has no room for, the oldest first; once there is one, all that follow come here. */
  readonly #memory = new Map<number, Uint8Array>();
  #hasRoom = true;
  /** The range that was asked for last. */
  #wanted = 0;
  #file: Promise<DiskFile> | undefined;
  #readers = 0;
  /** The first range that could not be had: nothing behind it is fetched until somebody asked for it and got it. */
  #failed = Infinity;
  #done = 0;
  #finishing: Promise<void> | undefined;

  constructor(options: FetchOptions, { cartridge, demand, lane }: Fetched, entry: Entry) {
    this.#options = options;
    this.#cartridge = cartridge;
    this.#demand = demand;
    this.#entry = entry;
    this.#lane = lane;
  }

  get #path(): string {
    return `${this.#cartridge.segmentPath(this.#entry.segment)}.part`;
  }

  /** Somebody waits for bytes of it. */
  get isBusy(): boolean {
    return this.#readers > 0;
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    if (offset >= this.#entry.fileSize) return 0;
    this.#readers += 1;
    try {
      return await this.#read(offset, into);
    } finally {
      this.#readers -= 1;
    }
  }

  async #read(offset: number, into: Uint8Array): Promise<number> {
    await this.#demand?.ready(this.#entry);
    await this.#open();
    const size = this.#chunkSize;
    const chunk = Math.floor(offset / size);
    // What lies across a border comes with one request.
    this.#fetchMissing(chunk, Math.min(Math.ceil((offset + into.byteLength) / size), this.#chunks.length));
    const wanted = this.#chunks[chunk];
    this.#wanted = chunk;
    this.#lane.moved();
    await wanted;
    const held = this.#memory.get(chunk);
    if (held !== undefined) {
      const from = held.subarray(offset - chunk * size).subarray(0, into.byteLength);
      into.set(from);
      return from.byteLength;
    }
    // It came, and was pushed out again before this reader had its turn.
    if (this.#chunks[chunk] === undefined) return this.#read(offset, into);
    const end = Math.min((chunk + 1) * size, this.#entry.fileSize);
    const file = await this.#part();
    return file.read(offset, into.subarray(0, Math.min(into.byteLength, end - offset)));
  }

  /** Learns what it must know before anything of it can be fetched ahead. Asks nobody whether it is thawed. */
  async prepare(): Promise<void> {
    await this.#open();
  }

  /** Asks for what follows the range that was read last, as long as there is room for requests; true: there is no more. */
  fetchAhead(): boolean {
    // Without room on the disk, what is fetched too early only pushes out what is still wanted.
    const last = this.#hasRoom ? Infinity : this.#wanted + limits.fetchesInFlight;
    const end = Math.min(this.#chunks.length, last + 1, this.#failed);
    for (let chunk = this.#wanted; chunk < end; chunk++) {
      if (this.#chunks[chunk] !== undefined) continue;
      if (this.#lane.isFull) return false;
      this.#fetchMissing(chunk, end);
    }
    return end > 0 && end === this.#chunks.length;
  }

  /** Stops and removes what was fetched, unless it is complete. */
  async close(): Promise<void> {
    this.#abort.abort(new Error("the cartridge was unloaded"));
    await Promise.allSettled(this.#chunks.filter((chunk) => chunk !== undefined));
    await this.#finishing;
    const file = await this.#file?.catch(() => undefined);
    await file?.close();
    await this.#options.disk.remove(this.#path);
  }

  /** Learns where its frames are. What failed is tried again by the next read. */
  #open(): Promise<RemoteContent> {
    this.#content ??= (async () => {
      const opening = openAnyCopy(this.#options, this.#cartridge, this.#entry, this.#abort.signal);
      const content = await this.#unlessFrozen(opening);
      this.#chunkSize = content.pieceSize;
      const count = Math.ceil(this.#entry.fileSize / content.pieceSize);
      this.#chunks = Array.from({ length: count }, () => undefined);
      return content;
    })();
    this.#content.catch(() => {
      this.#content = undefined;
    });
    return this.#content;
  }

  /** What the object store says is frozen must be asked about anew. */
  async #unlessFrozen<T>(request: Promise<T>): Promise<T> {
    try {
      return await request;
    } catch (error) {
      if (isFault(error, "store.object-frozen")) await this.#demand?.forget(this.#entry);
      throw error;
    }
  }

  /** Fetches the chunk and those behind it, as many as one request should bring, unless somebody does already. */
  #fetchMissing(first: number, end: number): void {
    const atOnce = Math.max(1, Math.floor(limits.fetchSize / this.#chunkSize));
    let count = 0;
    while (count < atOnce && first + count < end && this.#chunks[first + count] === undefined) count += 1;
    if (count > 0) this.#fetchChunks(first, count);
  }

  /** Fetches chunks that nobody fetches yet, with one request. */
  #fetchChunks(first: number, count: number): void {
    this.#lane.begin();
    const request = this.#request(first, count);
    const kept: Promise<void>[] = [];
    for (let at = 0; at < count; at++) {
      const chunk = first + at;
      const fetching = request.then(async (pieces) => this.#keep(chunk, await pieces[at]));
      this.#chunks[chunk] = fetching;
      kept.push(
        fetching.then(
          () => this.#chunkDone(chunk),
          () => {
            // The next read tries again.
            this.#chunks[chunk] = undefined;
            this.#failed = Math.min(this.#failed, chunk);
          },
        ),
      );
    }
    void Promise.all(kept).then(() => this.#lane.end());
  }

  async #request(first: number, count: number): Promise<readonly Promise<Uint8Array>[]> {
    const content = await this.#open();
    return this.#unlessFrozen(content.read(first, count, this.#abort.signal));
  }

  async #keep(chunk: number, bytes: Uint8Array | undefined): Promise<void> {
    assert(bytes !== undefined, "a piece for each chunk");
    this.#options.fetched(bytes.byteLength);
    if (this.#hasRoom && (await this.#writePart(chunk * this.#chunkSize, bytes))) return;
    this.#keepInMemory(chunk, bytes);
  }

  /** False when the disk has no room. */
  async #writePart(offset: number, bytes: Uint8Array): Promise<boolean> {
    try {
      const file = await this.#part();
      await file.write(offset, [bytes]);
      return true;
    } catch (error) {
      if (!isFault(error, "store.disk-full")) throw error;
      this.#hasRoom = false;
      return false;
    }
  }

  /** A few more than can be under way: the range being read, and those that were fetched ahead of it. */
  #keepInMemory(chunk: number, bytes: Uint8Array): void {
    this.#memory.set(chunk, bytes);
    for (const oldest of this.#memory.keys()) {
      if (this.#memory.size <= limits.fetchesInFlight + 2) return;
      this.#memory.delete(oldest);
      this.#chunks[oldest] = undefined;
    }
  }

  #chunkDone(chunk: number): void {
    if (chunk === this.#failed) this.#failed = Infinity;
    this.#done += 1;
    if (this.#hasRoom && this.#done === this.#chunks.length) this.#finishing = this.#finish();
  }

  /** All of it is there: it becomes the local copy. */
  async #finish(): Promise<void> {
    const { disk, log, cached } = this.#options;
    const { segment, fileSize, fileCrc } = this.#entry;
    try {
      const file = await this.#part();
      let sum = 0;
      for await (const piece of new FileWindow(file).pieces(0, fileSize)) sum = crc32(piece, sum);
      if (sum !== fileCrc) {
        const key = segmentKey(this.#cartridge.ownerOf(segment).id, this.#entry);
        throw storeFault("object-corrupt", { key, actual: sum, expected: fileCrc });
      }
      await file.sync();
      const path = this.#cartridge.segmentPath(segment);
      await disk.rename(this.#path, path);
      await disk.syncFolder(folderOf(path));
      await this.#cartridge.markLocal([segment], true);
      cached(this.#cartridge);
    } catch (error) {
      log.warn("a segment was fetched but could not be kept", { path: this.#path, error: asError(error).message });
    }
  }

  #part(): Promise<DiskFile> {
    this.#file ??= this.#makePart();
    return this.#file;
  }

  async #makePart(): Promise<DiskFile> {
    const { disk } = this.#options;
    await disk.makeFolder(this.#cartridge.folder);
    await disk.remove(this.#path);
    return disk.open(this.#path, { mode: "create" });
  }
}

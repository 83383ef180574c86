// SPDX-License-Identifier: Apache-2.0
// Reads cartridges from an object store and the keys alone: no data folder, no gateway. Everything is verified on the way;
// what is damaged ends the reading with its number, or is left out and named when that is asked for.

import {
  bytesFromHex,
  type Clock,
  type Fault,
  InlineThreads,
  isFault,
  limits,
  type Log,
  type Random,
} from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import type { Entry } from "./directory-entry.ts";
import { storeFault } from "./faults.ts";
import { type ByteSource, FileWindow } from "./file-window.ts";
import { KeyRing, type KeyProviders } from "./key-ring.ts";
import { ownerOf } from "./head.ts";
import { manifestEntries, type ManifestWork, newestManifest, readManifest } from "./manifest-files.ts";
import type { Manifest } from "./manifest.ts";
import type { ObjectStore } from "./object-store.ts";
import { retried } from "./object-work.ts";
import { filemarksOf, findRecord, type FoundRecord, objectsOf, recordUnit, type SegmentIdentity } from "./record.ts";
import { openRemote, type RemoteContent, type RemoteOptions } from "./remote-content.ts";
import { sealJobs } from "./seal-jobs.ts";
import { type Checkpoint, decodeFooter, pageSize, SegmentHeader } from "./segment-format.ts";
import { ringSealers } from "./store-sealing.ts";
import type { CartridgeId } from "./types.ts";

/** What reading needs. */
export interface BucketReaderOptions {
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly providers: KeyProviders;
}

/** A cartridge in the bucket, as its newest manifest tells it. */
export interface BucketCartridge {
  readonly id: CartridgeId;
  readonly manifest: Manifest;
}

/** What is on a cartridge, in order; `file` is the number of filemarks before it. */
export type TapePiece =
  | {
      readonly kind: "block";
      readonly object: number;
      readonly file: number;
      readonly bytes: Uint8Array;
      /** By the host's key, in the drive: the bytes are what the drive made of the block. */
      readonly isEncrypted: boolean;
    }
  | { readonly kind: "filemarks"; readonly object: number; readonly file: number; readonly count: number }
  /** Objects from `object` up to, not including, `end` cannot be had. `files`: filemarks among them. */
  | {
      readonly kind: "lost";
      readonly object: number;
      readonly end: number;
      readonly file: number;
      readonly files: number;
      readonly reason: string;
    };

/** How to read. */
export interface ReadingOptions {
  /** Leave out what only belongs to earlier tape files. Default 0. */
  readonly fromFile?: number;
  /** Go on behind damage. */
  readonly salvage?: boolean;
}

/** Where reading is. */
interface Place {
  object: number;
  file: number;
}

/** A segment that is being read. */
interface Reading {
  readonly id: CartridgeId;
  readonly entry: Entry;
  readonly identity: SegmentIdentity;
  readonly source: ByteSource;
  readonly place: Place;
}

/** Reads from one bucket. */
export class BucketReader {
  readonly #options: BucketReaderOptions;
  readonly #remote: RemoteOptions;

  constructor(options: BucketReaderOptions) {
    this.#options = options;
    const { objects, clock, random, providers, log } = options;
    const keys = new KeyRing({ objects, clock, random, providers, level: 0 });
    this.#remote = { objects, clock, log, keys, threads: new InlineThreads(sealJobs) };
  }

  /** Names of all cartridges in the bucket. */
  async *ids(): AsyncGenerator<CartridgeId> {
    const { objects, clock } = this.#options;
    const root = "cartridges/";
    for (let after: string | undefined; ;) {
      const from = after;
      const [key] = await retried(clock, undefined, () => objects.list(root, from, 1));
      const id = key?.slice(root.length).split("/")[0];
      if (id === undefined) return;
      yield id as CartridgeId;
      // Behind everything of this cartridge.
      after = `${root}${id}/\u{10ffff}`;
    }
  }

  /** The cartridge of that name; undefined when the bucket has no manifest of it. Faults of keys and of damage. */
  async cartridge(id: CartridgeId): Promise<BucketCartridge | undefined> {
    const work = this.#work(id);
    const name = await newestManifest(work, id);
    return name && { id, manifest: await readManifest(work, id, name) };
  }

  /** By name or barcode. Fault `store.cartridge-missing`. */
  async find(name: string): Promise<BucketCartridge> {
    if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
      const found = await this.cartridge(name as CartridgeId);
      if (found !== undefined) return found;
    }
    for await (const id of this.ids()) {
      const found = await this.cartridge(id);
      if (found?.manifest.description["barcode"] === name) return found;
    }
    throw storeFault("cartridge-missing", { cartridge: name });
  }

  /** Everything on the cartridge. Fault `store.record-damaged` at the first object that is damaged, unless salvaging. */
  async *read({ id, manifest }: BucketCartridge, options: ReadingOptions = {}): AsyncGenerator<TapePiece> {
    const { fromFile = 0, salvage = false } = options;
    const tag = bytesFromHex(manifest.tag);
    for await (const entries of manifestEntries(this.#work(id), id, manifest)) {
      for (const entry of entries) {
        if (entry.firstFile + entry.filemarks < fromFile) continue;
        const identity = { segment: entry.segment, generation: entry.generation, tag };
        const place = { object: entry.firstObject, file: entry.firstFile };
        const owner = ownerOf(entry.segment, { ...manifest, id }).id;
        const source = new PiecewiseSource(this.#remote, owner, entry);
        yield* this.#segment({ id, entry, identity, source, place }, salvage);
      }
    }
  }

  async *#segment(reading: Reading, salvage: boolean): AsyncGenerator<TapePiece> {
    const { id, entry, place } = reading;
    const end = entry.firstObject + entry.objects;
    let offset: number | undefined = SegmentHeader.size;
    while (offset !== undefined && place.object < end) {
      const [from, fromFile] = [place.object, place.file];
      const failure = yield* piecesFrom(reading, offset, end);
      if (failure === undefined) return;
      const damage = { object: place.object, cartridge: id, reason: failure.reason };
      if (!salvage) throw storeFault("record-damaged", damage, failure.cause);
      const lost = { object: place.object, file: place.file };
      offset = await resumeBehind(reading, failure.offset, from === place.object && fromFile === place.file);
      if (offset === undefined) [place.object, place.file] = [end, entry.firstFile + entry.filemarks];
      const files = place.file - lost.file;
      yield { kind: "lost", ...lost, end: place.object, files, reason: failure.reason };
    }
  }

  #work(id: CartridgeId): ManifestWork {
    const { objects, clock } = this.#options;
    return { objects, clock, sealer: ringSealers(this.#remote.keys, "").cartridge(id), options: {} };
  }
}

interface Failure {
  readonly offset: number;
  readonly reason: string;
  readonly cause: unknown;
}

/** The records from `offset` on; says where and why they end too early. */
async function* piecesFrom(
  reading: Reading,
  offset: number,
  end: number,
): AsyncGenerator<TapePiece, Failure | undefined> {
  const { identity, source, place } = reading;
  const window = new FileWindow(source);
  let at = offset;
  while (place.object < end) {
    let record: FoundRecord | string;
    let bytes: Uint8Array | undefined;
    try {
      record = findRecord(await window.at(at, recordUnit), 0, identity);
      if (typeof record !== "string") bytes = await dataOf(source, at, record);
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { offset: at, reason: error.message, cause: error };
    }
    const problem = typeof record === "string" ? record : problemOf(record, bytes, place);
    if (typeof record === "string" || problem !== undefined) {
      return { offset: at, reason: problem ?? "there is no record", cause: undefined };
    }
    const count = Math.min(objectsOf(record), end - place.object);
    if (record.kind === "block" && bytes !== undefined) {
      yield { kind: "block", ...place, bytes, isEncrypted: record.isEncrypted };
    } else if (record.kind === "filemarks") yield { kind: "filemarks", ...place, count };
    place.object += count;
    place.file += Math.min(filemarksOf(record), count);
    at += record.size;
  }
  return undefined;
}

async function dataOf(source: ByteSource, offset: number, record: FoundRecord): Promise<Uint8Array | undefined> {
  if (record.kind !== "block" || record.length > limits.blockSizeMax * 2) return undefined;
  const bytes = new Uint8Array(record.length);
  for (let done = 0; done < bytes.byteLength;) {
    const count = await source.read(offset + recordUnit + done, bytes.subarray(done));
    if (count === 0) return bytes.subarray(0, done);
    done += count;
  }
  return bytes;
}

function problemOf(record: FoundRecord, bytes: Uint8Array | undefined, place: Place): string | undefined {
  if (record.kind !== "skip" && record.objectNumber !== place.object) {
    return `object ${record.objectNumber} follows, not ${place.object}`;
  }
  if (record.kind !== "block") return undefined;
  if (bytes?.byteLength !== record.length) return "its data is cut";
  return crc32(bytes) === record.dataCrc ? undefined : "its data does not have its checksum";
}

/** Damage that another place of the segment need not have. */
function isDamage(error: unknown): error is Fault {
  return ["object-damaged", "object-short", "object-missing", "file-damaged"].some((code) =>
    isFault(error, `store.${code}`),
  );
}

/** Where reading can go on: the first checkpoint behind the damage. Sets the place to it. */
async function resumeBehind(reading: Reading, offset: number, isStuck: boolean): Promise<number | undefined> {
  const { entry, place } = reading;
  for (const checkpoint of await checkpointsOf(reading)) {
    const isBehind = checkpoint.offset > offset && checkpoint.objectNumber >= place.object + (isStuck ? 1 : 0);
    if (!isBehind || checkpoint.objectNumber >= entry.firstObject + entry.objects) continue;
    [place.object, place.file] = [checkpoint.objectNumber, checkpoint.fileNumber];
    return checkpoint.offset;
  }
  return undefined;
}

/** The sparse index at the end of the segment; empty when that is damaged too. */
async function checkpointsOf({ entry, identity, source }: Reading): Promise<readonly Checkpoint[]> {
  try {
    const page = new Uint8Array(pageSize);
    let count = 0;
    while (count < pageSize) {
      const got = await source.read(entry.fileSize - pageSize + count, page.subarray(count));
      if (got === 0) break;
      count += got;
    }
    const footer = decodeFooter("the segment", page.subarray(0, count), identity);
    return typeof footer === "string" ? [] : footer.checkpoints;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return [];
  }
}

/** A stored segment as a source of bytes: pieces are fetched a few at a time, going forward. */
class PiecewiseSource implements ByteSource {
  readonly #remote: RemoteOptions;
  readonly #id: CartridgeId;
  readonly #entry: Entry;
  readonly #signal = new AbortController().signal;
  #content: Promise<RemoteContent> | undefined;
  /** The last pieces, by number. */
  readonly #pieces = new Map<number, Promise<Uint8Array>>();

  constructor(remote: RemoteOptions, id: CartridgeId, entry: Entry) {
    this.#remote = remote;
    this.#id = id;
    this.#entry = entry;
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    if (offset < 0 || offset >= this.#entry.fileSize) return 0;
    const content = await this.#open();
    const number = Math.floor(offset / content.pieceSize);
    if (!this.#pieces.has(number)) await this.#bring(content, number);
    const piece = await this.#pieces.get(number);
    const from = piece?.subarray(offset - number * content.pieceSize).subarray(0, into.byteLength);
    if (from === undefined) return 0;
    into.set(from);
    return from.byteLength;
  }

  async #open(): Promise<RemoteContent> {
    const frames = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
    const holder = { id: this.#id, frames, ownerOf: () => ({ id: this.#id }) };
    this.#content ??= openRemote(this.#remote, holder, this.#entry, this.#signal);
    return this.#content;
  }

  async #bring(content: RemoteContent, first: number): Promise<void> {
    const total = Math.ceil(this.#entry.fileSize / content.pieceSize);
    const count = Math.min(Math.max(1, Math.floor(limits.fetchSize / content.pieceSize)), total - first);
    const pieces = await content.read(first, count, this.#signal);
    this.#pieces.clear();
    for (const [index, piece] of pieces.entries()) {
      // Whoever reads it meets its damage.
      piece.catch(() => {});
      this.#pieces.set(first + index, piece);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// Indexes: the chunks that make up an image (fixed, `.fidx`) or an archive (dynamic, `.didx`), in order. A page of 4096
// bytes, then an entry per chunk. They are read page by page, because a large store has millions of entries.

import { createHash } from "node:crypto";
import { bytesFromHex, bytesOfUuid, equalBytes, hexFromBytes, limits, type Uuid, uuidFromBytes } from "#base/index.ts";
import { bytes, int64Le, layout, uint64Le } from "#codec/index.ts";
import { type ByteRange, rangeSource } from "#pxar/index.ts";
import { readFully } from "#base/index.ts";
import { datastoreFault } from "./faults.ts";

/** The page that begins an index. */
export const indexHeadSize = 4096;

/** Begins a fixed index; zeros follow to byte 4096. */
export const FixedIndexHeader = layout("fixed index header", 80, {
  magic: bytes(0, 8),
  uuid: bytes(8, 16),
  ctime: int64Le(24),
  /** SHA-256 of the entries: its identity in the manifest. */
  checksum: bytes(32, 32),
  /** Bytes of the image. */
  size: uint64Le(64),
  /** A power of two; the last chunk holds what is left. */
  chunkSize: uint64Le(72),
});

/** Begins a dynamic index; zeros follow to byte 4096. */
export const DynamicIndexHeader = layout("dynamic index header", 64, {
  magic: bytes(0, 8),
  uuid: bytes(8, 16),
  ctime: int64Le(24),
  /** SHA-256 of the entries: its identity in the manifest. */
  checksum: bytes(32, 32),
});

/** An entry of a dynamic index; a fixed one has the digest only. */
export const DynamicIndexEntry = layout("dynamic index entry", 40, { end: uint64Le(0), digest: bytes(8, 32) });

/** Begins every fixed index. */
export const fixedIndexMagic = bytesFromHex("2f7f41ed91fd0fcd");
/** Begins every dynamic index. */
export const dynamicIndexMagic = bytesFromHex("1c914ea519bab3cd");
const digestSize = 32;

/** A chunk of an index. */
export interface IndexedChunk {
  readonly digest: Uint8Array;
  /** Place of its first byte in the image or archive, and of the byte behind its last. */
  readonly start: number;
  readonly end: number;
}

/** Reads an index. */
export interface ChunkIndex {
  readonly kind: "fixed" | "dynamic";
  readonly uuid: Uuid;
  readonly chunkCount: number;
  /** Bytes of the image or archive. */
  readonly sizeBytes: number;
  /** As in the manifest: lower-case hexadecimal. */
  readonly checksum: string;
  /** Chunk `index`, from 0. */
  chunk(index: number): Promise<IndexedChunk>;
  /** The number of the chunk that holds the byte at `offset`. */
  find(offset: number): Promise<number>;
}

/** Opens the index in a file; it keeps using the range. `what` names it. Fault `datastore.damaged`. */
export async function openIndex(range: ByteRange, what: string): Promise<ChunkIndex> {
  const head = new Uint8Array(FixedIndexHeader.size);
  if ((await readFully(rangeSource(range, 0, head.byteLength), head)) < head.byteLength) {
    throw datastoreFault("damaged", { what, reason: "it is too short for an index" });
  }
  const magic = head.subarray(0, 8);
  if (equalBytes(magic, fixedIndexMagic)) return openFixed(range, what, head);
  if (equalBytes(magic, dynamicIndexMagic)) return openDynamic(range, what, head);
  throw datastoreFault("damaged", { what, reason: "it does not begin as an index does" });
}

function openFixed(range: ByteRange, what: string, head: Uint8Array): ChunkIndex {
  const header = FixedIndexHeader.decode(head);
  const size = Number(header.size);
  const chunkSize = Number(header.chunkSize);
  const isPower = header.chunkSize > 0n && (header.chunkSize & (header.chunkSize - 1n)) === 0n;
  const count = isPower ? Math.ceil(size / chunkSize) : 0;
  if (count < 1 || range.sizeBytes !== indexHeadSize + digestSize * count) {
    throw datastoreFault("damaged", { what, reason: "its length does not fit its content" });
  }
  const pages = new EntryPages(range, digestSize, what);
  return {
    kind: "fixed",
    uuid: uuidFromBytes(header.uuid),
    chunkCount: count,
    sizeBytes: size,
    checksum: hexFromBytes(header.checksum),
    chunk: async (index) => ({
      digest: (await pages.entry(index)).slice(),
      start: index * chunkSize,
      end: Math.min((index + 1) * chunkSize, size),
    }),
    find: (offset) => Promise.resolve(Math.floor(offset / chunkSize)),
  };
}

async function openDynamic(range: ByteRange, what: string, head: Uint8Array): Promise<ChunkIndex> {
  const header = DynamicIndexHeader.decode(head);
  const count = (range.sizeBytes - indexHeadSize) / DynamicIndexEntry.size;
  if (!Number.isInteger(count) || count < 0) {
    throw datastoreFault("damaged", { what, reason: "its length does not fit its content" });
  }
  const pages = new EntryPages(range, DynamicIndexEntry.size, what);
  const endOf = async (index: number): Promise<number> => {
    const end = index < 0 ? 0n : DynamicIndexEntry.decode(await pages.entry(index)).end;
    if (end > BigInt(Number.MAX_SAFE_INTEGER)) throw datastoreFault("damaged", { what, reason: "it is too large" });
    return Number(end);
  };
  const chunk = async (index: number): Promise<IndexedChunk> => {
    const digest = DynamicIndexEntry.decode(await pages.entry(index)).digest.slice();
    const [start, end] = [await endOf(index - 1), await endOf(index)];
    if (end <= start) throw datastoreFault("damaged", { what, reason: `chunk ${index} ends before it begins` });
    return { digest, start, end };
  };
  const find = async (offset: number): Promise<number> => {
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((await endOf(middle)) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return {
    kind: "dynamic",
    uuid: uuidFromBytes(header.uuid),
    chunkCount: count,
    sizeBytes: await endOf(count - 1),
    checksum: hexFromBytes(header.checksum),
    chunk,
    find,
  };
}

/** The entries of an index, a page of them in memory at a time. */
class EntryPages {
  readonly #range: ByteRange;
  readonly #entrySize: number;
  readonly #what: string;
  #first = -1;
  #page: Uint8Array = new Uint8Array(0);

  constructor(range: ByteRange, entrySize: number, what: string) {
    this.#range = range;
    this.#entrySize = entrySize;
    this.#what = what;
  }

  async entry(index: number): Promise<Uint8Array> {
    const perPage = limits.indexPageEntries;
    const first = index - (index % perPage);
    if (first !== this.#first) await this.#load(first, perPage);
    const start = (index - first) * this.#entrySize;
    const entry = this.#page.subarray(start, start + this.#entrySize);
    if (index < 0 || entry.byteLength < this.#entrySize) {
      throw datastoreFault("damaged", { what: this.#what, reason: `it has no chunk ${index}` });
    }
    return entry;
  }

  async #load(first: number, count: number): Promise<void> {
    const start = indexHeadSize + first * this.#entrySize;
    const page = new Uint8Array(count * this.#entrySize);
    const filled = await readFully(rangeSource(this.#range, start, start + page.byteLength), page);
    this.#page = page.subarray(0, filled);
    this.#first = first;
  }
}

/** What both kinds of index need to be written. */
interface IndexIdentity {
  readonly uuid: Uuid;
  /** Seconds since 1970. */
  readonly ctime: number;
}

/** Gathers the entries of an index: they go to the file behind the head, which is written last. */
export class IndexBuilder {
  readonly #hash = createHash("sha256");
  readonly #identity: IndexIdentity;
  /** Undefined: dynamic. */
  readonly #chunkSize: number | undefined;
  #size = 0;
  #count = 0;

  /** A fixed index has chunks of `chunkSize` bytes, except for the last. */
  constructor(identity: IndexIdentity, chunkSize?: number) {
    this.#identity = identity;
    this.#chunkSize = chunkSize;
  }

  get sizeBytes(): number {
    return this.#size;
  }

  get chunkCount(): number {
    return this.#count;
  }

  /** The bytes of the entry for the next chunk. */
  add(digest: Uint8Array, chunkBytes: number): Uint8Array {
    this.#size += chunkBytes;
    this.#count += 1;
    const entry =
      this.#chunkSize === undefined ? DynamicIndexEntry.encode({ end: BigInt(this.#size), digest }) : digest.slice();
    this.#hash.update(entry);
    return entry;
  }

  /** The head of 4096 bytes, and the checksum as the manifest names it. Called once, last. */
  finish(): { readonly head: Uint8Array; readonly checksum: string } {
    const checksum = new Uint8Array(this.#hash.digest());
    const head = new Uint8Array(indexHeadSize);
    const common = { uuid: bytesOfUuid(this.#identity.uuid), ctime: BigInt(this.#identity.ctime), checksum };
    if (this.#chunkSize === undefined) {
      DynamicIndexHeader.encodeInto(head, 0, { magic: dynamicIndexMagic, ...common });
    } else {
      const [size, chunkSize] = [BigInt(this.#size), BigInt(this.#chunkSize)];
      FixedIndexHeader.encodeInto(head, 0, { magic: fixedIndexMagic, ...common, size, chunkSize });
    }
    return { head, checksum: hexFromBytes(checksum) };
  }
}

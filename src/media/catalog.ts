// SPDX-License-Identifier: Apache-2.0
// What is on one cartridge: its snapshots and its chunks with the tape files that hold them. Read from the bytes of a
// catalog and held to its rules; what a job adds goes into memory and into bytes to append at the same time.

import { type ByteSource, equalBytes, limits, readFully, type Uuid, uuidFromBytes } from "#base/index.ts";
import {
  CatalogArchiveEnd,
  CatalogArchiveStart,
  catalogEntryTypes,
  catalogFileMagic,
  CatalogLabel,
  CatalogSnapshot,
  digestSize,
  encodeArchiveEntries,
  encodeCatalogStart,
  encodeSnapshotEntry,
  type FileReference,
} from "./catalog-format.ts";
import { DigestTable } from "./digest-table.ts";
import { mediaFault } from "./faults.ts";

/** A snapshot on a cartridge. */
export interface CatalogedSnapshot extends FileReference {
  readonly store: string;
  /** `[ns/…]type/id/time`. */
  readonly path: string;
}

/** To which set a cartridge belongs. */
export interface CatalogedSet {
  readonly uuid: Uuid;
  readonly setIndex: number;
}

/** A chunk file on a cartridge. */
export interface CatalogedArchive extends FileReference {
  readonly store: string;
  readonly chunkCount: number;
}

/** The first tape file that may hold anything but labels. */
const firstFile = 2;

/** The catalog of one cartridge. */
export class CartridgeCatalog {
  readonly cartridge: Uuid;
  readonly set: CatalogedSet | undefined;
  /** By store; the number of a chunk is that of its tape file. */
  readonly #chunks = new Map<string, DigestTable>();
  readonly #snapshots = new Map<string, CatalogedSnapshot>();
  readonly #archives: CatalogedArchive[] = [];
  #lastFile = firstFile - 1;

  constructor(cartridge: Uuid, set?: CatalogedSet) {
    this.cartridge = cartridge;
    this.set = set;
  }

  /** The bytes that an empty catalog begins with. */
  get start(): Uint8Array {
    return encodeCatalogStart(this.cartridge, this.set);
  }

  /** Snapshots in the order of their tape files. */
  get snapshots(): readonly CatalogedSnapshot[] {
    return Array.from(this.#snapshots.values());
  }

  /** Chunk files in the order of the tape. */
  get archives(): readonly CatalogedArchive[] {
    return this.#archives;
  }

  get chunkCount(): number {
    return Array.from(this.#chunks.values()).reduce((sum, table) => sum + table.count, 0);
  }

  /** The last tape file that the catalog names; 1 when there is none. */
  get lastFile(): number {
    return this.#lastFile;
  }

  /** The tape file that holds a chunk of a store; undefined when none on this cartridge does. */
  chunkFile(store: string, digest: Uint8Array): number | undefined {
    return this.#chunks.get(store)?.get(digest);
  }

  /** A snapshot; undefined when it is not on this cartridge. */
  snapshot(store: string, path: string): CatalogedSnapshot | undefined {
    return this.#snapshots.get(`${store}:${path}`);
  }

  /** Notes a chunk file; the bytes are to be appended. Fault `media.damaged` for a file that does not come next. */
  addArchive(file: FileReference, store: string, digests: readonly Uint8Array[]): Uint8Array {
    this.beginArchive({ ...file, store, chunkCount: digests.length });
    for (const digest of digests) this.addChunk(store, digest, file.fileNumber);
    return encodeArchiveEntries(file, store, digests);
  }

  /** Notes a snapshot file; the bytes are to be appended. Fault `media.damaged` for a file that does not come next. */
  addSnapshot(snapshot: CatalogedSnapshot): Uint8Array {
    this.#advance(snapshot.fileNumber);
    const { store, path } = snapshot;
    this.#snapshots.set(`${store}:${path}`, snapshot);
    return encodeSnapshotEntry(snapshot, store, path);
  }

  /** For the reader: a chunk of the chunk file that is open. */
  addChunk(store: string, digest: Uint8Array, fileNumber: number): void {
    let table = this.#chunks.get(store);
    if (table === undefined) {
      table = new DigestTable();
      this.#chunks.set(store, table);
    }
    table.add(digest, fileNumber);
  }

  /** For the reader: a chunk file begins. */
  beginArchive(archive: CatalogedArchive): void {
    this.#advance(archive.fileNumber);
    this.#archives.push(archive);
  }

  #advance(fileNumber: number): void {
    if (fileNumber <= this.#lastFile) {
      const reason = `tape file ${fileNumber} comes behind tape file ${this.#lastFile}`;
      throw mediaFault("damaged", { what: `the catalog of ${this.cartridge}`, reason });
    }
    this.#lastFile = fileNumber;
  }
}

/** A catalog as far as it was read. */
export interface CatalogRead {
  readonly catalog: CartridgeCatalog;
  /** Bytes up to the end of the last whole entry. */
  readonly wholeBytes: number;
  /** An entry was begun behind that and does not end. */
  readonly isCut: boolean;
}

/** Reads a catalog. `what` names it in the Fault `media.damaged`. */
export async function readCatalog(source: ByteSource, what: string): Promise<CartridgeCatalog> {
  const { catalog, isCut } = await readCatalogAsFar(source, what);
  if (isCut) throw mediaFault("damaged", { what, reason: "it is cut" });
  return catalog;
}

/** Reads a catalog up to its end, or to an entry that is cut. Fault `media.damaged`. */
export async function readCatalogAsFar(source: ByteSource, what: string): Promise<CatalogRead> {
  const reader = new EntryReader(source, what);
  try {
    return await readEntries(reader);
  } catch (error) {
    throw error instanceof CutEntry ? reader.damaged("it is cut before it names anything") : error;
  }
}

async function readEntries(reader: EntryReader): Promise<CatalogRead> {
  if (!equalBytes(await reader.take(catalogFileMagic.byteLength), catalogFileMagic)) {
    throw reader.damaged("it does not begin as a catalog does");
  }
  const labels: { uuid: Uuid; setIndex: number }[] = [];
  let type = await reader.type();
  while (type === catalogEntryTypes.label && labels.length < firstFile) {
    const { fileNumber, uuid, setIndex } = CatalogLabel.decode(await reader.take(CatalogLabel.size));
    if (fileNumber !== BigInt(labels.length)) throw reader.damaged(`a label is in tape file ${fileNumber}`);
    if (setIndex > BigInt(limits.cartridgesPerSet)) throw reader.damaged(`it claims place ${setIndex} in its set`);
    labels.push({ uuid: uuidFromBytes(uuid), setIndex: Number(setIndex) });
    type = await reader.type();
  }
  const [cartridge, set] = labels;
  if (cartridge === undefined || cartridge.setIndex !== 0) throw reader.damaged("it does not name its cartridge");
  const catalog = new CartridgeCatalog(cartridge.uuid, set);
  let wholeBytes = type === undefined ? reader.position : reader.position - 1;
  const digests = new DigestList();
  for (; type !== undefined; type = await reader.type()) {
    if (set === undefined) throw reader.damaged("it has content and names no set");
    try {
      if (type === catalogEntryTypes.archiveStart) await readArchive(reader, catalog, digests);
      else if (type === catalogEntryTypes.snapshot) await readSnapshot(reader, catalog);
      else throw reader.damaged(`an entry of type ${type} is out of place`);
    } catch (error) {
      if (!(error instanceof CutEntry)) throw error;
      return { catalog, wholeBytes, isCut: true };
    }
    wholeBytes = reader.position;
  }
  return { catalog, wholeBytes, isCut: false };
}

/** The file ends inside of an entry. */
class CutEntry extends Error {}

/** The digests of one chunk file, until its end was seen: flat, and used again for the next one. */
class DigestList {
  #bytes = new Uint8Array(1024 * digestSize);
  count = 0;

  add(digest: Uint8Array): void {
    const start = this.count * digestSize;
    if (start === this.#bytes.byteLength) {
      const grown = new Uint8Array(2 * start);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(digest, start);
    this.count += 1;
  }

  at(index: number): Uint8Array {
    return this.#bytes.subarray(index * digestSize, (index + 1) * digestSize);
  }
}

async function readArchive(reader: EntryReader, catalog: CartridgeCatalog, digests: DigestList): Promise<void> {
  const start = CatalogArchiveStart.decode(await reader.take(CatalogArchiveStart.size));
  const fileNumber = reader.fileNumber(start.fileNumber);
  const uuid = uuidFromBytes(start.uuid);
  const store = await reader.text(start.storeNameSize);
  digests.count = 0;
  for (;;) {
    const type = await reader.type();
    if (type === catalogEntryTypes.chunk) {
      digests.add(await reader.take(digestSize));
      continue;
    }
    if (type === undefined) throw new CutEntry();
    if (type !== catalogEntryTypes.archiveEnd) throw reader.damaged("a chunk file does not end");
    const end = CatalogArchiveEnd.decode(await reader.take(CatalogArchiveEnd.size));
    if (reader.fileNumber(end.fileNumber) !== fileNumber || uuidFromBytes(end.uuid) !== uuid) {
      throw reader.damaged("a chunk file ends as another one");
    }
    catalog.beginArchive({ fileNumber, uuid, store, chunkCount: digests.count });
    for (let index = 0; index < digests.count; index++) catalog.addChunk(store, digests.at(index), fileNumber);
    return;
  }
}

async function readSnapshot(reader: EntryReader, catalog: CartridgeCatalog): Promise<void> {
  const entry = CatalogSnapshot.decode(await reader.take(CatalogSnapshot.size));
  const fileNumber = reader.fileNumber(entry.fileNumber);
  const uuid = uuidFromBytes(entry.uuid);
  const store = await reader.text(entry.storeNameSize);
  if ((await reader.text(1)) !== ":") throw reader.damaged("the name of a snapshot is not as it should be");
  catalog.addSnapshot({ fileNumber, uuid, store, path: await reader.text(entry.pathSize) });
}

/** Reads the pieces of entries through a buffer: most are 33 bytes long. */
class EntryReader {
  readonly #source: ByteSource;
  readonly #what: string;
  readonly #buffer = new Uint8Array(limits.transferSize / 4);
  #offset = 0;
  #end = 0;
  /** Bytes of the source before the buffer. */
  #before = 0;

  constructor(source: ByteSource, what: string) {
    this.#source = source;
    this.#what = what;
  }

  damaged(reason: string): Error {
    return mediaFault("damaged", { what: this.#what, reason });
  }

  /** Bytes that were taken. */
  get position(): number {
    return this.#before + this.#offset;
  }

  /** The type of the next entry; undefined at the end. */
  async type(): Promise<number | undefined> {
    if (this.#offset === this.#end) await this.#fill();
    return this.#offset === this.#end ? undefined : this.#buffer[this.#offset++];
  }

  /** The next bytes, valid until the next call. */
  async take(count: number): Promise<Uint8Array> {
    if (this.#end - this.#offset < count) await this.#fill();
    if (this.#end - this.#offset < count) throw new CutEntry();
    const view = this.#buffer.subarray(this.#offset, this.#offset + count);
    this.#offset += count;
    return view;
  }

  async text(count: number): Promise<string> {
    return Buffer.from(await this.take(count)).toString("utf8");
  }

  fileNumber(value: bigint): number {
    if (value < BigInt(firstFile) || value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.damaged(`there is no tape file ${value} for chunks or snapshots`);
    }
    return Number(value);
  }

  async #fill(): Promise<void> {
    this.#buffer.copyWithin(0, this.#offset, this.#end);
    this.#before += this.#offset;
    this.#end -= this.#offset;
    this.#offset = 0;
    this.#end += await readFully(this.#source, this.#buffer.subarray(this.#end));
  }
}

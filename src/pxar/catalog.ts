// SPDX-License-Identifier: Apache-2.0
// The catalog of a snapshot, pcat1: names, sizes and times of its files, for browsing without the archive. A block per
// directory, children before parents; the last 8 bytes say where the root's block is.

import { assert, type ByteSink, bytesFromHex, concatBytes, equalBytes, limits } from "#base/index.ts";
import { pxarFault } from "./faults.ts";
import { numberContent, SingleNumber } from "./items.ts";
import type { MemberType } from "./metadata.ts";
import type { ByteRange } from "./tree.ts";
import { decodeSigned, decodeUnsigned, encodeSigned, encodeUnsigned } from "./varint.ts";

/** Begins every catalog: SHA-256 of "Proxmox Backup Catalog file v1.0", first 8 bytes. */
export const catalogMagic = bytesFromHex("91fd60f9c46758d5");

const typeBytes: Readonly<Record<MemberType | "hardlink", number>> = {
  directory: 0x64,
  file: 0x66,
  symlink: 0x6c,
  hardlink: 0x68,
  "block-device": 0x62,
  "char-device": 0x63,
  fifo: 0x70,
  socket: 0x73,
};
const typesByByte = new Map(Object.entries(typeBytes).map(([type, byte]) => [byte, type as CatalogType] as const));

/** What an entry is. */
export type CatalogType = MemberType | "hardlink";

/** An entry of a directory. */
export type CatalogEntry = { readonly name: Uint8Array } & (
  | { readonly type: "file"; readonly sizeBytes: bigint; readonly mtime: bigint }
  /** `block` is where its block begins. */
  | { readonly type: "directory"; readonly block: number }
  | { readonly type: Exclude<CatalogType, "file" | "directory"> }
);

interface OpenBlock {
  readonly name: Uint8Array;
  readonly entries: Uint8Array[];
  readonly children: { readonly name: Uint8Array; readonly block: number; readonly index: number }[];
  count: number;
}

/** Writes a catalog in one pass, in the order in which an archive is made. */
export class CatalogWriter {
  readonly #sink: ByteSink;
  readonly #open: OpenBlock[] = [];
  #position = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Begins the catalog; its root holds the names of archives, which are added as directories. */
  async begin(): Promise<void> {
    assert(this.#open.length === 0 && this.#position === 0, "a catalog begins once");
    this.#open.push({ name: new Uint8Array(0), entries: [], children: [], count: 0 });
    await this.#put(catalogMagic);
  }

  /** Begins a directory of the one that is open. */
  beginDirectory(name: Uint8Array): void {
    assert(this.#open.length > 0, "a catalog was begun");
    this.#open.push({ name, entries: [], children: [], count: 0 });
  }

  /** Adds a file of the open directory. */
  addFile(name: Uint8Array, file: { readonly sizeBytes: bigint; readonly mtime: bigint }): void {
    this.#add("file", name, [encodeUnsigned(file.sizeBytes), encodeSigned(file.mtime)]);
  }

  /** Adds what is neither file nor directory. */
  add(type: Exclude<CatalogType, "file" | "directory">, name: Uint8Array): void {
    this.#add(type, name, []);
  }

  /** Ends the directory that was begun last. */
  async endDirectory(): Promise<void> {
    const block = this.#open.pop();
    const parent = this.#open.at(-1);
    assert(block !== undefined && parent !== undefined, "a directory is open");
    const start = await this.#putBlock(block);
    parent.children.push({ name: block.name, block: start, index: parent.entries.length });
    parent.entries.push(new Uint8Array(0));
    parent.count += 1;
  }

  /** Ends the catalog. */
  async finish(): Promise<void> {
    const root = this.#open.pop();
    assert(root !== undefined && this.#open.length === 0, "only the root is open");
    const start = await this.#putBlock(root);
    await this.#put(numberContent(BigInt(start)));
  }

  #add(type: CatalogType, name: Uint8Array, rest: readonly Uint8Array[]): void {
    const block = this.#open.at(-1);
    assert(block !== undefined, "a directory is open");
    block.entries.push(concatBytes([...entryHead(type, name), ...rest]));
    block.count += 1;
  }

  async #putBlock(block: OpenBlock): Promise<number> {
    const start = this.#position;
    for (const child of block.children) {
      const distance = encodeUnsigned(BigInt(start - child.block));
      block.entries[child.index] = concatBytes([...entryHead("directory", child.name), distance]);
    }
    const content = concatBytes([encodeUnsigned(BigInt(block.count)), ...block.entries]);
    await this.#put(concatBytes([encodeUnsigned(BigInt(content.byteLength)), content]));
    return start;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    await this.#sink(bytes);
    this.#position += bytes.byteLength;
  }
}

const entryHead = (type: CatalogType, name: Uint8Array): Uint8Array[] => [
  Uint8Array.of(typeBytes[type]),
  encodeUnsigned(BigInt(name.byteLength)),
  name,
];

/** Reads a catalog directory by directory. */
export class CatalogReader {
  readonly #range: ByteRange;
  readonly #what: string;

  constructor(range: ByteRange, what: string) {
    this.#range = range;
    this.#what = what;
  }

  /** Where the root's block begins. */
  async rootBlock(): Promise<number> {
    const { sizeBytes } = this.#range;
    const start = sizeBytes - SingleNumber.size;
    if (start < catalogMagic.byteLength) throw this.#damaged(0, "it is too short");
    const magic = await this.#read(0, catalogMagic.byteLength);
    if (!equalBytes(magic, catalogMagic)) throw this.#damaged(0, "it does not begin as a catalog does");
    const { value } = SingleNumber.decode(await this.#read(start, SingleNumber.size));
    if (value < BigInt(catalogMagic.byteLength) || value >= BigInt(start)) {
      throw this.#damaged(start, "its root lies outside");
    }
    return Number(value);
  }

  /** The entries of the directory whose block begins at `block`. Fault `pxar.damaged`. */
  async list(block: number): Promise<readonly CatalogEntry[]> {
    const head = await this.#read(block, Math.min(10, this.#range.sizeBytes - block));
    const length = decodeUnsigned(head, 0);
    if (length === undefined || length.value > BigInt(limits.catalogBlock)) {
      throw this.#damaged(block, "a block has no length");
    }
    const bytes = await this.#read(block + length.end, Number(length.value));
    return this.#entries(bytes, block);
  }

  #entries(bytes: Uint8Array, block: number): CatalogEntry[] {
    let offset = 0;
    const number = (read: typeof decodeUnsigned): bigint => {
      const found = read(bytes, offset);
      if (found === undefined) throw this.#damaged(block, "a number is cut");
      offset = found.end;
      return found.value;
    };
    const entry = (): CatalogEntry => {
      const type = typesByByte.get(bytes[offset] ?? 0);
      if (type === undefined) throw this.#damaged(block, "an entry is of unknown type");
      offset += 1;
      const nameSize = Number(number(decodeUnsigned));
      if (nameSize > limits.pxarName || offset + nameSize > bytes.byteLength) {
        throw this.#damaged(block, "a name is cut");
      }
      const name = bytes.slice(offset, offset + nameSize);
      offset += nameSize;
      if (type === "file") return { type, name, sizeBytes: number(decodeUnsigned), mtime: number(decodeSigned) };
      if (type !== "directory") return { type, name };
      const distance = number(decodeUnsigned);
      if (distance === 0n || distance > BigInt(block)) throw this.#damaged(block, "a directory points outside");
      return { type, name, block: block - Number(distance) };
    };
    const count = number(decodeUnsigned);
    const entries: CatalogEntry[] = [];
    for (let index = 0n; index < count; index++) entries.push(entry());
    if (offset !== bytes.byteLength) throw this.#damaged(block, "something follows behind the entries");
    return entries;
  }

  async #read(offset: number, size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(size, 0));
    let filled = 0;
    while (filled < bytes.byteLength) {
      const count = await this.#range.readAt(offset + filled, bytes.subarray(filled));
      if (count === 0) throw this.#damaged(offset + filled, "it is cut");
      filled += count;
    }
    return bytes;
  }

  #damaged(offset: number, reason: string): Error {
    return pxarFault("damaged", { what: this.#what, offset, reason });
  }
}

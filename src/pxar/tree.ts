// SPDX-License-Identifier: Apache-2.0
// An archive that can be read anywhere: browsing and opening single files by the goodbye tables, without reading what
// lies between. Works for version 1, and for version 2 with the payload stream beside it.

import { type ByteSource, limits, readFully } from "#base/index.ts";
import { pxarFault } from "./faults.ts";
import { decodeGoodbyeRows } from "./goodbye.ts";
import { shownName } from "./encoder.ts";
import { type ArchiveSource, ItemReader } from "./item-reader.ts";
import { GoodbyeRow, goodbyeTailMarker, itemHeaderSize } from "./items.ts";
import { type PxarMember, readEntry, readMember } from "./member.ts";
import { nameHash } from "./siphash.ts";

/** Bytes that can be read from any place. */
export interface ByteRange {
  readonly sizeBytes: number;
  /** Reads up to `into.byteLength` bytes at `offset`; less only at the end. */
  readAt(offset: number, into: Uint8Array): Promise<number>;
}

/** A directory of the archive, with the place of its table. */
export interface TreeDirectory {
  readonly member: PxarMember & { readonly type: "directory" };
  /** Where the directory ends: behind its goodbye table. */
  readonly end: number;
}

/** A member, and how to go on when it is a directory. */
export interface TreeMember {
  readonly member: PxarMember;
  /** Place behind the last byte that belongs to it. */
  readonly end: number;
}

/** A source of a part of a range. */
export function rangeSource(range: ByteRange, start: number, end: number): ArchiveSource {
  let offset = start;
  return {
    read: async (into) => {
      const count = await range.readAt(offset, into.subarray(0, Math.max(0, Math.min(into.byteLength, end - offset))));
      offset += count;
      return count;
    },
    skip: (count) => {
      offset += count;
      return Promise.resolve();
    },
  };
}

/** Random access to one archive. */
export class PxarTree {
  readonly #archive: ByteRange;
  readonly #payload: ByteRange | undefined;
  readonly #what: string;

  /** `what` names the archive in messages; `payload` is the second stream of version 2. */
  constructor(archive: ByteRange, what: string, payload?: ByteRange) {
    this.#archive = archive;
    this.#payload = payload;
    this.#what = what;
  }

  /** The root directory. */
  async root(): Promise<TreeDirectory> {
    const end = this.#archive.sizeBytes;
    const { offset, size } = await this.#tail(end);
    if (end - size - offset !== 0) throw this.#damaged(end, "the last table does not belong to the root");
    const items = this.#items(0, end);
    const first = await items.peek();
    for (let item = first; item?.kind === "formatVersion" || item?.kind === "prelude"; item = await items.peek()) {
      await items.next();
      await items.skip(item.contentSize);
    }
    const member = await readEntry(items, new Uint8Array(0), 0);
    if (member.type !== "directory") throw this.#damaged(0, "the root is no directory");
    return { member, end };
  }

  /** The members of a directory, in the order of the archive. */
  async list(directory: TreeDirectory): Promise<readonly TreeMember[]> {
    const { rows, start } = await this.#table(directory);
    const places = rows.map((row) => this.#place(row, start)).toSorted((left, right) => left.start - right.start);
    const members: TreeMember[] = [];
    for (const place of places) members.push(await this.#memberAt(place));
    return members;
  }

  /** The member of this name; undefined when there is none. */
  async find(directory: TreeDirectory, name: Uint8Array): Promise<TreeMember | undefined> {
    const hash = nameHash(name);
    const { rows, start } = await this.#table(directory);
    for (const row of rows) {
      if (row.hash !== hash) continue;
      const found = await this.#memberAt(this.#place(row, start));
      if (Buffer.compare(found.member.name, name) === 0) return found;
    }
    return undefined;
  }

  /** The member at a path of names from the root. Fault `pxar.not-found`. */
  async lookUp(path: readonly Uint8Array[]): Promise<TreeMember> {
    let place: TreeMember = await this.root();
    for (const name of path) {
      const directory = asDirectory(place);
      const next = directory === undefined ? undefined : await this.find(directory, name);
      if (next === undefined) throw pxarFault("not-found", { path: path.map(shownName).join("/"), what: this.#what });
      place = next;
    }
    return place;
  }

  /** What a hard link points to, which is never a hard link itself. */
  async target(link: PxarMember & { readonly type: "hardlink" }): Promise<PxarMember> {
    const member = await readMember(this.#items(link.targetStart, this.#archive.sizeBytes));
    if (member.type === "hardlink") throw this.#damaged(link.start, "a hard link points to a hard link");
    return member;
  }

  /** The content of a file. */
  content(file: PxarMember & { readonly type: "file" }): ByteSource {
    const { where, start, sizeBytes } = file.content;
    if (where === "inline") return rangeSource(this.#archive, start, start + sizeBytes);
    const payload = this.#payload;
    if (payload === undefined) throw this.#damaged(file.start, "contents lie in a payload stream that is not there");
    let source: ByteSource | undefined;
    return {
      read: async (into) => {
        source ??= await this.#payloadSource(payload, start, sizeBytes);
        return source.read(into);
      },
    };
  }

  async #payloadSource(payload: ByteRange, start: number, sizeBytes: number): Promise<ByteSource> {
    const items = new ItemReader(rangeSource(payload, start, payload.sizeBytes), `${this.#what} (payload)`, start);
    const item = await items.next();
    if (item.kind !== "payload" || item.contentSize !== sizeBytes) {
      throw items.damaged("there is not the content that the metadata names", start);
    }
    return rangeSource(payload, items.position, items.position + sizeBytes);
  }

  async #tail(end: number): Promise<{ offset: number; size: number }> {
    const bytes = new Uint8Array(GoodbyeRow.size);
    const start = end - bytes.byteLength;
    if (start < itemHeaderSize) throw this.#damaged(end, "there is no room for a table");
    if ((await this.#read(start, bytes)) < bytes.byteLength) throw this.#damaged(start, "it ends inside of a table");
    const row = GoodbyeRow.decode(bytes);
    if (row.hash !== goodbyeTailMarker) throw this.#damaged(start, "a table has no end");
    const size = Number(row.size);
    const offset = Number(row.offset);
    if (size < itemHeaderSize + GoodbyeRow.size || size > end || offset > end - size) {
      throw this.#damaged(start, "a table lies outside");
    }
    return { offset, size };
  }

  async #table(directory: TreeDirectory): Promise<{ rows: readonly GoodbyeRow[]; start: number }> {
    const { size } = await this.#tail(directory.end);
    const start = directory.end - size;
    const items = this.#items(start, directory.end);
    const item = await items.next();
    if (item.kind !== "goodbye" || item.contentSize !== size - itemHeaderSize) {
      throw this.#damaged(start, "there is no table");
    }
    return { rows: decodeGoodbyeRows(await items.content(item, limits.pxarTable)), start };
  }

  #place(row: GoodbyeRow, tableStart: number): { start: number; end: number } {
    const start = tableStart - Number(row.offset);
    const end = start + Number(row.size);
    if (start <= 0 || end > tableStart) throw this.#damaged(tableStart, "a row of a table points outside");
    return { start, end };
  }

  async #memberAt(place: { start: number; end: number }): Promise<TreeMember> {
    return { member: await readMember(this.#items(place.start, place.end)), end: place.end };
  }

  #items(start: number, end: number): ItemReader {
    return new ItemReader(rangeSource(this.#archive, start, end), this.#what, start);
  }

  #read(start: number, into: Uint8Array): Promise<number> {
    return readFully(rangeSource(this.#archive, start, start + into.byteLength), into);
  }

  #damaged(offset: number, reason: string): Error {
    return pxarFault("damaged", { what: this.#what, offset, reason });
  }
}

/** The member as a directory; undefined when it is none. */
export function asDirectory({ member, end }: TreeMember): TreeDirectory | undefined {
  return member.type === "directory" ? { member, end } : undefined;
}

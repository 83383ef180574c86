// SPDX-License-Identifier: Apache-2.0
// Reads items from a source: header by header, with contents in memory where they are small and as a source where they
// are not. It knows no grammar. Everything that is not as it should be is a Fault `pxar.damaged` with its place.

import { type ByteSource, readFully } from "#base/index.ts";
import { pxarFault } from "./faults.ts";
import { ItemHeader, itemHeaderSize, type ItemKind, itemKindOf } from "./items.ts";

/** The header of an item. */
export interface FoundItem {
  readonly kind: ItemKind;
  /** Where the item begins. */
  readonly start: number;
  readonly contentSize: number;
}

/** A source that can leave bytes out without reading them. */
export interface ArchiveSource extends ByteSource {
  /** Leaves out the next `count` bytes. */
  skip?(count: number): Promise<void>;
}

/** Reads items one after the other. */
export class ItemReader {
  readonly #source: ArchiveSource;
  readonly #what: string;
  #position: number;
  #peeked: FoundItem | undefined;
  #spare: Uint8Array | undefined;

  /** `position` is the place of the first byte of the source; `what` names the archive in messages. */
  constructor(source: ArchiveSource, what: string, position = 0) {
    this.#source = source;
    this.#what = what;
    this.#position = position;
  }

  /** Place of the next byte that is read. */
  get position(): number {
    return this.#position;
  }

  damaged(reason: string, offset = this.#position): Error {
    return pxarFault("damaged", { what: this.#what, offset, reason });
  }

  /** The next header, which stays the next one; undefined at the end of the source. */
  async peek(): Promise<FoundItem | undefined> {
    if (this.#peeked !== undefined) return this.#peeked;
    const bytes = new Uint8Array(itemHeaderSize);
    const start = this.#position;
    const count = await readFully(this.#source, bytes);
    if (count === 0) return undefined;
    if (count < itemHeaderSize) throw this.damaged("it ends inside of an item", start + count);
    this.#position += count;
    const { type, fullSize } = ItemHeader.decode(bytes);
    const kind = itemKindOf(type);
    if (kind === undefined) throw this.damaged(`there is an item of unknown type ${type.toString(16)}`, start);
    if (fullSize < BigInt(itemHeaderSize)) throw this.damaged("an item is smaller than its header", start);
    if (fullSize > BigInt(Number.MAX_SAFE_INTEGER)) throw this.damaged("an item is larger than can be", start);
    this.#peeked = { kind, start, contentSize: Number(fullSize) - itemHeaderSize };
    return this.#peeked;
  }

  /** The next header, whose content comes next. A source that ends here is damaged. */
  async next(): Promise<FoundItem> {
    const item = await this.peek();
    if (item === undefined) throw this.damaged("it ends too early");
    this.#peeked = undefined;
    return item;
  }

  /** The whole content of an item that has at most `max` bytes. */
  async content(item: FoundItem, max: number): Promise<Uint8Array> {
    if (item.contentSize > max) {
      throw this.damaged(`an item of kind ${item.kind} has ${item.contentSize} bytes, more than ${max}`, item.start);
    }
    const bytes = new Uint8Array(item.contentSize);
    const count = await readFully(this.#source, bytes);
    this.#position += count;
    if (count < bytes.byteLength) throw this.damaged("it ends inside of an item");
    return bytes;
  }

  /** Up to `into.byteLength` bytes of a content; 0 only at the end of the source. */
  async read(into: Uint8Array): Promise<number> {
    const count = await this.#source.read(into);
    this.#position += count;
    return count;
  }

  /** Leaves out `count` bytes. */
  async skip(count: number): Promise<void> {
    if (this.#source.skip !== undefined) {
      await this.#source.skip(count);
      this.#position += count;
      return;
    }
    this.#spare ??= new Uint8Array(64 * 1024);
    for (let left = count; left > 0;) {
      const got = await this.read(this.#spare.subarray(0, Math.min(left, this.#spare.byteLength)));
      if (got === 0) throw this.damaged("it ends inside of an item");
      left -= got;
    }
  }
}

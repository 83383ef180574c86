// SPDX-License-Identifier: Apache-2.0
// Reads an archive from its first byte to its last, member by member: for streams, such as a tape. The grammar is
// checked on the way. Goodbye tables are left out; who wants to jump takes PxarTree.

import { type ByteSource, limits } from "#base/index.ts";
import { type ArchiveSource, ItemReader } from "./item-reader.ts";
import { type PxarMember, readEntry, readMember } from "./member.ts";
import { SingleNumber } from "./items.ts";

/** What comes next in an archive. */
export type PxarEvent =
  | { readonly kind: "member"; readonly member: PxarMember }
  /** The directory that was begun last is over. */
  | { readonly kind: "end-of-directory" };

/** Reads one archive of version 1 or the metadata of one of version 2. */
export class PxarDecoder {
  readonly #items: ItemReader;
  #depth = 0;
  #isBegun = false;
  /** Bytes of the content of the last file that were not read yet. */
  #contentLeft = 0;
  #prelude: Uint8Array | undefined;

  /** `what` names the archive in messages. */
  constructor(source: ArchiveSource, what: string) {
    this.#items = new ItemReader(source, what);
  }

  /** What version 2 says before the first entry; known once the root was read. */
  get prelude(): Uint8Array | undefined {
    return this.#prelude;
  }

  /**
   * The next event; undefined at the end of the archive. The first one is the root. What was not read of a file's content
   * is left out. Fault `pxar.damaged` for whatever no archive says.
   */
  async next(): Promise<PxarEvent | undefined> {
    await this.#items.skip(this.#contentLeft);
    this.#contentLeft = 0;
    if (!this.#isBegun) {
      this.#isBegun = true;
      await this.#readVersion();
      return this.#told(await readEntry(this.#items, new Uint8Array(0), 0));
    }
    const item = await this.#items.peek();
    if (this.#depth === 0) {
      if (item !== undefined) throw this.#items.damaged("something follows behind the root", item.start);
      return undefined;
    }
    if (item?.kind !== "goodbye") return this.#told(await readMember(this.#items));
    await this.#items.next();
    await this.#items.skip(item.contentSize);
    this.#depth -= 1;
    return { kind: "end-of-directory" };
  }

  /** The content of the file that `next` gave last, as far as it lies in this archive. */
  get content(): ByteSource {
    return {
      read: async (into) => {
        const count = await this.#items.read(into.subarray(0, Math.min(into.byteLength, this.#contentLeft)));
        if (count === 0 && this.#contentLeft > 0 && into.byteLength > 0) {
          throw this.#items.damaged("it ends inside of a file");
        }
        this.#contentLeft -= count;
        return count;
      },
    };
  }

  async #readVersion(): Promise<void> {
    const first = await this.#items.peek();
    if (first?.kind !== "formatVersion") return;
    await this.#items.next();
    const version = SingleNumber.decode(await this.#items.content(first, SingleNumber.size)).value;
    if (version !== 2n) throw this.#items.damaged(`it is of version ${version}`, first.start);
    const second = await this.#items.peek();
    if (second?.kind !== "prelude") return;
    await this.#items.next();
    this.#prelude = await this.#items.content(second, limits.pxarPrelude);
  }

  #told(member: PxarMember): PxarEvent {
    if (member.type === "directory") {
      this.#depth += 1;
      if (this.#depth > limits.pxarDepth) throw this.#items.damaged("directories nest too deep", member.start);
    } else if (this.#depth === 0) {
      throw this.#items.damaged("the root is no directory", member.start);
    }
    if (member.type === "file" && member.content.where === "inline") this.#contentLeft = member.content.sizeBytes;
    return { kind: "member", member };
  }
}

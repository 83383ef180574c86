// SPDX-License-Identifier: Apache-2.0
// Where a sealed object grows before it is put, for a store that must know its size and checksum first. A file beside the
// segment, past the page cache; memory when the disk has no room, because uploading is what makes room.

import { isFault, limits } from "#base/index.ts";
import { unlessMissing } from "./disk-paths.ts";
import type { Disk, DiskFile } from "./disk.ts";
import type { Ring, RingPool } from "./ring.ts";

/** Bytes that are written once, one behind the other, and read as often as needed. */
export class Scratch {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #pages: RingPool;
  #file: DiskFile | undefined;
  /** In whole pieces of `limits.transferSize`. */
  #inFile = 0;
  /** Pieces that did not go to the disk any more, in order behind what did. */
  readonly #memory: Uint8Array[] = [];
  /** The last bytes, which do not fill a piece yet. */
  #last: Ring | undefined;
  #filled = 0;

  constructor(disk: Disk, path: string, pages: RingPool) {
    this.#disk = disk;
    this.#path = path;
    this.#pages = pages;
  }

  get size(): number {
    return this.#inFile + this.#memory.length * limits.transferSize + this.#filled;
  }

  /** True when a crash left one there. */
  async wasLeft(): Promise<boolean> {
    const file = await unlessMissing(this.#disk.open(this.#path, { mode: "read" }));
    await file?.close();
    return file !== undefined;
  }

  /** The part's memory may be used again afterwards. */
  async append(part: Uint8Array): Promise<void> {
    if (this.#last === undefined) {
      this.#last = this.#pages.take();
      this.#file = await this.#make();
    }
    const piece = pieceOf(this.#last);
    for (let rest = part; rest.byteLength > 0;) {
      const next = rest.subarray(0, piece.byteLength - this.#filled);
      piece.set(next, this.#filled);
      this.#filled += next.byteLength;
      rest = rest.subarray(next.byteLength);
      if (this.#filled < piece.byteLength) continue;
      if (await this.#write(piece)) this.#inFile += piece.byteLength;
      else this.#memory.push(piece.slice());
      this.#filled = 0;
    }
  }

  /** All bytes, in pieces; each is valid until the next is asked for. */
  async *content(): AsyncGenerator<Uint8Array> {
    const pages = this.#pages.take();
    try {
      const piece = pieceOf(pages);
      for (let offset = 0; offset < this.#inFile; offset += piece.byteLength) {
        const count = (await this.#file?.read(offset, piece)) ?? 0;
        yield piece.subarray(0, count);
        // A file that became shorter: the checksum at the object store finds it out.
        if (count < piece.byteLength) break;
      }
    } finally {
      this.#pages.giveBack(pages);
    }
    yield* this.#memory;
    if (this.#last !== undefined) yield pieceOf(this.#last).subarray(0, this.#filled);
  }

  /** Gives up the bytes. */
  async remove(): Promise<void> {
    if (this.#last !== undefined) this.#pages.giveBack(this.#last);
    this.#last = undefined;
    await this.#file?.close();
    this.#file = undefined;
    await this.#disk.remove(this.#path);
  }

  /** False when the disk has no room. */
  async #write(piece: Uint8Array): Promise<boolean> {
    if (this.#file === undefined || this.#memory.length > 0) return false;
    return hasRoom(this.#file.write(this.#inFile, [piece]).then(() => true));
  }

  /** The file, also as a mark for a crash; none when the disk has no room beside its reserve, which is for journals. */
  async #make(): Promise<DiskFile | undefined> {
    if ((await this.#disk.freeBytes()) < limits.diskReserve) return undefined;
    // One that a crash left.
    await this.#disk.remove(this.#path);
    return (await hasRoom(this.#disk.open(this.#path, { mode: "create", direct: true }))) || undefined;
  }
}

function pieceOf(pages: Ring): Uint8Array {
  return pages.bytes.subarray(0, limits.transferSize);
}

/** False when the disk is full. */
async function hasRoom<T>(attempt: Promise<T>): Promise<T | false> {
  try {
    return await attempt;
  } catch (error) {
    if (!isFault(error, "store.disk-full")) throw error;
    return false;
  }
}

// SPDX-License-Identifier: Apache-2.0
// Where a sealed object grows before it is put: its size and checksum are known only when it is whole. A file beside the
// segment; memory when the disk has no room, because uploading is what makes room.

import { isFault, limits } from "#base/index.ts";
import { unlessMissing } from "./disk-paths.ts";
import type { Disk, DiskFile } from "./disk.ts";

/** Bytes that are written once, one behind the other, and read as often as needed. */
export class Scratch {
  readonly #disk: Disk;
  readonly #path: string;
  #file: DiskFile | undefined;
  /** Parts that did not go to the disk any more, in order behind what did. */
  readonly #memory: Uint8Array[] = [];
  #inFile = 0;
  #size = 0;

  constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  get size(): number {
    return this.#size;
  }

  /** True when a crash left one there. */
  async wasLeft(): Promise<boolean> {
    const file = await unlessMissing(this.#disk.open(this.#path, { mode: "read" }));
    await file?.close();
    return file !== undefined;
  }

  /** True when the part's memory may be used again. */
  async append(part: Uint8Array): Promise<boolean> {
    const isKept = this.#memory.length > 0 || !(await this.#write(part));
    if (isKept) this.#memory.push(part);
    this.#size += part.byteLength;
    return !isKept;
  }

  /** All bytes, in pieces; each is valid until the next is asked for. */
  async *content(): AsyncGenerator<Uint8Array> {
    const piece = new Uint8Array(Math.min(limits.transferSize, this.#inFile));
    for (let offset = 0; offset < this.#inFile;) {
      const count = (await this.#file?.read(offset, piece.subarray(0, this.#inFile - offset))) ?? 0;
      // A file that became shorter: the checksum at the object store finds it out.
      if (count === 0) break;
      yield piece.subarray(0, count);
      offset += count;
    }
    yield* this.#memory;
  }

  /** Gives up the bytes. */
  async remove(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    await this.#disk.remove(this.#path);
  }

  /** False when the disk has no room. */
  async #write(part: Uint8Array): Promise<boolean> {
    try {
      if (this.#file === undefined) {
        // The reserve is for journals.
        if ((await this.#disk.freeBytes()) < limits.diskReserve) return false;
        this.#file = await this.#make();
      }
      await this.#file.write(this.#inFile, [part]);
      this.#inFile += part.byteLength;
      return true;
    } catch (error) {
      if (!isFault(error, "store.disk-full")) throw error;
      return false;
    }
  }

  async #make(): Promise<DiskFile> {
    // One that a crash left.
    await this.#disk.remove(this.#path);
    return this.#disk.open(this.#path, { mode: "create" });
  }
}

// SPDX-License-Identifier: Apache-2.0
// Reads a file here and there through one piece of memory, for scans and searches that mostly go forward.

import { limits } from "#base/index.ts";
import { type Memory, memoryOf } from "./record.ts";

/** Where bytes can be read from: a disk file, or a range of a stored object. */
export interface ByteSource {
  /** Reads up to `into.byteLength` bytes at `offset`; fewer only at the end. */
  read(offset: number, into: Uint8Array): Promise<number>;
}

/** A piece of a file in memory. */
export class FileWindow {
  readonly #source: ByteSource;
  readonly #memory: Memory;
  #start = 0;
  #count = 0;

  constructor(source: ByteSource, size: number = limits.transferSize) {
    this.#source = source;
    this.#memory = memoryOf(new Uint8Array(size));
  }

  /** Memory that holds the bytes from `offset` on, at least `length` of them unless the file ends before. */
  async at(offset: number, length: number): Promise<Memory> {
    if (offset < this.#start || offset + length > this.#start + this.#count) {
      this.#count = await this.#source.read(offset, this.#memory.bytes);
      this.#start = offset;
    }
    return memoryOf(this.#memory.bytes.subarray(offset - this.#start, this.#count));
  }

  /** All bytes of a stretch, piece after piece; each piece is valid until the next is asked for. */
  async *pieces(offset: number, end: number): AsyncGenerator<Uint8Array> {
    for (let position = offset; position < end;) {
      const { bytes } = await this.at(position, 1);
      if (bytes.byteLength === 0) return;
      const piece = bytes.subarray(0, Math.min(bytes.byteLength, end - position));
      yield piece;
      position += piece.byteLength;
    }
  }
}

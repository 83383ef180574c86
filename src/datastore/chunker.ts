// SPDX-License-Identifier: Apache-2.0
// Cuts a stream into chunks where its content says so (buzhash over a window of 64 bytes), so that an insertion moves few
// boundaries. Which boundaries is free: any cut is valid for every reader, and only chunks that are cut alike are shared.

import { createHash } from "node:crypto";
import { limits } from "#base/index.ts";

const windowSize = 64;

/** A number per byte value. They only have to look random and stay the same for ever. */
let made: Uint32Array | undefined;
const boundaryTable = (): Uint32Array =>
  (made ??= Uint32Array.from({ length: 256 }, (_, value) =>
    createHash("sha256").update(`capstan chunk boundary ${value}`).digest().readUInt32LE(0),
  ));

/** Sizes of the chunks that come out. */
export interface ChunkSizes {
  readonly min: number;
  /** A power of two; what a chunk has on average beyond the minimum. */
  readonly average: number;
  readonly max: number;
}

/** For archives: as Proxmox's client cuts them. */
export const archiveChunks: ChunkSizes = { min: 2 ** 20, average: 2 ** 22, max: limits.dynamicChunk };
/** For catalogs, which are small. */
export const catalogChunks: ChunkSizes = { min: 2 ** 17, average: 2 ** 19, max: 2 ** 21 };

/** Finds boundaries. */
export class Chunker {
  readonly #sizes: ChunkSizes;
  readonly #window = new Uint8Array(windowSize);
  readonly #table = boundaryTable();
  #hash = 0;
  /** Bytes of the chunk so far. */
  #size = 0;

  constructor(sizes: ChunkSizes) {
    this.#sizes = sizes;
  }

  /** The offset behind the end of the current chunk in `bytes` from `start` on; undefined: it does not end there. */
  next(bytes: Uint8Array, start: number): number | undefined {
    const { min, average, max } = this.#sizes;
    const window = this.#window;
    const table = this.#table;
    const mask = average - 1;
    let hash = this.#hash;
    let size = this.#size;
    let offset = start;
    // What lies far before the first possible boundary has no influence on it.
    const skipped = Math.min(Math.max(min - windowSize - size, 0), bytes.byteLength - start);
    offset += skipped;
    size += skipped;
    while (offset < bytes.byteLength) {
      const byte = bytes[offset] ?? 0;
      const slot = size % windowSize;
      // A value that leaves the window was rotated once for each byte since: 64 times, which is none.
      hash = ((hash << 1) | (hash >>> 31)) ^ (table[byte] ?? 0);
      if (size >= min) hash ^= table[window[slot] ?? 0] ?? 0;
      window[slot] = byte;
      offset += 1;
      size += 1;
      if ((size >= min && (hash & mask) === mask) || size >= max) {
        this.#begin();
        return offset;
      }
    }
    this.#hash = hash;
    this.#size = size;
    return undefined;
  }

  #begin(): void {
    this.#hash = 0;
    this.#size = 0;
    this.#window.fill(0);
  }
}

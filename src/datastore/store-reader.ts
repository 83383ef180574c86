// SPDX-License-Identifier: Apache-2.0
// An image or archive of a snapshot as bytes that can be read anywhere: the index says which chunk, the chunk store has
// it. A few decoded chunks are kept.

import { equalBytes, hexFromBytes, limits } from "#base/index.ts";
import { chunkDigest, idKeyOf } from "#keys/index.ts";
import type { ByteRange } from "#pxar/index.ts";
import type { ChunkIndex } from "./chunk-index.ts";
import type { ChunkStore } from "./chunk-store.ts";
import { decodeBlob } from "./data-blob.ts";
import { datastoreFault } from "./faults.ts";

/** Reads the content of an index. Every chunk is compared with its digest. */
export class IndexedContent implements ByteRange {
  readonly #index: ChunkIndex;
  readonly #chunks: ChunkStore;
  readonly #key: Uint8Array | undefined;
  readonly #idKey: Uint8Array | undefined;
  /** By number, the one that was used last at the end. */
  readonly #decoded = new Map<number, Uint8Array>();
  readonly #bounds = new Map<number, { readonly start: number; readonly end: number }>();

  /** `key`: of the client, when the chunks are encrypted. */
  constructor(index: ChunkIndex, chunks: ChunkStore, key?: Uint8Array) {
    this.#index = index;
    this.#chunks = chunks;
    this.#key = key;
    this.#idKey = key === undefined ? undefined : idKeyOf(key);
  }

  get sizeBytes(): number {
    return this.#index.sizeBytes;
  }

  /** Reads to the end of a chunk at most. Faults `datastore.chunk-missing`, `datastore.damaged`, `datastore.key-needed`. */
  async readAt(offset: number, into: Uint8Array): Promise<number> {
    if (offset >= this.sizeBytes || into.byteLength === 0) return 0;
    const number = await this.#index.find(offset);
    const data = await this.#chunk(number);
    const { start, end } = this.#bounds.get(number) ?? { start: 0, end: 0 };
    const count = Math.min(into.byteLength, end - offset);
    into.set(data.subarray(offset - start, offset - start + count));
    return count;
  }

  async #chunk(number: number): Promise<Uint8Array> {
    const known = this.#decoded.get(number);
    if (known !== undefined) {
      this.#decoded.delete(number);
      this.#decoded.set(number, known);
      return known;
    }
    const { digest, start, end } = await this.#index.chunk(number);
    const what = `the chunk ${hexFromBytes(digest)}`;
    const data = decodeBlob(await this.#chunks.read(digest), {
      what,
      ...(this.#key === undefined ? {} : { key: this.#key }),
    });
    if (data.byteLength !== end - start) throw datastoreFault("damaged", { what, reason: "it has another length" });
    if (!equalBytes(chunkDigest(data, this.#idKey), digest)) {
      throw datastoreFault("damaged", { what, reason: "it does not have its digest" });
    }
    this.#decoded.set(number, data);
    this.#bounds.set(number, { start, end });
    const [oldest] = this.#decoded.keys();
    if (this.#decoded.size > limits.decodedChunks && oldest !== undefined) {
      this.#decoded.delete(oldest);
      this.#bounds.delete(oldest);
    }
    return data;
  }
}

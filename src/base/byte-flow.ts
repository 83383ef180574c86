// SPDX-License-Identifier: Apache-2.0
// Bytes that come or go piece by piece: the narrowest way to speak of a stream. Memory is lent for one call only.

/** Where bytes go. The memory may be used again as soon as the promise resolves. */
export type ByteSink = (bytes: Uint8Array) => Promise<void>;

/** Where bytes come from. */
export interface ByteSource {
  /** Reads 1 … `into.byteLength` bytes; 0 at the end, and from then on. */
  read(into: Uint8Array): Promise<number>;
}

/** Fills `into` as far as the source reaches and tells how far that is. */
export async function readFully(source: ByteSource, into: Uint8Array): Promise<number> {
  let filled = 0;
  while (filled < into.byteLength) {
    const count = await source.read(into.subarray(filled));
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** A source of bytes that are in memory. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  let offset = 0;
  return {
    read: (into) => {
      const count = Math.min(into.byteLength, bytes.byteLength - offset);
      into.set(bytes.subarray(offset, offset + count));
      offset += count;
      return Promise.resolve(count);
    },
  };
}

/** A sink that keeps everything, and what it kept. For what is known to be small, and for tests. */
export class ByteCollector {
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  readonly sink: ByteSink = (bytes) => {
    this.#parts.push(bytes.slice());
    this.#size += bytes.byteLength;
    return Promise.resolve();
  };

  get sizeBytes(): number {
    return this.#size;
  }

  /** One new array with all that came. */
  bytes(): Uint8Array {
    const whole = new Uint8Array(this.#size);
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.byteLength;
    }
    return whole;
  }
}

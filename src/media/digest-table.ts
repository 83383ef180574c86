// SPDX-License-Identifier: Apache-2.0
// Which digests are known, and a number for each: a hash table in flat memory. Catalogs have millions of digests; as objects
// they would take four times as much.

import { assert } from "#base/index.ts";

const digestSize = 32;
const firstCapacity = 1024;

/** Digests with numbers. */
export class DigestTable {
  #digests = new Uint8Array(firstCapacity * digestSize);
  #values = new Uint32Array(firstCapacity);
  /** Number of a digest plus one; 0: free. */
  #slots = new Uint32Array(2 * firstCapacity);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds a digest with a number; one that is known keeps its number. False when it was known. */
  add(digest: Uint8Array, value: number): boolean {
    assert(digest.byteLength === digestSize, "a digest has 32 bytes");
    const slot = this.#find(digest);
    if (this.#slots[slot] !== 0) return false;
    const index = this.#count;
    this.#digests.set(digest, index * digestSize);
    this.#values[index] = value;
    this.#slots[slot] = index + 1;
    this.#count += 1;
    if (this.#count === this.#values.length) this.#grow();
    return true;
  }

  /** The number of a digest; undefined when it is not known. */
  get(digest: Uint8Array): number | undefined {
    const index = this.#slots[this.#find(digest)] ?? 0;
    return index === 0 ? undefined : this.#values[index - 1];
  }

  /** The slot that holds the digest, or the free one where it belongs. */
  #find(digest: Uint8Array): number {
    const mask = this.#slots.length - 1;
    // Digests are hashes: any four bytes are as good as another hash of them.
    const [a = 0, b = 0, c = 0, d = 0] = digest;
    let slot = ((a | (b << 8) | (c << 16) | (d << 24)) >>> 0) & mask;
    for (;;) {
      const index = this.#slots[slot] ?? 0;
      if (index === 0 || this.#isAt(index - 1, digest)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isAt(index: number, digest: Uint8Array): boolean {
    const start = index * digestSize;
    for (let offset = 0; offset < digestSize; offset++) {
      if (this.#digests[start + offset] !== digest[offset]) return false;
    }
    return true;
  }

  #grow(): void {
    const capacity = 2 * this.#values.length;
    const [digests, values] = [this.#digests, this.#values];
    this.#digests = new Uint8Array(capacity * digestSize);
    this.#digests.set(digests);
    this.#values = new Uint32Array(capacity);
    this.#values.set(values);
    this.#slots = new Uint32Array(2 * capacity);
    for (let index = 0; index < this.#count; index++) {
      const digest = this.#digests.subarray(index * digestSize, (index + 1) * digestSize);
      this.#slots[this.#find(digest)] = index + 1;
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// The simulated source of randomness: xoshiro128** (Blackman and Vigna), its state filled by splitmix32 from a seed.
// The same seed gives the same values on every machine. Not fit for secrets.

import { assert, type Random } from "#base/index.ts";

/** FNV-1a over the text: turns names into numbers. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}

const rotateLeft = (value: number, count: number): number => (value << count) | (value >>> (32 - count));

/** A generator whose values follow from its seed. */
export class SeededRandom implements Random {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number | string) {
    this.#seed = String(seed);
    const next = splitmix32(hashText(this.#seed));
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1;
  }

  /** A generator of its own for `name`: what one part draws does not shift what another draws. */
  fork(name: string): SeededRandom {
    return new SeededRandom(`${this.#seed}/${name}`);
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let offset = 0; offset < count; offset += 4) {
      const word = this.#next();
      for (let index = 0; index < 4 && offset + index < count; index++) bytes[offset + index] = word >>> (8 * index);
    }
    return bytes;
  }

  below(limit: number): number {
    assert(Number.isInteger(limit) && limit >= 1 && limit <= 2 ** 48, `a limit from 1 to 2^48, not ${limit}`);
    const range = limit <= 2 ** 32 ? 2 ** 32 : 2 ** 48;
    const fair = range - (range % limit);
    for (;;) {
      const value = range === 2 ** 32 ? this.#next() : (this.#next() % 2 ** 16) * 2 ** 32 + this.#next();
      if (value < fair) return value % limit;
    }
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** A fraction from 0 up to, not including, 1. */
  fraction(): number {
    return this.#next() / 2 ** 32;
  }

  /** True with this probability (0 … 1). */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** One of the items. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    assert(item !== undefined, "something to pick from");
    return item;
  }

  /** A name, each as often as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries<number>(weights);
    let rest = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      if (weight > 0 && rest < weight) return name as Name;
      rest -= weight;
    }
    const last = entries.findLast(([, weight]) => weight > 0);
    assert(last !== undefined, "a weight above zero");
    return last[0] as Name;
  }

  #next(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return result;
  }
}

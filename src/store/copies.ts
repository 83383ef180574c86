// SPDX-License-Identifier: Apache-2.0
// Where the objects of a cartridge can be read: in the first store, and in each store that it is mirrored to. The copies
// have the same keys and the same bytes. Which is asked first: the one in the warmest class, for what is warm is read at
// once and for less; of two in the same class the first store's. Whoever does not answer is asked last for a while, and
// what was bad in one store is not asked for there again.

import { type Clock, type Fault, isFault, limits, type Log } from "#base/index.ts";
import type { ObjectKey, ObjectStore, StorageClass } from "./object-store.ts";
import type { CartridgeId } from "./types.ts";

/** A complete copy of what a cartridge has, in a store that it is mirrored to. */
export interface CopyPlace {
  /** Name of the store. */
  readonly store: string;
  /** Class of its segments there. */
  readonly storageClass: StorageClass;
}

/** A store that objects of a cartridge can be read from. */
export interface Copy {
  /** Undefined: the first store. */
  readonly store: string | undefined;
  readonly objects: ObjectStore;
  readonly storageClass: StorageClass;
}

/** What it works with. */
export interface CopiesOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly first: ObjectStore;
  /** By name. */
  readonly mirrors: ReadonlyMap<string, ObjectStore>;
  /** The complete copies of a cartridge beside the first. */
  readonly placesOf: (owner: CartridgeId) => readonly CopyPlace[];
}

/** Classes, the warmest first; in this order they are also cheaper to read and faster to thaw. */
const warmth: readonly StorageClass[] = ["STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"];

const isDown = (error: Fault): boolean =>
  isFault(error, "store.object-store-unreachable") ||
  isFault(error, "store.object-store-denied") ||
  isFault(error, "store.object-store-refused");

const isBad = (error: Fault): boolean =>
  isFault(error, "store.object-missing") ||
  isFault(error, "store.object-damaged") ||
  isFault(error, "store.object-corrupt") ||
  isFault(error, "store.object-short");

/** The copies of all cartridges, and which of their stores answer. */
export class Copies {
  readonly #options: CopiesOptions;
  /** Until when a store is asked last, by the monotonic clock. */
  readonly #resting = new Map<string | undefined, number>();
  /** Objects that were bad somewhere, the oldest first. */
  readonly #bad = new Set<string>();

  constructor(options: CopiesOptions) {
    this.#options = options;
  }

  /** Where an object of that owner can be read, in the order to ask; never empty. */
  of(owner: CartridgeId, storageClass: StorageClass, key: ObjectKey): readonly Copy[] {
    const { first, mirrors, placesOf } = this.#options;
    const copies: Copy[] = [{ store: undefined, objects: first, storageClass }];
    for (const place of placesOf(owner)) {
      const objects = mirrors.get(place.store);
      if (objects !== undefined) copies.push({ ...place, objects });
    }
    if (copies.length === 1) return copies;
    const late = (copy: Copy): number => (this.#isBad(copy, key) ? 2 : this.#isResting(copy) ? 1 : 0);
    return copies.toSorted((left, right) => {
      return late(left) - late(right) || warmth.indexOf(left.storageClass) - warmth.indexOf(right.storageClass);
    });
  }

  /** A copy did not give what was asked for. True: another copy may. */
  failed(copy: Copy, key: ObjectKey, error: unknown): error is Fault {
    if (!isFault(error) || isFault(error, "store.closed")) return false;
    if (isDown(error)) this.#rest(copy, error);
    if (isBad(error)) this.#noteBad(copy, key);
    return true;
  }

  #isResting({ store }: Copy): boolean {
    return (this.#resting.get(store) ?? 0) > this.#options.clock.monotonic();
  }

  #rest(copy: Copy, error: Fault): void {
    const { clock, log } = this.#options;
    if (!this.#isResting(copy)) {
      log.warn(`${copy.store === undefined ? "the object store" : `store ${copy.store}`} is asked last for a while`, {
        reason: error.message,
      });
    }
    this.#resting.set(copy.store, clock.monotonic() + limits.copyRest);
  }

  #isBad({ store }: Copy, key: ObjectKey): boolean {
    return this.#bad.has(badName(store, key));
  }

  #noteBad({ store }: Copy, key: ObjectKey): void {
    this.#bad.add(badName(store, key));
    const [oldest] = this.#bad;
    if (this.#bad.size > limits.badCopiesRemembered && oldest !== undefined) this.#bad.delete(oldest);
  }
}

const badName = (store: string | undefined, key: ObjectKey): string => `${store ?? ""} ${key}`;

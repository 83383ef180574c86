// SPDX-License-Identifier: Apache-2.0
// What is done with cartridges on the shelf: their objects are locked, thawed and deleted in the object store. Nothing of
// it touches the local disk, and a drive may have the cartridge meanwhile.

import type { Clock, Duration } from "#base/index.ts";
import type { ActiveCartridge } from "./active-cartridges.ts";
import type { ThawCount } from "./counted-objects.ts";
import { eraseObjects } from "./erase.ts";
import { type CartridgeLocks, lockObjects } from "./object-locks.ts";
import type { BypassOptions, ObjectStore, ThawState, ThawTier } from "./object-store.ts";
import {
  type Extent,
  extentOf,
  extentOfRanges,
  type FileRange,
  thawRanges,
  thawStateOfRanges,
  type ThawWork,
} from "./segment-thaw.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { CartridgeId, SegmentRange, WorkOptions } from "./types.ts";

/** What to thaw and how. */
export interface ThawRequest {
  readonly tier: ThawTier;
  readonly keep: Duration;
  /** All segments unless given. */
  readonly ranges?: readonly SegmentRange[];
  /** They are thawed, or are being, and are to stay so: nothing is fetched out of the cold class again. */
  readonly isExtension?: boolean;
}

/** What it needs of the store. */
export interface StoreShelfOptions {
  readonly clock: Clock;
  /** Told of what was asked to thaw. */
  readonly asked: (count: ThawCount) => void;
  readonly objects: () => ObjectStore;
  /** Resolves when the bucket was told all that is to be told. */
  readonly commit: (signal: AbortSignal | undefined) => Promise<void>;
  /** Opens a cartridge for some work. Fault `store.cartridge-missing`. */
  readonly withActive: <T>(id: CartridgeId, work: (active: ActiveCartridge) => Promise<T>) => Promise<T>;
}

/** The shelf of the store. Every method may be repeated; faults of the object store. */
export class StoreShelf {
  readonly #options: StoreShelfOptions;

  constructor(options: StoreShelfOptions) {
    this.#options = options;
  }

  /** Locks every object of the cartridge in the object store. Fault `store.object-locked`. */
  async lock(id: CartridgeId, locks: CartridgeLocks, options: WorkOptions = {}): Promise<void> {
    await this.#with(id, ({ cartridge }) => lockObjects(this.#work(cartridge, options), id, locks));
  }

  /** Deletes the objects of an archived cartridge, which `CartridgeStore.remove` then forgets. Fault `store.object-locked`. */
  async eraseObjects(id: CartridgeId, options: WorkOptions & BypassOptions = {}): Promise<void> {
    await this.#options.commit(options.signal);
    await this.#with(id, ({ cartridge }) => eraseObjects(this.#work(cartridge, options), id, options.signal, options));
  }

  /** The segments that hold some tape files, or all. */
  extent(id: CartridgeId, files?: FileRange): Promise<Extent> {
    return this.#with(id, ({ cartridge }) => extentOf(cartridge, files));
  }

  /** How much lies in some segments. */
  extentOf(id: CartridgeId, ranges: readonly SegmentRange[]): Promise<Extent> {
    return this.#with(id, ({ cartridge }) => extentOfRanges(cartridge, ranges));
  }

  /** Asks for segments (all unless given) to become readable for `keep`; extends what is thawed. */
  async thaw(id: CartridgeId, request: ThawRequest, options: WorkOptions = {}): Promise<void> {
    await this.#with(id, async ({ cartridge }) => {
      const wanted = request.ranges ?? (await extentOf(cartridge, undefined)).ranges;
      await thawRanges(this.#work(cartridge, options), wanted, request);
    });
  }

  /** The state of the least ready segment (of all unless given): latest `readyAt`, earliest `until`. */
  thawState(id: CartridgeId, ranges?: readonly SegmentRange[]): Promise<ThawState> {
    return this.#with(id, async ({ cartridge }) => {
      const wanted = ranges ?? (await extentOf(cartridge, undefined)).ranges;
      return thawStateOfRanges(this.#work(cartridge, {}), wanted);
    });
  }

  #with<T>(id: CartridgeId, work: (active: ActiveCartridge) => Promise<T>): Promise<T> {
    return this.#options.withActive(id, work);
  }

  #work(cartridge: StoredCartridge, options: WorkOptions): ThawWork {
    const { clock, asked, objects } = this.#options;
    return { objects: objects(), clock, asked, cartridge, options };
  }
}

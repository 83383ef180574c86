// SPDX-License-Identifier: Apache-2.0
// What is done with cartridges on the shelf: their objects are locked, thawed and deleted in the object store. Nothing of
// it touches the local disk, and a drive may have the cartridge meanwhile.

import type { Clock, Duration } from "#base/index.ts";
import type { ActiveCartridge } from "./active-cartridges.ts";
import type { Copies } from "./copies.ts";
import type { ThawCount } from "./counted-objects.ts";
import { eraseObjects } from "./erase.ts";
import { storeFault } from "./faults.ts";
import { mirrorCartridge, ownSegments } from "./mirror.ts";
import { type CartridgeLocks, lockObjects } from "./object-locks.ts";
import type { BypassOptions, ObjectStore, StorageClass, ThawState, ThawTier } from "./object-store.ts";
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

/** A copy of a cartridge to make. */
export interface MirrorRequest {
  /** Name of the store. */
  readonly store: string;
  readonly storageClass: StorageClass;
  /** How long what is thawed to be copied stays readable. */
  readonly keep: Duration;
}

/** What it needs of the store. */
export interface StoreShelfOptions {
  readonly clock: Clock;
  /** Told of what was asked to thaw. */
  readonly asked: (count: ThawCount) => void;
  readonly objects: () => ObjectStore;
  /** Other stores, by name, as long as the bucket is ours. */
  readonly mirrors: () => ReadonlyMap<string, ObjectStore>;
  readonly copies: () => Copies;
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

  /**
   * Brings the copy of a cartridge in another store up to date. Faults of both stores, `store.store-unknown`;
   * `store.object-frozen`: what was to be copied is thawing, come again.
   */
  async mirror(id: CartridgeId, request: MirrorRequest, options: WorkOptions = {}): Promise<void> {
    const { storageClass, keep } = request;
    const { clock, asked, objects } = this.#options;
    const target = this.#mirror(request.store);
    const segments = await this.#with(id, ({ cartridge }) => ownSegments(cartridge));
    await mirrorCartridge({ objects: objects(), target, storageClass, keep, clock, asked, options }, id, segments);
  }

  /** As `lock`, of the copy in another store. Fault `store.store-unknown`. */
  async lockCopy(id: CartridgeId, store: string, locks: CartridgeLocks, options: WorkOptions = {}): Promise<void> {
    await lockObjects({ objects: this.#mirror(store), clock: this.#options.clock, options }, id, locks);
  }

  /** Deletes the copy in another store, whether the cartridge is still known or not. Fault `store.store-unknown`. */
  async eraseCopy(id: CartridgeId, store: string, options: WorkOptions & BypassOptions = {}): Promise<void> {
    await this.#options.commit(options.signal);
    await eraseObjects({ objects: this.#mirror(store), clock: this.#options.clock }, id, options.signal, options);
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

  #mirror(store: string): ObjectStore {
    const found = this.#options.mirrors().get(store);
    if (found === undefined) throw storeFault("store-unknown", { store });
    return found;
  }

  #with<T>(id: CartridgeId, work: (active: ActiveCartridge) => Promise<T>): Promise<T> {
    return this.#options.withActive(id, work);
  }

  #work(cartridge: StoredCartridge, options: WorkOptions): ThawWork {
    const { clock, asked, objects, copies } = this.#options;
    return { objects: objects(), copies: copies(), clock, asked, cartridge, options };
  }
}

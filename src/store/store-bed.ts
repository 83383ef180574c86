// SPDX-License-Identifier: Apache-2.0
// For tests: a store on a simulated disk and object store, with small segments, and a way to stop and start it.

import { milliseconds, seconds, silentLog } from "#base/index.ts";
import { SeededRandom, SimClock, SimDisk, SimObjectStore } from "#sim/index.ts";
import type { ObjectNumber, StoredObject } from "#tape/index.ts";
import { CartridgeStore } from "./cartridge-store.ts";
import { allAbilities } from "./object-rules.ts";
import type { CartridgeId, LoadedImage, SealingOptions, StoreSettings } from "./types.ts";

/** A page, the unit of sizes here. */
export const page = 4096;

/** What a bed starts with. */
export interface StoreBedOptions extends Partial<StoreSettings> {
  readonly seed?: number;
  readonly directAlignment?: number;
  /** Disk operations take a random time, and so are overtaken by others. */
  readonly isSlow?: boolean;
  /** Chance that a request to the object store fails before or after its effect, 0 … 1. */
  readonly failures?: number;
  /** How objects are sealed; plain when absent. */
  readonly sealing?: SealingOptions;
  /** The object store learns sizes and checksums late, so that segments are sealed while they are put. */
  readonly lateEnd?: boolean;
}

/** A store in a simulated world. */
export class StoreBed {
  readonly clock = new SimClock();
  readonly random: SeededRandom;
  readonly disk: SimDisk;
  readonly objects: SimObjectStore;
  readonly #settings: StoreSettings;
  readonly #sealing: SealingOptions | undefined;
  #store: CartridgeStore | undefined;

  constructor(options: StoreBedOptions = {}) {
    const {
      seed = 1,
      directAlignment = page,
      isSlow = false,
      failures = 0,
      sealing,
      lateEnd = false,
      ...settings
    } = options;
    const { clock } = this;
    this.random = new SeededRandom(seed);
    this.disk = new SimDisk({ random: this.random.fork("disk"), clock, directAlignment });
    const delays = this.random.fork("delays");
    if (isSlow) this.disk.options.delay = () => milliseconds(delays.pick([0, 1, 2, 5, 30]));
    this.objects = new SimObjectStore({
      clock,
      random: this.random.fork("objects"),
      abilities: { ...allAbilities, lateEnd },
      thawDelay: { Expedited: seconds(60), Standard: seconds(3600), Bulk: seconds(36_000) },
    });
    const chances = { put: failures, get: failures, head: failures, delete: failures };
    this.objects.options.failBefore = chances;
    this.objects.options.failAfter = chances;
    this.#sealing = sealing;
    this.#settings = {
      cacheBytes: Number.MAX_SAFE_INTEGER,
      uploadBufferBytes: Number.MAX_SAFE_INTEGER,
      uploadDelay: milliseconds(0),
      segmentSize: 16 * page,
      ringSize: 16 * page,
      ...settings,
    };
  }

  get store(): CartridgeStore {
    if (this.#store === undefined) throw new Error("the bed was not started");
    return this.#store;
  }

  /** The result, after as much virtual time as it takes. */
  run<T>(work: T | Promise<T>): Promise<T> {
    return this.clock.runUntil(Promise.resolve(work));
  }

  /** Starts a process that opens the store. */
  async start(changes: Partial<StoreSettings> = {}, sealing = this.#sealing): Promise<CartridgeStore> {
    const { random, clock, objects } = this;
    const ports = { disk: this.disk.attach(), clock: clock.process(), random, objects, log: silentLog, sealing };
    this.#store = new CartridgeStore(ports, { ...this.#settings, ...changes });
    await this.run(this.#store.open());
    return this.#store;
  }

  /** Keys of all segments in the bucket. */
  get segmentKeys(): readonly string[] {
    return this.objects.keys.filter((key) => key.includes("/segments/"));
  }

  /** An orderly end. */
  async stop(): Promise<void> {
    await this.run(this.store.close());
    this.#store = undefined;
  }

  /** The power goes. */
  crash(): void {
    this.disk.crash();
    this.#store = undefined;
  }

  /** A new cartridge in a drive. */
  async loadNew(id: string): Promise<LoadedImage> {
    await this.run(this.store.create(id as CartridgeId, { barcode: id }));
    return this.load(id);
  }

  load(id: string): Promise<LoadedImage> {
    return this.run(this.store.load(id as CartridgeId));
  }

  /** Reads an object: its bytes, or what else it is. */
  async read(image: LoadedImage, at: number): Promise<Uint8Array | "filemark" | "end-of-data"> {
    return contentOf(await this.run(image.read(at as ObjectNumber)));
  }

  /** Everything on a cartridge. */
  async readAll(image: LoadedImage): Promise<(Uint8Array | "filemark")[]> {
    const found: (Uint8Array | "filemark")[] = [];
    for (;;) {
      const object = await this.read(image, found.length);
      if (object === "end-of-data") return found;
      found.push(object);
    }
  }
}

/** The bytes of a block, copied and released, or what else the object is. */
export function contentOf(object: StoredObject): Uint8Array | "filemark" | "end-of-data" {
  if (object.kind !== "block") return object.kind;
  const bytes = object.data.bytes.slice();
  object.data.release();
  return bytes;
}

/** A block whose bytes follow from a number. */
export function blockOf(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) bytes[index] = (number * 31 + index * 7 + Math.floor(index / 251)) % 256;
  return bytes;
}

// SPDX-License-Identifier: Apache-2.0
// A drive in its bay: the unit that hosts talk to, and the stored image of the cartridge in it. Puts the two together
// and takes them apart; who decides about moves is the robot.

import { asError, assert, defined, type Clock, type Log, type Random } from "#base/index.ts";
import { DriveUnit, type DriveOptions, type InsertedCartridge, type UnitNexus } from "#device/index.ts";
import type { DriveModel } from "#scsi/index.ts";
import { patiently } from "#store/index.ts";
import type { CartridgeStore, DemandPolicy, Durability, LoadedImage } from "#store/index.ts";
import { partIds, partitionId } from "./cartridge-parts.ts";
import type { CartridgeRecord, DriveRecord } from "./facts.ts";
import { driveName, serialOf } from "./naming.ts";

/** What a drive host is made of. */
export interface DriveHostOptions {
  readonly record: DriveRecord;
  readonly address: number;
  readonly model: DriveModel;
  readonly changerSerial: string;
  readonly luns: () => readonly number[];
  readonly tellsPowerOn: (nexus: UnitNexus) => boolean;
  /** How durable what hosts write here must be. */
  readonly durability: () => Durability;
  readonly store: CartridgeStore;
  readonly keep: DriveOptions["keep"];
  /** How a cartridge that was retrieved in part is thawed when it is read. */
  readonly policyFor: (cartridge: CartridgeRecord) => DemandPolicy | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A cartridge with its data at hand. */
export interface HeldCartridge {
  readonly inserted: InsertedCartridge;
  /** Of each partition. */
  readonly images: readonly LoadedImage[];
}

/** What became of taking a cartridge out. `held` undefined: the drive never got hold of its data. */
export type TakeAnswer =
  | { readonly kind: "taken"; readonly held: HeldCartridge | undefined }
  | { readonly kind: "prevented" }
  | { readonly kind: "failed"; readonly cause: Error };

/** True when no host may write on a cartridge: it came back from the shelf, or is under a legal hold. */
export const isWriteProtected = ({ state, legalHold }: CartridgeRecord): boolean =>
  state === "RETRIEVED" || legalHold === true;

/** A drive and what is in it. */
export class DriveHost {
  readonly record: DriveRecord;
  readonly address: number;
  readonly model: DriveModel;
  readonly unit: DriveUnit;
  readonly #store: CartridgeStore;
  readonly #clock: Clock;
  readonly #policyFor: DriveHostOptions["policyFor"];
  readonly #durability: () => Durability;
  readonly #log: Log;
  /** Of each partition of the cartridge in the drive; none without one. */
  #images: readonly LoadedImage[] = [];
  #loading: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(options: DriveHostOptions) {
    const { record, address, model, changerSerial, luns, tellsPowerOn, keep, clock, random } = options;
    this.record = record;
    this.address = address;
    this.model = model;
    this.#store = options.store;
    this.#clock = clock;
    this.#policyFor = options.policyFor;
    this.#durability = options.durability;
    this.#log = options.log.child({ drive: driveName(record.number) });
    const library = { changerSerial, elementAddress: address };
    this.unit = new DriveUnit({
      model,
      serial: this.serial,
      library,
      keep,
      divide: (barcode, count) => this.#divide(barcode, count),
      luns,
      tellsPowerOn,
      clock,
      random,
      log: this.#log,
    });
  }

  get serial(): string {
    return serialOf(this.record.id);
  }

  /** Why the cartridge in the bay could not be loaded. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  get isLoading(): boolean {
    return this.#loading !== undefined;
  }

  /** Opens a cartridge's data for a drive. Faults of `CartridgeStore.load`. */
  async hold(cartridge: CartridgeRecord): Promise<HeldCartridge> {
    const loading = { durability: this.#durability, policy: this.#policyFor(cartridge) };
    const images: LoadedImage[] = [];
    try {
      for (const id of partIds(cartridge)) images.push(await this.#store.load(id, loading));
    } catch (error) {
      await Promise.allSettled(images.map((image) => image.unload()));
      throw error;
    }
    const isShortened = partIds(cartridge).some((id) => this.#store.lossOf(id) !== undefined);
    return { images, inserted: insertedOf(cartridge, images, { isShortened }) };
  }

  /** As `hold`, while a host waits. Fault `store.under-pressure` when that takes too long; what is open later is closed. */
  async holdInTime(cartridge: CartridgeRecord): Promise<HeldCartridge> {
    const holding = this.hold(cartridge);
    try {
      return await this.#inTime(cartridge.barcode, holding);
    } catch (error) {
      holding.then((held) => this.release(held)).catch(() => {});
      throw error;
    }
  }

  #inTime<T>(barcode: string, work: Promise<T>): Promise<T> {
    const reason = (): string => "it does not open; the disk may be full";
    return patiently(this.#clock, work, { cartridge: barcode, reason });
  }

  /** Puts a cartridge in; the drive sees it when this returns. */
  insert(held: HeldCartridge): void {
    assert(this.#images.length === 0, `${driveName(this.record.number)} holds no image`);
    this.#failure = undefined;
    this.#images = held.images;
    this.unit.insert({ ...held.inserted, reopen: (partition) => this.#reopen(held, partition) });
  }

  /** Loads in the background what stood in the bay when the process started; until then the drive becomes ready. */
  loadAtStart(cartridge: CartridgeRecord): Promise<void> {
    this.unit.expect(cartridge.barcode);
    this.#loading = this.#load(cartridge).finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  /** Takes the cartridge out when its data is durable. `force`: even if a host prevents that or data is lost. */
  async take(options: { readonly force: boolean } = { force: false }): Promise<TakeAnswer> {
    try {
      if (this.#loading !== undefined && !options.force) await this.#inTime("in the bay", this.#loading);
      else await this.#loading;
    } catch (error) {
      return { kind: "failed", cause: asError(error) };
    }
    const answer = await this.unit.remove(options);
    switch (answer.kind) {
      case "empty":
        this.#failure = undefined;
        return { kind: "taken", held: undefined };
      case "removed": {
        const images = this.#images;
        this.#images = [];
        return { kind: "taken", held: images.length === 0 ? undefined : { images, inserted: answer.cartridge } };
      }
      case "prevented":
        return { kind: "prevented" };
      case "failed":
        return { kind: "failed", cause: answer.cause };
      default:
        return answer satisfies never;
    }
  }

  /** Gives up a cartridge's data that is in no drive any more. It was made durable before, so a failure loses nothing. */
  async release(held: HeldCartridge): Promise<void> {
    for (const image of held.images) await this.#unload(image, held.inserted.barcode);
  }

  async #unload(image: LoadedImage, barcode: string): Promise<void> {
    try {
      await image.unload();
    } catch (error) {
      this.#log.error(`the data of ${barcode} could not be closed`, { barcode }, error);
    }
  }

  /** As many partitions as wanted: what is beyond goes, what is missing is made. */
  async #divide(barcode: string, count: number): Promise<readonly LoadedImage[]> {
    const store = this.#store;
    const first = defined(this.#images[0], "partition 0 of the cartridge in the drive").id;
    for (const image of this.#images.slice(count)) {
      await this.#unload(image, barcode);
      await store.remove(image.id);
    }
    const images = this.#images.slice(0, count);
    this.#images = images;
    for (let partition = images.length; partition < count; partition++) {
      const id = partitionId(first, partition);
      // A crash may have left one that was never used.
      if (store.has(id)) await store.remove(id);
      await store.create(id, { barcode, partition, partitionOf: first });
      images.push(await store.load(id, { durability: this.#durability }));
    }
    return images.slice(1);
  }

  /** After its image has failed: what the store has kept of the cartridge. */
  async #reopen({ inserted: { barcode } }: HeldCartridge, partition: number): Promise<LoadedImage> {
    const failed = defined(this.#images[partition], `partition ${partition} of ${barcode}`);
    await failed.unload().catch((error: unknown) => {
      this.#log.warn(`the end of ${barcode} is lost`, { barcode, error: asError(error).message });
    });
    const image = await this.#store.load(failed.id, { durability: this.#durability });
    this.#images = this.#images.with(partition, image);
    this.#log.info(`cartridge ${barcode} is opened anew with ${image.endOfData} objects`, { barcode });
    return image;
  }

  async #load(cartridge: CartridgeRecord): Promise<void> {
    try {
      this.insert(await this.hold(cartridge));
    } catch (error) {
      this.#failure = asError(error);
      this.unit.expect(undefined);
      const { barcode } = cartridge;
      this.#log.error(`cartridge ${barcode} could not be loaded again after the start`, { barcode }, error);
    }
  }
}

/** A cartridge that lost its end is not written on: the hosts' catalogs say that it is longer. */
function insertedOf(
  cartridge: CartridgeRecord,
  [image, ...others]: readonly LoadedImage[],
  { isShortened }: { readonly isShortened: boolean },
): InsertedCartridge {
  return {
    image,
    others,
    barcode: cartridge.barcode,
    capacityBytes: cartridge.sizeBytes,
    generation: cartridge.generation,
    kind: cartridge.writeOnce ? "write-once" : "data",
    writeProtected: isShortened || isWriteProtected(cartridge),
    history: cartridge.history,
    memory: cartridge.memory ?? {},
  };
}

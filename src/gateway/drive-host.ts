// SPDX-License-Identifier: Apache-2.0
// A drive in its bay: the unit that hosts talk to, and the stored image of the cartridge in it. Puts the two together
// and takes them apart; who decides about moves is the robot.

import { asError, assert, type Clock, type Log, type Random } from "#base/index.ts";
import { DriveUnit, type DriveOptions, type InsertedCartridge, type UnitNexus } from "#device/index.ts";
import type { DriveModel } from "#scsi/index.ts";
import type { CartridgeId, CartridgeStore, DemandPolicy, Durability, LoadedImage } from "#store/index.ts";
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
  readonly image: LoadedImage;
}

/** What became of taking a cartridge out. `held` undefined: the drive never got hold of its data. */
export type TakeAnswer =
  | { readonly kind: "taken"; readonly held: HeldCartridge | undefined }
  | { readonly kind: "prevented" }
  | { readonly kind: "failed"; readonly cause: Error };

/** The name of a cartridge in the store. */
export const storeId = (cartridge: CartridgeRecord): CartridgeId => cartridge.id as string as CartridgeId;

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
  readonly #policyFor: DriveHostOptions["policyFor"];
  readonly #durability: () => Durability;
  readonly #log: Log;
  #image: LoadedImage | undefined;
  #loading: Promise<void> | undefined;
  #failure: Error | undefined;

  constructor(options: DriveHostOptions) {
    const { record, address, model, changerSerial, luns, tellsPowerOn, keep, clock, random } = options;
    this.record = record;
    this.address = address;
    this.model = model;
    this.#store = options.store;
    this.#policyFor = options.policyFor;
    this.#durability = options.durability;
    this.#log = options.log.child({ drive: driveName(record.number) });
    const library = { changerSerial, elementAddress: address };
    const { serial } = this;
    this.unit = new DriveUnit({ model, serial, library, keep, luns, tellsPowerOn, clock, random, log: this.#log });
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
    const policy = this.#policyFor(cartridge);
    const image = await this.#store.load(storeId(cartridge), { durability: this.#durability, policy });
    return { image, inserted: insertedOf(cartridge, image) };
  }

  /** Puts a cartridge in; the drive sees it when this returns. */
  insert(held: HeldCartridge): void {
    assert(this.#image === undefined, `${driveName(this.record.number)} holds no image`);
    this.#failure = undefined;
    this.#image = held.image;
    this.unit.insert({ ...held.inserted, reopen: () => this.#reopen(held) });
  }

  /** Loads in the background what stood in the bay when the process started; until then the drive becomes ready. */
  loadAtStart(cartridge: CartridgeRecord): Promise<void> {
    this.unit.expect(cartridge.barcode);
    this.#loading = this.#load(cartridge).finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  /** Takes the cartridge out when its data is durable. `force`: even if a host prevents that or data is lost. */
  async take(options: { readonly force: boolean } = { force: false }): Promise<TakeAnswer> {
    await this.#loading;
    const answer = await this.unit.remove(options);
    switch (answer.kind) {
      case "empty":
        this.#failure = undefined;
        return { kind: "taken", held: undefined };
      case "removed": {
        const image = this.#image;
        this.#image = undefined;
        return { kind: "taken", held: image === undefined ? undefined : { image, inserted: answer.cartridge } };
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
    try {
      await held.image.unload();
    } catch (error) {
      const barcode = held.inserted.barcode;
      this.#log.error(`the data of ${barcode} could not be closed`, { barcode }, error);
    }
  }

  /** After its image has failed: what the store has kept of the cartridge. */
  async #reopen({ image: { id }, inserted: { barcode } }: HeldCartridge): Promise<LoadedImage> {
    await this.#image?.unload().catch((error: unknown) => {
      this.#log.warn(`the end of ${barcode} is lost`, { barcode, error: asError(error).message });
    });
    const image = await this.#store.load(id, { durability: this.#durability });
    this.#image = image;
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

function insertedOf(cartridge: CartridgeRecord, image: LoadedImage): InsertedCartridge {
  return {
    image,
    barcode: cartridge.barcode,
    capacityBytes: cartridge.sizeBytes,
    generation: cartridge.generation,
    kind: cartridge.writeOnce ? "write-once" : "data",
    writeProtected: isWriteProtected(cartridge),
    history: cartridge.history,
    memory: cartridge.memory ?? {},
  };
}

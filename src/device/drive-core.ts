// SPDX-License-Identifier: Apache-2.0
// What the command handlers of a drive share: the loaded medium, the mode parameters that shape data transfer, the
// counters behind log pages and metrics, and the TapeAlert flags. It answers no commands itself.

import { assert, limits } from "#base/index.ts";
import type { Clock, Duration, Log, Random } from "#base/index.ts";
import { after, Medium } from "#tape/index.ts";
import type { Eventually, Image } from "#tape/index.ts";
import type { DriveModel, LtoGeneration } from "#scsi/index.ts";
import { loadedBy, type CartridgeMemory } from "./cartridge-memory.ts";
import { DriveEncryption } from "./drive-encryption.ts";
import type { DriveOptions, DriveState, InsertedCartridge } from "./drive-options.ts";
import { DriveProtection } from "./drive-protection.ts";
import { DrivePressure } from "./drive-pressure.ts";
import { ReceiveBudget } from "./drive-receive-budget.ts";
import { TapeAlerts } from "./drive-tape-alerts.ts";

/** What a drive does at the moment, for the device status log page. */
export type DriveActivity = "none" | "reading" | "writing" | "locating" | "rewinding" | "erasing" | "unloading";

/** Counts since the drive was made, or since a cartridge was loaded. */
export class TransferCounters {
  bytesWritten = 0;
  bytesRead = 0;
  blocksWritten = 0;
  blocksRead = 0;
  filemarksWritten = 0;
  writeErrors = 0;
  readErrors = 0;
}

/** A loaded cartridge. */
export interface LoadedCartridge {
  readonly cartridge: InsertedCartridge;
  readonly medium: Medium;
  readonly loadedAt: Duration;
  /** The drive can only read this generation. */
  readonly isReadOnlyHere: boolean;
}

/** The state of a drive that its commands work on. */
export class DriveCore {
  readonly model: DriveModel;
  /** Unit serial number of the drive. */
  readonly serial: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly encryption: DriveEncryption;
  readonly protection = new DriveProtection();
  /** Append-only mode: what is recorded is overwritten only where a host allowed it. */
  isAppendOnly = false;
  /** ALLOW OVERWRITE: the object where the next write may cut, or that the medium may be formatted. */
  overwrite: { readonly at: number } | "format" | undefined;
  #programmableMegabytes = 0;
  readonly startedAt: Duration;
  readonly alerts = new TapeAlerts();
  /** Data of writes that are no single block. */
  readonly receiving = new ReceiveBudget({ each: limits.fixedTransferMax, all: limits.fixedWritesWaiting });
  readonly pressure = new DrivePressure();
  /** The store failed to keep what was written, and a host was told: the medium must be opened anew. */
  hasLostWrites = false;
  /** Since the drive was made. */
  readonly lifetime = new TransferCounters();
  /** Since the drive was made, or LOG SELECT cleared them. */
  counters = new TransferCounters();
  /** Since the cartridge was loaded. */
  mount = new TransferCounters();
  loads = 0;
  activity: DriveActivity = "none";
  /** Block length of the mode block descriptor; 0 means variable. */
  blockLength = 0;
  /** Buffered mode of the mode parameter header: GOOD when the data is in the buffer. */
  isBuffered = true;
  /** Data compression enable of mode pages 0Fh and 10h. What is stored does not depend on it. */
  isCompressing = true;
  #inserted: InsertedCartridge | undefined;
  #loaded: LoadedCartridge | undefined;

  readonly #keep: DriveOptions["keep"];
  /** The volume change reference of this mount is kept already. */
  #isChangeNoted = false;

  constructor(options: Pick<DriveOptions, "model" | "serial" | "clock" | "random" | "log" | "keep">) {
    this.model = options.model;
    this.serial = options.serial;
    this.clock = options.clock;
    this.log = options.log;
    this.random = options.random;
    this.#keep = options.keep;
    this.encryption = new DriveEncryption(options.random);
    this.startedAt = this.clock.monotonic();
  }

  /** A cartridge is in the bay, but its data is still being opened. */
  expectedBarcode: string | undefined;

  /** What the cartridge in the drive keeps. */
  get memory(): CartridgeMemory {
    return this.#inserted?.memory ?? {};
  }

  /** The partition that commands work on. */
  get partition(): number {
    return 0;
  }

  /** Partitions of the loaded cartridge. */
  get partitionCount(): number {
    return 1;
  }

  /** MAM 0009h. Cartridges of earlier releases go on where those counted. */
  get changeReference(): number {
    return this.memory.changeReference ?? (this.#inserted?.history.writtenMounts ?? 0) + 1;
  }

  /** Keeps a changed memory, durably, and uses it from then on. */
  keep(memory: CartridgeMemory): Eventually<void> {
    const cartridge = this.#inserted;
    if (cartridge === undefined) return undefined;
    return after(this.#keep(cartridge.barcode, memory), () => {
      if (this.#inserted?.barcode === cartridge.barcode) this.#inserted = { ...this.#inserted, memory };
    });
  }

  /** Called before the first change of each mount: the volume change reference is another one from now on, durably. */
  noteChange(): Eventually<void> {
    if (this.#isChangeNoted) return undefined;
    const changeReference = (this.changeReference % changeReferenceMax) + 1;
    return after(this.keep({ ...this.memory, changeReference }), () => {
      this.#isChangeNoted = true;
    });
  }

  /** The cartridge in the drive, loaded or not. */
  get inserted(): InsertedCartridge | undefined {
    return this.#inserted;
  }

  /** The cartridge that commands can reach. */
  get loaded(): LoadedCartridge | undefined {
    return this.#loaded;
  }

  /** A cartridge that can be encrypted is loaded: LTO from generation 4 on. */
  get isVolumeCapable(): boolean {
    return (this.#loaded?.cartridge.generation ?? 0) >= 4;
  }

  get medium(): Medium | undefined {
    return this.#loaded?.medium;
  }

  get state(): DriveState {
    const cartridge = this.#inserted;
    if (cartridge === undefined) {
      const barcode = this.expectedBarcode;
      return barcode === undefined ? { kind: "empty" } : { kind: "loading", barcode };
    }
    const { barcode } = cartridge;
    if (this.#loaded !== undefined) return { kind: "loaded", barcode };
    const reason = this.unusableReason(cartridge);
    return reason === undefined ? { kind: "unloaded", barcode } : { kind: "unusable", barcode, reason };
  }

  /** Puts a cartridge in; loads it when it is of use here. */
  insert(cartridge: InsertedCartridge): void {
    assert(this.#inserted === undefined, `the drive is empty when ${cartridge.barcode} comes`);
    this.expectedBarcode = undefined;
    this.#inserted = cartridge;
    this.load();
  }

  /** Loads the cartridge in the drive at the beginning of the partition. False when it is of no use here. */
  load(): boolean {
    const cartridge = this.#inserted;
    if (cartridge === undefined || this.#loaded !== undefined) return false;
    const { image } = cartridge;
    const reason = this.unusableReason(cartridge);
    if (reason !== undefined || image === undefined) {
      this.alerts.raise(reason === "cleaning" ? "cleaning-media" : "unsupported-format");
      return false;
    }
    const isReadOnlyHere = !generationsOf(this.model.writes).includes(cartridge.generation);
    const medium = this.#mounted(image, cartridge);
    this.#loaded = { cartridge, medium, loadedAt: this.clock.monotonic(), isReadOnlyHere };
    this.hasLostWrites = false;
    this.pressure.end();
    this.mount = new TransferCounters();
    this.#isChangeNoted = false;
    const drive = `${this.model.vendor.padEnd(8)}${this.serial}`;
    this.#inserted = { ...cartridge, memory: loadedBy(cartridge.memory, drive) };
    this.loads++;
    return true;
  }

  /**
   * After lost writes: opens the medium anew, at its beginning, with what the store has kept. The medium of the loaded
   * cartridge, or what it was opened anew as; undefined when none is loaded. Rejects with the fault that keeps it shut.
   */
  async renewed(): Promise<Medium | undefined> {
    const loaded = this.#loaded;
    const reopen = loaded?.cartridge.reopen;
    if (loaded === undefined || reopen === undefined || !this.hasLostWrites) return loaded?.medium;
    const image = await reopen();
    const cartridge = { ...loaded.cartridge, memory: this.memory, image };
    const medium = this.#mounted(image, cartridge);
    this.#inserted = cartridge;
    this.#loaded = { ...loaded, cartridge, medium };
    this.hasLostWrites = false;
    return medium;
  }

  /** Uses a part of the nominal size from now on. The medium was erased before. */
  resize(capacityProportion: number): Eventually<void> {
    return after(this.keep({ ...this.memory, capacityProportion }), () => {
      const loaded = this.#loaded;
      const image = loaded?.cartridge.image;
      if (loaded === undefined || image === undefined || this.#inserted === undefined) return;
      this.#loaded = { ...loaded, medium: this.#mounted(image, this.#inserted) };
    });
  }

  /** Zone of programmable early warning, in units of 10^6 bytes. */
  get programmableMegabytes(): number {
    return this.#programmableMegabytes;
  }

  set programmableMegabytes(megabytes: number) {
    this.#programmableMegabytes = megabytes;
    if (this.medium !== undefined) this.medium.programmableZone = megabytes * 1e6;
  }

  /** Why append-only mode keeps a write, an ERASE or, with `format`, a FORMAT MEDIUM from destroying what is here. */
  keepsFromOverwriting(medium: Medium, what: "write" | "format"): boolean {
    if (!this.isAppendOnly) return false;
    if (what === "format") return medium.endOfData > 0 && this.overwrite !== "format";
    if (medium.isAtEndOfData) return false;
    return typeof this.overwrite !== "object" || this.overwrite.at !== medium.objectNumber;
  }

  #mounted(image: Image, cartridge: InsertedCartridge): Medium {
    const { capacityBytes, writeProtected, kind, memory } = cartridge;
    const part = (memory.capacityProportion ?? proportionMax) / proportionMax;
    const medium = new Medium(image, {
      capacityBytes: Math.max(Math.floor(capacityBytes * part), Math.min(capacityBytes, capacityMin)),
      writeProtected,
      writeOnce: kind === "write-once",
    });
    medium.programmableZone = this.#programmableMegabytes * 1e6;
    this.overwrite = undefined;
    return medium;
  }

  /** The cartridge stays in the mouth; its past is counted up. Its data was flushed before. */
  unload(): void {
    const loaded = this.#loaded;
    if (loaded === undefined) return;
    this.#loaded = undefined;
    this.#inserted = { ...loaded.cartridge, memory: this.memory, history: this.historyOf(loaded) };
    this.encryption.demounted();
    this.alerts.clear();
  }

  /** Takes the cartridge out. */
  takeOut(): InsertedCartridge | undefined {
    this.unload();
    const cartridge = this.#inserted;
    this.#inserted = undefined;
    this.alerts.clear();
    return cartridge;
  }

  /** A cartridge's past including this mount. */
  historyOf({ cartridge }: LoadedCartridge): InsertedCartridge["history"] {
    const { loadCount, bytesWritten, bytesRead } = cartridge.history;
    return {
      ...cartridge.history,
      loadCount: loadCount + 1,
      bytesWritten: bytesWritten + this.mount.bytesWritten,
      bytesRead: bytesRead + this.mount.bytesRead,
    };
  }

  /** Counts blocks that were written. */
  countWritten(blocks: number, bytes: number): void {
    for (const counters of [this.lifetime, this.counters, this.mount]) {
      counters.blocksWritten += blocks;
      counters.bytesWritten += bytes;
    }
  }

  /** Counts blocks that were read. */
  countRead(blocks: number, bytes: number): void {
    for (const counters of [this.lifetime, this.counters, this.mount]) {
      counters.blocksRead += blocks;
      counters.bytesRead += bytes;
    }
  }

  /** Why a cartridge is of no use in this drive. */
  unusableReason(cartridge: InsertedCartridge): "cleaning" | "incompatible" | undefined {
    if (cartridge.kind === "cleaning") return "cleaning";
    const { writes, readsOnly } = this.model;
    return generationsOf([...writes, ...readsOnly]).includes(cartridge.generation) ? undefined : "incompatible";
  }
}

/** SET CAPACITY: all of the nominal size. */
const proportionMax = 0xffff;
/** The least that SET CAPACITY leaves: room for a block of the largest size and its trailer. */
const capacityMin = limits.cartridgeSizeMin;

/** FFFFFFFFh would mean that the reference is not kept. */
const changeReferenceMax = 2 ** 32 - 2;

/** A list of generations as such, whatever literal type a model has. */
function generationsOf(generations: readonly LtoGeneration[]): readonly LtoGeneration[] {
  return generations;
}

// SPDX-License-Identifier: Apache-2.0
// What the command handlers of a drive share: the loaded medium, the mode parameters that shape data transfer, the
// counters behind log pages and metrics, and the TapeAlert flags. It answers no commands itself.

import { assert, defined, limits } from "#base/index.ts";
import type { Clock, Duration, Log, Random } from "#base/index.ts";
import { after, Medium } from "#tape/index.ts";
import type { Eventually, Image } from "#tape/index.ts";
import type { DriveModel, LtoGeneration } from "#scsi/index.ts";
import { loadedBy, partitioned, referenceOf, withReference, type CartridgeMemory } from "./cartridge-memory.ts";
import { DriveEncryption } from "./drive-encryption.ts";
import type { DriveOptions, DriveState, InsertedCartridge } from "./drive-options.ts";
import { noPartitioning, partitionSizeMin, type Partitioning } from "./drive-partitions.ts";
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
  /** Its partitions. */
  readonly media: readonly Medium[];
  /** The one that commands work on. */
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
  readonly #divide: DriveOptions["divide"];
  /** Partitions whose volume change reference of this mount is kept already. */
  readonly #noted = new Set<number>();
  /** What FORMAT MEDIUM makes, as the medium partition mode page asks. */
  partitioning: Partitioning = noPartitioning;

  constructor(options: Pick<DriveOptions, "model" | "serial" | "clock" | "random" | "log" | "keep" | "divide">) {
    this.model = options.model;
    this.serial = options.serial;
    this.clock = options.clock;
    this.log = options.log;
    this.random = options.random;
    this.#keep = options.keep;
    this.#divide = options.divide;
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
    return this.#loaded?.media.indexOf(this.#loaded.medium) ?? 0;
  }

  /** Partitions of the loaded cartridge. */
  get partitionCount(): number {
    return this.#loaded?.media.length ?? 1;
  }

  /** Works on another partition from now on. What was written on the present one is durable. */
  switchTo(partition: number): Medium {
    const loaded = defined(this.#loaded, "a loaded cartridge");
    const medium = defined(loaded.media[partition], `partition ${partition}`);
    if (medium !== loaded.medium) this.overwrite = undefined;
    this.#loaded = { ...loaded, medium };
    return medium;
  }

  /** Gives the cartridge partitions of these sizes, in parts of its nominal size. All of it was erased before. */
  async divide(sizes: readonly number[]): Promise<void> {
    const cartridge = defined(this.#inserted, "a cartridge");
    const memory = partitioned(this.memory, sizes);
    // What is kept never names a partition that is not there, at whatever moment the process ends.
    if (sizes.length < this.partitionCount) await this.keep(memory);
    const others = await this.#divide(cartridge.barcode, sizes.length);
    await this.keep(memory);
    this.#remount({ others });
  }

  /** MAM 0009h of a partition. Cartridges of earlier releases go on where those counted. */
  changeReference(partition: number): number {
    return referenceOf(this.memory, partition, (this.#inserted?.history.writtenMounts ?? 0) + 1);
  }

  /** Keeps a changed memory, durably, and uses it from then on. */
  keep(memory: CartridgeMemory): Eventually<void> {
    const cartridge = this.#inserted;
    if (cartridge === undefined) return undefined;
    return after(this.#keep(cartridge.barcode, memory), () => {
      if (this.#inserted?.barcode === cartridge.barcode) this.#inserted = { ...this.#inserted, memory };
    });
  }

  /**
   * Called before a change of the present partition; its volume change reference is another one from the first change of
   * each mount on, durably.
   */
  noteChange(): Eventually<void> {
    const { partition } = this;
    if (this.#noted.has(partition)) return undefined;
    const reference = (this.changeReference(partition) % changeReferenceMax) + 1;
    return after(this.keep(withReference(this.memory, partition, reference)), () => {
      this.#noted.add(partition);
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
    const media = this.#mediaOf(cartridge, image);
    const medium = defined(media[0], "at least one partition");
    this.#loaded = { cartridge, media, medium, loadedAt: this.clock.monotonic(), isReadOnlyHere };
    this.hasLostWrites = false;
    this.pressure.end();
    this.mount = new TransferCounters();
    this.#noted.clear();
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
    const { partition } = this;
    const image = await reopen(partition);
    const { others = [] } = loaded.cartridge;
    const part = partition === 0 ? { image } : { others: others.with(partition - 1, image) };
    const cartridge = { ...loaded.cartridge, memory: this.memory, ...part };
    const medium = this.#mounted(image, cartridge, partition);
    this.#inserted = cartridge;
    this.#loaded = { ...loaded, cartridge, media: loaded.media.with(partition, medium), medium };
    this.hasLostWrites = false;
    return medium;
  }

  /** Uses a part of the nominal size from now on. The medium was erased before. */
  resize(capacityProportion: number): Eventually<void> {
    return after(this.keep({ ...this.memory, capacityProportion }), () => this.#remount({}));
  }

  /** Mounts the cartridge anew, at the beginning of partition 0. */
  #remount(change: Pick<InsertedCartridge, "others">): void {
    const loaded = this.#loaded;
    const image = loaded?.cartridge.image;
    if (loaded === undefined || image === undefined) return;
    const cartridge = { ...loaded.cartridge, memory: this.memory, ...change };
    const media = this.#mediaOf(cartridge, image);
    this.#inserted = cartridge;
    this.#loaded = { ...loaded, cartridge, media, medium: defined(media[0], "at least one partition") };
  }

  #mediaOf(cartridge: InsertedCartridge, first: Image): readonly Medium[] {
    return [first, ...(cartridge.others ?? [])].map((image, partition) => this.#mounted(image, cartridge, partition));
  }

  /** Zone of programmable early warning, in units of 10^6 bytes. */
  get programmableMegabytes(): number {
    return this.#programmableMegabytes;
  }

  set programmableMegabytes(megabytes: number) {
    this.#programmableMegabytes = megabytes;
    for (const medium of this.#loaded?.media ?? []) medium.programmableZone = megabytes * 1e6;
  }

  /** Why append-only mode keeps a write, an ERASE or, with `format`, a FORMAT MEDIUM from destroying what is here. */
  keepsFromOverwriting(medium: Medium, what: "write" | "format"): boolean {
    if (!this.isAppendOnly) return false;
    if (what === "format") return this.isRecorded && this.overwrite !== "format";
    if (medium.isAtEndOfData) return false;
    return typeof this.overwrite !== "object" || this.overwrite.at !== medium.objectNumber;
  }

  /** Something is recorded in some partition. */
  get isRecorded(): boolean {
    return this.#loaded?.media.some(({ endOfData }) => endOfData > 0) ?? false;
  }

  #mounted(image: Image, cartridge: InsertedCartridge, partition: number): Medium {
    const { writeProtected, kind, memory } = cartridge;
    const capacityBytes = memory.partitions?.[partition] ?? cartridge.capacityBytes;
    const part = (memory.capacityProportion ?? proportionMax) / proportionMax;
    const least = Math.min(capacityBytes, memory.partitions === undefined ? capacityMin : partitionSizeMin);
    const medium = new Medium(image, {
      capacityBytes: Math.max(Math.floor(capacityBytes * part), least),
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

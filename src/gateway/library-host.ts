// SPDX-License-Identifier: Apache-2.0
// One library at work: its changer and drives as logical units, its robot, and the iSCSI targets they stand behind.
// Follows the library's record when that changes; decides nothing.

import { isFault, limits, sleep, type Clock, type Log, type Random } from "#base/index.ts";
import { type CartridgeMemory, ChangerUnit } from "#device/index.ts";
import { type CartridgeStore, storeFault } from "#store/index.ts";
import { Gate } from "#work/index.ts";
import type { Book } from "./book.ts";
import { DriveHost, type DriveHostOptions } from "./drive-host.ts";
import type { CartridgeChange, DriveRecord, LibraryRecord } from "./facts.ts";
import { changerModel, driveModel } from "./models.ts";
import { changerTargetName, driveTargetName, libraryTargetName, serialOf, type TargetNaming } from "./naming.ts";
import { LibraryRobot, type LibraryRobotOptions } from "./robot.ts";
import type { ObjectId } from "./views.ts";
import { TargetUnits, type NexusWatcher } from "./target-unit.ts";

/** What a library host needs. */
export interface LibraryHostOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly book: Book;
  readonly store: CartridgeStore;
  readonly policyFor: DriveHostOptions["policyFor"];
  readonly id: ObjectId;
  /** First parts of its target names. */
  readonly naming: Omit<TargetNaming, "library">;
  readonly watcher: NexusWatcher;
  readonly tellsPowerOn: (target: string, initiatorName: string) => boolean;
  readonly moved: LibraryRobotOptions["moved"];
}

/** Where a device is reached. */
export interface UnitPlace {
  readonly target: TargetUnits;
  readonly lun: number;
}

/** One library at work. */
export class LibraryHost {
  readonly id: ObjectId;
  readonly changer: ChangerUnit;
  readonly robot: LibraryRobot;
  /** By target name. */
  readonly targets = new Map<string, TargetUnits>();
  readonly #options: LibraryHostOptions;
  readonly #lock = new Gate();
  /** By drive number. */
  readonly #drives = new Map<number, DriveHost>();

  constructor(options: LibraryHostOptions) {
    this.#options = options;
    this.id = options.id;
    const { book, clock, log } = options;
    this.robot = new LibraryRobot({
      library: this.id,
      book,
      clock,
      log,
      lock: this.#lock,
      driveAt: (address) => this.driveAt(address),
      moved: options.moved,
    });
    const target = this.changerTarget;
    this.changer = new ChangerUnit({
      model: changerModel(this.record.changerModel),
      serial: this.changerSerial,
      changer: book.state.library(this.id).changer,
      robot: this.robot,
      luns: () => this.#place(target)?.luns() ?? [0],
      tellsPowerOn: ({ initiatorName }) => options.tellsPowerOn(target, initiatorName),
      clock,
      log,
    });
    this.#targetNamed(target).add(0, this.changer);
    for (const drive of this.record.drives) this.#addDrive(drive);
  }

  get record(): LibraryRecord {
    return this.#options.book.state.library(this.id).record;
  }

  get changerSerial(): string {
    return serialOf(this.id);
  }

  /** Target name of the changer. */
  get changerTarget(): string {
    return this.record.topology === "single-target" ? libraryTargetName(this.#naming) : changerTargetName(this.#naming);
  }

  /** In the order of their numbers. */
  get drives(): readonly DriveHost[] {
    return [...this.#drives.values()].toSorted((left, right) => left.record.number - right.record.number);
  }

  drive(number: number): DriveHost | undefined {
    return this.#drives.get(number);
  }

  driveAt(address: number): DriveHost | undefined {
    return this.#drives.get(address - this.record.shape["drive-bay"].first + 1);
  }

  /** Target name and LUN of a drive. */
  drivePlace(number: number): { readonly target: string; readonly lun: number } {
    return this.record.topology === "single-target"
      ? { target: libraryTargetName(this.#naming), lun: number }
      : { target: driveTargetName(this.#naming, number), lun: 0 };
  }

  /** Runs `job` while nothing moves. */
  exclusive<T>(job: () => Promise<T>): Promise<T> {
    return this.#lock.run(job);
  }

  /** Makes and unmakes drives as the record says now. Called within `exclusive`. */
  async follow(): Promise<void> {
    const wanted = new Map(this.record.drives.map((drive) => [drive.number, drive]));
    for (const [number, drive] of this.#drives) {
      if (wanted.get(number)?.id === drive.record.id) continue;
      this.#drives.delete(number);
      await this.#dropDrive(number);
    }
    for (const drive of wanted.values()) {
      if (!this.#drives.has(drive.number)) this.#addDrive(drive);
    }
  }

  /** Loads what stood in the bays when the process started, all bays in parallel. */
  async loadAtStart(): Promise<void> {
    const { changer } = this.#options.book.state.library(this.id);
    const loads = changer.elements("drive-bay").flatMap(({ address, occupant }) => {
      const drive = this.driveAt(address);
      if (drive === undefined || occupant === undefined) return [];
      return [drive.loadAtStart(this.#options.book.state.cartridge(occupant.barcode))];
    });
    await Promise.all(loads);
  }

  /** Makes the data of every drive durable and writes down what hosts did to the cartridges. They stay in their bays. */
  async putToRest(): Promise<void> {
    await this.exclusive(async () => {
      await Promise.all(this.drives.map((drive) => this.#restDrive(drive)));
    });
  }

  async #restDrive(drive: DriveHost): Promise<void> {
    const answer = await drive.take({ force: true });
    if (answer.kind !== "taken" || answer.held === undefined) return;
    const { barcode, history, memory } = answer.held.inserted;
    await drive.release(answer.held);
    await this.#change(barcode, { history, memory });
  }

  async #change(barcode: string, change: CartridgeChange): Promise<void> {
    const at = this.#options.clock.now();
    await this.#options.book.change(() => {
      return { facts: [{ kind: "cartridge-changed", barcode, at, change }], result: undefined };
    });
  }

  /** Waits for room on a full disk as the store does: what is kept in the course of a write must not fail it. */
  async #keep(barcode: string, memory: CartridgeMemory): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + limits.pressureWait;
    for (;;) {
      try {
        return await this.#change(barcode, { memory });
      } catch (error) {
        if (!isFault(error, "store.disk-full")) throw error;
        const reason = "the disk of the data folder is full";
        if (clock.monotonic() >= deadline) throw storeFault("under-pressure", { cartridge: barcode, reason }, error);
        await sleep(clock, limits.diskFullPause);
      }
    }
  }

  #addDrive(record: DriveRecord): void {
    const { book, store, policyFor, clock, random, log } = this.#options;
    const { shape, driveModel: model } = book.state.library(this.id).record;
    const place = this.drivePlace(record.number);
    const drive = new DriveHost({
      record,
      address: shape["drive-bay"].first + record.number - 1,
      model: driveModel(model),
      changerSerial: this.changerSerial,
      luns: () => this.#place(place.target)?.luns() ?? [place.lun],
      tellsPowerOn: ({ initiatorName }) => this.#options.tellsPowerOn(place.target, initiatorName),
      keep: (barcode, memory) => this.#keep(barcode, memory),
      durability: () => book.state.library(this.id).record.durability ?? "local",
      store,
      policyFor,
      clock,
      random,
      log,
    });
    this.#drives.set(record.number, drive);
    this.#targetNamed(place.target).add(place.lun, drive.unit);
  }

  async #dropDrive(number: number): Promise<void> {
    const { target, lun } = this.drivePlace(number);
    await this.#place(target)?.remove(lun);
    if (this.#place(target)?.luns().length === 0) this.targets.delete(target);
  }

  #place(target: string): TargetUnits | undefined {
    return this.targets.get(target);
  }

  #targetNamed(name: string): TargetUnits {
    const known = this.targets.get(name);
    if (known !== undefined) return known;
    const target = new TargetUnits(name, this.#options.watcher);
    this.targets.set(name, target);
    return target;
  }

  get #naming(): TargetNaming {
    return { ...this.#options.naming, library: this.record.name };
  }
}

/** Sessions that one target takes at once. */
export const sessionsPerTarget: number = limits.sessionsPerTarget;

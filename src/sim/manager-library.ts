// SPDX-License-Identifier: Apache-2.0
// The library of simulated managers: drives that fail and are mended, a robot, slots, and a person who takes cartridges
// away and brings them back. Its changer and drives are ports of `driver` and `format`; stations over them are the manager's.

import { type Clock, type Duration, milliseconds, sleep } from "#base/index.ts";
import { type ChangerStatus, driverFault, type TapeChanger } from "#driver/index.ts";
import type { TapeDrive } from "#format/index.ts";
import type { Lifetime } from "./lifetime.ts";
import type { SeededRandom } from "./random.ts";
import { SimCartridge, type SimCartridgeOptions, SimTapeDrive, type TapeObserver } from "./tape-cartridge.ts";

const driveAddress = 256;
const slotAddress = 4096;
const mailAddress = 16;

interface Held {
  readonly label: string;
  readonly cartridge: SimCartridge;
}

interface Place {
  held: Held | undefined;
  /** Where the cartridge came from. */
  cameFrom: number | undefined;
}

interface DrivePlace extends Place {
  readonly drive: SimTapeDrive;
  /** Virtual time until which everything fails. */
  brokenUntil: number;
}

/** What happens to drives. */
export interface LibraryTroubles {
  /** Chance that an operation of a drive fails. */
  readonly failures: number;
  /** Chance that an operation takes some time, in which others have their turn. */
  readonly pauses: number;
}

/** What a library is made of. */
export interface ManagerLibraryOptions {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly observer: TapeObserver;
  readonly drives: number;
  readonly slots: number;
  readonly mailSlots: number;
}

/** A library with its cartridges, also those that somebody carried away. */
export class ManagerLibrary {
  readonly #options: ManagerLibraryOptions;
  readonly #drives: readonly DrivePlace[];
  readonly #slots: readonly Place[];
  readonly #mail: readonly Place[];
  /** On somebody's desk. */
  readonly #away: Held[] = [];
  troubles: LibraryTroubles = { failures: 0, pauses: 0 };

  constructor(options: ManagerLibraryOptions) {
    this.#options = options;
    const place = (): Place => ({ held: undefined, cameFrom: undefined });
    this.#drives = Array.from({ length: options.drives }, () => ({
      ...place(),
      drive: new SimTapeDrive(undefined, options.observer),
      brokenUntil: 0,
    }));
    this.#slots = Array.from({ length: options.slots }, place);
    this.#mail = Array.from({ length: options.mailSlots }, place);
  }

  /** All cartridges, wherever they are. */
  get cartridges(): readonly Held[] {
    const places = [...this.#drives, ...this.#slots, ...this.#mail].map(({ held }) => held);
    return [...places.filter((held) => held !== undefined), ...this.#away];
  }

  /** Puts a new cartridge into a slot. */
  add(label: string, options: SimCartridgeOptions): void {
    this.#put({ label, cartridge: new SimCartridge(options) });
  }

  /** A person takes a cartridge out of a slot. */
  takeAway(): string | undefined {
    const full = this.#slots.filter(({ held }) => held !== undefined);
    if (full.length === 0) return undefined;
    const place = this.#options.random.pick(full);
    const { held } = place;
    place.held = undefined;
    if (held !== undefined) this.#away.push(held);
    return held?.label;
  }

  /** A person puts back what was taken, and what is in the mail slots. */
  bringBack(): number {
    const exported = this.#mail.flatMap((place) => {
      const { held } = place;
      place.held = undefined;
      return held === undefined ? [] : [held];
    });
    const back = [...this.#away.splice(0), ...exported];
    for (const held of back) this.#put(held);
    return back.length;
  }

  /** A drive fails for a while. */
  breakDrive(duration: Duration): void {
    this.#options.random.pick(this.#drives).brokenUntil = this.#options.clock.monotonic() + duration;
  }

  /** A drive tells of alerts, or of none. */
  alert(alerts: readonly string[]): void {
    this.#options.random.pick(this.#drives).drive.alerts = alerts;
  }

  mend(): void {
    this.troubles = { failures: 0, pauses: 0 };
    for (const place of this.#drives) {
      place.brokenUntil = 0;
      place.drive.alerts = [];
    }
  }

  /** The power fails: of what the drives had not flushed, some is lost. */
  losePower(): void {
    for (const { drive } of this.#drives) drive.powerLoss(this.#options.random.below(4));
  }

  /** The changer, for one process. */
  changer(name: string, life: Lifetime): TapeChanger {
    return {
      name,
      status: async () => life.reading(this.#status()),
      move: (from, to) => life.step("move", () => this.#move(name, from, to)),
      close: () => Promise.resolve(),
    };
  }

  /** Opens a drive, for one process. */
  async openDrive(number: number, life: Lifetime): Promise<TapeDrive> {
    const place = this.#drive(number);
    await life.reading(undefined);
    this.#expectWorking(place, number, "TEST UNIT READY");
    if (place.held === undefined) throw driverFault("not-ready", { device: `drive ${number}`, answer: "no medium" });
    return this.#mortalDrive(place, number, life);
  }

  #mortalDrive(place: DrivePlace, number: number, life: Lifetime): TapeDrive {
    const { drive } = place;
    const { random, clock } = this.#options;
    const run = async <T>(what: string, effect: () => Promise<T>, isStep = true): Promise<T> => {
      const { failures, pauses } = this.troubles;
      if (random.chance(pauses)) await sleep(clock, milliseconds(random.between(1, 4000)));
      await life.reading(undefined);
      this.#expectWorking(place, number, what);
      if (random.chance(failures)) {
        if (random.chance(0.5)) await effect();
        throw failed(number, what);
      }
      return isStep ? life.step(what, effect) : life.reading(await effect());
    };
    return {
      readBlock: (into) => run("READ", () => drive.readBlock(into), false),
      writeBlock: (block) => run("WRITE", () => drive.writeBlock(block)),
      writeFilemark: () => run("WRITE FILEMARKS", () => drive.writeFilemark()),
      rewind: () => run("REWIND", () => drive.rewind(), false),
      locateFile: (fileNumber) => run("SPACE", () => drive.locateFile(fileNumber), false),
      locateEnd: () => run("SPACE", () => drive.locateEnd()),
      fileNumber: () => run("READ POSITION", () => drive.fileNumber(), false),
      flush: () => run("WRITE FILEMARKS(0)", () => drive.flush()),
      setEncryptionKey: (key) => run("SPOUT", () => drive.setEncryptionKey(key), false),
      erase: () => run("ERASE", () => drive.erase()),
      criticalAlerts: () => run("LOG SENSE", () => drive.criticalAlerts(), false),
      usedBytes: () => run("LOG SENSE", () => drive.usedBytes(), false),
      eject: () => run("UNLOAD", () => drive.eject()),
    };
  }

  #status(): ChangerStatus {
    const content = (held: Held | undefined): { kind: "empty" } | { kind: "cartridge"; label: string } =>
      held === undefined ? { kind: "empty" } : { kind: "cartridge", label: held.label };
    const slot = (place: Place, index: number, isMailSlot: boolean, number: number) => ({
      number,
      address: (isMailSlot ? mailAddress : slotAddress) + index,
      isMailSlot,
      content: content(place.held),
    });
    return {
      drives: this.#drives.map(({ held, cameFrom }, number) => {
        return { number, address: driveAddress + number, content: content(held), cameFrom, serial: `drive ${number}` };
      }),
      slots: [
        ...this.#slots.map((place, index) => slot(place, index, false, index + 1)),
        ...this.#mail.map((place, index) => slot(place, index, true, this.#slots.length + index + 1)),
      ],
    };
  }

  async #move(name: string, from: number, to: number): Promise<void> {
    const [source, target] = [this.#at(from), this.#at(to)];
    const { held } = source;
    if (held === undefined || target.held !== undefined) throw this.#emptyPlace(name);
    const [drive, into] = [this.#driveAt(from), this.#driveAt(to)];
    if (drive !== undefined) this.#expectWorking(drive, from - driveAddress, "MOVE MEDIUM");
    if (into !== undefined) this.#expectWorking(into, to - driveAddress, "MOVE MEDIUM");
    // The robot has been promised to one caller at a time; with two, one of them finds another world than it saw.
    await sleep(this.#options.clock, milliseconds(this.#options.random.below(20)));
    if (source.held !== held || target.held !== undefined) throw this.#emptyPlace(name);
    await drive?.drive.eject();
    source.held = undefined;
    target.held = held;
    target.cameFrom = from;
    into?.drive.load(held.cartridge);
  }

  #emptyPlace(device: string): Error {
    return driverFault("command-failed", { device, command: "MOVE MEDIUM", answer: "MEDIUM SOURCE EMPTY", advice: "" });
  }

  #put(held: Held): void {
    const free = this.#slots.find((place) => place.held === undefined);
    if (free === undefined) throw new RangeError("a library has a slot for each cartridge");
    free.held = held;
  }

  #driveAt(address: number): DrivePlace | undefined {
    return this.#drives[address - driveAddress];
  }

  #drive(number: number): DrivePlace {
    const place = this.#drives[number];
    if (place === undefined) throw new RangeError(`there is no drive ${number}`);
    return place;
  }

  #at(address: number): Place {
    const place = this.#driveAt(address) ?? this.#slots[address - slotAddress] ?? this.#mail[address - mailAddress];
    if (place === undefined) throw new RangeError(`there is no element ${address}`);
    return place;
  }

  #expectWorking(place: DrivePlace, number: number, command: string): void {
    if (this.#options.clock.monotonic() < place.brokenUntil) throw failed(number, command);
  }
}

const failed = (number: number, command: string): Error =>
  driverFault("command-failed", { device: `drive ${number}`, command, answer: "HARDWARE ERROR", advice: "" });

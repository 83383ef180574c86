// SPDX-License-Identifier: Apache-2.0
// What people ask of drives and changers: what is in them, moving cartridges, status, cleaning, and what the inventory is told of
// cartridges by hand.

import { parseUuid, type Uuid } from "#base/index.ts";
import {
  type ChangerStatus,
  type DriveStatus,
  driveStatus,
  type ElementContent,
  type MemoryAttribute,
  memoryList,
  onlineLabels,
  readMemory,
  type ScsiUnit,
  slotOf,
  tapeAlerts,
  type TapeChanger,
  volumeStatistics,
  driverFault,
  unloadMoves,
} from "#driver/index.ts";
import type { CartridgeLabels } from "#format/index.ts";
import { type CartridgeRecord, type GivenState, isMember, offline, updateLocations } from "#media/index.ts";
import { type JsonValue, noTask, type TaskRecord } from "#work/index.ts";
import { refreshLocations } from "./backup-job.ts";
import { backupFault } from "./faults.ts";
import { eraseCartridge, inventorize, type LabelOptions, readLoadedLabels } from "./label-job.ts";
import type { Manager, OpenStation } from "./manager.ts";
import { changerNameOf, checkName, type DriveConfig } from "./manager-config.ts";

/** An element of a changer in a list. */
export interface ElementListing {
  readonly entryKind: "drive" | "slot" | "import-export";
  readonly entryId: number;
  /** Undefined: empty. `--FULL--`: a cartridge whose barcode nobody could read. */
  readonly labelText: string | undefined;
  /** Of a drive: the slot that its cartridge came from. */
  readonly loadedSlot: number | undefined;
  /** Of a drive: its name here. */
  readonly drive: string | undefined;
}

/** A changer in a list. */
export interface ChangerListing {
  readonly name: string;
  readonly portal: string | undefined;
  readonly target: string | undefined;
  readonly drives: readonly string[];
}

/** A device task: which, on what. */
interface DeviceRequest {
  readonly operation: string;
  readonly drive: string | undefined;
  readonly who: string;
  readonly subject?: string;
}

type DeviceWork = (job: LabelOptions, opened: OpenStation) => Promise<JsonValue>;

/** Answers for drives and changers. */
export class DeviceDesk {
  readonly #manager: Manager;

  constructor(manager: Manager) {
    this.#manager = manager;
  }

  /** Status of a drive and its cartridge. Fault `backup.drive-busy` while a job uses it. */
  status(drive: string | undefined): Promise<DriveStatus> {
    return this.#ask(drive, (opened, config) => driveStatus(unitOf(opened, config)));
  }

  statistics(drive: string | undefined): Promise<Readonly<Record<string, number | string | boolean>>> {
    return this.#ask(drive, (opened, config) => volumeStatistics(unitOf(opened, config)));
  }

  memory(drive: string | undefined): Promise<readonly MemoryAttribute[]> {
    return this.#ask(drive, async (opened, config) => memoryList(await readMemory(unitOf(opened, config))));
  }

  /** The labels of the cartridge in a drive; `inventorizes`: the inventory learns them. Fault `backup.no-label`. */
  readLabel(drive: string | undefined, options: { readonly inventorizes: boolean }): Promise<CartridgeLabels> {
    return this.#ask(drive, async ({ station }, _drive, job) => {
      const labels = await readLoadedLabels(await station.open());
      if (labels === undefined) throw backupFault("no-label", { drive: station.name });
      if (options.inventorizes) await inventorize(job, labels);
      return labels;
    });
  }

  /** All changers. */
  changers(): readonly ChangerListing[] {
    const { config, changers } = this.#manager;
    return changers.map((name) => {
      const served = config.drives.filter((drive) => changerNameOf(config, drive) === name);
      const [first] = served;
      const isLibrary = first?.kind === "library";
      return {
        name,
        portal: isLibrary ? first.portal : undefined,
        target: isLibrary ? first.changerTarget : first?.kind === "folder" ? first.path : undefined,
        drives: served.map((drive) => drive.name),
      };
    });
  }

  /** What is where in a changer, drives first; the inventory learns it too. */
  changerStatus(changer: string | undefined): Promise<readonly ElementListing[]> {
    return this.#ask(this.#driveOf(changer), async (opened, config) => {
      const name = changerNameOf(this.#manager.config, config) ?? config.name;
      if (opened.place === undefined) {
        const labels = (await opened.station.labels()) ?? [];
        await this.#noteContent(name, labels);
        return labels.map(folderElement);
      }
      const status = await opened.place.changer.status();
      await this.#noteContent(name, onlineLabels(status));
      const drives = this.#manager.config.drives.filter((drive) => changerNameOf(this.#manager.config, drive) === name);
      const own = new Map(drives.length === 1 ? [[opened.place.driveNumber, config.name] as const] : []);
      return elementsOf(status, own);
    });
  }

  /** Moves a cartridge from slot to slot, as a task. */
  transfer(
    options: { readonly changer: string | undefined; readonly from: number; readonly to: number },
    who: string,
  ): TaskRecord {
    const { from, to } = options;
    const drive = this.#driveOf(options.changer);
    const request = { operation: "tape.changer.transfer", drive, who, subject: `${from} to ${to}` };
    return this.#task(request, async (job, opened) => {
      const { changer, robot } = placeOf(opened, this.#manager.drive(drive));
      await robot.run(async () => {
        const status = await changer.status();
        const [source, target] = [slotOf(status, changer.name, from), slotOf(status, changer.name, to)];
        expectFull(source, changer);
        if (target.content.kind !== "empty") throw driverFault("slot-full", { changer: changer.name, number: to });
        await changer.move(source.address, target.address);
      });
      await this.#refresh(job);
      return {};
    });
  }

  load(options: { readonly labelText: string; readonly drive: string | undefined }, who: string): TaskRecord {
    const { labelText, drive } = options;
    return this.#task({ operation: "tape.load-media", drive, who, subject: labelText }, async (job) => {
      await job.station.load(labelText);
      return {};
    });
  }

  /** Loads what is in a slot; the drive is emptied first. */
  loadSlot(options: { readonly slot: number; readonly drive: string | undefined }, who: string): TaskRecord {
    const { slot: number, drive } = options;
    const request = { operation: "tape.load-media-from-slot", drive, who, subject: `slot ${number}` };
    return this.#task(request, async (job, opened) => {
      const { changer, driveNumber, robot } = placeOf(opened, this.#manager.drive(drive));
      expectFull(slotOf(await changer.status(), changer.name, number), changer);
      await job.station.unload();
      await robot.run(async () => {
        const status = await changer.status();
        const target = status.drives.find((candidate) => candidate.number === driveNumber);
        if (target !== undefined) await changer.move(slotOf(status, changer.name, number).address, target.address);
      });
      return {};
    });
  }

  /** Out of the drive: into a slot, that one if it is named, or out of its mouth. */
  unload(options: { readonly slot: number | undefined; readonly drive: string | undefined }, who: string): TaskRecord {
    const { slot: number, drive } = options;
    return this.#task({ operation: "tape.unload", drive, who }, async (job, opened) => {
      if (number === undefined) {
        await job.station.unload();
        return {};
      }
      const { changer, driveNumber, robot } = placeOf(opened, this.#manager.drive(drive));
      await robot.run(async () => {
        const status = await changer.status();
        const slot = slotOf(status, changer.name, number);
        if (slot.content.kind !== "empty") throw driverFault("slot-full", { changer: changer.name, number });
        const [move] = unloadMoves(status, changer.name, driveNumber);
        if (move !== undefined) await changer.move(move.from, slot.address);
      });
      return {};
    });
  }

  eject(drive: string | undefined, who: string): TaskRecord {
    return this.#task({ operation: "tape.eject", drive, who }, async ({ station }) => {
      await station.unload();
      return {};
    });
  }

  rewind(drive: string | undefined, who: string): TaskRecord {
    return this.#task({ operation: "tape.rewind", drive, who }, async ({ station }) => {
      await (await station.open()).rewind();
      return {};
    });
  }

  /** Moves a cartridge to a mail slot. */
  export(options: { readonly labelText: string; readonly drive: string | undefined }, who: string): TaskRecord {
    const { labelText, drive } = options;
    return this.#task({ operation: "tape.export-media", drive, who, subject: labelText }, async (job) => {
      const isExported = await job.station.export(labelText);
      const changer = job.station.changer ?? job.station.name;
      if (!isExported) throw backupFault("not-online", { label: labelText, changer });
      await this.#refresh(job);
      return {};
    });
  }

  /** Cleans a drive, and looks at its alerts afterwards. */
  clean(drive: string | undefined, who: string): TaskRecord {
    return this.#task({ operation: "tape.clean", drive, who }, async ({ station, context }, opened) => {
      if (station.clean === undefined) throw backupFault("clean-by-hand", { drive: station.name });
      await station.clean();
      const alerts = opened.unit === undefined ? [] : await tapeAlerts(opened.unit);
      const critical = alerts.filter(({ isCritical }) => isCritical).map(({ name }) => name);
      if (critical.length > 0) throw backupFault("clean-alerts", { drive: station.name, alerts: critical.join(", ") });
      context.log(`${station.name} was cleaned`);
      return {};
    });
  }

  /**
   * Erases a cartridge and forgets it (B-FMT-1). Named: that one is loaded, and anything else in the drive is an error.
   * Otherwise: what is in the drive.
   */
  format(
    options: { readonly labelText: string | undefined; readonly isFast: boolean; readonly drive: string | undefined },
    who: string,
  ): TaskRecord {
    const { labelText, isFast, drive } = options;
    const request = {
      operation: "tape.format",
      drive,
      who,
      ...(labelText === undefined ? {} : { subject: labelText }),
    };
    return this.#task(request, async (job) => {
      const tape = labelText === undefined ? await job.station.open() : await job.station.load(labelText);
      if (labelText !== undefined) {
        const actual = (await readLoadedLabels(tape))?.label.labelText ?? "empty";
        if (actual !== labelText) {
          throw backupFault("wrong-cartridge", { drive: job.station.name, actual, expected: labelText });
        }
      }
      await eraseCartridge(job, tape, { isFast });
      return {};
    });
  }

  /** A cartridge goes to a vault, or back to the site. Faults `backup.not-found`, `backup.bad-config`. */
  async move(cartridge: string, vault: string | undefined): Promise<CartridgeRecord> {
    if (vault !== undefined) checkName("the vault", vault);
    const { uuid } = this.#cartridge(cartridge).label;
    const location = vault === undefined ? offline : ({ kind: "vault", vault } as const);
    const { librarian } = this.#manager;
    await librarian.update((inventory) => inventory.withLocation(uuid, location));
    return librarian.inventory.get(uuid);
  }

  /** Gives a cartridge a state, or takes it away. Fault `backup.not-found`. */
  async setState(cartridge: string, state: GivenState | undefined): Promise<CartridgeRecord> {
    const { uuid } = this.#cartridge(cartridge).label;
    const { librarian } = this.#manager;
    await librarian.update((inventory) => inventory.withState(uuid, state));
    return librarian.inventory.get(uuid);
  }

  /** The inventory forgets a cartridge, and its catalog goes too. Faults `backup.not-found`, `backup.is-member`. */
  async destroy(cartridge: string, isForced: boolean): Promise<void> {
    const record = this.#cartridge(cartridge);
    if (isMember(record) && !isForced) throw backupFault("is-member", { label: record.label.labelText });
    await this.#manager.librarian.forget(record.label.uuid);
  }

  /** By UUID, or by a label text that only one has (B-INV-5). */
  #cartridge(text: string): CartridgeRecord {
    const { inventory } = this.#manager.librarian;
    const uuid: Uuid | undefined = parseUuid(text);
    const found = uuid === undefined ? inventory.findLabel(text) : inventory.find(uuid);
    if (found === undefined) throw backupFault("not-found", { label: text });
    return found;
  }

  /** A drive that is served by a changer; the only one there is when none is named. */
  #driveOf(changer: string | undefined): string {
    const { config, changers } = this.#manager;
    const [only] = changers;
    const name = changer ?? (changers.length === 1 ? only : undefined);
    const drive = config.drives.find((candidate) => name !== undefined && changerNameOf(config, candidate) === name);
    if (drive !== undefined) return drive.name;
    throw backupFault("unknown", { what: "changer", name: name ?? "", known: changers.join(", ") || "none" });
  }

  async #noteContent(changer: string, labels: readonly string[]): Promise<void> {
    const { librarian, changers } = this.#manager;
    await librarian.update((inventory) => updateLocations(inventory, [{ changer, labels }], changers));
  }

  #refresh(job: LabelOptions): Promise<void> {
    return refreshLocations({ ...job, changers: this.#manager.changers });
  }

  /** A question that is answered at once, or not while a job uses the drive. */
  async #ask<T>(
    name: string | undefined,
    use: (opened: OpenStation, drive: DriveConfig, job: LabelOptions) => Promise<T>,
  ): Promise<T> {
    const drive = this.#manager.drive(name);
    if (this.#manager.isBusy(drive)) throw backupFault("drive-busy", { drive: drive.name });
    return this.#manager.withStation(drive, noTask(), (job, opened) => use(opened, drive, job));
  }

  #task({ operation, drive: name, who, subject }: DeviceRequest, work: DeviceWork): TaskRecord {
    const drive = this.#manager.drive(name);
    return this.#manager.start({ operation, subject: subject ?? drive.name, who }, (context) =>
      this.#manager.withStation(drive, context, work),
    );
  }
}

const kinds = { folder: "a folder", library: "a drive of a library", standalone: "a drive without a changer" } as const;

function unitOf({ unit }: OpenStation, { name, kind }: DriveConfig): ScsiUnit {
  if (unit === undefined)
    throw backupFault("no-device", { drive: name, kind: kinds[kind], what: "drive that tells of itself" });
  return unit;
}

function placeOf({ place }: OpenStation, { name, kind }: DriveConfig): NonNullable<OpenStation["place"]> {
  if (place === undefined) throw backupFault("no-device", { drive: name, kind: kinds[kind], what: "slots" });
  return place;
}

function expectFull(slot: { readonly number: number; readonly content: ElementContent }, { name }: TapeChanger): void {
  if (slot.content.kind === "empty") throw driverFault("slot-empty", { changer: name, number: slot.number });
}

const textOf = (content: ElementContent): string | undefined =>
  content.kind === "empty" ? undefined : (content.label ?? "--FULL--");

const folderElement = (labelText: string, index: number): ElementListing => {
  return { entryKind: "slot", entryId: index + 1, labelText, loadedSlot: undefined, drive: undefined };
};

/** The elements of a changer in the order of Proxmox: by kind, then by number. */
export function elementsOf(status: ChangerStatus, drives: ReadonlyMap<number, string>): readonly ElementListing[] {
  const numberAt = (address: number | undefined): number | undefined =>
    status.slots.find((slot) => slot.address === address)?.number;
  const inDrives = status.drives.map(({ number, content, cameFrom }) => {
    const loadedSlot = content.kind === "empty" ? undefined : numberAt(cameFrom);
    const head = { entryKind: "drive" as const, entryId: number, labelText: textOf(content) };
    return { ...head, loadedSlot, drive: drives.get(number) };
  });
  const slots = (isMailSlot: boolean): readonly ElementListing[] =>
    status.slots
      .filter((slot) => slot.isMailSlot === isMailSlot)
      .map(({ number, content }) => {
        const entryKind = isMailSlot ? "import-export" : "slot";
        return { entryKind, entryId: number, labelText: textOf(content), loadedSlot: undefined, drive: undefined };
      });
  return [...inDrives, ...slots(false), ...slots(true)];
}

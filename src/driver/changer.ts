// SPDX-License-Identifier: Apache-2.0
// Port: a changer, and the decisions about moves (B-CHG-4 to B-CHG-7). Slots are counted from 1, storage slots first, then mail
// slots; drives from 0. Decisions are pure; each is a move, nothing to do, or a reason.

import { driverFault } from "./faults.ts";

/** What is in an element. */
export type ElementContent =
  | { readonly kind: "empty" }
  /** `label` is undefined when the barcode could not be read. */
  | { readonly kind: "cartridge"; readonly label: string | undefined };

/** A storage slot or a mail slot. */
export interface ChangerSlot {
  readonly number: number;
  readonly address: number;
  readonly isMailSlot: boolean;
  readonly content: ElementContent;
}

/** The place of a drive. */
export interface ChangerDrive {
  readonly number: number;
  readonly address: number;
  readonly content: ElementContent;
  /** Address of the slot that its cartridge came from. */
  readonly cameFrom: number | undefined;
  /** Serial number of the drive, where the changer tells. */
  readonly serial: string | undefined;
}

/** What a changer tells. */
export interface ChangerStatus {
  readonly drives: readonly ChangerDrive[];
  readonly slots: readonly ChangerSlot[];
}

/** Port: a changer. */
export interface TapeChanger {
  /** Its name in the configuration. */
  readonly name: string;
  status(): Promise<ChangerStatus>;
  /** Moves a cartridge between element addresses. Fault `driver.command-failed`; nothing has moved then. */
  move(from: number, to: number): Promise<void>;
  close(): Promise<void>;
}

/** A move. */
export interface Move {
  readonly from: number;
  readonly to: number;
}

const labelOf = (content: ElementContent): string | undefined => (content.kind === "empty" ? undefined : content.label);
const isEmpty = ({ content }: { readonly content: ElementContent }): boolean => content.kind === "empty";

function driveOf(status: ChangerStatus, number: number, changer: string): ChangerDrive {
  const drive = status.drives.find((candidate) => candidate.number === number);
  if (drive === undefined) {
    throw driverFault("wrong-device", { device: changer, actual: "without it", expected: `drive ${number}` });
  }
  return drive;
}

/**
 * The moves that bring a cartridge into a drive (B-CHG-4); none when it is there. Faults `driver.cartridge-missing`,
 * `driver.cartridge-elsewhere`, `driver.cartridge-exported`, `driver.no-free-slot`.
 */
export function loadMoves(status: ChangerStatus, changer: string, label: string, driveNumber: number): readonly Move[] {
  const drive = driveOf(status, driveNumber, changer);
  if (labelOf(drive.content) === label) return [];
  const other = status.drives.find(({ content }) => labelOf(content) === label);
  if (other !== undefined) throw driverFault("cartridge-elsewhere", { label, place: `drive ${other.number}`, changer });
  const slot = status.slots.find(({ content }) => labelOf(content) === label);
  if (slot === undefined) throw driverFault("cartridge-missing", { label, changer });
  if (slot.isMailSlot) throw driverFault("cartridge-exported", { label, place: `mail slot ${slot.number}`, changer });
  return [...unloadMoves(status, changer, driveNumber), { from: slot.address, to: drive.address }];
}

/** The move that empties a drive (B-CHG-5): to where its cartridge came from, else to the first free storage slot. */
export function unloadMoves(status: ChangerStatus, changer: string, driveNumber: number): readonly Move[] {
  const drive = driveOf(status, driveNumber, changer);
  if (isEmpty(drive)) return [];
  const free = status.slots.filter((slot) => isEmpty(slot) && !slot.isMailSlot);
  const target = free.find(({ address }) => address === drive.cameFrom) ?? free[0];
  if (target === undefined) throw driverFault("no-free-slot", { changer, kind: "storage slot" });
  return [{ from: drive.address, to: target.address }];
}

/**
 * The move that exports a cartridge (B-CHG-6), from a storage slot or from the own drive; undefined when it is not online.
 * Fault `driver.no-free-slot`.
 */
export function exportMove(
  status: ChangerStatus,
  changer: string,
  label: string,
  driveNumber: number,
): Move | undefined {
  const drive = driveOf(status, driveNumber, changer);
  const slot = status.slots.find((candidate) => !candidate.isMailSlot && labelOf(candidate.content) === label);
  const from = labelOf(drive.content) === label ? drive.address : slot?.address;
  if (from === undefined) return undefined;
  const to = status.slots.find((candidate) => candidate.isMailSlot && isEmpty(candidate));
  if (to === undefined) throw driverFault("no-free-slot", { changer, kind: "mail slot" });
  return { from, to: to.address };
}

/** The move that brings a cleaning cartridge into an empty drive (B-CHG-8). Fault `driver.no-cleaning`. */
export function cleaningMove(status: ChangerStatus, changer: string, driveNumber: number): Move {
  const { address } = driveOf(status, driveNumber, changer);
  const slot = status.slots.find(
    ({ content, isMailSlot }) => !isMailSlot && labelOf(content)?.startsWith("CLN") === true,
  );
  if (slot === undefined) throw driverFault("no-cleaning", { changer });
  return { from: slot.address, to: address };
}

/**
 * The place of the drive with this serial number. A changer with one drive may keep its serial number to itself, or tell the begin
 * of it only. Undefined when the drive is not one of this changer.
 */
export function drivePlace(status: ChangerStatus, serial: string | undefined): ChangerDrive | undefined {
  const match = status.drives.find((drive) => serial !== undefined && drive.serial === serial);
  const [only, other] = status.drives;
  if (match !== undefined || only === undefined || other !== undefined) return match;
  return only.serial === undefined || serial?.startsWith(only.serial) === true ? only : undefined;
}

/** The slot with this number. Fault `driver.no-such-slot`. */
export function slotOf(status: ChangerStatus, changer: string, number: number): ChangerSlot {
  const slot = status.slots.find((candidate) => candidate.number === number);
  if (slot === undefined) throw driverFault("no-such-slot", { changer, number, last: status.slots.length });
  return slot;
}

/** Labels in drives, then in storage slots; cleaning cartridges in slots are left out (B-CHG-7). */
export function onlineLabels(status: ChangerStatus): readonly string[] {
  const inDrives = status.drives.map(({ content }) => labelOf(content));
  const inSlots = status.slots
    .filter(({ isMailSlot }) => !isMailSlot)
    .map(({ content }) => labelOf(content))
    .filter((label) => label?.startsWith("CLN") !== true);
  return [...inDrives, ...inSlots].filter((label) => label !== undefined);
}

// SPDX-License-Identifier: Apache-2.0
// Plans libraries: from what an operator asks for to a record that can be, and from one record to its successor. Pure.

import { limits, randomId, type Instant, type Random } from "#base/index.ts";
import { checkShape, type ChangerShape } from "#library/index.ts";
import type { DriveRecord, LibraryRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { changerModel, defaultChangerModel, defaultDriveModel, driveModel } from "./models.ts";
import { checkName } from "./naming.ts";
import { withPreset } from "./presets.ts";
import type { FirstAddresses, LibraryChange, LibraryRequest } from "./requests.ts";
import type { ObjectId } from "./views.ts";

interface Counts {
  readonly drives: number;
  readonly storageSlots: number;
  readonly mailSlots: number;
}

const defaultCounts: Counts = { drives: 4, storageSlots: 40, mailSlots: 8 };

/**
 * The library that a request describes. Faults `gateway.bad-name`, `gateway.bad-number`, `gateway.model-unknown`,
 * `gateway.preset-unknown`, `library.bad-shape`.
 */
export function planLibrary(asked: LibraryRequest, random: Random, now: Instant): LibraryRecord {
  const request = withPreset(asked);
  checkName("library", request.name);
  const changer = request.changerModel ?? defaultChangerModel;
  const drive = request.driveModel ?? defaultDriveModel;
  driveModel(drive);
  const { firstAddresses } = changerModel(changer);
  const counts = { ...defaultCounts, ...given(request) };
  checkCounts(counts);
  const defaults = {
    picker: firstAddresses.picker,
    drive: firstAddresses.drive,
    storageSlot: firstAddresses.storage,
    mailSlot: firstAddresses.mail,
  };
  const shape = shapeOf(counts, defaults, request.firstAddresses ?? {});
  checkShape(shape);
  return {
    id: randomId(random) as ObjectId,
    name: request.name,
    changerModel: changer,
    driveModel: drive,
    topology: request.topology ?? "target-per-device",
    shape,
    drives: newDrives(1, counts.drives, random),
    ...(request.durability === undefined ? {} : { durability: request.durability }),
    createdAt: now,
  };
}

/** The library with other counts. Faults `gateway.bad-number`, `library.bad-shape`. Whether places are free is not asked. */
export function replanLibrary(record: LibraryRecord, change: LibraryChange, random: Random): LibraryRecord {
  const { shape, drives } = record;
  const counts = {
    drives: drives.length,
    storageSlots: shape["storage-slot"].count,
    mailSlots: shape["mail-slot"].count,
    ...given(change),
  };
  checkCounts(counts);
  const next: ChangerShape = {
    picker: shape.picker,
    "drive-bay": { first: shape["drive-bay"].first, count: counts.drives },
    "storage-slot": { first: shape["storage-slot"].first, count: counts.storageSlots },
    "mail-slot": { first: shape["mail-slot"].first, count: counts.mailSlots },
  };
  checkShape(next);
  const kept = drives.slice(0, counts.drives);
  const all = [...kept, ...newDrives(kept.length + 1, counts.drives, random)];
  const { durability = record.durability } = change;
  return { ...record, shape: next, drives: all, ...(durability === undefined ? {} : { durability }) };
}

/** First addresses of a record, in the words of requests. */
export const firstAddressesOf = ({ shape }: LibraryRecord): FirstAddresses => ({
  picker: shape.picker.first,
  drive: shape["drive-bay"].first,
  storageSlot: shape["storage-slot"].first,
  mailSlot: shape["mail-slot"].first,
});

function given(request: LibraryChange): Partial<Counts> {
  const { drives, storageSlots, mailSlots } = request;
  return {
    ...(drives === undefined ? {} : { drives }),
    ...(storageSlots === undefined ? {} : { storageSlots }),
    ...(mailSlots === undefined ? {} : { mailSlots }),
  };
}

function checkCounts({ drives, storageSlots, mailSlots }: Counts): void {
  checkNumber("the number of drives", drives, { min: 1, max: limits.drivesMax });
  checkNumber("the number of storage slots", storageSlots, { min: 1, max: limits.elementsMax });
  checkNumber("the number of mail slots", mailSlots, { min: 0, max: limits.elementsMax });
}

/** Throws Fault `gateway.bad-number` unless the value is whole and in range. */
export function checkNumber(
  what: string,
  value: number,
  { min, max }: { readonly min: number; readonly max: number },
): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw gatewayFault("bad-number", { what, value, min, max });
}

/** Ranges where the request says, else where the model says, else behind the range they would run into. */
function shapeOf(counts: Counts, defaults: FirstAddresses, asked: Partial<FirstAddresses>): ChangerShape {
  const sizes = { picker: 1, drive: counts.drives, storageSlot: counts.storageSlots, mailSlot: counts.mailSlots };
  const kinds = (["picker", "drive", "storageSlot", "mailSlot"] as const).toSorted(
    (left, right) => (asked[left] ?? defaults[left]) - (asked[right] ?? defaults[right]),
  );
  const first = { ...defaults };
  let end = 0;
  for (const kind of kinds) {
    first[kind] = asked[kind] ?? Math.max(defaults[kind], end);
    end = Math.max(end, first[kind] + sizes[kind]);
  }
  return {
    picker: { first: first.picker, count: 1 },
    "drive-bay": { first: first.drive, count: counts.drives },
    "storage-slot": { first: first.storageSlot, count: counts.storageSlots },
    "mail-slot": { first: first.mailSlot, count: counts.mailSlots },
  };
}

function newDrives(from: number, to: number, random: Random): readonly DriveRecord[] {
  const drives: DriveRecord[] = [];
  for (let number = from; number <= to; number++) drives.push({ id: randomId(random) as ObjectId, number });
  return drives;
}

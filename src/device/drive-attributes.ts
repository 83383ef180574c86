// SPDX-License-Identifier: Apache-2.0
// READ ATTRIBUTE: the memory chip of the loaded cartridge. SPC-4 6.18, 7.4. Attributes that the device and the medium
// provide are computed from what is known of the cartridge; those that hosts wrote are as they were written.

import { bytesFromAscii, concatBytes, defined, limits } from "#base/index.ts";
import { putUint } from "#codec/index.ts";
import {
  AttributeHeader,
  attributeFormats,
  attributeMediumTypes,
  AttributeRange,
  attributes,
  AttributesHeader,
  densityOf,
  densityOrganization,
  mediumWidth,
} from "#scsi/index.ts";
import type { AttributeName, AttributeRow, sscCommands } from "#scsi/index.ts";
import { hostAttributes, usedMemory, type AttributeChange, type CartridgeMemory } from "./cartridge-memory.ts";
import type { Command } from "./command.ts";
import type { DriveCore, LoadedCartridge } from "./drive-core.ts";
import { goodData } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

type ValuesCommand = Command<typeof sscCommands.readAttributeValues>;
type ListCommand = Command<typeof sscCommands.readAttributeList> | Command<typeof sscCommands.readAttributeSupported>;
type RangeCommand =
  | Command<typeof sscCommands.readAttributeVolumeList>
  | Command<typeof sscCommands.readAttributePartitionList>;
type Value = number | string | Uint8Array;

const MiB = 1024 * 1024;
/** The chip of LTO cartridges from generation 4 on. */
const chipBytes = 8160;
/** Length of LTO tape in metres. */
const tapeMetres = 960;

/** Attribute values from the first one asked for. 05/24/00 when there is none from there on. */
export function attributeValues(core: DriveCore, loaded: LoadedCartridge, command: ValuesCommand): Outcome {
  const { partition, firstAttribute } = command.cdb;
  if (partition >= core.partitionCount) return command.invalidField("partition");
  const found = present(core, loaded, partition).filter(({ id }) => id >= firstAttribute);
  if (found.length === 0) return command.invalidField("firstAttribute");
  const body = concatBytes(found.map(({ bytes }) => bytes));
  return goodData(concatBytes([AttributesHeader.encode({ availableLength: body.byteLength }), body]));
}

/** Identifiers of the attributes that have values. */
export function attributeList(core: DriveCore, loaded: LoadedCartridge, command: ListCommand): Outcome {
  const { partition } = command.cdb;
  if (partition >= core.partitionCount) return command.invalidField("partition");
  return identifiers(present(core, loaded, partition).map(({ id }) => id));
}

/** Identifiers of the attributes that there can be. */
export function supportedAttributes(core: DriveCore, command: ListCommand): Outcome {
  if (command.cdb.partition >= core.partitionCount) return command.invalidField("partition");
  const ids = Object.values(attributes).map(({ id }) => id);
  return identifiers(ids.toSorted((left, right) => left - right));
}

function identifiers(ids: readonly number[]): Outcome {
  const body = new Uint8Array(ids.length * 2);
  for (const [index, id] of ids.entries()) putUint(body, index * 2, 2, id);
  return goodData(concatBytes([AttributesHeader.encode({ availableLength: body.byteLength }), body]));
}

/** The one logical volume, or the partitions. */
export function attributeRange(command: RangeCommand, count: number): Outcome {
  const rest = AttributeRange.size - 2;
  if (command.cdb.volumeNumber !== 0) return command.invalidField("volumeNumber");
  return goodData(AttributeRange.encode({ availableLength: rest, first: 0, count }));
}

/** An attribute as it is reported. */
interface Reported {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** What the chip holds of a partition, by ascending identifier. */
function present(core: DriveCore, loaded: LoadedCartridge, partition: number): readonly Reported[] {
  const found: Reported[] = hostAttributes(core.memory, partition).map((attribute) => hostAttribute(attribute));
  for (const [name, value] of Object.entries(valuesOf(core, loaded, partition)) as [AttributeName, Value][]) {
    const row: AttributeRow = attributes[name];
    found.push({ id: row.id, bytes: encodeAttribute(row, value) });
  }
  return found.toSorted((left, right) => left.id - right.id);
}

/** Texts of hosts are padded to the length of their attribute; anything else is as it was written. */
function hostAttribute({ id, format, value }: AttributeChange): Reported {
  const row = Object.values<AttributeRow>(attributes).find((each) => each.id === id);
  const isText = format !== attributeFormats.binary;
  const length = isText && row !== undefined ? row.length : value.byteLength;
  const bytes = new Uint8Array(length).fill(isText ? blank : 0);
  bytes.set(value.subarray(0, length));
  return { id, bytes: concatBytes([AttributeHeader.encode({ id, format, length }), bytes]) };
}

const blank = 0x20;

function valuesOf(core: DriveCore, loaded: LoadedCartridge, partition: number): Partial<Record<AttributeName, Value>> {
  const { cartridge } = loaded;
  const medium = defined(loaded.media[partition], `partition ${partition}`);
  const history = core.historyOf(loaded);
  const { code } = densityOf(cartridge.generation);
  const capacity = medium.capacity.sizeBytes;
  const { vendor } = core.model;
  return {
    remainingCapacity: Math.floor(Math.max(0, capacity - medium.usedBytes) / MiB),
    maximumCapacity: Math.floor(capacity / MiB),
    tapeAlertFlags: core.alerts.bitmap(),
    loadCount: history.loadCount,
    memoryRemaining: limits.hostMemory - usedMemory(core.memory),
    assigningOrganization: densityOrganization,
    formattedDensity: code,
    initializationCount: 1,
    volumeIdentifier: cartridge.barcode,
    volumeChangeReference: core.changeReference(partition),
    ...lastDrives(core.memory),
    totalWritten: Math.floor(history.bytesWritten / MiB),
    totalRead: Math.floor(history.bytesRead / MiB),
    lastWritten: Math.floor(core.mount.bytesWritten / MiB),
    lastRead: Math.floor(core.mount.bytesRead / MiB),
    mediumManufacturer: vendor,
    mediumSerial: cartridge.barcode,
    mediumLength: tapeMetres,
    mediumWidth,
    mediumOrganization: densityOrganization,
    mediumDensity: code,
    memoryCapacity: chipBytes,
    mediumType: attributeMediumTypes[cartridge.kind],
    mediumTypeInformation: 0,
  };
}

const lastDriveNames = ["lastDrive", "lastDrive1", "lastDrive2", "lastDrive3"] as const;

function lastDrives({ lastDrives: drives = [] }: CartridgeMemory): Partial<Record<AttributeName, Value>> {
  return Object.fromEntries(lastDriveNames.slice(0, drives.length).map((name, index) => [name, drives[index]]));
}

function encodeAttribute(row: AttributeRow, value: Value): Uint8Array {
  const bytes = new Uint8Array(row.length);
  if (typeof value === "number") {
    // Numbers of eight bytes stay below 2^48.
    const width = Math.min(row.length, 6);
    putUint(bytes, row.length - width, width, Math.min(value, 2 ** (8 * width) - 1));
  } else {
    bytes.fill(typeof value === "string" ? 0x20 : 0);
    bytes.set((typeof value === "string" ? bytesFromAscii(value) : value).subarray(0, row.length));
  }
  const header = AttributeHeader.encode({
    id: row.id,
    readOnly: row.source !== "host",
    format: attributeFormats[row.format],
    length: row.length,
  });
  return concatBytes([header, bytes]);
}

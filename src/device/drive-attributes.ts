// SPDX-License-Identifier: Apache-2.0
// READ ATTRIBUTE: the memory chip of the loaded cartridge. SPC-4 6.18, 7.4. Attributes that the device and the medium
// provide, computed from what is known of the cartridge; attributes that hosts write are not kept.

import { bytesFromAscii, concatBytes } from "#base/index.ts";
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
  if (command.cdb.partition !== 0) return command.invalidField("partition");
  const values = presentValues(core, loaded).filter(([row]) => row.id >= command.cdb.firstAttribute);
  if (values.length === 0) return command.invalidField("firstAttribute");
  const body = concatBytes(values.map(([row, value]) => encodeAttribute(row, value)));
  return goodData(concatBytes([AttributesHeader.encode({ availableLength: body.byteLength }), body]));
}

/** Attribute identifiers: those that have values, which are also those that are supported. */
export function attributeList(core: DriveCore, loaded: LoadedCartridge, command: ListCommand): Outcome {
  if (command.cdb.partition !== 0) return command.invalidField("partition");
  const rows = presentValues(core, loaded).map(([row]) => row);
  const body = new Uint8Array(rows.length * 2);
  for (const [index, row] of rows.entries()) putUint(body, index * 2, 2, row.id);
  return goodData(concatBytes([AttributesHeader.encode({ availableLength: body.byteLength }), body]));
}

/** The one logical volume, or the one partition. */
export function attributeRange(command: RangeCommand): Outcome {
  const rest = AttributeRange.size - 2;
  if (command.cdb.volumeNumber !== 0) return command.invalidField("volumeNumber");
  return goodData(AttributeRange.encode({ availableLength: rest, first: 0, count: 1 }));
}

/** What the chip holds, by ascending identifier. */
function presentValues(core: DriveCore, loaded: LoadedCartridge): readonly (readonly [AttributeRow, Value])[] {
  const values = valuesOf(core, loaded);
  const present: (readonly [AttributeRow, Value])[] = [];
  for (const [name, value] of Object.entries(values) as [AttributeName, Value][]) {
    present.push([attributes[name], value]);
  }
  return present.toSorted(([left], [right]) => left.id - right.id);
}

function valuesOf(core: DriveCore, loaded: LoadedCartridge): Partial<Record<AttributeName, Value>> {
  const { cartridge, medium } = loaded;
  const history = core.historyOf(loaded);
  const { code } = densityOf(cartridge.generation);
  const capacity = medium.capacity.sizeBytes;
  const { vendor } = core.model;
  return {
    remainingCapacity: Math.floor(Math.max(0, capacity - medium.usedBytes) / MiB),
    maximumCapacity: Math.floor(capacity / MiB),
    tapeAlertFlags: core.alerts.bitmap(),
    loadCount: history.loadCount,
    memoryRemaining: 0,
    assigningOrganization: densityOrganization,
    formattedDensity: code,
    initializationCount: 1,
    volumeIdentifier: cartridge.barcode,
    // 0 would mean that it is not kept; it changes with the first write of each mount and not again.
    volumeChangeReference: (history.writtenMounts ?? 0) + 1,
    lastDrive: `${vendor.padEnd(8)}${core.serial}`,
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

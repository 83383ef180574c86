// SPDX-License-Identifier: Apache-2.0
// What a drive tells about itself and its position: READ BLOCK LIMITS, READ POSITION, REPORT DENSITY SUPPORT. SSC-4 7.8,
// 7.10, 7.11.

import { bytesFromAscii, concatBytes, roundUp } from "#base/index.ts";
import {
  BlockLimits,
  DensityDescriptor,
  densityOf,
  densityOrganization,
  DensityHeader,
  ExtendedPosition,
  LongPosition,
  MediaSerialHeader,
  mediumWidth,
  ObjectLimits,
  ShortPosition,
} from "#scsi/index.ts";
import type { LtoGeneration, sscCommands } from "#scsi/index.ts";
import type { MediumPosition } from "#tape/index.ts";
import type { Command } from "./command.ts";
import type { DriveCore, LoadedCartridge } from "./drive-core.ts";
import { check, goodData } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

/** READ BLOCK LIMITS: works without a medium. Granularity 0 means any length. */
export function readBlockLimits(core: DriveCore, command: Command<typeof sscCommands.readBlockLimits>): Outcome {
  if (command.cdb.objectLimit) {
    return goodData(ObjectLimits.encode({ maximumObject: BigInt(Number.MAX_SAFE_INTEGER) }));
  }
  const { blockSizeMax, blockSizeMin } = core.model;
  return goodData(BlockLimits.encode({ granularity: 0, maximum: blockSizeMax, minimum: blockSizeMin }));
}

const endOfShortNumbers = 2 ** 32;

/** READ POSITION, short form. A number that does not fit is reported as an error of position, as LTO drives do. */
export function shortPosition(position: MediumPosition, partition: number): Uint8Array {
  const { objectNumber, isBeginning, isPastEarlyWarning } = position;
  const fits = objectNumber < endOfShortNumbers;
  return ShortPosition.encode({
    beginningOfPartition: isBeginning,
    endOfPartition: isPastEarlyWarning,
    positionError: !fits,
    beyondProgrammableEarlyWarning: position.isPastProgrammableWarning,
    partition,
    firstObject: fits ? objectNumber : 0,
    lastObject: fits ? objectNumber : 0,
  });
}

/** READ POSITION, long form. */
export function longPosition(position: MediumPosition, partition: number): Uint8Array {
  return LongPosition.encode({
    beginningOfPartition: position.isBeginning,
    endOfPartition: position.isPastEarlyWarning,
    beyondProgrammableEarlyWarning: position.isPastProgrammableWarning,
    partition,
    objectNumber: BigInt(position.objectNumber),
    fileNumber: BigInt(position.fileNumber),
  });
}

/** READ POSITION, extended form. */
export function extendedPosition(position: MediumPosition, partition: number): Uint8Array {
  return ExtendedPosition.encode({
    beginningOfPartition: position.isBeginning,
    endOfPartition: position.isPastEarlyWarning,
    beyondProgrammableEarlyWarning: position.isPastProgrammableWarning,
    partition,
    firstObject: BigInt(position.objectNumber),
    lastObject: BigInt(position.objectNumber),
  });
}

/** READ MEDIA SERIAL NUMBER: the barcode, which is the serial number of a virtual cartridge, padded with blanks. */
export function mediaSerialNumber({ cartridge }: LoadedCartridge): Outcome {
  const length = roundUp(cartridge.barcode.length, 4);
  return goodData(
    concatBytes([MediaSerialHeader.encode({ length }), bytesFromAscii(cartridge.barcode.padEnd(length))]),
  );
}

/** REPORT DENSITY SUPPORT: of the drive, or of the loaded medium with its own capacity. */
export function reportDensitySupport(
  core: DriveCore,
  command: Command<typeof sscCommands.reportDensitySupport>,
): Outcome {
  const { media, mediumType } = command.cdb;
  if (mediumType) return command.invalidField("mediumType");
  if (!media) {
    const { writes, readsOnly } = core.model;
    const all = [...writes, ...readsOnly].toSorted((left, right) => densityOf(left).code - densityOf(right).code);
    return densities(all.map((generation) => densityDescriptor(core, generation)));
  }
  const { loaded } = core;
  if (loaded === undefined) return check("medium-not-present");
  const { generation, capacityBytes } = loaded.cartridge;
  return densities([densityDescriptor(core, generation, Math.floor(capacityBytes / 1e6))]);
}

function densities(descriptors: readonly Uint8Array[]): Outcome {
  const body = concatBytes(descriptors);
  // The available length counts the two reserved bytes behind it.
  const availableLength = body.byteLength + 2;
  return goodData(concatBytes([DensityHeader.encode({ availableLength }), body]));
}

function densityDescriptor(core: DriveCore, generation: LtoGeneration, capacityMegabytes?: number): Uint8Array {
  const row = densityOf(generation);
  return DensityDescriptor.encode({
    primaryCode: row.code,
    secondaryCode: row.code,
    writable: core.model.writes.includes(generation),
    default: generation === core.model.generation,
    bitsPerMillimetre: row.bitsPerMillimetre,
    mediumWidth,
    tracks: row.tracks,
    capacityMegabytes: capacityMegabytes ?? row.capacityMegabytes,
    organization: densityOrganization,
    name: row.name,
    description: row.description,
  });
}

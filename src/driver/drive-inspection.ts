// SPDX-License-Identifier: Apache-2.0
// What a drive tells of itself and of its cartridge, without changing anything: status, alerts, volume statistics. Works without
// a cartridge, and while the drive is busy as far as it answers. Names and units are those of Proxmox.

import {
  DataCompressionPage,
  dataCompressionPage,
  densities,
  deviceActivities,
  logPages,
  LongPosition,
  ModeBlockDescriptor,
  ModeHeader6,
  ModeSense6,
  ReadPositionLong,
  TapeDeviceSpecific,
  TestUnitReady,
  VeryHighFrequencyData,
} from "#scsi/index.ts";
import { memoryNumber, memoryText, readMemory } from "./cartridge-memory.ts";
import { counterOf, readLogPage, textOf } from "./log-page.ts";
import { tapeAlerts } from "./tape-alerts.ts";
import { identify, serialOf } from "./unit-identity.ts";
import type { ScsiUnit } from "./scsi-unit.ts";

const megabyte = 1_000_000;
const mebibyte = 1024 * 1024;
/** Passes that an LTO cartridge is made for. */
const passesOfLife = 16_000;
const modeLength = 64;
/** Density codes that no generation of ours has. */
const otherDensities: Readonly<Record<number, string>> = {
  0x40: "LTO-1",
  0x42: "LTO-2",
  0x5d: "LTO-7-M8",
  0x62: "LTO-10",
  0x63: "LTO-10-Premium",
};

/** A drive, and its cartridge if it has one. */
export interface DriveStatus {
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
  readonly serial: string | undefined;
  readonly hasMedium: boolean;
  readonly activity: string | undefined;
  /** 0: blocks of any size. */
  readonly blocksize: number | undefined;
  readonly density: string | undefined;
  readonly compression: boolean | undefined;
  readonly bufferMode: number | undefined;
  readonly writeProtect: boolean | undefined;
  readonly fileNumber: number | undefined;
  readonly blockNumber: number | undefined;
  readonly alertFlags: readonly string[];
  /** `YYYYMMDD` as the cartridge has it. */
  readonly manufactured: string | undefined;
  readonly bytesWritten: number | undefined;
  readonly bytesRead: number | undefined;
  readonly mediumPasses: number | undefined;
  /** Share of the passes that a cartridge is made for. */
  readonly mediumWearout: number | undefined;
  readonly volumeMounts: number | undefined;
}

/** The status of a drive (rules of section "Drive status and activity" of Proxmox). */
export async function driveStatus(unit: ScsiUnit): Promise<DriveStatus> {
  const { vendor, product, revision } = await identify(unit);
  const serial = await serialOf(unit);
  const activity = await driveActivity(unit);
  const hasMedium = (await unit.ask({ cdb: TestUnitReady.encode({}) })).word === "good";
  const mode = await readMode(unit);
  const none = { fileNumber: undefined, blockNumber: undefined, alertFlags: [], manufactured: undefined };
  const head = { vendor, product, revision, serial, hasMedium, activity, ...mode };
  const noMedium = { bytesWritten: undefined, bytesRead: undefined, mediumPasses: undefined };
  if (!hasMedium) return { ...head, ...none, ...noMedium, mediumWearout: undefined, volumeMounts: undefined };
  const memory = await readMemory(unit);
  const mebibytes = (name: "totalWritten" | "totalRead"): number | undefined => {
    const count = memoryNumber(memory, name);
    return count === undefined ? undefined : count * mebibyte;
  };
  const { beginningPasses, middlePasses, volumeMounts } = await statisticsOf(unit);
  const passes = Math.max(beginningPasses ?? 0, middlePasses ?? 0);
  const mediumPasses = beginningPasses === undefined && middlePasses === undefined ? undefined : passes;
  return {
    ...head,
    ...(await positionOf(unit)),
    alertFlags: (await tapeAlerts(unit)).map(({ name }) => name),
    manufactured: memoryText(memory, "manufactureDate"),
    bytesWritten: mebibytes("totalWritten"),
    bytesRead: mebibytes("totalRead"),
    mediumPasses,
    mediumWearout: mediumPasses === undefined ? undefined : mediumPasses / passesOfLife,
    volumeMounts,
  };
}

async function statisticsOf(unit: ScsiUnit) {
  const page = await readLogPage(unit, logPages.volumeStatistics.code);
  const { beginningPasses, middlePasses, loads } = logPages.volumeStatistics.parameters;
  return {
    beginningPasses: counterOf(page, beginningPasses),
    middlePasses: counterOf(page, middlePasses),
    volumeMounts: counterOf(page, loads),
  };
}

type ModePart = Pick<DriveStatus, "blocksize" | "density" | "compression" | "bufferMode" | "writeProtect">;

async function readMode(unit: ScsiUnit): Promise<ModePart> {
  const cdb = ModeSense6.encode({ pageCode: dataCompressionPage, allocationLength: modeLength });
  const { word, dataIn } = await unit.ask({ cdb, dataInLength: modeLength });
  const unknown = { blocksize: undefined, density: undefined, compression: undefined };
  if (word !== "good" || dataIn.byteLength < ModeHeader6.size) {
    return { ...unknown, bufferMode: undefined, writeProtect: undefined };
  }
  const header = ModeHeader6.decode(dataIn);
  const { bufferedMode, writeProtected } = TapeDeviceSpecific.decode(Uint8Array.of(header.deviceSpecific));
  const rest = { bufferMode: bufferedMode, writeProtect: writeProtected };
  const pageStart = ModeHeader6.size + header.blockDescriptorLength;
  const hasDescriptor = header.blockDescriptorLength >= ModeBlockDescriptor.size && dataIn.byteLength >= pageStart;
  const descriptor = hasDescriptor ? ModeBlockDescriptor.decode(dataIn.subarray(ModeHeader6.size)) : undefined;
  const page = dataIn.subarray(pageStart);
  return {
    ...rest,
    blocksize: descriptor?.blockLength,
    density: descriptor === undefined ? undefined : densityName(descriptor.densityCode),
    compression:
      page.byteLength < DataCompressionPage.size ? undefined : DataCompressionPage.decode(page).compressionEnabled,
  };
}

/** The generation of a density code; an unknown one is no error. */
export function densityName(code: number): string {
  const known = Object.values(densities).find((row) => row.code === code);
  if (known !== undefined) return `LTO-${known.generation}`;
  return otherDensities[code] ?? (code === 0 ? "none" : `unknown (${code.toString(16)}h)`);
}

async function positionOf(unit: ScsiUnit): Promise<Pick<DriveStatus, "fileNumber" | "blockNumber">> {
  const answer = await unit.ask({ cdb: ReadPositionLong.encode({}), dataInLength: LongPosition.size });
  const isKnown = answer.word === "good" && answer.dataIn.byteLength >= LongPosition.size;
  if (!isKnown) return { fileNumber: undefined, blockNumber: undefined };
  const { fileNumber, fileNumberUnknown, objectNumber, objectNumberUnknown } = LongPosition.decode(answer.dataIn);
  return {
    fileNumber: fileNumberUnknown ? undefined : Number(fileNumber),
    blockNumber: objectNumberUnknown ? undefined : Number(objectNumber),
  };
}

/** What a drive does right now; undefined when it does not tell. */
export async function driveActivity(unit: ScsiUnit): Promise<string | undefined> {
  const page = await readLogPage(unit, logPages.deviceStatus.code);
  const value = page.get(logPages.deviceStatus.parameters.veryHighFrequency.code);
  if (value === undefined || value.byteLength < VeryHighFrequencyData.size) return undefined;
  const { activity, initialized } = VeryHighFrequencyData.decode(value);
  if (!initialized) return undefined;
  const known = Object.entries(deviceActivities).find(([, code]) => code === activity);
  return known?.[0] ?? `other (${activity.toString(16)}h)`;
}

/** The statistics of the cartridge in the drive, with the names of Proxmox; empty when the drive tells none. */
export async function volumeStatistics(unit: ScsiUnit): Promise<Readonly<Record<string, number | string | boolean>>> {
  const page = await readLogPage(unit, logPages.volumeStatistics.code);
  const rows = logPages.volumeStatistics.parameters;
  const isValid = (counterOf(page, rows.valid) ?? 0) !== 0;
  if (!isValid) return {};
  const found: Record<string, number | string | boolean> = {};
  const note = (name: string, value: number | string | boolean | undefined): void => {
    if (value !== undefined) found[name] = value;
  };
  for (const [name, row] of Object.entries(statisticNames)) note(name, counterOf(page, rows[row]));
  for (const [name, row] of Object.entries(megabyteNames)) {
    const count = counterOf(page, rows[row]);
    note(name, count === undefined ? undefined : count * megabyte);
  }
  note("serial", textOf(page, rows.serial));
  note("write-protect", counterOf(page, rows.writeProtected) === 1);
  note("worm", counterOf(page, rows.writeOnce) === 1);
  return found;
}

const statisticNames = {
  "volume-mounts": "loads",
  "volume-datasets-written": "dataSetsWritten",
  "volume-recovered-write-data-errors": "writeRetries",
  "volume-unrecovered-write-data-errors": "writeErrors",
  "volume-write-servo-errors": "suspendedWrites",
  "volume-unrecovered-write-servo-errors": "fatalSuspendedWrites",
  "volume-datasets-read": "dataSetsRead",
  "volume-recovered-read-errors": "readRetries",
  "volume-unrecovered-read-errors": "readErrors",
  "last-mount-unrecovered-write-errors": "lastMountWriteErrors",
  "last-mount-unrecovered-read-errors": "lastMountReadErrors",
  "last-load-write-compression-ratio": "lastLoadWriteRatio",
  "last-load-read-compression-ratio": "lastLoadReadRatio",
  "medium-mount-time": "mountTime",
  "medium-ready-time": "mediumReadyTime",
  "beginning-of-medium-passes": "beginningPasses",
  "middle-of-tape-passes": "middlePasses",
} as const;
const megabyteNames = {
  "last-mount-bytes-written": "lastMountMegabytesWritten",
  "last-mount-bytes-read": "lastMountMegabytesRead",
  "lifetime-bytes-written": "lifetimeMegabytesWritten",
  "lifetime-bytes-read": "lifetimeMegabytesRead",
  "total-native-capacity": "nativeCapacity",
  "total-used-native-capacity": "usedCapacity",
} as const;

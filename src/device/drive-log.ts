// SPDX-License-Identifier: Apache-2.0
// The log pages of a drive with live counters: SPC-4 7.3, SSC-4 8.2. Counters are of this process unless they speak of
// the cartridge; what a virtual drive does not have (temperature, retries, wear) is zero or "not available".

import { concatBytes } from "#base/index.ts";
import { deviceActivities, logPages, PartitionRecord, VeryHighFrequencyData } from "#scsi/index.ts";
import type { Medium } from "#tape/index.ts";
import { TransferCounters } from "./drive-core.ts";
import type { DriveCore, LoadedCartridge } from "./drive-core.ts";
import { logPage, tapeAlertParameters } from "./log-page.ts";
import type { LogValues } from "./log-page.ts";
import type { LogPage } from "./log-pages.ts";

const MB = 1e6;
const MiB = 1024 * 1024;
/** A temperature that is not available: SPC-4 7.3.21. */
const noTemperature = 0xff;
/** What LTO drives report in units of 10^6 bytes; the ring takes the place of their buffer. */
const bufferMegabytes = 16;
/** Compression ratios are in hundredths; what hosts send is what is counted. */
const ratioOne = 100;
/** How long a library should wait between two polls, in milliseconds. */
const pollingDelay = 1000;

/** The log pages of a drive, beside the list of pages, by ascending code. */
export function driveLogPages(core: DriveCore): readonly LogPage[] {
  const reset = (): void => {
    core.counters = new TransferCounters();
  };
  return [
    errorPage("writeErrors", core, reset),
    errorPage("readErrors", core, reset),
    logPage("nonMediumErrors", () => ({ count: 0 })),
    logPage("sequentialAccess", () => sequentialAccess(core), { reset }),
    logPage("temperature", () => ({ current: noTemperature, reference: noTemperature })),
    logPage("deviceStatus", () => ({ veryHighFrequency: deviceStatus(core), pollingDelay })),
    logPage("tapeAlertResponse", () => ({ flags: core.alerts.bitmap() })),
    logPage("deviceStatistics", () => deviceStatistics(core)),
    logPage("volumeStatistics", () => volumeStatistics(core)),
    logPage("dataCompression", () => ({ ...compression(core), compressionEnabled: core.isCompressing ? 1 : 0 }), {
      reset,
    }),
    tapeAlertPage(core),
    logPage("tapeUsage", () => tapeUsage(core)),
    logPage("tapeCapacity", () => tapeCapacity(core)),
    logPage("compressionIbm", () => compression(core), { reset }),
  ];
}

function errorPage(name: "writeErrors" | "readErrors", core: DriveCore, reset: () => void): LogPage {
  const isWrite = name === "writeErrors";
  return logPage(
    name,
    () => {
      const { counters } = core;
      return {
        correctedFast: 0,
        correctedDelayed: 0,
        total: 0,
        totalCorrected: 0,
        timesProcessed: 0,
        bytesProcessed: isWrite ? counters.bytesWritten : counters.bytesRead,
        uncorrected: isWrite ? counters.writeErrors : counters.readErrors,
      };
    },
    { reset },
  );
}

function sequentialAccess(core: DriveCore): LogValues<"sequentialAccess"> {
  const { counters, medium } = core;
  return {
    bytesFromHost: counters.bytesWritten,
    bytesToMedium: counters.bytesWritten,
    bytesFromMedium: counters.bytesRead,
    bytesToHost: counters.bytesRead,
    ...(medium === undefined
      ? {}
      : {
          beginningToEndOfData: medium.usedBytes / MB,
          beginningToEarlyWarning: medium.capacity.earlyWarningAt / MB,
          earlyWarningToEnd: (medium.capacity.sizeBytes - medium.capacity.earlyWarningAt) / MB,
        }),
    bufferMegabytes,
    cleaningRequested: 0,
  };
}

/** Very high frequency data: Proxmox polls it to see whether the drive is busy. */
function deviceStatus(core: DriveCore): Uint8Array {
  const { loaded, inserted } = core;
  const isLoaded = loaded !== undefined;
  return VeryHighFrequencyData.encode({
    mediumAuxiliaryMemoryAccessible: isLoaded,
    compressionEnabled: core.isCompressing,
    writeProtected: isLoaded && (loaded.medium.writeProtected || loaded.isReadOnlyHere),
    initialized: true,
    robotAccessAllowed: !isLoaded,
    mediumPresent: inserted !== undefined,
    mediumSeated: inserted !== undefined,
    mediumThreaded: isLoaded,
    dataAccessible: isLoaded,
    activity: deviceActivities[core.activity],
    encryptionParametersPresent: !core.encryption.isIdle,
  });
}

function deviceStatistics(core: DriveCore): LogValues<"deviceStatistics"> {
  const hours = Math.floor((core.clock.monotonic() - core.startedAt) / 3_600_000);
  return {
    lifetimeLoads: core.loads,
    lifetimeCleanings: 0,
    powerOnHours: hours,
    motionHours: 0,
    metresProcessed: 0,
    hoursSinceCleaning: 0,
    powerCycles: 1,
    hardReadErrors: core.counters.readErrors,
    hardWriteErrors: core.counters.writeErrors,
    serial: core.serial,
  };
}

function volumeStatistics(core: DriveCore): LogValues<"volumeStatistics"> {
  const { loaded, mount } = core;
  if (loaded === undefined) return { valid: 0 };
  const { cartridge, medium } = loaded;
  const history = core.historyOf(loaded);
  const sum = (of: (medium: Medium) => number): number =>
    loaded.media.reduce((total, each) => total + of(each), 0) / MB;
  return {
    valid: 1,
    loads: history.loadCount,
    dataSetsWritten: mount.blocksWritten,
    writeRetries: 0,
    writeErrors: mount.writeErrors,
    suspendedWrites: 0,
    fatalSuspendedWrites: 0,
    dataSetsRead: mount.blocksRead,
    readRetries: 0,
    readErrors: mount.readErrors,
    lastMountWriteErrors: mount.writeErrors,
    lastMountReadErrors: mount.readErrors,
    lastMountMegabytesWritten: mount.bytesWritten / MB,
    lastMountMegabytesRead: mount.bytesRead / MB,
    lifetimeMegabytesWritten: history.bytesWritten / MB,
    lifetimeMegabytesRead: history.bytesRead / MB,
    lastLoadWriteRatio: ratioOne,
    lastLoadReadRatio: ratioOne,
    mountTime: core.clock.monotonic() - loaded.loadedAt,
    mediumReadyTime: core.clock.monotonic() - loaded.loadedAt,
    nativeCapacity: sum(({ capacity: { sizeBytes } }) => sizeBytes),
    usedCapacity: sum(({ usedBytes }) => usedBytes),
    serial: cartridge.barcode,
    barcode: cartridge.barcode,
    manufacturer: core.model.vendor,
    writeProtected: medium.writeProtected ? 1 : 0,
    writeOnce: medium.writeOnce ? 1 : 0,
    beginningPasses: 0,
    middlePasses: 0,
    partitionCapacity: partitionRecords(loaded, ({ capacity: { sizeBytes } }) => sizeBytes),
    partitionUsed: partitionRecords(loaded, ({ usedBytes }) => usedBytes),
    partitionRemaining: partitionRecords(loaded, remainingBytes),
  };
}

/** One record for each partition that there is, and no more: LTFS looks at their number. */
function partitionRecords({ media }: LoadedCartridge, bytesOf: (medium: Medium) => number): Uint8Array {
  const records = media.map((medium, partition) => {
    const megabytes = Math.min(Math.floor(bytesOf(medium) / MB), 2 ** 32 - 1);
    return PartitionRecord.encode({ partition, megabytes });
  });
  return concatBytes(records);
}

const remainingBytes = ({ capacity, usedBytes }: Medium): number => Math.max(0, capacity.sizeBytes - usedBytes);

/** Megabytes and the bytes beyond them, as these parameters count. */
function split(bytes: number): { readonly megabytes: number; readonly rest: number } {
  return { megabytes: Math.floor(bytes / MB), rest: bytes % MB };
}

function compression(core: DriveCore): LogValues<"compressionIbm"> {
  const read = split(core.counters.bytesRead);
  const written = split(core.counters.bytesWritten);
  return {
    readRatio: ratioOne,
    writeRatio: ratioOne,
    megabytesToHost: read.megabytes,
    bytesToHost: read.rest,
    megabytesFromMedium: read.megabytes,
    bytesFromMedium: read.rest,
    megabytesFromHost: written.megabytes,
    bytesFromHost: written.rest,
    megabytesToMedium: written.megabytes,
    bytesToMedium: written.rest,
  };
}

/** 64 flags, one parameter each. Reading clears them. */
function tapeAlertPage(core: DriveCore): LogPage {
  const { code, subcode, name } = logPages.tapeAlert;
  return {
    code,
    subcode,
    name,
    parameters: () => tapeAlertParameters((flag) => core.alerts.isRaised(flag)),
    delivered: () => core.alerts.clear(),
  };
}

function tapeUsage(core: DriveCore): LogValues<"tapeUsage"> {
  const { loaded, mount } = core;
  return {
    threadCount: loaded === undefined ? 0 : core.historyOf(loaded).loadCount,
    dataSetsWritten: mount.blocksWritten,
    writeRetries: 0,
    writeErrors: mount.writeErrors,
    suspendedWrites: 0,
    fatalSuspendedWrites: 0,
    dataSetsRead: mount.blocksRead,
    readRetries: 0,
    readErrors: mount.readErrors,
    suspendedReads: 0,
    fatalSuspendedReads: 0,
  };
}

/** Main is partition 0, alternate partition 1. */
function tapeCapacity({ loaded }: DriveCore): LogValues<"tapeCapacity"> {
  const [main, alternate] = loaded?.media ?? [];
  return {
    mainRemaining: main === undefined ? 0 : remainingBytes(main) / MiB,
    alternateRemaining: alternate === undefined ? 0 : remainingBytes(alternate) / MiB,
    mainMaximum: (main?.capacity.sizeBytes ?? 0) / MiB,
    alternateMaximum: (alternate?.capacity.sizeBytes ?? 0) / MiB,
  };
}

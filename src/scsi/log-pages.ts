// SPDX-License-Identifier: Apache-2.0
// Log pages and their parameters: SPC-4, SSC-4; pages 30h to 32h as IBM and HP drives have them.

import { bit, bits, layout, uint, type Table } from "#codec/index.ts";

/** Log page header: SPC-4. */
export const LogPageHeader = layout("log page header", 4, {
  disableSave: bit(0, 7),
  subpageFormat: bit(0, 6),
  pageCode: bits(0, 5, 0),
  subpageCode: uint(1, 1),
  /** Bytes behind this field, also when the allocation length cuts them. */
  pageLength: uint(2, 2),
});

/** Log parameter header: SPC-4. */
export const LogParameterHeader = layout("log parameter header", 4, {
  parameterCode: uint(0, 2),
  disableUpdate: bit(2, 7),
  targetSaveDisable: bit(2, 5),
  enableThreshold: bit(2, 4),
  thresholdCriteria: bits(2, 3, 2),
  format: bits(2, 1, 0),
  /** Bytes behind this one. */
  parameterLength: uint(3, 1),
});

/** FORMAT AND LINKING of a log parameter: SPC-4. */
export const logFormats = {
  counter: 0b00,
  ascii: 0b01,
  "binary-counter": 0b10,
  binary: 0b11,
} as const satisfies Table<number>;
/** Name of a parameter format. */
export type LogFormat = keyof typeof logFormats;

/** One parameter of a log page. */
export interface LogParameterRow {
  readonly code: number;
  /** Length of its value in bytes. */
  readonly length: number;
  readonly format: LogFormat;
}

/** One log page. */
export interface LogPageRow {
  readonly code: number;
  readonly subcode: number;
  readonly name: string;
  readonly parameters: Table<LogParameterRow>;
}

const counter = (code: number, length: number) => ({ code, length, format: "counter" }) as const;
const binary = (code: number, length: number) => ({ code, length, format: "binary" }) as const;
const ascii = (code: number, length: number) => ({ code, length, format: "ascii" }) as const;

const errorCounters = {
  correctedFast: counter(0x0000, 4),
  correctedDelayed: counter(0x0001, 4),
  total: counter(0x0002, 4),
  totalCorrected: counter(0x0003, 4),
  timesProcessed: counter(0x0004, 4),
  bytesProcessed: counter(0x0005, 8),
  uncorrected: counter(0x0006, 4),
} as const satisfies Table<LogParameterRow>;

/** The log pages of drives and changers. */
export const logPages = {
  supported: { code: 0x00, subcode: 0, name: "supported log pages", parameters: {} },
  writeErrors: { code: 0x02, subcode: 0, name: "write error counters", parameters: errorCounters },
  readErrors: { code: 0x03, subcode: 0, name: "read error counters", parameters: errorCounters },
  nonMediumErrors: {
    code: 0x06,
    subcode: 0,
    name: "non-medium errors",
    parameters: { count: counter(0x0000, 4) },
  },
  lastErrors: { code: 0x07, subcode: 0, name: "last n error events", parameters: {} },
  sequentialAccess: {
    code: 0x0c,
    subcode: 0,
    name: "sequential-access device",
    parameters: {
      /** Bytes from hosts, before compression. */
      bytesFromHost: counter(0x0000, 8),
      bytesToMedium: counter(0x0001, 8),
      bytesFromMedium: counter(0x0002, 8),
      bytesToHost: counter(0x0003, 8),
      /** In units of 10^6 bytes, as the next three. */
      beginningToEndOfData: binary(0x0004, 4),
      beginningToEarlyWarning: binary(0x0005, 4),
      earlyWarningToEnd: binary(0x0006, 4),
      beginningToHere: binary(0x0007, 4),
      bufferMegabytes: binary(0x0008, 4),
      cleaningRequested: counter(0x0100, 4),
    },
  },
  temperature: {
    code: 0x0d,
    subcode: 0,
    name: "temperature",
    parameters: { current: binary(0x0000, 2), reference: binary(0x0001, 2) },
  },
  deviceStatus: {
    code: 0x11,
    subcode: 0,
    name: "DT device status",
    parameters: { veryHighFrequency: binary(0x0000, 4), pollingDelay: binary(0x0001, 2) },
  },
  tapeAlertResponse: {
    code: 0x12,
    subcode: 0,
    name: "TapeAlert response",
    parameters: { flags: binary(0x0000, 8) },
  },
  deviceStatistics: {
    code: 0x14,
    subcode: 0,
    name: "device statistics",
    parameters: {
      lifetimeLoads: counter(0x0000, 8),
      lifetimeCleanings: counter(0x0001, 8),
      powerOnHours: counter(0x0002, 8),
      motionHours: counter(0x0003, 8),
      metresProcessed: counter(0x0004, 8),
      hoursSinceCleaning: counter(0x0008, 8),
      powerCycles: counter(0x000c, 8),
      hardReadErrors: counter(0x000e, 8),
      hardWriteErrors: counter(0x000f, 8),
      serial: ascii(0x0040, 10),
    },
  },
  volumeStatistics: {
    code: 0x17,
    subcode: 0,
    name: "volume statistics",
    parameters: {
      valid: binary(0x0000, 1),
      loads: counter(0x0001, 4),
      dataSetsWritten: counter(0x0002, 8),
      writeRetries: counter(0x0003, 4),
      writeErrors: counter(0x0004, 2),
      suspendedWrites: counter(0x0005, 2),
      fatalSuspendedWrites: counter(0x0006, 2),
      dataSetsRead: counter(0x0007, 8),
      readRetries: counter(0x0008, 4),
      readErrors: counter(0x0009, 2),
      lastMountWriteErrors: counter(0x000c, 2),
      lastMountReadErrors: counter(0x000d, 2),
      /** In units of 10^6 bytes, as the next three. */
      lastMountMegabytesWritten: counter(0x000e, 4),
      lastMountMegabytesRead: counter(0x000f, 4),
      lifetimeMegabytesWritten: counter(0x0010, 8),
      lifetimeMegabytesRead: counter(0x0011, 8),
      lastLoadWriteRatio: counter(0x0012, 2),
      lastLoadReadRatio: counter(0x0013, 2),
      mountTime: counter(0x0014, 6),
      mediumReadyTime: counter(0x0015, 6),
      nativeCapacity: counter(0x0016, 4),
      usedCapacity: counter(0x0017, 4),
      serial: ascii(0x0040, 32),
      barcode: ascii(0x0042, 32),
      manufacturer: ascii(0x0043, 8),
      manufactureDate: ascii(0x0046, 8),
      writeProtected: binary(0x0080, 1),
      writeOnce: binary(0x0081, 1),
      beginningPasses: counter(0x0101, 4),
      middlePasses: counter(0x0102, 4),
      /** Per partition: records of `partitionRecordSize` bytes. */
      partitionCapacity: binary(0x0202, 8),
      partitionUsed: binary(0x0203, 8),
      partitionRemaining: binary(0x0204, 8),
    },
  },
  dataCompression: {
    code: 0x1b,
    subcode: 0,
    name: "data compression",
    parameters: {
      /** Times 100. */
      readRatio: counter(0x0000, 2),
      writeRatio: counter(0x0001, 2),
      megabytesToHost: counter(0x0002, 4),
      bytesToHost: counter(0x0003, 4),
      megabytesFromMedium: counter(0x0004, 4),
      bytesFromMedium: counter(0x0005, 4),
      megabytesFromHost: counter(0x0006, 4),
      bytesFromHost: counter(0x0007, 4),
      megabytesToMedium: counter(0x0008, 4),
      bytesToMedium: counter(0x0009, 4),
      compressionEnabled: binary(0x0100, 1),
    },
  },
  /** Parameter codes 1 to 64 are the flags, one byte each; the low bit is the flag. */
  tapeAlert: { code: 0x2e, subcode: 0, name: "TapeAlert", parameters: { hardError: binary(0x0001, 1) } },
  tapeUsage: {
    code: 0x30,
    subcode: 0,
    name: "tape usage",
    parameters: {
      threadCount: counter(0x0001, 4),
      dataSetsWritten: counter(0x0002, 8),
      writeRetries: counter(0x0003, 4),
      writeErrors: counter(0x0004, 2),
      suspendedWrites: counter(0x0005, 2),
      fatalSuspendedWrites: counter(0x0006, 2),
      dataSetsRead: counter(0x0007, 8),
      readRetries: counter(0x0008, 4),
      readErrors: counter(0x0009, 2),
      suspendedReads: counter(0x000a, 2),
      fatalSuspendedReads: counter(0x000b, 2),
    },
  },
  tapeCapacity: {
    code: 0x31,
    subcode: 0,
    name: "tape capacity",
    parameters: {
      /** In units of 2^20 bytes. */
      mainRemaining: binary(0x0001, 4),
      alternateRemaining: binary(0x0002, 4),
      mainMaximum: binary(0x0003, 4),
      alternateMaximum: binary(0x0004, 4),
    },
  },
  compressionIbm: {
    code: 0x32,
    subcode: 0,
    name: "data compression (IBM)",
    parameters: {
      readRatio: counter(0x0000, 2),
      writeRatio: counter(0x0001, 2),
      megabytesToHost: counter(0x0002, 4),
      bytesToHost: counter(0x0003, 4),
      megabytesFromMedium: counter(0x0004, 4),
      bytesFromMedium: counter(0x0005, 4),
      megabytesFromHost: counter(0x0006, 4),
      bytesFromHost: counter(0x0007, 4),
      megabytesToMedium: counter(0x0008, 4),
      bytesToMedium: counter(0x0009, 4),
    },
  },
} as const satisfies Table<LogPageRow>;
/** Name of a log page. */
export type LogPageName = keyof typeof logPages;

/** Record of the volume statistics of one partition: SSC-4. */
export const PartitionRecord = layout("partition record", 8, {
  recordLength: uint(0, 1, { always: 7 }),
  partition: uint(2, 2),
  megabytes: uint(4, 4),
});

/** Very high frequency data of the DT device status page: ADC-3. */
export const VeryHighFrequencyData = layout("very high frequency data", 4, {
  /** PAMR: removal is prevented. */
  preventRemoval: bit(0, 7),
  hostInitiatedUnload: bit(0, 6),
  mediumAuxiliaryMemoryAccessible: bit(0, 5),
  compressionEnabled: bit(0, 4),
  writeProtected: bit(0, 3),
  cleanRequested: bit(0, 2),
  cleanRequired: bit(0, 1),
  /** DINIT: the data is valid. */
  initialized: bit(0, 0),
  inTransition: bit(1, 7),
  robotAccessAllowed: bit(1, 5),
  mediumPresent: bit(1, 4),
  mediumSeated: bit(1, 2),
  mediumThreaded: bit(1, 1),
  dataAccessible: bit(1, 0),
  activity: uint(2, 1),
  encryptionParametersPresent: bit(3, 4),
  encryptionServiceRequest: bit(3, 3),
  recoveryRequested: bit(3, 2),
  interfaceChanged: bit(3, 1),
  tapeAlertChanged: bit(3, 0),
});
/** DT device activity: ADC-3. */
export const deviceActivities = {
  none: 0x00,
  cleaning: 0x01,
  loading: 0x02,
  unloading: 0x03,
  reading: 0x05,
  writing: 0x06,
  locating: 0x07,
  rewinding: 0x08,
  erasing: 0x09,
  formatting: 0x0a,
} as const satisfies Table<number>;

// SPDX-License-Identifier: Apache-2.0
// Commands of a tape drive: SSC-4, and READ ATTRIBUTE of SPC-4. CDB layouts and the table. Under reservations, whatever
// moves the medium counts as a write: it would disturb the holder's position.

import { bit, bits, layout, uint, uint64 } from "#codec/index.ts";
import { timeouts, type CommandRow, type CommandTable } from "./command-row.ts";
import { securityCommands } from "./security-protocol.ts";

/** REWIND: SSC-4. */
export const Rewind = layout("REWIND", 6, {
  opcode: uint(0, 1, { always: 0x01 }),
  immediate: bit(1, 0),
  control: uint(5, 1),
});

/** FORMAT MEDIUM: SSC-4. */
export const FormatMedium = layout("FORMAT MEDIUM", 6, {
  opcode: uint(0, 1, { always: 0x04 }),
  verify: bit(1, 1),
  immediate: bit(1, 0),
  format: bits(2, 3, 0),
  transferLength: uint(3, 2),
  control: uint(5, 1),
});

/** FORMAT of FORMAT MEDIUM: SSC-4. */
export const mediumFormats = { default: 0, partition: 1, both: 2 } as const;

/** READ BLOCK LIMITS: SSC-4. */
export const ReadBlockLimits = layout("READ BLOCK LIMITS", 6, {
  opcode: uint(0, 1, { always: 0x05 }),
  /** MLOI: report the maximum logical object identifier instead. */
  objectLimit: bit(1, 0),
  control: uint(5, 1),
});

/** READ(6): SSC-4. */
export const Read6 = layout("READ(6)", 6, {
  opcode: uint(0, 1, { always: 0x08 }),
  suppressIncorrectLength: bit(1, 1),
  fixed: bit(1, 0),
  transferLength: uint(2, 3),
  control: uint(5, 1),
});

/** WRITE(6): SSC-4. */
export const Write6 = layout("WRITE(6)", 6, {
  opcode: uint(0, 1, { always: 0x0a }),
  fixed: bit(1, 0),
  transferLength: uint(2, 3),
  control: uint(5, 1),
});

/** WRITE FILEMARKS(6): SSC-4. */
export const WriteFilemarks6 = layout("WRITE FILEMARKS(6)", 6, {
  opcode: uint(0, 1, { always: 0x10 }),
  /** WSMK, obsolete. */
  setmarks: bit(1, 1),
  immediate: bit(1, 0),
  transferLength: uint(2, 3),
  control: uint(5, 1),
});

/** SPACE(6): SSC-4. The count is two's complement. */
export const Space6 = layout("SPACE(6)", 6, {
  opcode: uint(0, 1, { always: 0x11 }),
  code: bits(1, 3, 0),
  count: uint(2, 3),
  control: uint(5, 1),
});

/** VERIFY(6): SSC-4. */
export const Verify6 = layout("VERIFY(6)", 6, {
  opcode: uint(0, 1, { always: 0x13 }),
  /** VTE: verify to end of data. */
  toEndOfData: bit(1, 5),
  /** VLBPM: verify logical block protection information. */
  protection: bit(1, 4),
  /** VBF: the length counts filemarks. */
  byFilemarks: bit(1, 3),
  immediate: bit(1, 2),
  compareBytes: bit(1, 1),
  fixed: bit(1, 0),
  verificationLength: uint(2, 3),
  control: uint(5, 1),
});

/** ERASE(6): SSC-4. */
export const Erase6 = layout("ERASE(6)", 6, {
  opcode: uint(0, 1, { always: 0x19 }),
  immediate: bit(1, 1),
  long: bit(1, 0),
  control: uint(5, 1),
});

/** LOAD UNLOAD: SSC-4. */
export const LoadUnload = layout("LOAD UNLOAD", 6, {
  opcode: uint(0, 1, { always: 0x1b }),
  immediate: bit(1, 0),
  hold: bit(4, 3),
  endOfTape: bit(4, 2),
  retension: bit(4, 1),
  load: bit(4, 0),
  control: uint(5, 1),
});

/** LOCATE(10): SSC-4. */
export const Locate10 = layout("LOCATE(10)", 10, {
  opcode: uint(0, 1, { always: 0x2b }),
  /** BT: the identifier is of a vendor's own kind. */
  blockAddressType: bit(1, 2),
  changePartition: bit(1, 1),
  immediate: bit(1, 0),
  objectNumber: uint(3, 4),
  partition: uint(8, 1),
  control: uint(9, 1),
});

const readPosition = (action: number) =>
  layout("READ POSITION", 10, {
    opcode: uint(0, 1, { always: 0x34 }),
    serviceAction: bits(1, 4, 0, { always: action }),
    /** Counts for the extended form only. */
    parameterLength: uint(7, 2),
    control: uint(9, 1),
  });
/** READ POSITION, short form with logical object identifiers: SSC-4. */
export const ReadPositionShort = readPosition(0x00);
/** READ POSITION, short form with identifiers of a vendor's own kind: SSC-4. */
export const ReadPositionShortVendor = readPosition(0x01);
/** READ POSITION, long form: SSC-4. */
export const ReadPositionLong = readPosition(0x06);
/** READ POSITION, extended form: SSC-4. */
export const ReadPositionExtended = readPosition(0x08);

/** REPORT DENSITY SUPPORT: SSC-4. */
export const ReportDensitySupport = layout("REPORT DENSITY SUPPORT", 10, {
  opcode: uint(0, 1, { always: 0x44 }),
  mediumType: bit(1, 1),
  media: bit(1, 0),
  allocationLength: uint(7, 2),
  control: uint(9, 1),
});

const readAttribute = (action: number) =>
  layout("READ ATTRIBUTE", 16, {
    opcode: uint(0, 1, { always: 0x8c }),
    serviceAction: bits(1, 4, 0, { always: action }),
    elementAddress: uint(2, 2),
    elementType: bits(4, 3, 0),
    volumeNumber: uint(5, 1),
    partition: uint(7, 1),
    firstAttribute: uint(8, 2),
    allocationLength: uint(10, 4),
    cache: bit(14, 0),
    control: uint(15, 1),
  });
/** READ ATTRIBUTE, ATTRIBUTE VALUES: SPC-4. */
export const ReadAttributeValues = readAttribute(0);
/** READ ATTRIBUTE, ATTRIBUTE LIST: SPC-4. */
export const ReadAttributeList = readAttribute(1);
/** READ ATTRIBUTE, LOGICAL VOLUME LIST: SPC-4. */
export const ReadAttributeVolumeList = readAttribute(2);
/** READ ATTRIBUTE, PARTITION LIST: SPC-4. */
export const ReadAttributePartitionList = readAttribute(3);
/** READ ATTRIBUTE, SUPPORTED ATTRIBUTES: SPC-4. */
export const ReadAttributeSupported = readAttribute(5);

/** WRITE ATTRIBUTE: SPC-4. */
export const WriteAttribute = layout("WRITE ATTRIBUTE", 16, {
  opcode: uint(0, 1, { always: 0x8d }),
  /** WTC: write through. */
  writeThrough: bit(1, 0),
  elementAddress: uint(2, 2),
  elementType: bits(4, 3, 0),
  volumeNumber: uint(5, 1),
  partition: uint(7, 1),
  parameterListLength: uint(10, 4),
  control: uint(15, 1),
});

/** SET CAPACITY: SSC-4. */
export const SetCapacity = layout("SET CAPACITY", 6, {
  opcode: uint(0, 1, { always: 0x0b }),
  immediate: bit(1, 0),
  /** In 65,535ths of the nominal size. */
  proportion: uint(3, 2),
  control: uint(5, 1),
});

/** ALLOW OVERWRITE: SSC-4. */
export const AllowOverwrite = layout("ALLOW OVERWRITE", 16, {
  opcode: uint(0, 1, { always: 0x82 }),
  allow: bits(2, 3, 0),
  partition: uint(3, 1),
  identifier: uint64(4),
  control: uint(15, 1),
});
/** ALLOW OVERWRITE: SSC-4. */
export const overwriteAllowances = { disabled: 0, currentPosition: 1, format: 2 } as const;

/** SPACE(16): SSC-4. The count is two's complement. */
export const Space16 = layout("SPACE(16)", 16, {
  opcode: uint(0, 1, { always: 0x91 }),
  code: bits(1, 3, 0),
  count: uint64(4),
  parameterListLength: uint(12, 2),
  control: uint(15, 1),
});

/** LOCATE(16): SSC-4. */
export const Locate16 = layout("LOCATE(16)", 16, {
  opcode: uint(0, 1, { always: 0x92 }),
  destinationType: bits(1, 5, 3),
  changePartition: bit(1, 1),
  immediate: bit(1, 0),
  /** BAM: explicit addressing. */
  explicitAddress: bit(2, 0),
  partition: uint(3, 1),
  identifier: uint64(4),
  control: uint(15, 1),
});

/** READ MEDIA SERIAL NUMBER, a service action of SERVICE ACTION IN(12): SPC-4. */
export const ReadMediaSerialNumber = layout("READ MEDIA SERIAL NUMBER", 12, {
  opcode: uint(0, 1, { always: 0xab }),
  serviceAction: bits(1, 4, 0, { always: 0x01 }),
  allocationLength: uint(6, 4),
  control: uint(11, 1),
});

/** READ MEDIA SERIAL NUMBER data without the number: SPC-4. */
export const MediaSerialHeader = layout("READ MEDIA SERIAL NUMBER header", 4, {
  /** Bytes of the number, a multiple of four. */
  length: uint(0, 4),
});

type Flags = Pick<CommandRow, "whileNotReady" | "whileAttention" | "underReserve" | "underPersistent" | "timeouts">;
/** Moves, reads or writes the medium. */
const medium = {
  whileNotReady: false,
  whileAttention: false,
  underReserve: "conflict",
  underPersistent: "write",
  timeouts: timeouts.medium,
} as const satisfies Flags;
const data = { ...medium, timeouts: timeouts.data } as const satisfies Flags;
const erases = { ...medium, timeouts: timeouts.erase } as const satisfies Flags;
/** Tells something about the loaded medium. */
const asks = { ...medium, underPersistent: "read", timeouts: timeouts.quick } as const satisfies Flags;
/** Tells something about the drive. */
const describes = { ...asks, whileNotReady: true, underPersistent: "exempt" } as const satisfies Flags;

const position = (serviceAction: number, cdb: typeof ReadPositionShort) =>
  ({
    opcode: 0x34,
    serviceAction,
    cdb,
    data: "in",
    ...asks,
    underPersistent: "exempt",
    standard: "SSC-4",
  }) as const;
const attribute = (serviceAction: number, cdb: typeof ReadAttributeValues) =>
  ({ opcode: 0x8c, serviceAction, cdb, data: "in", ...asks, standard: "SPC-4" }) as const;

/** The commands of a tape drive beside those of every unit. */
export const sscCommands = {
  rewind: { name: "REWIND", opcode: 0x01, cdb: Rewind, data: "none", ...medium, standard: "SSC-4" },
  formatMedium: {
    name: "FORMAT MEDIUM",
    opcode: 0x04,
    cdb: FormatMedium,
    data: "out",
    ...erases,
    standard: "SSC-4",
  },
  readBlockLimits: {
    name: "READ BLOCK LIMITS",
    opcode: 0x05,
    cdb: ReadBlockLimits,
    data: "in",
    ...describes,
    standard: "SSC-4",
  },
  read6: { name: "READ(6)", opcode: 0x08, cdb: Read6, data: "in", ...data, standard: "SSC-4" },
  write6: { name: "WRITE(6)", opcode: 0x0a, cdb: Write6, data: "out", ...data, standard: "SSC-4" },
  writeFilemarks6: {
    name: "WRITE FILEMARKS(6)",
    opcode: 0x10,
    cdb: WriteFilemarks6,
    data: "none",
    ...data,
    standard: "SSC-4",
  },
  space6: { name: "SPACE(6)", opcode: 0x11, cdb: Space6, data: "none", ...medium, standard: "SSC-4" },
  verify6: { name: "VERIFY(6)", opcode: 0x13, cdb: Verify6, data: "out", ...medium, standard: "SSC-4" },
  erase6: { name: "ERASE(6)", opcode: 0x19, cdb: Erase6, data: "none", ...erases, standard: "SSC-4" },
  loadUnload: {
    name: "LOAD UNLOAD",
    opcode: 0x1b,
    cdb: LoadUnload,
    data: "none",
    ...medium,
    whileNotReady: true,
    standard: "SSC-4",
  },
  locate10: { name: "LOCATE(10)", opcode: 0x2b, cdb: Locate10, data: "none", ...medium, standard: "SSC-4" },
  readPositionShort: { name: "READ POSITION, short form", ...position(0x00, ReadPositionShort) },
  readPositionShortVendor: { name: "READ POSITION, short form, vendor", ...position(0x01, ReadPositionShortVendor) },
  readPositionLong: { name: "READ POSITION, long form", ...position(0x06, ReadPositionLong) },
  readPositionExtended: { name: "READ POSITION, extended form", ...position(0x08, ReadPositionExtended) },
  reportDensitySupport: {
    name: "REPORT DENSITY SUPPORT",
    opcode: 0x44,
    cdb: ReportDensitySupport,
    data: "in",
    ...describes,
    standard: "SSC-4",
  },
  readAttributeValues: { name: "READ ATTRIBUTE, values", ...attribute(0, ReadAttributeValues) },
  readAttributeList: { name: "READ ATTRIBUTE, list", ...attribute(1, ReadAttributeList) },
  readAttributeVolumeList: { name: "READ ATTRIBUTE, logical volumes", ...attribute(2, ReadAttributeVolumeList) },
  readAttributePartitionList: { name: "READ ATTRIBUTE, partitions", ...attribute(3, ReadAttributePartitionList) },
  readAttributeSupported: { name: "READ ATTRIBUTE, supported", ...attribute(5, ReadAttributeSupported) },
  readMediaSerialNumber: {
    name: "READ MEDIA SERIAL NUMBER",
    opcode: 0xab,
    serviceAction: 0x01,
    cdb: ReadMediaSerialNumber,
    data: "in",
    ...asks,
    standard: "SPC-4",
  },
  writeAttribute: {
    name: "WRITE ATTRIBUTE",
    opcode: 0x8d,
    cdb: WriteAttribute,
    data: "out",
    ...data,
    standard: "SPC-4",
  },
  allowOverwrite: {
    name: "ALLOW OVERWRITE",
    opcode: 0x82,
    cdb: AllowOverwrite,
    data: "none",
    ...medium,
    timeouts: timeouts.quick,
    standard: "SSC-4",
  },
  setCapacity: { name: "SET CAPACITY", opcode: 0x0b, cdb: SetCapacity, data: "none", ...erases, standard: "SSC-4" },
  space16: { name: "SPACE(16)", opcode: 0x91, cdb: Space16, data: "none", ...medium, standard: "SSC-4" },
  locate16: { name: "LOCATE(16)", opcode: 0x92, cdb: Locate16, data: "none", ...medium, standard: "SSC-4" },
  ...securityCommands,
} as const satisfies CommandTable;

/** The commands of a tape drive, by their names in the table. */
export type SscCommand = keyof typeof sscCommands;

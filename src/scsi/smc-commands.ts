// SPDX-License-Identifier: Apache-2.0
// Commands of a medium changer: SMC-3. CDB layouts and the table.

import { bit, bits, layout, uint } from "#codec/index.ts";
import { timeouts, type CommandRow, type CommandTable } from "./command-row.ts";

/** INITIALIZE ELEMENT STATUS: SMC-3. */
export const InitializeElementStatus = layout("INITIALIZE ELEMENT STATUS", 6, {
  opcode: uint(0, 1, { always: 0x07 }),
  control: uint(5, 1),
});

/** OPEN/CLOSE IMPORT/EXPORT ELEMENT: SMC-3. */
export const OpenCloseImportExport = layout("OPEN/CLOSE IMPORT/EXPORT ELEMENT", 6, {
  opcode: uint(0, 1, { always: 0x1b }),
  elementAddress: uint(2, 2),
  actionCode: bits(4, 4, 0),
  control: uint(5, 1),
});

/** POSITION TO ELEMENT: SMC-3. */
export const PositionToElement = layout("POSITION TO ELEMENT", 10, {
  opcode: uint(0, 1, { always: 0x2b }),
  picker: uint(2, 2),
  destination: uint(4, 2),
  invert: bit(8, 0),
  control: uint(9, 1),
});

const withRange = (opcode: number) =>
  layout("INITIALIZE ELEMENT STATUS WITH RANGE", 10, {
    opcode: uint(0, 1, { always: opcode }),
    fast: bit(1, 1),
    range: bit(1, 0),
    startingElement: uint(2, 2),
    elementCount: uint(6, 2),
    control: uint(9, 1),
  });
/** INITIALIZE ELEMENT STATUS WITH RANGE: SMC-3. */
export const InitializeElementStatusWithRange = withRange(0x37);
/** The same with the operation code that IBM and HP used before the standard had one. */
export const InitializeElementStatusWithRangeVendor = withRange(0xe7);

/** MOVE MEDIUM: SMC-3. */
export const MoveMedium = layout("MOVE MEDIUM", 12, {
  opcode: uint(0, 1, { always: 0xa5 }),
  picker: uint(2, 2),
  source: uint(4, 2),
  destination: uint(6, 2),
  invert: bit(10, 0),
  control: uint(11, 1),
});

/** EXCHANGE MEDIUM: SMC-3. */
export const ExchangeMedium = layout("EXCHANGE MEDIUM", 12, {
  opcode: uint(0, 1, { always: 0xa6 }),
  picker: uint(2, 2),
  source: uint(4, 2),
  firstDestination: uint(6, 2),
  secondDestination: uint(8, 2),
  invertFirst: bit(10, 1),
  invertSecond: bit(10, 0),
  control: uint(11, 1),
});

/** REQUEST VOLUME ELEMENT ADDRESS: SMC-3. */
export const RequestVolumeElementAddress = layout("REQUEST VOLUME ELEMENT ADDRESS", 12, {
  opcode: uint(0, 1, { always: 0xb5 }),
  volumeTags: bit(1, 4),
  elementType: bits(1, 3, 0),
  startingElement: uint(2, 2),
  elementCount: uint(4, 2),
  allocationLength: uint(7, 3),
  control: uint(11, 1),
});

/** SEND VOLUME TAG: SMC-3. */
export const SendVolumeTag = layout("SEND VOLUME TAG", 12, {
  opcode: uint(0, 1, { always: 0xb6 }),
  elementType: bits(1, 3, 0),
  startingElement: uint(2, 2),
  actionCode: bits(5, 4, 0),
  parameterListLength: uint(8, 2),
  control: uint(11, 1),
});

/** READ ELEMENT STATUS: SMC-3. */
export const ReadElementStatus = layout("READ ELEMENT STATUS", 12, {
  opcode: uint(0, 1, { always: 0xb8 }),
  volumeTags: bit(1, 4),
  elementType: bits(1, 3, 0),
  startingElement: uint(2, 2),
  elementCount: uint(4, 2),
  currentData: bit(6, 1),
  deviceIdentifiers: bit(6, 0),
  allocationLength: uint(7, 3),
  control: uint(11, 1),
});

type Flags = Pick<CommandRow, "whileNotReady" | "whileAttention" | "underReserve" | "underPersistent" | "timeouts">;
/** Moves a cartridge or the picker. */
const moves = {
  whileNotReady: false,
  whileAttention: false,
  underReserve: "conflict",
  underPersistent: "write",
  timeouts: timeouts.medium,
} as const satisfies Flags;
/** Tells where cartridges are; moves nothing. */
const asks = { ...moves, underPersistent: "read", timeouts: timeouts.quick } as const satisfies Flags;

/** The commands of a changer beside those of every unit. */
export const smcCommands = {
  initializeElementStatus: {
    name: "INITIALIZE ELEMENT STATUS",
    opcode: 0x07,
    cdb: InitializeElementStatus,
    data: "none",
    ...moves,
    standard: "SMC-3",
  },
  openCloseImportExport: {
    name: "OPEN/CLOSE IMPORT/EXPORT ELEMENT",
    opcode: 0x1b,
    cdb: OpenCloseImportExport,
    data: "none",
    ...moves,
    standard: "SMC-3",
  },
  positionToElement: {
    name: "POSITION TO ELEMENT",
    opcode: 0x2b,
    cdb: PositionToElement,
    data: "none",
    ...moves,
    standard: "SMC-3",
  },
  initializeElementStatusWithRange: {
    name: "INITIALIZE ELEMENT STATUS WITH RANGE",
    opcode: 0x37,
    cdb: InitializeElementStatusWithRange,
    data: "none",
    ...moves,
    standard: "SMC-3",
  },
  moveMedium: { name: "MOVE MEDIUM", opcode: 0xa5, cdb: MoveMedium, data: "none", ...moves, standard: "SMC-3" },
  exchangeMedium: {
    name: "EXCHANGE MEDIUM",
    opcode: 0xa6,
    cdb: ExchangeMedium,
    data: "none",
    ...moves,
    standard: "SMC-3",
  },
  requestVolumeElementAddress: {
    name: "REQUEST VOLUME ELEMENT ADDRESS",
    opcode: 0xb5,
    cdb: RequestVolumeElementAddress,
    data: "in",
    ...asks,
    standard: "SMC-3",
  },
  sendVolumeTag: {
    name: "SEND VOLUME TAG",
    opcode: 0xb6,
    cdb: SendVolumeTag,
    data: "out",
    ...moves,
    timeouts: timeouts.quick,
    standard: "SMC-3",
  },
  readElementStatus: {
    name: "READ ELEMENT STATUS",
    opcode: 0xb8,
    cdb: ReadElementStatus,
    data: "in",
    ...asks,
    // CURDATA: what is known without moving anything. SMC-3, commands in the presence of reservations.
    exemptWhen: { field: "currentData", is: true },
    standard: "SMC-3",
  },
  initializeElementStatusWithRangeVendor: {
    name: "INITIALIZE ELEMENT STATUS WITH RANGE",
    opcode: 0xe7,
    cdb: InitializeElementStatusWithRangeVendor,
    data: "none",
    ...moves,
    standard: "vendor",
  },
} as const satisfies CommandTable;

/** The commands of a changer, by their names in the table. */
export type SmcCommand = keyof typeof smcCommands;

// SPDX-License-Identifier: Apache-2.0
// Commands that every kind of unit has: SPC-4 (SPC-2 for RESERVE and RELEASE). CDB layouts and the table.

import { bit, bits, layout, uint } from "#codec/index.ts";
import { bufferCommands } from "./buffer-commands.ts";
import { timeouts, type CommandRow, type CommandTable } from "./command-row.ts";

/** TEST UNIT READY: SPC-4. */
export const TestUnitReady = layout("TEST UNIT READY", 6, {
  opcode: uint(0, 1, { always: 0x00 }),
  control: uint(5, 1),
});

/** REQUEST SENSE: SPC-4. */
export const RequestSense = layout("REQUEST SENSE", 6, {
  opcode: uint(0, 1, { always: 0x03 }),
  descriptorFormat: bit(1, 0),
  allocationLength: uint(4, 1),
  control: uint(5, 1),
});

/** INQUIRY: SPC-4. */
export const Inquiry = layout("INQUIRY", 6, {
  opcode: uint(0, 1, { always: 0x12 }),
  vitalProductData: bit(1, 0),
  pageCode: uint(2, 1),
  allocationLength: uint(3, 2),
  control: uint(5, 1),
});

/** MODE SELECT(6): SPC-4. */
export const ModeSelect6 = layout("MODE SELECT(6)", 6, {
  opcode: uint(0, 1, { always: 0x15 }),
  pageFormat: bit(1, 4),
  savePages: bit(1, 0),
  parameterListLength: uint(4, 1),
  control: uint(5, 1),
});

/** MODE SELECT(10): SPC-4. */
export const ModeSelect10 = layout("MODE SELECT(10)", 10, {
  opcode: uint(0, 1, { always: 0x55 }),
  pageFormat: bit(1, 4),
  savePages: bit(1, 0),
  parameterListLength: uint(7, 2),
  control: uint(9, 1),
});

/** MODE SENSE(6): SPC-4. */
export const ModeSense6 = layout("MODE SENSE(6)", 6, {
  opcode: uint(0, 1, { always: 0x1a }),
  disableBlockDescriptors: bit(1, 3),
  pageControl: bits(2, 7, 6),
  pageCode: bits(2, 5, 0),
  subpageCode: uint(3, 1),
  allocationLength: uint(4, 1),
  control: uint(5, 1),
});

/** MODE SENSE(10): SPC-4. */
export const ModeSense10 = layout("MODE SENSE(10)", 10, {
  opcode: uint(0, 1, { always: 0x5a }),
  longLbaAccepted: bit(1, 4),
  disableBlockDescriptors: bit(1, 3),
  pageControl: bits(2, 7, 6),
  pageCode: bits(2, 5, 0),
  subpageCode: uint(3, 1),
  allocationLength: uint(7, 2),
  control: uint(9, 1),
});

const reserve6 = (opcode: number) =>
  ({
    opcode: uint(0, 1, { always: opcode }),
    thirdParty: bit(1, 4),
    thirdPartyId: bits(1, 3, 1),
    /** Extents of a disk, elements of a changer. */
    partial: bit(1, 0),
    reservationId: uint(2, 1),
    parameterListLength: uint(3, 2),
    control: uint(5, 1),
  }) as const;
/** RESERVE(6): SPC-2. */
export const Reserve6 = layout("RESERVE(6)", 6, reserve6(0x16));
/** RELEASE(6): SPC-2. */
export const Release6 = layout("RELEASE(6)", 6, reserve6(0x17));

const reserve10 = (opcode: number) =>
  ({
    opcode: uint(0, 1, { always: opcode }),
    thirdParty: bit(1, 4),
    longId: bit(1, 1),
    partial: bit(1, 0),
    reservationId: uint(2, 1),
    thirdPartyId: uint(3, 1),
    parameterListLength: uint(7, 2),
    control: uint(9, 1),
  }) as const;
/** RESERVE(10): SPC-2. */
export const Reserve10 = layout("RESERVE(10)", 10, reserve10(0x56));
/** RELEASE(10): SPC-2. */
export const Release10 = layout("RELEASE(10)", 10, reserve10(0x57));

/** RECEIVE DIAGNOSTIC RESULTS: SPC-4. */
export const ReceiveDiagnosticResults = layout("RECEIVE DIAGNOSTIC RESULTS", 6, {
  opcode: uint(0, 1, { always: 0x1c }),
  pageCodeValid: bit(1, 0),
  pageCode: uint(2, 1),
  allocationLength: uint(3, 2),
  control: uint(5, 1),
});

/** SEND DIAGNOSTIC: SPC-4. */
export const SendDiagnostic = layout("SEND DIAGNOSTIC", 6, {
  opcode: uint(0, 1, { always: 0x1d }),
  selfTestCode: bits(1, 7, 5),
  pageFormat: bit(1, 4),
  selfTest: bit(1, 2),
  deviceOffline: bit(1, 1),
  unitOffline: bit(1, 0),
  parameterListLength: uint(3, 2),
  control: uint(5, 1),
});

/** PREVENT ALLOW MEDIUM REMOVAL: SPC-4, SMC-3. */
export const PreventAllowMediumRemoval = layout("PREVENT ALLOW MEDIUM REMOVAL", 6, {
  opcode: uint(0, 1, { always: 0x1e }),
  prevent: bits(4, 1, 0),
  control: uint(5, 1),
});

/** LOG SELECT: SPC-4. */
export const LogSelect = layout("LOG SELECT", 10, {
  opcode: uint(0, 1, { always: 0x4c }),
  parameterCodeReset: bit(1, 1),
  saveParameters: bit(1, 0),
  pageControl: bits(2, 7, 6),
  pageCode: bits(2, 5, 0),
  subpageCode: uint(3, 1),
  parameterListLength: uint(7, 2),
  control: uint(9, 1),
});

/** LOG SENSE: SPC-4. */
export const LogSense = layout("LOG SENSE", 10, {
  opcode: uint(0, 1, { always: 0x4d }),
  parameterPointerControl: bit(1, 1),
  saveParameters: bit(1, 0),
  pageControl: bits(2, 7, 6),
  pageCode: bits(2, 5, 0),
  subpageCode: uint(3, 1),
  parameterPointer: uint(5, 2),
  allocationLength: uint(7, 2),
  control: uint(9, 1),
});

const persistentReserveIn = (action: number) =>
  layout("PERSISTENT RESERVE IN", 10, {
    opcode: uint(0, 1, { always: 0x5e }),
    serviceAction: bits(1, 4, 0, { always: action }),
    allocationLength: uint(7, 2),
    control: uint(9, 1),
  });
/** PERSISTENT RESERVE IN, READ KEYS: SPC-4. */
export const PersistentReserveInReadKeys = persistentReserveIn(0);
/** PERSISTENT RESERVE IN, READ RESERVATION: SPC-4. */
export const PersistentReserveInReadReservation = persistentReserveIn(1);
/** PERSISTENT RESERVE IN, REPORT CAPABILITIES: SPC-4. */
export const PersistentReserveInReportCapabilities = persistentReserveIn(2);
/** PERSISTENT RESERVE IN, READ FULL STATUS: SPC-4. */
export const PersistentReserveInReadFullStatus = persistentReserveIn(3);

const persistentReserveOut = (action: number) =>
  layout("PERSISTENT RESERVE OUT", 10, {
    opcode: uint(0, 1, { always: 0x5f }),
    serviceAction: bits(1, 4, 0, { always: action }),
    scope: bits(2, 7, 4),
    type: bits(2, 3, 0),
    parameterListLength: uint(5, 4),
    control: uint(9, 1),
  });
/** PERSISTENT RESERVE OUT, REGISTER: SPC-4. */
export const PersistentReserveOutRegister = persistentReserveOut(0);
/** PERSISTENT RESERVE OUT, RESERVE: SPC-4. */
export const PersistentReserveOutReserve = persistentReserveOut(1);
/** PERSISTENT RESERVE OUT, RELEASE: SPC-4. */
export const PersistentReserveOutRelease = persistentReserveOut(2);
/** PERSISTENT RESERVE OUT, CLEAR: SPC-4. */
export const PersistentReserveOutClear = persistentReserveOut(3);
/** PERSISTENT RESERVE OUT, PREEMPT: SPC-4. */
export const PersistentReserveOutPreempt = persistentReserveOut(4);
/** PERSISTENT RESERVE OUT, PREEMPT AND ABORT: SPC-4. */
export const PersistentReserveOutPreemptAndAbort = persistentReserveOut(5);
/** PERSISTENT RESERVE OUT, REGISTER AND IGNORE EXISTING KEY: SPC-4. */
export const PersistentReserveOutRegisterAndIgnore = persistentReserveOut(6);
/** PERSISTENT RESERVE OUT, REGISTER AND MOVE: SPC-4. */
export const PersistentReserveOutRegisterAndMove = persistentReserveOut(7);

/** REPORT LUNS: SPC-4. */
export const ReportLuns = layout("REPORT LUNS", 12, {
  opcode: uint(0, 1, { always: 0xa0 }),
  selectReport: uint(2, 1),
  allocationLength: uint(6, 4),
  control: uint(11, 1),
});

/** REPORT SUPPORTED OPERATION CODES: SPC-4. */
export const ReportSupportedOperationCodes = layout("REPORT SUPPORTED OPERATION CODES", 12, {
  opcode: uint(0, 1, { always: 0xa3 }),
  serviceAction: bits(1, 4, 0, { always: 0x0c }),
  returnTimeouts: bit(2, 7),
  reportingOptions: bits(2, 2, 0),
  requestedOpcode: uint(3, 1),
  requestedServiceAction: uint(4, 2),
  allocationLength: uint(6, 4),
  control: uint(11, 1),
});

/** REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS: SPC-4. */
export const ReportSupportedTaskManagementFunctions = layout("REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", 12, {
  opcode: uint(0, 1, { always: 0xa3 }),
  serviceAction: bits(1, 4, 0, { always: 0x0d }),
  extended: bit(2, 7),
  allocationLength: uint(6, 4),
  control: uint(11, 1),
});

/** REPORT TIMESTAMP: SPC-4. */
export const ReportTimestamp = layout("REPORT TIMESTAMP", 12, {
  opcode: uint(0, 1, { always: 0xa3 }),
  serviceAction: bits(1, 4, 0, { always: 0x0f }),
  allocationLength: uint(6, 4),
  control: uint(11, 1),
});

type Flags = Pick<CommandRow, "whileNotReady" | "whileAttention" | "underReserve" | "underPersistent" | "timeouts">;
const quick = {
  whileNotReady: true,
  whileAttention: false,
  underReserve: "conflict",
  underPersistent: "read",
  timeouts: timeouts.quick,
} as const satisfies Flags;
const always = { ...quick, underReserve: "allow", underPersistent: "exempt" } as const satisfies Flags;
const changes = { ...quick, underPersistent: "write" } as const satisfies Flags;
/** PERSISTENT RESERVE decides about conflicts itself; RESERVE by another nexus shuts it out. */
const persistent = { ...quick, underPersistent: "exempt" } as const satisfies Flags;

const prIn = (serviceAction: number, cdb: typeof PersistentReserveInReadKeys) =>
  ({ opcode: 0x5e, serviceAction, cdb, data: "in", ...persistent, standard: "SPC-4" }) as const;
const prOut = (serviceAction: number, cdb: typeof PersistentReserveOutRegister) =>
  ({ opcode: 0x5f, serviceAction, cdb, data: "out", ...persistent, standard: "SPC-4" }) as const;

/** The commands of every unit. */
export const spcCommands = {
  testUnitReady: {
    name: "TEST UNIT READY",
    opcode: 0x00,
    cdb: TestUnitReady,
    data: "none",
    ...quick,
    whileNotReady: false,
    underPersistent: "exempt",
    standard: "SPC-4",
  },
  requestSense: {
    name: "REQUEST SENSE",
    opcode: 0x03,
    cdb: RequestSense,
    data: "in",
    ...always,
    whileAttention: true,
    standard: "SPC-4",
  },
  inquiry: {
    name: "INQUIRY",
    opcode: 0x12,
    cdb: Inquiry,
    data: "in",
    ...always,
    whileAttention: true,
    standard: "SPC-4",
  },
  modeSelect6: {
    name: "MODE SELECT(6)",
    opcode: 0x15,
    cdb: ModeSelect6,
    data: "out",
    ...changes,
    standard: "SPC-4",
  },
  reserve6: { name: "RESERVE(6)", opcode: 0x16, cdb: Reserve6, data: "none", ...persistent, standard: "SPC-2" },
  release6: { name: "RELEASE(6)", opcode: 0x17, cdb: Release6, data: "none", ...always, standard: "SPC-2" },
  modeSense6: {
    name: "MODE SENSE(6)",
    opcode: 0x1a,
    cdb: ModeSense6,
    data: "in",
    ...quick,
    standard: "SPC-4",
  },
  receiveDiagnosticResults: {
    name: "RECEIVE DIAGNOSTIC RESULTS",
    opcode: 0x1c,
    cdb: ReceiveDiagnosticResults,
    data: "in",
    ...quick,
    standard: "SPC-4",
  },
  sendDiagnostic: {
    name: "SEND DIAGNOSTIC",
    opcode: 0x1d,
    cdb: SendDiagnostic,
    data: "out",
    ...changes,
    timeouts: timeouts.data,
    standard: "SPC-4",
  },
  preventAllowMediumRemoval: {
    name: "PREVENT ALLOW MEDIUM REMOVAL",
    opcode: 0x1e,
    cdb: PreventAllowMediumRemoval,
    data: "none",
    ...changes,
    exemptWhen: { field: "prevent", is: 0 },
    standard: "SPC-4",
  },
  logSelect: { name: "LOG SELECT", opcode: 0x4c, cdb: LogSelect, data: "out", ...changes, standard: "SPC-4" },
  logSense: { name: "LOG SENSE", opcode: 0x4d, cdb: LogSense, data: "in", ...always, standard: "SPC-4" },
  modeSelect10: {
    name: "MODE SELECT(10)",
    opcode: 0x55,
    cdb: ModeSelect10,
    data: "out",
    ...changes,
    standard: "SPC-4",
  },
  reserve10: {
    name: "RESERVE(10)",
    opcode: 0x56,
    cdb: Reserve10,
    data: "none",
    ...persistent,
    standard: "SPC-2",
  },
  release10: { name: "RELEASE(10)", opcode: 0x57, cdb: Release10, data: "none", ...always, standard: "SPC-2" },
  modeSense10: {
    name: "MODE SENSE(10)",
    opcode: 0x5a,
    cdb: ModeSense10,
    data: "in",
    ...quick,
    standard: "SPC-4",
  },
  persistentReserveInReadKeys: { name: "READ KEYS", ...prIn(0, PersistentReserveInReadKeys) },
  persistentReserveInReadReservation: { name: "READ RESERVATION", ...prIn(1, PersistentReserveInReadReservation) },
  persistentReserveInReportCapabilities: {
    name: "REPORT CAPABILITIES",
    ...prIn(2, PersistentReserveInReportCapabilities),
  },
  persistentReserveInReadFullStatus: { name: "READ FULL STATUS", ...prIn(3, PersistentReserveInReadFullStatus) },
  persistentReserveOutRegister: { name: "REGISTER", ...prOut(0, PersistentReserveOutRegister) },
  persistentReserveOutReserve: { name: "RESERVE", ...prOut(1, PersistentReserveOutReserve) },
  persistentReserveOutRelease: { name: "RELEASE", ...prOut(2, PersistentReserveOutRelease) },
  persistentReserveOutClear: { name: "CLEAR", ...prOut(3, PersistentReserveOutClear) },
  persistentReserveOutPreempt: { name: "PREEMPT", ...prOut(4, PersistentReserveOutPreempt) },
  persistentReserveOutPreemptAndAbort: {
    name: "PREEMPT AND ABORT",
    ...prOut(5, PersistentReserveOutPreemptAndAbort),
  },
  persistentReserveOutRegisterAndIgnore: {
    name: "REGISTER AND IGNORE EXISTING KEY",
    ...prOut(6, PersistentReserveOutRegisterAndIgnore),
  },
  persistentReserveOutRegisterAndMove: {
    name: "REGISTER AND MOVE",
    ...prOut(7, PersistentReserveOutRegisterAndMove),
  },
  reportLuns: {
    name: "REPORT LUNS",
    opcode: 0xa0,
    cdb: ReportLuns,
    data: "in",
    ...always,
    whileAttention: true,
    standard: "SPC-4",
  },
  reportSupportedOperationCodes: {
    name: "REPORT SUPPORTED OPERATION CODES",
    opcode: 0xa3,
    serviceAction: 0x0c,
    cdb: ReportSupportedOperationCodes,
    data: "in",
    ...always,
    standard: "SPC-4",
  },
  reportSupportedTaskManagementFunctions: {
    name: "REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS",
    opcode: 0xa3,
    serviceAction: 0x0d,
    cdb: ReportSupportedTaskManagementFunctions,
    data: "in",
    ...always,
    standard: "SPC-4",
  },
  reportTimestamp: {
    name: "REPORT TIMESTAMP",
    opcode: 0xa3,
    serviceAction: 0x0f,
    cdb: ReportTimestamp,
    data: "in",
    ...always,
    standard: "SPC-4",
  },
  ...bufferCommands,
} as const satisfies CommandTable;

/** The commands of every unit, by their names in the table. */
export type SpcCommand = keyof typeof spcCommands;

// SPDX-License-Identifier: Apache-2.0
// The 48-byte headers of all iSCSI PDUs, byte by byte: RFC 7143 section 11. One layout per opcode, never one for all.
// The data segment, additional headers and digests are not part of them; PduReader and PduSender handle those.

import { bit, bits, bytes, layout, uint, type ValueOf } from "#codec/index.ts";
import { headerSize, opcodes } from "./codes.ts";

const immediate = bit(0, 6);
const isFinal = bit(1, 7);
/** The F bit of PDUs that are always final. */
const alwaysFinal = bit(1, 7, { always: true });
/** In 4-byte words. */
const additionalHeaderWords = uint(4, 1);
const dataLength = uint(5, 3);
/** The first two bytes of the LUN field, SAM-5 single level structure, and the six behind, which are zero then. */
const lun = { lunFirstLevel: uint(8, 2), lunRest: uint(10, 6) };
const initiatorTaskTag = uint(16, 4);
const targetTransferTag = uint(20, 4);
const cmdSn = uint(24, 4);
const expStatSn = uint(28, 4);
const statSn = uint(24, 4);
const expCmdSn = uint(28, 4);
const maxCmdSn = uint(32, 4);
const window = { statSn, expCmdSn, maxCmdSn };

/** The opcode of one kind of PDU. */
const opcode = (code: number) => bits(0, 5, 0, { always: code });

/** What all headers share, section 11.2.1. */
export const BasicHeader = layout("basic header", headerSize, {
  immediate,
  opcode: bits(0, 5, 0),
  isFinal,
  additionalHeaderWords,
  dataLength,
  initiatorTaskTag,
});

/** NOP-Out, section 11.18. */
export const NopOut = layout("NOP-Out", headerSize, {
  immediate,
  opcode: opcode(opcodes.nopOut.code),
  isFinal: alwaysFinal,
  additionalHeaderWords,
  dataLength,
  ...lun,
  initiatorTaskTag,
  targetTransferTag,
  cmdSn,
  expStatSn,
});
export type NopOut = ValueOf<typeof NopOut>;

/** NOP-In, section 11.19. */
export const NopIn = layout("NOP-In", headerSize, {
  opcode: opcode(opcodes.nopIn.code),
  isFinal: alwaysFinal,
  additionalHeaderWords,
  dataLength,
  ...lun,
  initiatorTaskTag,
  targetTransferTag,
  ...window,
});
export type NopIn = ValueOf<typeof NopIn>;

/** SCSI Command, section 11.3. */
export const ScsiCommand = layout("SCSI Command", headerSize, {
  immediate,
  opcode: opcode(opcodes.scsiCommand.code),
  isFinal,
  isRead: bit(1, 6),
  isWrite: bit(1, 5),
  attribute: bits(1, 2, 0),
  additionalHeaderWords,
  dataLength,
  ...lun,
  initiatorTaskTag,
  expectedLength: uint(20, 4),
  cmdSn,
  expStatSn,
  cdb: bytes(32, 16),
});
export type ScsiCommand = ValueOf<typeof ScsiCommand>;

/** SCSI Response, section 11.4. */
export const ScsiResponse = layout("SCSI Response", headerSize, {
  opcode: opcode(opcodes.scsiResponse.code),
  isFinal: alwaysFinal,
  readOverflow: bit(1, 4),
  readUnderflow: bit(1, 3),
  overflow: bit(1, 2),
  underflow: bit(1, 1),
  response: uint(2, 1),
  status: uint(3, 1),
  additionalHeaderWords,
  dataLength,
  initiatorTaskTag,
  snackTag: uint(20, 4),
  ...window,
  expDataSn: uint(36, 4),
  readResidualCount: uint(40, 4),
  residualCount: uint(44, 4),
});
export type ScsiResponse = ValueOf<typeof ScsiResponse>;

/** Task Management Function Request, section 11.5. */
export const TaskManagementRequest = layout("Task Management Function Request", headerSize, {
  immediate,
  opcode: opcode(opcodes.taskManagementRequest.code),
  isFinal: alwaysFinal,
  function: bits(1, 6, 0),
  additionalHeaderWords,
  dataLength,
  ...lun,
  initiatorTaskTag,
  referencedTaskTag: uint(20, 4),
  cmdSn,
  expStatSn,
  refCmdSn: uint(32, 4),
  expDataSn: uint(36, 4),
});
export type TaskManagementRequest = ValueOf<typeof TaskManagementRequest>;

/** Task Management Function Response, section 11.6. */
export const TaskManagementResponse = layout("Task Management Function Response", headerSize, {
  opcode: opcode(opcodes.taskManagementResponse.code),
  isFinal: alwaysFinal,
  response: uint(2, 1),
  additionalHeaderWords,
  dataLength,
  initiatorTaskTag,
  ...window,
});
export type TaskManagementResponse = ValueOf<typeof TaskManagementResponse>;

/** SCSI Data-Out, section 11.7. */
export const DataOut = layout("SCSI Data-Out", headerSize, {
  opcode: opcode(opcodes.dataOut.code),
  isFinal,
  additionalHeaderWords,
  dataLength,
  ...lun,
  initiatorTaskTag,
  targetTransferTag,
  expStatSn,
  dataSn: uint(36, 4),
  bufferOffset: uint(40, 4),
});
export type DataOut = ValueOf<typeof DataOut>;

/** SCSI Data-In, section 11.7. */
export const DataIn = layout("SCSI Data-In", headerSize, {
  opcode: opcode(opcodes.dataIn.code),
  isFinal,
  acknowledge: bit(1, 6),
  overflow: bit(1, 2),
  underflow: bit(1, 1),
  hasStatus: bit(1, 0),
  status: uint(3, 1),
  additionalHeaderWords,
  dataLength,
  ...lun,
  initiatorTaskTag,
  targetTransferTag,
  ...window,
  dataSn: uint(36, 4),
  bufferOffset: uint(40, 4),
  residualCount: uint(44, 4),
});
export type DataIn = ValueOf<typeof DataIn>;

/** Ready To Transfer (R2T), section 11.8. */
export const ReadyToTransfer = layout("Ready To Transfer", headerSize, {
  opcode: opcode(opcodes.readyToTransfer.code),
  isFinal: alwaysFinal,
  additionalHeaderWords,
  dataLength,
  ...lun,
  initiatorTaskTag,
  targetTransferTag,
  ...window,
  r2tSn: uint(36, 4),
  bufferOffset: uint(40, 4),
  desiredLength: uint(44, 4),
});
export type ReadyToTransfer = ValueOf<typeof ReadyToTransfer>;

/** Asynchronous Message, section 11.9. */
export const AsyncMessage = layout("Asynchronous Message", headerSize, {
  opcode: opcode(opcodes.asyncMessage.code),
  isFinal: alwaysFinal,
  additionalHeaderWords,
  dataLength,
  ...lun,
  initiatorTaskTag,
  ...window,
  event: uint(36, 1),
  vendorCode: uint(37, 1),
  parameter1: uint(38, 2),
  parameter2: uint(40, 2),
  parameter3: uint(42, 2),
});
export type AsyncMessage = ValueOf<typeof AsyncMessage>;

/** Text Request, section 11.10. */
export const TextRequest = layout("Text Request", headerSize, {
  immediate,
  opcode: opcode(opcodes.textRequest.code),
  isFinal,
  isContinued: bit(1, 6),
  additionalHeaderWords,
  dataLength,
  ...lun,
  initiatorTaskTag,
  targetTransferTag,
  cmdSn,
  expStatSn,
});
export type TextRequest = ValueOf<typeof TextRequest>;

/** Text Response, section 11.11. */
export const TextResponse = layout("Text Response", headerSize, {
  opcode: opcode(opcodes.textResponse.code),
  isFinal,
  isContinued: bit(1, 6),
  additionalHeaderWords,
  dataLength,
  ...lun,
  initiatorTaskTag,
  targetTransferTag,
  ...window,
});
export type TextResponse = ValueOf<typeof TextResponse>;

/** Login Request, section 11.12. The I bit is always set. */
export const LoginRequest = layout("Login Request", headerSize, {
  immediate: bit(0, 6, { always: true }),
  opcode: opcode(opcodes.loginRequest.code),
  transit: bit(1, 7),
  isContinued: bit(1, 6),
  currentStage: bits(1, 3, 2),
  nextStage: bits(1, 1, 0),
  versionMax: uint(2, 1),
  versionMin: uint(3, 1),
  additionalHeaderWords,
  dataLength,
  isid: uint(8, 6),
  tsih: uint(14, 2),
  initiatorTaskTag,
  cid: uint(20, 2),
  cmdSn,
  expStatSn,
});
export type LoginRequest = ValueOf<typeof LoginRequest>;

/** Login Response, section 11.13. */
export const LoginResponse = layout("Login Response", headerSize, {
  opcode: opcode(opcodes.loginResponse.code),
  transit: bit(1, 7),
  isContinued: bit(1, 6),
  currentStage: bits(1, 3, 2),
  nextStage: bits(1, 1, 0),
  versionMax: uint(2, 1),
  versionActive: uint(3, 1),
  additionalHeaderWords,
  dataLength,
  isid: uint(8, 6),
  tsih: uint(14, 2),
  initiatorTaskTag,
  ...window,
  /** Class in the high byte, detail in the low one. */
  status: uint(36, 2),
});
export type LoginResponse = ValueOf<typeof LoginResponse>;

/** Logout Request, section 11.14. */
export const LogoutRequest = layout("Logout Request", headerSize, {
  immediate,
  opcode: opcode(opcodes.logoutRequest.code),
  isFinal: alwaysFinal,
  reason: bits(1, 6, 0),
  additionalHeaderWords,
  dataLength,
  initiatorTaskTag,
  cid: uint(20, 2),
  cmdSn,
  expStatSn,
});
export type LogoutRequest = ValueOf<typeof LogoutRequest>;

/** Logout Response, section 11.15. */
export const LogoutResponse = layout("Logout Response", headerSize, {
  opcode: opcode(opcodes.logoutResponse.code),
  isFinal: alwaysFinal,
  response: uint(2, 1),
  additionalHeaderWords,
  dataLength,
  initiatorTaskTag,
  ...window,
  timeToWait: uint(40, 2),
  timeToRetain: uint(42, 2),
});
export type LogoutResponse = ValueOf<typeof LogoutResponse>;

/** SNACK Request, section 11.16. */
export const SnackRequest = layout("SNACK Request", headerSize, {
  opcode: opcode(opcodes.snackRequest.code),
  isFinal: alwaysFinal,
  type: bits(1, 3, 0),
  additionalHeaderWords,
  dataLength,
  ...lun,
  initiatorTaskTag,
  targetTransferTag,
  expStatSn,
  beginRun: uint(40, 4),
  runLength: uint(44, 4),
});
export type SnackRequest = ValueOf<typeof SnackRequest>;

/** Reject, section 11.17. The data segment holds the header of the rejected PDU. */
export const Reject = layout("Reject", headerSize, {
  opcode: opcode(opcodes.reject.code),
  isFinal: alwaysFinal,
  reason: uint(2, 1),
  additionalHeaderWords,
  dataLength,
  initiatorTaskTag,
  ...window,
  dataSn: uint(36, 4),
});
export type Reject = ValueOf<typeof Reject>;

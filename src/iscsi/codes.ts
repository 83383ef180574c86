// SPDX-License-Identifier: Apache-2.0
// The code points of RFC 7143 as tables: opcodes, login status, reject reasons, task management, logout and events.

import { indexByCode } from "#codec/index.ts";

/** Opcodes, sections 11.1.1.1 (11.2.1.2). `from` says which side sends it. */
export const opcodes = {
  nopOut: { code: 0x00, from: "initiator" },
  scsiCommand: { code: 0x01, from: "initiator" },
  taskManagementRequest: { code: 0x02, from: "initiator" },
  loginRequest: { code: 0x03, from: "initiator" },
  textRequest: { code: 0x04, from: "initiator" },
  dataOut: { code: 0x05, from: "initiator" },
  logoutRequest: { code: 0x06, from: "initiator" },
  snackRequest: { code: 0x10, from: "initiator" },
  nopIn: { code: 0x20, from: "target" },
  scsiResponse: { code: 0x21, from: "target" },
  taskManagementResponse: { code: 0x22, from: "target" },
  loginResponse: { code: 0x23, from: "target" },
  textResponse: { code: 0x24, from: "target" },
  dataIn: { code: 0x25, from: "target" },
  logoutResponse: { code: 0x26, from: "target" },
  readyToTransfer: { code: 0x31, from: "target" },
  asyncMessage: { code: 0x32, from: "target" },
  reject: { code: 0x3f, from: "target" },
} as const;

/** Name of a PDU kind. */
export type PduName = keyof typeof opcodes;

const namesByOpcode = indexByCode<PduName, { code: number }, number>(opcodes, (row) => row.code);

/** The kind of PDU with this opcode; undefined for an opcode that RFC 7143 does not know. */
export const pduNameOf = (opcode: number): PduName | undefined => namesByOpcode.get(opcode);

/** The tag that names no task: RFC 7143, ITT and TTT. */
export const noTag = 0xffff_ffff;

/** Login stages, section 11.12.3: CSG and NSG. */
export const loginStages = { security: 0, operational: 1, fullFeature: 3 } as const;

/** Login status, section 11.13.5: class in the high byte, detail in the low one. */
export const loginStatus = {
  success: { code: 0x0000, text: "success" },
  targetMovedTemporarily: { code: 0x0101, text: "the target has moved for now" },
  targetMovedPermanently: { code: 0x0102, text: "the target has moved" },
  initiatorError: { code: 0x0200, text: "the initiator made an error" },
  authenticationFailure: { code: 0x0201, text: "authentication failed" },
  authorizationFailure: { code: 0x0202, text: "this initiator is not allowed to use the target" },
  notFound: { code: 0x0203, text: "there is no such target" },
  targetRemoved: { code: 0x0204, text: "the target was removed" },
  unsupportedVersion: { code: 0x0205, text: "the protocol version is not supported" },
  tooManyConnections: { code: 0x0206, text: "too many connections" },
  missingParameter: { code: 0x0207, text: "a required key is missing" },
  cannotInclude: { code: 0x0208, text: "the connection cannot join this session" },
  sessionTypeUnsupported: { code: 0x0209, text: "the session type is not supported" },
  sessionDoesNotExist: { code: 0x020a, text: "the session does not exist" },
  invalidDuringLogin: { code: 0x020b, text: "not a valid request during login" },
  targetError: { code: 0x0300, text: "the target has an error" },
  serviceUnavailable: { code: 0x0301, text: "the target is not available now" },
  outOfResources: { code: 0x0302, text: "the target is out of resources" },
} as const;

/** Name of a login status. */
export type LoginStatusName = keyof typeof loginStatus;

const loginStatusByCode = indexByCode<LoginStatusName, { code: number }, number>(loginStatus, (row) => row.code);

/** The login status with this class and detail. */
export const loginStatusOf = (code: number): LoginStatusName | undefined => loginStatusByCode.get(code);

/** Reject reasons, section 11.17.1. */
export const rejectReasons = {
  dataDigestError: 0x02,
  snackReject: 0x03,
  protocolError: 0x04,
  commandNotSupported: 0x05,
  tooManyImmediateCommands: 0x06,
  taskInProgress: 0x07,
  invalidDataAck: 0x08,
  invalidPduField: 0x09,
  outOfResources: 0x0a,
  waitingForLogout: 0x0c,
} as const;

/** Name of a reject reason. */
export type RejectReason = keyof typeof rejectReasons;

/** Task management functions, section 11.5.1. */
export const managementFunctions = {
  abortTask: 1,
  abortTaskSet: 2,
  clearAca: 3,
  clearTaskSet: 4,
  lunReset: 5,
  targetWarmReset: 6,
  targetColdReset: 7,
  taskReassign: 8,
} as const;

/** Task management responses, section 11.6.1. */
export const managementResponses = {
  complete: 0,
  taskDoesNotExist: 1,
  lunDoesNotExist: 2,
  taskStillAllegiant: 3,
  reassignNotSupported: 4,
  notSupported: 5,
  authorizationFailed: 6,
  rejected: 255,
} as const;

/** Logout reasons, section 11.14.1. */
export const logoutReasons = { closeSession: 0, closeConnection: 1, removeForRecovery: 2 } as const;

/** Logout responses, section 11.15.1. */
export const logoutResponses = {
  success: 0,
  connectionNotFound: 1,
  recoveryNotSupported: 2,
  cleanupFailed: 3,
} as const;

/** Events of Asynchronous Message, section 11.9.1. */
export const asyncEvents = {
  scsiEvent: 0,
  logoutRequest: 1,
  dropConnection: 2,
  dropAllConnections: 3,
  negotiate: 4,
} as const;

/** iSCSI service responses of SCSI Response, section 11.4.3. */
export const scsiResponses = { completed: 0x00, targetFailure: 0x01 } as const;

/** SAM-5 status codes that the transport itself needs; all others pass through it unread. */
export const scsiStatus = { good: 0x00, checkCondition: 0x02, busy: 0x08, taskSetFull: 0x28 } as const;

/** Types of additional header segments, section 11.2.2.1. */
export const additionalHeaderTypes = { extendedCdb: 1, bidirectionalReadLength: 2 } as const;

/** Size of a basic header segment. */
export const headerSize = 48;

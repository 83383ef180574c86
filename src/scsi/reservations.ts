// SPDX-License-Identifier: Apache-2.0
// Parameter data of PERSISTENT RESERVE IN and OUT, and the transport identifier of an iSCSI initiator port: SPC-4,
// 6.16 and 7.6.4.6.

import { bytesFromAscii, concatBytes, roundUp } from "#base/index.ts";
import { bit, bits, layout, uint, uint64, type Table } from "#codec/index.ts";

/** TYPE of a persistent reservation: SPC-4. */
export const reservationTypes = {
  "write-exclusive": 0x1,
  "exclusive-access": 0x3,
  "write-exclusive-registrants": 0x5,
  "exclusive-access-registrants": 0x6,
  "write-exclusive-all": 0x7,
  "exclusive-access-all": 0x8,
} as const satisfies Table<number>;
/** Name of a reservation type. */
export type ReservationType = keyof typeof reservationTypes;

/** Header of READ KEYS, READ RESERVATION and READ FULL STATUS: SPC-4. */
export const ReservationHeader = layout("PERSISTENT RESERVE IN header", 8, {
  generation: uint(0, 4),
  additionalLength: uint(4, 4),
});

/** Reservation key of READ KEYS. */
export const ReservationKey = layout("reservation key", 8, { key: uint64(0) });

/** Reservation of READ RESERVATION: SPC-4. */
export const ReservationDescriptor = layout("persistent reservation descriptor", 16, {
  key: uint64(0),
  scope: bits(13, 7, 4),
  type: bits(13, 3, 0),
});

/** REPORT CAPABILITIES data: SPC-4. */
export const ReservationCapabilities = layout("PERSISTENT RESERVE IN capabilities", 8, {
  length: uint(0, 2, { always: 8 }),
  replaceLostReservation: bit(2, 7),
  /** CRH: RESERVE and RELEASE as SPC-3 changed them. */
  compatibleReservations: bit(2, 4),
  /** SIP_C: SPEC_I_PT. */
  specifyInitiatorPorts: bit(2, 3),
  /** ATP_C: ALL_TG_PT. */
  allTargetPorts: bit(2, 2),
  /** PTPL_C: survives power loss. */
  persistsThroughPowerLoss: bit(2, 0),
  /** TMV: the type mask is valid. */
  typeMaskValid: bit(3, 7),
  allowCommands: bits(3, 6, 4),
  persistActivated: bit(3, 0),
  writeExclusiveAll: bit(4, 7),
  exclusiveAccessRegistrants: bit(4, 6),
  writeExclusiveRegistrants: bit(4, 5),
  exclusiveAccess: bit(4, 3),
  writeExclusive: bit(4, 1),
  exclusiveAccessAll: bit(5, 0),
});

/** Full status descriptor without its transport identifier: SPC-4. */
export const FullStatusDescriptor = layout("full status descriptor", 24, {
  key: uint64(0),
  allTargetPorts: bit(12, 1),
  /** R_HOLDER. */
  isHolder: bit(12, 0),
  scope: bits(13, 7, 4),
  type: bits(13, 3, 0),
  relativePort: uint(18, 2),
  additionalLength: uint(20, 4),
});

/** PERSISTENT RESERVE OUT parameter list: SPC-4. */
export const ReservationParameters = layout("PERSISTENT RESERVE OUT parameter list", 24, {
  key: uint64(0),
  serviceActionKey: uint64(8),
  /** Obsolete: the extent's address. Ignored as SPC-4 allows. */
  obsoleteAddress: uint(16, 4),
  specifyInitiatorPorts: bit(20, 3),
  allTargetPorts: bit(20, 2),
  persistThroughPowerLoss: bit(20, 0),
  obsoleteLength: uint(22, 2),
});

/** REGISTER AND MOVE parameter list without its transport identifier: SPC-4. */
export const MoveParameters = layout("REGISTER AND MOVE parameter list", 24, {
  key: uint64(0),
  serviceActionKey: uint64(8),
  unregister: bit(17, 1),
  persistThroughPowerLoss: bit(17, 0),
  relativePort: uint(18, 2),
  transportIdLength: uint(20, 4),
});

/** Header of an iSCSI transport identifier: SPC-4. */
export const TransportIdHeader = layout("TransportID header", 4, {
  /** 0: the device's name; 1: name, `,i,0x` and ISID of the port. */
  format: bits(0, 7, 6),
  protocol: bits(0, 3, 0),
  additionalLength: uint(2, 2),
});

/** An initiator port by name and session identifier (12 hexadecimal digits). */
export interface InitiatorPort {
  readonly initiatorName: string;
  readonly isid: string;
}

/** The transport identifier of an iSCSI initiator port: zero-terminated, padded to 4 bytes, at least 24 in all. */
export function encodeTransportId(port: InitiatorPort): Uint8Array {
  const name = bytesFromAscii(`${port.initiatorName},i,0x${port.isid}`);
  const length = Math.max(roundUp(name.byteLength + 1, 4), 20);
  const padded = new Uint8Array(length);
  padded.set(name);
  return concatBytes([TransportIdHeader.encode({ format: 1, protocol: 5, additionalLength: length }), padded]);
}

/** Reads the transport identifier of an iSCSI initiator port; undefined for any other kind. */
export function decodeTransportId(bytes: Uint8Array): InitiatorPort | undefined {
  if (bytes.byteLength < TransportIdHeader.size) return undefined;
  const header = TransportIdHeader.decode(bytes);
  const end = TransportIdHeader.size + header.additionalLength;
  if (header.format !== 1 || header.protocol !== 5 || end > bytes.byteLength) return undefined;
  const text = Buffer.from(bytes.subarray(TransportIdHeader.size, end)).toString("latin1").replace(/\0+$/, "");
  const match = /^([\x21-\x7e]{1,223}),i,0x([0-9a-fA-F]{12})$/.exec(text);
  const [, initiatorName, isid] = match ?? [];
  if (initiatorName === undefined || isid === undefined) return undefined;
  return { initiatorName, isid: isid.toLowerCase() };
}

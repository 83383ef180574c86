// SPDX-License-Identifier: Apache-2.0
// The few sense data that the transport itself reports: RFC 7143 section 11.4.7.2. Fixed format, SPC-5 section 4.5.3.
// Everything else about sense belongs to the units; here it is opaque.

import { layout, bits, uint } from "#codec/index.ts";

const FixedSense = layout("fixed format sense data", 18, {
  responseCode: bits(0, 6, 0, { always: 0x70 }),
  senseKey: bits(2, 3, 0),
  additionalLength: uint(7, 1, { always: 10 }),
  additionalSense: uint(12, 2),
});

const abortedCommand = 0x0b;
const hardwareError = 0x04;

/** Name to sense key and additional sense code with qualifier. */
const transportSense = {
  /** Data came that was not asked for. */
  "unexpected-unsolicited": { senseKey: abortedCommand, additionalSense: 0x0c0c },
  /** More or fewer bytes than announced. */
  "wrong-amount": { senseKey: abortedCommand, additionalSense: 0x0c0d },
  /** A PDU is missing or out of sequence; the section names the CRC code for this as well. */
  "out-of-order": { senseKey: abortedCommand, additionalSense: 0x4705 },
  "digest-error": { senseKey: abortedCommand, additionalSense: 0x4705 },
  /** INTERNAL TARGET FAILURE: we were wrong. */
  "internal-failure": { senseKey: hardwareError, additionalSense: 0x4400 },
} as const;

/** Why the transport ends a command with CHECK CONDITION. */
export type TransportFailure = keyof typeof transportSense;

/** The sense data of a failure of the transport. */
export const senseOf = (failure: TransportFailure): Uint8Array => FixedSense.encode(transportSense[failure]);

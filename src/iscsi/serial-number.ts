// SPDX-License-Identifier: Apache-2.0
// Serial number arithmetic on 32 bits: RFC 1982, as RFC 7143 section 4.2.2.1 demands for CmdSN, StatSN and DataSN.
// Comparison is only ever made through these functions.

import type { Brand } from "#base/index.ts";

/** A 32-bit serial number: CmdSN, StatSN, DataSN, R2TSN. */
export type SerialNumber = Brand<number, "SerialNumber">;

/** The number as a serial number; keeps the low 32 bits. */
export const serialNumber = (value: number): SerialNumber => (value >>> 0) as SerialNumber;

/** The serial number `count` behind `value`; wraps at 2^32. `count` may be negative. */
export const serialAfter = (value: SerialNumber, count = 1): SerialNumber => ((value + count) >>> 0) as SerialNumber;

/** True when `left` comes before `right`. */
export const isSerialBefore = (left: SerialNumber, right: SerialNumber): boolean => ((left - right) | 0) < 0;

/** How many steps lead from `from` to `to`: negative when `to` comes first. */
export const serialDistance = (from: SerialNumber, to: SerialNumber): number => (to - from) | 0;

/** True when `value` lies in first … last, both included. An empty window is `last` one before `first`. */
export function isSerialWithin(value: SerialNumber, first: SerialNumber, last: SerialNumber): boolean {
  return !isSerialBefore(value, first) && !isSerialBefore(last, value);
}

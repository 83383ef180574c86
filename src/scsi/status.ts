// SPDX-License-Identifier: Apache-2.0
// Status codes, sense keys, task attributes: SAM-5, SPC-4.

import { indexByCode, type Table } from "#codec/index.ts";

/** SCSI status codes: SAM-5. */
export const scsiStatus = {
  good: 0x00,
  "check-condition": 0x02,
  busy: 0x08,
  "reservation-conflict": 0x18,
  "task-set-full": 0x28,
  "aca-active": 0x30,
  "task-aborted": 0x40,
} as const satisfies Table<number>;
/** Name of a status. */
export type ScsiStatus = keyof typeof scsiStatus;

/** Sense keys: SPC-4. */
export const senseKeys = {
  "no-sense": 0x0,
  "recovered-error": 0x1,
  "not-ready": 0x2,
  "medium-error": 0x3,
  "hardware-error": 0x4,
  "illegal-request": 0x5,
  "unit-attention": 0x6,
  "data-protect": 0x7,
  "blank-check": 0x8,
  "vendor-specific": 0x9,
  "copy-aborted": 0xa,
  "aborted-command": 0xb,
  reserved: 0xc,
  "volume-overflow": 0xd,
  miscompare: 0xe,
  completed: 0xf,
} as const satisfies Table<number>;
/** Name of a sense key. */
export type SenseKey = keyof typeof senseKeys;

const statusNames = indexByCode<ScsiStatus, number, number>(scsiStatus, (code) => code);
const senseKeyNames = indexByCode<SenseKey, number, number>(senseKeys, (code) => code);

/** The name of a status byte; undefined for a code that the standard does not know. */
export const scsiStatusName = (code: number): ScsiStatus | undefined => statusNames.get(code);
/** The name of the sense key in the low four bits. */
export const senseKeyName = (code: number): SenseKey => senseKeyNames.get(code & 0x0f) ?? "reserved";

/** Task attributes as an initiator sends them: SAM-5. */
export const taskAttributes = {
  untagged: 0,
  simple: 1,
  ordered: 2,
  "head-of-queue": 3,
  aca: 4,
} as const satisfies Table<number>;

/** Peripheral device types: SPC-4. */
export const deviceTypes = {
  "direct-access": 0x00,
  "sequential-access": 0x01,
  "medium-changer": 0x08,
  none: 0x1f,
} as const satisfies Table<number>;
/** Name of a device type. */
export type DeviceType = keyof typeof deviceTypes;

// SPDX-License-Identifier: Apache-2.0
// What READ POSITION and READ BLOCK LIMITS answer: SSC-4.

import { bit, layout, uint, uint64, type Table } from "#codec/index.ts";

/** Short form: SSC-4. */
export const ShortPosition = layout("READ POSITION, short form", 20, {
  beginningOfPartition: bit(0, 7),
  endOfPartition: bit(0, 6),
  /** LOCU: the object counts in the buffer are unknown. */
  objectCountUnknown: bit(0, 5),
  /** BYCU: the byte count in the buffer is unknown. */
  byteCountUnknown: bit(0, 4),
  /** LOLU: the object numbers are unknown. */
  locationUnknown: bit(0, 2),
  /** PERR: a value does not fit its field. */
  positionError: bit(0, 1),
  /** BPEW: beyond programmable early warning. */
  beyondProgrammableEarlyWarning: bit(0, 0),
  partition: uint(1, 1),
  firstObject: uint(4, 4),
  lastObject: uint(8, 4),
  objectsInBuffer: uint(13, 3),
  bytesInBuffer: uint(16, 4),
});

/** Long form: SSC-4. */
export const LongPosition = layout("READ POSITION, long form", 32, {
  beginningOfPartition: bit(0, 7),
  endOfPartition: bit(0, 6),
  /** MPU: the file number is unknown. */
  fileNumberUnknown: bit(0, 3),
  /** LONU: the object number is unknown. */
  objectNumberUnknown: bit(0, 2),
  beyondProgrammableEarlyWarning: bit(0, 0),
  partition: uint(4, 4),
  objectNumber: uint64(8),
  fileNumber: uint64(16),
  setNumber: uint64(24),
});

/** Extended form: SSC-4. */
export const ExtendedPosition = layout("READ POSITION, extended form", 32, {
  beginningOfPartition: bit(0, 7),
  endOfPartition: bit(0, 6),
  objectCountUnknown: bit(0, 5),
  byteCountUnknown: bit(0, 4),
  locationUnknown: bit(0, 2),
  positionError: bit(0, 1),
  beyondProgrammableEarlyWarning: bit(0, 0),
  partition: uint(1, 1),
  additionalLength: uint(2, 2, { always: 0x1c }),
  objectsInBuffer: uint(5, 3),
  firstObject: uint64(8),
  lastObject: uint64(16),
  bytesInBuffer: uint64(24),
});

/** READ BLOCK LIMITS data: SSC-4. */
export const BlockLimits = layout("READ BLOCK LIMITS data", 6, {
  granularity: uint(0, 1),
  maximum: uint(1, 3),
  minimum: uint(4, 2),
});

/** READ BLOCK LIMITS data with MLOI=1: SSC-4. */
export const ObjectLimits = layout("READ BLOCK LIMITS maximum logical object identifier data", 20, {
  maximumObject: uint64(12),
});

/** CODE of SPACE: SSC-4. */
export const spaceCodes = {
  blocks: 0,
  filemarks: 1,
  "sequential-filemarks": 2,
  "end-of-data": 3,
} as const satisfies Table<number>;

/** DEST_TYPE of LOCATE(16): SSC-4. */
export const locateTypes = { object: 0, file: 1, "end-of-data": 3 } as const satisfies Table<number>;

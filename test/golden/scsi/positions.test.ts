// SPDX-License-Identifier: Apache-2.0
// Positions and block limits, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import { ShortPosition, LongPosition, ExtendedPosition, BlockLimits, ObjectLimits } from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(ShortPosition, [
  {
    source: "SSC-4: at the beginning of the partition",
    hex: "80000000 00000000 00000000 00000000 00000000",
    value: {
      beginningOfPartition: true,
      endOfPartition: false,
      objectCountUnknown: false,
      byteCountUnknown: false,
      locationUnknown: false,
      positionError: false,
      beyondProgrammableEarlyWarning: false,
      partition: 0,
      firstObject: 0,
      lastObject: 0,
      objectsInBuffer: 0,
      bytesInBuffer: 0,
    },
  },
  {
    source: "SSC-4: partition 1, object 300, 2 objects in the buffer",
    hex: "41010000 0000012e 0000012c 00000002 00020000",
    value: {
      beginningOfPartition: false,
      endOfPartition: true,
      objectCountUnknown: false,
      byteCountUnknown: false,
      locationUnknown: false,
      positionError: false,
      beyondProgrammableEarlyWarning: true,
      partition: 1,
      firstObject: 0x12e,
      lastObject: 0x12c,
      objectsInBuffer: 2,
      bytesInBuffer: 0x20000,
    },
  },
]);

goldenVectors(LongPosition, [
  {
    source: "SSC-4: object 4242 in file 3",
    hex: "00000000 00000000 00000000 00001092 00000000 00000003 00000000 00000000",
    value: {
      beginningOfPartition: false,
      endOfPartition: false,
      fileNumberUnknown: false,
      objectNumberUnknown: false,
      beyondProgrammableEarlyWarning: false,
      partition: 0,
      objectNumber: 0x1092n,
      fileNumber: 0x3n,
      setNumber: 0x0n,
    },
  },
  {
    source: "SSC-4: end of partition, file number unknown",
    hex: "48000000 00000001 00000001 00000000 00000000 00000000 00000000 00000000",
    value: {
      beginningOfPartition: false,
      endOfPartition: true,
      fileNumberUnknown: true,
      objectNumberUnknown: false,
      beyondProgrammableEarlyWarning: false,
      partition: 1,
      objectNumber: 0x100000000n,
      fileNumber: 0x0n,
      setNumber: 0x0n,
    },
  },
]);

goldenVectors(ExtendedPosition, [
  {
    source: "SSC-4: object 2^32 with 5 in the buffer",
    hex: "0000001c 00000005 00000001 00000000 00000000 fffffffb 00000000 00140000",
    value: {
      beginningOfPartition: false,
      endOfPartition: false,
      objectCountUnknown: false,
      byteCountUnknown: false,
      locationUnknown: false,
      positionError: false,
      beyondProgrammableEarlyWarning: false,
      partition: 0,
      objectsInBuffer: 5,
      firstObject: 0x100000000n,
      lastObject: 0xfffffffbn,
      bytesInBuffer: 0x140000n,
    },
  },
]);

goldenVectors(BlockLimits, [
  { source: "SSC-4: 1 byte to 8 MiB", hex: "00800000 0001", value: { granularity: 0, maximum: 0x800000, minimum: 1 } },
]);

goldenVectors(ObjectLimits, [
  {
    source: "SSC-4: 2^64-2",
    hex: "00000000 00000000 00000000 ffffffff fffffffe",
    value: { maximumObject: 0xfffffffffffffffen },
  },
]);

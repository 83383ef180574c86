// SPDX-License-Identifier: Apache-2.0
// Sense data in both formats, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import {
  FixedSense,
  DescriptorSense,
  InformationDescriptor,
  KeySpecificDescriptor,
  StreamDescriptor,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(FixedSense, [
  {
    source: "SPC-4: wrong length, 65536 of 131072 bytes read",
    hex: "f0002000 0100000a 00000000 00000000 0000",
    value: {
      valid: true,
      responseCode: 0x70,
      filemark: false,
      endOfMedium: false,
      incorrectLength: true,
      senseKey: 0,
      information: 0x10000,
      additionalLength: 10,
      commandSpecific: 0,
      asc: 0,
      ascq: 0,
      fieldReplaceableUnit: 0,
      senseKeySpecificValid: false,
      pointsToCdb: false,
      bitPointerValid: false,
      bitPointer: 0,
      keySpecific: 0,
    },
  },
  {
    source: "SPC-4, field pointer to bit 7 of CDB byte 2",
    hex: "70000500 0000000a 00000000 240000cf 0002",
    value: {
      valid: false,
      responseCode: 0x70,
      filemark: false,
      endOfMedium: false,
      incorrectLength: false,
      senseKey: 5,
      information: 0,
      additionalLength: 10,
      commandSpecific: 0,
      asc: 0x24,
      ascq: 0,
      fieldReplaceableUnit: 0,
      senseKeySpecificValid: true,
      pointsToCdb: true,
      bitPointerValid: true,
      bitPointer: 7,
      keySpecific: 2,
    },
  },
]);

goldenVectors(DescriptorSense, [
  {
    source: "SPC-4, unit attention after power on with two descriptors",
    hex: "72062901 00000010",
    value: { responseCode: 0x72, senseKey: 6, asc: 0x29, ascq: 1, additionalLength: 0x10 },
  },
]);

goldenVectors(InformationDescriptor, [
  {
    source: "SPC-4, minus 2 in 64 bits",
    hex: "000a8000 ffffffff fffffffe",
    value: { valid: true, information: 0xfffffffffffffffen },
  },
]);

goldenVectors(KeySpecificDescriptor, [
  {
    source: "SPC-4, field pointer to bit 4 of CDB byte 1",
    hex: "02060000 cc000100",
    value: { valid: true, pointsToCdb: true, bitPointerValid: true, bitPointer: 4, keySpecific: 1 },
  },
]);

goldenVectors(StreamDescriptor, [
  { source: "SSC-4, filemark", hex: "04020080", value: { filemark: true, endOfMedium: false, incorrectLength: false } },
  {
    source: "SSC-4, end of medium with wrong length",
    hex: "04020060",
    value: { filemark: false, endOfMedium: true, incorrectLength: true },
  },
]);

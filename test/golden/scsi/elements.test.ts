// SPDX-License-Identifier: Apache-2.0
// Element status and volume tags, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import {
  ElementStatusHeader,
  ElementPageHeader,
  ElementDescriptor,
  VolumeTag,
  ElementIdentifierHeader,
  VolumeElementAddressHeader,
  VolumeTagTemplate,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(ElementStatusHeader, [
  {
    source: "SMC-3: 10 slots from 1024, 528 bytes",
    hex: "0400000a 00000210",
    value: { firstElement: 0x400, elementCount: 10, byteCount: 0x210 },
  },
]);

goldenVectors(ElementPageHeader, [
  {
    source: "SMC-3: slots with volume tags, 52 bytes each",
    hex: "02800034 00000208",
    value: {
      elementType: 2,
      primaryVolumeTag: true,
      alternateVolumeTag: false,
      descriptorLength: 0x34,
      byteCount: 0x208,
    },
  },
]);

goldenVectors(ElementDescriptor, [
  {
    source: "SMC-3: a full drive whose cartridge came from slot 1025",
    hex: "01010900 00000000 00810401",
    value: {
      elementAddress: 0x101,
      importEnabled: false,
      exportEnabled: false,
      accessible: true,
      exception: false,
      placedByOperator: false,
      full: true,
      asc: 0,
      ascq: 0,
      sourceValid: true,
      inverted: false,
      disabled: false,
      mediumType: 1,
      source: 0x401,
    },
  },
  {
    source: "SMC-3: a mail slot that an operator filled",
    hex: "03013b00 00000000 00010000",
    value: {
      elementAddress: 0x301,
      importEnabled: true,
      exportEnabled: true,
      accessible: true,
      exception: false,
      placedByOperator: true,
      full: true,
      asc: 0,
      ascq: 0,
      sourceValid: false,
      inverted: false,
      disabled: false,
      mediumType: 1,
      source: 0,
    },
  },
  {
    source: "SMC-3: a drive with a cleaning cartridge",
    hex: "01020d00 30030000 00820405",
    value: {
      elementAddress: 0x102,
      importEnabled: false,
      exportEnabled: false,
      accessible: true,
      exception: true,
      placedByOperator: false,
      full: true,
      asc: 0x30,
      ascq: 3,
      sourceValid: true,
      inverted: false,
      disabled: false,
      mediumType: 2,
      source: 0x405,
    },
  },
]);

goldenVectors(VolumeTag, [
  {
    source: "SMC-3: barcode A00002L8",
    hex: "41303030 30324c38 20202020 20202020 20202020 20202020 20202020 20202020 00000000",
    value: { identifier: "A00002L8", sequence: 0 },
  },
]);

goldenVectors(ElementIdentifierHeader, [
  {
    source: "SMC-3: ASCII, vendor identification, 34 bytes",
    hex: "02010022",
    value: { codeSet: 2, identifierType: 1, identifierLength: 0x22 },
  },
]);

goldenVectors(VolumeElementAddressHeader, [
  {
    source: "SMC-3: one element from 1025 answers action 5",
    hex: "04010001 0500003c",
    value: { firstElement: 0x401, elementCount: 1, actionCode: 5, byteCount: 0x3c },
  },
]);

goldenVectors(VolumeTagTemplate, [
  {
    source: "SMC-3: a barcode with a wildcard",
    hex: "41303030 30324c38 2a202020 20202020 20202020 20202020 20202020 20202020 00000000 00000000",
    value: { template: "A00002L8*", minimumSequence: 0, maximumSequence: 0 },
  },
]);

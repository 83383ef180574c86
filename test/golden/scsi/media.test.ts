// SPDX-License-Identifier: Apache-2.0
// Densities and medium auxiliary memory, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import { DensityHeader, DensityDescriptor, AttributesHeader, AttributeHeader, AttributeRange } from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(DensityHeader, [
  { source: "SSC-4: one descriptor of 52 bytes", hex: "00360000", value: { availableLength: 0x36 } },
]);

goldenVectors(DensityDescriptor, [
  {
    source: "SSC-4: LTO-8 with the values that drives report",
    hex: "5e5ea000 000050bd 007f1a00 00b71b00 4c544f2d 43564520 552d3833 32202020 556c7472 69756d20 382f3332 54202020 20202020",
    value: {
      primaryCode: 0x5e,
      secondaryCode: 0x5e,
      writable: true,
      duplicate: false,
      default: true,
      descriptorLengthValid: false,
      descriptorLength: 0,
      bitsPerMillimetre: 0x50bd,
      mediumWidth: 0x7f,
      tracks: 0x1a00,
      capacityMegabytes: 0xb71b00,
      organization: "LTO-CVE",
      name: "U-832",
      description: "Ultrium 8/32T",
    },
  },
]);

goldenVectors(AttributesHeader, [
  { source: "SPC-4: 2000 bytes available", hex: "000007d0", value: { availableLength: 0x7d0 } },
]);

goldenVectors(AttributeHeader, [
  {
    source: "SPC-4: remaining capacity, read only, 8 bytes",
    hex: "00008000 08",
    value: { id: 0, readOnly: true, format: 0, length: 8 },
  },
  {
    source: "SPC-4: user medium text label, text, 160 bytes",
    hex: "08030200 a0",
    value: { id: 0x803, readOnly: false, format: 2, length: 0xa0 },
  },
]);

goldenVectors(AttributeRange, [
  { source: "SPC-4: partition 0, one of them", hex: "00020001", value: { availableLength: 2, first: 0, count: 1 } },
]);

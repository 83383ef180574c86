// SPDX-License-Identifier: Apache-2.0
// CDBs of a tape drive, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import {
  Rewind,
  FormatMedium,
  ReadBlockLimits,
  Read6,
  Write6,
  WriteFilemarks6,
  Space6,
  Verify6,
  Erase6,
  LoadUnload,
  Locate10,
  ReadPositionShort,
  ReadPositionShortVendor,
  ReadPositionLong,
  ReadPositionExtended,
  ReportDensitySupport,
  ReadAttributeValues,
  ReadAttributeList,
  ReadAttributeVolumeList,
  ReadAttributePartitionList,
  ReadAttributeSupported,
  Space16,
  Locate16,
  SetCapacity,
  WriteAttribute,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(Rewind, [{ source: "SSC-4: immediate", hex: "01010000 0000", value: { immediate: true, control: 0 } }]);

goldenVectors(FormatMedium, [
  {
    source: "SSC-4: format 1, what LTFS sends to make two partitions",
    hex: "04000100 0000",
    value: { verify: false, immediate: false, format: 1, transferLength: 0, control: 0 },
  },
  {
    source: "SSC-4: verify and immediate with a list of 6 bytes",
    hex: "04030200 0600",
    value: { verify: true, immediate: true, format: 2, transferLength: 6, control: 0 },
  },
]);

goldenVectors(ReadBlockLimits, [
  { source: "SSC-4: what st asks on open", hex: "05000000 0000", value: { objectLimit: false, control: 0 } },
  { source: "SSC-4: MLOI", hex: "05010000 0000", value: { objectLimit: true, control: 0 } },
]);

goldenVectors(Read6, [
  {
    source: "SSC-4: 64 fixed blocks",
    hex: "08010000 4000",
    value: { suppressIncorrectLength: false, fixed: true, transferLength: 0x40, control: 0 },
  },
  {
    source: "SSC-4: variable block of 256 KiB with SILI",
    hex: "08020400 0000",
    value: { suppressIncorrectLength: true, fixed: false, transferLength: 0x40000, control: 0 },
  },
  {
    source: "SSC-4: SILI and fixed",
    hex: "08031234 5600",
    value: { suppressIncorrectLength: true, fixed: true, transferLength: 0x123456, control: 0 },
  },
]);

goldenVectors(Write6, [
  {
    source: "SSC-4: variable block of 256 KiB",
    hex: "0a000400 0000",
    value: { fixed: false, transferLength: 0x40000, control: 0 },
  },
  { source: "SSC-4: fixed", hex: "0a010000 0200", value: { fixed: true, transferLength: 2, control: 0 } },
]);

goldenVectors(WriteFilemarks6, [
  {
    source: "SSC-4: one filemark, immediate, what Proxmox Backup Server sends",
    hex: "10010000 0100",
    value: { setmarks: false, immediate: true, transferLength: 1, control: 0 },
  },
  {
    source: "SSC-4: WSMK, obsolete",
    hex: "10020000 0300",
    value: { setmarks: true, immediate: false, transferLength: 3, control: 0 },
  },
]);

goldenVectors(Space6, [
  { source: "SSC-4: one filemark back", hex: "1101ffff ff00", value: { code: 1, count: 0xffffff, control: 0 } },
]);

goldenVectors(Verify6, [
  {
    source: "SSC-4, filemarks, immediate",
    hex: "130c0000 0200",
    value: {
      toEndOfData: false,
      protection: false,
      byFilemarks: true,
      immediate: true,
      compareBytes: false,
      fixed: false,
      verificationLength: 2,
      control: 0,
    },
  },
  {
    source: "SSC-4: VTE, VLBPM, BYTCMP, FIXED",
    hex: "13330010 0000",
    value: {
      toEndOfData: true,
      protection: true,
      byFilemarks: false,
      immediate: false,
      compareBytes: true,
      fixed: true,
      verificationLength: 0x1000,
      control: 0,
    },
  },
]);

goldenVectors(Erase6, [
  { source: "SSC-4: long", hex: "19010000 0000", value: { immediate: false, long: true, control: 0 } },
  { source: "SSC-4: immediate", hex: "19020000 0000", value: { immediate: true, long: false, control: 0 } },
]);

goldenVectors(LoadUnload, [
  {
    source: "SSC-4: load",
    hex: "1b000000 0100",
    value: { immediate: false, hold: false, endOfTape: false, retension: false, load: true, control: 0 },
  },
  {
    source: "SSC-4: load and retension",
    hex: "1b000000 0300",
    value: { immediate: false, hold: false, endOfTape: false, retension: true, load: true, control: 0 },
  },
  {
    source: "SSC-4: hold and end of tape, immediate",
    hex: "1b010000 0c00",
    value: { immediate: true, hold: true, endOfTape: true, retension: false, load: false, control: 0 },
  },
]);

goldenVectors(Locate10, [
  {
    source: "SSC-4: BT and block 16, what st sends without scsi2logical",
    hex: "2b040000 00001000 0000",
    value: {
      blockAddressType: true,
      changePartition: false,
      immediate: false,
      objectNumber: 0x10,
      partition: 0,
      control: 0,
    },
  },
  {
    source: "SSC-4: CP to partition 3, immediate",
    hex: "2b030012 34567800 0300",
    value: {
      blockAddressType: false,
      changePartition: true,
      immediate: true,
      objectNumber: 0x12345678,
      partition: 3,
      control: 0,
    },
  },
]);

goldenVectors(ReadPositionShort, [
  {
    source: "SSC-4: what st sends with scsi2logical",
    hex: "34000000 00000000 0000",
    value: { parameterLength: 0, control: 0 },
  },
]);

goldenVectors(ReadPositionShortVendor, [
  {
    source: "SSC-4: what st sends without scsi2logical",
    hex: "34010000 00000000 0000",
    value: { parameterLength: 0, control: 0 },
  },
]);

goldenVectors(ReadPositionLong, [
  {
    source: "SSC-4: what Proxmox Backup Server asks",
    hex: "34060000 00000000 0000",
    value: { parameterLength: 0, control: 0 },
  },
]);

goldenVectors(ReadPositionExtended, [
  { source: "SSC-4, extended form", hex: "34080000 00000000 2000", value: { parameterLength: 0x20, control: 0 } },
]);

goldenVectors(ReportDensitySupport, [
  {
    source: "SSC-4: of the loaded medium, 8192 bytes",
    hex: "44010000 00000020 0000",
    value: { mediumType: false, media: true, allocationLength: 0x2000, control: 0 },
  },
  {
    source: "SSC-4: medium types",
    hex: "44020000 00000001 0000",
    value: { mediumType: true, media: false, allocationLength: 0x100, control: 0 },
  },
]);

goldenVectors(ReadAttributeValues, [
  {
    source: "SPC-4: all values, 32 KiB, what Proxmox Backup Server asks",
    hex: "8c000000 00000000 00000000 80000000",
    value: {
      elementAddress: 0,
      elementType: 0,
      volumeNumber: 0,
      partition: 0,
      firstAttribute: 0,
      allocationLength: 0x8000,
      cache: false,
      control: 0,
    },
  },
  {
    source: "SPC-4: volume 2, partition 1, from attribute 0800h, cached",
    hex: "8c000102 03020001 08000000 01000100",
    value: {
      elementAddress: 0x102,
      elementType: 3,
      volumeNumber: 2,
      partition: 1,
      firstAttribute: 0x800,
      allocationLength: 0x100,
      cache: true,
      control: 0,
    },
  },
]);

goldenVectors(ReadAttributeList, [
  {
    source: "SPC-4: list, 32 KiB",
    hex: "8c010000 00000000 00000000 80000000",
    value: {
      elementAddress: 0,
      elementType: 0,
      volumeNumber: 0,
      partition: 0,
      firstAttribute: 0,
      allocationLength: 0x8000,
      cache: false,
      control: 0,
    },
  },
]);

goldenVectors(ReadAttributeVolumeList, [
  {
    source: "SPC-4",
    hex: "8c020000 00000000 00000000 80000000",
    value: {
      elementAddress: 0,
      elementType: 0,
      volumeNumber: 0,
      partition: 0,
      firstAttribute: 0,
      allocationLength: 0x8000,
      cache: false,
      control: 0,
    },
  },
]);

goldenVectors(ReadAttributePartitionList, [
  {
    source: "SPC-4",
    hex: "8c030000 00000000 00000000 80000000",
    value: {
      elementAddress: 0,
      elementType: 0,
      volumeNumber: 0,
      partition: 0,
      firstAttribute: 0,
      allocationLength: 0x8000,
      cache: false,
      control: 0,
    },
  },
]);

goldenVectors(ReadAttributeSupported, [
  {
    source: "SPC-4",
    hex: "8c050000 00000000 00000000 80000000",
    value: {
      elementAddress: 0,
      elementType: 0,
      volumeNumber: 0,
      partition: 0,
      firstAttribute: 0,
      allocationLength: 0x8000,
      cache: false,
      control: 0,
    },
  },
]);

goldenVectors(Space16, [
  {
    source: "SSC-4, two filemarks back",
    hex: "91010000 ffffffff fffffffe 00000000",
    value: { code: 1, count: 0xfffffffffffffffen, parameterListLength: 0, control: 0 },
  },
]);

goldenVectors(Locate16, [
  {
    source: "SSC-4: logical file 5",
    hex: "92080000 00000000 00000005 00000000",
    value: {
      destinationType: 1,
      changePartition: false,
      immediate: false,
      explicitAddress: false,
      partition: 0,
      identifier: 0x5n,
      control: 0,
    },
  },
  {
    source: "SSC-4: CP and the last identifier of partition 1, how LTFS finds end of data",
    hex: "92020001 ffffffff ffffffff 00000000",
    value: {
      destinationType: 0,
      changePartition: true,
      immediate: false,
      explicitAddress: false,
      partition: 1,
      identifier: 0xffffffffffffffffn,
      control: 0,
    },
  },
  {
    source: "SSC-4: end of data, immediate, explicit address",
    hex: "92190100 00000000 00000000 00000000",
    value: {
      destinationType: 3,
      changePartition: false,
      immediate: true,
      explicitAddress: true,
      partition: 0,
      identifier: 0x0n,
      control: 0,
    },
  },
]);

goldenVectors(WriteAttribute, [
  {
    source: "SPC-4: write through, partition 1, 24 bytes, as LTFS sends it",
    hex: "8d010000 00000001 00000000 00180000",
    value: {
      writeThrough: true,
      elementAddress: 0,
      elementType: 0,
      volumeNumber: 0,
      partition: 1,
      parameterListLength: 24,
      control: 0,
    },
  },
]);

goldenVectors(SetCapacity, [
  {
    source: "SSC-4: half of the capacity, immediate",
    hex: "0b010080 0000",
    value: { immediate: true, proportion: 0x8000, control: 0 },
  },
]);

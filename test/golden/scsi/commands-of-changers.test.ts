// SPDX-License-Identifier: Apache-2.0
// CDBs of a medium changer, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import {
  InitializeElementStatusWithRange,
  PositionToElement,
  MoveMedium,
  ExchangeMedium,
  ReadElementStatus,
  SendVolumeTag,
  RequestVolumeElementAddress,
  InitializeElementStatus,
  OpenCloseImportExport,
  InitializeElementStatusWithRangeVendor,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(InitializeElementStatusWithRange, [
  {
    source: "SMC-3: fast",
    hex: "37020000 00000000 0000",
    value: { fast: true, range: false, startingElement: 0, elementCount: 0, control: 0 },
  },
  {
    source: "SMC-3, 10 elements from 1025",
    hex: "37010401 0000000a 0000",
    value: { fast: false, range: true, startingElement: 0x401, elementCount: 10, control: 0 },
  },
]);

goldenVectors(PositionToElement, [
  {
    source: "SMC-3: inverted",
    hex: "2b000001 01010000 0100",
    value: { picker: 1, destination: 0x101, invert: true, control: 0 },
  },
  {
    source: "SMC-3: picker 1 to element 1025",
    hex: "2b000001 04010000 0000",
    value: { picker: 1, destination: 0x401, invert: false, control: 0 },
  },
]);

goldenVectors(MoveMedium, [
  {
    source: "SMC-3: inverted",
    hex: "a5000001 04010101 00000100",
    value: { picker: 1, source: 0x401, destination: 0x101, invert: true, control: 0 },
  },
  {
    source: "SMC-3: slot 1025 to drive 257",
    hex: "a5000001 04010101 00000000",
    value: { picker: 1, source: 0x401, destination: 0x101, invert: false, control: 0 },
  },
]);

goldenVectors(ExchangeMedium, [
  {
    source: "SMC-3: the first inverted",
    hex: "a6000001 04010101 04020200",
    value: {
      picker: 1,
      source: 0x401,
      firstDestination: 0x101,
      secondDestination: 0x402,
      invertFirst: true,
      invertSecond: false,
      control: 0,
    },
  },
  {
    source: "SMC-3: the second inverted",
    hex: "a6000001 04010101 04020100",
    value: {
      picker: 1,
      source: 0x401,
      firstDestination: 0x101,
      secondDestination: 0x402,
      invertFirst: false,
      invertSecond: true,
      control: 0,
    },
  },
  {
    source: "SMC-3: slot 1025 to drive 257, its cartridge to 1026",
    hex: "a6000001 04010101 04020000",
    value: {
      picker: 1,
      source: 0x401,
      firstDestination: 0x101,
      secondDestination: 0x402,
      invertFirst: false,
      invertSecond: false,
      control: 0,
    },
  },
]);

goldenVectors(ReadElementStatus, [
  {
    source: "SMC-3: current data only",
    hex: "b8000000 ffff0201 00000000",
    value: {
      volumeTags: false,
      elementType: 0,
      startingElement: 0,
      elementCount: 0xffff,
      currentData: true,
      deviceIdentifiers: false,
      allocationLength: 0x10000,
      control: 0,
    },
  },
  {
    source: "SMC-3: 10 storage slots from 1024 with volume tags",
    hex: "b8120400 000a0000 02180000",
    value: {
      volumeTags: true,
      elementType: 2,
      startingElement: 0x400,
      elementCount: 10,
      currentData: false,
      deviceIdentifiers: false,
      allocationLength: 0x218,
      control: 0,
    },
  },
  {
    source: "SMC-3: 1000 drives with identifiers, FFFFh bytes, what Proxmox Backup Server asks",
    hex: "b8040000 03e80100 ffff0000",
    value: {
      volumeTags: false,
      elementType: 4,
      startingElement: 0,
      elementCount: 0x3e8,
      currentData: false,
      deviceIdentifiers: true,
      allocationLength: 0xffff,
      control: 0,
    },
  },
]);

goldenVectors(SendVolumeTag, [
  {
    source: "SMC-3: drive bays from 257, define primary tag",
    hex: "b6040101 00080000 00280000",
    value: { elementType: 4, startingElement: 0x101, actionCode: 8, parameterListLength: 0x28, control: 0 },
  },
  {
    source: "SMC-3: action 5, 40 bytes, what CTA sends",
    hex: "b6000000 00050000 00280000",
    value: { elementType: 0, startingElement: 0, actionCode: 5, parameterListLength: 0x28, control: 0 },
  },
]);

goldenVectors(RequestVolumeElementAddress, [
  {
    source: "SMC-3: storage slots from 1025",
    hex: "b5020401 000a0000 10000000",
    value: {
      volumeTags: false,
      elementType: 2,
      startingElement: 0x401,
      elementCount: 10,
      allocationLength: 0x1000,
      control: 0,
    },
  },
  {
    source: "SMC-3: one element with volume tag, 65536 bytes",
    hex: "b5100000 00010000 01000000",
    value: {
      volumeTags: true,
      elementType: 0,
      startingElement: 0,
      elementCount: 1,
      allocationLength: 0x100,
      control: 0,
    },
  },
]);

goldenVectors(InitializeElementStatus, [
  { source: "SMC-3: what mtx inventory sends", hex: "07000000 0000", value: { control: 0 } },
]);

goldenVectors(OpenCloseImportExport, [
  {
    source: "SMC-3, close element 769",
    hex: "1b000301 0100",
    value: { elementAddress: 0x301, actionCode: 1, control: 0 },
  },
]);

goldenVectors(InitializeElementStatusWithRangeVendor, [
  {
    source: "the layout of SMC-3 with the vendors' operation code",
    hex: "e7010401 0000000a 0000",
    value: { fast: false, range: true, startingElement: 0x401, elementCount: 10, control: 0 },
  },
]);

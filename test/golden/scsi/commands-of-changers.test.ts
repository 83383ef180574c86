// SPDX-License-Identifier: Apache-2.0
// CDBs of a medium changer, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import {
  InitializeElementStatus,
  OpenCloseImportExport,
  PositionToElement,
  InitializeElementStatusWithRange,
  InitializeElementStatusWithRangeVendor,
  MoveMedium,
  ExchangeMedium,
  RequestVolumeElementAddress,
  SendVolumeTag,
  ReadElementStatus,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

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

goldenVectors(PositionToElement, [
  {
    source: "SMC-3: picker 1 to element 1025",
    hex: "2b000001 04010000 0000",
    value: { picker: 1, destination: 0x401, invert: false, control: 0 },
  },
]);

goldenVectors(InitializeElementStatusWithRange, [
  {
    source: "SMC-3, 10 elements from 1025",
    hex: "37010401 0000000a 0000",
    value: { fast: false, range: true, startingElement: 0x401, elementCount: 10, control: 0 },
  },
]);

goldenVectors(InitializeElementStatusWithRangeVendor, [
  {
    source: "the layout of SMC-3 with the vendors' operation code",
    hex: "e7010401 0000000a 0000",
    value: { fast: false, range: true, startingElement: 0x401, elementCount: 10, control: 0 },
  },
]);

goldenVectors(MoveMedium, [
  {
    source: "SMC-3: slot 1025 to drive 257",
    hex: "a5000001 04010101 00000000",
    value: { picker: 1, source: 0x401, destination: 0x101, invert: false, control: 0 },
  },
]);

goldenVectors(ExchangeMedium, [
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

goldenVectors(RequestVolumeElementAddress, [
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

goldenVectors(SendVolumeTag, [
  {
    source: "SMC-3: action 5, 40 bytes, what CTA sends",
    hex: "b6000000 00050000 00280000",
    value: { elementType: 0, startingElement: 0, actionCode: 5, parameterListLength: 0x28, control: 0 },
  },
]);

goldenVectors(ReadElementStatus, [
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

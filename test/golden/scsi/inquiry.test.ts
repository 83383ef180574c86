// SPDX-License-Identifier: Apache-2.0
// INQUIRY data and VPD pages, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import { bytesFromHex } from "#base/index.ts";
import {
  StandardInquiry,
  VpdHeader,
  DesignatorHeader,
  NaaLocal,
  RelativePort,
  VendorDesignator,
  ExtendedInquiry,
  ModePolicy,
  ScsiPort,
  SequentialAccessCapabilities,
  DriveElementAddress,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(StandardInquiry, [
  {
    source: "SPC-4 with the strings of an IBM LTO-8 drive",
    hex: "01800612 45000002 49424d20 20202020 554c5433 3538302d 54443820 20202020 48423831 00000000 00000000 00000000 00000000 00000000 00000960 04600520 00000000 00000000 0000",
    value: {
      qualifier: 0,
      deviceType: 1,
      removable: true,
      version: 6,
      normalAca: false,
      hierarchical: true,
      responseFormat: 2,
      additionalLength: 0x45,
      targetPortGroups: 0,
      protect: false,
      multiPort: false,
      mediumChanger: false,
      commandQueuing: true,
      vendor: "IBM",
      product: "ULT3580-TD8",
      revision: "HB81",
      vendorSpecific: bytesFromHex("0000000000000000000000000000000000000000"),
      versionDescriptor1: 0x960,
      versionDescriptor2: 0x460,
      versionDescriptor3: 0x520,
      versionDescriptor4: 0,
      versionDescriptor5: 0,
      versionDescriptor6: 0,
      versionDescriptor7: 0,
      versionDescriptor8: 0,
    },
  },
]);

goldenVectors(VpdHeader, [
  {
    source: "SPC-4: page 83h of a tape drive, 76 bytes",
    hex: "0183004c",
    value: { qualifier: 0, deviceType: 1, pageCode: 0x83, pageLength: 0x4c },
  },
]);

goldenVectors(DesignatorHeader, [
  {
    source: "SPC-4: T10 vendor identification, ASCII, 34 bytes",
    hex: "02010022",
    value: { protocol: 0, codeSet: 2, protocolValid: false, association: 0, type: 1, length: 0x22 },
  },
  {
    source: "SPC-4: iSCSI name of a port, UTF-8",
    hex: "53980028",
    value: { protocol: 5, codeSet: 3, protocolValid: true, association: 1, type: 8, length: 0x28 },
  },
]);

goldenVectors(NaaLocal, [
  { source: "SPC-4, locally assigned", hex: "31234567 89abcdef", value: { value: 0x3123456789abcdefn } },
]);

goldenVectors(RelativePort, [{ source: "SPC-4, port 1", hex: "00000001", value: { port: 1 } }]);

goldenVectors(VendorDesignator, [
  {
    source: "SPC-4: the identity of an LTO-8 drive as changers report it",
    hex: "49424d20 20202020 554c5433 3538302d 54443820 20202020 31303133 30303030 3031",
    value: { vendor: "IBM", product: "ULT3580-TD8", serial: "1013000001" },
  },
]);

goldenVectors(ExtendedInquiry, [
  {
    source: "SPC-4: all queue types, unit clear",
    hex: "00070001 0000000a 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
    value: {
      activateMicrocode: 0,
      attentionInSense: false,
      headOfQueue: true,
      ordered: true,
      simple: true,
      unitClear: true,
      selfTestMinutes: 10,
    },
  },
]);

goldenVectors(ModePolicy, [
  {
    source: "SPC-4: all pages and subpages shared",
    hex: "3fff0000",
    value: { pageCode: 0x3f, subpageCode: 0xff, multipleUnits: false, policy: 0 },
  },
  {
    source: "SPC-4: page 02h per nexus, of all units",
    hex: "02008300",
    value: { pageCode: 2, subpageCode: 0, multipleUnits: true, policy: 3 },
  },
]);

goldenVectors(ScsiPort, [
  {
    source: "SPC-4: port 1 with 44 bytes of designators",
    hex: "00000001 00000000 0000002c",
    value: { relativePort: 1, initiatorIdLength: 0, designatorsLength: 0x2c },
  },
]);

goldenVectors(SequentialAccessCapabilities, [
  { source: "SSC-4: page B0h, write-once and timestamps", hex: "0300", value: { timestamps: true, writeOnce: true } },
]);

goldenVectors(DriveElementAddress, [
  { source: "SSC-4: page B4h, element 257", hex: "00000101", value: { elementAddress: 0x101 } },
]);

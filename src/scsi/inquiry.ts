// SPDX-License-Identifier: Apache-2.0
// INQUIRY data and vital product data pages: SPC-4, SSC-4.

import { ascii, bit, bits, bytes, layout, uint, uint64, type Table } from "#codec/index.ts";

/** Standard INQUIRY data up to the eighth version descriptor: SPC-4. */
export const StandardInquiry = layout("standard INQUIRY data", 74, {
  qualifier: bits(0, 7, 5),
  deviceType: bits(0, 4, 0),
  removable: bit(1, 7),
  version: uint(2, 1),
  normalAca: bit(3, 5),
  hierarchical: bit(3, 4),
  responseFormat: bits(3, 3, 0),
  /** Bytes behind this one. */
  additionalLength: uint(4, 1),
  targetPortGroups: bits(5, 5, 4),
  protect: bit(5, 0),
  multiPort: bit(6, 4),
  mediumChanger: bit(6, 3),
  commandQueuing: bit(7, 1),
  vendor: ascii(8, 8),
  product: ascii(16, 16),
  revision: ascii(32, 4),
  vendorSpecific: bytes(36, 20),
  versionDescriptor1: uint(58, 2),
  versionDescriptor2: uint(60, 2),
  versionDescriptor3: uint(62, 2),
  versionDescriptor4: uint(64, 2),
  versionDescriptor5: uint(66, 2),
  versionDescriptor6: uint(68, 2),
  versionDescriptor7: uint(70, 2),
  versionDescriptor8: uint(72, 2),
});

/** VERSION values: SPC-4. */
export const spcVersion = { spc3: 0x05, spc4: 0x06 } as const satisfies Table<number>;

/** Version descriptors: SPC-4. */
export const versionDescriptors = {
  iscsi: 0x0960,
  sam5: 0x00a0,
  spc4: 0x0460,
  ssc4: 0x0520,
  smc3: 0x0480,
} as const satisfies Table<number>;

/** Codes of vital product data pages. */
export const vpdPages = {
  supported: 0x00,
  "unit-serial": 0x80,
  "device-identification": 0x83,
  "extended-inquiry": 0x86,
  "mode-page-policy": 0x87,
  "scsi-ports": 0x88,
  "sequential-access": 0xb0,
  "manufacturer-serial": 0xb1,
  "tape-alert-flags": 0xb2,
  "automation-serial": 0xb3,
  "element-address": 0xb4,
  "block-protection": 0xb5,
} as const satisfies Table<number>;

/** Header of a vital product data page: SPC-4. */
export const VpdHeader = layout("VPD page header", 4, {
  qualifier: bits(0, 7, 5),
  deviceType: bits(0, 4, 0),
  pageCode: uint(1, 1),
  pageLength: uint(2, 2),
});

/** Header of a designation descriptor: SPC-4. */
export const DesignatorHeader = layout("designation descriptor header", 4, {
  protocol: bits(0, 7, 4),
  codeSet: bits(0, 3, 0),
  protocolValid: bit(1, 7),
  association: bits(1, 5, 4),
  type: bits(1, 3, 0),
  length: uint(3, 1),
});
/** CODE SET of a designator: SPC-4. */
export const codeSets = { binary: 1, ascii: 2, utf8: 3 } as const satisfies Table<number>;
/** ASSOCIATION of a designator. */
export const associations = { unit: 0, port: 1, device: 2 } as const satisfies Table<number>;
/** DESIGNATOR TYPE: SPC-4. */
export const designatorTypes = {
  vendor: 1,
  naa: 3,
  "relative-port": 4,
  "port-group": 5,
  "scsi-name": 8,
} as const satisfies Table<number>;
/** PROTOCOL IDENTIFIER of iSCSI: SPC-4. */
export const iscsiProtocol = 5;

/** Logical block protection VPD page B5h, behind the page header, in front of the methods: SSC-4. */
export const BlockProtectionHeader = layout("logical block protection VPD page", 4, {});
/** Logical block protection method descriptor: SSC-4. */
export const BlockProtectionMethod = layout("logical block protection method descriptor", 4, {
  /** Bytes behind this one. */
  length: uint(0, 1, { always: 3 }),
  method: uint(1, 1),
  informationLength: bits(2, 5, 0),
  onWrite: bit(3, 7),
  onRead: bit(3, 6),
  onRecoverBuffered: bit(3, 5),
});

/** NAA locally assigned designator: SPC-4. */
export const NaaLocal = layout("NAA locally assigned designator", 8, { value: uint64(0) });
/** Relative target port designator: SPC-4. */
export const RelativePort = layout("relative target port designator", 4, { port: uint(2, 2) });

/** T10 vendor identification designator with product and serial, as tape drives fill it: SPC-4, and DVCID. */
export const VendorDesignator = layout("T10 vendor identification designator", 34, {
  vendor: ascii(0, 8),
  product: ascii(8, 16),
  serial: ascii(24, 10),
});

/** Extended INQUIRY data VPD page behind its header: SPC-4. */
export const ExtendedInquiry = layout("extended INQUIRY data", 60, {
  activateMicrocode: bits(0, 7, 6),
  attentionInSense: bit(1, 5),
  headOfQueue: bit(1, 2),
  ordered: bit(1, 1),
  simple: bit(1, 0),
  unitClear: bit(3, 0),
  selfTestMinutes: uint(6, 2),
});

/** Mode page policy descriptor: SPC-4. */
export const ModePolicy = layout("mode page policy descriptor", 4, {
  pageCode: bits(0, 5, 0),
  subpageCode: uint(1, 1),
  multipleUnits: bit(2, 7),
  policy: bits(2, 1, 0),
});

/** SCSI port descriptor without its designators: SPC-4. */
export const ScsiPort = layout("SCSI port descriptor", 12, {
  relativePort: uint(2, 2),
  initiatorIdLength: uint(6, 2),
  /** Bytes of the target port's designators that follow. */
  designatorsLength: uint(10, 2),
});

/** Sequential-access device capabilities VPD page B0h behind its header: SSC-4. */
export const SequentialAccessCapabilities = layout("sequential-access device capabilities", 2, {
  /** TSMC: timestamps are kept with the medium. */
  timestamps: bit(0, 1),
  /** The drive knows write-once cartridges. */
  writeOnce: bit(0, 0),
});

/** Data transfer device element address VPD page B4h behind its header: SSC-4. */
export const DriveElementAddress = layout("data transfer device element address", 4, { elementAddress: uint(2, 2) });

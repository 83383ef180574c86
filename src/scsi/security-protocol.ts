// SPDX-License-Identifier: Apache-2.0
// SECURITY PROTOCOL IN and OUT with the tape data encryption protocol 20h: SPC-4, SSC-4. CDBs, pages, code tables.

import { bit, bits, layout, uint, uint64, type Table } from "#codec/index.ts";
import { timeouts, type CommandRow, type CommandTable } from "./command-row.ts";

const securityProtocol = (opcode: number) =>
  ({
    opcode: uint(0, 1, { always: opcode }),
    protocol: uint(1, 1),
    specific: uint(2, 2),
    /** INC_512: lengths count blocks of 512 bytes. */
    inBlocks: bit(4, 7),
    control: uint(11, 1),
  }) as const;

/** SECURITY PROTOCOL IN: SPC-4. */
export const SecurityProtocolIn = layout("SECURITY PROTOCOL IN", 12, {
  ...securityProtocol(0xa2),
  allocationLength: uint(6, 4),
});

/** SECURITY PROTOCOL OUT: SPC-4. */
export const SecurityProtocolOut = layout("SECURITY PROTOCOL OUT", 12, {
  ...securityProtocol(0xb5),
  parameterListLength: uint(6, 4),
});

/** SECURITY PROTOCOL: SPC-4. */
export const securityProtocols = { information: 0x00, tapeEncryption: 0x20 } as const satisfies Table<number>;
/** Pages of the security protocol information: SPC-4. */
export const informationPages = { protocols: 0x0000, certificate: 0x0001 } as const satisfies Table<number>;

/** Pages of SECURITY PROTOCOL IN, tape data encryption: SSC-4. */
export const encryptionInPages = {
  inSupport: 0x0000,
  outSupport: 0x0001,
  capabilities: 0x0010,
  keyFormats: 0x0011,
  managementCapabilities: 0x0012,
  status: 0x0020,
  nextBlockStatus: 0x0021,
  randomNumber: 0x0030,
} as const satisfies Table<number>;
/** Name of such a page. */
export type EncryptionInPage = keyof typeof encryptionInPages;
/** Pages of SECURITY PROTOCOL OUT, tape data encryption: SSC-4. */
export const encryptionOutPages = { setEncryption: 0x0010 } as const satisfies Table<number>;

/** List of supported security protocols, in front of the list: SPC-4. */
export const ProtocolListHeader = layout("supported security protocols", 8, { length: uint(6, 2) });
/** Certificate data, in front of the certificate: SPC-4. */
export const CertificateHeader = layout("security protocol certificate", 4, { length: uint(2, 2) });

/** Header of every page of the tape data encryption protocol: SSC-4. */
export const EncryptionPageHeader = layout("tape data encryption page header", 4, {
  page: uint(0, 2),
  /** Bytes behind this field. */
  length: uint(2, 2),
});

/** Data encryption capabilities page, in front of the algorithms: SSC-4. */
export const EncryptionCapabilities = layout("data encryption capabilities", 20, {
  page: uint(0, 2, { always: encryptionInPages.capabilities }),
  length: uint(2, 2),
  /** EXTDECC: whether it can tell external encryption. 1: it cannot. */
  externalControl: bits(4, 3, 2),
  /** CFG_P: 1: hosts may configure it. */
  configurable: bits(4, 1, 0),
});

/** Data encryption algorithm descriptor: SSC-4. */
export const EncryptionAlgorithm = layout("data encryption algorithm descriptor", 24, {
  index: uint(0, 1),
  length: uint(2, 2, { always: 0x14 }),
  /** AVFMV: valid for the mounted volume. */
  validForVolume: bit(4, 7),
  supplementalKeys: bit(4, 6),
  messageAuthentication: bit(4, 5),
  /** DED_C: it can tell encrypted blocks from others. */
  distinguishes: bit(4, 4),
  /** 2: in hardware; the code for "the device does it". */
  decrypts: bits(4, 3, 2),
  encrypts: bits(4, 1, 0),
  /** AVFCLP: 2: valid at the current position. */
  validHere: bits(5, 7, 6),
  /** NONCE_C: 1: the device makes the nonce. */
  nonce: bits(5, 5, 4),
  descriptorFormats: bit(5, 3),
  volumeContainsBlocks: bit(5, 2),
  openLengthFixed: bit(5, 1),
  authenticLengthFixed: bit(5, 0),
  openLengthMax: uint(6, 2),
  authenticLengthMax: uint(8, 2),
  keySize: uint(10, 2),
  /** DKAD_C: 3: descriptors are allowed and not needed. */
  keyDescriptors: bits(12, 7, 6),
  externalCheck: bits(12, 5, 4),
  /** RDMC_C: 4: raw reads are possible and not allowed unless the host says so. */
  rawControl: bits(12, 3, 1),
  /** EAREM: it remembers in what mode it encrypted. */
  remembersMode: bit(12, 0),
  supplementalCount: uint(14, 2),
  code: uint(20, 4),
});

/** AES-256-GCM with a tag of 128 bits: SSC-4, security algorithm codes. */
export const aes256Gcm = 0x0001_0014;

/** Data encryption management capabilities page: SSC-4. */
export const EncryptionManagement = layout("data encryption management capabilities", 16, {
  page: uint(0, 2, { always: encryptionInPages.managementCapabilities }),
  length: uint(2, 2, { always: 12 }),
  lock: bit(4, 0),
  clearOnDemount: bit(5, 2),
  clearOnPreempt: bit(5, 1),
  clearOnReservationLoss: bit(5, 0),
  allNexuses: bit(7, 2),
  local: bit(7, 1),
  public: bit(7, 0),
});

/** Data encryption status page, in front of the key-associated data: SSC-4. */
export const EncryptionStatus = layout("data encryption status", 24, {
  page: uint(0, 2, { always: encryptionInPages.status }),
  length: uint(2, 2),
  nexusScope: bits(4, 7, 5),
  keyScope: bits(4, 2, 0),
  encryptionMode: uint(5, 1),
  decryptionMode: uint(6, 1),
  algorithm: uint(7, 1),
  keyInstance: uint(8, 4),
  parametersControl: bits(12, 6, 4),
  volumeContainsBlocks: bit(12, 3),
  externalCheck: bits(12, 2, 1),
  rawDisabled: bit(12, 0),
  descriptorFormat: uint(13, 1),
  supplementalCount: uint(14, 2),
});

/** Next block encryption status page, in front of the key-associated data: SSC-4. */
export const NextBlockStatus = layout("next block encryption status", 16, {
  page: uint(0, 2, { always: encryptionInPages.nextBlockStatus }),
  length: uint(2, 2),
  objectNumber: uint64(4),
  compression: bits(12, 7, 4),
  encryption: bits(12, 3, 0),
  algorithm: uint(13, 1),
  modeKnown: bit(14, 1),
  rawDisabled: bit(14, 0),
  descriptorFormat: uint(15, 1),
});
/** ENCRYPTION STATUS of the next block: SSC-4. */
export const nextBlockEncryption = {
  unknown: 1,
  notABlock: 2,
  notEncrypted: 3,
  unknownAlgorithm: 4,
  decryptable: 5,
  undecryptable: 6,
} as const satisfies Table<number>;

/** Random number page: SSC-4. */
export const randomNumberLength = 32;

/** Set data encryption page, in front of the key and its descriptors: SSC-4. */
export const SetEncryption = layout("set data encryption", 20, {
  page: uint(0, 2),
  length: uint(2, 2),
  scope: bits(4, 7, 5),
  lock: bit(4, 0),
  /** CEEM: whether external encryption is checked. */
  externalCheck: bits(5, 7, 6),
  /** RDMC: whether blocks may be read raw later. */
  rawControl: bits(5, 5, 4),
  supplemental: bit(5, 3),
  clearOnDemount: bit(5, 2),
  clearOnPreempt: bit(5, 1),
  clearOnReservationLoss: bit(5, 0),
  encryptionMode: uint(6, 1),
  decryptionMode: uint(7, 1),
  algorithm: uint(8, 1),
  keyFormat: uint(9, 1),
  descriptorFormat: uint(10, 1),
  keyLength: uint(18, 2),
});

/** Key-associated data descriptor without its data: SSC-4. */
export const KeyDescriptorHeader = layout("key-associated data descriptor header", 4, {
  type: uint(0, 1),
  authenticated: bits(1, 2, 0),
  length: uint(2, 2),
});
/** Types of such descriptors: SSC-4. */
export const keyDescriptorTypes = { open: 0, authentic: 1, nonce: 2, metadata: 3 } as const satisfies Table<number>;

/** SCOPE: SSC-4. */
export const encryptionScopes = { public: 0, local: 1, allNexuses: 2 } as const satisfies Table<number>;
/** ENCRYPTION MODE: SSC-4. */
export const encryptionModes = { disable: 0, external: 1, encrypt: 2 } as const satisfies Table<number>;
/** DECRYPTION MODE: SSC-4. */
export const decryptionModes = { disable: 0, raw: 1, decrypt: 2, mixed: 3 } as const satisfies Table<number>;
/** RDMC: SSC-4. */
export const rawControls = { default: 0, enabled: 2, disabled: 3 } as const satisfies Table<number>;

const flags = {
  whileNotReady: true,
  whileAttention: false,
  underReserve: "conflict",
  timeouts: timeouts.quick,
  standard: "SPC-4",
} as const satisfies Partial<CommandRow>;

/** The security protocols of a drive. */
export const securityCommands = {
  securityProtocolIn: {
    name: "SECURITY PROTOCOL IN",
    opcode: 0xa2,
    cdb: SecurityProtocolIn,
    data: "in",
    ...flags,
    underPersistent: "read",
  },
  securityProtocolOut: {
    name: "SECURITY PROTOCOL OUT",
    opcode: 0xb5,
    cdb: SecurityProtocolOut,
    data: "out",
    ...flags,
    underPersistent: "write",
  },
} as const satisfies CommandTable;

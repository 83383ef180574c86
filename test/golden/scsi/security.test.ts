// SPDX-License-Identifier: Apache-2.0
// SECURITY PROTOCOL IN and OUT with their pages, laid out by hand from SPC-4 and SSC-4, and what stenc and Proxmox send.

import {
  CertificateHeader,
  EncryptionAlgorithm,
  EncryptionCapabilities,
  EncryptionManagement,
  EncryptionPageHeader,
  EncryptionStatus,
  KeyDescriptorHeader,
  NextBlockStatus,
  ProtocolListHeader,
  SecurityProtocolIn,
  SecurityProtocolOut,
  SetEncryption,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(SecurityProtocolIn, [
  {
    source: "SPC-4: encryption status, 8 KiB, what stenc asks",
    hex: "a2200020 00000000 20000000",
    value: { protocol: 0x20, specific: 0x20, inBlocks: false, allocationLength: 8192, control: 0 },
  },
]);
goldenVectors(SecurityProtocolOut, [
  {
    source: "SPC-4: set data encryption with a key of 32 bytes",
    hex: "b5200010 00000000 00340000",
    value: { protocol: 0x20, specific: 0x10, inBlocks: false, parameterListLength: 52, control: 0 },
  },
]);
goldenVectors(ProtocolListHeader, [{ source: "SPC-4: two protocols", hex: "00000000 00000002", value: { length: 2 } }]);
goldenVectors(CertificateHeader, [{ source: "SPC-4: no certificate", hex: "00000000", value: { length: 0 } }]);
goldenVectors(EncryptionPageHeader, [
  { source: "SSC-4: supported key formats, one", hex: "00110001", value: { page: 0x11, length: 1 } },
]);
goldenVectors(EncryptionCapabilities, [
  {
    source: "SSC-4: one algorithm, may be configured, no external control",
    hex: "00100028 05000000 00000000 00000000 00000000",
    value: { length: 40, externalControl: 1, configurable: 1 },
  },
]);
goldenVectors(EncryptionAlgorithm, [
  {
    source: "SSC-4: AES-256-GCM as an LTO drive describes it",
    hex: "01000014 ba9c0020 000c0020 d9000000 00000000 00010014",
    value: {
      index: 1,
      validForVolume: true,
      supplementalKeys: false,
      messageAuthentication: true,
      distinguishes: true,
      decrypts: 2,
      encrypts: 2,
      validHere: 2,
      nonce: 1,
      descriptorFormats: true,
      volumeContainsBlocks: true,
      openLengthFixed: false,
      authenticLengthFixed: false,
      openLengthMax: 32,
      authenticLengthMax: 12,
      keySize: 32,
      keyDescriptors: 3,
      externalCheck: 1,
      rawControl: 4,
      remembersMode: true,
      supplementalCount: 0,
      code: 0x10014,
    },
  },
]);
goldenVectors(EncryptionManagement, [
  {
    source: "SSC-4: lock, clear on demount, all scopes",
    hex: "0012000c 01040007 00000000 00000000",
    value: {
      lock: true,
      clearOnDemount: true,
      clearOnPreempt: false,
      clearOnReservationLoss: false,
      allNexuses: true,
      local: true,
      public: true,
    },
  },
]);
goldenVectors(EncryptionStatus, [
  {
    source: "SSC-4: all nexuses, encrypt, mixed, key instance 5, no raw reads",
    hex: "00200014 42020301 00000005 03000000 00000000 00000000",
    value: {
      length: 20,
      nexusScope: 2,
      keyScope: 2,
      encryptionMode: 2,
      decryptionMode: 3,
      algorithm: 1,
      keyInstance: 5,
      parametersControl: 0,
      volumeContainsBlocks: false,
      externalCheck: 1,
      rawDisabled: true,
      descriptorFormat: 0,
      supplementalCount: 0,
    },
  },
]);
goldenVectors(NextBlockStatus, [
  {
    source: "SSC-4: object 3 is encrypted and can be decrypted",
    hex: "0021000c 00000000 00000003 05010300",
    value: {
      length: 12,
      objectNumber: 3n,
      compression: 0,
      encryption: 5,
      algorithm: 1,
      modeKnown: true,
      rawDisabled: true,
      descriptorFormat: 0,
    },
  },
]);
goldenVectors(SetEncryption, [
  {
    source: "SSC-4: what Proxmox sends: all nexuses, encrypt, mixed, algorithm 1, key of 32 bytes",
    hex: "00100030 40000203 01000000 00000000 00000020",
    value: {
      page: 0x10,
      length: 48,
      scope: 2,
      lock: false,
      externalCheck: 0,
      rawControl: 0,
      supplemental: false,
      clearOnDemount: false,
      clearOnPreempt: false,
      clearOnReservationLoss: false,
      encryptionMode: 2,
      decryptionMode: 3,
      algorithm: 1,
      keyFormat: 0,
      descriptorFormat: 0,
      keyLength: 32,
    },
  },
]);
goldenVectors(KeyDescriptorHeader, [
  {
    source: "SSC-4: authenticated key-associated data of 12 bytes",
    hex: "0100000c",
    value: { type: 1, authenticated: 0, length: 12 },
  },
]);

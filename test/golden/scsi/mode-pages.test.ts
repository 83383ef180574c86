// SPDX-License-Identifier: Apache-2.0
// Mode parameter headers and pages, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import {
  ModeHeader6,
  ModeHeader10,
  TapeDeviceSpecific,
  ModeBlockDescriptor,
  ModePageHeader,
  ModeSubpageHeader,
  DisconnectPage,
  ControlPage,
  PowerConditionPage,
  InformationalExceptionsPage,
  ErrorRecoveryPage,
  DataCompressionPage,
  DeviceConfigurationPage,
  MediumPartitionPage,
  MediumConfigurationPage,
  ElementAddressPage,
  TransportGeometryPage,
  DeviceCapabilitiesPage,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(ModeHeader6, [
  {
    source: "SPC-4: 12 bytes of an LTO-8 drive with a block descriptor",
    hex: "0b881008",
    value: { dataLength: 11, mediumType: 0x88, deviceSpecific: 0x10, blockDescriptorLength: 8 },
  },
]);

goldenVectors(ModeHeader10, [
  {
    source: "SPC-4: a page of 16 bytes behind a block descriptor, write protected",
    hex: "001e8890 00000008",
    value: { dataLength: 0x1e, mediumType: 0x88, deviceSpecific: 0x90, longLba: false, blockDescriptorLength: 8 },
  },
  {
    source: "SPC-4 with long block descriptors",
    hex: "00160000 01000010",
    value: { dataLength: 0x16, mediumType: 0, deviceSpecific: 0, longLba: true, blockDescriptorLength: 0x10 },
  },
]);

goldenVectors(TapeDeviceSpecific, [
  {
    source: "SSC-4: write protected, buffered mode 1",
    hex: "90",
    value: { writeProtected: true, bufferedMode: 1, speed: 0 },
  },
]);

goldenVectors(ModeBlockDescriptor, [
  {
    source: "SPC-4: LTO-8 density, 512-byte blocks",
    hex: "5e000000 00000200",
    value: { densityCode: 0x5e, blockCount: 0, blockLength: 0x200 },
  },
]);

goldenVectors(ModePageHeader, [
  {
    source: "SPC-4: data compression page, savable",
    hex: "8f0e",
    value: { savable: true, subpageFormat: false, pageCode: 15, pageLength: 14 },
  },
]);

goldenVectors(ModeSubpageHeader, [
  {
    source: "SPC-4: device configuration extension page 10h/01h",
    hex: "5001001c",
    value: { savable: false, subpageFormat: true, pageCode: 0x10, subpageCode: 1, pageLength: 0x1c },
  },
]);

goldenVectors(DisconnectPage, [
  {
    source: "SPC-4, every field",
    hex: "020e8040 000a0014 001e0100 80000008",
    value: {
      bufferFullRatio: 0x80,
      bufferEmptyRatio: 0x40,
      busInactivityLimit: 10,
      disconnectTimeLimit: 0x14,
      connectTimeLimit: 0x1e,
      maximumBurstSize: 0x100,
      enableModifyPointers: true,
      firstBurstSize: 8,
    },
  },
]);

goldenVectors(ControlPage, [
  {
    source: "SPC-4: descriptor sense, unrestricted reordering, TAS, SWP",
    hex: "0a0a0410 08400000 012c003c",
    value: {
      taskSetType: 0,
      descriptorSense: true,
      globalLoggingDisable: false,
      reportLogExceptions: false,
      queueAlgorithm: 1,
      noUnitAttentionOnRelease: false,
      queueErrorManagement: 0,
      attentionInterlock: 0,
      softwareWriteProtect: true,
      taskAbortedStatus: true,
      autoload: 0,
      busyTimeout: 0x12c,
      selfTestSeconds: 0x3c,
    },
  },
]);

goldenVectors(PowerConditionPage, [
  {
    source: "SPC-3: idle after 60 s, standby after 600 s",
    hex: "1a0a0003 00000258 00001770",
    value: { idle: true, standby: true, idleTimer: 0x258, standbyTimer: 0x1770 },
  },
]);

goldenVectors(InformationalExceptionsPage, [
  {
    source: "SPC-4: DEXCPT, MRIE 3",
    hex: "1c0a0803 00000000 00000000",
    value: {
      performance: false,
      enableBackground: false,
      enableWarning: false,
      disableExceptions: true,
      test: false,
      backgroundErrors: false,
      logErrors: false,
      reportingMethod: 3,
      intervalTimer: 0,
      reportCount: 0,
    },
  },
]);

goldenVectors(ErrorRecoveryPage, [
  {
    source: "SSC-4: retries 9 and 7, PER",
    hex: "010a0409 00000000 07000000",
    value: {
      transferBlock: false,
      enableEarlyRecovery: false,
      postError: true,
      disableTransferOnError: false,
      disableCorrection: false,
      readRetryCount: 9,
      writeRetryCount: 7,
    },
  },
]);

goldenVectors(DataCompressionPage, [
  {
    source: "SSC-4: compression on, algorithm 1",
    hex: "0f0ec080 00000001 00000001 00000000",
    value: {
      compressionEnabled: true,
      compressionCapable: true,
      decompressionEnabled: true,
      reportException: 0,
      compressionAlgorithm: 1,
      decompressionAlgorithm: 1,
    },
  },
]);

goldenVectors(DeviceConfigurationPage, [
  {
    source: "SSC-4: LOIS, EEG, SEW, algorithm 1, write delay",
    hex: "100e0000 0000001e 40001800 00000100",
    value: {
      changeActivePartition: false,
      changeActiveFormat: false,
      activeFormat: 0,
      activePartition: 0,
      writeBufferFullRatio: 0,
      readBufferEmptyRatio: 0,
      writeDelayTime: 0x1e,
      objectBufferRecovery: false,
      objectIdentifiersSupported: true,
      reportSetmarks: false,
      automaticVelocity: false,
      stopOnConsecutiveFilemarks: 0,
      recoverBufferOrder: false,
      reportEarlyWarning: false,
      gapSize: 0,
      endOfDataDefined: 0,
      enableEndOfDataGeneration: true,
      synchronizeAtEarlyWarning: true,
      softwareWriteProtect: false,
      bufferSizeAtEarlyWarning: 0,
      compressionAlgorithm: 1,
      tamperReadEnable: 0,
      rewindOnReset: 0,
      associatedWriteProtect: false,
      persistentWriteProtect: false,
      permanentWriteProtect: false,
    },
  },
]);

goldenVectors(MediumPartitionPage, [
  {
    source: "SSC-4: what LTFS selects: one more partition, sizes by the initiator, units of 10^9 bytes, two sizes",
    hex: "110a0101 3c030900",
    value: {
      pageLength: 10,
      maximumAdditional: 1,
      additionalDefined: 1,
      fixedPartitions: false,
      selectPartitions: false,
      initiatorPartitions: true,
      sizeUnit: 3,
      onFormatMedium: true,
      clear: false,
      addPartitions: false,
      formatRecognition: 3,
      partitioningType: 0,
      sizeExponent: 9,
    },
  },
]);

goldenVectors(MediumConfigurationPage, [
  {
    source: "SSC-4: a write-once cartridge",
    hex: "1d1e0100 01020000 00000000 00000000 00000000 00000000 00000000 00000000",
    value: { writeOnceMode: true, writeOnceLabelRestriction: 1, writeOnceFilemarkRestriction: 2 },
  },
]);

goldenVectors(ElementAddressPage, [
  {
    source: "SMC-3: picker 1, 40 slots from 1025, 8 mail slots from 769, 4 drives from 257",
    hex: "1d120001 00010401 00280301 00080101 00040000",
    value: {
      firstPicker: 1,
      pickerCount: 1,
      firstStorageSlot: 0x401,
      storageSlotCount: 0x28,
      firstMailSlot: 0x301,
      mailSlotCount: 8,
      firstDriveBay: 0x101,
      driveBayCount: 4,
    },
  },
]);

goldenVectors(TransportGeometryPage, [
  { source: "SMC-3: one picker that does not rotate", hex: "1e020000", value: { rotate: false, memberNumber: 0 } },
]);

goldenVectors(DeviceCapabilitiesPage, [
  {
    source: "SMC-3: slots, mail slots and drives store; everything moves but from the picker",
    hex: "1f120e00 000e0e0e 00000000 000e0e0e 00000000",
    value: {
      stores: 14,
      movesFromPicker: 0,
      movesFromStorageSlot: 14,
      movesFromMailSlot: 14,
      movesFromDriveBay: 14,
      exchangesPicker: 0,
      exchangesStorageSlot: 14,
      exchangesMailSlot: 14,
      exchangesDriveBay: 14,
    },
  },
]);

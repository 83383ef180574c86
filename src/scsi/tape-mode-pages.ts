// SPDX-License-Identifier: Apache-2.0
// Mode pages of a tape drive: SSC-4. Every layout spans the page with its header.

import { bit, bits, layout, uint } from "#codec/index.ts";

const header = (code: number, pageLength: number) =>
  ({ pageCode: bits(0, 5, 0, { always: code }), pageLength: uint(1, 1, { always: pageLength }) }) as const;

/** Read-write error recovery mode page 01h: SSC-4. */
export const ErrorRecoveryPage = layout("read-write error recovery mode page", 12, {
  ...header(0x01, 0x0a),
  transferBlock: bit(2, 5),
  enableEarlyRecovery: bit(2, 3),
  postError: bit(2, 2),
  disableTransferOnError: bit(2, 1),
  disableCorrection: bit(2, 0),
  readRetryCount: uint(3, 1),
  writeRetryCount: uint(8, 1),
});

/** Code of the data compression mode page. */
export const dataCompressionPage = 0x0f;
/** Data compression mode page 0Fh: SSC-4. */
export const DataCompressionPage = layout("data compression mode page", 16, {
  ...header(0x0f, 0x0e),
  compressionEnabled: bit(2, 7),
  compressionCapable: bit(2, 6),
  decompressionEnabled: bit(3, 7),
  reportException: bits(3, 6, 5),
  compressionAlgorithm: uint(4, 4),
  decompressionAlgorithm: uint(8, 4),
});

/** Device configuration mode page 10h: SSC-4. */
export const DeviceConfigurationPage = layout("device configuration mode page", 16, {
  ...header(0x10, 0x0e),
  changeActivePartition: bit(2, 6),
  changeActiveFormat: bit(2, 5),
  activeFormat: bits(2, 4, 0),
  activePartition: uint(3, 1),
  writeBufferFullRatio: uint(4, 1),
  readBufferEmptyRatio: uint(5, 1),
  writeDelayTime: uint(6, 2),
  objectBufferRecovery: bit(8, 7),
  objectIdentifiersSupported: bit(8, 6),
  reportSetmarks: bit(8, 5),
  automaticVelocity: bit(8, 4),
  stopOnConsecutiveFilemarks: bits(8, 3, 2),
  recoverBufferOrder: bit(8, 1),
  /** REW: report early warning on read. */
  reportEarlyWarning: bit(8, 0),
  gapSize: uint(9, 1),
  endOfDataDefined: bits(10, 7, 5),
  enableEndOfDataGeneration: bit(10, 4),
  /** SEW: synchronise at early warning. */
  synchronizeAtEarlyWarning: bit(10, 3),
  softwareWriteProtect: bit(10, 2),
  bufferSizeAtEarlyWarning: uint(11, 3),
  compressionAlgorithm: uint(14, 1),
  tamperReadEnable: bits(15, 7, 6),
  rewindOnReset: bits(15, 4, 3),
  associatedWriteProtect: bit(15, 2),
  persistentWriteProtect: bit(15, 1),
  permanentWriteProtect: bit(15, 0),
});

const subpage = (code: number, subpageCode: number, pageLength: number) =>
  ({
    subpageFormat: bit(0, 6, { always: true }),
    pageCode: bits(0, 5, 0, { always: code }),
    subpageCode: uint(1, 1, { always: subpageCode }),
    pageLength: uint(2, 2, { always: pageLength }),
  }) as const;

/** Control data protection mode page 0Ah/F0h: SSC-4. */
export const DataProtectionPage = layout("control data protection mode page", 32, {
  ...subpage(0x0a, 0xf0, 0x1c),
  method: uint(4, 1),
  informationLength: bits(5, 5, 0),
  onWrite: bit(6, 7),
  onRead: bit(6, 6),
  onRecoverBuffered: bit(6, 5),
});
/** LOGICAL BLOCK PROTECTION METHOD: SSC-4. */
export const protectionMethods = { none: 0, reedSolomon: 1, crc32c: 2 } as const;

/** Device configuration extension mode page 10h/01h: SSC-4. */
export const DeviceConfigurationExtensionPage = layout("device configuration extension mode page", 32, {
  ...subpage(0x10, 0x01, 0x1c),
  tapeAlertRespectParameterFields: bit(4, 3),
  tapeAlertSelectEvent: bit(4, 2),
  tapeAlertRespectPageControl: bit(4, 1),
  tapeAlertPrevention: bit(4, 0),
  writeMode: bits(5, 7, 4),
  shortEraseMode: bits(5, 3, 0),
  /** PEWS: size of the zone of programmable early warning, in units of 10^6 bytes. */
  programmableEarlyWarning: uint(6, 2),
  volumeContainsEncryptedBlocks: bit(8, 0),
});
/** WRITE MODE: SSC-4. */
export const writeModes = { overwrite: 0, appendOnly: 1 } as const;

/** Medium partition mode page 11h without the sizes: two bytes per partition follow. SSC-4. */
export const MediumPartitionPage = layout("medium partition mode page", 8, {
  pageCode: bits(0, 5, 0, { always: 0x11 }),
  pageLength: uint(1, 1),
  maximumAdditional: uint(2, 1),
  additionalDefined: uint(3, 1),
  fixedPartitions: bit(4, 7),
  selectPartitions: bit(4, 6),
  initiatorPartitions: bit(4, 5),
  sizeUnit: bits(4, 4, 3),
  /** POFM: partition on FORMAT MEDIUM. */
  onFormatMedium: bit(4, 2),
  clear: bit(4, 1),
  addPartitions: bit(4, 0),
  formatRecognition: uint(5, 1),
  partitioningType: bits(6, 7, 4),
  sizeExponent: bits(6, 3, 0),
});

/** Medium configuration mode page 1Dh: SSC-4. */
export const MediumConfigurationPage = layout("medium configuration mode page", 32, {
  ...header(0x1d, 0x1e),
  writeOnceMode: bit(2, 0),
  writeOnceLabelRestriction: uint(4, 1),
  writeOnceFilemarkRestriction: uint(5, 1),
});

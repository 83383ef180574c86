// SPDX-License-Identifier: Apache-2.0
// Mode parameters: headers, the block descriptor, and the pages that every kind of unit may have. SPC-4.
// Every page layout spans the page with its header, so that byte numbers are those of the standard.

import { bit, bits, layout, uint } from "#codec/index.ts";

/** Mode parameter header(6): SPC-4. */
export const ModeHeader6 = layout("mode parameter header(6)", 4, {
  /** Bytes behind this one; reserved in MODE SELECT. */
  dataLength: uint(0, 1),
  mediumType: uint(1, 1),
  deviceSpecific: uint(2, 1),
  blockDescriptorLength: uint(3, 1),
});

/** Mode parameter header(10): SPC-4. */
export const ModeHeader10 = layout("mode parameter header(10)", 8, {
  /** Bytes behind this field; reserved in MODE SELECT. */
  dataLength: uint(0, 2),
  mediumType: uint(2, 1),
  deviceSpecific: uint(3, 1),
  longLba: bit(4, 0),
  blockDescriptorLength: uint(6, 2),
});

/** Device-specific parameter of a tape drive: SSC-4. */
export const TapeDeviceSpecific = layout("device-specific parameter of a tape drive", 1, {
  writeProtected: bit(0, 7),
  bufferedMode: bits(0, 6, 4),
  speed: bits(0, 3, 0),
});

/** General mode parameter block descriptor: SPC-4. */
export const ModeBlockDescriptor = layout("mode parameter block descriptor", 8, {
  densityCode: uint(0, 1),
  blockCount: uint(1, 3),
  blockLength: uint(5, 3),
});

/** Header of a page without subpage: SPC-4. */
export const ModePageHeader = layout("mode page header", 2, {
  savable: bit(0, 7),
  subpageFormat: bit(0, 6),
  pageCode: bits(0, 5, 0),
  /** Bytes behind this one. */
  pageLength: uint(1, 1),
});

/** Header of a subpage: SPC-4. */
export const ModeSubpageHeader = layout("mode subpage header", 4, {
  savable: bit(0, 7),
  subpageFormat: bit(0, 6),
  pageCode: bits(0, 5, 0),
  subpageCode: uint(1, 1),
  pageLength: uint(2, 2),
});

/** Codes that ask for many pages: SPC-4. */
export const allModePages = { page: 0x3f, subpages: 0xff } as const;

const header = (code: number, pageLength: number) =>
  ({ pageCode: bits(0, 5, 0, { always: code }), pageLength: uint(1, 1, { always: pageLength }) }) as const;

/** Disconnect-reconnect mode page 02h: SPC-4. */
export const DisconnectPage = layout("disconnect-reconnect mode page", 16, {
  ...header(0x02, 0x0e),
  bufferFullRatio: uint(2, 1),
  bufferEmptyRatio: uint(3, 1),
  busInactivityLimit: uint(4, 2),
  disconnectTimeLimit: uint(6, 2),
  connectTimeLimit: uint(8, 2),
  maximumBurstSize: uint(10, 2),
  enableModifyPointers: bit(12, 7),
  firstBurstSize: uint(14, 2),
});

/** Control mode page 0Ah: SPC-4. */
export const ControlPage = layout("control mode page", 12, {
  ...header(0x0a, 0x0a),
  taskSetType: bits(2, 7, 5),
  descriptorSense: bit(2, 2),
  globalLoggingDisable: bit(2, 1),
  reportLogExceptions: bit(2, 0),
  queueAlgorithm: bits(3, 7, 4),
  noUnitAttentionOnRelease: bit(3, 3),
  queueErrorManagement: bits(3, 2, 1),
  attentionInterlock: bits(4, 5, 4),
  softwareWriteProtect: bit(4, 3),
  taskAbortedStatus: bit(5, 6),
  autoload: bits(5, 2, 0),
  busyTimeout: uint(8, 2),
  selfTestSeconds: uint(10, 2),
});

/** Power condition mode page 1Ah, in the short form of SPC-3. */
export const PowerConditionPage = layout("power condition mode page", 12, {
  ...header(0x1a, 0x0a),
  idle: bit(3, 1),
  standby: bit(3, 0),
  idleTimer: uint(4, 4),
  standbyTimer: uint(8, 4),
});

/** Informational exceptions control mode page 1Ch: SPC-4, SSC-4. */
export const InformationalExceptionsPage = layout("informational exceptions control mode page", 12, {
  ...header(0x1c, 0x0a),
  performance: bit(2, 7),
  enableBackground: bit(2, 5),
  enableWarning: bit(2, 4),
  disableExceptions: bit(2, 3),
  test: bit(2, 2),
  backgroundErrors: bit(2, 1),
  logErrors: bit(2, 0),
  reportingMethod: bits(3, 3, 0),
  intervalTimer: uint(4, 4),
  reportCount: uint(8, 4),
});

// SPDX-License-Identifier: Apache-2.0
// CDBs of the commands that every unit has, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import {
  TestUnitReady,
  RequestSense,
  Inquiry,
  ModeSelect6,
  ModeSelect10,
  ModeSense6,
  ModeSense10,
  Reserve6,
  Release6,
  Reserve10,
  Release10,
  ReceiveDiagnosticResults,
  SendDiagnostic,
  PreventAllowMediumRemoval,
  LogSelect,
  LogSense,
  PersistentReserveInReadKeys,
  PersistentReserveInReadReservation,
  PersistentReserveInReportCapabilities,
  PersistentReserveInReadFullStatus,
  PersistentReserveOutRegister,
  PersistentReserveOutReserve,
  PersistentReserveOutRelease,
  PersistentReserveOutClear,
  PersistentReserveOutPreempt,
  PersistentReserveOutPreemptAndAbort,
  PersistentReserveOutRegisterAndIgnore,
  PersistentReserveOutRegisterAndMove,
  ReportLuns,
  ReportSupportedOperationCodes,
  ReportSupportedTaskManagementFunctions,
  ReportTimestamp,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(TestUnitReady, [{ source: "SPC-4", hex: "00000000 0000", value: { control: 0 } }]);

goldenVectors(RequestSense, [
  {
    source: "SPC-4: descriptor format, 252 bytes",
    hex: "03010000 fc00",
    value: { descriptorFormat: true, allocationLength: 0xfc, control: 0 },
  },
]);

goldenVectors(Inquiry, [
  {
    source: "SPC-4: VPD page 83h, 252 bytes",
    hex: "12018300 fc00",
    value: { vitalProductData: true, pageCode: 0x83, allocationLength: 0xfc, control: 0 },
  },
]);

goldenVectors(ModeSelect6, [
  {
    source: "SPC-4: PF and 12 bytes, header and block descriptor, what st sends",
    hex: "15100000 0c00",
    value: { pageFormat: true, savePages: false, parameterListLength: 12, control: 0 },
  },
]);

goldenVectors(ModeSelect10, [
  {
    source: "SPC-4: PF and 28 bytes",
    hex: "55100000 00000000 1c00",
    value: { pageFormat: true, savePages: false, parameterListLength: 0x1c, control: 0 },
  },
]);

goldenVectors(ModeSense6, [
  {
    source: "SPC-4: page 1Dh without block descriptor, 24 bytes, as CTA asks",
    hex: "1a081d00 1800",
    value: {
      disableBlockDescriptors: true,
      pageControl: 0,
      pageCode: 0x1d,
      subpageCode: 0,
      allocationLength: 0x18,
      control: 0,
    },
  },
  {
    source: "SPC-4: page 0, 12 bytes, what st asks on open",
    hex: "1a000000 0c00",
    value: {
      disableBlockDescriptors: false,
      pageControl: 0,
      pageCode: 0,
      subpageCode: 0,
      allocationLength: 12,
      control: 0,
    },
  },
]);

goldenVectors(ModeSense10, [
  {
    source: "SPC-4: all pages and subpages, 4096 bytes",
    hex: "5a003fff 00000010 0000",
    value: {
      longLbaAccepted: false,
      disableBlockDescriptors: false,
      pageControl: 0,
      pageCode: 0x3f,
      subpageCode: 0xff,
      allocationLength: 0x1000,
      control: 0,
    },
  },
]);

goldenVectors(Reserve6, [
  {
    source: "SPC-2: third-party form",
    hex: "161a0700 0800",
    value: { thirdParty: true, thirdPartyId: 5, partial: false, reservationId: 7, parameterListLength: 8, control: 0 },
  },
]);

goldenVectors(Release6, [
  {
    source: "SPC-2, extent form",
    hex: "17010700 0000",
    value: { thirdParty: false, thirdPartyId: 0, partial: true, reservationId: 7, parameterListLength: 0, control: 0 },
  },
]);

goldenVectors(Reserve10, [
  {
    source: "SPC-2, third-party form with long identifier",
    hex: "56120705 00000000 0800",
    value: {
      thirdParty: true,
      longId: true,
      partial: false,
      reservationId: 7,
      thirdPartyId: 5,
      parameterListLength: 8,
      control: 0,
    },
  },
]);

goldenVectors(Release10, [
  {
    source: "SPC-2: third-party form",
    hex: "57100705 00000000 0000",
    value: {
      thirdParty: true,
      longId: false,
      partial: false,
      reservationId: 7,
      thirdPartyId: 5,
      parameterListLength: 0,
      control: 0,
    },
  },
]);

goldenVectors(ReceiveDiagnosticResults, [
  {
    source: "SPC-4: page 00h, 4095 bytes",
    hex: "1c01000f ff00",
    value: { pageCodeValid: true, pageCode: 0, allocationLength: 0xfff, control: 0 },
  },
]);

goldenVectors(SendDiagnostic, [
  {
    source: "SPC-4: default self-test",
    hex: "1d040000 0000",
    value: {
      selfTestCode: 0,
      pageFormat: false,
      selfTest: true,
      deviceOffline: false,
      unitOffline: false,
      parameterListLength: 0,
      control: 0,
    },
  },
  {
    source: "SPC-4, extended background self-test",
    hex: "1d400000 0000",
    value: {
      selfTestCode: 2,
      pageFormat: false,
      selfTest: false,
      deviceOffline: false,
      unitOffline: false,
      parameterListLength: 0,
      control: 0,
    },
  },
]);

goldenVectors(PreventAllowMediumRemoval, [
  { source: "SPC-4: prevent", hex: "1e000000 0100", value: { prevent: 1, control: 0 } },
]);

goldenVectors(LogSelect, [
  {
    source: "SPC-4: PCR, PC=3, page 32h, what CTA sends to reset it",
    hex: "4c02f200 00000000 0000",
    value: {
      parameterCodeReset: true,
      saveParameters: false,
      pageControl: 3,
      pageCode: 0x32,
      subpageCode: 0,
      parameterListLength: 0,
      control: 0,
    },
  },
]);

goldenVectors(LogSense, [
  {
    source: "SPC-4: page 2Eh, cumulative, 16 KiB",
    hex: "4d006e00 00000040 0000",
    value: {
      parameterPointerControl: false,
      saveParameters: false,
      pageControl: 1,
      pageCode: 0x2e,
      subpageCode: 0,
      parameterPointer: 0,
      allocationLength: 0x4000,
      control: 0,
    },
  },
  {
    source: "SPC-4 with a parameter pointer",
    hex: "4d0051ff 00010001 0000",
    value: {
      parameterPointerControl: false,
      saveParameters: false,
      pageControl: 1,
      pageCode: 0x11,
      subpageCode: 0xff,
      parameterPointer: 0x100,
      allocationLength: 0x100,
      control: 0,
    },
  },
]);

goldenVectors(PersistentReserveInReadKeys, [
  { source: "SPC-4: 8192 bytes", hex: "5e000000 00000020 0000", value: { allocationLength: 0x2000, control: 0 } },
]);

goldenVectors(PersistentReserveInReadReservation, [
  { source: "SPC-4: 8192 bytes", hex: "5e010000 00000020 0000", value: { allocationLength: 0x2000, control: 0 } },
]);

goldenVectors(PersistentReserveInReportCapabilities, [
  { source: "SPC-4: 8192 bytes", hex: "5e020000 00000020 0000", value: { allocationLength: 0x2000, control: 0 } },
]);

goldenVectors(PersistentReserveInReadFullStatus, [
  {
    source: "SPC-4: F8h bytes, what LTFS asks",
    hex: "5e030000 00000000 f800",
    value: { allocationLength: 0xf8, control: 0 },
  },
]);

goldenVectors(PersistentReserveOutRegister, [
  {
    source: "SPC-4: 24 bytes",
    hex: "5f000000 00000000 1800",
    value: { scope: 0, type: 0, parameterListLength: 0x18, control: 0 },
  },
]);

goldenVectors(PersistentReserveOutReserve, [
  {
    source: "SPC-4: exclusive access",
    hex: "5f010300 00000000 1800",
    value: { scope: 0, type: 3, parameterListLength: 0x18, control: 0 },
  },
]);

goldenVectors(PersistentReserveOutRelease, [
  {
    source: "SPC-4: exclusive access",
    hex: "5f020300 00000000 1800",
    value: { scope: 0, type: 3, parameterListLength: 0x18, control: 0 },
  },
]);

goldenVectors(PersistentReserveOutClear, [
  {
    source: "SPC-4: 24 bytes",
    hex: "5f030000 00000000 1800",
    value: { scope: 0, type: 0, parameterListLength: 0x18, control: 0 },
  },
]);

goldenVectors(PersistentReserveOutPreempt, [
  {
    source: "SPC-4: exclusive access, all registrants",
    hex: "5f040800 00000000 1800",
    value: { scope: 0, type: 8, parameterListLength: 0x18, control: 0 },
  },
]);

goldenVectors(PersistentReserveOutPreemptAndAbort, [
  {
    source: "SPC-4: exclusive access, what LTFS sends to take a drive over",
    hex: "5f050300 00000000 1800",
    value: { scope: 0, type: 3, parameterListLength: 0x18, control: 0 },
  },
]);

goldenVectors(PersistentReserveOutRegisterAndIgnore, [
  {
    source: "SPC-4: 24 bytes, what LTFS sends on open",
    hex: "5f060000 00000000 1800",
    value: { scope: 0, type: 0, parameterListLength: 0x18, control: 0 },
  },
]);

goldenVectors(PersistentReserveOutRegisterAndMove, [
  {
    source: "SPC-4 with a list of 80 bytes",
    hex: "5f070300 00000000 5000",
    value: { scope: 0, type: 3, parameterListLength: 0x50, control: 0 },
  },
]);

goldenVectors(ReportLuns, [
  {
    source: "SPC-4: 8192 bytes",
    hex: "a0000000 00000000 20000000",
    value: { selectReport: 0, allocationLength: 0x2000, control: 0 },
  },
]);

goldenVectors(ReportSupportedOperationCodes, [
  {
    source: "SPC-4: all with timeouts, 4 KiB, what LTFS asks on open",
    hex: "a30c8000 00000000 10000000",
    value: {
      returnTimeouts: true,
      reportingOptions: 0,
      requestedOpcode: 0,
      requestedServiceAction: 0,
      allocationLength: 0x1000,
      control: 0,
    },
  },
  {
    source: "SPC-4: operation code 34h with service action 6",
    hex: "a30c0234 00060000 20000000",
    value: {
      returnTimeouts: false,
      reportingOptions: 2,
      requestedOpcode: 0x34,
      requestedServiceAction: 6,
      allocationLength: 0x2000,
      control: 0,
    },
  },
]);

goldenVectors(ReportSupportedTaskManagementFunctions, [
  {
    source: "SPC-4: extended, 16 bytes",
    hex: "a30d8000 00000000 00100000",
    value: { extended: true, allocationLength: 0x10, control: 0 },
  },
]);

goldenVectors(ReportTimestamp, [
  { source: "SPC-4: 252 bytes", hex: "a30f0000 00000000 00fc0000", value: { allocationLength: 0xfc, control: 0 } },
]);

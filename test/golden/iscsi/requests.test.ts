// SPDX-License-Identifier: Apache-2.0
// Headers that initiators send. Captured where a real initiator (libiscsi 1.19, talking to tgt 1.0.85) sends them; the
// rest is laid out by hand along the figures of RFC 7143.

import {
  BasicHeader,
  DataOut,
  LoginRequest,
  LogoutRequest,
  NopOut,
  ScsiCommand,
  SnackRequest,
  TaskManagementRequest,
  TextRequest,
} from "#iscsi/index.ts";
import { bytesFromHex } from "#base/index.ts";
import { goldenVectors } from "../vector.ts";

const libiscsi = (what: string): string => `capture of libiscsi 1.19: ${what}`;
const none = { additionalHeaderWords: 0, dataLength: 0 };
const unit1 = { lunFirstLevel: 1, lunRest: 0 };
const unit0 = { lunFirstLevel: 0, lunRest: 0 };

// The shared part alone has no PDU of its own; the vector fills nothing else.
goldenVectors(BasicHeader, [
  {
    source: "RFC 7143 section 11.2.1, figure, by hand: an immediate PDU with opcode 3Fh, two words of AHS, 16 MiB - 1",
    hex: "7f 80 0000 02 ffffff 00000000 00000000 12345678 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
    value: {
      immediate: true,
      opcode: 0x3f,
      isFinal: true,
      additionalHeaderWords: 2,
      dataLength: 0xff_ffff,
      initiatorTaskTag: 0x1234_5678,
    },
  },
]);

goldenVectors(NopOut, [
  {
    source: libiscsi("NOP-Out with 7 bytes"),
    hex: "00800000 00000007 00000000 00000000 6c16a098 ffffffff 19c335db 00000003 00000000 00000000 00000000 00000000",
    value: {
      immediate: false,
      additionalHeaderWords: 0,
      dataLength: 7,
      ...unit0,
      initiatorTaskTag: 0x6c16_a098,
      targetTransferTag: 0xffff_ffff,
      cmdSn: 0x19c3_35db,
      expStatSn: 3,
    },
  },
]);

goldenVectors(ScsiCommand, [
  {
    source: "RFC 3720 appendix B.4, an iSCSI SCSI Read (10) Command PDU",
    hex: "01c00000 00000000 00000000 00000000 14000000 00000400 00000014 00000018 28000000 00000000 02000000 00000000",
    value: {
      immediate: false,
      isFinal: true,
      isRead: true,
      isWrite: false,
      attribute: 0,
      ...none,
      ...unit0,
      initiatorTaskTag: 0x1400_0000,
      expectedLength: 0x400,
      cmdSn: 0x14,
      expStatSn: 0x18,
      cdb: bytesFromHex("28000000 00000000 02000000 00000000"),
    },
  },
  {
    source: libiscsi("WRITE(6) of 64 KiB with 8 KiB of immediate data"),
    hex: "01a10000 00002000 00010000 00000000 5f7f225a 00010000 2ccea6e0 00000005 0a000100 00000000 00000000 00000000",
    value: {
      immediate: false,
      isFinal: true,
      isRead: false,
      isWrite: true,
      attribute: 1,
      additionalHeaderWords: 0,
      dataLength: 8192,
      ...unit1,
      initiatorTaskTag: 0x5f7f_225a,
      expectedLength: 65_536,
      cmdSn: 0x2cce_a6e0,
      expStatSn: 5,
      cdb: bytesFromHex("0a000100 00000000 00000000 00000000"),
    },
  },
]);

goldenVectors(TaskManagementRequest, [
  {
    source: libiscsi("LOGICAL UNIT RESET, immediate"),
    hex: "42850000 00000000 00010000 00000000 6c16a099 ffffffff 19c335dc 00000004 00000000 00000000 00000000 00000000",
    value: {
      immediate: true,
      function: 5,
      ...none,
      ...unit1,
      initiatorTaskTag: 0x6c16_a099,
      referencedTaskTag: 0xffff_ffff,
      cmdSn: 0x19c3_35dc,
      expStatSn: 4,
      refCmdSn: 0,
      expDataSn: 0,
    },
  },
  {
    source: libiscsi("ABORT TASK of a task that does not exist"),
    hex: "42810000 00000000 00010000 00000000 6c16a09a 00001234 19c335dc 00000005 00000007 00000000 00000000 00000000",
    value: {
      immediate: true,
      function: 1,
      ...none,
      ...unit1,
      initiatorTaskTag: 0x6c16_a09a,
      referencedTaskTag: 0x1234,
      cmdSn: 0x19c3_35dc,
      expStatSn: 5,
      refCmdSn: 7,
      expDataSn: 0,
    },
  },
]);

goldenVectors(LoginRequest, [
  {
    source: libiscsi("login to a normal session, stage 1 to 3"),
    hex: "43870000 00000193 808f676a 00000000 6c16a095 00000000 19c335d9 00000001 00000000 00000000 00000000 00000000",
    value: {
      transit: true,
      isContinued: false,
      currentStage: 1,
      nextStage: 3,
      versionMax: 0,
      versionMin: 0,
      additionalHeaderWords: 0,
      dataLength: 0x193,
      isid: 0x808f_676a_0000,
      tsih: 0,
      initiatorTaskTag: 0x6c16_a095,
      cid: 0,
      cmdSn: 0x19c3_35d9,
      expStatSn: 1,
    },
  },
]);

goldenVectors(TextRequest, [
  {
    source: libiscsi("SendTargets=All"),
    hex: "44800000 00000010 00000000 00000000 29f94ef2 ffffffff 5324d532 00000001 00000000 00000000 00000000 00000000",
    value: {
      immediate: true,
      isFinal: true,
      isContinued: false,
      additionalHeaderWords: 0,
      dataLength: 16,
      ...unit0,
      initiatorTaskTag: 0x29f9_4ef2,
      targetTransferTag: 0xffff_ffff,
      cmdSn: 0x5324_d532,
      expStatSn: 1,
    },
  },
]);

goldenVectors(DataOut, [
  {
    source: libiscsi("the second Data-Out that an R2T asked for"),
    hex: "05000000 00002000 00010000 00000000 5f7f225a 207029a3 00000000 00000006 00000000 00000001 00004000 00000000",
    value: {
      isFinal: false,
      additionalHeaderWords: 0,
      dataLength: 8192,
      ...unit1,
      initiatorTaskTag: 0x5f7f_225a,
      targetTransferTag: 0x2070_29a3,
      expStatSn: 6,
      dataSn: 1,
      bufferOffset: 0x4000,
    },
  },
  {
    source: libiscsi("the last Data-Out that an R2T asked for"),
    hex: "05800000 00002000 00010000 00000000 5f7f225a 207029a3 00000000 00000006 00000000 00000006 0000e000 00000000",
    value: {
      isFinal: true,
      additionalHeaderWords: 0,
      dataLength: 8192,
      ...unit1,
      initiatorTaskTag: 0x5f7f_225a,
      targetTransferTag: 0x2070_29a3,
      expStatSn: 6,
      dataSn: 6,
      bufferOffset: 0xe000,
    },
  },
]);

goldenVectors(LogoutRequest, [
  {
    source: libiscsi("close the session"),
    hex: "46800000 00000000 00000000 00000000 29f94ef3 00000000 5324d532 00000002 00000000 00000000 00000000 00000000",
    value: {
      immediate: true,
      reason: 0,
      ...none,
      initiatorTaskTag: 0x29f9_4ef3,
      cid: 0,
      cmdSn: 0x5324_d532,
      expStatSn: 2,
    },
  },
]);

goldenVectors(SnackRequest, [
  {
    source: "RFC 7143 section 11.16, figure, by hand: status SNACK for two responses from StatSN 5 on",
    hex: "10810000 00000000 00000000 00000000 ffffffff ffffffff 00000000 00000005 00000000 00000000 00000005 00000002",
    value: {
      type: 1,
      ...none,
      ...unit0,
      initiatorTaskTag: 0xffff_ffff,
      targetTransferTag: 0xffff_ffff,
      expStatSn: 5,
      beginRun: 5,
      runLength: 2,
    },
  },
]);

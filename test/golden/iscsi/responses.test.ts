// SPDX-License-Identifier: Apache-2.0
// Headers that targets send. Captured where a real target (tgt 1.0.85, asked by libiscsi 1.19) sends them; the rest is
// laid out by hand along the figures of RFC 7143.

import {
  AsyncMessage,
  DataIn,
  LoginResponse,
  LogoutResponse,
  NopIn,
  ReadyToTransfer,
  Reject,
  ScsiResponse,
  TaskManagementResponse,
  TextResponse,
} from "#iscsi/index.ts";
import { goldenVectors } from "../vector.ts";

const tgt = (what: string): string => `capture of tgt 1.0.85: ${what}`;
const none = { additionalHeaderWords: 0, dataLength: 0 };
const unit0 = { lunFirstLevel: 0, lunRest: 0 };
const exact = { readOverflow: false, readUnderflow: false, overflow: false, underflow: false };

goldenVectors(NopIn, [
  {
    source: tgt("the answer to a NOP-Out of 7 bytes"),
    hex: "20800000 00000007 00000000 00000000 6c16a098 ffffffff 00000003 19c335dc 19c3365c 00000000 00000000 00000000",
    value: {
      additionalHeaderWords: 0,
      dataLength: 7,
      ...unit0,
      initiatorTaskTag: 0x6c16_a098,
      targetTransferTag: 0xffff_ffff,
      statSn: 3,
      expCmdSn: 0x19c3_35dc,
      maxCmdSn: 0x19c3_365c,
    },
  },
]);

goldenVectors(ScsiResponse, [
  {
    source: tgt("CHECK CONDITION with 18 bytes of sense data"),
    hex: "21800002 00000014 00000000 00000000 6c16a096 00000000 00000001 19c335da 19c3365a 00000000 00000000 00000000",
    value: {
      ...exact,
      response: 0,
      status: 2,
      additionalHeaderWords: 0,
      dataLength: 20,
      initiatorTaskTag: 0x6c16_a096,
      snackTag: 0,
      statSn: 1,
      expCmdSn: 0x19c3_35da,
      maxCmdSn: 0x19c3_365a,
      expDataSn: 0,
      readResidualCount: 0,
      residualCount: 0,
    },
  },
  {
    source: "RFC 7143 section 11.4, figure, by hand: GOOD, 16 bytes fewer than expected",
    hex: "21820000 00000000 00000000 00000000 00000009 00000000 00000010 00000020 00000030 00000001 00000000 00000010",
    value: {
      ...exact,
      underflow: true,
      response: 0,
      status: 0,
      ...none,
      initiatorTaskTag: 9,
      snackTag: 0,
      statSn: 0x10,
      expCmdSn: 0x20,
      maxCmdSn: 0x30,
      expDataSn: 1,
      readResidualCount: 0,
      residualCount: 16,
    },
  },
  {
    source: "RFC 7143 section 11.4, figure, by hand: BUSY, write overflow of 1, read overflow of 2",
    hex: "21940008 00000000 00000000 00000000 00000009 00000000 00000010 00000020 00000030 00000000 00000002 00000001",
    value: {
      readOverflow: true,
      readUnderflow: false,
      overflow: true,
      underflow: false,
      response: 0,
      status: 8,
      ...none,
      initiatorTaskTag: 9,
      snackTag: 0,
      statSn: 0x10,
      expCmdSn: 0x20,
      maxCmdSn: 0x30,
      expDataSn: 0,
      readResidualCount: 2,
      residualCount: 1,
    },
  },
]);

goldenVectors(TaskManagementResponse, [
  {
    source: tgt("the task to abort does not exist"),
    hex: "22800100 00000000 00000000 00000000 6c16a09a 00000000 00000005 19c335dc 19c3365c 00000000 00000000 00000000",
    value: {
      response: 1,
      ...none,
      initiatorTaskTag: 0x6c16_a09a,
      statSn: 5,
      expCmdSn: 0x19c3_35dc,
      maxCmdSn: 0x19c3_365c,
    },
  },
]);

goldenVectors(LoginResponse, [
  {
    source: tgt("a login that ends in full-feature phase"),
    hex: "23870000 0000012c 808f676a 00000600 6c16a095 00000000 00000000 19c335d9 19c335da 00000000 00000000 00000000",
    value: {
      transit: true,
      isContinued: false,
      currentStage: 1,
      nextStage: 3,
      versionMax: 0,
      versionActive: 0,
      additionalHeaderWords: 0,
      dataLength: 0x12c,
      isid: 0x808f_676a_0000,
      tsih: 0x600,
      initiatorTaskTag: 0x6c16_a095,
      statSn: 0,
      expCmdSn: 0x19c3_35d9,
      maxCmdSn: 0x19c3_35da,
      status: 0,
    },
  },
  {
    source: "RFC 7143 section 11.13, figure, by hand: authentication failure",
    hex: "23000000 00000000 00023d01 00020000 00000001 00000000 00000002 00000003 00000003 02010000 00000000 00000000",
    value: {
      transit: false,
      isContinued: false,
      currentStage: 0,
      nextStage: 0,
      versionMax: 0,
      versionActive: 0,
      ...none,
      isid: 0x0002_3d01_0002,
      tsih: 0,
      initiatorTaskTag: 1,
      statSn: 2,
      expCmdSn: 3,
      maxCmdSn: 3,
      status: 0x0201,
    },
  },
]);

goldenVectors(TextResponse, [
  {
    source: tgt("the answer to SendTargets=All"),
    hex: "24800000 00000044 00000000 00000000 29f94ef2 ffffffff 00000001 5324d532 5324d533 00000000 00000000 00000000",
    value: {
      isFinal: true,
      isContinued: false,
      additionalHeaderWords: 0,
      dataLength: 0x44,
      ...unit0,
      initiatorTaskTag: 0x29f9_4ef2,
      targetTransferTag: 0xffff_ffff,
      statSn: 1,
      expCmdSn: 0x5324_d532,
      maxCmdSn: 0x5324_d533,
    },
  },
]);

goldenVectors(DataIn, [
  {
    source: tgt("64 bytes of INQUIRY data with status GOOD"),
    hex: "25810000 00000040 00000000 00000000 7d161e43 ffffffff 00000003 20115e2f 20115eaf 00000000 00000000 00000000",
    value: {
      isFinal: true,
      acknowledge: false,
      overflow: false,
      underflow: false,
      hasStatus: true,
      status: 0,
      additionalHeaderWords: 0,
      dataLength: 64,
      ...unit0,
      initiatorTaskTag: 0x7d16_1e43,
      targetTransferTag: 0xffff_ffff,
      statSn: 3,
      expCmdSn: 0x2011_5e2f,
      maxCmdSn: 0x2011_5eaf,
      dataSn: 0,
      bufferOffset: 0,
      residualCount: 0,
    },
  },
]);

goldenVectors(ReadyToTransfer, [
  {
    source: tgt("asks for the 56 KiB behind 8 KiB of immediate data"),
    hex: "31800000 00000000 00010000 00000000 5f7f225a 207029a3 00000005 2ccea6e1 2ccea761 00000000 00002000 0000e000",
    value: {
      ...none,
      lunFirstLevel: 1,
      lunRest: 0,
      initiatorTaskTag: 0x5f7f_225a,
      targetTransferTag: 0x2070_29a3,
      statSn: 5,
      expCmdSn: 0x2cce_a6e1,
      maxCmdSn: 0x2cce_a761,
      r2tSn: 0,
      bufferOffset: 0x2000,
      desiredLength: 0xe000,
    },
  },
]);

goldenVectors(LogoutResponse, [
  {
    source: tgt("the session is closed"),
    hex: "26800000 00000000 00000000 00000000 6c16a09b 00000000 00000006 19c335dc 19c3365c 00000000 00000000 00000000",
    value: {
      response: 0,
      ...none,
      initiatorTaskTag: 0x6c16_a09b,
      statSn: 6,
      expCmdSn: 0x19c3_35dc,
      maxCmdSn: 0x19c3_365c,
      timeToWait: 0,
      timeToRetain: 0,
    },
  },
]);

goldenVectors(AsyncMessage, [
  {
    source: "RFC 7143 section 11.9, figure, by hand: logout is requested within 20 seconds",
    hex: "32800000 00000000 00000000 00000000 ffffffff 00000000 00000007 00000008 00000018 01000000 00000014 00000000",
    value: {
      ...none,
      ...unit0,
      initiatorTaskTag: 0xffff_ffff,
      statSn: 7,
      expCmdSn: 8,
      maxCmdSn: 0x18,
      event: 1,
      vendorCode: 0,
      parameter1: 0,
      parameter2: 0,
      parameter3: 20,
    },
  },
]);

goldenVectors(Reject, [
  {
    source: "RFC 7143 section 11.17, figure, by hand: SNACK is refused; the rejected header follows",
    hex: "3f800300 00000030 00000000 00000000 ffffffff 00000000 00000007 00000008 00000018 00000000 00000000 00000000",
    value: {
      reason: 3,
      additionalHeaderWords: 0,
      dataLength: 48,
      initiatorTaskTag: 0xffff_ffff,
      statSn: 7,
      expCmdSn: 8,
      maxCmdSn: 0x18,
      dataSn: 0,
    },
  },
]);

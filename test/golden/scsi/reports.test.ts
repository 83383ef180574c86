// SPDX-License-Identifier: Apache-2.0
// REPORT LUNS, supported commands, timestamp, in bytes. The bytes are laid out by hand from the tables
// of the standards that each vector names.

import {
  LunsHeader,
  LunEntry,
  AllCommandsHeader,
  CommandDescriptor,
  TimeoutsDescriptor,
  OneCommandHeader,
  TaskManagementSupport,
  Timestamp,
} from "#scsi/index.ts";
import { goldenVectors } from "../vector.ts";

goldenVectors(LunsHeader, [{ source: "SPC-4: two units", hex: "00000010 00000000", value: { listLength: 0x10 } }]);

goldenVectors(LunEntry, [
  { source: "SPC-4: peripheral device LUN 1", hex: "00010000 00000000", value: { lun: 0x1000000000000n } },
]);

goldenVectors(AllCommandsHeader, [
  { source: "SPC-4: 30 commands", hex: "000000f0", value: { commandDataLength: 0xf0 } },
]);

goldenVectors(CommandDescriptor, [
  {
    source: "SPC-4: READ POSITION long form with timeouts",
    hex: "34000006 0003000a",
    value: { opcode: 0x34, serviceAction: 6, timeoutsPresent: true, serviceActionValid: true, cdbLength: 10 },
  },
]);

goldenVectors(TimeoutsDescriptor, [
  {
    source: "SPC-4: 60 and 1500 seconds",
    hex: "000a0000 0000003c 000005dc",
    value: { commandSpecific: 0, nominal: 0x3c, recommended: 0x5dc },
  },
]);

goldenVectors(OneCommandHeader, [
  {
    source: "SPC-4: supported, 6 bytes, with timeouts",
    hex: "00830006",
    value: { timeoutsPresent: true, support: 3, cdbLength: 6 },
  },
]);

goldenVectors(TaskManagementSupport, [
  {
    source: "SPC-4, long form",
    hex: "da01000c 00000000 00000000 00000000",
    value: {
      abortTask: true,
      abortTaskSet: true,
      clearAca: false,
      clearTaskSet: true,
      unitReset: true,
      queryTask: false,
      targetReset: true,
      queryEvent: false,
      queryTaskSet: false,
      nexusReset: true,
      additionalLength: 12,
    },
  },
]);

goldenVectors(Timestamp, [
  {
    source: "SPC-4: 2023-11-14 22:13:20 UTC",
    hex: "000a0300 018bcfe5 68000000",
    value: { origin: 3, timestamp: 0x18bcfe56800 },
  },
]);

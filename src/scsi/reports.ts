// SPDX-License-Identifier: Apache-2.0
// What the reporting commands of SPC-4 answer: REPORT LUNS, REPORT SUPPORTED OPERATION CODES, REPORT SUPPORTED TASK
// MANAGEMENT FUNCTIONS, REPORT TIMESTAMP.

import { assert } from "#base/index.ts";
import { bit, bits, layout, uint, uint64 } from "#codec/index.ts";

/** REPORT LUNS data header: SPC-4. */
export const LunsHeader = layout("REPORT LUNS header", 8, { listLength: uint(0, 4) });
/** One entry of REPORT LUNS. */
export const LunEntry = layout("REPORT LUNS entry", 8, { lun: uint64(0) });

/** A LUN in single-level form: peripheral addressing below 256, flat above. SAM-5. */
export function encodeLun(lun: number): Uint8Array {
  assert(Number.isInteger(lun) && lun >= 0 && lun < 0x4000, `a LUN below 16384, not ${lun}`);
  const address = lun < 0x100 ? lun : 0x4000 | lun;
  return LunEntry.encode({ lun: BigInt(address) << 48n });
}

/** All_commands parameter data header: SPC-4. */
export const AllCommandsHeader = layout("all commands header", 4, { commandDataLength: uint(0, 4) });

/** Command descriptor: SPC-4. */
export const CommandDescriptor = layout("command descriptor", 8, {
  opcode: uint(0, 1),
  serviceAction: uint(2, 2),
  /** CTDP: a timeouts descriptor follows. */
  timeoutsPresent: bit(5, 1),
  serviceActionValid: bit(5, 0),
  cdbLength: uint(6, 2),
});

/** Command timeouts descriptor: SPC-4. */
export const TimeoutsDescriptor = layout("command timeouts descriptor", 12, {
  length: uint(0, 2, { always: 0x0a }),
  commandSpecific: uint(3, 1),
  nominal: uint(4, 4),
  recommended: uint(8, 4),
});

/** One_command parameter data without the usage bytes: SPC-4. */
export const OneCommandHeader = layout("one command header", 4, {
  timeoutsPresent: bit(1, 7),
  /** 1: not supported; 3: supported as the standard says. */
  support: bits(1, 2, 0),
  cdbLength: uint(2, 2),
});

/** REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS data: SPC-4. */
export const TaskManagementSupport = layout("supported task management functions", 16, {
  abortTask: bit(0, 7),
  abortTaskSet: bit(0, 6),
  clearAca: bit(0, 5),
  clearTaskSet: bit(0, 4),
  unitReset: bit(0, 3),
  queryTask: bit(0, 2),
  targetReset: bit(0, 1),
  queryEvent: bit(1, 2),
  queryTaskSet: bit(1, 1),
  nexusReset: bit(1, 0),
  /** Bytes behind this one: 0 in the short form of 4 bytes. */
  additionalLength: uint(3, 1),
});

/** REPORT TIMESTAMP data: SPC-4. */
export const Timestamp = layout("REPORT TIMESTAMP data", 12, {
  length: uint(0, 2, { always: 0x0a }),
  /** 0: zero at power on; 2: set by SET TIMESTAMP; 3: set by a method beyond the standard. */
  origin: bits(2, 2, 0),
  /** Milliseconds since 1970-01-01 UTC. */
  timestamp: uint(4, 6),
});

/** One logical unit that is not there: INQUIRY byte 0 for PERIPHERAL QUALIFIER 3, type 1Fh. SPC-4. */
export const absentUnit = { qualifier: 3, deviceType: 0x1f } as const;

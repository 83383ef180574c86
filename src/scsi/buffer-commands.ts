// SPDX-License-Identifier: Apache-2.0
// READ BUFFER, WRITE BUFFER and SET TIMESTAMP, which every unit has: SPC-4. Beside them the bytes that they carry.

import { bit, bits, layout, uint } from "#codec/index.ts";
import { timeouts, type CommandRow, type CommandTable } from "./command-row.ts";

/** READ BUFFER: SPC-4. */
export const ReadBuffer = layout("READ BUFFER", 10, {
  opcode: uint(0, 1, { always: 0x3c }),
  modeSpecific: bits(1, 7, 5),
  mode: bits(1, 4, 0),
  bufferId: uint(2, 1),
  bufferOffset: uint(3, 3),
  allocationLength: uint(6, 3),
  control: uint(9, 1),
});

/** WRITE BUFFER: SPC-4. */
export const WriteBuffer = layout("WRITE BUFFER", 10, {
  opcode: uint(0, 1, { always: 0x3b }),
  modeSpecific: bits(1, 7, 5),
  mode: bits(1, 4, 0),
  bufferId: uint(2, 1),
  bufferOffset: uint(3, 3),
  parameterListLength: uint(6, 3),
  control: uint(9, 1),
});

/** MODE of READ BUFFER and WRITE BUFFER: SPC-4. The modes that carry microcode are not offered. */
export const bufferModes = { combined: 0x00, data: 0x02, descriptor: 0x03, echo: 0x0a, echoDescriptor: 0x0b } as const;

/** Header of combined mode: SPC-4. */
export const BufferHeader = layout("READ BUFFER header", 4, { capacity: uint(1, 3) });

/** READ BUFFER descriptor: SPC-4. */
export const BufferDescriptor = layout("READ BUFFER descriptor", 4, {
  /** OFFSET BOUNDARY: offsets are multiples of two to this power. */
  offsetBoundary: uint(0, 1),
  capacity: uint(1, 3),
});

/** Echo buffer descriptor: SPC-4. */
export const EchoDescriptor = layout("echo buffer descriptor", 4, {
  /** EBOS: others do not overwrite it. */
  ownSpace: bit(0, 0),
  capacity: uint(2, 2),
});

/** SET TIMESTAMP: SPC-4. */
export const SetTimestamp = layout("SET TIMESTAMP", 12, {
  opcode: uint(0, 1, { always: 0xa4 }),
  serviceAction: bits(1, 4, 0, { always: 0x0f }),
  parameterListLength: uint(6, 4),
  control: uint(11, 1),
});

/** SET TIMESTAMP parameter data: SPC-4. */
export const TimestampParameters = layout("SET TIMESTAMP parameter data", 12, {
  /** Milliseconds since 1970-01-01 UTC. */
  timestamp: uint(4, 6),
});

const flags = {
  whileNotReady: true,
  whileAttention: false,
  underReserve: "conflict",
  underPersistent: "write",
  timeouts: timeouts.quick,
} as const satisfies Partial<CommandRow>;

/** The buffers and the clock of every unit. */
export const bufferCommands = {
  writeBuffer: { name: "WRITE BUFFER", opcode: 0x3b, cdb: WriteBuffer, data: "out", ...flags, standard: "SPC-4" },
  readBuffer: { name: "READ BUFFER", opcode: 0x3c, cdb: ReadBuffer, data: "in", ...flags, standard: "SPC-4" },
  setTimestamp: {
    name: "SET TIMESTAMP",
    opcode: 0xa4,
    serviceAction: 0x0f,
    cdb: SetTimestamp,
    data: "out",
    ...flags,
    standard: "SPC-4",
  },
} as const satisfies CommandTable;

// SPDX-License-Identifier: Apache-2.0
// Full-feature phase of the target, PDU by PDU: the order of commands, write data, task management, digests, and what
// becomes of PDUs that break the rules.

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes, minutes, seconds } from "#base/index.ts";
import { managementFunctions, managementResponses, noTag, rejectReasons } from "./codes.ts";
import {
  AsyncMessage,
  DataIn,
  DataOut,
  LogoutRequest,
  LogoutResponse,
  NopIn,
  NopOut,
  ReadyToTransfer,
  Reject,
  ScsiCommand,
  ScsiResponse,
  SnackRequest,
  TaskManagementRequest,
  TaskManagementResponse,
  TextRequest,
  TextResponse,
} from "./pdu-layouts.ts";
import { fakeCdb, fakeOpcodes, pattern } from "./session-harness.ts";
import type { TargetSettings } from "./settings.ts";
import { encodeText, type TextPair } from "./text.ts";
import { makeWorld, Wire, type SentPdu } from "./wire-harness.ts";

async function session(
  pairs: readonly TextPair[] = [],
  options: { readonly settings?: Partial<TargetSettings>; readonly cmdSn?: number; readonly firstStatSn?: number } = {},
): Promise<Wire> {
  const wire = new Wire(makeWorld(options.settings), options.firstStatSn);
  await wire.logInDirectly(pairs, { cmdSn: options.cmdSn ?? 1 });
  return wire;
}

const nothing = (cmdSn: number, initiatorTaskTag: number, immediate = false): Uint8Array =>
  ScsiCommand.encode({ isFinal: true, immediate, initiatorTaskTag, cmdSn, cdb: fakeCdb(fakeOpcodes.nothing) });

function write(size: number, fields: Partial<ScsiCommand> = {}): Uint8Array {
  return ScsiCommand.encode({
    isFinal: true,
    isWrite: true,
    initiatorTaskTag: 1,
    expectedLength: size,
    cmdSn: 1,
    cdb: fakeCdb(fakeOpcodes.write, size),
    ...fields,
  });
}

const tags = (pdus: readonly SentPdu[]): number[] =>
  pdus.map((pdu) => ScsiResponse.decode(pdu.header).initiatorTaskTag);
const accepted = (wire: Wire): number => wire.world.device.events.filter((event) => event.startsWith("accept")).length;

// ---- The order of commands

test("commands in a row are answered, each with the next StatSN and the window", async () => {
  const wire = await session();
  wire.send(nothing(1, 10));
  wire.send(nothing(2, 11));
  const pdus = await wire.take();
  assert.deepEqual(tags(pdus), [10, 11]);
  const [first, second] = pdus.map((pdu) => ScsiResponse.decode(pdu.header));
  assert.deepEqual([first?.statSn, second?.statSn], [2, 3]);
  assert.deepEqual([first?.expCmdSn, second?.expCmdSn], [2, 3]);
  assert.ok((first?.maxCmdSn ?? 0) >= 33);
});

test("a command below or above the window is dropped without a word", async () => {
  const wire = await session();
  wire.send(nothing(0, 10));
  wire.send(nothing(1_000_000, 11));
  wire.send(nothing(0xffff_ff00, 12));
  assert.deepEqual(await wire.take(), []);
  assert.equal(accepted(wire), 0);
  wire.send(nothing(1, 13));
  assert.deepEqual(tags(await wire.take()), [13]);
});

test("a hole in the numbers holds the commands behind it back, data included", async () => {
  const wire = await session([
    ["InitialR2T", "No"],
    ["FirstBurstLength", "8192"],
  ]);
  wire.send(nothing(3, 12));
  wire.send(write(3000, { cmdSn: 2, initiatorTaskTag: 11, isFinal: false }), pattern(1000));
  const rest = pattern(3000).slice(1000);
  const out = DataOut.encode({ isFinal: true, initiatorTaskTag: 11, targetTransferTag: noTag, bufferOffset: 1000 });
  wire.send(out, rest);
  assert.deepEqual(await wire.take(), []);
  assert.equal(accepted(wire), 0);
  wire.send(nothing(1, 10));
  assert.deepEqual(tags(await wire.take()), [10, 11, 12]);
  assert.ok(equalBytes(wire.world.device.written[0] ?? new Uint8Array(), pattern(3000)));
});

test("a number that comes twice is answered once", async () => {
  const wire = await session();
  wire.send(nothing(2, 11));
  wire.send(nothing(2, 12));
  wire.send(nothing(1, 10));
  wire.send(nothing(1, 13));
  assert.deepEqual(tags(await wire.take()), [10, 11]);
});

test("too much data behind a hole drops the connection", async () => {
  const wire = await session([["FirstBurstLength", "1048576"]]);
  for (let index = 0; index < 9; index++) {
    const cmdSn = 2 + index;
    wire.send(write(1_048_576, { cmdSn, initiatorTaskTag: cmdSn }), pattern(1_048_576));
  }
  assert.equal(wire.stream.isDestroyed, true);
});

test("immediate commands go ahead and take no number", async () => {
  const wire = await session();
  wire.send(nothing(1, 10, true));
  wire.send(nothing(1, 11, true));
  wire.send(nothing(1, 12));
  const pdus = await wire.take();
  assert.deepEqual(tags(pdus), [10, 11, 12]);
  assert.equal(ScsiResponse.decode(pdus[1]?.header ?? new Uint8Array()).expCmdSn, 1);
});

test("too many immediate commands are rejected", async () => {
  const wire = await session();
  for (let index = 0; index < 17; index++) {
    const cdb = fakeCdb(fakeOpcodes.wait);
    wire.send(ScsiCommand.encode({ immediate: true, isFinal: true, initiatorTaskTag: index, cmdSn: 1, cdb }));
  }
  const pdu = await wire.takeOne();
  assert.equal(Reject.decode(pdu.header).reason, rejectReasons.tooManyImmediateCommands);
  assert.equal(accepted(wire), 16);
});

test("numbers wrap at 2^32", async () => {
  const wire = await session([], { cmdSn: 0xffff_fffe, firstStatSn: 0xffff_fffe });
  for (const [index, cmdSn] of [0xffff_fffe, 0xffff_ffff, 0, 1].entries()) wire.send(nothing(cmdSn, index));
  const pdus = (await wire.take()).map((pdu) => ScsiResponse.decode(pdu.header));
  assert.deepEqual(
    pdus.map((pdu) => pdu.expCmdSn),
    [0xffff_ffff, 0, 1, 2],
  );
  assert.deepEqual(
    pdus.map((pdu) => pdu.statSn),
    [0xffff_ffff, 0, 1, 2],
  );
});

test("the window follows what the units can place, and opens again when they are done", async () => {
  const wire = await session();
  const { device } = wire.world;
  device.placeableBytes = 0;
  wire.send(write(1000), pattern(1000));
  const first = ScsiResponse.decode((await wire.takeOne()).header);
  const before = first.maxCmdSn;
  let cmdSn = 2;
  for (; cmdSn <= before; cmdSn++) {
    wire.send(ScsiCommand.encode({ isFinal: true, initiatorTaskTag: cmdSn, cmdSn, cdb: fakeCdb(fakeOpcodes.wait) }));
  }
  wire.send(nothing(cmdSn, cmdSn));
  assert.deepEqual(await wire.take(), []);
  assert.equal(accepted(wire), before);
  for (const task of device.waiting.splice(0)) task.finish({ status: 0 });
  const last = ScsiResponse.decode((await wire.take()).at(-1)?.header ?? new Uint8Array());
  assert.ok(last.maxCmdSn > before);
  wire.send(nothing(cmdSn, cmdSn));
  assert.equal((await wire.take()).length, 1);
});

test("a task tag that is in use is refused", async () => {
  const wire = await session();
  wire.send(ScsiCommand.encode({ isFinal: true, initiatorTaskTag: 9, cmdSn: 1, cdb: fakeCdb(fakeOpcodes.wait) }));
  wire.send(nothing(2, 9));
  assert.equal(Reject.decode((await wire.takeOne()).header).reason, rejectReasons.taskInProgress);
});

test("logical units are addressed by peripheral and flat addressing; other forms name no unit", async () => {
  const wire = await session();
  const luns: readonly (readonly [number, number, number])[] = [
    [0x0000, 0, 0],
    [0x0005, 0, 5],
    [0x4105, 0, 0x105],
    [0x0105, 0, -1],
    [0x8000, 0, -1],
    [0xc101, 0, -1],
    [0x0001, 1, -1],
  ];
  for (const [index, [lunFirstLevel, lunRest]] of luns.entries()) {
    const cmdSn = index + 1;
    wire.send(ScsiCommand.encode({ isFinal: true, lunFirstLevel, lunRest, initiatorTaskTag: cmdSn, cmdSn }));
  }
  await wire.take();
  const seen = wire.world.device.events.filter((event) => event.startsWith("accept"));
  assert.deepEqual(
    seen,
    luns.map(([, , lun]) => `accept 0 lun ${lun}`),
  );
});

// ---- Additional headers

test("an extended CDB is put together, other additional headers are skipped, broken ones rejected", async () => {
  const wire = await session();
  const cdb = fakeCdb(fakeOpcodes.wait);
  const extended = Uint8Array.of(0, 5, 1, 0, 0xaa, 0xbb, 0xcc, 0xdd);
  const unknown = Uint8Array.of(0, 1, 9, 0);
  wire.send(ScsiCommand.encode({ isFinal: true, initiatorTaskTag: 1, cmdSn: 1, cdb }), undefined, extended);
  wire.send(ScsiCommand.encode({ isFinal: true, initiatorTaskTag: 2, cmdSn: 2, cdb }), undefined, unknown);
  assert.deepEqual(await wire.take(), []);
  const [first, second] = wire.world.device.waiting;
  assert.deepEqual(first?.cdb, Uint8Array.of(...cdb, 0xaa, 0xbb, 0xcc, 0xdd));
  assert.deepEqual(second?.cdb, cdb);
  for (const [index, broken] of [Uint8Array.of(0, 0, 1, 0), Uint8Array.of(0xff, 0xff, 1, 0)].entries()) {
    wire.send(nothing(3 + index, 3 + index), undefined, broken);
    assert.equal(Reject.decode((await wire.takeOne()).header).reason, rejectReasons.invalidPduField);
  }
});

// ---- Write data

const bursts: readonly TextPair[] = [
  ["InitialR2T", "No"],
  ["ImmediateData", "Yes"],
  ["MaxBurstLength", "8192"],
  ["FirstBurstLength", "4096"],
  ["MaxOutstandingR2T", "2"],
];

async function grants(wire: Wire): Promise<ReadyToTransfer[]> {
  const pdus = await wire.take();
  assert.ok(
    pdus.every((pdu) => pdu.name === "readyToTransfer"),
    pdus.map((pdu) => pdu.name).join(),
  );
  return pdus.map((pdu) => ReadyToTransfer.decode(pdu.header));
}

function answerTo(grant: ReadyToTransfer, fields: Partial<DataOut> = {}): Uint8Array {
  const { targetTransferTag, bufferOffset, lunFirstLevel } = grant;
  return DataOut.encode({
    isFinal: true,
    lunFirstLevel,
    initiatorTaskTag: 1,
    targetTransferTag,
    bufferOffset,
    ...fields,
  });
}

test("the target asks for what is missing, in bursts, several at once, and answers when all is there", async () => {
  const wire = await session(bursts);
  const data = pattern(20_000);
  wire.send(write(20_000), data.slice(0, 1000));
  const asked = await grants(wire);
  assert.deepEqual(
    asked.map(({ bufferOffset, desiredLength, r2tSn }) => [bufferOffset, desiredLength, r2tSn]),
    [
      [1000, 8192, 0],
      [9192, 8192, 1],
    ],
  );
  assert.notEqual(asked[0]?.targetTransferTag, asked[1]?.targetTransferTag);
  const [first, second] = asked;
  assert.ok(first !== undefined && second !== undefined);
  wire.send(answerTo(first, { isFinal: false }), data.slice(1000, 5000));
  wire.send(answerTo(first, { dataSn: 1, bufferOffset: 5000 }), data.slice(5000, 9192));
  const [third] = await grants(wire);
  assert.ok(third !== undefined);
  assert.deepEqual([third.bufferOffset, third.desiredLength, third.r2tSn], [17_384, 2616, 2]);
  wire.send(answerTo(second), data.slice(9192, 17_384));
  wire.send(answerTo(third), data.slice(17_384));
  const response = ScsiResponse.decode((await wire.takeOne()).header);
  assert.deepEqual([response.status, response.expDataSn], [0, 3]);
  assert.ok(equalBytes(wire.world.device.written[0] ?? new Uint8Array(), data));
});

test("only as much is asked for as the unit has a place for", async () => {
  const wire = await session(bursts);
  wire.world.device.nextPlace = { bytes: new Uint8Array(500), release() {} };
  wire.send(write(2000));
  const [grant] = await grants(wire);
  assert.ok(grant !== undefined);
  assert.equal(grant.desiredLength, 500);
  wire.send(answerTo(grant), pattern(500));
  assert.equal(ScsiResponse.decode((await wire.takeOne()).header).status, 0);
});

interface Breach {
  readonly name: string;
  readonly pairs: readonly TextPair[];
  readonly sense: readonly [number, number, number];
  act(wire: Wire): Promise<void>;
}

const unexpected = [0x0b, 0x0c, 0x0c] as const;
const amount = [0x0b, 0x0c, 0x0d] as const;
const sequence = [0x0b, 0x47, 0x05] as const;
const unasked = (fields: Partial<DataOut>): Uint8Array =>
  DataOut.encode({ isFinal: true, initiatorTaskTag: 1, targetTransferTag: noTag, ...fields });

const breaches: readonly Breach[] = [
  {
    name: "immediate data although ImmediateData=No",
    pairs: [["ImmediateData", "No"]],
    sense: unexpected,
    act: (wire) => Promise.resolve(wire.send(write(1000), pattern(1000))),
  },
  {
    name: "a command that announces unsolicited data although InitialR2T=Yes",
    pairs: [["InitialR2T", "Yes"]],
    sense: unexpected,
    act: (wire) => Promise.resolve(wire.send(write(1000, { isFinal: false }))),
  },
  {
    name: "immediate data beyond FirstBurstLength",
    pairs: bursts,
    sense: amount,
    act: (wire) => Promise.resolve(wire.send(write(10_000), pattern(4097))),
  },
  {
    name: "immediate data beyond the expected length",
    pairs: bursts,
    sense: amount,
    act: (wire) => Promise.resolve(wire.send(write(10), pattern(11))),
  },
  {
    name: "immediate data of a command that writes nothing",
    pairs: bursts,
    sense: amount,
    act: (wire) => Promise.resolve(wire.send(nothing(1, 1), pattern(4))),
  },
  {
    name: "unsolicited data beyond FirstBurstLength",
    pairs: bursts,
    sense: amount,
    act: async (wire) => {
      wire.send(write(10_000, { isFinal: false }), pattern(4000));
      wire.send(unasked({ bufferOffset: 4000 }), pattern(97));
    },
  },
  {
    name: "unsolicited data after the final one",
    pairs: bursts,
    sense: unexpected,
    act: async (wire) => {
      wire.send(write(10_000));
      await grants(wire);
      wire.send(unasked({}), pattern(10));
    },
  },
  {
    name: "unsolicited data with a wrong DataSN",
    pairs: bursts,
    sense: sequence,
    act: async (wire) => {
      wire.send(write(4096, { isFinal: false }));
      wire.send(unasked({ dataSn: 1 }), pattern(4096));
    },
  },
  {
    name: "solicited data with a wrong DataSN",
    pairs: bursts,
    sense: sequence,
    act: async (wire) => {
      wire.send(write(5000));
      const [grant] = await grants(wire);
      if (grant !== undefined) wire.send(answerTo(grant, { dataSn: 7 }), pattern(5000));
    },
  },
  {
    name: "solicited data at a wrong offset",
    pairs: bursts,
    sense: sequence,
    act: async (wire) => {
      wire.send(write(5000));
      const [grant] = await grants(wire);
      if (grant !== undefined) wire.send(answerTo(grant, { bufferOffset: 4 }), pattern(4996));
    },
  },
  {
    name: "solicited data with a tag that was not given out",
    pairs: bursts,
    sense: sequence,
    act: async (wire) => {
      wire.send(write(5000));
      const [grant] = await grants(wire);
      if (grant !== undefined) wire.send(answerTo(grant, { targetTransferTag: 0x1234_5678 }), pattern(5000));
    },
  },
  {
    name: "more solicited data than was asked for",
    pairs: bursts,
    sense: amount,
    act: async (wire) => {
      wire.send(write(5000));
      const [grant] = await grants(wire);
      if (grant !== undefined) wire.send(answerTo(grant), pattern(5004));
    },
  },
  {
    name: "a sequence that ends too early",
    pairs: bursts,
    sense: amount,
    act: async (wire) => {
      wire.send(write(5000));
      const [grant] = await grants(wire);
      if (grant !== undefined) wire.send(answerTo(grant), pattern(4000));
    },
  },
];

for (const { name, pairs, sense, act } of breaches) {
  test(`${name} ends the command with CHECK CONDITION, and the session goes on`, async () => {
    const wire = await session(pairs);
    await act(wire);
    const pdu = await wire.takeOne();
    const response = ScsiResponse.decode(pdu.header);
    assert.deepEqual([pdu.name, response.status], ["scsiResponse", 2]);
    assert.deepEqual([pdu.data[4], pdu.data[14], pdu.data[15]], [...sense]);
    assert.equal(wire.world.device.running.size, 0);
    wire.send(nothing(2, 50));
    assert.deepEqual(tags(await wire.take()), [50]);
  });
}

test("write data of a task that is unknown is dropped without a word", async () => {
  const wire = await session();
  wire.send(DataOut.encode({ isFinal: true, initiatorTaskTag: 77, targetTransferTag: 5 }), pattern(100));
  assert.deepEqual(await wire.take(), []);
});

// ---- Read data

test("Data-In is cut by MaxRecvDataSegmentLength and MaxBurstLength, F ends each burst, S comes once", async () => {
  const wire = await session([
    ["MaxRecvDataSegmentLength", "3000"],
    ["MaxBurstLength", "8000"],
  ]);
  const cdb = fakeCdb(fakeOpcodes.read, 20_000);
  const fields = { isFinal: true, isRead: true, initiatorTaskTag: 1, expectedLength: 20_000, cmdSn: 1, cdb };
  wire.send(ScsiCommand.encode(fields));
  const pdus = await wire.take();
  const shape = pdus.map((pdu) => {
    const { isFinal, hasStatus, bufferOffset, dataSn } = DataIn.decode(pdu.header);
    return [dataSn, bufferOffset, pdu.data.byteLength, isFinal, hasStatus];
  });
  assert.deepEqual(shape, [
    [0, 0, 3000, false, false],
    [1, 3000, 3000, false, false],
    [2, 6000, 2000, true, false],
    [3, 8000, 3000, false, false],
    [4, 11_000, 3000, false, false],
    [5, 14_000, 2000, true, false],
    [6, 16_000, 3000, false, false],
    [7, 19_000, 1000, true, true],
  ]);
  assert.equal(wire.world.device.released, 1);
});

test("data-in stays with the network until it has taken it", async () => {
  const wire = await session();
  wire.stream.takesAtOnce = false;
  const cdb = fakeCdb(fakeOpcodes.read, 1000);
  wire.send(
    ScsiCommand.encode({ isFinal: true, isRead: true, initiatorTaskTag: 1, expectedLength: 1000, cmdSn: 1, cdb }),
  );
  assert.deepEqual(await wire.take(), []);
  assert.equal(wire.world.device.released, 0);
  wire.stream.take();
  assert.equal(wire.world.device.released, 1);
});

test("a peer that does not read is not read from, and memory stays bounded", async () => {
  const wire = await session([], { settings: { sendQueue: 200_000 } });
  wire.stream.takesAtOnce = false;
  for (let index = 0; index < 1000; index++) {
    wire.send(
      NopOut.encode({ immediate: true, initiatorTaskTag: index, targetTransferTag: noTag, cmdSn: 1 }),
      pattern(1000),
    );
  }
  assert.equal(wire.stream.isPaused, true);
  assert.ok(wire.stream.queuedBytes < 210_000);
  assert.ok(wire.backlogBytes > 700_000);
  wire.stream.takesAtOnce = true;
  wire.stream.take();
  assert.equal(wire.stream.isPaused, false);
  wire.feed(new Uint8Array(0));
});

// ---- Task management

const manage = (function_: number, fields: Partial<TaskManagementRequest> = {}): Uint8Array =>
  TaskManagementRequest.encode({
    immediate: true,
    function: function_,
    initiatorTaskTag: 0x99,
    referencedTaskTag: noTag,
    cmdSn: 1,
    ...fields,
  });

async function managementResponse(wire: Wire): Promise<number> {
  const pdu = await wire.takeOne();
  assert.equal(pdu.name, "taskManagementResponse");
  return TaskManagementResponse.decode(pdu.header).response;
}

const wait = (cmdSn: number): Uint8Array =>
  ScsiCommand.encode({ isFinal: true, initiatorTaskTag: cmdSn, cmdSn, cdb: fakeCdb(fakeOpcodes.wait) });

test("ABORT TASK is answered when the task is quiet, and the task never", async () => {
  const wire = await session();
  const { device } = wire.world;
  wire.send(wait(1));
  let quiet = (): void => {};
  device.beforeAbort = () => new Promise((resolve) => (quiet = resolve));
  wire.send(manage(managementFunctions.abortTask, { referencedTaskTag: 1, refCmdSn: 1, cmdSn: 2 }));
  assert.deepEqual(await wire.take(), []);
  quiet();
  assert.equal(await managementResponse(wire), managementResponses.complete);
  device.waiting[0]?.finish({ status: 0 });
  assert.deepEqual(await wire.take(), []);
});

test("ABORT TASK of a task that is gone finds nothing; of one still to come it takes its number", async () => {
  const wire = await session();
  wire.send(nothing(1, 1));
  await wire.take();
  wire.send(manage(managementFunctions.abortTask, { referencedTaskTag: 1, refCmdSn: 1, cmdSn: 2 }));
  assert.equal(await managementResponse(wire), managementResponses.taskDoesNotExist);
  wire.send(nothing(3, 3));
  wire.send(manage(managementFunctions.abortTask, { referencedTaskTag: 2, refCmdSn: 2, cmdSn: 2 }));
  const pdus = await wire.take();
  assert.deepEqual(
    pdus.map((pdu) => pdu.name),
    ["taskManagementResponse", "scsiResponse"],
  );
  wire.send(nothing(2, 2));
  assert.deepEqual(await wire.take(), [], "the aborted number is taken");
  wire.send(nothing(4, 4));
  assert.deepEqual(tags(await wire.take()), [4]);
});

test("ABORT TASK in the middle of an R2T frees the tag; data that still comes is dropped", async () => {
  const wire = await session(bursts);
  wire.send(write(20_000));
  const [grant] = await grants(wire);
  assert.ok(grant !== undefined);
  const half = wire.frame(answerTo(grant, { isFinal: true }), pattern(8192));
  wire.feed(half.slice(0, 5000));
  const before = wire.stream.renewed;
  wire.world.device.beforeAbort = () => Promise.resolve();
  wire.world.registry.list();
  // The rest of the PDU is still to come, so the request cannot overtake it on the wire; the unit is told first.
  wire.feed(half.slice(5000));
  wire.send(manage(managementFunctions.abortTask, { referencedTaskTag: 1, refCmdSn: 1, cmdSn: 2 }));
  const pdus = await wire.take();
  assert.equal(pdus.at(-1)?.name, "taskManagementResponse");
  wire.send(answerTo({ ...grant, bufferOffset: 8192, targetTransferTag: 2 }), pattern(8192));
  assert.deepEqual(await wire.take(), []);
  assert.ok(wire.stream.renewed >= before);
  wire.send(nothing(2, 1));
  assert.deepEqual(tags(await wire.take()), [1]);
});

test("a unit that ends a write while its data arrives gets no more bytes into its memory", async () => {
  const wire = await session(bursts);
  const place = { bytes: new Uint8Array(4096), release() {} };
  wire.world.device.nextPlace = place;
  const frame = wire.frame(write(4096), pattern(4096));
  wire.feed(frame.slice(0, 48 + 1000));
  const room = wire.connection.want();
  assert.equal(room.buffer, place.bytes.buffer);
  const [task] = wire.world.device.running;
  task?.finish({ status: 8 });
  assert.equal(wire.stream.renewed, 1, "the adapter was told to ask again");
  assert.notEqual(wire.connection.want().buffer, place.bytes.buffer);
  wire.feed(frame.slice(48 + 1000));
  assert.equal(ScsiResponse.decode((await wire.takeOne()).header).status, 8);
  assert.ok(equalBytes(place.bytes.slice(1000), new Uint8Array(3096)));
});

test("each function of task management does what it says", async () => {
  const cases: readonly (readonly [number, number, readonly string[]])[] = [
    [managementFunctions.abortTaskSet, managementResponses.complete, ["abort-task-set lun 0"]],
    [managementFunctions.clearAca, managementResponses.notSupported, []],
    [managementFunctions.clearTaskSet, managementResponses.complete, ["clear-task-set lun 0"]],
    [managementFunctions.lunReset, managementResponses.complete, ["lun-reset lun 0"]],
    [managementFunctions.targetWarmReset, managementResponses.complete, ["target-warm-reset lun 0"]],
    [managementFunctions.taskReassign, managementResponses.reassignNotSupported, []],
    [0, managementResponses.rejected, []],
    [99, managementResponses.rejected, []],
  ];
  for (const [function_, response, events] of cases) {
    const wire = await session();
    wire.send(wait(1));
    wire.world.device.events.length = 0;
    wire.send(manage(function_, { cmdSn: 2 }));
    assert.equal(await managementResponse(wire), response, `function ${function_}`);
    assert.deepEqual(wire.world.device.events, events);
    assert.equal(wire.world.device.waiting[0]?.aborted, events.length > 0);
  }
});

test("a target cold reset answers, then ends every session of the target", async () => {
  const wire = await session();
  const other = new Wire(wire.world);
  await other.logInDirectly([], { isid: 5 });
  wire.send(manage(managementFunctions.targetColdReset));
  assert.equal(await managementResponse(wire), managementResponses.complete);
  assert.deepEqual([wire.stream.isDestroyed, other.stream.isDestroyed], [true, true]);
  assert.equal(wire.world.registry.list().length, 0);
});

// ---- Digests

test("digests go both ways", async () => {
  const wire = await session([
    ["HeaderDigest", "CRC32C"],
    ["DataDigest", "CRC32C"],
  ]);
  wire.headerDigest = wire.dataDigest = true;
  wire.send(write(1001), pattern(1001));
  assert.equal(ScsiResponse.decode((await wire.takeOne()).header).status, 0);
  const cdb = fakeCdb(fakeOpcodes.read, 333);
  wire.send(
    ScsiCommand.encode({ isFinal: true, isRead: true, initiatorTaskTag: 2, expectedLength: 333, cmdSn: 2, cdb }),
  );
  const [pdu] = await wire.take();
  assert.ok(pdu !== undefined && equalBytes(pdu.data, pattern(333)));
});

test("a wrong header digest drops the connection", async () => {
  const wire = await session([["HeaderDigest", "CRC32C"]]);
  wire.headerDigest = true;
  const frame = wire.frame(nothing(1, 1), new Uint8Array(0));
  for (let bit = 0; bit < 8; bit++) {
    const fresh = await session([["HeaderDigest", "CRC32C"]]);
    const broken = frame.slice();
    broken[bit * 6] = (broken[bit * 6] ?? 0) ^ (1 << bit);
    fresh.feed(broken);
    fresh.headerDigest = true;
    assert.deepEqual(await fresh.take(), []);
    assert.equal(accepted(fresh), 0);
  }
  const broken = frame.slice();
  broken[40] = 1;
  wire.feed(broken);
  assert.equal(wire.stream.isDestroyed, true);
  assert.equal(accepted(wire), 0);
});

test("a wrong data digest is rejected, the command ends with CHECK CONDITION, the session goes on", async () => {
  const wire = await session([["DataDigest", "CRC32C"]]);
  wire.dataDigest = true;
  const frame = wire.frame(write(1000), pattern(1000));
  frame[100] = (frame[100] ?? 0) ^ 1;
  wire.feed(frame);
  const [first, second] = await wire.take();
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(Reject.decode(first.header).reason, rejectReasons.dataDigestError);
  assert.equal(first.data.byteLength, 48);
  assert.deepEqual([second.name, ScsiResponse.decode(second.header).status], ["scsiResponse", 2]);
  assert.deepEqual([second.data[4], second.data[14], second.data[15]], [0x0b, 0x47, 0x05]);
  assert.deepEqual(wire.world.device.written, []);
  wire.send(write(1000, { cmdSn: 2, initiatorTaskTag: 2 }), pattern(1000));
  assert.equal(ScsiResponse.decode((await wire.takeOne()).header).status, 0);
});

// ---- NOP, text, logout and the rest

test("a NOP is answered with its data, tag and unit; one without a tag is not answered", async () => {
  const wire = await session();
  const fields = { immediate: true, lunFirstLevel: 3, initiatorTaskTag: 5, targetTransferTag: noTag, cmdSn: 1 };
  wire.send(NopOut.encode(fields), pattern(77));
  const pdu = await wire.takeOne();
  const answer = NopIn.decode(pdu.header);
  assert.deepEqual([answer.initiatorTaskTag, answer.targetTransferTag, answer.lunFirstLevel], [5, noTag, 3]);
  assert.ok(equalBytes(pdu.data, pattern(77)));
  wire.send(NopOut.encode({ ...fields, initiatorTaskTag: noTag }));
  assert.deepEqual(await wire.take(), []);
});

test("a silent initiator is pinged, and dropped when it stays silent", async () => {
  const wire = await session();
  await wire.world.clock.advance(seconds(31));
  const ping = NopIn.decode((await wire.takeOne()).header);
  assert.equal(ping.initiatorTaskTag, noTag);
  assert.notEqual(ping.targetTransferTag, noTag);
  const { targetTransferTag } = ping;
  wire.send(NopOut.encode({ immediate: true, initiatorTaskTag: noTag, targetTransferTag, cmdSn: 1 }));
  await wire.world.clock.advance(seconds(50));
  assert.equal(wire.stream.isDestroyed, false);
  await wire.world.clock.advance(minutes(2));
  assert.equal(wire.stream.isDestroyed, true);
  assert.equal(wire.world.registry.list().length, 0);
});

test("a text request in pieces is one request; a wrong transfer tag is rejected", async () => {
  const wire = await session();
  const text = encodeText([["SendTargets", ""]]);
  const fields = { immediate: true, initiatorTaskTag: 5, targetTransferTag: noTag, cmdSn: 1 };
  wire.send(TextRequest.encode({ ...fields, isContinued: true }), text.slice(0, 5));
  const first = TextResponse.decode((await wire.takeOne()).header);
  assert.deepEqual([first.isFinal, first.targetTransferTag === noTag], [false, false]);
  wire.send(
    TextRequest.encode({ ...fields, isFinal: true, targetTransferTag: first.targetTransferTag }),
    text.slice(5),
  );
  const pdu = await wire.takeOne();
  const second = TextResponse.decode(pdu.header);
  assert.deepEqual([second.isFinal, second.targetTransferTag], [true, noTag]);
  assert.match(Buffer.from(pdu.data).toString(), /^TargetName=iqn/);
  wire.send(TextRequest.encode({ ...fields, isFinal: true, targetTransferTag: 1234 }));
  assert.equal(Reject.decode((await wire.takeOne()).header).reason, rejectReasons.invalidPduField);
});

test("logout of the session and of the connection is answered and closes; removal for recovery is not known", async () => {
  for (const reason of [0, 1]) {
    const wire = await session();
    wire.send(LogoutRequest.encode({ immediate: true, reason, initiatorTaskTag: 3, cmdSn: 1 }));
    assert.equal(LogoutResponse.decode((await wire.takeOne()).header).response, 0);
    assert.equal(wire.stream.isClosed, true);
    assert.ok(wire.world.device.events.some((event) => event.endsWith("logout")));
    await wire.world.clock.advance(seconds(6));
    assert.equal(wire.stream.isDestroyed, true, "a peer that does not close is not waited for");
  }
  const wire = await session();
  wire.send(LogoutRequest.encode({ immediate: true, reason: 2, initiatorTaskTag: 3, cmdSn: 1 }));
  assert.equal(LogoutResponse.decode((await wire.takeOne()).header).response, 2);
  assert.equal(wire.stream.isClosed, false);
});

test("logout waits for the tasks that are aborted by it", async () => {
  const wire = await session();
  wire.send(wait(1));
  let quiet = (): void => {};
  wire.world.device.beforeAbort = () => new Promise((resolve) => (quiet = resolve));
  wire.send(LogoutRequest.encode({ immediate: true, reason: 0, initiatorTaskTag: 3, cmdSn: 2 }));
  assert.deepEqual(await wire.take(), []);
  wire.send(nothing(2, 9));
  quiet();
  assert.deepEqual(
    (await wire.take()).map((pdu) => pdu.name),
    ["logoutResponse"],
  );
});

test("SNACK, login requests, PDUs of targets and unknown opcodes are rejected with the header that came", async () => {
  const wire = await session();
  const snack = SnackRequest.encode({ initiatorTaskTag: 1 });
  const cases: readonly (readonly [Uint8Array, number])[] = [
    [snack, rejectReasons.snackReject],
    [Uint8Array.from({ length: 48 }, (_, index) => (index === 0 ? 0x43 : 0)), rejectReasons.protocolError],
    [NopIn.encode({}), rejectReasons.commandNotSupported],
    [Uint8Array.from({ length: 48 }, (_, index) => (index === 0 ? 0x1e : 0)), rejectReasons.commandNotSupported],
  ];
  for (const [header, reason] of cases) {
    wire.send(header);
    const pdu = await wire.takeOne();
    assert.equal(Reject.decode(pdu.header).reason, reason);
    assert.ok(equalBytes(pdu.data, header));
  }
});

test("a connection that keeps sending broken PDUs is dropped", async () => {
  const wire = await session();
  for (let index = 0; index < 16; index++) wire.send(SnackRequest.encode({}));
  assert.equal(wire.stream.isDestroyed, true);
});

test("a data segment above the agreed size drops the connection", async () => {
  const wire = await session([], { settings: { maxReceiveSegment: 8192 } });
  wire.send(
    NopOut.encode({ immediate: true, initiatorTaskTag: 1, targetTransferTag: noTag, cmdSn: 1 }),
    new Uint8Array(8193),
  );
  assert.equal(wire.stream.isDestroyed, true);
});

test("a discovery session takes text, NOP and logout, and nothing of SCSI", async () => {
  const wire = new Wire(makeWorld());
  await wire.login({ currentStage: 1, nextStage: 3, transit: true }, [
    ["InitiatorName", "iqn.2026-01.test:host"],
    ["SessionType", "Discovery"],
  ]);
  wire.send(nothing(1, 1));
  assert.equal(Reject.decode((await wire.takeOne()).header).reason, rejectReasons.protocolError);
  wire.send(manage(managementFunctions.lunReset, { cmdSn: 2 }));
  assert.equal(Reject.decode((await wire.takeOne()).header).reason, rejectReasons.protocolError);
  const request = { immediate: true, isFinal: true, initiatorTaskTag: 5, targetTransferTag: noTag, cmdSn: 2 };
  wire.send(TextRequest.encode(request), encodeText([["SendTargets", "All"]]));
  assert.equal((await wire.takeOne()).name, "textResponse");
});

test("a unit that throws loses one command, with INTERNAL TARGET FAILURE, and the session goes on", async () => {
  const wire = await session();
  const { device } = wire.world;
  const accept = device.accept.bind(device);
  device.accept = () => {
    throw new Error("a bug in a unit");
  };
  wire.send(nothing(1, 1));
  const pdu = await wire.takeOne();
  assert.deepEqual([pdu.data[4], pdu.data[14], pdu.data[15]], [0x04, 0x44, 0x00]);
  device.accept = accept;
  wire.send(nothing(2, 2));
  assert.deepEqual(tags(await wire.take()), [2]);
});

test("an asked-for logout names its time", async () => {
  const wire = await session();
  wire.connection.askToLeave(17);
  const pdu = AsyncMessage.decode((await wire.takeOne()).header);
  assert.deepEqual([pdu.event, pdu.parameter3, pdu.initiatorTaskTag], [1, 17, noTag]);
});

// SPDX-License-Identifier: Apache-2.0
// Full-feature phase of the target: the order of commands, how they are addressed, and task management.

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes } from "#base/index.ts";
import { managementFunctions, managementResponses, noTag, rejectReasons } from "./codes.ts";
import {
  session,
  nothing,
  write,
  tags,
  accepted,
  bursts,
  grants,
  answerTo,
  manage,
  managementResponse,
  wait,
} from "./command-fixtures.ts";
import { DataOut, Reject, ScsiCommand, ScsiResponse } from "./pdu-layouts.ts";
import { fakeCdb, fakeOpcodes, pattern } from "./session-harness.ts";
import { FakeWire } from "./wire-harness.ts";

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
  wire.send(manage(managementFunctions.abortTask, { referencedTaskTag: 2, refCmdSn: 2, cmdSn: 4 }));
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

test("ABORT TASK that names a number nobody has used yet leaves it to the command that will have it", async () => {
  const wire = await session();
  for (const refCmdSn of [1, 2, 100]) {
    wire.send(manage(managementFunctions.abortTask, { referencedTaskTag: 7, refCmdSn, cmdSn: 1 }));
    assert.equal(await managementResponse(wire), managementResponses.taskDoesNotExist);
  }
  wire.send(nothing(1, 1));
  wire.send(nothing(2, 2));
  assert.deepEqual(tags(await wire.take()), [1, 2]);
});

test("ABORT TASK of a command that waits behind a hole lets go of its data", async () => {
  const wire = await session([
    ["MaxBurstLength", "1048576"],
    ["FirstBurstLength", "1048576"],
  ]);
  const size = 1_048_576;
  const last = 12;
  for (let cmdSn = 2; cmdSn <= last; cmdSn++) {
    wire.send(write(size, { cmdSn, initiatorTaskTag: cmdSn }), pattern(size));
    const fields = { referencedTaskTag: cmdSn, refCmdSn: cmdSn, cmdSn: cmdSn + 1 };
    wire.send(manage(managementFunctions.abortTask, fields));
    assert.equal(await managementResponse(wire), managementResponses.complete);
  }
  wire.send(nothing(last + 1, last + 1));
  wire.send(nothing(1, 1));
  assert.deepEqual(tags(await wire.take()), [1, last + 1]);
  assert.deepEqual(wire.world.device.written, []);
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
  const other = new FakeWire(wire.world);
  await other.logInDirectly([], { isid: 5 });
  wire.send(manage(managementFunctions.targetColdReset));
  assert.equal(await managementResponse(wire), managementResponses.complete);
  assert.deepEqual([wire.stream.isDestroyed, other.stream.isDestroyed], [true, true]);
  assert.equal(wire.world.registry.list().length, 0);
});

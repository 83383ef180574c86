// SPDX-License-Identifier: Apache-2.0
// Commands that follow one that was answered BUSY, sent by who does not know it yet, are turned away too: whatever is on
// its way, later blocks are never taken before earlier ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#sim/index.ts";
import { BusyBarrier } from "./busy-barrier.ts";
import { scsiStatus } from "./codes.ts";
import { bursts, session, write } from "./command-fixtures.ts";
import { DataOut, ScsiCommand, ScsiResponse } from "./pdu-layouts.ts";
import { fakeCdb, fakeOpcodes, pattern } from "./session-harness.ts";
import { serialNumber } from "./serial-number.ts";
import type { FakeWire, SentPdu } from "./wire-harness.ts";

const waiting = (cmdSn: number, expStatSn: number, lunFirstLevel = 0): Uint8Array =>
  ScsiCommand.encode({
    isFinal: true,
    initiatorTaskTag: cmdSn,
    cmdSn,
    expStatSn,
    lunFirstLevel,
    cdb: fakeCdb(fakeOpcodes.wait),
  });
const statuses = (pdus: readonly SentPdu[]): (readonly [tag: number, status: number, statSn: number])[] =>
  pdus.map(({ header }) => {
    const { initiatorTaskTag, status, statSn } = ScsiResponse.decode(header);
    return [initiatorTaskTag, status, statSn];
  });
const { busy, good } = scsiStatus;

/** The unit turns the first command away; its answer has StatSN 2. */
async function refused(wire: FakeWire, status: number = busy): Promise<void> {
  wire.send(waiting(1, 2));
  wire.world.device.waiting.shift()?.finish({ status });
  assert.deepEqual(statuses(await wire.take()), [[1, status, 2]]);
}

test("what was sent before the BUSY was heard of is turned away, and never reaches the unit", async () => {
  for (const status of [busy, scsiStatus.taskSetFull]) {
    const wire = await session();
    await refused(wire, status);
    wire.send(waiting(2, 2));
    wire.send(waiting(3, 2));
    assert.deepEqual(statuses(await wire.take()), [
      [2, busy, 3],
      [3, busy, 4],
    ]);
    // It knows of the first two, not of the third.
    wire.send(waiting(4, 4));
    assert.deepEqual(statuses(await wire.take()), [[4, busy, 5]]);
    assert.equal(wire.world.device.waiting.length, 0);
    wire.send(waiting(5, 6));
    assert.equal(wire.world.device.waiting.length, 1, "who knows of all of them is served");
  }
});

test("other units and immediate commands pass", async () => {
  const wire = await session();
  await refused(wire);
  wire.send(waiting(2, 2, 1));
  assert.equal(wire.world.device.waiting.length, 1, "another unit");
  wire.send(
    ScsiCommand.encode({
      isFinal: true,
      immediate: true,
      initiatorTaskTag: 90,
      cmdSn: 3,
      expStatSn: 2,
      cdb: fakeCdb(fakeOpcodes.wait),
    }),
  );
  assert.equal(wire.world.device.waiting.length, 2, "an immediate command");
});

test("write data of what was turned away is taken off the wire, and the answer waits for it", async () => {
  const wire = await session(bursts);
  await refused(wire);
  wire.send(write(3000, { cmdSn: 2, initiatorTaskTag: 2, expStatSn: 2, isFinal: false }), pattern(1000));
  assert.deepEqual(await wire.take(), []);
  // Its own answer is not sent yet, and nobody can have heard of it.
  wire.send(waiting(3, 3));
  assert.deepEqual(statuses(await wire.take()), [[3, busy, 3]]);
  const out = DataOut.encode({
    isFinal: true,
    initiatorTaskTag: 2,
    targetTransferTag: 0xffff_ffff,
    bufferOffset: 1000,
  });
  wire.send(out, pattern(2000));
  assert.deepEqual(statuses(await wire.take()), [[2, busy, 4]]);
  assert.deepEqual(wire.world.device.written, []);
  wire.send(write(1000, { cmdSn: 4, initiatorTaskTag: 4, expStatSn: 5 }), pattern(1000));
  assert.deepEqual(statuses(await wire.take()), [[4, good, 5]]);
});

test("an initiator that never tells what it heard is served again once nothing can be on its way", () => {
  const barrier = new BusyBarrier(100);
  const at = (value: number) => serialNumber(value);
  barrier.unitRefused(0, { statSn: at(5), toldCmdSn: at(20) });
  assert.ok(barrier.stops(0, { cmdSn: at(20), expStatSn: at(1) }, () => false));
  assert.ok(!barrier.stops(0, { cmdSn: at(21), expStatSn: at(1) }, () => false));
});

test("one that repeats at once, several at a time, is let through in the end", () => {
  const barrier = new BusyBarrier(10);
  const at = (value: number) => serialNumber(value);
  barrier.unitRefused(0, { statSn: at(0xffff_fffe), toldCmdSn: at(1000) });
  let turnedAway = 0;
  for (let stat = 0xffff_fffe; barrier.stops(0, { cmdSn: at(5), expStatSn: at(stat) }, () => false); stat++) {
    turnedAway += 1;
    barrier.followerRefused(0, { statSn: at(stat + 1), toldCmdSn: at(1000) });
  }
  assert.equal(turnedAway, 10);
});

/** A unit that refuses at random, an initiator that keeps many blocks on their way, and a wire that takes its time. */
function run(seed: number, barrier: BusyBarrier | undefined): readonly number[] {
  const random = new SeededRandom(`busy ${seed}`);
  const depth = random.between(2, 40);
  const count = 200;
  const toTarget: { block: number; cmdSn: number; expStatSn: number }[] = [];
  const toInitiator: { block: number; isBusy: boolean; statSn: number; maxCmdSn: number }[] = [];
  const taken: number[] = [];
  /** Blocks that come next, in order; those that were refused go back to the front. */
  let todo = Array.from({ length: count }, (_, block) => block);
  let again: number[] = [];
  let [cmdSn, expStatSn, statSn, onTheWay, told] = [1, 1, 1, 0, depth];
  let pressure = 0;
  for (let step = 0; taken.length < count; step++) {
    assert.ok(step < 100_000, "it comes to an end");
    const act = random.below(3);
    if (act === 0 && again.length === 0 && todo.length > 0 && onTheWay < depth) {
      const [block = 0] = todo.splice(0, 1);
      toTarget.push({ block, cmdSn: cmdSn++, expStatSn });
      onTheWay += 1;
    } else if (act === 1) {
      const command = toTarget.shift();
      if (command === undefined) continue;
      const numbers = { cmdSn: serialNumber(command.cmdSn), expStatSn: serialNumber(command.expStatSn) };
      const isStopped = barrier?.stops(0, numbers, () => false) ?? false;
      if (!isStopped && pressure === 0 && random.chance(0.05)) pressure = random.between(1, 5);
      const isBusy = isStopped || pressure > 0;
      if (!isStopped && pressure > 0) pressure -= 1;
      if (!isBusy) taken.push(command.block);
      const answer = { statSn: serialNumber(statSn), toldCmdSn: serialNumber(told) };
      if (isStopped) barrier?.followerRefused(0, answer);
      else if (isBusy) barrier?.unitRefused(0, answer);
      told = command.cmdSn + depth;
      toInitiator.push({ block: command.block, isBusy, statSn: statSn++, maxCmdSn: told });
    } else if (act === 2) {
      const answer = toInitiator.shift();
      if (answer === undefined) continue;
      expStatSn = answer.statSn + 1;
      onTheWay -= 1;
      if (answer.isBusy) again.push(answer.block);
      if (onTheWay > 0 || again.length === 0) continue;
      todo = [...again.toSorted((left, right) => left - right), ...todo];
      again = [];
    }
  }
  return taken;
}

test("whatever is on its way, blocks are taken in order; without the barrier they are not", () => {
  let withoutOrder = 0;
  for (let seed = 0; seed < 300; seed++) {
    const inOrder = Array.from({ length: 200 }, (_, block) => block);
    assert.deepEqual(run(seed, new BusyBarrier(4 * 128)), inOrder, `seed ${seed}`);
    if (run(seed, undefined).some((block, index) => block !== index)) withoutOrder += 1;
  }
  assert.ok(withoutOrder > 200, `${withoutOrder} of 300 were out of order without it`);
});

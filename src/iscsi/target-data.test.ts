// SPDX-License-Identifier: Apache-2.0
// Full-feature phase of the target: write data and read data in every order, and digests.

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes } from "#base/index.ts";
import { noTag, rejectReasons } from "./codes.ts";
import { session, nothing, write, tags, accepted, bursts, grants, answerTo } from "./command-fixtures.ts";
import { DataIn, DataOut, NopOut, Reject, ScsiCommand, ScsiResponse } from "./pdu-layouts.ts";
import { fakeCdb, fakeOpcodes, pattern } from "./session-harness.ts";
import { type TextPair } from "./text.ts";
import { type FakeWire } from "./wire-harness.ts";

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

test("the rest is asked for while the first part still arrives, unless more will come unasked", async () => {
  const wire = await session(bursts);
  const data = pattern(9000);
  const command = wire.frame(write(9000), data.slice(0, 1000));
  wire.feed(command.slice(0, 500));
  const [grant, ...more] = await grants(wire);
  assert.ok(grant !== undefined && more.length === 0);
  assert.deepEqual([grant.bufferOffset, grant.desiredLength], [1000, 8000]);
  wire.feed(command.slice(500));
  assert.deepEqual(await wire.take(), []);
  wire.send(answerTo(grant), data.slice(1000));
  assert.equal(ScsiResponse.decode((await wire.takeOne()).header).status, 0);
  assert.ok(equalBytes(wire.world.device.written[0] ?? new Uint8Array(), data));

  const announced = await session(bursts);
  announced.feed(announced.frame(write(9000, { isFinal: false }), data.slice(0, 1000)).slice(0, 500));
  assert.deepEqual(await announced.take(), []);
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
  readonly act: (wire: FakeWire) => Promise<void>;
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

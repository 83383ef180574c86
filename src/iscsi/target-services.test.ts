// SPDX-License-Identifier: Apache-2.0
// Full-feature phase of the target: NOP, text, logout, rejects, and what becomes of a unit that throws.

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes, minutes, seconds } from "#base/index.ts";
import { managementFunctions, noTag, rejectReasons } from "./codes.ts";
import { session, nothing, tags, manage, wait } from "./command-fixtures.ts";
import {
  AsyncMessage,
  LogoutRequest,
  LogoutResponse,
  NopIn,
  NopOut,
  Reject,
  SnackRequest,
  TextRequest,
  TextResponse,
} from "./pdu-layouts.ts";
import { pattern } from "./session-harness.ts";
import { TargetConnection } from "./target-connection.ts";
import { encodeText } from "./text.ts";
import { makeWorld, FakeWire } from "./wire-harness.ts";

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
  const wire = new FakeWire(makeWorld());
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
  assert.ok(wire.connection instanceof TargetConnection);
  wire.connection.askToLeave(17);
  const pdu = AsyncMessage.decode((await wire.takeOne()).header);
  assert.deepEqual([pdu.event, pdu.parameter3, pdu.initiatorTaskTag], [1, 17, noTag]);
});

// SPDX-License-Identifier: Apache-2.0
// Login dialogs against the target, request by request: RFC 7143 sections 6.3, 11.12 and 11.13.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromText, concatBytes, seconds } from "#base/index.ts";
import { loginStatus, type LoginStatusName } from "./codes.ts";
import type { LoginRequest } from "./pdu-layouts.ts";
import { initiatorName, targetName } from "./session-harness.ts";
import { encodeText, type TextPair } from "./text.ts";
import { makeWorld, names, FakeWire } from "./wire-harness.ts";

const security = { currentStage: 0, nextStage: 1 };
const operational = { currentStage: 1, nextStage: 3, transit: true };
const newWire = (): FakeWire => new FakeWire(makeWorld());

async function refused(
  wire: FakeWire,
  status: LoginStatusName,
  fields: Partial<LoginRequest>,
  pairs: readonly TextPair[] | Uint8Array,
): Promise<void> {
  const { header } = await wire.login(fields, pairs);
  assert.equal(header.status.toString(16), loginStatus[status].code.toString(16));
  assert.equal(wire.stream.isClosed || wire.stream.isDestroyed, true);
  assert.equal(wire.world.registry.list().length, 0);
}

test("security stage first, then operational: the usual way", async () => {
  const wire = newWire();
  const first = await wire.login({ ...security, transit: true }, [...names, ["AuthMethod", "None"]]);
  assert.deepEqual(first.pairs, [
    ["TargetAlias", "a fake"],
    ["TargetPortalGroupTag", "1"],
    ["AuthMethod", "None"],
  ]);
  assert.deepEqual([first.header.transit, first.header.currentStage, first.header.nextStage], [true, 0, 1]);
  assert.equal(first.header.tsih, 0);
  const second = await wire.login(operational, [["HeaderDigest", "None"]]);
  assert.deepEqual(second.pairs, [
    ["HeaderDigest", "None"],
    ["MaxRecvDataSegmentLength", "1048576"],
  ]);
  assert.deepEqual([second.header.transit, second.header.nextStage], [true, 3]);
  assert.ok(second.header.tsih > 0);
});

test("operational stage first, in one request", async () => {
  const wire = newWire();
  const { header, pairs } = await wire.login(operational, [...names, ["SessionType", "Normal"]]);
  assert.equal(header.status, 0);
  assert.deepEqual(
    pairs.map(([key]) => key),
    ["TargetAlias", "TargetPortalGroupTag", "MaxRecvDataSegmentLength"],
  );
});

test("security stage straight to full-feature phase", async () => {
  const wire = newWire();
  const { header } = await wire.login({ currentStage: 0, nextStage: 3, transit: true }, [
    ...names,
    ["AuthMethod", "None"],
  ]);
  assert.deepEqual([header.status, header.transit, header.nextStage], [0, true, 3]);
  assert.equal(wire.world.registry.list().length, 1);
});

test("a request without T is answered and the stage stays", async () => {
  const wire = newWire();
  const first = await wire.login({ currentStage: 1, nextStage: 0 }, names);
  assert.deepEqual([first.header.transit, first.header.nextStage], [false, 0]);
  const second = await wire.login({ currentStage: 1, nextStage: 0 }, [["MaxBurstLength", "1000000"]]);
  assert.deepEqual(second.pairs, [["MaxBurstLength", "1000000"]]);
  assert.equal((await wire.login(operational, [])).header.nextStage, 3);
});

test("keys that are split in the middle by the C bit are put together", async () => {
  const wire = newWire();
  const text = encodeText([...names, ["MaxBurstLength", "1000000"]]);
  const first = await wire.login({ currentStage: 1, isContinued: true }, text.slice(0, 25));
  assert.deepEqual([first.header.transit, first.header.isContinued, first.pairs.length], [false, false, 0]);
  await wire.login({ currentStage: 1, isContinued: true }, text.slice(25, 26));
  const last = await wire.login(operational, text.slice(26));
  assert.ok(last.pairs.some(([key, value]) => key === "MaxBurstLength" && value === "1000000"));
});

test("C and T together are refused", () =>
  refused(newWire(), "initiatorError", { ...operational, isContinued: true }, names));

test("a discovery session needs no target name", async () => {
  const wire = newWire();
  const { header, pairs } = await wire.login(operational, [
    ["InitiatorName", initiatorName],
    ["SessionType", "Discovery"],
  ]);
  assert.equal(header.status, 0);
  assert.deepEqual(pairs, [["MaxRecvDataSegmentLength", "1048576"]]);
  assert.equal(wire.world.registry.list()[0]?.type, "discovery");
});

test("keys of normal sessions are irrelevant in discovery", async () => {
  const wire = newWire();
  const { pairs } = await wire.login(operational, [
    ["InitiatorName", initiatorName],
    ["SessionType", "Discovery"],
    ["InitialR2T", "No"],
    ["MaxConnections", "8"],
    ["DefaultTime2Wait", "0"],
  ]);
  assert.deepEqual(pairs.slice(0, 3), [
    ["InitialR2T", "Irrelevant"],
    ["MaxConnections", "Irrelevant"],
    ["DefaultTime2Wait", "2"],
  ]);
});

const answers: readonly (readonly [key: string, offered: string, answered: string | undefined])[] = [
  ["HeaderDigest", "CRC32C,None", "CRC32C"],
  ["HeaderDigest", "None,CRC32C", "None"],
  ["DataDigest", "X-mine,CRC32C", "CRC32C"],
  ["DataDigest", "X-mine", "Reject"],
  ["MaxConnections", "8", "1"],
  ["MaxConnections", "0", "Reject"],
  ["InitialR2T", "Yes", "Yes"],
  ["InitialR2T", "No", "No"],
  ["InitialR2T", "maybe", "Reject"],
  ["ImmediateData", "No", "No"],
  ["ImmediateData", "Yes", "Yes"],
  ["MaxRecvDataSegmentLength", "512", undefined],
  ["MaxRecvDataSegmentLength", "16777215", undefined],
  ["MaxRecvDataSegmentLength", "511", "Reject"],
  ["MaxRecvDataSegmentLength", "16777216", "Reject"],
  ["MaxBurstLength", "262144", "262144"],
  ["MaxBurstLength", "0x40000", "262144"],
  ["MaxBurstLength", "16777215", "16776192"],
  ["MaxBurstLength", "511", "Reject"],
  ["MaxBurstLength", "-1", "Reject"],
  ["MaxBurstLength", "", "Reject"],
  ["FirstBurstLength", "65536", "65536"],
  ["FirstBurstLength", "262144", "262144"],
  ["MaxOutstandingR2T", "1", "1"],
  ["MaxOutstandingR2T", "65535", "16"],
  ["MaxOutstandingR2T", "65536", "Reject"],
  ["DefaultTime2Wait", "0", "2"],
  ["DefaultTime2Wait", "3600", "3600"],
  ["DefaultTime2Retain", "20", "0"],
  ["DefaultTime2Retain", "3601", "Reject"],
  ["ErrorRecoveryLevel", "2", "0"],
  ["ErrorRecoveryLevel", "3", "Reject"],
  ["DataPDUInOrder", "No", "Yes"],
  ["DataSequenceInOrder", "No", "Yes"],
  ["IFMarker", "Yes", "No"],
  ["OFMarker", "No", "No"],
  ["IFMarkInt", "2048~65535", "Irrelevant"],
  ["TaskReporting", "FastAbort", "Irrelevant"],
  ["iSCSIProtocolLevel", "2", "1"],
  ["X-com.example.what", "yes", "NotUnderstood"],
  ["RDMAExtensions", "Yes", "NotUnderstood"],
  ["TargetAlias", "mine", "Reject"],
  ["SendTargets", "All", "Reject"],
  ["InitiatorAlias", "a host", undefined],
];

for (const [key, offered, answered] of answers) {
  test(`${key}=${offered} is answered ${answered ?? "by silence"}`, async () => {
    const wire = newWire();
    const { header, pairs } = await wire.login(operational, [...names, [key, offered]]);
    assert.equal(header.status, 0);
    const mine = pairs.filter(
      ([name, value]) => name === key && (key !== "MaxRecvDataSegmentLength" || value === "Reject"),
    );
    const expected = key === "TargetAlias" ? ["a fake", answered] : answered === undefined ? [] : [answered];
    assert.deepEqual(
      mine.map(([, value]) => value),
      expected,
    );
  });
}

test("FirstBurstLength is never above MaxBurstLength", async () => {
  const wire = newWire();
  const { pairs } = await wire.login(operational, [
    ...names,
    ["MaxBurstLength", "4096"],
    ["FirstBurstLength", "65536"],
  ]);
  assert.ok(pairs.some(([key, value]) => key === "FirstBurstLength" && value === "4096"));
});

test("a repeated InitiatorName in the operational stage is accepted", async () => {
  const wire = newWire();
  await wire.login({ ...security, transit: true }, [...names, ["AuthMethod", "None"]]);
  const { header, pairs } = await wire.login(operational, [["InitiatorName", initiatorName]]);
  assert.equal(header.status, 0);
  assert.deepEqual(pairs, [["MaxRecvDataSegmentLength", "1048576"]]);
});

test("a key that is repeated with the same value is answered once", async () => {
  const wire = newWire();
  await wire.login({ currentStage: 1 }, [...names, ["MaxBurstLength", "4096"]]);
  const { header, pairs } = await wire.login(operational, [["MaxBurstLength", "4096"]]);
  assert.equal(header.status, 0);
  assert.deepEqual(pairs, []);
});

test("a key that is negotiated again with another value ends the login", async () => {
  const wire = newWire();
  await wire.login({ currentStage: 1 }, [...names, ["MaxBurstLength", "4096"]]);
  await refused(wire, "initiatorError", operational, [["MaxBurstLength", "8192"]]);
});

test("a login without InitiatorName misses a parameter", () =>
  refused(newWire(), "missingParameter", operational, [["TargetName", targetName]]));
test("a normal session without TargetName misses a parameter", () =>
  refused(newWire(), "missingParameter", operational, [["InitiatorName", initiatorName]]));
test("an initiator name that is none is refused", () =>
  refused(newWire(), "initiatorError", operational, [
    ["InitiatorName", "host"],
    ["TargetName", targetName],
  ]));
test("an initiator name above 223 bytes is refused", () =>
  refused(newWire(), "initiatorError", operational, [
    ["InitiatorName", `iqn.${"x".repeat(220)}`],
    ["TargetName", "t"],
  ]));
test("an initiator name with control characters is refused, an alias is cleaned", async () => {
  const sly: readonly TextPair[] = [
    ["InitiatorName", "iqn.2026-01.x:\u001b[2J"],
    ["TargetName", targetName],
  ];
  await refused(newWire(), "initiatorError", operational, sly);
  const wire = newWire();
  await wire.login(operational, [...names, ["InitiatorAlias", "a\u001b[2Jb"]]);
  assert.equal(wire.world.registry.list()[0]?.initiatorAlias, "a?[2Jb");
});
test("more unknown keys than an answer can hold end the login", async () => {
  const keys = Array.from({ length: 700 }, (_, index): TextPair => [`K${index}`, ""]);
  await refused(newWire(), "initiatorError", operational, [...names, ...keys]);
});
test("an unknown session type is refused", () =>
  refused(newWire(), "sessionTypeUnsupported", operational, [...names, ["SessionType", "Strange"]]));
test("a target that does not exist is not found", () =>
  refused(newWire(), "notFound", operational, [
    ["InitiatorName", initiatorName],
    ["TargetName", "iqn.2026-01.x:y"],
  ]));
test("an initiator of a later version only is refused", () =>
  refused(newWire(), "unsupportedVersion", { ...operational, versionMin: 1, versionMax: 2 }, names));
test("a transit backwards is refused", () =>
  refused(newWire(), "initiatorError", { currentStage: 1, nextStage: 0, transit: true }, names));
test("a transit to the stage that does not exist is refused", () =>
  refused(newWire(), "initiatorError", { currentStage: 1, nextStage: 2, transit: true }, names));
test("stage 2 and stage 3 are no login stages", async () => {
  await refused(newWire(), "initiatorError", { currentStage: 2 }, names);
  await refused(newWire(), "initiatorError", { currentStage: 3 }, names);
});
test("text that is no pairs is refused", async () => {
  await refused(newWire(), "initiatorError", operational, bytesFromText("InitiatorName\0"));
  await refused(newWire(), "initiatorError", operational, bytesFromText("=x\0"));
  await refused(newWire(), "initiatorError", operational, bytesFromText("in valid=x\0"));
});
test("a handle of no session is refused", () =>
  refused(newWire(), "sessionDoesNotExist", { ...operational, tsih: 99 }, names));

test("going back to the security stage is refused", async () => {
  const wire = newWire();
  await wire.login({ currentStage: 1 }, names);
  await refused(wire, "initiatorError", { ...security, transit: true }, []);
});

test("an ISID that changes during the login is refused", async () => {
  const wire = newWire();
  await wire.login({ currentStage: 1 }, names);
  await refused(wire, "initiatorError", { ...operational, isid: 1 }, []);
});

test("text without end is refused, and so are requests without end", async () => {
  const wire = newWire();
  const piece = new Uint8Array(8192).fill(0x61);
  for (let index = 0; index < 8; index++) await wire.login({ currentStage: 1, isContinued: true }, piece);
  await refused(wire, "initiatorError", { currentStage: 1, isContinued: true }, piece);
  const other = newWire();
  for (let index = 0; index < 32; index++) await other.login({ currentStage: 1 }, index === 0 ? names : []);
  await refused(other, "initiatorError", { currentStage: 1 }, []);
});

test("a login request above 8192 bytes drops the connection", async () => {
  const wire = newWire();
  const { LoginRequest: layout } = await import("./pdu-layouts.ts");
  wire.send(layout.encode(operational), new Uint8Array(8193));
  assert.equal(wire.stream.isDestroyed, true);
});

test("anything but a login request before the login drops the connection", async () => {
  for (let opcode = 0; opcode < 64; opcode++) {
    if (opcode === 3) continue;
    const wire = newWire();
    wire.send(Uint8Array.from({ length: 48 }, (_, index) => (index === 0 ? opcode : 0)));
    assert.equal(wire.stream.isDestroyed, true, `opcode ${opcode}`);
    assert.deepEqual(await wire.take(), []);
  }
});

test("who does not log in in time is dropped", async () => {
  const wire = newWire();
  await wire.login({ currentStage: 1 }, names);
  await wire.world.clock.advance(seconds(19));
  assert.equal(wire.stream.isDestroyed, false);
  await wire.world.clock.advance(seconds(2));
  assert.equal(wire.stream.isDestroyed, true);
});

test("a login in crumbs of one byte is the same login", async () => {
  const wire = newWire();
  const { LoginRequest: layout } = await import("./pdu-layouts.ts");
  wire.feed(wire.frame(layout.encode({ ...operational, cmdSn: 5 }), encodeText(names)), 1);
  const pdu = await wire.takeOne();
  const { LoginResponse } = await import("./pdu-layouts.ts");
  const response = LoginResponse.decode(pdu.header);
  assert.deepEqual([response.status, response.expCmdSn, response.statSn], [0, 5, 1]);
});

test("a second connection for a session is one too many, the same connection reinstates it", async () => {
  const world = makeWorld();
  const first = new FakeWire(world);
  const { tsih } = await first.logInDirectly();
  await refusedButFirstLives(world, { tsih, cid: 1 });
  const again = new FakeWire(world);
  const { header } = await again.login({ ...operational, tsih, cid: 0 }, names);
  assert.deepEqual([header.status, header.tsih], [0, tsih]);
  assert.equal(first.stream.isDestroyed, true);
  assert.equal(world.registry.list().length, 1);
});

async function refusedButFirstLives(world: ReturnType<typeof makeWorld>, fields: Partial<LoginRequest>): Promise<void> {
  const wire = new FakeWire(world);
  const { header } = await wire.login({ ...operational, ...fields }, names);
  assert.equal(header.status, loginStatus.tooManyConnections.code);
  assert.equal(world.registry.list().length, 1);
}

test("padding behind the text does not matter", async () => {
  const wire = newWire();
  const { header } = await wire.login(operational, concatBytes([encodeText(names), new Uint8Array(5)]));
  assert.equal(header.status, 0);
});

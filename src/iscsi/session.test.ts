// SPDX-License-Identifier: Apache-2.0
// Our initiator against our target over a simulated network: sessions from login to logout, data in every direction.

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes, isFault, milliseconds, minutes, seconds } from "#base/index.ts";
import type { InitiatorSession } from "./initiator-session.ts";
import type { InitiatorSettings } from "./initiator-login.ts";
import {
  fakeCdb,
  fakeOpcodes,
  fakeSense,
  initiatorName,
  makeHarness,
  pattern,
  portalEndpoint,
  targetName,
  type Harness,
} from "./session-harness.ts";

const login = (harness: Harness, settings: InitiatorSettings = {}): Promise<InitiatorSession> =>
  harness.run(harness.initiator.login(portalEndpoint, targetName, settings));

test("an initiator logs in, runs a command and logs out", async () => {
  const harness = await makeHarness();
  const session = await login(harness);
  const answer = await harness.run(session.execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.nothing) }));
  assert.deepEqual([answer.status, answer.residual, answer.dataIn.byteLength], [0, 0, 0]);
  const [description] = harness.registry.list();
  assert.equal(description?.initiatorName, initiatorName);
  assert.equal(description?.targetName, targetName);
  assert.equal(description?.commands, 1);
  await harness.run(session.logout());
  await harness.clock.advance(seconds(1));
  assert.equal(harness.registry.list().length, 0);
  assert.equal(harness.portal.connectionCount, 0);
  assert.deepEqual(harness.device.events, [
    `opened ${initiatorName}`,
    "accept 0 lun 0",
    `closed ${initiatorName} logout`,
  ]);
});

test("what is negotiated is what both sides offered", async () => {
  const harness = await makeHarness();
  const session = await login(harness, { firstBurst: 262_144, maxBurst: 1_048_576, outstandingR2t: 4 });
  assert.equal(session.negotiated["FirstBurstLength"], "262144");
  assert.equal(session.negotiated["MaxBurstLength"], "1048576");
  assert.equal(session.negotiated["MaxOutstandingR2T"], "4");
  assert.equal(session.negotiated["InitialR2T"], "No");
  assert.equal(session.negotiated["MaxRecvDataSegmentLength"], "1048576");
  assert.equal(harness.registry.list()[0]?.negotiated["FirstBurstLength"], "262144");
});

test("a discovery session lists all targets, also when the list needs several responses", async () => {
  const harness = await makeHarness();
  harness.directory.targetCount = 1000;
  const targets = await harness.run(harness.initiator.discover(portalEndpoint, { maxReceiveSegment: 8192 }));
  assert.equal(targets.length, 1000);
  assert.deepEqual(targets[0], {
    name: targetName,
    addresses: [{ endpoint: portalEndpoint, portalGroupTag: 1 }],
  });
  assert.equal(targets[999]?.name, `${targetName}-999`);
});

test("SendTargets in a normal session tells of its own target only", async () => {
  const harness = await makeHarness();
  harness.directory.targetCount = 3;
  const session = await login(harness);
  const own = [
    ["TargetName", targetName],
    ["TargetAddress", "10.0.0.1:3260,1"],
  ];
  assert.deepEqual(await harness.run(session.text([["SendTargets", ""]])), own);
  assert.deepEqual(await harness.run(session.text([["SendTargets", targetName]])), own);
  assert.deepEqual(await harness.run(session.text([["SendTargets", `${targetName}-1`]])), []);
  assert.deepEqual(await harness.run(session.text([["SendTargets", "All"]])), [["SendTargets", "Reject"]]);
  assert.deepEqual(await harness.run(session.text([["X-what", "1"]])), [["X-what", "NotUnderstood"]]);
  assert.deepEqual(await harness.run(session.text([["MaxBurstLength", "512"]])), [["MaxBurstLength", "Reject"]]);
});

const sizes = [1, 2, 3, 4, 511, 512, 8191, 8192, 8193, 65_536, 262_144, 262_145, 1_048_577, 8 * 1024 * 1024];
const settings: readonly (readonly [string, InitiatorSettings])[] = [
  ["the defaults", {}],
  ["InitialR2T=Yes, ImmediateData=No", { initialR2t: true, immediateData: false, maxBurst: 65_536 }],
  ["InitialR2T=Yes, ImmediateData=Yes", { initialR2t: true, firstBurst: 16_384, outstandingR2t: 4, maxBurst: 20_000 }],
  ["InitialR2T=No, ImmediateData=No", { immediateData: false, firstBurst: 100_000, maxBurst: 100_000 }],
  [
    "small bursts and both digests",
    {
      firstBurst: 5000,
      maxBurst: 30_001,
      maxReceiveSegment: 12_345,
      outstandingR2t: 3,
      headerDigest: ["CRC32C"],
      dataDigest: ["CRC32C", "None"],
    },
  ],
];

for (const [name, offer] of settings) {
  test(`blocks of 1 byte to 8 MiB arrive as they were with ${name}`, async () => {
    const harness = await makeHarness();
    const session = await login(harness, offer);
    for (const size of sizes) {
      const data = pattern(size, size);
      const wrote = await harness.run(
        session.execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.write, size), dataOut: data }),
      );
      assert.deepEqual([wrote.status, wrote.residual], [0, 0], `writing ${size}`);
      const written = harness.device.written.pop();
      assert.ok(written !== undefined && equalBytes(written, data), `written ${size}`);
      const request = { lun: 0, cdb: fakeCdb(fakeOpcodes.read, size), dataInLength: size };
      const read = await harness.run(session.execute(request));
      assert.deepEqual([read.status, read.residual], [0, 0], `reading ${size}`);
      assert.ok(equalBytes(read.dataIn, pattern(size)), `read ${size}`);
    }
    await harness.clock.settle();
    assert.equal(harness.device.released, sizes.length);
    await harness.run(session.logout());
  });
}

test("data-in comes beside CHECK CONDITION, with sense", async () => {
  const harness = await makeHarness();
  const session = await login(harness, { maxReceiveSegment: 4096 });
  const request = { lun: 0, cdb: fakeCdb(fakeOpcodes.fail, 10_000), dataInLength: 65_536 };
  const answer = await harness.run(session.execute(request));
  assert.equal(answer.status, 2);
  assert.deepEqual(answer.sense, fakeSense);
  assert.equal(answer.residual, 55_536);
  assert.ok(equalBytes(answer.dataIn, pattern(10_000)));
});

test("residuals say how far the transfer was from what was expected", async () => {
  const harness = await makeHarness();
  const session = await login(harness);
  const read = async (expected: number, actual: number): Promise<number> => {
    const request = { lun: 0, cdb: fakeCdb(fakeOpcodes.read, actual), dataInLength: expected };
    return (await harness.run(session.execute(request))).residual;
  };
  assert.equal(await read(512, 512), 0);
  assert.equal(await read(1024, 512), 512);
  assert.equal(await read(256, 512), -256);
  const none = await harness.run(session.execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.nothing), dataInLength: 16 }));
  assert.deepEqual([none.status, none.residual], [0, 16]);
  const write = async (expected: number, actual: number): Promise<number> => {
    const request = { lun: 0, cdb: fakeCdb(fakeOpcodes.write, actual), dataOut: pattern(expected) };
    return (await harness.run(session.execute(request))).residual;
  };
  assert.equal(await write(1024, 512), 512);
  assert.equal(await write(512, 1024), -512);
  assert.equal(harness.device.written[0]?.byteLength, 512);
});

test("a unit that fails before the data is there answers when the data has passed", async () => {
  const harness = await makeHarness();
  const session = await login(harness, { firstBurst: 8192 });
  const data = pattern(100_000);
  const answer = await harness.run(session.execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.early), dataOut: data }));
  assert.deepEqual([answer.status, answer.residual], [2, 100_000]);
  const after = await harness.run(session.execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.nothing) }));
  assert.equal(after.status, 0);
});

test("many commands are outstanding at once and answered in any order", async () => {
  const harness = await makeHarness({ seed: 7 });
  const session = await login(harness);
  const answers: Promise<number>[] = [];
  for (let index = 0; index < 300; index++) {
    const size = 1 + ((index * 7919) % 50_000);
    answers.push(
      index % 2 === 0
        ? session
            .execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.write, size), dataOut: pattern(size) })
            .then((a) => a.status)
        : session
            .execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.read, size), dataInLength: size })
            .then((a) => (equalBytes(a.dataIn, pattern(size)) ? a.status : -1)),
    );
  }
  const statuses = await harness.run(Promise.all(answers));
  assert.ok(statuses.every((status) => status === 0));
  assert.equal(harness.device.written.length, 150);
});

test("a place may move while data arrives, and what follows goes to the new one", async () => {
  const harness = await makeHarness({
    behaviour: {
      latencyMax: milliseconds(1),
      window: [4096, 8192],
      splitChance: 0.9,
      crumbChance: 0.3,
      cutChance: 0,
      refuseChance: 0,
    },
  });
  const session = await login(harness);
  const size = 100_000;
  const place = {
    bytes: new Uint8Array(size),
    release() {},
    onMoved: undefined as (() => void) | undefined,
  };
  harness.device.nextPlace = place;
  const data = pattern(size);
  const wrote = session.execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.write, size), dataOut: data });
  for (let moves = 0; moves < 20; moves++) {
    await harness.clock.advance(milliseconds(1));
    const old = place.bytes;
    place.bytes = old.slice();
    place.onMoved?.();
    // What is read into the old memory now would be lost.
    old.fill(0xee);
  }
  assert.equal((await harness.run(wrote)).status, 0);
  const [written] = harness.device.written;
  assert.ok(written !== undefined && equalBytes(written, data));
});

test("a ping is answered while a command runs for hours", async () => {
  const harness = await makeHarness();
  const session = await login(harness);
  const answer = session.execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.wait), timeout: minutes(300) });
  await harness.clock.advance(minutes(180));
  await harness.run(session.ping(pattern(1000)));
  for (const task of harness.device.waiting) task.finish({ status: 0 });
  assert.equal((await harness.run(answer)).status, 0);
});

test("a command that takes too long is aborted, and the session goes on", async () => {
  const harness = await makeHarness();
  const session = await login(harness);
  const late = session.execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.wait), timeout: seconds(5) });
  await assert.rejects(harness.run(late), (error) => isFault(error, "iscsi.command-timeout"));
  assert.ok(harness.device.events.includes("abort 192"));
  for (const task of harness.device.waiting) {
    assert.equal(task.aborted, true);
    task.finish({ status: 0 });
  }
  assert.equal((await harness.run(session.execute({ lun: 0, cdb: fakeCdb(0) }))).status, 0);
});

test("a command is aborted by its signal in the middle of an R2T, and its data does no harm", async () => {
  const harness = await makeHarness();
  const session = await login(harness, { maxBurst: 8192, firstBurst: 4096 });
  const controller = new AbortController();
  const size = 1_000_000;
  const request = { lun: 0, cdb: fakeCdb(fakeOpcodes.write, size), dataOut: pattern(size), signal: controller.signal };
  const answer = session.execute(request);
  const rejected = assert.rejects(harness.run(answer), /not any more/);
  await harness.clock.advance(milliseconds(2));
  controller.abort(new Error("not any more"));
  await rejected;
  assert.ok(harness.device.events.includes("abort 10"));
  assert.equal((await harness.run(session.execute({ lun: 0, cdb: fakeCdb(0) }))).status, 0);
});

test("a reset of a unit ends its commands", async () => {
  const harness = await makeHarness();
  const session = await login(harness);
  const answer = session.execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.wait) });
  const rejected = assert.rejects(answer, (error) => isFault(error, "iscsi.command-rejected"));
  await harness.clock.advance(seconds(1));
  assert.equal(await harness.run(session.resetLun(0)), 0);
  await rejected;
  assert.equal(await harness.run(session.resetLun(3)), 2);
  assert.ok(harness.device.events.includes("lun-reset lun 0"));
});

test("a second login with the same name and ISID waits for the tasks of the first, and takes over", async () => {
  const harness = await makeHarness();
  const isid = "800102030405";
  const first = await login(harness, { isid });
  const lost = assert.rejects(first.execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.wait) }), (error) =>
    isFault(error, "iscsi.session-lost"),
  );
  await harness.clock.advance(seconds(1));
  let quiet = (): void => {};
  harness.device.beforeAbort = () => new Promise((resolve) => (quiet = resolve));
  const second = harness.initiator.login(portalEndpoint, targetName, { isid });
  await harness.clock.advance(seconds(3));
  assert.equal(harness.registry.list().length, 1, "the first is still ending");
  assert.equal(harness.device.events.filter((event) => event.startsWith("opened")).length, 1);
  quiet();
  const session = await harness.run(second);
  await lost;
  assert.deepEqual(harness.device.events.slice(-3), [
    "abort 192",
    `closed ${initiatorName} lost`,
    `opened ${initiatorName}`,
  ]);
  assert.equal((await harness.run(session.execute({ lun: 0, cdb: fakeCdb(0) }))).status, 0);
});

test("a target takes no more sessions than it may", async () => {
  const harness = await makeHarness();
  harness.directory.sessionsMax = 2;
  await login(harness);
  await login(harness);
  await assert.rejects(login(harness), (error) => isFault(error, "iscsi.target-unavailable"));
  assert.equal(harness.registry.list().length, 2);
});

test("refusals of the directory are told as what they are", async () => {
  const harness = await makeHarness();
  const unknown = harness.initiator.login(portalEndpoint, "iqn.2026-01.test:none");
  await assert.rejects(harness.run(unknown), (error) => isFault(error, "iscsi.target-not-found"));
  harness.directory.refusal = "authorizationFailure";
  await assert.rejects(login(harness), (error) => isFault(error, "iscsi.login-refused"));
  harness.directory.refusal = "serviceUnavailable";
  await assert.rejects(login(harness), (error) => isFault(error, "iscsi.target-unavailable"));
  await harness.clock.advance(seconds(30));
  assert.equal(harness.portal.connectionCount, 0);
});

test("a portal that closes asks the initiators to log out, and they do", async () => {
  const harness = await makeHarness();
  const session = await login(harness);
  await harness.run(harness.portal.close(seconds(10)));
  assert.ok(harness.clock.monotonic() < 10_000);
  assert.match((await harness.run(session.ended)).message, /logged out/);
  assert.deepEqual(harness.device.events.at(-1), `closed ${initiatorName} logout`);
});

test("a session that is dropped is gone for both sides", async () => {
  const harness = await makeHarness();
  const session = await login(harness);
  const lost = assert.rejects(session.execute({ lun: 0, cdb: fakeCdb(fakeOpcodes.wait) }), /gone/);
  await harness.clock.advance(seconds(1));
  assert.equal(await harness.run(harness.registry.drop(() => true, "its target was deleted")), 1);
  await harness.run(session.ended);
  await lost;
  assert.equal(harness.registry.list().length, 0);
});

test("a host that dies without a word is noticed by its silence", async () => {
  const harness = await makeHarness();
  const host = harness.network.machine("10.0.0.9");
  const { IscsiInitiator } = await import("./initiator.ts");
  const { clock, random } = harness;
  const { silentLog } = await import("#base/index.ts");
  const dying = new IscsiInitiator({
    network: host,
    clock: clock.process(),
    random,
    log: silentLog,
    name: initiatorName,
  });
  await harness.run(dying.login(portalEndpoint, targetName));
  host.crash(minutes(60));
  await harness.clock.advance(minutes(3));
  assert.equal(harness.registry.list().length, 0);
  assert.deepEqual(harness.device.events.at(-1), `closed ${initiatorName} lost`);
});

// SPDX-License-Identifier: Apache-2.0
// A gateway whose machine is lost comes back from its bucket, and the machine changes nothing any more when it wakes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, days, equalBytes, isFault, later, limits, minutes, seconds, silentLog } from "#base/index.ts";
import { smallLibrary, testBlock, testSize, TestWorld, type Host } from "./gateway-fixtures.ts";
import type { Gateway } from "./gateway.ts";
import { recoverGateway, type RecoveryReport } from "./recovery.ts";

const tape = "CAP001L8";
const shelved = "CAP002L8";
const operator = { who: "ann" };

interface Drive {
  readonly changer: Host;
  readonly drive: Host;
  readonly bay: number;
  readonly slots: number;
}

async function makeLibrary(world: TestWorld, gateway: Gateway): Promise<Drive> {
  await world.run(gateway.createLibrary(smallLibrary));
  await world.run(gateway.createPool({ name: "law", storageClass: "GLACIER", lock: "GOVERNANCE", retentionDays: 9 }));
  await world.run(gateway.createCartridges({ library: "lib", count: 3, sizeBytes: testSize }));
  const [target] = gateway.listTargets("lib");
  assert.ok(target !== undefined);
  return driveOf(world, gateway);
}

async function driveOf(world: TestWorld, gateway: Gateway): Promise<Drive> {
  const { firstAddresses, changerTarget } = gateway.getLibrary("lib");
  const changer = await world.login(changerTarget);
  const drive = await world.login(gateway.listDrives("lib")[0]?.target ?? "");
  await changer.attentions();
  await drive.attentions();
  return { changer, drive, bay: firstAddresses.drive, slots: firstAddresses.storageSlot };
}

async function load({ changer, drive, bay, slots }: Drive, index: number): Promise<void> {
  await changer.attentions();
  assert.equal(await changer.move(slots + index, bay), "good");
  await drive.attentions();
}

async function write(drive: Host, first: number, count: number): Promise<void> {
  for (let number = first; number < first + count; number++) assert.equal(await drive.write(testBlock(number)), "good");
  assert.equal(await drive.filemark(), "good");
}

function recover(world: TestWorld, takeOver: boolean): Promise<RecoveryReport> {
  const { clock, random, objects } = world;
  const ports = { clock, random: random.fork("recovery"), log: silentLog, objects };
  return world.run(recoverGateway(ports, { host: "spare", takeOver, disk: world.disk.attach() }));
}

/** Everything in the bucket. */
const contentOf = ({ objects }: TestWorld): ReadonlyMap<string, string> =>
  new Map(objects.keys.map((key) => [key, Buffer.from(objects.contentOf(key) ?? []).toString("base64")]));

/** A library with a cartridge in a slot, one on the shelf, and one in a drive that holds more than was uploaded. */
async function prepare(world: TestWorld): Promise<{ readonly gateway: Gateway; readonly drive: Drive }> {
  const gateway = await world.start({ uploadDelay: seconds(0) });
  const drive = await makeLibrary(world, gateway);
  for (const index of [0, 1]) {
    await load(drive, index);
    await write(drive.drive, 0, 40);
    assert.equal(await drive.changer.move(drive.bay, drive.slots + index), "good");
  }
  await world.run(gateway.ejectCartridge(shelved, operator));
  await world.until(shelved, "ARCHIVED");
  const target = gateway.listDrives("lib")[1]?.target ?? "";
  await world.run(gateway.setChap({ target, initiator: "iqn.2026-11.io.x:y", secret: "a secret of sorts" }));
  await world.clock.advance(minutes(2));
  return { gateway, drive };
}

test("a lost machine costs only what was not uploaded, and that is told exactly", async () => {
  const world = new TestWorld();
  const { gateway, drive } = await prepare(world);
  await load(drive, 0);
  await drive.drive.rewind();
  // Space to the end of data by reading, then write what will be lost.
  for (let count = 0; count < 42; count++) await drive.drive.read();
  await write(drive.drive, 40, 5);
  const before = gateway.listCartridges().map(({ barcode, state, pool }) => ({ barcode, state, pool }));
  await world.clock.advance(minutes(6));
  world.kill("power");
  world.moveToNewMachine();
  await assert.rejects(recover(world, false), (error) => isFault(error, "gateway.recover-alive"));
  await world.clock.advance(minutes(20));
  const report = await recover(world, false);
  assert.equal(report.libraries, 1);
  assert.equal(report.accessRules, 1);
  const first = report.cartridges.find(({ barcode }) => barcode === tape);
  assert.deepEqual([first?.objects, first?.files, first?.lostObjects, first?.lostFiles], [41, 1, 6, 1]);
  assert.deepEqual(
    report.cartridges.filter(({ barcode }) => barcode !== tape).map(({ lostObjects }) => lostObjects),
    [0, 0],
  );

  const again = await world.start();
  assert.deepEqual(
    again.listCartridges().map(({ barcode, state, pool }) => ({ barcode, state, pool })),
    before,
  );
  assert.ok(again.listPools().some(({ name, lock }) => name === "law" && lock === "GOVERNANCE"));
  assert.equal(again.listTargets().flatMap(({ chap }) => chap).length, 1);
  const view = again.getCartridge(tape);
  assert.deepEqual([view.condition, view.loss?.firstLost, view.writeProtected], ["RECOVERED", 41, true]);
  await readAll(world, again, drive);
  await world.stop();
});

async function readAll(world: TestWorld, gateway: Gateway, { bay, slots }: Drive): Promise<void> {
  const { changer, drive } = await driveOf(world, gateway);
  await drive.rewind();
  for (let number = 0; number < 40; number++) {
    const { word, data } = await drive.read();
    assert.equal(word, "good");
    assert.ok(equalBytes(data, testBlock(number)), `block ${number} is as it was written`);
  }
  assert.equal((await drive.read()).word, "filemark-detected");
  assert.equal((await drive.read()).word, "end-of-data");
  assert.equal(await drive.write(testBlock(1)), "write-protected");
  assert.equal(await changer.move(bay, slots), "good");
  await world.run(gateway.acceptLoss(tape));
  assert.equal(gateway.getCartridge(tape).condition, "GOOD");
}

test("a machine that was taken over and wakes changes nothing in the bucket", async () => {
  const world = new TestWorld();
  const { gateway: sleeper, drive } = await prepare(world);
  await load(drive, 2);
  await write(drive.drive, 0, 3);
  world.moveToNewMachine();
  await recover(world, true);
  const before = contentOf(world);
  // It wakes up: hosts write, an operator asks, timers run.
  await drive.drive.write(testBlock(9));
  await world.run(Promise.resolve(drive.drive.filemark()));
  await world.clock.advance(limits.fenceWatch);
  assert.match(sleeper.status().fenced ?? "", /spare has taken over/);
  await world.clock.advance(limits.logoutGrace);
  assert.deepEqual(sleeper.listSessions(), []);
  await assert.rejects(world.login(sleeper.listDrives("lib")[0]?.target ?? ""));
  assert.ok(sleeper.status().alarms.some(({ name, severity }) => name === "bucket" && severity === "critical"));
  const isFenced = (error: unknown): boolean => isFault(error, "store.fenced");
  await assert.rejects(world.run(sleeper.createCartridges({ library: "lib", sizeBytes: testSize })), isFenced);
  await assert.rejects(world.run(sleeper.ejectCartridge(tape, operator)));
  await world.clock.advance(minutes(30));
  await world.run(sleeper.stop());
  assert.deepEqual(contentOf(world), before);
});

/** Recovers on a machine whose clock is a month behind the gateway's. */
function recoverLate(world: TestWorld): Promise<RecoveryReport> {
  const { clock, random, objects } = world;
  const behind: Clock = {
    now: () => later(clock.now(), days(-30)),
    monotonic: () => clock.monotonic(),
    setTimer: (after, callback) => clock.setTimer(after, callback),
  };
  const ports = { clock: behind, random: random.fork("recovery"), log: silentLog, objects };
  return world.run(recoverGateway(ports, { host: "spare", disk: world.disk.attach() }));
}

test("a status from the future tells nothing of its age: a gateway that is silent while it is watched is dead", async () => {
  const world = new TestWorld();
  await prepare(world);
  world.kill("power");
  world.moveToNewMachine();
  const began = world.clock.monotonic();
  const report = await recoverLate(world);
  assert.equal(report.cartridges.length, 3);
  const took = world.clock.monotonic() - began;
  assert.ok(took >= limits.statusExpires && took < limits.statusExpires + minutes(2), `${took} ms`);
});

test("and one that says something meanwhile lives, however wrong the clocks are", async () => {
  const world = new TestWorld();
  const { gateway } = await prepare(world);
  await assert.rejects(recoverLate(world), (error) => isFault(error, "gateway.recover-alive"));
  await world.clock.advance(minutes(10));
  assert.equal(gateway.status().fenced, undefined);
  await world.stop();
});

// SPDX-License-Identifier: Apache-2.0
// Locks and holds on the objects themselves: whoever has the object store and not the gateway cannot delete them either.

import assert from "node:assert/strict";
import { test } from "node:test";
import { days, milliseconds, minutes, seconds } from "#base/index.ts";
import { allAbilities, type ObjectKey, type ObjectStoreAbilities, storeFault } from "#store/index.ts";
import { SimObjectStore } from "#sim/index.ts";
import { smallLibrary, testBlock, testSize, TestWorld } from "./gateway-fixtures.ts";
import type { Gateway } from "./gateway.ts";

const actor = { who: "ann" };
const tape = "CAP001L8";

async function archived(world: TestWorld, gateway: Gateway, pool: string): Promise<void> {
  await world.run(gateway.createLibrary(smallLibrary));
  await world.run(
    gateway.createPool({ name: "law", storageClass: "DEEP_ARCHIVE", lock: "COMPLIANCE", retentionDays: 30 }),
  );
  await world.run(gateway.createPool({ name: "rule", storageClass: "GLACIER", lock: "GOVERNANCE", retentionDays: 30 }));
  await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize, pool, barcode: tape }));
  await world.run(gateway.loadCartridge(tape));
  const drive = await world.login(gateway.listDrives("lib")[0]?.target ?? "");
  await drive.attentions();
  for (let number = 0; number < 40; number++) assert.equal(await drive.write(testBlock(number)), "good");
  await world.run(gateway.unloadCartridge(tape));
  // A session that stays pings, and tests here let months pass.
  await drive.logout();
  await world.run(gateway.ejectCartridge(tape, actor));
  await world.until(tape, "ARCHIVED");
}

async function objectsOf(
  world: TestWorld,
): Promise<readonly { key: ObjectKey; until: number | undefined; held: boolean }[]> {
  const keys = world.objects.keys.filter((key) => key.startsWith("cartridges/")) as ObjectKey[];
  const infos = await world.run(Promise.all(keys.map((key) => world.objects.head(key))));
  return infos.flatMap((info) =>
    info === undefined ? [] : [{ key: info.key, until: info.retention?.until, held: info.legalHold }],
  );
}

async function expectUndeletable(world: TestWorld): Promise<void> {
  for (const { key } of await objectsOf(world)) {
    await assert.rejects(world.run(world.objects.delete(key, { bypassGovernance: true })), {
      code: "store.object-locked",
    });
  }
}

test("a COMPLIANCE lock is on every object of an archived cartridge until the time that is shown", async () => {
  const world = new TestWorld();
  const gateway = await world.start();
  await archived(world, gateway, "law");
  const { lockedUntil, isLockedInStore } = gateway.getCartridge(tape);
  assert.equal(isLockedInStore, true);
  const objects = await objectsOf(world);
  assert.ok(objects.length >= 4, "segments and manifests");
  assert.deepEqual(new Set(objects.map(({ until }) => until)), new Set([lockedUntil]));
  await expectUndeletable(world);
  await world.run(gateway.retainCartridge({ barcode: tape, days: 90 }, actor));
  await world.clock.advance(minutes(1));
  const longer = gateway.getCartridge(tape).lockedUntil ?? 0;
  assert.ok(longer > (lockedUntil ?? 0));
  assert.deepEqual(new Set((await objectsOf(world)).map(({ until }) => until)), new Set([longer]));
  await world.clock.advance(days(91));
  await world.run(gateway.deleteCartridge(tape, actor));
  await world.clock.advance(minutes(5));
  assert.deepEqual(await objectsOf(world), []);
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("a hold that is put on again while the one before is released is on every object", async () => {
  const world = new TestWorld();
  const gateway = await world.start();
  await archived(world, gateway, "rule");
  await world.run(gateway.setLegalHold(tape, true, actor));
  await world.clock.advance(minutes(1));
  world.objects.options.delay = () => seconds(1);
  await world.run(gateway.setLegalHold(tape, false, actor));
  await world.clock.advance(milliseconds(1500));
  await world.run(gateway.setLegalHold(tape, true, actor));
  await world.clock.advance(minutes(5));
  assert.equal(gateway.getCartridge(tape).isLockedInStore, true);
  assert.ok((await objectsOf(world)).every(({ held }) => held));
  await world.stop();
});

for (const isHeld of [true, false]) {
  test(`a hold is ${isHeld ? "" : "not "}on every object although a crash came while the opposite was being done`, async () => {
    const world = new TestWorld();
    const gateway = await world.start();
    await archived(world, gateway, "rule");
    await world.run(gateway.setLegalHold(tape, isHeld, actor));
    await world.clock.advance(minutes(1));
    const held = async (): Promise<readonly boolean[]> => (await objectsOf(world)).map((object) => object.held);
    world.objects.options.failBefore = { setLegalHold: 0.5 };
    await world.run(gateway.setLegalHold(tape, !isHeld, actor));
    await world.run(gateway.setLegalHold(tape, isHeld, actor));
    assert.equal(gateway.getCartridge(tape).isLockedInStore, true, "by the lock of its pool");
    world.kill("power");
    delete world.objects.options.failBefore;
    assert.equal(new Set(await held()).size, 2, "the crash comes in the middle");
    await world.start();
    await world.clock.advance(minutes(5));
    assert.ok((await held()).every((each) => each === isHeld));
    await world.stop();
  });
}

test("a task of the shelf waits while the disk is full for the gateway's facts, and then goes on", async () => {
  const world = new TestWorld();
  const gateway = await world.start();
  await archived(world, gateway, "rule");
  world.disk.options.fail = (operation, path) =>
    operation === "write" && path.startsWith("gateway.ledger") && gateway.getCartridge(tape).state === "RETRIEVING"
      ? storeFault("disk-full", { path })
      : undefined;
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib" }, actor));
  await world.clock.advance(days(2));
  const [task] = gateway.tasks.list({ subject: tape });
  assert.equal(task?.state, "waiting");
  assert.match(task.waitingFor ?? "", /no space left/);
  delete world.disk.options.fail;
  await world.until(tape, "RETRIEVED");
  await world.stop();
});

test("what is written about a locked cartridge when it comes back from a library is locked too", async () => {
  const world = new TestWorld();
  const gateway = await world.start();
  await archived(world, gateway, "law");
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib" }, actor));
  await world.until(tape, "RETRIEVED");
  await world.run(gateway.ejectCartridge(tape, actor));
  await world.clock.advance(minutes(5));
  assert.equal(gateway.getCartridge(tape).state, "ARCHIVED");
  const { lockedUntil } = gateway.getCartridge(tape);
  assert.deepEqual(new Set((await objectsOf(world)).map(({ until }) => until)), new Set([lockedUntil]));
  await world.stop();
});

test("a legal hold is on every object, in the shelf and in a library, and goes when it is released", async () => {
  const world = new TestWorld();
  const gateway = await world.start();
  await archived(world, gateway, "rule");
  await world.run(gateway.setLegalHold(tape, true, actor));
  await world.clock.advance(minutes(1));
  assert.ok((await objectsOf(world)).every(({ held }) => held));
  await expectUndeletable(world);
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib" }, actor));
  await world.run(gateway.setLegalHold(tape, false, actor));
  await world.until(tape, "RETRIEVED");
  await world.clock.advance(minutes(1));
  assert.ok(
    (await objectsOf(world)).every(({ held }) => !held),
    "released while it came back",
  );
  await world.run(gateway.ejectCartridge(tape, actor));
  await world.clock.advance(minutes(1));
  await world.run(gateway.deleteCartridge(tape, { ...actor, bypassGovernance: true }));
  await world.clock.advance(minutes(5));
  assert.deepEqual(await objectsOf(world), [], "GOVERNANCE was bypassed on the objects too");
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("locks that a crash kept from the objects are put there by the next start", async () => {
  const world = new TestWorld();
  const gateway = await world.start();
  world.objects.options.failBefore = { setRetention: 1 };
  const archiving = archived(world, gateway, "law");
  await assert.rejects(archiving, /is ARCHIVING, not ARCHIVED/);
  world.kill("power");
  delete world.objects.options.failBefore;
  const again = await world.start();
  await world.until(tape, "ARCHIVED");
  const { lockedUntil } = again.getCartridge(tape);
  assert.deepEqual(new Set((await objectsOf(world)).map(({ until }) => until)), new Set([lockedUntil]));
  await world.stop();
});

test("what a crash left unlocked of a cartridge that came back from a library is locked by the next start", async () => {
  const world = new TestWorld();
  const gateway = await world.start();
  await archived(world, gateway, "law");
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib" }, actor));
  await world.until(tape, "RETRIEVED");
  world.objects.options.failBefore = { setRetention: 1 };
  await world.run(gateway.ejectCartridge(tape, actor));
  await world.clock.advance(minutes(1));
  const { lockedUntil } = gateway.getCartridge(tape);
  assert.ok(
    (await objectsOf(world)).some(({ until }) => until !== lockedUntil),
    "the locks were kept from them",
  );
  world.kill("power");
  delete world.objects.options.failBefore;
  const again = await world.start();
  await world.clock.advance(minutes(5));
  assert.equal(again.getCartridge(tape).state, "ARCHIVED");
  assert.deepEqual(new Set((await objectsOf(world)).map(({ until }) => until)), new Set([lockedUntil]));
  await world.stop();
});

test("a cartridge that the object store keeps is not forgotten, and its deletion says what it waits for", async () => {
  const world = new TestWorld();
  const gateway = await world.start();
  await archived(world, gateway, "rule");
  const [object] = await objectsOf(world);
  assert.ok(object !== undefined);
  await world.run(world.objects.setLegalHold(object.key, true));
  const bypassing = { ...actor, bypassGovernance: true };
  const task = await world.run(gateway.deleteCartridge(tape, bypassing));
  await world.clock.advance(minutes(5));
  assert.equal(gateway.getCartridge(tape).state, "DELETING");
  assert.match(gateway.tasks.get(task.id).waitingFor ?? "", /legal hold/);
  await world.run(world.objects.setLegalHold(object.key, false));
  await world.clock.advance(minutes(5));
  assert.deepEqual(gateway.listCartridges(), []);
  await world.stop();
});

const plain: ObjectStoreAbilities = {
  ...allAbilities,
  classes: ["STANDARD"],
  thaw: {},
  retention: [],
  legalHold: false,
};

test("a pool that needs what the object store lacks is refused by name; a lock may be the gateway's alone", async () => {
  const world = new TestWorld();
  const objects = new SimObjectStore({ ...world.objects.options, abilities: plain });
  const gateway = await world.start({}, objects);
  await assert.rejects(async () => gateway.createPool({ name: "cold", storageClass: "GLACIER" }), {
    code: "gateway.pool-store-lacks",
    message: /no storage class GLACIER, it has STANDARD/,
  });
  const law = { name: "law", storageClass: "STANDARD", lock: "COMPLIANCE", retentionDays: 30 } as const;
  await assert.rejects(async () => gateway.createPool(law), { message: /no COMPLIANCE lock/ });
  const pool = await world.run(gateway.createPool({ ...law, gatewayLock: true }));
  assert.equal(pool.lockedBy, "gateway");
  await world.run(gateway.createLibrary(smallLibrary));
  const [made] = await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize }));
  assert.equal(made?.pool, "standard", "a store without cold classes has a pool that stays");
  await world.run(gateway.assignPool(tape, "law", actor));
  await world.run(gateway.ejectCartridge(tape, actor));
  await world.until(tape, "ARCHIVED");
  await assert.rejects(world.run(gateway.deleteCartridge(tape, actor)), { code: "gateway.cartridge-locked" });
  await world.run(gateway.setLegalHold(tape, true, actor));
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib" }, actor));
  await world.until(tape, "RETRIEVED", minutes(1));
  await world.stop();
  assert.deepEqual(world.errors, []);
});

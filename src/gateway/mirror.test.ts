// SPDX-License-Identifier: Apache-2.0
// Second copies: made while a cartridge is archived, read when the first store does not give what is asked for, locked
// and deleted with the cartridge. What a copy holds is looked up in the stores themselves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { days, equalBytes, InlineThreads, minutes, silentLog } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { FileKeyProvider, type ObjectKey, sealJobs, type SealingOptions } from "#store/index.ts";
import { type Host, smallLibrary, testBlock, testSize, TestWorld } from "./gateway-fixtures.ts";
import type { Gateway } from "./gateway.ts";
import { recoverGateway } from "./recovery.ts";
import type { PoolRequest } from "./requests.ts";

const actor = { who: "ann" };
const tape = "CAP001L8";
const blocks = 40;
const twice: PoolRequest = {
  name: "twice",
  storageClass: "GLACIER",
  mirror: { store: "far", storageClass: "DEEP_ARCHIVE" },
};

interface Scene {
  readonly world: TestWorld;
  readonly gateway: Gateway;
  readonly drive: Host;
}

function encrypted(): SealingOptions {
  let text: string | undefined;
  const file = { path: "keys", read: () => text, write: (written: string) => void (text = written) };
  const current = new FileKeyProvider({ file, random: new SeededRandom("keys"), create: true });
  const providers = { current, others: [], allowPlain: false };
  return { threads: new InlineThreads(sealJobs), providers, compression: { mode: "off", level: 1 } };
}

/** A cartridge that was written and ejected, in a pool with a mirror. */
async function ejected(pool: PoolRequest = twice, prepare: (world: TestWorld) => void = () => {}): Promise<Scene> {
  const world = new TestWorld();
  world.sealing = encrypted();
  const gateway = await world.start();
  await world.run(gateway.createLibrary(smallLibrary));
  await world.run(gateway.createPool(pool));
  await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize, pool: pool.name, barcode: tape }));
  await world.run(gateway.loadCartridge(tape));
  const drive = await world.login(gateway.listDrives("lib")[0]?.target ?? "");
  await drive.attentions();
  for (let number = 0; number < blocks; number++) assert.equal(await drive.write(testBlock(number)), "good");
  await world.run(gateway.unloadCartridge(tape));
  prepare(world);
  await world.run(gateway.ejectCartridge(tape, actor));
  return { world, gateway, drive };
}

async function archived(pool?: PoolRequest): Promise<Scene> {
  const scene = await ejected(pool);
  await scene.world.until(tape, "ARCHIVED");
  await scene.world.clock.advance(minutes(5));
  return scene;
}

const ofCartridges = (keys: readonly string[]): readonly string[] =>
  keys.filter((key) => key.startsWith("cartridges/"));

/** Of manifests the copy has the one that was there when it was made: later ones say the same of the segments. */
function expectSameObjects({ mirror, objects }: TestWorld): void {
  const [copied, all] = [ofCartridges(mirror.keys), ofCartridges(objects.keys)];
  const isManifest = (key: string): boolean => key.includes("/manifests/");
  assert.deepEqual(
    copied.filter((key) => !isManifest(key)),
    all.filter((key) => !isManifest(key)),
  );
  for (const key of all.filter((each) => !isManifest(each))) {
    assert.deepEqual(mirror.contentOf(key), objects.contentOf(key), key);
  }
  const owners = (keys: readonly string[]): Set<string> =>
    new Set(keys.filter(isManifest).map((key) => key.split("/manifests/")[0] ?? ""));
  assert.deepEqual(owners(copied), owners(all));
}

async function readAll({ world, gateway, drive }: Scene): Promise<void> {
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib", tier: "Standard" }, actor));
  await world.until(tape, "RETRIEVED");
  await world.run(gateway.loadCartridge(tape));
  await drive.attentions();
  for (let number = 0; number < blocks; number++) {
    const { word, data } = await drive.read();
    assert.equal(word, "good", `block ${number}`);
    assert.ok(equalBytes(data, testBlock(number)), `block ${number} is as it was written`);
  }
  await world.run(gateway.unloadCartridge(tape));
}

/** No request of the first store is answered. */
function kill(world: TestWorld): void {
  world.objects.options.refuse = () => true;
}

test("a copy has the same objects with the same bytes, its segments in its own class, and is shown", async () => {
  const { world, gateway } = await archived();
  expectSameObjects(world);
  const infos = await world.run(Promise.all(world.mirror.keys.map((key) => world.mirror.head(key as ObjectKey))));
  for (const info of infos) {
    assert.equal(info?.storageClass, info?.key.includes("/segments/") === true ? "DEEP_ARCHIVE" : "STANDARD");
  }
  const [copy] = gateway.getCartridge(tape).copies;
  assert.deepEqual([copy?.store, copy?.state, copy?.storageClass], ["far", "complete", "DEEP_ARCHIVE"]);
  assert.equal(gateway.listPools().find(({ name }) => name === "twice")?.mirror?.store, "far");
  assert.equal(world.objects.requests.get("thaw"), undefined, "nothing was thawed to be copied");
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("with the first store dead a cartridge comes back from its copy", async () => {
  const scene = await archived();
  kill(scene.world);
  await readAll(scene);
  await scene.world.stop();
});

test("with the first store dead, and after a restart, a cartridge comes back on demand", async () => {
  const { world, drive } = await archived();
  await drive.logout();
  await world.stop();
  const gateway = await world.start();
  kill(world);
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib", onDemand: true }, actor));
  await world.until(tape, "RETRIEVED");
  await world.run(gateway.loadCartridge(tape));
  const again = await world.login(gateway.listDrives("lib")[0]?.target ?? "");
  await again.attentions();
  for (let number = 0; number < blocks;) {
    const { word, data } = await again.read();
    if (word === "becoming-ready") {
      await world.clock.advance(minutes(10));
      continue;
    }
    assert.equal(word, "good", `block ${number}`);
    assert.ok(equalBytes(data, testBlock(number)), `block ${number} is as it was written`);
    number += 1;
  }
  world.kill();
});

test("what the first store has lost, or has damaged, is read from a copy that needs no thaw", async () => {
  const pool = { ...twice, mirror: { store: "far", storageClass: "STANDARD" } } as const;
  const scene = await archived(pool);
  const { world } = scene;
  const [one, two] = world.objects.keys.filter((key) => key.includes("/segments/"));
  await world.run(world.objects.delete(one as ObjectKey));
  world.objects.damage(two ?? "", 100);
  await readAll(scene);
  assert.equal(world.objects.requests.get("thaw"), undefined, "the copy in STANDARD is read as it is");
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("of a copy that is as cold, what the first store has lost is thawed and read", async () => {
  const scene = await archived();
  const { world } = scene;
  const [one] = world.objects.keys.filter((key) => key.includes("/segments/"));
  await world.run(world.objects.delete(one as ObjectKey));
  await readAll(scene);
  assert.equal(world.mirror.requests.get("thaw"), 1, "only what is missing");
  await world.stop();
});

test("what is damaged in one store comes from the other within the same read", async () => {
  const pool: PoolRequest = { name: "warm", storageClass: "STANDARD", mirror: { store: "far" } };
  const scene = await archived(pool);
  const { world } = scene;
  for (const key of world.objects.keys.filter((each) => each.includes("/segments/"))) world.objects.damage(key, 5000);
  await readAll(scene);
  await world.stop();
});

test("a mirror that is down delays the copy, not the archive; it comes when the store is back", async () => {
  const { world, gateway } = await ejected(twice, ({ mirror }) => (mirror.options.refuse = () => true));
  await world.until(tape, "ARCHIVED", minutes(30));
  assert.equal(gateway.getCartridge(tape).copies[0]?.state, "waiting");
  assert.match(gateway.status().alarms.find(({ name }) => name === "mirror-far")?.text ?? "", /copies in far wait/);
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib" }, actor));
  await world.until(tape, "RETRIEVED");
  await world.run(gateway.ejectCartridge(tape, actor));
  delete world.mirror.options.refuse;
  await world.clock.advance(days(2));
  expectSameObjects(world);
  assert.equal(gateway.getCartridge(tape).copies[0]?.state, "complete");
  assert.deepEqual(gateway.status().alarms, []);
  await world.stop();
});

test("a copy that was cut off goes on after a crash and sends nothing twice", async () => {
  let puts = 0;
  const { world } = await ejected(twice, ({ mirror }) => {
    mirror.options.refuse = (method) => method === "put" && (puts += 1) > 3;
  });
  await world.until(tape, "ARCHIVED", minutes(30));
  world.kill("power");
  const before = new Map(world.mirror.keys.map((key) => [key, world.mirror.contentOf(key)]));
  assert.ok(before.size === 3, `${before.size} objects were copied`);
  const [sent] = [world.mirror.requests.get("put") ?? 0];
  delete world.mirror.options.refuse;
  await world.start();
  await world.clock.advance(days(2));
  expectSameObjects(world);
  assert.equal((world.mirror.requests.get("put") ?? 0) - sent, world.mirror.keys.length - before.size);
  await world.stop();
});

test("each copy has its own lock; a hold is on both; deleting respects both and deletes both", async () => {
  const mirror = { store: "far", storageClass: "GLACIER", lock: "COMPLIANCE", retentionDays: 60 } as const;
  const { world, gateway, drive } = await archived({ ...twice, lock: "GOVERNANCE", retentionDays: 30, mirror });
  // A session that stays pings, and months pass here.
  await drive.logout();
  const { archivedAt = 0, lockedUntil, copies } = gateway.getCartridge(tape);
  assert.equal(lockedUntil, archivedAt + days(30));
  assert.deepEqual([copies[0]?.lock, copies[0]?.lockedUntil], ["COMPLIANCE", archivedAt + days(60)]);
  for (const key of ofCartridges(world.mirror.keys)) {
    assert.deepEqual(world.mirror.locksOf(key).retention, { mode: "COMPLIANCE", until: archivedAt + days(60) });
  }
  await world.run(gateway.setLegalHold(tape, true, actor));
  await world.clock.advance(minutes(5));
  for (const store of [world.objects, world.mirror]) {
    for (const key of ofCartridges(store.keys)) assert.equal(store.locksOf(key).legalHold, true, key);
  }
  await world.run(gateway.setLegalHold(tape, false, actor));
  await world.clock.advance(days(31));
  const bypass = { ...actor, bypassGovernance: true };
  await assert.rejects(world.run(gateway.deleteCartridge(tape, bypass)), { code: "gateway.cartridge-locked" });
  await world.clock.advance(days(30));
  await world.run(gateway.deleteCartridge(tape, actor));
  await world.clock.advance(minutes(30));
  assert.deepEqual(ofCartridges(world.objects.keys), []);
  assert.deepEqual(ofCartridges(world.mirror.keys), []);
  assert.deepEqual(gateway.listCartridges(), []);
  await world.stop();
});

test("an archived cartridge that gets a pool with a mirror is thawed, copied, and shown", async () => {
  const { world, gateway } = await archived({ name: "once", storageClass: "GLACIER" });
  assert.deepEqual(world.mirror.keys, []);
  await world.run(gateway.createPool(twice));
  const estimate = await world.run(gateway.estimate({ action: "move", barcode: tape, pool: "twice" }));
  assert.ok(estimate.mirrorCost > 0 && estimate.mirrorStoragePerMonth > 0);
  await world.run(gateway.assignPool(tape, "twice", actor));
  await world.clock.advance(days(1));
  expectSameObjects(world);
  await world.stop();
});

test("a clone's copy brings what it shares with it", async () => {
  const { world, gateway, drive } = await archived({ name: "once", storageClass: "STANDARD" });
  await world.run(gateway.createPool({ ...twice, storageClass: "STANDARD" }));
  const request = { barcode: tape, library: "lib", as: "CLONE1", pool: "twice", into: "storage-slot" } as const;
  await world.run(gateway.cloneCartridge(request, actor));
  await drive.logout();
  await world.run(gateway.ejectCartridge("CLONE1", actor));
  await world.until("CLONE1", "ARCHIVED");
  await world.clock.advance(minutes(10));
  expectSameObjects(world);
  assert.equal(gateway.getCartridge(tape).copies[0]?.state, "complete");
  await world.run(gateway.deleteCartridge("CLONE1", actor));
  await world.clock.advance(minutes(10));
  await world.run(gateway.deleteCartridge(tape, actor));
  await world.clock.advance(minutes(10));
  assert.deepEqual(ofCartridges(world.mirror.keys), []);
  await world.stop();
});

test("a gateway comes back from the store of second copies alone", async () => {
  const { world, drive } = await archived();
  await drive.logout();
  world.kill();
  world.moveToNewMachine();
  kill(world);
  const { clock, mirror: objects, sealing } = world;
  const random = world.random.fork("recovery");
  const ports = { clock, random, log: silentLog, objects, ...(sealing && { sealing }) };
  const request = { host: "spare", gateway: "phoenix", disk: world.disk.attach() };
  const report = await world.run(recoverGateway(ports, request));
  assert.deepEqual(
    report.cartridges.map(({ barcode, state, pool }) => [barcode, state, pool]),
    [[tape, "ARCHIVED", "deep-archive"]],
  );
  const gateway = await world.start({}, world.mirror);
  await world.run(gateway.createLibrary(smallLibrary));
  const again = await world.login(gateway.listDrives("lib")[0]?.target ?? "");
  await readAll({ world, gateway, drive: again });
  await world.stop();
});

test("a pool that needs what the other store lacks is refused, saying what", async () => {
  const world = new TestWorld();
  const gateway = await world.start();
  await assert.rejects(world.run(gateway.createPool({ ...twice, mirror: { store: "moon" } })), {
    code: "gateway.mirror-unknown",
    message: /capstan\.toml names far/,
  });
  const { abilities } = world.mirror;
  Object.assign(world.mirror, { abilities: { ...abilities, classes: ["STANDARD"], retention: [] } });
  await assert.rejects(world.run(gateway.createPool(twice)), {
    code: "gateway.mirror-lacks",
    message: /no storage class DEEP_ARCHIVE, it has STANDARD/,
  });
  const locked = { store: "far", storageClass: "STANDARD", lock: "COMPLIANCE", retentionDays: 1 } as const;
  await assert.rejects(world.run(gateway.createPool({ ...twice, mirror: locked })), {
    code: "gateway.mirror-lacks",
    message: /no COMPLIANCE lock, it has none/,
  });
  await world.stop();
});

// SPDX-License-Identifier: Apache-2.0
// Clones and originals: both read back right, whatever is written on the clone; nothing shared ever goes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { days, equalBytes, minutes } from "#base/index.ts";
import type { ObjectKey } from "#store/index.ts";
import { smallLibrary, testBlock, testSize, TestWorld, type Host } from "./gateway-fixtures.ts";
import type { Gateway } from "./gateway.ts";

const actor = { who: "ann" };
const tape = "CAP001L8";
const clone = "COPY01L8";
const blocks = 60;

interface Scene {
  readonly world: TestWorld;
  readonly gateway: Gateway;
  readonly drive: Host;
}

async function scene(): Promise<Scene> {
  const world = new TestWorld();
  const gateway = await world.start();
  await world.run(gateway.createLibrary(smallLibrary));
  await world.run(gateway.createPool({ name: "law", storageClass: "GLACIER", lock: "COMPLIANCE", retentionDays: 30 }));
  await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize, pool: "law" }));
  await world.run(gateway.loadCartridge(tape));
  const drive = await driveOf(world, gateway);
  for (let number = 0; number < blocks; number++) assert.equal(await drive.write(testBlock(number)), "good");
  assert.equal(await drive.filemark(), "good");
  await world.run(gateway.unloadCartridge(tape));
  await world.run(gateway.ejectCartridge(tape, actor));
  await world.until(tape, "ARCHIVED");
  await world.run(gateway.cloneCartridge({ barcode: tape, library: "lib", as: clone, pool: "glacier" }, actor));
  return { world, gateway, drive };
}

async function driveOf(world: TestWorld, gateway: Gateway, name?: string): Promise<Host> {
  const drive = await world.login(gateway.listDrives("lib")[0]?.target ?? "", {}, name);
  await drive.attentions();
  return drive;
}

/** What a command answers when the drive is no longer becoming ready. */
async function patiently(world: TestWorld, drive: Host, act: () => Promise<string>): Promise<string> {
  for (let tries = 0; tries < 100; tries++) {
    const word = await act();
    if (word !== "becoming-ready") return word;
    while ((await drive.ready()) === "becoming-ready") await world.clock.advance(minutes(10));
  }
  return "for ever becoming-ready";
}

/** Reads from the beginning: these blocks, a filemark, and nothing behind. */
async function expectTape(world: TestWorld, drive: Host, numbers: readonly number[]): Promise<void> {
  assert.equal(await drive.rewind(), "good");
  for (const number of numbers) {
    const word = await patiently(world, drive, async () => {
      const answer = await drive.read();
      if (answer.word === "good") assert.ok(equalBytes(answer.data, testBlock(number)), `block ${number}`);
      return answer.word;
    });
    assert.equal(word, "good", `block ${number}`);
  }
  assert.equal(await patiently(world, drive, async () => (await drive.read()).word), "filemark-detected");
  assert.equal((await drive.read()).word, "end-of-data");
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
const objectsBelow = (world: TestWorld, id: string): readonly string[] =>
  world.objects.keys.filter((key) => key.startsWith(`cartridges/${id}/`));

test("a clone reads as the original, without a copy of a segment and without a change of the original", async () => {
  const { world, gateway, drive } = await scene();
  const original = gateway.getCartridge(tape);
  const view = gateway.getCartridge(clone);
  assert.equal(view.clonedFrom, tape);
  assert.equal(view.state, "AVAILABLE");
  assert.equal(view.usedBytes, original.usedBytes);
  assert.equal(objectsBelow(world, view.id).filter((key) => key.includes("/segments/")).length, 0);
  assert.ok(
    objectsBelow(world, view.id).some((key) => key.includes("/manifests/")),
    "the bucket tells of it",
  );
  await world.run(gateway.loadCartridge(clone));
  await drive.attentions();
  await expectTape(world, drive, upTo(blocks));
  assert.deepEqual(gateway.getCartridge(tape), original);
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("what is written on a clone is its own, over a crash and the shelf, and the original stays", async () => {
  const { world, gateway, drive } = await scene();
  const originalKeys = objectsBelow(world, gateway.getCartridge(tape).id);
  await world.run(gateway.loadCartridge(clone));
  await drive.attentions();
  // Over what lies behind block 20, and some more.
  for (let number = 0; number < 20; number++) {
    await patiently(world, drive, async () => (await drive.read()).word);
  }
  for (const number of [500, 501, 502])
    assert.equal(await patiently(world, drive, () => drive.write(testBlock(number))), "good");
  assert.equal(await drive.filemark(), "good");
  const written = [...upTo(20), 500, 501, 502];
  await expectTape(world, drive, written);
  world.kill("power");
  const again = await world.start();
  await world.clock.advance(minutes(1));
  const host = await driveOf(world, again, "iqn.2026-11.io.capstan.test:again");
  await expectTape(world, host, written);
  await world.run(again.unloadCartridge(clone));
  await world.run(again.ejectCartridge(clone, actor));
  await world.until(clone, "ARCHIVED");
  for (const barcode of [clone, tape]) {
    await world.run(again.retrieveCartridge({ barcode, library: "lib" }, actor));
    await world.until(barcode, "RETRIEVED");
    await world.run(again.loadCartridge(barcode, 1));
    await host.attentions();
    await expectTape(world, host, barcode === tape ? upTo(blocks) : written);
    await world.run(again.unloadCartridge(barcode));
    await world.run(again.ejectCartridge(barcode, actor));
    await world.clock.advance(minutes(5));
  }
  const left = new Set(objectsBelow(world, again.getCartridge(tape).id));
  assert.ok(originalKeys.filter((key) => key.includes("/segments/")).every((key) => left.has(key)));
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("an original is not deleted before its clone, and a deleted clone takes nothing of it along", async () => {
  const { world, gateway } = await scene();
  const { id } = gateway.getCartridge(tape);
  const segments = objectsBelow(world, id).filter((key) => key.includes("/segments/")) as ObjectKey[];
  const locks = segments.map((key) => world.objects.locksOf(key).retention?.until);
  await world.clock.advance(days(31));
  await assert.rejects(world.run(gateway.deleteCartridge(tape, actor)), { code: "gateway.cartridge-shared" });
  await world.run(gateway.deleteCartridge(clone, actor));
  await world.clock.advance(minutes(5));
  assert.deepEqual(
    objectsBelow(world, id).filter((key) => key.includes("/segments/")),
    segments,
  );
  assert.deepEqual(
    segments.map((key) => world.objects.locksOf(key).retention?.until),
    locks,
    "its lock is as it was",
  );
  await world.run(gateway.deleteCartridge(tape, actor));
  await world.clock.advance(minutes(5));
  assert.deepEqual(objectsBelow(world, id), []);
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("a clone of a clone shares with both; what is not on the shelf is not cloned", async () => {
  const { world, gateway, drive } = await scene();
  await assert.rejects(async () => gateway.cloneCartridge({ barcode: clone, library: "lib" }, actor), {
    code: "gateway.cartridge-state",
  });
  await world.run(gateway.loadCartridge(clone));
  await drive.attentions();
  for (let number = 0; number < 40; number++) await patiently(world, drive, async () => (await drive.read()).word);
  for (const number of [600, 601])
    assert.equal(await patiently(world, drive, () => drive.write(testBlock(number))), "good");
  assert.equal(await drive.filemark(), "good");
  await world.run(gateway.unloadCartridge(clone));
  await world.run(gateway.ejectCartridge(clone, actor));
  await world.until(clone, "ARCHIVED");
  const second = await world.run(
    gateway.cloneCartridge({ barcode: clone, library: "lib", barcodePrefix: "TWO" }, actor),
  );
  await world.run(gateway.loadCartridge(second.barcode));
  await drive.attentions();
  await expectTape(world, drive, [...upTo(40), 600, 601]);
  await assert.rejects(world.run(gateway.deleteCartridge(clone, actor)), { code: "gateway.cartridge-shared" });
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("a clone whose journal and directory are lost is had again from the bucket, parents and all", async () => {
  const { world, gateway } = await scene();
  const { id } = gateway.getCartridge(clone);
  await world.clock.advance(minutes(5));
  await world.stop();
  const disk = world.disk.attach();
  for (const name of ["journal", "directory"]) await world.run(disk.remove(`cartridges/${id}/${name}`));
  world.disk.kill();
  const again = await world.start();
  await world.run(again.loadCartridge(clone));
  const host = await driveOf(world, again, "iqn.2026-11.io.capstan.test:again");
  await expectTape(world, host, upTo(blocks));
  await world.stop();
});

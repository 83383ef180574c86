// SPDX-License-Identifier: Apache-2.0
// Moves that hosts ask for, through the whole gateway: exchanges, refusals, and failures half way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes, minutes } from "#base/index.ts";
import { ExchangeMedium, PreventAllowMediumRemoval } from "#scsi/index.ts";
import { storeFault } from "#store/index.ts";
import { smallLibrary, testBlock, testSize, TestWorld, type Host } from "./gateway-fixtures.ts";
import type { Gateway } from "./gateway.ts";

interface Stage {
  readonly world: TestWorld;
  readonly gateway: Gateway;
  readonly changer: Host;
  readonly drives: readonly Host[];
  readonly storage: number;
  readonly mail: number;
  readonly bay: number;
}

async function stage(): Promise<Stage> {
  const world = new TestWorld();
  const gateway = await world.start();
  await world.run(gateway.createLibrary(smallLibrary));
  await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize, count: 4 }));
  const { changerTarget, drives, firstAddresses } = gateway.getLibrary("lib");
  const changer = await world.login(changerTarget);
  await changer.attentions();
  const hosts: Host[] = [];
  for (const { target } of drives) hosts.push(await world.login(target));
  for (const host of hosts) await host.attentions();
  const { storageSlot, mailSlot, drive } = firstAddresses;
  return { world, gateway, changer, drives: hosts, storage: storageSlot, mail: mailSlot, bay: drive };
}

/** What is in which element, as the gateway shows it. */
const inventory = (gateway: Gateway): Record<number, string> =>
  Object.fromEntries(
    gateway
      .listElements("lib")
      .flatMap(({ address, cartridge }) => (cartridge === undefined ? [] : [[address, cartridge]])),
  );

const prevent = (code: number): Uint8Array => PreventAllowMediumRemoval.encode({ prevent: code });

const diskFault = (operation: string, path: string): Error =>
  storeFault("disk-failed", { operation, path, reason: "the disk is gone" });

async function exchange(changer: Host, source: number, first: number, second: number): Promise<string> {
  const cdb = ExchangeMedium.encode({ source, firstDestination: first, secondDestination: second });
  return (await changer.send(cdb)).word;
}

test("a cartridge goes from drive to drive with its data", async () => {
  const { world, gateway, changer, drives, storage, bay } = await stage();
  const [one, two] = drives;
  assert.equal(await changer.move(storage, bay), "good");
  await one?.attentions();
  assert.equal(await one?.write(testBlock(7)), "good");
  assert.equal(await changer.move(bay, bay + 1), "good");
  assert.equal(await one?.ready(), "medium-not-present");
  assert.deepEqual(await two?.attentions(), ["medium-changed", "good"]);
  const { data } = (await two?.read()) ?? { data: new Uint8Array() };
  assert.ok(equalBytes(data, testBlock(7)));
  assert.equal(inventory(gateway)[bay + 1], "CAP001L8");
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("an exchange swaps the cartridge of a drive with that of a slot", async () => {
  const { world, gateway, changer, drives, storage, bay } = await stage();
  assert.equal(await changer.move(storage, bay), "good");
  await drives[0]?.attentions();
  await drives[0]?.write(testBlock(1));
  assert.equal(await exchange(changer, storage + 1, bay, storage), "good");
  assert.deepEqual(
    [inventory(gateway)[bay], inventory(gateway)[storage], inventory(gateway)[storage + 1]],
    ["CAP002L8", "CAP001L8", undefined],
  );
  assert.deepEqual(await drives[0]?.attentions(), ["medium-changed", "good"]);
  assert.equal((await drives[0]?.read())?.word, "end-of-data");
  assert.equal(await exchange(changer, storage, bay, storage), "good", "a swap");
  await drives[0]?.attentions();
  const { data } = (await drives[0]?.read()) ?? { data: new Uint8Array() };
  assert.ok(equalBytes(data, testBlock(1)));
  await world.stop();
});

test("an exchange swaps two drives", async () => {
  const { world, gateway, changer, drives, storage, bay } = await stage();
  for (const [index, drive] of drives.entries()) {
    await changer.move(storage + index, bay + index);
    await drive.attentions();
    await drive.write(testBlock(index));
  }
  assert.equal(await exchange(changer, bay, bay + 1, bay), "good");
  assert.deepEqual([inventory(gateway)[bay], inventory(gateway)[bay + 1]], ["CAP002L8", "CAP001L8"]);
  for (const [index, drive] of drives.entries()) {
    await drive.attentions();
    const { data } = await drive.read();
    assert.ok(equalBytes(data, testBlock(1 - index)));
  }
  await world.stop();
});

test("a host that prevents removal keeps the cartridge, from the robot and from operators", async () => {
  const { world, gateway, changer, drives, storage, bay } = await stage();
  await changer.move(storage, bay);
  await drives[0]?.attentions();
  await drives[0]?.send(prevent(1));
  assert.equal(await changer.move(bay, storage), "removal-prevented");
  await assert.rejects(world.run(gateway.unloadCartridge("CAP001L8")), { code: "gateway.removal-prevented" });
  assert.equal(await exchange(changer, storage + 1, bay, storage), "removal-prevented");
  assert.equal(inventory(gateway)[bay], "CAP001L8");
  assert.equal(await drives[0]?.ready(), "good");
  await drives[0]?.send(prevent(0));
  assert.equal(await changer.move(bay, storage), "good");
  await world.stop();
});

test("impossible moves are refused as SMC says, and nothing moves", async () => {
  const { world, gateway, changer, storage, bay } = await stage();
  const before = inventory(gateway);
  const words = [
    await changer.move(storage + 5, bay),
    await changer.move(storage, storage + 1),
    await changer.move(storage, 60_000),
    await changer.move(storage, storage),
  ];
  assert.deepEqual(words, ["source-empty", "destination-full", "element-address", "good"]);
  assert.deepEqual(inventory(gateway), before);
  await world.stop();
});

test("a move that cannot be made durable does not happen, and the cartridge is still in its drive", async () => {
  const { world, gateway, changer, drives, storage, bay } = await stage();
  await changer.move(storage, bay);
  await drives[0]?.attentions();
  await drives[0]?.write(testBlock(3));
  await drives[0]?.filemark();
  const before = inventory(gateway);
  world.disk.options.fail = (operation, path) =>
    path.includes("gateway.ledger") && operation !== "read" ? diskFault(operation, path) : undefined;
  const word = await changer.move(bay, storage);
  assert.notEqual(word, "good");
  assert.deepEqual(inventory(gateway), before);
  delete world.disk.options.fail;
  await drives[0]?.rewind();
  world.kill();
  const again = await world.start();
  const places = inventory(again);
  assert.equal(Object.values(places).filter((barcode) => barcode === "CAP001L8").length, 1);
  await world.stop();
});

test("a cartridge that cannot be opened stays in its slot", async () => {
  const { world, gateway, changer, drives, storage, bay } = await stage();
  const before = inventory(gateway);
  const cartridges = gateway.getCartridge("CAP001L8").id;
  world.disk.options.fail = (operation, path) => (path.includes(cartridges) ? diskFault(operation, path) : undefined);
  assert.notEqual(await changer.move(storage, bay), "good");
  assert.deepEqual(inventory(gateway), before);
  assert.equal(await drives[0]?.ready(), "medium-not-present");
  delete world.disk.options.fail;
  assert.equal(await changer.move(storage, bay), "good");
  await world.stop();
});

test("a move that the full disk keeps from its end is BUSY; it is done once there is room", async () => {
  const { world, gateway, changer, storage, bay } = await stage();
  const before = inventory(gateway);
  world.disk.options.fail = (operation, path) =>
    operation !== "read" && /^cartridges\/\w{32}/.test(path) ? storeFault("disk-full", { path }) : undefined;
  const moving = changer.move(storage, bay);
  await world.clock.advance(minutes(2));
  assert.equal(await world.run(moving), "busy");
  assert.deepEqual(inventory(gateway), before);
  delete world.disk.options.fail;
  await world.clock.advance(minutes(2));
  assert.equal(await world.run(changer.move(storage, bay)), "good");
  await world.stop();
});

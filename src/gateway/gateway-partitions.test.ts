// SPDX-License-Identifier: Apache-2.0
// A cartridge with two partitions through its life: made by a host, after a loss of power, on the shelf and back, deleted.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromHex, concatBytes, equalBytes } from "#base/index.ts";
import { FormatMedium, Locate16, ModeHeader10, ModeSelect10 } from "#scsi/index.ts";
import { smallLibrary, testBlock, testSize, TestWorld, type Host } from "./gateway-fixtures.ts";

const tape = "CAP001L8";
const operator = { who: "ann" };

const goTo = async (drive: Host, partition: number): Promise<string> =>
  (await drive.send(Locate16.encode({ changePartition: true, partition }))).word;

async function partitions(drive: Host): Promise<void> {
  const page = bytesFromHex("110a03013c030600000affff");
  const dataOut = concatBytes([ModeHeader10.encode({ deviceSpecific: 0x10 }), page]);
  const cdb = ModeSelect10.encode({ pageFormat: true, parameterListLength: dataOut.byteLength });
  assert.equal((await drive.send(cdb, { dataOut })).word, "good");
  assert.equal((await drive.send(FormatMedium.encode({ format: 1 }))).word, "good");
}

async function expectBlocks(drive: Host): Promise<void> {
  for (const partition of [1, 0, 1]) {
    assert.equal(await goTo(drive, partition), "good");
    const { word, data } = await drive.read();
    assert.equal(word, "good");
    assert.ok(equalBytes(data, testBlock(partition + 10)), `the block of partition ${partition}`);
    assert.equal((await drive.read()).word, partition === 0 ? "filemark-detected" : "end-of-data");
  }
}

async function ready(world: TestWorld, drive: number): Promise<Host> {
  const host = await world.login(world.gateway.listDrives("lib")[drive]?.target ?? "");
  await world.clock.settle();
  await host.attentions();
  return host;
}

test("partitions survive a loss of power, the shelf, another drive, and go with their cartridge", async () => {
  const world = new TestWorld();
  await world.start();
  await world.run(world.gateway.createLibrary(smallLibrary));
  await world.run(world.gateway.createCartridges({ library: "lib", sizeBytes: testSize }));
  const { firstAddresses, changerTarget } = world.gateway.getLibrary("lib");
  const first = await world.login(changerTarget);
  await first.attentions();
  assert.equal(await first.move(firstAddresses.storageSlot, firstAddresses.drive), "good");
  const drive = await ready(world, 0);
  await partitions(drive);
  assert.equal(await drive.write(testBlock(10)), "good");
  assert.equal(await drive.filemark(), "good");
  assert.equal(await goTo(drive, 1), "good");
  assert.equal(await drive.write(testBlock(11)), "good");
  assert.equal(await goTo(drive, 0), "good");
  assert.ok(world.gateway.getCartridge(tape).usedBytes > 2 * 65_536);

  world.kill("power");
  await world.start();
  const again = await ready(world, 0);
  await expectBlocks(again);

  const changer = await world.login(changerTarget);
  await changer.attentions();
  assert.equal(await changer.move(firstAddresses.drive, firstAddresses.drive + 1), "good");
  await expectBlocks(await ready(world, 1));
  assert.equal(await changer.move(firstAddresses.drive + 1, firstAddresses.mailSlot), "good");
  await world.until(tape, "ARCHIVED");
  await world.run(world.gateway.retrieveCartridge({ barcode: tape, library: "lib" }, operator));
  await world.until(tape, "RETRIEVED");
  await changer.attentions();
  assert.equal(await changer.move(firstAddresses.mailSlot, firstAddresses.drive), "good");
  await expectBlocks(await ready(world, 0));
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("a cartridge that is formatted to one partition again has no other content left", async () => {
  const world = new TestWorld();
  await world.start();
  await world.run(world.gateway.createLibrary(smallLibrary));
  await world.run(world.gateway.createCartridges({ library: "lib", sizeBytes: testSize }));
  const { firstAddresses, changerTarget } = world.gateway.getLibrary("lib");
  const changer = await world.login(changerTarget);
  await changer.attentions();
  await changer.move(firstAddresses.storageSlot, firstAddresses.drive);
  const drive = await ready(world, 0);
  await partitions(drive);
  await goTo(drive, 1);
  await drive.write(testBlock(1));
  await goTo(drive, 0);
  assert.equal((await drive.send(FormatMedium.encode({}))).word, "good");
  assert.equal(await goTo(drive, 1), "invalid-field-in-cdb");
  assert.equal(world.gateway.getCartridge(tape).usedBytes, 0);
  await world.stop();
  await world.start();
  const again = await ready(world, 0);
  assert.equal(await goTo(again, 1), "invalid-field-in-cdb");
  assert.equal((await again.read()).word, "end-of-data");
  await world.stop();
  assert.deepEqual(world.errors, []);
});

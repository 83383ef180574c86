// SPDX-License-Identifier: Apache-2.0
// A cartridge's whole life through a gateway, as a host and an operator live it, in a simulated world.

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes, hours, minutes, seconds } from "#base/index.ts";
import { storeFault } from "#store/index.ts";
import type { CartridgeState } from "./cartridge-life.ts";
import { smallLibrary, testBlock, testSize, TestWorld, type Host } from "./gateway-fixtures.ts";
import type { Gateway } from "./gateway.ts";

const tape = "CAP001L8";
const blocks = 40;
const operator = { who: "ann" };

interface Scene {
  readonly world: TestWorld;
  readonly gateway: Gateway;
  readonly storage: number;
  readonly mail: number;
  readonly bay: number;
}

/** A library with one blank cartridge in its first storage slot. */
async function scene(): Promise<Scene> {
  const world = new TestWorld();
  const gateway = await world.start();
  await world.run(gateway.createLibrary(smallLibrary));
  await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize }));
  const { firstAddresses } = gateway.getLibrary("lib");
  return {
    world,
    gateway,
    storage: firstAddresses.storageSlot,
    mail: firstAddresses.mailSlot,
    bay: firstAddresses.drive,
  };
}

const changerOf = async ({ world, gateway }: Pick<Scene, "world" | "gateway">): Promise<Host> => {
  const host = await world.login(gateway.getLibrary("lib").changerTarget);
  await host.attentions();
  return host;
};

const driveOf = async ({ world, gateway }: Pick<Scene, "world" | "gateway">): Promise<Host> => {
  const [drive] = gateway.listDrives("lib");
  const host = await world.login(drive?.target ?? "");
  await host.attentions();
  return host;
};

/** Loads the cartridge, writes blocks and a filemark, as a host does. */
async function writeTape(stage: Scene): Promise<{ readonly changer: Host; readonly drive: Host }> {
  const changer = await changerOf(stage);
  const drive = await driveOf(stage);
  assert.equal(await changer.move(stage.storage, stage.bay), "good");
  assert.deepEqual(await drive.attentions(), ["medium-changed", "good"]);
  for (let number = 0; number < blocks; number++) assert.equal(await drive.write(testBlock(number)), "good");
  assert.equal(await drive.filemark(), "good");
  return { changer, drive };
}

async function readTape(drive: Host): Promise<void> {
  for (let number = 0; number < blocks; number++) {
    const { word, data } = await drive.read();
    assert.equal(word, "good");
    assert.ok(equalBytes(data, testBlock(number)), `block ${number} is as it was written`);
  }
  assert.equal((await drive.read()).word, "filemark-detected");
  assert.equal((await drive.read()).word, "end-of-data");
}

const stateOf = (gateway: Gateway): CartridgeState => gateway.getCartridge(tape).state;

test("a cartridge is written, ejected, archived, retrieved, read back, and ejected again", async () => {
  const stage = await scene();
  const { world, gateway } = stage;
  const { changer, drive } = await writeTape(stage);
  assert.equal(gateway.getCartridge(tape).place.kind, "element");
  assert.equal(await changer.move(stage.bay, stage.mail), "good");
  assert.ok(["IN_TRANSIT", "ARCHIVING", "ARCHIVED"].includes(stateOf(gateway)));
  assert.deepEqual(gateway.getCartridge(tape).place, { kind: "shelf", pool: "glacier" });
  assert.ok(
    gateway.listElements("lib").every(({ cartridge }) => cartridge === undefined),
    "the slot is emptied at once",
  );
  assert.equal(await drive.ready(), "medium-not-present");
  await world.until(tape, "ARCHIVED");
  const archived = gateway.getCartridge(tape);
  assert.equal(archived.storageClass, "GLACIER");
  assert.equal(archived.dirtyBytes, 0);
  assert.ok(archived.uploadedBytes >= blocks * 65_536);
  assert.notEqual(archived.archivedAt, undefined);
  const task = gateway.tasks.list({ operation: "cartridge.archive" }).at(0);
  assert.equal(task?.who, "host");

  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib", tier: "Expedited" }, operator));
  assert.equal(stateOf(gateway), "RETRIEVING");
  await world.clock.advance(minutes(2));
  assert.equal(stateOf(gateway), "RETRIEVING");
  assert.match(
    gateway.tasks.list({ operation: "cartridge.retrieve" }).at(0)?.waitingFor ?? "",
    /the thaw, expected at/,
  );
  await world.until(tape, "RETRIEVED");
  assert.deepEqual(await changer.attentions(), ["mail-slot-accessed", "good"]);
  assert.equal(gateway.getCartridge(tape).writeProtected, true);

  assert.equal(await changer.move(stage.mail, stage.bay), "good");
  assert.deepEqual(await drive.attentions(), ["medium-changed", "good"]);
  await readTape(drive);
  assert.equal(await drive.write(testBlock(1)), "write-protected");
  assert.equal(await changer.move(stage.bay, stage.mail), "good");
  assert.equal(stateOf(gateway), "ARCHIVED");
  await world.stop();
  assert.deepEqual(world.errors, []);
});

test("a written tape reads back after a restart with the cartridge in the drive, and no host is told of a power on", async () => {
  const stage = await scene();
  const { changer, drive } = await writeTape(stage);
  await drive.logout();
  await changer.logout();
  await stage.world.stop();
  const gateway = await stage.world.start();
  const again = await stage.world.login(gateway.listDrives("lib")[0]?.target ?? "");
  await stage.world.clock.settle();
  assert.deepEqual(await again.attentions(), ["good"]);
  await again.rewind();
  await readTape(again);
  assert.equal(gateway.listDrives("lib")[0]?.cartridge, tape);
  await stage.world.stop();
});

test("hosts that were logged in when the process was killed are told of the power on, and find what they synced", async () => {
  const stage = await scene();
  await writeTape(stage);
  stage.world.kill("power");
  const gateway = await stage.world.start();
  const name = "iqn.2026-11.io.capstan.test:host-2";
  const again = await stage.world.login(gateway.listDrives("lib")[0]?.target ?? "", {}, name);
  assert.equal(await again.ready(), "power-on");
  await stage.world.clock.settle();
  assert.equal((await again.attentions()).at(-1), "good");
  await readTape(again);
  await stage.world.stop();
});

for (const state of ["IN_TRANSIT", "ARCHIVING", "ARCHIVED", "RETRIEVING", "RETRIEVED"] as const) {
  for (const how of ["kill", "power loss", "orderly stop"] as const) {
    test(`after a ${how} while a cartridge is ${state} the next start goes on where it was`, async () => {
      const stage = await scene();
      const { world, gateway } = stage;
      const { changer } = await writeTape(stage);
      if (state === "IN_TRANSIT") world.objects.options.failBefore = { put: 1 };
      if (state === "ARCHIVING") world.objects.options.failBefore = { changeClass: 1 };
      assert.equal(await changer.move(stage.bay, stage.mail), "good");
      if (state === "RETRIEVING" || state === "RETRIEVED") {
        await world.until(tape, "ARCHIVED");
        await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib" }, operator));
      }
      await world.until(tape, state);
      if (how === "orderly stop") await world.stop();
      else world.kill(how === "kill" ? "process" : "power");
      const restarted = await world.start();
      assert.equal(stateOf(restarted), state);
      delete world.objects.options.failBefore;
      const last = state === "RETRIEVING" || state === "RETRIEVED" ? "RETRIEVED" : "ARCHIVED";
      await world.until(tape, last, hours(48));
      if (last === "ARCHIVED") {
        await world.run(restarted.retrieveCartridge({ barcode: tape, library: "lib" }, operator));
        await world.until(tape, "RETRIEVED");
      }
      await world.run(restarted.loadCartridge(tape, 1));
      await readTape(await driveOf({ world, gateway: restarted }));
      await world.stop();
    });
  }
}

test("a cartridge whose archiving is canceled is back in a mail slot and can be written on", async () => {
  const stage = await scene();
  const { world, gateway } = stage;
  const { changer, drive } = await writeTape(stage);
  world.objects.options.failBefore = { put: 1 };
  await changer.move(stage.bay, stage.mail);
  await world.clock.advance(minutes(1));
  assert.equal(stateOf(gateway), "IN_TRANSIT");
  const task = gateway.tasks.list({ operation: "cartridge.archive" }).at(0);
  await world.run(gateway.cancelArchive(tape));
  assert.equal(stateOf(gateway), "AVAILABLE");
  assert.equal(gateway.tasks.get(task?.id ?? "").state, "canceled");
  assert.equal(gateway.listElements("lib").find(({ cartridge }) => cartridge === tape)?.kind, "mail-slot");
  delete world.objects.options.failBefore;
  assert.equal((await changer.attentions()).at(-1), "good");
  assert.equal(await changer.move(stage.mail, stage.bay), "good");
  await drive.attentions();
  await readTape(drive);
  assert.equal(await drive.write(testBlock(99)), "good");
  await world.stop();
});

test("a cartridge whose retrieving is canceled is ARCHIVED, and can be retrieved again", async () => {
  const stage = await scene();
  const { world, gateway } = stage;
  await writeTape(stage);
  await world.run(gateway.ejectCartridge(tape, operator));
  await world.until(tape, "ARCHIVED");
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib" }, operator));
  await world.clock.advance(minutes(1));
  await world.run(gateway.cancelRetrieve(tape));
  assert.equal(stateOf(gateway), "ARCHIVED");
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib" }, operator));
  await world.until(tape, "RETRIEVED");
  await world.stop();
});

test("archiving waits for an object store that is down and goes on when it is back", async () => {
  const stage = await scene();
  const { world, gateway } = stage;
  const { changer } = await writeTape(stage);
  world.objects.options.failBefore = { put: 1, head: 1, list: 1, changeClass: 1 };
  await changer.move(stage.bay, stage.mail);
  await world.clock.advance(minutes(20));
  assert.equal(stateOf(gateway), "IN_TRANSIT");
  const waitingFor = (): string => gateway.tasks.list({ operation: "cartridge.archive" }).at(0)?.waitingFor ?? "";
  // An attempt may be under way.
  for (let step = 0; step < 12 && waitingFor() === ""; step++) await world.clock.advance(seconds(5));
  assert.match(waitingFor(), /object store/);
  delete world.objects.options.failBefore;
  await world.until(tape, "ARCHIVED", hours(1));
  await world.stop();
});

test("a retrieve waits for a free mail slot and says so", async () => {
  const stage = await scene();
  const { world, gateway } = stage;
  await world.run(gateway.ejectCartridge(tape, operator));
  await world.until(tape, "ARCHIVED");
  const fill = { library: "lib", sizeBytes: testSize, count: 2, into: "mail-slot", barcodePrefix: "MAIL" } as const;
  await world.run(gateway.createCartridges(fill));
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib", tier: "Expedited" }, operator));
  await world.clock.advance(hours(1));
  assert.equal(stateOf(gateway), "RETRIEVING");
  const task = gateway.tasks.list({ operation: "cartridge.retrieve" }).at(0);
  assert.equal(task?.waitingFor, "a free mail slot in library lib");
  await world.run(gateway.importCartridge("MAIL01L8"));
  await world.until(tape, "RETRIEVED", minutes(1));
  await world.stop();
});

test("a retrieved cartridge is readable however long it waited for a mail slot", async () => {
  const stage = await scene();
  const { world, gateway } = stage;
  const { changer, drive } = await writeTape(stage);
  await changer.move(stage.bay, stage.mail);
  await changer.logout();
  await drive.logout();
  await world.until(tape, "ARCHIVED");
  const fill = { library: "lib", sizeBytes: testSize, count: 2, into: "mail-slot", barcodePrefix: "MAIL" } as const;
  await world.run(gateway.createCartridges(fill));
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib", tier: "Expedited" }, operator));
  await world.clock.advance(hours(24 * 8));
  await world.run(gateway.importCartridge("MAIL01L8"));
  await world.until(tape, "RETRIEVED", minutes(1));
  await world.run(gateway.loadCartridge(tape, 1));
  await readTape(await driveOf(stage));
  await world.stop();
});

test("a cartridge made in a mail slot stays there until it is moved; a move between mail slots ejects", async () => {
  const stage = await scene();
  const { world, gateway } = stage;
  const changer = await changerOf(stage);
  await world.run(
    gateway.createCartridges({ library: "lib", sizeBytes: testSize, into: "mail-slot", barcode: "MAIL01L8" }),
  );
  assert.deepEqual(await changer.attentions(), ["mail-slot-accessed", "good"]);
  await world.clock.advance(hours(1));
  assert.equal(gateway.getCartridge("MAIL01L8").state, "AVAILABLE");
  assert.equal(await changer.move(stage.mail, stage.mail), "good", "source is destination: nothing happens");
  assert.equal(gateway.getCartridge("MAIL01L8").state, "AVAILABLE");
  assert.equal(await changer.move(stage.mail, stage.mail + 1), "good");
  await world.until("MAIL01L8", "ARCHIVED");
  await world.stop();
});

test("a retrieved cartridge stays readable as long as it is in the library", async () => {
  const stage = await scene();
  const { world, gateway } = stage;
  const { changer, drive } = await writeTape(stage);
  await changer.move(stage.bay, stage.mail);
  await world.until(tape, "ARCHIVED");
  await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib" }, operator));
  await world.until(tape, "RETRIEVED");
  await changer.logout();
  await drive.logout();
  await world.clock.advance(hours(24 * 60));
  await world.run(gateway.loadCartridge(tape, 1));
  await readTape(await driveOf(stage));
  await world.stop();
});

test("a write-once cartridge takes appends and nothing else, also after an archive and a retrieve", async () => {
  const stage = await scene();
  const { world, gateway } = stage;
  const [worm] = await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize, writeOnce: true }));
  assert.equal(worm?.barcode, "CAP001LY");
  await world.run(gateway.loadCartridge("CAP001LY", 1));
  const drive = await driveOf(stage);
  assert.equal(await drive.write(testBlock(0)), "good");
  assert.equal(await drive.rewind(), "good");
  assert.equal(await drive.write(testBlock(9)), "write-once");
  assert.equal((await drive.read()).word, "good");
  assert.equal(await drive.write(testBlock(1)), "good");
  await world.run(gateway.ejectCartridge("CAP001LY", operator));
  await world.until("CAP001LY", "ARCHIVED");
  await world.run(gateway.retrieveCartridge({ barcode: "CAP001LY", library: "lib" }, operator));
  await world.until("CAP001LY", "RETRIEVED");
  assert.equal(gateway.getCartridge("CAP001LY").writeOnce, true);
  await world.stop();
});

test("a cartridge that cannot be opened after a start is shown, and can be taken out of its drive", async () => {
  const stage = await scene();
  const { world, gateway } = stage;
  await world.run(gateway.loadCartridge(tape, 1));
  const { id } = gateway.getCartridge(tape);
  await world.stop();
  world.disk.options.fail = (operation, path) =>
    path.includes(id) ? storeFault("disk-failed", { operation, path, reason: "unreadable" }) : undefined;
  const again = await world.start();
  await world.clock.settle();
  assert.equal(again.listDrives("lib")[0]?.state, "failed");
  assert.match(world.errors.join(), /CAP001L8 could not be loaded again/);
  assert.equal(await (await driveOf({ world, gateway: again })).ready(), "medium-not-present");
  const taken = await world.run(again.unloadCartridge(tape));
  assert.equal(taken.place.kind === "element" ? taken.place.element : "", "storage-slot");
  assert.equal(again.listDrives("lib")[0]?.state, "empty");
  delete world.disk.options.fail;
  await world.run(again.loadCartridge(tape, 1));
  assert.equal(again.listDrives("lib")[0]?.state, "ready");
  await world.stop();
});

test("many retrieves thaw at the same time, and archiving goes on meanwhile", async () => {
  const world = new TestWorld();
  const gateway = await world.start();
  await world.run(gateway.createLibrary({ ...smallLibrary, storageSlots: 20, mailSlots: 10 }));
  const made = await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize, count: 8 }));
  const barcodes = made.map(({ barcode }) => barcode);
  const drive = await driveOf({ world, gateway });
  for (const barcode of barcodes) {
    await world.run(gateway.loadCartridge(barcode, 1));
    await drive.attentions();
    assert.equal(await drive.write(testBlock(1)), "good");
    await world.run(gateway.unloadCartridge(barcode));
  }
  const [last = "", ...others] = barcodes;
  for (const barcode of others) {
    await world.run(gateway.ejectCartridge(barcode, operator));
    await world.until(barcode, "ARCHIVED");
    await world.run(gateway.retrieveCartridge({ barcode, library: "lib" }, operator));
  }
  await world.run(gateway.ejectCartridge(last, operator));
  await world.until(last, "ARCHIVED", minutes(5));
  for (const barcode of others) await world.until(barcode, "RETRIEVED", minutes(260));
  await world.stop();
});

test("a canceled task brings its cartridge back, also when it waits for its turn", async () => {
  const world = new TestWorld();
  const gateway = await world.start();
  await world.run(gateway.createLibrary({ ...smallLibrary, mailSlots: 6 }));
  const made = await world.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize, count: 6 }));
  world.objects.options.delay = () => hours(1);
  const tasks: string[] = [];
  for (const { barcode } of made) tasks.push((await world.run(gateway.ejectCartridge(barcode, operator))).id);
  await world.clock.advance(minutes(1));
  const waiting = gateway.tasks.list().find((task) => task.waitingFor === "other archive and retrieve tasks");
  assert.notEqual(waiting, undefined);
  await world.run(gateway.tasks.cancel(waiting?.id ?? "", "ann"));
  assert.equal(gateway.getCartridge(waiting?.subject ?? "").state, "AVAILABLE");
  delete world.objects.options.delay;
  for (const { barcode } of made) {
    if (barcode !== waiting?.subject) await world.until(barcode, "ARCHIVED");
  }
  await world.stop();
});

// SPDX-License-Identifier: Apache-2.0
// Vaults, states and forgetting, by hand; loading and erasing as tasks; and cleaning, by hand and when a drive asks for it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "#base/index.ts";
import { ManagerBed } from "./manager-bed.ts";

async function bench(...labels: readonly string[]) {
  const bed = await ManagerBed.make();
  await bed.addCartridges(...labels);
  const { manager } = bed;
  assert.ok(manager !== undefined);
  const job = { ...bed.job({ ifNoMedia: "fail" }), isForced: false };
  const run = async (operation: { readonly id: string }) => bed.tasks.ended(operation.id);
  return { bed, manager, devices: manager.devices, run, backup: () => run(manager.tapes.backup(job, "ann")) };
}

test("a cartridge in a vault is not taken for a backup, and one that came back is", async () => {
  const { manager, devices, backup, bed } = await bench("T001L8", "T002L8");
  await bed.addSnapshot(1000);
  await devices.move("T001L8", "bank");
  // Only what a changer does not hold stays in a vault.
  await bed.station.unload();
  const cartridge = bed.station.shelf.get("T001L8");
  bed.station.shelf.delete("T001L8");
  assert.deepEqual((await backup()).result, {
    mediaSet: manager.librarian.inventory.currentSet("p1")?.uuid,
    written: 1,
    skipped: 0,
    cartridges: ["T002L8"],
  });
  const listed = await manager.tapes.cartridges("p1");
  assert.equal(listed.find(({ labelText }) => labelText === "T001L8")?.location, "vault-bank");
  await devices.move("T001L8", undefined);
  assert.equal(manager.librarian.inventory.findLabel("T001L8")?.location.kind, "offline");
  assert.ok(cartridge !== undefined);
  bed.station.shelf.set("T001L8", cartridge);
  await devices.changerStatus("lib");
  assert.equal(manager.librarian.inventory.findLabel("T001L8")?.location.kind, "online");
  await assert.rejects(devices.move("T001L8", "../x"), (error) => isFault(error, "backup.bad-config"));
  await assert.rejects(devices.move("NONE", "bank"), (error) => isFault(error, "backup.not-found"));
});

test("a mark that somebody gave keeps a cartridge out, until it is taken away", async () => {
  const { devices, backup, bed } = await bench("T001L8");
  await bed.addSnapshot(1000);
  await devices.setState("T001L8", "retired");
  assert.equal((await backup()).error?.code, "media.no-media");
  await devices.setState("T001L8", undefined);
  assert.equal((await backup()).state, "done");
});

test("a cartridge of a set is only forgotten when that is said, and its catalog goes with it", async () => {
  const { manager, devices, backup, bed } = await bench("T001L8");
  await bed.addSnapshot(1000);
  await backup();
  const uuid = manager.librarian.inventory.findLabel("T001L8")?.label.uuid;
  assert.ok(uuid !== undefined);
  await assert.rejects(devices.destroy("T001L8", false), (error) => isFault(error, "backup.is-member"));
  await devices.destroy(uuid, true);
  assert.equal(manager.librarian.inventory.find(uuid), undefined);
  assert.equal(await manager.librarian.catalog(uuid), undefined);
});

test("loading, reading the label, unloading and erasing are tasks and answers of a drive", async () => {
  const { manager, devices, run, bed } = await bench("T001L8", "T002L8");
  assert.equal((await run(devices.load({ labelText: "T001L8", drive: undefined }, "ann"))).state, "done");
  const { label } = await devices.readLabel(undefined, { inventorizes: true });
  assert.deepEqual([label.labelText, label.pool], ["T001L8", "p1"]);
  const format = (labelText: string | undefined) =>
    run(devices.format({ labelText, isFast: true, drive: undefined }, "ann"));
  assert.equal((await format("T001L8")).state, "done");
  assert.equal(manager.librarian.inventory.findLabel("T001L8"), undefined);
  await assert.rejects(devices.readLabel(undefined, { inventorizes: false }), (error) =>
    isFault(error, "backup.no-label"),
  );
  // What is not what somebody said stays as it is.
  const other = bed.station.shelf.get("T002L8");
  assert.ok(other !== undefined);
  bed.station.shelf.set("T003L8", other);
  assert.equal((await format("T003L8")).error?.code, "backup.wrong-cartridge");
  await run(devices.eject(undefined, "ann"));
  await assert.rejects(devices.readLabel(undefined, { inventorizes: false }), (error) =>
    isFault(error, "driver.not-ready"),
  );
  assert.equal(
    (await run(devices.export({ labelText: "GONE01L8", drive: undefined }, "ann"))).error?.code,
    "backup.not-online",
  );
});

test("while a job uses a drive, questions to it are answered at once: it is in use", async () => {
  const { devices, manager, bed } = await bench("T001L8");
  const drive = manager.drive(undefined);
  let leave = (): void => {};
  const context = { signal: new AbortController().signal, waitFor: <T>(_text: string, promise: Promise<T>) => promise };
  const using = manager.withStation(drive, context as Parameters<typeof manager.withStation>[1], () => {
    return new Promise<void>((resolve) => (leave = resolve));
  });
  await bed.clock.settle();
  await assert.rejects(devices.changerStatus(undefined), (error) => isFault(error, "backup.drive-busy"));
  leave();
  await using;
  assert.equal((await devices.changerStatus(undefined)).length, 1);
});

test("a drive that asks to be cleaned is cleaned before a backup, once, and the backup goes on either way", async () => {
  const { bed, backup } = await bench("T001L8", "T002L8");
  await bed.addSnapshot(1000);
  let cleanings = 0;
  const { drive } = bed.station;
  Object.assign(drive, { wantsCleaning: () => Promise.resolve(true) });
  Object.assign(bed.station, { clean: () => bed.station.unload().then(() => void (cleanings += 1)) });
  assert.equal((await backup()).state, "done");
  assert.equal(cleanings, 1);
  assert.deepEqual(bed.station.loads.slice(-2), ["T001L8", "T001L8"]);
  // Nobody can clean it: people are told, and the data is written all the same.
  Object.assign(bed.station, { clean: undefined });
  await bed.addSnapshot(2000);
  const ended = await backup();
  assert.equal(ended.state, "done");
  assert.match(ended.warnings[0] ?? "", /drive0 was not cleaned: drive0 has to be cleaned by hand/);
  assert.deepEqual(
    bed.notices.filter(({ type }) => type === "tape-alert").map(({ title }) => title),
    ["The drive drive0 asks to be cleaned"],
  );
});

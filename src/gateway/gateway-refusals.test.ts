// SPDX-License-Identifier: Apache-2.0
// What a gateway refuses, and that nothing changes then; libraries that change; pools and locks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { days, hours, minutes } from "#base/index.ts";
import { smallLibrary, testBlock, testSize, TestWorld } from "./gateway-fixtures.ts";
import type { Gateway } from "./gateway.ts";
import { defaultSettings } from "./settings.ts";

const operator = { who: "ann" };

async function world(): Promise<{ readonly world: TestWorld; readonly gateway: Gateway }> {
  const place = new TestWorld();
  const gateway = await place.start();
  await place.run(gateway.createLibrary(smallLibrary));
  await place.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize, count: 3 }));
  return { world: place, gateway };
}

test("a first start makes the default library with ten cartridges, and a second start changes nothing", async () => {
  const place = new TestWorld();
  const { firstLibrary } = defaultSettings;
  const gateway = await place.start({ firstLibrary });
  const [library] = gateway.listLibraries();
  assert.equal(library?.name, "default");
  assert.equal(library?.drives.length, 4);
  assert.equal(library?.storageSlots, 40);
  assert.equal(library?.mailSlots, 8);
  assert.equal(library?.changerTarget, "iqn.2026-11.io.capstan:test.default.changer");
  assert.equal(library?.drives[3]?.target, "iqn.2026-11.io.capstan:test.default.drive-04");
  const barcodes = gateway.listCartridges().map(({ barcode }) => barcode);
  assert.deepEqual(
    barcodes,
    ["001", "002", "003", "004", "005", "006", "007", "008", "009", "010"].map((n) => `CAP${n}L8`),
  );
  assert.ok(
    gateway.listCartridges().every((cartridge) => cartridge.place.kind === "element" && cartridge.usedBytes === 0),
  );
  assert.equal(gateway.listTargets().length, 5);
  const before = JSON.stringify([gateway.listLibraries(), gateway.listCartridges(), gateway.listTargets()]);
  await place.stop();
  const again = await place.start({ firstLibrary });
  assert.equal(JSON.stringify([again.listLibraries(), again.listCartridges(), again.listTargets()]), before);
  await place.stop();
});

test("an instance without a name gets one that stays", async () => {
  const place = new TestWorld();
  const first = await place.start({ instance: undefined });
  const { instance } = first.status();
  assert.match(instance, /^[0-9a-f]{8}$/);
  await place.stop();
  const second = await place.start({ instance: "other" });
  assert.equal(second.status().instance, instance);
  await place.stop();
});

test("deletion is refused in a drive, on the way, and when retrieved; and works otherwise, for ever", async () => {
  const { world: place, gateway } = await world();
  await place.run(gateway.loadCartridge("CAP001L8"));
  const drive = await place.login(gateway.listDrives("lib")[0]?.target ?? "");
  assert.equal(await drive.write(testBlock(1)), "good");
  await assert.rejects(place.run(gateway.deleteCartridge("CAP001L8", operator)), {
    code: "gateway.cartridge-in-drive",
    message: /CAP001L8 is in drive drive-01 of library lib/,
  });
  await place.run(gateway.unloadCartridge("CAP001L8"));
  place.objects.options.failBefore = { put: 1, changeClass: 1, head: 1 };
  await place.run(gateway.ejectCartridge("CAP001L8", operator));
  await place.clock.advance(minutes(1));
  await assert.rejects(place.run(gateway.deleteCartridge("CAP001L8", operator)), { code: "gateway.cartridge-busy" });
  delete place.objects.options.failBefore;
  await place.until("CAP001L8", "ARCHIVED");
  await place.run(gateway.retrieveCartridge({ barcode: "CAP001L8", library: "lib" }, operator));
  await assert.rejects(place.run(gateway.deleteCartridge("CAP001L8", operator)), { code: "gateway.cartridge-busy" });
  await place.until("CAP001L8", "RETRIEVED");
  await assert.rejects(place.run(gateway.deleteCartridge("CAP001L8", operator)), {
    code: "gateway.cartridge-retrieved",
  });
  await place.run(gateway.ejectCartridge("CAP001L8", operator));
  await place.clock.advance(minutes(1));
  const task = await place.run(gateway.deleteCartridge("CAP001L8", operator));
  assert.equal((await place.run(gateway.tasks.ended(task.id))).state, "done");
  assert.throws(() => gateway.getCartridge("CAP001L8"), { code: "gateway.cartridge-unknown" });
  const request = { library: "lib", barcode: "CAP001L8", sizeBytes: testSize };
  await assert.rejects(place.run(gateway.createCartridges(request)), { code: "gateway.barcode-spent" });
  await place.stop();
  const again = await place.start();
  await assert.rejects(place.run(again.createCartridges(request)), { code: "gateway.barcode-spent" });
  assert.deepEqual(
    again.listCartridges().map(({ barcode }) => barcode),
    ["CAP002L8", "CAP003L8"],
  );
  await place.stop();
});

test("a compliance lock refuses every deletion and every other pool until it ends; a governance lock can be bypassed", async () => {
  const { world: place, gateway } = await world();
  await place.run(gateway.createPool({ name: "law", storageClass: "GLACIER", lock: "COMPLIANCE", retentionDays: 30 }));
  await place.run(gateway.createPool({ name: "rule", storageClass: "GLACIER", lock: "GOVERNANCE", retentionDays: 30 }));
  await place.run(gateway.assignPool("CAP001L8", "law", operator));
  await place.run(gateway.assignPool("CAP002L8", "rule", operator));
  for (const barcode of ["CAP001L8", "CAP002L8"]) {
    await place.run(gateway.ejectCartridge(barcode, operator));
    await place.until(barcode, "ARCHIVED");
    await assert.rejects(place.run(gateway.deleteCartridge(barcode, operator)), { code: "gateway.cartridge-locked" });
    await assert.rejects(place.run(gateway.assignPool(barcode, "deep-archive", operator)), {
      code: "gateway.cartridge-locked",
    });
  }
  const bypassing = { ...operator, bypassGovernance: true };
  await assert.rejects(place.run(gateway.deleteCartridge("CAP001L8", bypassing)), { code: "gateway.cartridge-locked" });
  await place.run(gateway.deleteCartridge("CAP002L8", bypassing));
  await place.clock.advance(days(31));
  await place.run(gateway.deleteCartridge("CAP001L8", operator));
  await place.clock.advance(minutes(1));
  assert.equal(gateway.listCartridges().length, 1);
  await place.run(gateway.deletePool("law"));
  await place.stop();
});

test("an archived cartridge goes to a colder pool with its data, and never to a warmer one", async () => {
  const { world: place, gateway } = await world();
  await place.run(gateway.ejectCartridge("CAP001L8", operator));
  await place.until("CAP001L8", "ARCHIVED");
  const moved = await place.run(gateway.assignPool("CAP001L8", "deep-archive", operator));
  assert.equal(moved.pool, "deep-archive");
  await place.clock.advance(hours(24));
  assert.equal(gateway.getCartridge("CAP001L8").storageClass, "DEEP_ARCHIVE");
  await assert.rejects(place.run(gateway.assignPool("CAP001L8", "glacier", operator)), { code: "gateway.pool-warmer" });
  await assert.rejects(place.run(gateway.deletePool("deep-archive")), { code: "gateway.pool-built-in" });
  await place.stop();
});

test("operators move cartridges as the robot does, and are told why one cannot be moved", async () => {
  const { world: place, gateway } = await world();
  await place.run(gateway.loadCartridge("CAP001L8", 2));
  assert.equal(gateway.listDrives("lib")[1]?.cartridge, "CAP001L8");
  assert.equal(gateway.listDrives("lib")[1]?.state, "ready");
  await assert.rejects(place.run(gateway.loadCartridge("CAP002L8", 2)), { code: "gateway.element-full" });
  await assert.rejects(place.run(gateway.loadCartridge("CAP002L8", 3)), { code: "gateway.element-unknown" });
  await assert.rejects(place.run(gateway.unloadCartridge("CAP002L8")), { code: "gateway.cartridge-not-in-drive" });
  await assert.rejects(place.run(gateway.importCartridge("CAP002L8")), { code: "gateway.cartridge-not-in-mail-slot" });
  await assert.rejects(place.run(gateway.loadCartridge("CAP009L8")), { code: "gateway.cartridge-unknown" });
  const home = await place.run(gateway.unloadCartridge("CAP001L8"));
  assert.equal(home.place.kind === "element" ? home.place.number : 0, 1, "back where it came from");
  const to = { kind: "storage-slot", number: 6 } as const;
  const moved = await place.run(gateway.moveCartridge({ barcode: "CAP001L8", to }));
  assert.equal(moved.place.kind === "element" ? moved.place.number : 0, 6);
  await place.run(gateway.ejectCartridge("CAP001L8", operator));
  await place.until("CAP001L8", "ARCHIVED");
  await assert.rejects(place.run(gateway.loadCartridge("CAP001L8")), { code: "gateway.cartridge-state" });
  await assert.rejects(place.run(gateway.cancelArchive("CAP001L8")), { code: "gateway.cartridge-state" });
  await assert.rejects(place.run(gateway.cancelRetrieve("CAP001L8")), { code: "gateway.cartridge-state" });
  await assert.rejects(place.run(gateway.retrieveCartridge({ barcode: "CAP001L8", library: "nowhere" }, operator)), {
    code: "gateway.library-unknown",
  });
  await assert.rejects(place.run(gateway.retrieveCartridge({ barcode: "CAP002L8", library: "lib" }, operator)), {
    code: "gateway.cartridge-state",
  });
  await place.stop();
});

test("a library grows while it works, shrinks only where it is empty, and is deleted only when nothing is left", async () => {
  const { world: place, gateway } = await world();
  const changer = await place.login(gateway.getLibrary("lib").changerTarget);
  const grown = await place.run(gateway.changeLibrary("lib", { drives: 3, storageSlots: 20, mailSlots: 4 }));
  assert.equal(grown.drives.length, 3);
  assert.equal(gateway.listTargets("lib").length, 4);
  await changer.attentions();
  assert.equal(await changer.move(grown.firstAddresses.storageSlot, grown.firstAddresses.drive + 2), "good");
  await assert.rejects(place.run(gateway.changeLibrary("lib", { drives: 2 })), {
    code: "gateway.library-shrink",
    message: /drive 3 of library lib holds CAP001L8/,
  });
  await assert.rejects(place.run(gateway.changeLibrary("lib", { storageSlots: 2 })), {
    code: "gateway.library-shrink",
  });
  await place.run(gateway.unloadCartridge("CAP001L8"));
  const drive = await place.login(grown.drives[2]?.target ?? "");
  await assert.rejects(place.run(gateway.changeLibrary("lib", { drives: 2 })), { code: "gateway.library-in-use" });
  await drive.logout();
  assert.equal((await place.run(gateway.changeLibrary("lib", { drives: 2 }))).drives.length, 2);
  assert.throws(() => gateway.getTarget(grown.drives[2]?.target ?? ""), { code: "gateway.target-unknown" });

  await assert.rejects(place.run(gateway.createLibrary(smallLibrary)), { code: "gateway.library-exists" });
  await assert.rejects(place.run(gateway.deleteLibrary("lib")), { code: "gateway.library-busy" });
  await changer.logout();
  await assert.rejects(place.run(gateway.deleteLibrary("lib")), {
    code: "gateway.library-occupied",
    message: /3 cartridges/,
  });
  for (const { barcode } of gateway.listCartridges()) await place.run(gateway.deleteCartridge(barcode, operator));
  await place.run(gateway.deleteLibrary("lib"));
  assert.deepEqual(gateway.listLibraries(), []);
  assert.throws(() => gateway.getLibrary("lib"), { code: "gateway.library-unknown", message: /none/ });
  await place.stop();
  const again = await place.start();
  assert.deepEqual(again.listTargets(), []);
  await place.stop();
});

test("a library with one target has its changer at LUN 0 and its drives behind it", async () => {
  const place = new TestWorld();
  const gateway = await place.start();
  await place.run(gateway.createLibrary({ ...smallLibrary, topology: "single-target" }));
  await place.run(gateway.createCartridges({ library: "lib", sizeBytes: testSize }));
  const [target, ...others] = gateway.listTargets();
  assert.deepEqual(others, []);
  assert.deepEqual(
    target?.units.map(({ lun, device }) => `${lun} ${device}`),
    ["0 changer", "1 drive-01", "2 drive-02"],
  );
  const host = await place.login(target?.name ?? "");
  await host.attentions();
  assert.equal((await host.attentions(1)).at(-1), "medium-not-present");
  const { storageSlot, drive } = gateway.getLibrary("lib").firstAddresses;
  assert.equal(await host.move(storageSlot, drive), "good");
  assert.equal((await host.attentions(1)).at(-1), "good");
  assert.equal(await host.ready(2), "medium-not-present");
  assert.equal(await host.ready(3), "unit-not-supported");
  await place.run(gateway.changeLibrary("lib", { drives: 3 }));
  assert.notEqual(await host.ready(3), "unit-not-supported");
  await assert.rejects(place.run(gateway.changeLibrary("lib", { drives: 2 })), { code: "gateway.topology-fixed" });
  await place.stop();
});

test("a gateway that does not run says so", async () => {
  const place = new TestWorld();
  const gateway = await place.start();
  await place.stop();
  assert.throws(() => gateway.listLibraries(), { code: "gateway.not-running", message: /stopped/ });
});

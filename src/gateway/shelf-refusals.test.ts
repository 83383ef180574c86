// SPDX-License-Identifier: Apache-2.0
// The refusals of a tape gateway's life cycle and pools, one row after the other: what is refused in each state, under
// each lock and hold, and that nothing changes then. Then what takes a refusal away.

import assert from "node:assert/strict";
import { test } from "node:test";
import { days, hours, later, milliseconds, minutes } from "#base/index.ts";
import { testBlock, testSize, TestWorld } from "./gateway-fixtures.ts";
import type { CartridgeState } from "./cartridge-life.ts";
import type { Gateway } from "./gateway.ts";

const actor = { who: "ann" };
const bypassing = { who: "ann", bypassGovernance: true };
type Act = (gateway: Gateway, barcode: string) => Promise<unknown>;

/** Where the cartridge of a row is. `pool`: the one it was archived to. */
interface Place {
  readonly state: CartridgeState;
  readonly inDrive?: boolean;
  readonly pool?: string;
  readonly hold?: boolean;
}

const acts = {
  eject: (gateway, barcode) => gateway.ejectCartridge(barcode, actor),
  import: (gateway, barcode) => gateway.importCartridge(barcode),
  load: (gateway, barcode) => gateway.loadCartridge(barcode),
  "cancel-archive": (gateway, barcode) => gateway.cancelArchive(barcode),
  retrieve: (gateway, barcode) => gateway.retrieveCartridge({ barcode, library: "lib" }, actor),
  "cancel-retrieve": (gateway, barcode) => gateway.cancelRetrieve(barcode),
  delete: (gateway, barcode) => gateway.deleteCartridge(barcode, actor),
  "delete bypassing": (gateway, barcode) => gateway.deleteCartridge(barcode, bypassing),
  undelete: (gateway, barcode) => gateway.undeleteCartridge(barcode, actor),
  "to cold": (gateway, barcode) => gateway.assignPool(barcode, "deep-archive", actor),
  "to warm": (gateway, barcode) => gateway.assignPool(barcode, "glacier", actor),
  hold: (gateway, barcode) => gateway.setLegalHold(barcode, true, actor),
  retain: (gateway, barcode) => gateway.retainCartridge({ barcode, days: 30 }, actor),
  shorten: (gateway, barcode) => gateway.retainCartridge({ barcode, days: 1 }, actor),
  "shorten bypassing": (gateway, barcode) =>
    gateway.retainCartridge({ barcode, days: 1, bypassGovernance: true }, actor),
  weaken: (gateway, barcode) => gateway.retainCartridge({ barcode, days: 90, mode: "GOVERNANCE" }, actor),
} as const satisfies Record<string, Act>;

type Row = readonly [rule: string, place: Place, act: keyof typeof acts, code: string];

/** Each with the sentence of the reference, sections 2.2 and 2.3, that it is the test of. */
const rows: readonly Row[] = [
  // 2.2: "ARCHIVING: cannot be cancelled"; "IN TRANSIT TO VTS to AVAILABLE: allowed only here".
  ["an archive is canceled only IN_TRANSIT", { state: "ARCHIVING" }, "cancel-archive", "gateway.cartridge-state"],
  ["an archive is canceled only IN_TRANSIT", { state: "ARCHIVED" }, "cancel-archive", "gateway.cartridge-state"],
  ["an archive is canceled only IN_TRANSIT", { state: "AVAILABLE" }, "cancel-archive", "gateway.cartridge-state"],
  // 2.2: "IN TRANSIT TO VTS: ejected, not reachable by the application".
  ["what is ejected is in no library", { state: "IN_TRANSIT" }, "load", "gateway.cartridge-state"],
  ["what is ejected is in no library", { state: "ARCHIVED" }, "load", "gateway.cartridge-state"],
  ["what is on the shelf is not ejected again", { state: "ARCHIVED" }, "eject", "gateway.cartridge-state"],
  ["only a mail slot is imported from", { state: "AVAILABLE" }, "import", "gateway.cartridge-not-in-mail-slot"],
  // 2.2: "ARCHIVED to RETRIEVING"; "RETRIEVED: cannot be retrieved to a second gateway until archived again".
  ["only what is ARCHIVED is retrieved", { state: "AVAILABLE" }, "retrieve", "gateway.cartridge-state"],
  ["only what is ARCHIVED is retrieved", { state: "IN_TRANSIT" }, "retrieve", "gateway.cartridge-busy"],
  ["only what is ARCHIVED is retrieved", { state: "ARCHIVING" }, "retrieve", "gateway.cartridge-busy"],
  ["what is RETRIEVED is not retrieved twice", { state: "RETRIEVED" }, "retrieve", "gateway.cartridge-state"],
  ["a retrieve is canceled while RETRIEVING", { state: "RETRIEVED" }, "cancel-retrieve", "gateway.cartridge-state"],
  ["a retrieve is canceled while RETRIEVING", { state: "ARCHIVED" }, "cancel-retrieve", "gateway.cartridge-state"],
  // 2.2: "DeleteTape: refused for RETRIEVED; refused under lock"; "RETRIEVED to ARCHIVED: required before deletion".
  ["RETRIEVED is not deleted", { state: "RETRIEVED" }, "delete", "gateway.cartridge-retrieved"],
  ["RETRIEVED is not deleted", { state: "RETRIEVED" }, "delete bypassing", "gateway.cartridge-retrieved"],
  ["nothing on its way is deleted", { state: "IN_TRANSIT" }, "delete", "gateway.cartridge-busy"],
  ["nothing on its way is deleted", { state: "ARCHIVING" }, "delete", "gateway.cartridge-busy"],
  ["nothing on its way is deleted", { state: "RETRIEVING" }, "delete", "gateway.cartridge-busy"],
  ["nothing in a drive is deleted", { state: "AVAILABLE", inDrive: true }, "delete", "gateway.cartridge-in-drive"],
  // 2.2: "DeleteTapeArchive: refused under COMPLIANCE; GOVERNANCE needs the permission and BypassGovernanceRetention".
  ["COMPLIANCE is not deleted", { state: "ARCHIVED", pool: "law" }, "delete", "gateway.cartridge-locked"],
  [
    "COMPLIANCE: not even bypassing",
    { state: "ARCHIVED", pool: "law" },
    "delete bypassing",
    "gateway.cartridge-locked",
  ],
  ["GOVERNANCE is not deleted", { state: "ARCHIVED", pool: "rule" }, "delete", "gateway.cartridge-locked"],
  // 2.3: "no deletion and no move to another pool until the period ends".
  ["COMPLIANCE keeps its pool", { state: "ARCHIVED", pool: "law" }, "to cold", "gateway.cartridge-locked"],
  ["GOVERNANCE keeps its pool", { state: "ARCHIVED", pool: "rule" }, "to cold", "gateway.cartridge-locked"],
  // 2.2: "AssignTapePool: Flexible to Deep Archive only, never back".
  ["never warmer", { state: "ARCHIVED", pool: "deep-archive" }, "to warm", "gateway.pool-warmer"],
  ["no other pool on the way", { state: "ARCHIVING" }, "to cold", "gateway.cartridge-busy"],
  ["no other pool while RETRIEVED", { state: "RETRIEVED" }, "to cold", "gateway.cartridge-state"],
  // 2.3: "Compliance: type cannot change; period cannot shrink".
  ["COMPLIANCE does not shrink", { state: "ARCHIVED", pool: "law" }, "shorten", "gateway.retention-shorter"],
  ["nor bypassing", { state: "ARCHIVED", pool: "law" }, "shorten bypassing", "gateway.retention-shorter"],
  ["COMPLIANCE stays COMPLIANCE", { state: "ARCHIVED", pool: "law" }, "weaken", "gateway.retention-weaker"],
  ["GOVERNANCE does not shrink", { state: "ARCHIVED", pool: "rule" }, "shorten", "gateway.retention-shorter"],
  ["what was never archived has no lock", { state: "AVAILABLE" }, "retain", "gateway.cartridge-not-archived"],
  // Section 8.1, 10: legal hold per tape.
  ["a hold keeps from deletion", { state: "ARCHIVED", hold: true }, "delete bypassing", "gateway.cartridge-held"],
  ["a hold keeps from deletion", { state: "AVAILABLE", hold: true }, "delete", "gateway.cartridge-held"],
  ["no hold while a host may write", { state: "AVAILABLE", inDrive: true }, "hold", "gateway.cartridge-in-drive"],
  ["what is not deleted is not undeleted", { state: "ARCHIVED" }, "undelete", "gateway.cartridge-state"],
];

async function scene(
  place: Place,
): Promise<{ readonly world: TestWorld; readonly gateway: Gateway; readonly tape: string }> {
  const world = new TestWorld();
  const gateway = await world.start();
  await world.run(gateway.createLibrary({ name: "lib", drives: 2, storageSlots: 6, mailSlots: 2 }));
  await world.run(gateway.createPool({ name: "law", storageClass: "GLACIER", lock: "COMPLIANCE", retentionDays: 30 }));
  await world.run(gateway.createPool({ name: "rule", storageClass: "GLACIER", lock: "GOVERNANCE", retentionDays: 30 }));
  const tape = "CAP001L8";
  await world.run(
    gateway.createCartridges({ library: "lib", sizeBytes: testSize, pool: place.pool ?? "glacier", barcode: tape }),
  );
  await world.run(gateway.loadCartridge(tape));
  const drive = await world.login(gateway.listDrives("lib")[0]?.target ?? "");
  await drive.attentions();
  await drive.write(testBlock(1));
  if (place.inDrive === true) return { world, gateway, tape };
  await world.run(gateway.unloadCartridge(tape));
  if (place.state !== "AVAILABLE") {
    if (place.state === "IN_TRANSIT") world.objects.options.failBefore = { put: 1 };
    if (place.state === "ARCHIVING") world.objects.options.failBefore = { changeClass: 1 };
    await world.run(gateway.ejectCartridge(tape, actor));
    const isBack = place.state === "RETRIEVING" || place.state === "RETRIEVED";
    await world.until(tape, isBack ? "ARCHIVED" : place.state);
    if (isBack) await world.run(gateway.retrieveCartridge({ barcode: tape, library: "lib" }, actor));
    await world.until(tape, place.state);
    await world.clock.advance(minutes(1));
  }
  if (place.hold === true) await world.run(gateway.setLegalHold(tape, true, actor));
  return { world, gateway, tape };
}

for (const [rule, place, act, code] of rows) {
  const where = [
    place.state,
    place.inDrive === true ? "in a drive" : "",
    place.pool ?? "",
    place.hold === true ? "held" : "",
  ];
  test(`${rule}: ${act} of ${where.filter(Boolean).join(", ")}`, async () => {
    const { world, gateway, tape } = await scene(place);
    const before = JSON.stringify(gateway.getCartridge(tape));
    const attempt: Act = acts[act];
    await assert.rejects(world.run(Promise.resolve().then(() => attempt(gateway, tape))), { code });
    assert.equal(JSON.stringify(gateway.getCartridge(tape)), before, "nothing has changed");
    delete world.objects.options.failBefore;
    await world.stop();
  });
}

test("a GOVERNANCE lock gives way to who may bypass it; a lock of either kind to time", async () => {
  const { world, gateway, tape } = await scene({ state: "ARCHIVED", pool: "rule" });
  const until = gateway.getCartridge(tape).lockedUntil;
  await world.run(gateway.retainCartridge({ barcode: tape, days: 1, bypassGovernance: true }, actor));
  assert.ok((gateway.getCartridge(tape).lockedUntil ?? 0) < (until ?? 0));
  await world.run(gateway.retainCartridge({ barcode: tape, days: 3, mode: "COMPLIANCE" }, actor));
  await assert.rejects(world.run(gateway.deleteCartridge(tape, bypassing)), { code: "gateway.cartridge-locked" });
  await world.clock.advance(days(3));
  await world.run(gateway.deleteCartridge(tape, actor));
  await world.clock.advance(minutes(1));
  assert.deepEqual(gateway.listCartridges(), []);
  await world.stop();
});

test("another pool's lock is in force at once, and counts from the first archive", async () => {
  const { world, gateway, tape } = await scene({ state: "ARCHIVED" });
  await world.clock.advance(days(10));
  await world.run(gateway.assignPool(tape, "law", actor));
  const { archivedAt, lockedUntil, lock } = gateway.getCartridge(tape);
  assert.equal(lock, "COMPLIANCE");
  assert.equal(lockedUntil, later(archivedAt ?? (0 as never), days(30)));
  await assert.rejects(world.run(gateway.deleteCartridge(tape, actor)), { code: "gateway.cartridge-locked" });
  await world.stop();
});

test("a pool with cartridges in it or a built-in one is not deleted; an empty one is", async () => {
  const { world, gateway } = await scene({ state: "ARCHIVED", pool: "law" });
  await assert.rejects(world.run(gateway.deletePool("law")), { code: "gateway.pool-in-use" });
  await assert.rejects(world.run(gateway.deletePool("glacier")), { code: "gateway.pool-built-in" });
  await world.run(gateway.deletePool("rule"));
  const bad = { name: "odd", storageClass: "GLACIER", lock: "COMPLIANCE" } as const;
  for (const retentionDays of [0, 36_501, 1.5]) {
    await assert.rejects(async () => gateway.createPool({ ...bad, retentionDays }), { code: "gateway.pool-retention" });
  }
  await world.run(gateway.createPool({ ...bad, retentionDays: 36_500 }));
  await world.stop();
});

test("a deletion can be taken back until its time, over a restart too, and comes back as it was", async () => {
  for (const state of ["AVAILABLE", "ARCHIVED"] as const) {
    const { world, gateway, tape } = await scene({ state });
    await world.run(gateway.createPool({ name: "slow", storageClass: "GLACIER", deleteDelayDays: 7 }));
    await world.run(gateway.assignPool(tape, "slow", actor));
    await world.run(gateway.deleteCartridge(tape, actor));
    assert.equal(gateway.getCartridge(tape).state, "DELETING");
    await world.clock.advance(days(3));
    world.kill();
    const again = await world.start();
    await world.clock.advance(days(3));
    await world.run(again.undeleteCartridge(tape, actor));
    assert.equal(again.getCartridge(tape).state, state);
    assert.equal(again.getCartridge(tape).deleteAt, undefined);
    await world.run(again.deleteCartridge(tape, actor));
    await world.clock.advance(milliseconds(days(7) - hours(1)));
    assert.equal(again.getCartridge(tape).state, "DELETING");
    await world.clock.advance(hours(2));
    assert.deepEqual(again.listCartridges(), []);
    await assert.rejects(async () => again.undeleteCartridge(tape, actor), { code: "gateway.cartridge-unknown" });
    await world.stop();
  }
});

test("a hold keeps hosts from writing, says who set and released it, and survives a restart", async () => {
  const { world, gateway, tape } = await scene({ state: "AVAILABLE" });
  const events = gateway.subscribe();
  await world.run(gateway.setLegalHold(tape, true, actor));
  const first = await world.run(events.next());
  assert.equal(first.value?.kind, "cartridge.held");
  assert.match(String(first.value?.text), /ann put cartridge CAP001L8 under legal hold/);
  world.kill("power");
  const again = await world.start();
  assert.equal(again.getCartridge(tape).legalHold, true);
  await world.run(again.loadCartridge(tape));
  const drive = await world.login(again.listDrives("lib")[0]?.target ?? "", {}, "iqn.2026-11.io.capstan.test:other");
  await drive.attentions();
  assert.equal(await drive.write(testBlock(2)), "write-protected");
  await world.run(again.unloadCartridge(tape));
  await world.run(again.setLegalHold(tape, false, actor));
  await world.run(again.deleteCartridge(tape, actor));
  await world.stop();
});

// SPDX-License-Identifier: Apache-2.0
// Tapes are verified without restoring, copied as they are, and planned for: what is wrong is found and named, and nothing is
// loaded twice.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault, seconds } from "#base/index.ts";
import { verifySnapshot } from "#datastore/index.ts";
import { KeyRing, protectKey } from "#keys/index.ts";
import { SimStation } from "#sim/index.ts";
import { BackupBed } from "./backup-bed.ts";
import { runBackup } from "./backup-job.ts";
import { inventorize, readLoadedLabels } from "./label-job.ts";
import { restoreSet, restoreSnapshots } from "./restore-job.ts";
import { planRestore } from "./restore-plan.ts";
import { copyCartridge } from "./tape-copy.ts";
import { type TapeVerdict, verifyTapes } from "./tape-verify.ts";

const labels = (count: number): string[] => Array.from({ length: count }, (_, index) => `T00${index}L8`);

/** A set of three snapshots over several cartridges. */
async function bedWithSet(): Promise<{ readonly bed: BackupBed; readonly written: readonly string[] }> {
  const bed = await BackupBed.make(3);
  const key = bed.random.bytes(32);
  const created = "2026-01-01T00:00:00+00:00";
  const how = { kind: "pbkdf2", random: bed.random, created, modified: created, hint: undefined } as const;
  const config = protectKey(key, { ...how, passphrase: "secret" });
  bed.keys = new KeyRing().with(key, config, { mayReplace: false });
  await bed.addCartridges(labels(8), 14);
  for (const time of [1000, 2000, 3000]) await bed.addSnapshot("store1", time, [1_500_000]);
  const { written } = await runBackup(bed.backupOptions({ pool: bed.pool({ encryption: config.fingerprint }) }));
  await bed.station.unload();
  return { bed, written };
}

function verify(bed: BackupBed, only?: number): Promise<TapeVerdict> {
  const members = bed.librarian.members(bed.restoreOptions("x").set);
  return verifyTapes(bed.labelOptions, members, only === undefined ? members : members.slice(only, only + 1));
}

test("B-VFY-1: a set is verified, whole or one cartridge of it, and nothing changes", async () => {
  const { bed } = await bedWithSet();
  const before = new Map(bed.state.files);
  const verdict = await verify(bed);
  assert.deepEqual(verdict.problems, []);
  assert.ok(verdict.cartridges.length >= 2 && verdict.snapshots === 3 && verdict.chunks >= 3);
  for (const index of verdict.cartridges.keys()) assert.deepEqual((await verify(bed, index)).problems, []);
  assert.deepEqual([...bed.state.files], [...before]);
});

test("B-VFY-1: every flipped bit behind the labels is found, and told of with cartridge and tape file", async () => {
  const { bed } = await bedWithSet();
  const [label = ""] = (await verify(bed)).cartridges;
  const { objects } = bed.station.shelf.get(label) ?? assert.fail();
  let tried = 0;
  for (const [index, object] of objects.entries()) {
    if (index < 4 || object === "filemark" || index % 3 !== 0) continue;
    const at = 200 + ((index * 7919) % 40_000);
    const before = object.block[at] ?? 0;
    if (before === 0) continue;
    object.block[at] = before ^ 0x10;
    const { problems } = await verify(bed, 0);
    assert.ok(
      problems.some((text) => text.includes(label)),
      `a bit in object ${index} of ${label} is flipped, and nobody tells: ${problems.join("; ")}`,
    );
    object.block[at] = before;
    tried += 1;
  }
  assert.ok(tried >= 2, `${tried}`);
});

test("a catalog that names what is not on tape, a set label of another set and a lost tape file are found", async () => {
  const { bed } = await bedWithSet();
  const [member] = bed.librarian.members(bed.restoreOptions("x").set);
  assert.ok(member !== undefined);
  const catalog = (await bed.librarian.catalog(member.label.uuid)) ?? assert.fail();
  const entry = { fileNumber: catalog.lastFile + 1, uuid: member.label.uuid };
  await bed.librarian.appendCatalog(member.label.uuid, catalog.addSnapshot({ ...entry, store: "s", path: "host/a/x" }));
  assert.match(
    (await verify(bed, 0)).problems.join(),
    /its catalog names s:host\/a\/x in tape file \d+, which is not there/,
  );
  await bed.librarian.removeCatalog(member.label.uuid);
  assert.deepEqual((await verify(bed, 0)).problems, []);
  const { objects } = bed.station.shelf.get(member.label.labelText) ?? assert.fail();
  // The first chunk file is gone: the snapshots behind it lack its chunks.
  const marks = objects.flatMap((object, index) => (object === "filemark" ? [index] : []));
  objects.splice((marks[1] ?? 0) + 1, (marks[2] ?? 0) - (marks[1] ?? 0));
  const { problems } = await verify(bed);
  assert.match(problems.join(), /chunks of root.pxar.didx of store1:host\/demo\/\S+ are missing or damaged/);
});

test("a set is copied as it is, encrypted again, and is restored from the copies alone", async () => {
  const { bed, written } = await bedWithSet();
  const target = new SimStation();
  const members = bed.librarian.members(bed.restoreOptions("x").set);
  for (const [index, { label }] of members.entries()) {
    target.add(`V00${index}L8`);
    const { keys, context } = bed;
    const copied = await copyCartridge(
      { source: bed.station, target, keys, context },
      label.labelText,
      `V00${index}L8`,
    );
    assert.ok(copied.blocks > 4 && copied.files > 3);
    const [from, to] = [bed.station.shelf.get(label.labelText), target.shelf.get(`V00${index}L8`)];
    assert.deepEqual(to?.objects, from?.objects);
  }
  await bed.forgetEverything();
  // In a library of their own they are called as their labels say.
  bed.station.shelf.clear();
  for (const [index, { label }] of members.entries()) {
    bed.station.shelf.set(label.labelText, target.shelf.get(`V00${index}L8`) ?? assert.fail());
    const found = (await readLoadedLabels(await bed.station.load(label.labelText))) ?? assert.fail();
    await inventorize(bed.labelOptions, found);
  }
  const { restored } = await restoreSet(bed.restoreOptions("store1=back"));
  assert.equal(restored.length, written.length);
  for (const time of [1000, 2000, 3000]) {
    const place = { namespace: [], snapshot: { type: "host" as const, id: "demo", time: time as never } };
    assert.deepEqual(await verifySnapshot(bed.store("back"), place, { good: new Set(), check: () => {} }), []);
  }
});

test("a copy goes only onto an empty cartridge that is large enough, and one that reads back differently is refused", async () => {
  const { bed } = await bedWithSet();
  const [{ label }] = bed.librarian.members(bed.restoreOptions("x").set) as [never];
  const { labelText } = label as { readonly labelText: string };
  const target = new SimStation();
  target.add("SMALL1L8", { blocksBeforeWarning: 3, blocksOfReserve: 2 });
  target.add("GOOD01L8");
  const { keys, context } = bed;
  const copy = (to: string): Promise<unknown> =>
    copyCartridge({ source: bed.station, target, keys, context }, labelText, to);
  await assert.rejects(copy("SMALL1L8"), (error) => isFault(error, "backup.does-not-fit"));
  const { drive } = target;
  const write = drive.writeBlock.bind(drive);
  let count = 0;
  drive.writeBlock = (block) => (++count === 6 ? Promise.resolve("written") : write(block));
  await assert.rejects(copy("GOOD01L8"), (error) => isFault(error, "backup.copy-differs"));
  drive.writeBlock = write;
  await assert.rejects(copy("GOOD01L8"), (error) => isFault(error, "backup.not-empty"));
});

test("single snapshots are restored with each cartridge loaded at most once, from the last to the first", async () => {
  const { bed, written } = await bedWithSet();
  const before = bed.station.loads.length;
  const wanted = written.map((path) => ({ store: "store1", path }));
  const result = await restoreSnapshots(bed.restoreOptions("store1=back"), wanted);
  assert.equal(result.restored.length, 3);
  const loads = bed.station.loads.slice(before);
  assert.equal(new Set(loads).size, loads.length);
  assert.deepEqual(loads, [...loads].toSorted().toReversed());
});

test("a plan names the cartridges in the order in which a restore loads them, and where they are", async () => {
  const { bed, written } = await bedWithSet();
  const { set } = bed.restoreOptions("x");
  const about = { set, changer: "lib", bytesPerSecond: 1_000_000 };
  const whole = await planRestore(bed.librarian, { ...about, snapshots: [] });
  const before = bed.station.loads.length;
  await restoreSet(bed.restoreOptions("store1=whole"));
  const order = whole.cartridges.map(({ labelText }) => labelText);
  assert.deepEqual(bed.station.loads.slice(before), order);
  assert.ok(whole.cartridges.every(({ isHere, why, hasCatalog }) => isHere && why === "all" && hasCatalog));
  assert.ok(whole.duration > seconds(90 * order.length));
  // The first snapshot needs no cartridge behind its own.
  const snapshots = [
    { store: "store1", path: written[0] ?? "" },
    { store: "s", path: "host/none/x" },
  ];
  const first = await planRestore(bed.librarian, { ...about, changer: undefined, snapshots });
  assert.deepEqual(first.unknown, ["s:host/none/x"]);
  assert.deepEqual(
    first.cartridges.map(({ labelText }) => labelText),
    order.slice(0, first.cartridges.length).toReversed(),
  );
  assert.ok(first.cartridges.length < order.length && first.cartridges.every(({ isHere }) => !isHere));
  assert.equal(first.cartridges[0]?.why, "snapshots");
});

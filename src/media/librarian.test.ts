// SPDX-License-Identifier: Apache-2.0
// The librarian gives out cartridges and remembers it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault, seconds } from "#base/index.ts";
import { SeededRandom, SimClock, SimStateFiles } from "#sim/index.ts";
import { Librarian } from "./librarian.ts";
import { cartridge, pool, uuidOf } from "./media-fixtures.ts";
import { utcZone } from "./zone.ts";

async function bed(...numbers: readonly number[]) {
  const clock = new SimClock();
  const files = new SimStateFiles();
  const options = { files, clock, random: new SeededRandom(1), zone: utcZone };
  const librarian = await Librarian.open(options);
  await librarian.update((inventory) =>
    numbers.reduce((sum, number) => sum.withLabels(cartridge({ number, labelPool: "p1" })), inventory),
  );
  return { clock, files, librarian, reopen: () => Librarian.open(options) };
}

test("B-PICK-6: a cartridge that is given out is a member, with an empty catalog, before it is written", async () => {
  const { librarian, reopen } = await bed(1, 2);
  await librarian.update((inventory) => inventory.withState(uuidOf(2), "full"));
  const view = librarian.view(pool(), undefined);
  const { uuid, decision } = librarian.beginSet(view, { isForced: false });
  assert.equal(decision.kind, "new");
  const first = await librarian.allocate(view, uuid, undefined);
  assert.deepEqual([first.record.label.labelText, first.set.setIndex, first.isNew], ["TAPE1", 0, true]);
  const again = await (await reopen()).allocate(view, uuid, undefined);
  assert.deepEqual([again.record.label.labelText, again.set, again.isNew], ["TAPE1", first.set, false]);
  const catalog = await librarian.catalog(uuidOf(1));
  assert.deepEqual(catalog?.set, { uuid, setIndex: 0 });
  await librarian.update((inventory) => inventory.withState(uuidOf(1), "full"));
  await assert.rejects(librarian.allocate(view, uuid, undefined), (error) => isFault(error, "media.no-media"));
});

test("B-STAT-3: a cartridge that joins a set loses its state, and takes the next place", async () => {
  const { librarian } = await bed(1, 2);
  const view = librarian.view(pool(), undefined);
  const { uuid } = librarian.beginSet(view, { isForced: true });
  await librarian.allocate(view, uuid, undefined);
  await librarian.update((inventory) => inventory.withState(uuidOf(1), "full"));
  const second = await librarian.allocate(view, uuid, { fingerprint: "aa", config: undefined });
  assert.deepEqual([second.record.label.labelText, second.set.setIndex], ["TAPE2", 1]);
});

test("a pool that always begins anew overwrites what is old enough, as in Proxmox's own case", async () => {
  const { clock, librarian } = await bed(1);
  const always = pool("always", "12s");
  const take = async (): Promise<string> => {
    const view = librarian.view(always, undefined);
    const { uuid } = librarian.beginSet(view, { isForced: false });
    try {
      return (await librarian.allocate(view, uuid, undefined)).record.label.labelText;
    } catch (error) {
      assert.ok(isFault(error, "media.no-media"));
      return "none";
    }
  };
  assert.equal(await take(), "TAPE1");
  await librarian.update((inventory) => inventory.withState(uuidOf(1), "full"));
  await clock.advance(seconds(5));
  assert.equal(await take(), "none");
  await clock.advance(seconds(6));
  assert.equal(await take(), "none");
  await clock.advance(seconds(1));
  assert.equal(await take(), "TAPE1");
});

test("a set is held once, catalogs are replaced, added to and forgotten", async () => {
  const { files, librarian } = await bed(1);
  assert.equal(librarian.lockSet(uuidOf(100)), true);
  assert.equal(librarian.lockSet(uuidOf(100)), false);
  librarian.unlockSet(uuidOf(100));
  assert.equal(librarian.lockSet(uuidOf(100)), true);
  const record = librarian.inventory.get(uuidOf(1));
  await assert.rejects(librarian.catalogSource(record), (error) => isFault(error, "media.catalog-missing"));
  const catalog = await librarian.startCatalog(uuidOf(1), { uuid: uuidOf(100), setIndex: 0 });
  const entry = catalog.addSnapshot({ fileNumber: 2, uuid: uuidOf(5), store: "s", path: "host/a/x" });
  await librarian.appendCatalog(uuidOf(1), entry);
  assert.equal((await librarian.catalog(uuidOf(1)))?.snapshots.length, 1);
  const source = await librarian.catalogSource(record);
  await librarian.replaceCatalog(uuidOf(2), source);
  await source.close();
  assert.equal((await librarian.catalog(uuidOf(2)))?.snapshots.length, 1);
  await librarian.forget(uuidOf(1));
  assert.deepEqual([...files.files.keys()].toSorted(), [`${uuidOf(2)}.log`, "inventory.json"]);
  assert.throws(
    () => librarian.set(uuidOf(100)),
    (error) => isFault(error, "media.unknown-set"),
  );
});

test("the members of a set with a hole are refused by the number that is missing", async () => {
  const { librarian } = await bed();
  await librarian.update((inventory) => inventory.withLabels(cartridge({ number: 1, set: [100, 1, 5] })));
  assert.throws(
    () => librarian.members(uuidOf(100)),
    (error) => isFault(error, "media.incomplete-set") && error.details["missing"] === 0,
  );
});

test("changes at once all stay, and two jobs get two cartridges", async () => {
  const { librarian, reopen } = await bed(1, 2);
  const view = librarian.view(pool(), undefined);
  const [first, second] = await Promise.all([
    librarian.allocate(view, uuidOf(100), undefined),
    librarian.allocate(view, uuidOf(101), undefined),
    librarian.update((inventory) => inventory.withState(uuidOf(2), "full")),
  ]);
  assert.deepEqual([first.record.label.labelText, second.record.label.labelText], ["TAPE1", "TAPE2"]);
  const { inventory } = await reopen();
  assert.deepEqual(
    [inventory.get(uuidOf(1)).set?.uuid, inventory.get(uuidOf(2)).set?.uuid],
    [uuidOf(100), uuidOf(101)],
  );
  assert.equal(inventory.get(uuidOf(2)).state, "full");
});

test("a set is waited for until who holds it lets it go", async () => {
  const { librarian } = await bed(1);
  await librarian.unlocked(uuidOf(100));
  librarian.lockSet(uuidOf(100));
  let isFree = false;
  const waiting = librarian.unlocked(uuidOf(100)).then(() => {
    isFree = true;
  });
  await Promise.resolve();
  assert.equal(isFree, false);
  librarian.unlockSet(uuidOf(100));
  await waiting;
  assert.equal(librarian.isLocked(uuidOf(100)), false);
});

test("what is given up is remembered until the tape has its new label, also over a crash", async () => {
  const { clock, librarian, reopen } = await bed(1);
  const always = pool("always", "overwrite");
  const sets: string[] = [];
  for (let round = 0; round < 3; round++) {
    const view = librarian.view(always, undefined);
    const { uuid } = librarian.beginSet(view, { isForced: false });
    const { givenUp } = await librarian.allocate(view, uuid, undefined);
    assert.deepEqual(givenUp, sets);
    sets.push(uuid);
    await clock.advance(seconds(60));
  }
  const again = await reopen();
  const taken = await again.allocate(
    again.view(pool(), undefined),
    again.inventory.get(uuidOf(1)).set?.uuid ?? uuidOf(9),
    undefined,
  );
  assert.deepEqual([taken.isNew, taken.givenUp], [false, sets.slice(0, 2)]);
  await again.settle(uuidOf(1));
  const last = await again.allocate(again.view(pool(), undefined), taken.set.uuid, undefined);
  assert.deepEqual(last.givenUp, []);
});

test("labels from a tape are not taken while somebody holds its set, and a torn catalog is whole again", async () => {
  const { files, librarian } = await bed(1);
  const view = librarian.view(pool(), undefined);
  const { set } = await librarian.allocate(view, uuidOf(100), undefined);
  librarian.lockSet(uuidOf(100));
  const { label } = librarian.inventory.get(uuidOf(1));
  assert.equal(await librarian.takeLabels({ label, set: undefined }), false);
  assert.equal(librarian.inventory.get(uuidOf(1)).set?.uuid, uuidOf(100));
  librarian.unlockSet(uuidOf(100));
  const catalog = await librarian.startCatalog(uuidOf(1), set);
  const [first, second] = [
    catalog.addSnapshot({ fileNumber: 2, uuid: uuidOf(5), store: "s", path: "host/a/x" }),
    catalog.addArchive({ fileNumber: 3, uuid: uuidOf(6) }, "s", [new Uint8Array(32)]),
  ];
  await librarian.appendCatalog(uuidOf(1), first);
  const whole = files.files.get(`${uuidOf(1)}.log`)?.byteLength;
  await librarian.appendCatalog(uuidOf(1), second.subarray(0, second.byteLength - 1));
  const read = await librarian.catalog(uuidOf(1));
  assert.deepEqual([read?.snapshots.length, read?.chunkCount, read?.lastFile], [1, 0, 2]);
  assert.equal(files.files.get(`${uuidOf(1)}.log`)?.byteLength, whole);
  assert.equal(await librarian.takeLabels({ label, set: undefined }), true);
  assert.equal(await librarian.catalog(uuidOf(1)), undefined);
});

// SPDX-License-Identifier: Apache-2.0
// Backup and restore over simulated cartridges: what was restored equals what was backed up, wherever a cartridge ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault, limits, seconds } from "#base/index.ts";
import {
  chunkPath,
  type Datastore,
  readWhole,
  snapshotPath,
  type SnapshotPlace,
  verifySnapshot,
} from "#datastore/index.ts";
import { KeyRing, protectKey } from "#keys/index.ts";
import { parseAllocation, parseRetention } from "#media/index.ts";
import { BackupBed } from "./backup-bed.ts";
import { runBackup } from "./backup-job.ts";
import { parseGroupFilter } from "./group-filter.ts";
import { readLoadedLabels, restoreCatalog, inventorize } from "./label-job.ts";
import { parseWanted, restoreSet, restoreSnapshots } from "./restore-job.ts";
import { parseStoreMap } from "./store-map.ts";

/** Every snapshot of one store is in the other, whole and the same. */
async function sameSnapshots(from: Datastore, to: Datastore, places: readonly SnapshotPlace[]): Promise<void> {
  for (const place of places) {
    const problems = await verifySnapshot(to, place, { good: new Set(), check: () => {} });
    assert.deepEqual(problems, []);
    const folder = snapshotPath(place.namespace, place.snapshot);
    for (const { name, path } of await from.storedFiles(place, await from.manifest(place))) {
      const [left, right] = [
        await readWhole(from.files, path, limits.dataBlob),
        await readWhole(to.files, `${folder}/${name}`, limits.dataBlob),
      ];
      assert.ok(Buffer.compare(left, right) === 0, path);
    }
  }
}

const labels = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `T${String(index).padStart(3, "0")}L8`);

test("wherever cartridges end, everything is restored without catalogs and with them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 20, max: 45 }), fc.nat(1000), async (blocks, seed) => {
      const bed = await BackupBed.make(seed);
      await bed.addCartridges(labels(14), blocks);
      const places = [
        await bed.addSnapshot("store1", 1000, [300_000, 2_000_000]),
        await bed.addSnapshot("store1", 2000, [900_000, 10]),
      ];
      const result = await runBackup(bed.backupOptions());
      assert.equal(result.written.length, 2);
      await restoreSnapshots(
        bed.restoreOptions("other"),
        result.written.map((path) => ({ store: "store1", path })),
      );
      await sameSnapshots(bed.store("store1"), bed.store("other"), places);
      const whole = await restoreSet(bed.restoreOptions("store1=whole"));
      assert.equal(whole.restored.length, 2);
      await sameSnapshots(bed.store("store1"), bed.store("whole"), places);
    }),
    { numRuns: 25 },
  );
});

test("catalogs on tape agree with those on disk, found fast and by reading everything", async () => {
  const bed = await BackupBed.make(4);
  await bed.addCartridges(labels(9), 16);
  for (const time of [1000, 2000, 3000]) await bed.addSnapshot("store1", time, [800_000, 700_000]);
  await runBackup(bed.backupOptions());
  const before = new Map(bed.state.files);
  const used = bed.librarian.members(bed.restoreOptions("x").set);
  assert.ok(used.length >= 2, `${used.length} cartridges`);
  const last = used.at(-1);
  assert.ok(last !== undefined);
  await bed.forgetEverything();
  for (const { label } of used) {
    await inventorize(
      bed.labelOptions,
      (await readLoadedLabels(await bed.station.load(label.labelText))) ?? assert.fail(),
    );
  }
  const drive = await bed.station.load(last.label.labelText);
  assert.equal(await restoreCatalog(bed.labelOptions, drive, { isScan: false }), "from-tape");
  for (const { label } of used) {
    assert.ok(bed.state.files.has(`${label.uuid}.log`), `the catalog of ${label.labelText} is on the last cartridge`);
    const ours = await bed.librarian.catalog(label.uuid);
    await bed.librarian.removeCatalog(label.uuid);
    const loaded = await bed.station.load(label.labelText);
    assert.equal(await restoreCatalog(bed.labelOptions, loaded, { isScan: true }), "by-scan");
    const scanned = await bed.librarian.catalog(label.uuid);
    assert.deepEqual(scanned?.snapshots, ours?.snapshots);
    assert.equal(scanned?.chunkCount, ours?.chunkCount);
    assert.deepEqual(bed.state.files.get(`${label.uuid}.log`), before.get(`${label.uuid}.log`));
  }
});

test("B-BCK-3: what is on the set is not written again, and chunks are shared", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  await bed.addSnapshot("store1", 1000, [500_000]);
  await runBackup(bed.backupOptions());
  const cartridge = bed.station.drive.cartridge;
  const blocks = (): number => cartridge?.objects.length ?? 0;
  const before = blocks();
  const again = await runBackup(bed.backupOptions());
  assert.deepEqual([again.written, again.skipped, blocks()], [[], 1, before]);
  // The same content under another name: only the snapshot and a catalog are new.
  const source = bed.store("store1");
  const place = { namespace: [], snapshot: { type: "host" as const, id: "demo", time: 3000 as never } };
  await bed.addSnapshot("store1", 3000, [1], "demo");
  assert.ok(await source.isFinished(place));
  const more = await runBackup(bed.backupOptions());
  assert.deepEqual(more.written, ["host/demo/1970-01-01T00:50:00Z"]);
});

test("B-BCK-9: a job without anything to write loads nothing", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  await bed.station.unload();
  const loads = bed.station.loads.length;
  const result = await runBackup(bed.backupOptions());
  assert.deepEqual([result.cartridges, bed.station.loads.length], [[], loads]);
});

test("latest only, group filters and depth choose what is written", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  await bed.addSnapshot("store1", 1000, [10]);
  await bed.addSnapshot("store1", 2000, [10]);
  await bed.addSnapshot("store1", 1000, [10], "other");
  const filters = [parseGroupFilter("exclude:group:host/other"), parseGroupFilter("regex:^host/")];
  const result = await runBackup(bed.backupOptions({ isLatestOnly: true, filters }));
  assert.deepEqual(result.written, ["host/demo/1970-01-01T00:33:20Z"]);
});

test("an encrypted set is restored with the key of its pool, and not without it", async () => {
  const bed = await BackupBed.make();
  const key = bed.random.bytes(32);
  const created = "2026-01-01T00:00:00+00:00";
  const config = protectKey(key, {
    passphrase: "secret",
    kind: "pbkdf2",
    random: bed.random,
    created,
    modified: created,
    hint: undefined,
  });
  bed.keys = new KeyRing().with(key, config, { mayReplace: false });
  await bed.addCartridges(labels(3), 14);
  const place = await bed.addSnapshot("store1", 1000, [3_000_000]);
  const pool = bed.pool({ encryption: config.fingerprint });
  const result = await runBackup(bed.backupOptions({ pool }));
  assert.ok(result.cartridges.length >= 2);
  const cartridge = bed.station.shelf.get(result.cartridges[0] ?? "");
  const keyed = cartridge?.objects.map((object) => object !== "filemark" && object.key !== undefined);
  assert.deepEqual(keyed?.slice(0, 5), [false, false, false, false, true]);
  await restoreSet(bed.restoreOptions("store1=back"));
  await sameSnapshots(bed.store("store1"), bed.store("back"), [place]);
  const label = bed.librarian.members(bed.restoreOptions("x").set)[0]?.label.labelText ?? "";
  const labelsOnTape = await readLoadedLabels(await bed.station.load(label));
  assert.equal(labelsOnTape?.set?.key?.fingerprint, config.fingerprint);
  assert.notEqual(labelsOnTape?.set?.key?.config, undefined);
  bed.keys = new KeyRing();
  await assert.rejects(restoreSet(bed.restoreOptions("store1=again")), (error) => isFault(error, "keys.unknown"));
});

test("B-BCK-11: a job that was interrupted is continued, and nothing is lost", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(2));
  const first = await bed.addSnapshot("store1", 1000, [800_000]);
  await runBackup(bed.backupOptions());
  const second = await bed.addSnapshot("store1", 2000, [2_500_000]);
  const { drive } = bed.station;
  const write = drive.writeBlock.bind(drive);
  let left = 4;
  drive.writeBlock = (block) => (left-- > 0 ? write(block) : Promise.reject(new Error("power failed")));
  await assert.rejects(runBackup(bed.backupOptions()), /power failed/);
  drive.writeBlock = write;
  await bed.restart();
  const result = await runBackup(bed.backupOptions());
  assert.deepEqual(result.written, ["host/demo/1970-01-01T00:33:20Z"]);
  await restoreSet(bed.restoreOptions("store1=back"));
  await sameSnapshots(bed.store("store1"), bed.store("back"), [first, second]);
});

test("B-ALERT-2: a drive with critical alerts writes nothing, and the cartridge counts as damaged", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  await bed.addSnapshot("store1", 1000, [10]);
  bed.station.drive.alerts = ["media"];
  await assert.rejects(runBackup(bed.backupOptions()), (error) => isFault(error, "backup.drive-alerts"));
  assert.equal(bed.librarian.inventory.findLabel("T000L8")?.state, "damaged");
});

test("a cartridge of another set is not overwritten because the inventory is wrong", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  await bed.addSnapshot("store1", 1000, [10]);
  await runBackup(bed.backupOptions());
  // Somebody lost the inventory and made one from the first labels only.
  const { label } = bed.librarian.inventory.findLabel("T000L8") ?? assert.fail();
  await bed.forgetEverything();
  await bed.librarian.update((inventory) => inventory.withLabels({ label, set: undefined }));
  await assert.rejects(runBackup(bed.backupOptions()), (error) => isFault(error, "backup.catalog-disagrees"));
});

test("B-ALLOC-7, B-BCK-13: all cartridges of the set are exported, and the next job begins a new set", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(4), 14);
  await bed.addSnapshot("store1", 1000, [3_000_000]);
  const first = await runBackup(bed.backupOptions({ atEnd: "export" }));
  assert.deepEqual([...bed.station.mail.keys()].toSorted(), [...first.cartridges].toSorted());
  await bed.clock.advance(seconds(10));
  await bed.addSnapshot("store1", 2000, [10]);
  const second = await runBackup(bed.backupOptions());
  assert.notEqual(second.set, first.set);
  assert.equal(second.written.length, 2);
});

test("B-PICK-7, B-RET-4: an expired cartridge is written again, and without one the job says so", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  await bed.addSnapshot("store1", 1000, [10]);
  const pool = bed.pool({ allocation: parseAllocation("always"), retention: parseRetention("1h") });
  const first = await runBackup(bed.backupOptions({ pool }));
  await bed.clock.advance(seconds(60));
  await assert.rejects(runBackup(bed.backupOptions({ pool })), (error) => isFault(error, "media.no-media"));
  await bed.clock.advance(seconds(3600));
  const second = await runBackup(bed.backupOptions({ pool }));
  assert.notEqual(second.set, first.set);
  assert.deepEqual(second.cartridges, first.cartridges);
});

test("B-REQ-4: a missing cartridge is asked for once per reason, and the job goes on when it comes", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  await bed.addSnapshot("store1", 1000, [10]);
  const result = await runBackup(bed.backupOptions());
  await bed.station.unload();
  const cartridge = bed.station.shelf.get("T000L8") ?? assert.fail();
  bed.station.shelf.delete("T000L8");
  const restoring = restoreSet(bed.restoreOptions("store1=back"));
  for (let round = 0; round < 5; round++) await bed.clock.advance(seconds(5));
  const asked = bed.lines.filter((line) => line.includes("please put the cartridge T000L8 into the changer lib"));
  assert.equal(asked.length, 1);
  bed.station.shelf.set("T000L8", cartridge);
  await bed.clock.advance(seconds(5));
  assert.equal((await restoring).restored.length, result.written.length);
});

test("a snapshot that is there is skipped, one of an unmapped store too, and a missing chunk is named", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  await bed.addSnapshot("store1", 1000, [400_000]);
  const { written } = await runBackup(bed.backupOptions());
  const wanted = written.map((path) => ({ store: "store1", path }));
  const again = await restoreSnapshots(bed.restoreOptions("store1=store1"), wanted);
  assert.deepEqual(again, { restored: [], skipped: ["store1:host/demo/1970-01-01T00:16:40Z"] });
  const unmapped = await restoreSet(bed.restoreOptions("elsewhere=store1"));
  assert.deepEqual([unmapped.restored, unmapped.skipped.length], [[], 1]);
  // Catalogs stay whole, though nothing was restored.
  const member = bed.librarian.members(bed.restoreOptions("x").set)[0] ?? assert.fail();
  assert.ok(((await bed.librarian.catalog(member.label.uuid))?.chunkCount ?? 0) > 0);
  const unknown = await restoreSnapshots(bed.restoreOptions("b"), [
    parseWanted("store1:host/none/1970-01-01T00:16:40Z"),
  ]);
  assert.deepEqual(unknown.skipped, ["store1:host/none/1970-01-01T00:16:40Z"]);
  // A catalog that names the snapshot and not its chunks.
  const catalog = await bed.librarian.startCatalog(member.label.uuid, member.set);
  await bed.librarian.appendCatalog(
    member.label.uuid,
    catalog.addSnapshot({ fileNumber: 3, uuid: member.label.uuid, store: "store1", path: written[0] ?? "" }),
  );
  await assert.rejects(restoreSnapshots(bed.restoreOptions("c"), wanted), (error) =>
    isFault(error, "backup.chunks-missing"),
  );
  assert.equal(
    await bed.store("c").isFinished({ namespace: [], snapshot: { type: "host", id: "demo", time: 1000 as never } }),
    false,
  );
});

test("B-BCK-4: a snapshot that cannot be read is left out and the job fails, the others are on tape", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  const bad = await bed.addSnapshot("store1", 1000, [10]);
  await bed.addSnapshot("store1", 2000, [10]);
  await bed.store("store1").files.remove(`${snapshotPath([], bad.snapshot)}/notes.blob`);
  await assert.rejects(runBackup(bed.backupOptions()), (error) => isFault(error, "backup.with-errors"));
  const result = await restoreSet(bed.restoreOptions("store1=back"));
  assert.deepEqual(result.restored, ["store1:host/demo/1970-01-01T00:33:20Z"]);
});

test("a chunk that cannot be read ends the job", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  const place = await bed.addSnapshot("store1", 1000, [10]);
  const store = bed.store("store1");
  const { index } = await store.openIndex(`${snapshotPath([], place.snapshot)}/root.pxar.didx`);
  await store.files.remove(chunkPath((await index.chunk(0)).digest));
  await assert.rejects(runBackup(bed.backupOptions()), (error) => isFault(error, "datastore.chunk-missing"));
  assert.equal(bed.librarian.lockSet(bed.librarian.inventory.currentSet("p1")?.uuid ?? assert.fail()), true);
});

test("mappings of datastores and names of snapshots are read, and refused where they say nothing", () => {
  const map = parseStoreMap("a=b,c");
  assert.deepEqual([map.target("a"), map.target("x"), map.targets], ["b", "c", ["b", "c"]]);
  assert.equal(parseStoreMap("a=b").target("x"), undefined);
  for (const text of ["", "a=", "=b", "a,b", "a=b,a=c", "a=b=c"]) {
    assert.throws(
      () => parseStoreMap(text),
      (error) => isFault(error, "backup.bad-mapping"),
      text,
    );
  }
  assert.deepEqual(parseWanted("s:ns/a/vm/1/2023-11-14T22:13:20Z"), {
    store: "s",
    path: "ns/a/vm/1/2023-11-14T22:13:20Z",
  });
  for (const text of ["vm/1/2023-11-14T22:13:20Z", ":vm/1/2023-11-14T22:13:20Z", "s:vm/1"]) {
    assert.throws(
      () => parseWanted(text),
      (error) => isFault(error, "backup.bad-mapping"),
    );
  }
  for (const text of ["vm", "type:xx", "group:vm", "regex:(", "exclude:"]) {
    assert.throws(
      () => parseGroupFilter(text),
      (error) => isFault(error, "backup.bad-filter"),
      text,
    );
  }
});

test("a job lets its set go whatever the drive does in the end, and one without snapshots exports nothing", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(2));
  const empty = await runBackup(bed.backupOptions({ atEnd: "export" }));
  assert.deepEqual([empty.cartridges, bed.station.mail.size], [[], 0]);
  await bed.addSnapshot("store1", 1000, [10]);
  const { drive } = bed.station;
  const setKey = drive.setEncryptionKey.bind(drive);
  drive.flush = () => {
    drive.setEncryptionKey = () => Promise.reject(new Error("the drive is gone"));
    return Promise.reject(new Error("the drive is broken"));
  };
  await assert.rejects(runBackup(bed.backupOptions()), /the drive is/);
  drive.setEncryptionKey = setKey;
  const set = bed.librarian.inventory.currentSet("p1")?.uuid ?? assert.fail();
  assert.equal(bed.librarian.isLocked(set), false);
});

test("a cartridge that was left exactly full is changed, and what it holds without an end is written again", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(2), 30, 1);
  const first = await bed.addSnapshot("store1", 1000, [400_000]);
  await runBackup(bed.backupOptions());
  // A job that was killed wrote up to the last block, and no end.
  const { drive } = bed.station;
  await drive.locateEnd();
  while ((await drive.writeBlock(new Uint8Array(262_144))) !== "no-space");
  const second = await bed.addSnapshot("store1", 2000, [400_000]);
  const result = await runBackup(bed.backupOptions());
  assert.deepEqual(result.cartridges, ["T000L8", "T001L8"]);
  await restoreSnapshots(
    bed.restoreOptions("store1=back"),
    ["host/demo/1970-01-01T00:16:40Z", "host/demo/1970-01-01T00:33:20Z"].map((path) => ({ store: "store1", path })),
  );
  await sameSnapshots(bed.store("store1"), bed.store("back"), [first, second]);
});

test("a second job on a set waits for the first one, with empty hands", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  await bed.addSnapshot("store1", 1000, [10]);
  const { set } = await runBackup(bed.backupOptions());
  assert.equal(bed.librarian.lockSet(set as never), true);
  await bed.addSnapshot("store1", 2000, [10]);
  const second = runBackup(bed.backupOptions());
  await bed.clock.advance(seconds(60));
  assert.equal(bed.station.drive.cartridge, undefined);
  bed.librarian.unlockSet(set as never);
  assert.equal((await second).written.length, 1);
});

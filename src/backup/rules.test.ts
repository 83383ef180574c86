// SPDX-License-Identifier: Apache-2.0
// Rules of the manager's jobs that no other test names: labels, requests, what lies where on tape, and keys.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault, limits, seconds } from "#base/index.ts";
import { snapshotPath, verifySnapshot } from "#datastore/index.ts";
import { openTapeFile, readLabels } from "#format/index.ts";
import { KeyRing, protectKey } from "#keys/index.ts";
import { parseAllocation, parseRetention } from "#media/index.ts";
import { BackupBed } from "./backup-bed.ts";
import { runBackup, selectSnapshots } from "./backup-job.ts";
import { inventorize, labelByBarcode, labelCartridge, readLoadedLabels } from "./label-job.ts";
import { requestCartridge } from "./request.ts";
import { restoreSet, restoreSnapshots } from "./restore-job.ts";

const failsWith = (code: string) => (error: unknown) => isFault(error, code);
const labels = (count: number): string[] => Array.from({ length: count }, (_, index) => `T00${index}L8`);

/** Kinds of the tape files of a cartridge, in order. */
async function kindsOn(bed: BackupBed, label: string): Promise<string[]> {
  const drive = await bed.station.load(label);
  await drive.rewind();
  const kinds: string[] = [];
  for (let number = 0; ; number++) {
    const file = await openTapeFile(drive, "a file");
    if (typeof file === "string") return kinds;
    kinds.push(file.kind);
    await file.body.skipRest();
  }
}

test("B-LBL-1: only an empty cartridge is labelled, once, and its label reads back", async () => {
  const bed = await BackupBed.make();
  bed.station.add("T000L8");
  const drive = await bed.station.load("T000L8");
  const label = await labelCartridge(bed.labelOptions, drive, { labelText: "T000L8", pool: "p1" });
  assert.deepEqual((await readLoadedLabels(drive))?.label, label);
  assert.equal((await bed.librarian.catalog(label.uuid))?.chunkCount, 0);
  const again = { labelText: "T000L8", pool: "p1" };
  await assert.rejects(labelCartridge(bed.labelOptions, drive, again), failsWith("backup.label-in-use"));
  const other = { labelText: "T001L8", pool: "p1" };
  await assert.rejects(labelCartridge(bed.labelOptions, drive, other), failsWith("backup.not-empty"));
});

test("B-LBL-2: by barcode, in order; cleaning cartridges, known ones and full ones are left out, and the rest goes on", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(["T005L8"]);
  for (const label of ["T009L8", "CLN001L8", "T001L8", "T003L8"]) bed.station.add(label);
  const strange = bed.station.shelf.get("T003L8") ?? assert.fail();
  strange.objects.push({ block: new Uint8Array(262_144).fill(7), key: undefined });
  assert.deepEqual(await labelByBarcode(bed.labelOptions, undefined), ["T001L8", "T009L8"]);
  assert.ok(bed.lines.some((line) => line.startsWith("T003L8 is not labelled: ")));
  assert.equal(bed.librarian.inventory.findLabel("T001L8")?.label.pool, undefined);
});

test("B-RDL-1: labels that are read are taken in, and a catalog of another set goes", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  await bed.addSnapshot("store1", 1000, [10]);
  await runBackup(bed.backupOptions());
  const { label } = bed.librarian.inventory.findLabel("T000L8") ?? assert.fail();
  const found = (await readLoadedLabels(await bed.station.load("T000L8"))) ?? assert.fail();
  await inventorize(bed.labelOptions, found);
  assert.notEqual(await bed.librarian.catalog(label.uuid), undefined);
  await inventorize(bed.labelOptions, { label, set: undefined });
  assert.equal(await bed.librarian.catalog(label.uuid), undefined);
});

test("B-REQ-1, B-REQ-3: a wrong and an empty cartridge are told of, and the right one ends the waiting", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(2));
  const [right, wrong] = [bed.librarian.inventory.findLabel("T000L8"), bed.station.shelf.get("T000L8")];
  assert.ok(right !== undefined && wrong !== undefined);
  bed.station.add("T000L8");
  const request = requestCartridge(bed.labelOptions, right);
  await bed.clock.advance(seconds(6));
  assert.ok(bed.lines.some((line) => line.includes("the cartridge in the drive is empty")));
  await bed.station.unload();
  bed.station.shelf.set("T000L8", bed.station.shelf.get("T001L8") ?? assert.fail());
  await bed.clock.advance(seconds(6));
  assert.ok(bed.lines.some((line) => line.includes("the cartridge in the drive is T001L8 (")));
  await bed.station.unload();
  bed.station.shelf.set("T000L8", wrong);
  await bed.clock.advance(seconds(6));
  assert.equal((await request).labels.label.uuid, right.label.uuid);
});

test("B-BCK-1, B-BCK-2: groups in order, their snapshots the oldest first, unfinished ones left out", async () => {
  const bed = await BackupBed.make();
  await bed.addSnapshot("store1", 2000, [10], "b");
  await bed.addSnapshot("store1", 1000, [10], "b");
  await bed.addSnapshot("store1", 3000, [10], "a");
  await bed.store("store1").files.makeFolder("host/a/1970-01-01T02:00:00Z");
  const { store, namespace, depth, filters, context } = bed.backupOptions();
  const about = { store, namespace, depth, filters, context };
  const all = await selectSnapshots({ ...about, isLatestOnly: false });
  const shown = (place: (typeof all)[number]): string => `${place.snapshot.id} ${place.snapshot.time}`;
  assert.deepEqual(all.map(shown), ["a 3000", "b 1000", "b 2000"]);
  assert.deepEqual((await selectSnapshots({ ...about, isLatestOnly: true })).map(shown), ["a 3000", "b 2000"]);
});

test("B-BCK-5, B-BCK-6, B-BCK-9: chunks lie before their snapshot, and the catalog ends the job", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  await bed.addSnapshot("store1", 1000, [400_000]);
  await bed.addSnapshot("store1", 2000, [400_000]);
  await runBackup(bed.backupOptions());
  const files = ["chunk-file", "snapshot-file", "chunk-file", "snapshot-file", "catalog-file"];
  assert.deepEqual(await kindsOn(bed, "T000L8"), ["cartridge-label", "set-label", ...files]);
});

test("B-BCK-8, B-INV-6: catalog and use are written down after so many bytes, not only in the end", async () => {
  for (const [commitAfterBytes, isThere] of [
    [1, true],
    [limits.commitAfter, false],
  ] as const) {
    const bed = await BackupBed.make();
    await bed.addCartridges(labels(1));
    await bed.addSnapshot("store1", 1000, [400_000]);
    await bed.addSnapshot("store1", 2000, [400_000]);
    const store = bed.store("store1");
    const read = store.chunks.read.bind(store.chunks);
    let reads = 0;
    store.chunks.read = (digest) => (++reads > 2 ? Promise.reject(new Error("the disk is gone")) : read(digest));
    await assert.rejects(runBackup(bed.backupOptions({ commitAfterBytes })), /the disk is gone/);
    const record = bed.librarian.inventory.findLabel("T000L8") ?? assert.fail();
    assert.equal(((await bed.librarian.catalog(record.label.uuid))?.chunkCount ?? 0) > 0, isThere);
    assert.equal((record.bytesUsed ?? 0) > 0, isThere);
  }
});

test("B-BCK-10, B-BCK-12: a cartridge that continues a set begins with the catalogs of those before it", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(4), 14);
  await bed.addSnapshot("store1", 1000, [6_000_000]);
  const { cartridges } = await runBackup(bed.backupOptions());
  assert.ok(cartridges.length >= 3);
  for (const [index, label] of cartridges.entries()) {
    const kinds = (await kindsOn(bed, label)).slice(2);
    const first = kinds.findIndex((kind) => kind !== "catalog-file");
    assert.equal(first === -1 ? kinds.length - 1 : first, index);
    assert.equal(bed.librarian.inventory.findLabel(label)?.state, index === cartridges.length - 1 ? undefined : "full");
  }
});

test("B-RSF, B-RSL: a hole in the set ends a restore before anything is loaded, and is named", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(4), 14);
  await bed.addSnapshot("store1", 1000, [3_000_000]);
  const { cartridges } = await runBackup(bed.backupOptions());
  const options = bed.restoreOptions("store1=back");
  const { label } = bed.librarian.inventory.findLabel(cartridges[0] ?? "") ?? assert.fail();
  await bed.librarian.removeCatalog(label.uuid);
  const loads = bed.station.loads.length;
  const wanted = [{ store: "store1", path: "host/demo/1970-01-01T00:16:40Z" }];
  await assert.rejects(restoreSnapshots(options, wanted), failsWith("media.catalog-missing"));
  await bed.librarian.forget(label.uuid);
  await assert.rejects(restoreSet(options), failsWith("media.incomplete-set"));
  assert.equal(bed.station.loads.length, loads);
});

test("B-RSF: the owner of new groups is who was asked for, and a group of somebody else ends the restore", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(1));
  const place = await bed.addSnapshot("store1", 1000, [10]);
  await runBackup(bed.backupOptions());
  await restoreSet(bed.restoreOptions("store1=back", { owner: "ada@pbs" }));
  const group = { type: "host" as const, id: "demo" };
  assert.equal(await bed.store("back").owner([], group), "ada@pbs");
  await bed.store("back").removeSnapshot(place);
  await assert.rejects(
    restoreSet(bed.restoreOptions("store1=back", { owner: "bob@pbs" })),
    failsWith("datastore.group-owned"),
  );
  assert.equal((await bed.store("back").snapshots([], group)).length, 0);
});

test("B-ENC-3, B-ENC-4: labels are readable without a key, and another key begins another set", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(2));
  const place = await bed.addSnapshot("store1", 1000, [10]);
  const created = "2026-01-01T00:00:00+00:00";
  const sets: string[] = [];
  for (const passphrase of ["passphrase 1", "passphrase 2"]) {
    const how = { kind: "pbkdf2", random: bed.random, created, modified: created, hint: undefined } as const;
    const key = bed.random.bytes(32);
    const config = protectKey(key, { ...how, passphrase });
    bed.keys = (sets.length === 0 ? new KeyRing() : bed.keys).with(key, config, { mayReplace: false });
    const { set, cartridges } = await runBackup(
      bed.backupOptions({ pool: bed.pool({ encryption: config.fingerprint }) }),
    );
    sets.push(set);
    const drive = await bed.station.load(cartridges[0] ?? "");
    await drive.setEncryptionKey(undefined);
    await drive.rewind();
    assert.equal((await readLabels(drive))?.set?.key?.fingerprint, config.fingerprint);
    assert.ok(bed.lines.some((line) => line.startsWith(`begins the media set ${set}: `)));
    await bed.clock.advance(seconds(5));
  }
  assert.equal(new Set(sets).size, 2);
  await restoreSet(bed.restoreOptions("store1=back"));
  assert.deepEqual(await verifySnapshot(bed.store("back"), place, { good: new Set(), check: () => {} }), []);
});

test("B-RET-5: what has expired stays where it is, in catalog and on tape, until it is written", async () => {
  const bed = await BackupBed.make();
  await bed.addCartridges(labels(2));
  const place = await bed.addSnapshot("store1", 1000, [10]);
  const pool = bed.pool({ allocation: parseAllocation("always"), retention: parseRetention("overwrite") });
  const first = await runBackup(bed.backupOptions({ pool }));
  const options = bed.restoreOptions("store1=back");
  await bed.clock.advance(seconds(3600));
  const second = await runBackup(bed.backupOptions({ pool }));
  assert.notDeepEqual(second.cartridges, first.cartridges);
  await restoreSet(options);
  const path = snapshotPath(place.namespace, place.snapshot);
  assert.ok(await bed.store("back").isFinished(place), path);
});

// SPDX-License-Identifier: Apache-2.0
// The recycling disk: it is a disk like any other, and never takes bytes away from somebody who still reads them.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { limits } from "#base/index.ts";
import { SeededRandom, SimDisk } from "#sim/index.ts";
import { diskConformance } from "./disk-conformance.ts";
import { RecyclingDisk } from "./recycling-disk.ts";

const folder = "spares";

async function make(): Promise<{ readonly medium: SimDisk; readonly disk: RecyclingDisk }> {
  const medium = new SimDisk({ random: new SeededRandom("recycling") });
  const disk = await RecyclingDisk.on(medium.attach(), folder);
  await disk.makeFolder("a");
  await disk.makeFolder("b");
  return { medium, disk };
}

async function put(disk: RecyclingDisk, path: string, text: string): Promise<void> {
  const file = await disk.open(path, { mode: "create" });
  await file.write(0, [Buffer.from(text)]);
  await file.sync();
  await file.close();
}

async function textAt(disk: RecyclingDisk, path: string): Promise<string> {
  const file = await disk.open(path, { mode: "read" });
  const bytes = Buffer.alloc(await file.size());
  await file.read(0, bytes);
  await file.close();
  return bytes.toString();
}

diskConformance("recycling", async () => {
  const medium = new SimDisk({ random: new SeededRandom("recycling"), directAlignment: 4096 });
  // Its own folder is no part of what the suite looks at.
  return RecyclingDisk.on(medium.attach(), "spares");
});

test("a retired file serves again under another name, and is gone under its own", async () => {
  const { disk } = await make();
  await put(disk, "a/1", "old");
  await disk.retire("a/1");
  assert.deepEqual(await disk.list("a"), []);
  const file = await disk.reuse("b/2", {});
  await file?.write(0, [Buffer.from("n")]);
  await file?.close();
  assert.equal(await textAt(disk, "b/2"), "nld");
  assert.equal(await disk.reuse("b/3", {}), undefined);
});

test("a file that somebody has open is removed, not used again, also after a rename", async () => {
  const { disk } = await make();
  await put(disk, "a/1", "old");
  const reader = await disk.open("a/1", { mode: "read" });
  await disk.rename("a/1", "a/2");
  await disk.retire("a/2");
  assert.equal(await disk.reuse("b/1", {}), undefined);
  const bytes = Buffer.alloc(3);
  assert.equal(await reader.read(0, bytes), 3);
  assert.equal(bytes.toString(), "old");
  await reader.close();
  await put(disk, "a/2", "new");
  await disk.retire("a/2");
  assert.notEqual(await disk.reuse("b/1", {}), undefined);
});

test("a file that is opened while it gets its name is not used again as long as it is open", async () => {
  const { disk } = await make();
  await put(disk, "a/1.part", "old");
  const fetching = await disk.open("a/1.part", { mode: "read" });
  const renaming = disk.rename("a/1.part", "a/1");
  const reader = await disk.open("a/1", { mode: "read" });
  await renaming;
  await fetching.close();
  await disk.retire("a/1");
  assert.equal(await disk.reuse("b/1", {}), undefined);
  await reader.close();
  await put(disk, "a/2", "new");
  await disk.retire("a/2");
  assert.notEqual(await disk.reuse("b/1", {}), undefined);
});

test("a file that is opened while it is put aside is removed", async () => {
  const { disk } = await make();
  await put(disk, "a/1", "old");
  const opening = disk.open("a/1", { mode: "read" });
  const retiring = disk.retire("a/1");
  const reader = await opening;
  await retiring;
  assert.equal(await disk.reuse("b/1", {}), undefined);
  await reader.close();
});

test("what is not there is no error; no more is kept than the limit; the next process has the spares too", async () => {
  const { medium, disk } = await make();
  await disk.retire("a/none");
  const names = Array.from({ length: limits.spareSegments + 3 }, (_, index) => `a/${index}`);
  for (const name of names) await put(disk, name, "old");
  await Promise.all(names.map((name) => disk.retire(name)));
  assert.deepEqual(await disk.list("a"), []);
  assert.equal((await disk.list(folder)).length, limits.spareSegments);
  medium.crash();
  const next = await RecyclingDisk.on(medium.attach(), folder);
  for (let left = limits.spareSegments; left > 0; left--) assert.notEqual(await next.reuse(`b/${left}`, {}), undefined);
  assert.equal(await next.reuse("b/x", {}), undefined);
});

test("a spare that a crash gave back holds nothing that was written under its new name", async () => {
  for (let seed = 0; seed < 40; seed++) {
    const medium = new SimDisk({ random: new SeededRandom(seed) });
    const disk = await RecyclingDisk.on(medium.attach(), folder);
    await disk.makeFolder("a");
    await put(disk, "a/1", "old");
    await disk.syncFolder("a");
    await disk.retire("a/1");
    const file = await disk.reuse("a/2", {});
    if (seed % 2 === 0) await disk.syncFolder("a");
    medium.crash();
    const paths = medium.paths();
    assert.equal(paths.length, 1, String(paths));
    if (seed % 2 === 0) assert.deepEqual(paths, ["a/2"]);
    await file?.close();
  }
});

test("spares are given up on request", async () => {
  const { disk } = await make();
  await put(disk, "a/1", "old");
  await disk.retire("a/1");
  await disk.removeSpares();
  assert.deepEqual(await disk.list(folder), []);
  assert.equal(await disk.reuse("b/1", {}), undefined);
});

// SPDX-License-Identifier: Apache-2.0
// What a loss of power may do between a cartridge's journal and its directory, and between one segment and the next.

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes, hours, milliseconds, minutes, silentLog } from "#base/index.ts";
import { SeededRandom, SimClock, SimDisk } from "#sim/index.ts";
import { Directory } from "./directory.ts";
import type { Entry } from "./directory-entry.ts";
import type { Disk } from "./disk.ts";
import { blockOf, page, StoreBed } from "./store-bed.ts";
import { StoredCartridge } from "./stored-cartridge.ts";
import type { CartridgeId } from "./types.ts";

const tape = "TAPE01" as CartridgeId;
const objectsEach = 10;

const entry = (segment: number): Entry => ({
  segment,
  generation: 1,
  stored: false,
  local: true,
  fileSize: 4 * page,
  firstObject: (segment - 1) * objectsEach,
  firstFile: 0,
  firstByte: (segment - 1) * 1000,
  objects: objectsEach,
  filemarks: 0,
  recordBytes: 1000,
  fileCrc: 7,
  epoch: 0,
  objectSize: 0,
});

/** Three sealed segments on a disk whose journal can be made to take for ever. */
async function sealedCartridge() {
  const clock = new SimClock();
  const disk = new SimDisk({ random: new SeededRandom(1), clock });
  const open = (): Promise<StoredCartridge> =>
    clock.runUntil(
      StoredCartridge.open({ disk: disk.attach(), clock, log: silentLog, id: tape, folder: "a", tag: "0".repeat(16) }),
    );
  const cartridge = await open();
  for (const segment of [1, 2, 3]) await clock.runUntil(cartridge.seal(entry(segment)));
  const holdJournal = (): void => {
    disk.options.delay = (_, path) => (path.startsWith("a/journal") ? hours(1) : milliseconds(1));
  };
  return { clock, disk, open, cartridge, holdJournal };
}

/** What the directory says is what the head says. */
async function assertConsistent(cartridge: StoredCartridge): Promise<void> {
  let objects = 0;
  let storedBytes = 0;
  for (let index = 0; index < cartridge.head.count; index++) {
    const found = await cartridge.directory.get(index);
    objects += found.objects;
    storedBytes += found.stored ? found.fileSize : 0;
  }
  assert.deepEqual(
    { objects, storedBytes },
    { objects: cartridge.head.objects, storedBytes: cartridge.head.storedBytes },
  );
}

/** Starts a change, and a fold some steps later; the power goes while the journal is still busy. */
async function assertSurvives(change: (cartridge: StoredCartridge) => Promise<unknown>): Promise<void> {
  for (let steps = 0; steps < 60; steps++) {
    const { clock, disk, open, cartridge, holdJournal } = await sealedCartridge();
    await clock.runUntil(cartridge.fold());
    // Something must be there to fold.
    await clock.runUntil(cartridge.markLocal([3], false));
    // Has the directory's page in memory.
    await clock.runUntil(cartridge.find(1));
    holdJournal();
    void change(cartridge);
    for (let step = 0; step < steps; step++) await Promise.resolve();
    void cartridge.fold();
    await clock.advance(minutes(1));
    disk.crash();
    disk.options.delay = () => milliseconds(1);
    await clock.runUntil(open().then(assertConsistent));
  }
}

test("a cut that never reached the journal is not in the directory, though that is being written", () =>
  assertSurvives((cartridge) => cartridge.cut({ objects: 15, files: 0, bytes: 1500 }, 4)));

test("a segment is not stored in the directory before it is in the journal", () =>
  assertSurvives((cartridge) => cartridge.markStored(1, { epoch: 1, objectSize: 0 })));

test("a segment that a crash left behind a lost one never comes back behind new records", async () => {
  const blockSize = 2 * page - 64;
  const pathOf = (segment: number): string => `cartridges/${tape}/${String(segment).padStart(12, "0")}.segment`;
  for (let seed = 1; seed <= 8; seed++) {
    const bed = new StoreBed({ seed });
    await bed.start();
    const write = async (first: number, count: number): Promise<void> => {
      for (let number = first; number < first + count; number++) {
        await bed.run(image.appendBlock(blockOf(number, blockSize)));
      }
    };
    let image = await bed.loadNew(tape);
    await write(0, 1);
    await bed.run(image.unload());
    const journalPath = `cartridges/${tape}/journal`;
    const before = [pathOf(1), journalPath].map((path) => [path, bed.disk.contentOf(path)] as const);
    image = await bed.load(tape);
    await write(100, 8);
    await bed.clock.advance(minutes(1));
    bed.disk.kill();
    // The power went: of what was not synced, the next segment is there and the records before it are not.
    const behind = [pathOf(3), bed.disk.contentOf(pathOf(3))] as const;
    await bed.run(bed.disk.attach().remove(pathOf(2)));
    for (const [path, content] of [...before, behind]) bed.disk.replaceContent(path, content);
    await bed.start();
    image = await bed.load(tape);
    assert.equal(image.endOfData, 1);
    bed.disk.options.delay = (operation, path) =>
      operation === "sync" && path === `cartridges/${tape}` ? hours(1) : milliseconds(0);
    await write(1, 6);
    await bed.clock.advance(milliseconds(500));
    bed.crash();
    bed.disk.options.delay = () => milliseconds(0);
    await bed.start();
    image = await bed.load(tape);
    for (const [number, object] of (await bed.readAll(image)).entries()) {
      assert.ok(
        object !== "filemark" && equalBytes(object, blockOf(number, blockSize)),
        `object ${number}, seed ${seed}`,
      );
    }
  }
});

test("a page that was read before the directory was written is not remembered behind that", async () => {
  const inner = new SimDisk({ random: new SeededRandom(1) }).attach();
  await inner.makeFolder("a");
  const release: (() => void)[] = [];
  let isHeld = false;
  const disk: Disk = {
    directAlignment: 1,
    rename: (from, to) => inner.rename(from, to),
    remove: (path) => inner.remove(path),
    list: (folder) => inner.list(folder),
    makeFolder: (path) => inner.makeFolder(path),
    removeFolder: (path) => inner.removeFolder(path),
    syncFolder: (path) => inner.syncFolder(path),
    freeBytes: () => inner.freeBytes(),
    open: async (path, options) => {
      const file = await inner.open(path, options);
      return {
        write: (offset, parts) => file.write(offset, parts),
        sync: () => file.sync(),
        size: () => file.size(),
        truncate: (size) => file.truncate(size),
        close: () => file.close(),
        read: async (offset, into) => {
          const count = await file.read(offset, into);
          if (isHeld) await new Promise<void>((resolve) => release.push(resolve));
          return count;
        },
      };
    },
  };
  const directory = new Directory(disk, "a/directory", new Uint8Array(8));
  directory.put(0, entry(1));
  await directory.fold(directory.changed);
  isHeld = true;
  const reading = directory.get(0);
  while (release.length === 0) await Promise.resolve();
  directory.put(1, entry(2));
  await directory.fold(directory.changed);
  isHeld = false;
  for (const resolve of release) resolve();
  assert.deepEqual(await reading, entry(1));
  assert.deepEqual(await directory.get(1), entry(2));
});

// SPDX-License-Identifier: Apache-2.0
// Worn-out disks: a flipped bit or a cut anywhere in any file gives the right data or a fault that names the file or
// the object. Never other data, never a shorter tape.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault, isFault, minutes } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import type { ObjectNumber } from "#tape/index.ts";
import { crc32 } from "./crc32.ts";
import { DirectoryHeader } from "./directory-entry.ts";
import { SegmentFooter, SegmentHeader } from "./segment-format.ts";
import { blockOf, page, StoreBed } from "./store-bed.ts";
import type { CartridgeId, LoadedImage } from "./types.ts";

const tape = "TAPE01" as CartridgeId;
const count = 16;
const contentAt = (number: number): Uint8Array | "filemark" =>
  number % 5 === 4 ? "filemark" : blockOf(number, 2 * page - 100);

/** A cartridge with two sealed segments and an open one, unloaded, its directory on the disk. */
async function restingTape(): Promise<StoreBed> {
  const bed = new StoreBed();
  bed.objects.options.failBefore = { put: 1 };
  await bed.start();
  const image = await bed.loadNew(tape);
  for (let number = 0; number < count; number++) {
    const object = contentAt(number);
    if (object === "filemark") await bed.run(image.appendFilemarks(1));
    else await bed.run(image.appendBlock(object));
  }
  await bed.run(image.unload());
  for (let round = 0; round < 300; round++) {
    const again = await bed.load(tape);
    await bed.run(again.appendFilemarks(1));
    await bed.run(again.cut(count as ObjectNumber));
    await bed.run(again.unload());
    if (bed.disk.paths().includes(`cartridges/${tape}/directory`)) break;
  }
  await bed.clock.advance(minutes(5));
  await bed.stop();
  return bed;
}

/** What a gateway would find: the faults on the way, after comparing all that can be read. */
async function faultsOf(bed: StoreBed): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  const note = (error: unknown): undefined => {
    if (!(error instanceof Fault)) throw error;
    faults.push(error);
    return undefined;
  };
  const image: LoadedImage | undefined = await bed
    .start()
    .then(() => bed.load(tape))
    .catch(note);
  if (image === undefined) return faults;
  if (image.endOfData !== count) assert.fail(`the tape has ${image.endOfData} objects, not ${count}`);
  for (let number = 0; number < count; number++) {
    const found: Uint8Array | string | undefined = await bed.read(image, number).catch(note);
    if (found !== undefined) assert.deepEqual(found, contentAt(number), `object ${number}`);
  }
  await bed.run(image.unload()).catch(note);
  await bed.stop();
  return faults;
}

/** All files but those that only wait to be overwritten. */
function contentsOf(bed: StoreBed): ReadonlyMap<string, Uint8Array> {
  const paths = bed.disk.paths().filter((path) => !path.startsWith("cartridges/spare-segments/"));
  return new Map(paths.map((path) => [path, bed.disk.contentOf(path)]));
}

function assertNamed(faults: readonly Fault[], path: string): void {
  for (const fault of faults) {
    const isNamed = fault.message.includes(path) || fault.message.includes(`of cartridge ${tape} is damaged`);
    assert.ok(isNamed, `${path}: ${fault.message}`);
  }
}

test("a flipped bit anywhere: the right data, or a fault that names the file or the object", async () => {
  const bed = await restingTape();
  const whole = contentsOf(bed);
  assert.equal(whole.size, 6);
  const random = new SeededRandom("flips");
  let refused = 0;
  for (const path of whole.keys()) {
    const size = whole.get(path)?.byteLength ?? 0;
    for (let round = 0; round < 30; round++) {
      for (const [each, content] of whole) bed.disk.replaceContent(each, content);
      // The beginning and the end are where the headers and footers are.
      const offset = random.pick([random.below(size), random.below(Math.min(size, 200)), size - 1 - random.below(64)]);
      bed.disk.flipBit(path, Math.max(offset, 0), random.below(8));
      const faults = await faultsOf(bed).catch((error: unknown) => {
        throw new Error(`${path} at ${offset}`, { cause: error });
      });
      // The last fact of the store's ledger cannot be told from one that was never acknowledged.
      if (path === "cartridges/store.ledger" && faults.some((fault) => isFault(fault, "store.cartridge-missing")))
        continue;
      assertNamed(faults, path);
      if (faults.length > 0) refused += 1;
    }
  }
  assert.ok(refused > 50, `${refused} were noticed`);
});

test("a file that was cut anywhere, or is missing: the right data, or a fault that names it", async () => {
  const bed = await restingTape();
  const whole = contentsOf(bed);
  const random = new SeededRandom("cuts");
  for (const [path, bytes] of whole) {
    if (path === "cartridges/store.ledger") continue;
    for (let round = 0; round < 10; round++) {
      for (const [each, content] of whole) bed.disk.replaceContent(each, content);
      const size = round === 0 ? 0 : random.below(bytes.byteLength);
      bed.disk.replaceContent(path, bytes.subarray(0, size));
      const faults = await faultsOf(bed).catch((error: unknown) => {
        throw new Error(`${path} cut to ${size}`, { cause: error });
      });
      assertNamed(faults, path);
    }
  }
});

test("a newer format of any file is refused by name", async () => {
  const bed = await restingTape();
  const whole = contentsOf(bed);
  const names = { directory: "directory", segment: "000000000001.segment" };
  const newer = async (
    path: string,
    change: (view: DataView, bytes: Uint8Array) => void,
  ): Promise<readonly Fault[]> => {
    for (const [each, content] of whole) bed.disk.replaceContent(each, content);
    const bytes = bed.disk.contentOf(path);
    change(new DataView(bytes.buffer), bytes);
    bed.disk.replaceContent(path, bytes);
    return faultsOf(bed);
  };
  const folder = `cartridges/${tape}`;
  const directory = await newer(`${folder}/${names.directory}`, (view, bytes) => {
    view.setUint16(DirectoryHeader.fields.version.byte, 3);
    view.setUint32(60, crc32(bytes.subarray(0, 60)));
  });
  assert.match(directory[0]?.message ?? "", /directory has format version 3; this release reads up to 2/);
  const footer = await newer(`${folder}/${names.segment}`, (view, bytes) => {
    const start = bytes.byteLength - page;
    view.setUint16(start + SegmentFooter.fields.version.byte, 2);
    view.setUint32(bytes.byteLength - 4, crc32(bytes.subarray(start, -4)));
  });
  assert.match(footer[0]?.message ?? "", /1\.segment has format version 2; this release reads up to 1/);
  const open = [...whole.keys()].findLast((path) => path.endsWith(".segment")) ?? "";
  const header = await newer(open, (view, bytes) => {
    view.setUint16(SegmentHeader.fields.version.byte, 2);
    view.setUint32(60, crc32(bytes.subarray(0, 60)));
  });
  // An orderly unload is believed without reading the header again; a crash is not.
  assert.ok(header.length === 0 || /has format version 2/.test(header[0]?.message ?? ""));
});

test("damage to what was synced is told from a torn end where later records prove it", async () => {
  const bed = new StoreBed();
  await bed.start();
  const image = await bed.loadNew(tape);
  for (let number = 0; number < 3; number++) {
    await bed.run(image.appendBlock(blockOf(number, 1000)));
    await bed.run(image.sync());
  }
  bed.crash();
  const path = `cartridges/${tape}/000000000001.segment`;
  bed.disk.flipBit(path, 64 + 64 + 500, 3);
  await bed.start();
  await assert.rejects(bed.load(tape), (error) => isFault(error, "store.file-damaged") && error.message.includes(path));
});

test("a record that was dropped after a crash never comes back behind a new one of the same size", async () => {
  const bed = new StoreBed();
  await bed.start();
  const image = await bed.loadNew(tape);
  await bed.run(image.appendBlock(blockOf(0, 8128)));
  await bed.run(image.appendBlock(blockOf(1, 8128)));
  await bed.clock.advance(minutes(1));
  bed.disk.kill();
  // The first of two writes was lost, the second was not.
  bed.disk.flipBit(`cartridges/${tape}/000000000001.segment`, 200, 0);
  await bed.start();
  const again = await bed.load(tape);
  assert.equal(again.endOfData, 0);
  await bed.run(again.appendBlock(blockOf(2, 8128)));
  await bed.run(again.sync());
  bed.crash();
  await bed.start();
  const last = await bed.load(tape);
  assert.equal(last.endOfData, 1);
  assert.deepEqual(await bed.read(last, 0), blockOf(2, 8128));
});

test("a damaged segment is not uploaded; the shelf says which file it is", async () => {
  const bed = await restingTape();
  bed.objects.options.failBefore = {};
  const path = `cartridges/${tape}/000000000001.segment`;
  bed.disk.flipBit(path, 3000, 1);
  await bed.start();
  await assert.rejects(
    bed.run(bed.store.archive(tape, "GLACIER")),
    (error) => isFault(error, "store.file-damaged") && error.message.includes(path),
  );
  assert.ok(!bed.objects.keys.some((key) => key.endsWith("000000000001-e00001")));
});

test("damage in the object store is a fault of the object, not other data", async () => {
  const bed = new StoreBed();
  await bed.start();
  const image = await bed.loadNew(tape);
  for (let number = 0; number < 8; number++) await bed.run(image.appendBlock(blockOf(number, 2 * page - 64)));
  await bed.run(image.unload());
  await bed.run(bed.store.archive(tape, "STANDARD"));
  bed.objects.damage(`cartridges/${tape}/segments/000000000001-e00001`, 64 + 64 + 2 * page + 100);
  const again = await bed.load(tape);
  assert.deepEqual(await bed.read(again, 0), blockOf(0, 2 * page - 64));
  await assert.rejects(bed.read(again, 1), /object 1 of cartridge TAPE01 is damaged/);
  assert.deepEqual(await bed.read(again, 2), blockOf(2, 2 * page - 64));
  assert.ok(!bed.disk.paths().some((name) => name.endsWith("000000000001.segment")), "it does not become a local copy");
});

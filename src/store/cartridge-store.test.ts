// SPDX-License-Identifier: Apache-2.0
// What gateways rely on: cartridges come and go, bytes reach the object store and come back, the shelf can be resumed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hours, isFault, limits, minutes, seconds } from "#base/index.ts";
import type { ObjectNumber } from "#tape/index.ts";
import { storeFault } from "./faults.ts";
import { objectKey } from "./object-key.ts";
import { blockOf, page, StoreBed, type StoreBedOptions } from "./store-bed.ts";
import type { CartridgeId, LoadedImage, WorkProgress } from "./types.ts";

const tape = "TAPE01" as CartridgeId;

/** A bed whose cartridge holds `count` blocks of two pages, six to a segment of 14 pages, unloaded. */
async function bedWithTape(count: number, options: StoreBedOptions = {}): Promise<StoreBed> {
  const bed = new StoreBed(options);
  await bed.start();
  const image = await bed.loadNew(tape);
  await write(bed, image, count);
  await bed.run(image.unload());
  return bed;
}

async function write(bed: StoreBed, image: LoadedImage, count: number): Promise<void> {
  const first = image.endOfData;
  for (let number = first; number < first + count; number++) {
    await bed.run(image.appendBlock(blockOf(number, 2 * page - 64)));
  }
}

async function verify(bed: StoreBed, image: LoadedImage, count: number): Promise<void> {
  const found = await bed.readAll(image);
  assert.equal(found.length, count);
  for (const [number, object] of found.entries()) assert.deepEqual(object, blockOf(number, 2 * page - 64));
}

const faultCode =
  (code: string) =>
  (error: unknown): boolean =>
    isFault(error, `store.${code}`);

test("cartridges are there after a restart, in the order of their making", async () => {
  const bed = new StoreBed();
  await bed.start();
  const ids = Array.from({ length: 20 }, (_, index) => `C-${index}` as CartridgeId);
  await bed.run(Promise.all(ids.map((id) => bed.store.create(id, { barcode: id }))));
  bed.crash();
  await bed.start();
  assert.deepEqual(bed.store.ids(), ids);
  assert.equal(bed.store.usage("C-7" as CartridgeId).objects, 0);
  await assert.rejects(bed.run(bed.store.create("C-7" as CartridgeId, {})), faultCode("cartridge-exists"));
  await assert.rejects(bed.load("C-99"), faultCode("cartridge-missing"));
});

test("the ledger of the store stays small however often cartridges are used", async () => {
  const bed = new StoreBed();
  await bed.start();
  await bed.run(bed.store.create(tape, {}));
  for (let round = 0; round < 600; round++) await bed.run((await bed.load(tape)).unload());
  assert.ok(bed.disk.contentOf("cartridges/store.ledger").byteLength < 600_000);
});

test("a cartridge is in one drive at a time", async () => {
  const bed = await bedWithTape(3);
  const image = await bed.load(tape);
  await assert.rejects(bed.load(tape), faultCode("cartridge-busy"));
  await assert.rejects(bed.run(bed.store.archive(tape, "GLACIER")), faultCode("cartridge-busy"));
  await assert.rejects(bed.run(bed.store.remove(tape)), faultCode("cartridge-busy"));
  await bed.run(image.unload());
  await assert.rejects(bed.read(image, 0), faultCode("cartridge-unloaded"));
  await bed.run((await bed.load(tape)).unload());
});

test("usage says what is safe where, loaded or not, also after a restart", async () => {
  const bed = await bedWithTape(30);
  const size = 30 * 2 * page;
  assert.equal(bed.store.usage(tape).sizeBytes, size);
  await bed.clock.advance(minutes(5));
  const { storedBytes, dirtyBytes, localBytes, recoveryPoint } = bed.store.usage(tape);
  assert.equal(storedBytes, 5 * 14 * page);
  assert.equal(dirtyBytes, 0);
  assert.equal(localBytes, storedBytes);
  assert.equal(recoveryPoint?.objects, 30);
  const before = bed.store.usage(tape);
  await bed.stop();
  await bed.start();
  assert.deepEqual(bed.store.usage(tape), before);
});

test("the shelf: archive, thaw, read back, archive again", async () => {
  const bed = await bedWithTape(30);
  const progress: WorkProgress[] = [];
  await bed.run(bed.store.archive(tape, "DEEP_ARCHIVE", { progress: (each) => progress.push(each) }));
  assert.deepEqual(new Set(progress.map(({ phase }) => phase)), new Set(["upload", "manifest", "class"]));
  const usage = bed.store.usage(tape);
  assert.equal(usage.storageClass, "DEEP_ARCHIVE");
  assert.deepEqual([usage.dirtyBytes, usage.localBytes], [0, 0]);
  assert.equal(usage.recoveryPoint?.objects, 30);
  assert.equal((await bed.run(bed.store.shelf.thawState(tape))).kind, "frozen");

  const frozen = await bed.load(tape);
  await assert.rejects(bed.read(frozen, 3), faultCode("object-frozen"));
  await bed.run(frozen.unload());

  await bed.run(bed.store.shelf.thaw(tape, { tier: "Standard", keep: hours(24) }));
  assert.equal((await bed.run(bed.store.shelf.thawState(tape))).kind, "thawing");
  await bed.clock.advance(seconds(3601));
  assert.equal((await bed.run(bed.store.shelf.thawState(tape))).kind, "thawed");
  const thawed = await bed.load(tape);
  await verify(bed, thawed, 30);
  await bed.run(thawed.unload());

  await bed.run(bed.store.archive(tape, "DEEP_ARCHIVE"));
  assert.equal(bed.store.usage(tape).localBytes, 0);
});

test("the manifest tells the bucket what the cartridge is", async () => {
  const bed = await bedWithTape(30);
  await bed.run(bed.store.describe(tape, { barcode: "ABC001L8", sizeBytes: 1000 }));
  await bed.run(bed.store.archive(tape, "GLACIER"));
  const key = bed.objects.keys.findLast((each) => each.includes("/manifests/")) ?? "";
  const info = await bed.run(bed.objects.head(objectKey(key)));
  assert.equal(info?.storageClass, "STANDARD");
  const manifest: unknown = JSON.parse(Buffer.from(bed.objects.contentOf(key) ?? []).toString("utf8"));
  assert.deepEqual(manifest, {
    format: 2,
    cartridge: tape,
    epoch: 1,
    number: Number(key.slice(-8)),
    at: bed.clock.now(),
    description: { barcode: "ABC001L8", sizeBytes: 1000 },
    tag: Reflect.get(Object(manifest), "tag"),
    generation: 1,
    segments: 5,
    objects: 30,
    files: 0,
    bytes: 30 * 2 * page,
    storedBytes: bed.store.usage(tape).storedBytes,
    nextSegment: 6,
    storageClass: "GLACIER",
    directory: [],
    tail: Reflect.get(Object(manifest), "tail"),
  });
});

test("an archive that crashed anywhere is taken up again, and nothing is uploaded twice", async () => {
  for (let crashAfter = 0; crashAfter < 40; crashAfter += 3) {
    const bed = await bedWithTape(40, { seed: crashAfter });
    bed.objects.options.delay = () => seconds(1);
    void bed.store.archive(tape, "GLACIER").catch(() => {});
    await bed.clock.advance(seconds(crashAfter));
    bed.crash();
    await bed.start();
    await bed.run(bed.store.archive(tape, "GLACIER"));
    const segments = bed.objects.keys.filter((key) => key.includes("/segments/"));
    assert.equal(segments.length, 7);
    await bed.run(bed.store.shelf.thaw(tape, { tier: "Expedited", keep: hours(1) }));
    await bed.clock.advance(minutes(2));
    const image = await bed.load(tape);
    await verify(bed, image, 40);
    await bed.run(image.unload());
  }
});

test("archiving stops when asked to, and goes on later", async () => {
  const bed = await bedWithTape(40);
  bed.objects.options.delay = () => seconds(1);
  const stop = new AbortController();
  const work = bed.store.archive(tape, "GLACIER", { signal: stop.signal });
  const stopped = assert.rejects(work, /enough/);
  await bed.clock.advance(seconds(2));
  stop.abort(new Error("enough"));
  await bed.run(stopped);
  await bed.run(bed.store.archive(tape, "GLACIER"));
  assert.equal(bed.store.usage(tape).dirtyBytes, 0);
});

test("an archive whose object store fails for good ends with its fault, and can be repeated", async () => {
  const bed = await bedWithTape(40);
  bed.objects.options.failBefore = { put: 1 };
  await assert.rejects(bed.run(bed.store.archive(tape, "GLACIER")), faultCode("object-store-unreachable"));
  bed.objects.options.failBefore = {};
  await bed.run(bed.store.archive(tape, "GLACIER"));
});

test("uploads survive an outage and a restart", async () => {
  const bed = new StoreBed();
  bed.objects.options.failBefore = { put: 1 };
  await bed.start();
  const image = await bed.loadNew(tape);
  await write(bed, image, 40);
  await bed.run(image.unload());
  await bed.clock.advance(minutes(10));
  assert.ok(isFault(bed.store.totals().uploadFailure, "store.object-store-unreachable"));
  assert.ok(bed.store.totals().uploadLag > minutes(9));
  bed.crash();
  bed.objects.options.failBefore = {};
  await bed.start();
  await bed.clock.advance(minutes(2));
  assert.equal(bed.store.totals().uploadBufferUsed, 0);
  assert.equal(bed.segmentKeys.length, 7);
});

test("uploads wait while they are paused", async () => {
  const bed = new StoreBed();
  await bed.start();
  bed.store.pauseUploads();
  const image = await bed.loadNew(tape);
  await write(bed, image, 20);
  await bed.clock.advance(minutes(10));
  assert.equal(bed.segmentKeys.length, 0);
  bed.store.resumeUploads();
  await bed.clock.advance(minutes(1));
  assert.equal(bed.segmentKeys.length, 3);
  assert.equal(bed.store.totals().uploadBufferUsed, 0);
});

test("a full upload buffer slows writing down, for a bounded time", async () => {
  const bed = new StoreBed({ uploadBufferBytes: 20 * page });
  await bed.start();
  bed.store.pauseUploads();
  const image = await bed.loadNew(tape);
  await write(bed, image, 13);
  await bed.run(image.sync());
  let isDone = false;
  const waiting = Promise.resolve(image.appendBlock(blockOf(13, 2 * page - 64))).then(() => {
    isDone = true;
  });
  await bed.clock.advance(seconds(5));
  assert.equal(isDone, false);
  bed.store.resumeUploads();
  await bed.run(waiting);
  assert.equal(image.endOfData, 14);
  bed.objects.options.failBefore = { put: 1 };
  await assert.rejects(write(bed, image, 40), faultCode("under-pressure"));
  assert.equal(image.failure, undefined, "nothing is lost, and it may be tried again");
  assert.deepEqual(await bed.read(image, 3), blockOf(3, 2 * page - 64));
});

test("what is stored is evicted when the cache is full, the least recently used cartridge first", async () => {
  const bed = new StoreBed({ cacheBytes: 60 * page });
  await bed.start();
  for (const id of ["OLD", "MIDDLE", "NEW"]) {
    const image = await bed.loadNew(id);
    await write(bed, image, 15);
    await bed.run(image.unload());
    await bed.clock.advance(minutes(1));
  }
  const local = (id: string): number => bed.store.usage(id as CartridgeId).localBytes;
  assert.ok(bed.store.totals().cacheUsed <= 60 * page);
  assert.ok(local("OLD") < 8 * page, "only what is not stored stays of the oldest");
  assert.ok(local("NEW") > 34 * page);
  const image = await bed.load("OLD");
  await verify(bed, image, 15);
  assert.ok(bed.store.totals().fetchedBytes > 0);
  await bed.run(image.unload());
  assert.ok(bed.store.totals().evictedBytes > 0);
  assert.ok(bed.store.totals().cacheUsed <= 60 * page);
});

test("nothing is evicted that is not stored", async () => {
  const bed = new StoreBed({ cacheBytes: 0 });
  bed.objects.options.failBefore = { put: 1 };
  await bed.start();
  const image = await bed.loadNew(tape);
  await write(bed, image, 40);
  await bed.run(image.unload());
  await bed.clock.advance(minutes(10));
  assert.equal(bed.store.totals().evictedBytes, 0);
  const again = await bed.load(tape);
  await verify(bed, again, 40);
});

test("what a cut made dead goes, here and from the object store", async () => {
  const bed = await bedWithTape(40);
  await bed.clock.advance(minutes(1));
  assert.equal(bed.segmentKeys.length, 7);
  const image = await bed.load(tape);
  await bed.run(image.cut(10 as ObjectNumber));
  await write(bed, image, 1);
  await bed.run(image.unload());
  await bed.clock.advance(minutes(1));
  assert.deepEqual(bed.segmentKeys, [
    `cartridges/${tape}/segments/000000000001-e00001`,
    `cartridges/${tape}/segments/000000000002-e00001`,
    `cartridges/${tape}/segments/000000000008-e00001`,
  ]);
  const files = bed.disk.paths().filter((path) => path.endsWith(".segment"));
  assert.deepEqual(
    files.map((path) => path.slice(-20)),
    ["000000000001.segment", "000000000002.segment", "000000000008.segment"],
  );
});

test("a removed cartridge is gone at once, and its bytes soon, also over a crash", async () => {
  const bed = await bedWithTape(40);
  await bed.run(bed.store.archive(tape, "GLACIER_IR"));
  bed.objects.options.delay = () => seconds(1);
  await bed.run(bed.store.remove(tape));
  assert.equal(bed.store.has(tape), false);
  bed.crash();
  await bed.start();
  assert.equal(bed.store.has(tape), false);
  await bed.clock.advance(minutes(3));
  assert.deepEqual(
    bed.objects.keys.filter((key) => key.startsWith("cartridges/")),
    [],
  );
  assert.deepEqual(bed.disk.paths(), ["cartridges/store.ledger"]);
});

test("a segment that another gateway put there is not taken for ours", async () => {
  const bed = new StoreBed();
  await bed.start();
  const content = async function* (): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(10);
  };
  await bed.run(
    bed.objects.put(objectKey(`cartridges/${tape}/segments/000000000001-e00001`), 10, content(), {
      storageClass: "STANDARD",
      crc32: 0xe38a6876,
      condition: { kind: "absent" },
    }),
  );
  const image = await bed.loadNew(tape);
  await write(bed, image, 20);
  await bed.run(image.unload());
  await assert.rejects(bed.run(bed.store.archive(tape, "GLACIER")), faultCode("object-conflict"));
});

test("a failed write poisons the image for changes with its fault; reads go on and what was synced stays", async () => {
  const bed = new StoreBed();
  await bed.start();
  const image = await bed.loadNew(tape);
  await write(bed, image, 10);
  await bed.run(image.sync());
  const fault = storeFault("disk-failed", { operation: "write", path: "x", reason: "worn out" });
  bed.disk.options.fail = (operation) => (operation === "write" ? fault : undefined);
  await assert.rejects(async () => {
    await write(bed, image, 1);
    await bed.run(image.sync());
  }, faultCode("disk-failed"));
  await assert.rejects(bed.run(image.sync()), faultCode("disk-failed"));
  await assert.rejects(async () => image.appendFilemarks(1), faultCode("disk-failed"));
  await assert.rejects(async () => image.cut(0 as ObjectNumber), faultCode("disk-failed"));
  assert.deepEqual(await bed.read(image, 2), blockOf(2, 2 * page - 64));
  await assert.rejects(bed.run(image.unload()), faultCode("disk-failed"));
  bed.disk.options.fail = () => undefined;
  const again = await bed.load(tape);
  assert.ok(again.endOfData >= 10);
  await write(bed, again, 5);
  await verify(bed, again, again.endOfData);
});

test("a disk that takes nothing is a fault soon, and the image goes on when it does", async () => {
  const bed = new StoreBed();
  await bed.start();
  const image = await bed.loadNew(tape);
  await write(bed, image, 1);
  await bed.run(image.sync());
  bed.disk.options.delay = (operation) => (operation === "write" ? hours(1) : seconds(0));
  await write(bed, image, 1);
  const began = bed.clock.monotonic();
  await assert.rejects(bed.run(image.sync()), faultCode("under-pressure"));
  assert.ok(bed.clock.monotonic() - began <= limits.pressureWait);
  bed.disk.options.delay = () => seconds(0);
  await bed.clock.advance(hours(1));
  await bed.run(image.sync());
  await write(bed, image, 3);
  await bed.run(image.sync());
  await verify(bed, image, 5);
});

test("unwritten data goes to the disk when a drive is idle, without a sync", async () => {
  const bed = new StoreBed();
  await bed.start();
  const image = await bed.loadNew(tape);
  await write(bed, image, 2);
  await bed.clock.advance(seconds(1));
  bed.disk.kill();
  await bed.start();
  await verify(bed, await bed.load(tape), 2);
});

test("a start reads 1,500 cartridges from one file", async () => {
  const bed = new StoreBed();
  await bed.start();
  const ids = Array.from({ length: 1500 }, (_, index) => `CAP${index}` as CartridgeId);
  await bed.run(Promise.all(ids.map((id) => bed.store.create(id, { barcode: id, sizeBytes: 1e13 }))));
  await bed.stop();
  const opened: string[] = [];
  bed.disk.options.fail = (operation, path) => {
    if (operation === "open") opened.push(path);
    return undefined;
  };
  await bed.start();
  assert.deepEqual(opened, ["cartridges/store.ledger"]);
  assert.equal(bed.store.ids().length, 1500);
});

// SPDX-License-Identifier: Apache-2.0
// A full disk: drives are told to wait, nothing that was taken is lost, and everything goes on when there is room.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault, limits, minutes, seconds } from "#base/index.ts";
import type { ObjectNumber } from "#tape/index.ts";
import { blockOf, page, StoreBed } from "./store-bed.ts";
import type { CartridgeId, LoadedImage } from "./types.ts";

const tape = "TAPE01" as CartridgeId;
const blockSize = 2 * page - 64;
const pressure = (error: unknown): boolean => isFault(error, "store.under-pressure");

async function write(bed: StoreBed, image: LoadedImage, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await bed.run(image.appendBlock(blockOf(image.endOfData, blockSize)));
  }
}

/** Appends until the image says that it is under pressure. */
async function writeUntilPressure(bed: StoreBed, image: LoadedImage): Promise<void> {
  await assert.rejects(write(bed, image, 1000), pressure);
}

async function expectBlocks(bed: StoreBed, image: LoadedImage, count: number): Promise<void> {
  assert.equal(image.endOfData, count);
  const blocks = await bed.readAll(image);
  for (const [index, block] of blocks.entries()) assert.deepEqual(block, blockOf(index, blockSize));
}

/** What is on the disk now, and so many bytes more. */
function roomFor(bed: StoreBed, byteCount: number): void {
  delete bed.disk.options.capacityBytes;
  const used = Number.MAX_SAFE_INTEGER - bed.disk.freeBytes;
  bed.disk.options.capacityBytes = used + byteCount;
}

test("what was taken before the disk was full is stored when there is room again, in order", async () => {
  const bed = new StoreBed({ diskReserveBytes: 0 });
  await bed.start();
  bed.store.pauseUploads();
  const image = await bed.loadNew(tape);
  await write(bed, image, 10);
  await bed.run(image.sync());
  roomFor(bed, 3 * page);
  await writeUntilPressure(bed, image);
  const taken = image.endOfData;
  assert.ok(taken > 10, "memory took some");
  await assert.rejects(bed.run(image.sync()), pressure);
  await assert.rejects(bed.run(image.appendBlock(blockOf(taken, blockSize))), pressure);
  assert.equal(image.endOfData, taken, "a block that was refused is not there");
  assert.equal(image.failure, undefined);
  assert.deepEqual(await bed.read(image, 3), blockOf(3, blockSize), "reading goes on");
  await bed.clock.advance(minutes(30));
  delete bed.disk.options.capacityBytes;
  await write(bed, image, 5);
  await bed.run(image.sync());
  await expectBlocks(bed, image, taken + 5);
  bed.crash();
  await bed.start();
  await expectBlocks(bed, await bed.load(tape), taken + 5);
});

test("end of data stays where it was until a cut is done", async () => {
  const bed = new StoreBed({ diskReserveBytes: 0 });
  await bed.start();
  const image = await bed.loadNew(tape);
  await write(bed, image, 10);
  await bed.run(image.sync());
  roomFor(bed, 0);
  await assert.rejects(async () => bed.run(image.cut(4 as ObjectNumber)), pressure);
  assert.equal(image.endOfData, 10);
  await assert.rejects(async () => bed.run(image.cut(4 as ObjectNumber)), pressure);
  delete bed.disk.options.capacityBytes;
  await bed.clock.advance(minutes(1));
  await bed.run(image.cut(4 as ObjectNumber));
  await expectBlocks(bed, image, 4);
});

test("a host waits for a bounded time, whatever it asks for", async () => {
  const bed = new StoreBed({ diskReserveBytes: 0 });
  await bed.start();
  const image = await bed.loadNew(tape);
  await write(bed, image, 10);
  roomFor(bed, 0);
  await writeUntilPressure(bed, image);
  const asks: (() => unknown)[] = [
    () => image.appendBlock(blockOf(0, blockSize)),
    () => image.sync(),
    () => image.cut(4 as ObjectNumber),
    () => image.sync(),
    () => image.read(0 as ObjectNumber),
  ];
  for (const ask of asks) {
    const began = bed.clock.monotonic();
    await assert.rejects(bed.run(Promise.resolve(ask())), pressure);
    assert.ok(bed.clock.monotonic() - began <= limits.pressureWait + seconds(1));
  }
  delete bed.disk.options.capacityBytes;
  await bed.clock.advance(seconds(2));
  assert.equal(image.endOfData, 4, "the cut went on by itself");
  await bed.run(image.cut(4 as ObjectNumber));
  await write(bed, image, 2);
  await bed.run(image.sync());
  await expectBlocks(bed, image, 6);
});

test("drives stop at the reserve, and what was taken has its place", async () => {
  const bed = new StoreBed({ diskReserveBytes: 64 * page });
  await bed.start();
  bed.store.pauseUploads();
  const image = await bed.loadNew(tape);
  roomFor(bed, 100 * page);
  await bed.clock.advance(seconds(1));
  await writeUntilPressure(bed, image);
  await bed.run(image.sync());
  assert.ok(bed.disk.freeBytes > 20 * page, "the disk is not filled to the brim");
  const taken = image.endOfData;
  roomFor(bed, 1000 * page);
  await write(bed, image, 5);
  await bed.run(image.unload());
  await expectBlocks(bed, await bed.load(tape), taken + 5);
});

test("local copies of what is stored make room for drives that write", async () => {
  const bed = new StoreBed({ diskReserveBytes: 64 * page });
  await bed.start();
  const image = await bed.loadNew(tape);
  roomFor(bed, 160 * page);
  for (let round = 0; round < 40; round++) {
    await write(bed, image, 6);
    await bed.clock.advance(seconds(1));
  }
  await bed.run(image.sync());
  assert.ok(bed.store.totals().evictedBytes > 0);
  await expectBlocks(bed, image, 240);
});

test("a cartridge whose data finds no room can be given up; what was synced stays", async () => {
  const bed = new StoreBed({ diskReserveBytes: 0 });
  await bed.start();
  bed.store.pauseUploads();
  const image = await bed.loadNew(tape);
  await write(bed, image, 10);
  await bed.run(image.sync());
  roomFor(bed, 0);
  await writeUntilPressure(bed, image);
  await assert.rejects(bed.run(image.unload()), pressure);
  delete bed.disk.options.capacityBytes;
  await bed.clock.advance(minutes(2));
  const again = await bed.load(tape);
  assert.ok(again.endOfData >= 10);
  await write(bed, again, 3);
  await bed.run(again.sync());
  await expectBlocks(bed, again, again.endOfData);
});

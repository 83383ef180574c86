// SPDX-License-Identifier: Apache-2.0
// Reading what is only in the object store, while the local disk has no room for it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "#base/index.ts";
import { blockOf, StoreBed } from "./store-bed.ts";
import type { CartridgeId } from "./types.ts";

const tape = "TAPE01" as CartridgeId;
const blockSize = 1024 * 1024;
const segmentSize = 10 * limits.fetchSize;

/** A cartridge with `count` blocks of 1 MiB that are in the object store alone; nothing is in a drive. */
async function evictedTape(count: number): Promise<StoreBed> {
  const bed = new StoreBed({ segmentSize, ringSize: 8 * blockSize, cacheBytes: 0 });
  await bed.start();
  const image = await bed.loadNew(tape);
  for (let index = 0; index < count; index++) await bed.run(image.appendBlock(blockOf(index, blockSize)));
  await bed.run(image.unload());
  await bed.run(bed.store.archive(tape, "STANDARD"));
  assert.equal(bed.store.usage(tape).localBytes, 0);
  return bed;
}

function fillDisk(bed: StoreBed): void {
  bed.disk.options.capacityBytes = 0;
}

test("a tape is read from the object store while the disk has no room, and only the index is fetched twice", async () => {
  const bed = await evictedTape(45);
  const image = await bed.load(tape);
  fillDisk(bed);
  for (let index = 0; index < 45; index++) assert.deepEqual(await bed.read(image, index), blockOf(index, blockSize));
  const { fetchedBytes } = bed.store.totals();
  const again = fetchedBytes - bed.store.usage(tape).storedBytes;
  assert.ok(again <= 2 * limits.fetchSize, `${again} bytes were fetched twice`);
  assert.equal(bed.store.usage(tape).localBytes, 0, "nothing of it became local");
});

test("a place that was read and left is fetched again when the disk has no room", async () => {
  const bed = await evictedTape(39);
  const image = await bed.load(tape);
  fillDisk(bed);
  for (const index of [0, 1, 2, 30, 31, 32, 33, 34, 35, 36, 37, 38, 0, 20, 5]) {
    assert.deepEqual(await bed.read(image, index), blockOf(index, blockSize));
  }
});

test("a disk that fills up in the middle of a segment does not disturb the reader", async () => {
  const bed = await evictedTape(39);
  const image = await bed.load(tape);
  for (let index = 0; index < 39; index++) {
    if (index === 12) fillDisk(bed);
    assert.deepEqual(await bed.read(image, index), blockOf(index, blockSize));
  }
});

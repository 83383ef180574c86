// SPDX-License-Identifier: Apache-2.0
// Durability `remote`: what is synced is in the object store when the sync is answered.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault, limits, minutes } from "#base/index.ts";
import type { ObjectNumber } from "#tape/index.ts";
import { blockOf, page, StoreBed, type StoreBedOptions } from "./store-bed.ts";
import type { CartridgeId, LoadedImage, LoadOptions } from "./types.ts";

const tape = "TAPE01" as CartridgeId;
const blockSize = 2 * page - 64;
const remote: LoadOptions = { durability: () => "remote" };

async function write(bed: StoreBed, image: LoadedImage, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await bed.run(image.appendBlock(blockOf(image.endOfData, blockSize)));
  }
}

async function remoteBed(options: StoreBedOptions = {}): Promise<{ bed: StoreBed; image: LoadedImage }> {
  const bed = new StoreBed({ uploadDelay: minutes(10), ...options });
  await bed.start();
  await bed.run(bed.store.create(tape, {}));
  return { bed, image: await bed.run(bed.store.load(tape, remote)) };
}

/** The power goes and the disk has lost every segment; what is left of the tape is in the object store. */
async function expectFromObjects(bed: StoreBed, count: number): Promise<void> {
  bed.crash();
  bed.disk.lose((path) => path.endsWith(".segment"));
  await bed.start();
  const image = await bed.run(bed.store.load(tape, remote));
  const found = await bed.readAll(image);
  assert.equal(found.length, count);
  for (const [index, block] of found.entries()) assert.deepEqual(block, blockOf(index, blockSize));
}

test("what is synced is readable from the object store alone at the moment of the answer", async () => {
  for (const count of [1, 6, 7, 20]) {
    const { bed, image } = await remoteBed();
    await write(bed, image, count);
    await bed.run(image.sync());
    assert.deepEqual(bed.store.unstored(), []);
    assert.equal(bed.store.usage(tape).recoveryPoint?.objects, count, "and a recovery point has it");
    await expectFromObjects(bed, count);
  }
});

test("so it is when the object store fails often", async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const { bed, image } = await remoteBed({ seed, failures: 0.3 });
    await write(bed, image, 15);
    for (let attempt = 0; ; attempt++) {
      try {
        await bed.run(image.sync());
        break;
      } catch (error) {
        assert.ok(isFault(error, "store.under-pressure") && attempt < 200);
      }
    }
    delete bed.objects.options.failBefore;
    delete bed.objects.options.failAfter;
    await expectFromObjects(bed, 15);
  }
});

test("writing goes on behind a sealed part, and a cut is known to the bucket when it is answered", async () => {
  const { bed, image } = await remoteBed();
  await write(bed, image, 3);
  await bed.run(image.sync());
  await write(bed, image, 9);
  await bed.run(image.sync());
  assert.deepEqual(await bed.read(image, 2), blockOf(2, blockSize));
  await bed.run(image.cut(5 as ObjectNumber));
  await bed.run(image.sync());
  assert.equal(bed.store.usage(tape).recoveryPoint?.objects, 5);
  await write(bed, image, 2);
  await bed.run(image.sync());
  await expectFromObjects(bed, 7);
});

test("an object store that does not answer is pressure, for a bounded time, and no failure", async () => {
  const { bed, image } = await remoteBed();
  bed.store.pauseUploads();
  await write(bed, image, 3);
  const began = bed.clock.monotonic();
  await assert.rejects(bed.run(image.sync()), (error) => isFault(error, "store.under-pressure"));
  assert.ok(bed.clock.monotonic() - began <= 3 * limits.pressureWait);
  assert.equal(image.failure, undefined);
  bed.store.resumeUploads();
  await bed.run(image.sync());
  await expectFromObjects(bed, 3);
});

test("with local durability a sync does not wait for the object store", async () => {
  const bed = new StoreBed({ uploadDelay: minutes(10) });
  await bed.start();
  const image = await bed.loadNew(tape);
  bed.store.pauseUploads();
  await write(bed, image, 3);
  await bed.run(image.sync());
  assert.equal(bed.store.unstored().length, 1);
});

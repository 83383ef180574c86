// SPDX-License-Identifier: Apache-2.0
// What is lost of a cartridge's files costs what was not uploaded, at most, and is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { minutes } from "#base/index.ts";
import { blockOf, page, StoreBed } from "./store-bed.ts";
import type { CartridgeId, LoadedImage } from "./types.ts";

const tape = "TAPE01" as CartridgeId;
const blockSize = 2 * page - 64;

async function write(bed: StoreBed, image: LoadedImage, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await bed.run(image.appendBlock(blockOf(image.endOfData, blockSize)));
  }
}

/** A cartridge of that many blocks at rest, uploaded; then more of them, which are not. */
async function bedWith(uploaded: number, more: number): Promise<StoreBed> {
  const bed = new StoreBed();
  await bed.start();
  const image = await bed.loadNew(tape);
  await write(bed, image, uploaded);
  await bed.run(image.unload());
  await bed.clock.advance(minutes(2));
  assert.equal(bed.store.usage(tape).recoveryPoint?.objects, uploaded);
  bed.objects.options.failBefore = { put: 1 };
  if (more > 0) {
    const again = await bed.load(tape);
    await write(bed, again, more);
    await bed.run(again.unload());
  }
  await bed.stop();
  bed.objects.options.failBefore = {};
  return bed;
}

async function expectObjects(bed: StoreBed, count: number): Promise<void> {
  const image = await bed.load(tape);
  assert.equal(image.endOfData, count);
  for (const [number, object] of (await bed.readAll(image)).entries()) {
    assert.deepEqual(object, blockOf(number, blockSize), `object ${number}`);
  }
  await bed.run(image.unload());
}

const journal = `cartridges/${tape}/journal`;
const directory = `cartridges/${tape}/directory`;

test("a lost journal costs nothing while the segments are there, uploaded or not", async () => {
  for (const more of [0, 20]) {
    const bed = await bedWith(30, more);
    await bed.run(bed.disk.attach().remove(journal));
    await bed.start();
    await expectObjects(bed, 30 + more);
    assert.equal(bed.store.lossOf(tape), undefined);
  }
});

test("a journal that is damaged in its middle is made anew, and the damaged one kept", async () => {
  const bed = await bedWith(30, 20);
  bed.disk.flipBit(journal, 200, 1);
  await bed.start();
  await expectObjects(bed, 50);
  assert.ok(bed.disk.paths().includes(`${journal}.damaged`));
});

test("a lost folder costs what was not uploaded, and that is told to the block", async () => {
  const bed = await bedWith(30, 20);
  await bed.run(bed.disk.attach().removeFolder(`cartridges/${tape}`));
  await bed.start();
  await expectObjects(bed, 30);
  const loss = bed.store.lossOf(tape);
  assert.deepEqual([loss?.firstLost, loss?.objects, loss?.sizeBytes], [30, 20, 20 * 2 * page]);
  await bed.run(bed.store.acceptLoss(tape));
  await bed.stop();
  await bed.start();
  assert.equal(bed.store.lossOf(tape), undefined);
  const image = await bed.load(tape);
  await write(bed, image, 10);
  await bed.run(image.unload());
  await expectObjects(bed, 40);
});

test("an entry of a damaged directory is found in the bucket, and so is a directory that is gone", async () => {
  for (const damage of ["entry", "header", "file"] as const) {
    const bed = new StoreBed();
    await bed.start();
    const image = await bed.loadNew(tape);
    // Enough facts that the journal is folded into the directory.
    await write(bed, image, 6 * 150);
    await bed.run(image.unload());
    await bed.clock.advance(minutes(10));
    await bed.stop();
    assert.ok(bed.disk.paths().includes(directory), "the directory is written");
    if (damage === "file") await bed.run(bed.disk.attach().remove(directory));
    else bed.disk.flipBit(directory, damage === "entry" ? 64 + 20 : 3, 1);
    await bed.start();
    await expectObjects(bed, 6 * 150);
    assert.equal(bed.store.lossOf(tape), undefined, damage);
  }
});

test("a cartridge that is needed while the bucket is away comes when it is back", async () => {
  const bed = await bedWith(30, 0);
  await bed.run(bed.disk.attach().removeFolder(`cartridges/${tape}`));
  bed.objects.options.failBefore = { get: 1, head: 1, list: 1 };
  await bed.start();
  await assert.rejects(bed.load(tape), /cannot be reached/);
  bed.objects.options.failBefore = {};
  await expectObjects(bed, 30);
});

// SPDX-License-Identifier: Apache-2.0
// What the simulation found in the store, each as a small test.

import assert from "node:assert/strict";
import { test } from "node:test";
import { equalBytes, milliseconds, minutes, seconds } from "#base/index.ts";
import type { ObjectNumber } from "#tape/index.ts";
import { blockOf, page, StoreBed } from "./store-bed.ts";
import type { CartridgeId } from "./types.ts";

const blockSize = 3000;

/** Every object is a block with the bytes of its number. */
function assertBlocks(found: readonly (Uint8Array | "filemark")[]): void {
  for (const [index, object] of found.entries()) {
    assert.ok(object !== "filemark" && equalBytes(object, blockOf(index, blockSize)), `object ${index}`);
  }
}

test("what a kill left unsynced is readable or gone after a loss of power, never damaged", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const bed = new StoreBed({ seed });
    await bed.start();
    const image = await bed.loadNew("a");
    for (let index = 0; index < 15; index++) await bed.run(image.appendBlock(blockOf(index, blockSize)));
    await bed.clock.advance(seconds(5));
    bed.disk.kill();
    await bed.start();
    await bed.run((await bed.load("a")).unload());
    bed.crash();
    await bed.start();
    assertBlocks(await bed.readAll(await bed.load("a")));
  }
});

test("a tape of many evicted segments is read back although only a few are fetched at a time", async () => {
  const bed = new StoreBed({ cacheBytes: 0, segmentSize: 4 * page });
  await bed.start();
  const image = await bed.loadNew("a");
  for (let index = 0; index < 80; index++) await bed.run(image.appendBlock(blockOf(index, blockSize)));
  await bed.run(image.unload());
  await bed.clock.advance(minutes(10));
  bed.objects.options.delay = () => milliseconds(bed.random.below(200));
  const found = await bed.readAll(await bed.load("a"));
  assert.equal(found.length, 80);
  assertBlocks(found);
});

test("files that were given up do not come back after a loss of power, uncounted", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const bed = new StoreBed({ seed, cacheBytes: 0, segmentSize: 4 * page });
    await bed.start();
    const image = await bed.loadNew("a");
    for (let index = 0; index < 20; index++) await bed.run(image.appendBlock(blockOf(index, blockSize)));
    await bed.clock.advance(minutes(5));
    await bed.run(image.cut(2 as ObjectNumber));
    await bed.run(image.unload());
    await bed.clock.advance(minutes(5));
    bed.crash();
    await bed.start();
    await bed.clock.advance(minutes(5));
    const files = bed.disk.paths().filter((path) => path.endsWith(".segment"));
    const { localBytes } = bed.store.usage("a" as CartridgeId);
    const found = files.reduce((sum, path) => sum + bed.disk.contentOf(path).byteLength, 0);
    assert.equal(found, localBytes, `${files.join(" ")} with seed ${seed}`);
  }
});

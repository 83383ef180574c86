// SPDX-License-Identifier: Apache-2.0
// When a sealed segment is uploaded: after the upload delay, or at once when there is a reason.

import assert from "node:assert/strict";
import { test } from "node:test";
import { minutes, seconds } from "#base/index.ts";
import type { ObjectNumber } from "#tape/index.ts";
import { SealTimes } from "./seal-times.ts";
import { blockOf, page, StoreBed, type StoreBedOptions } from "./store-bed.ts";
import type { CartridgeId, LoadedImage } from "./types.ts";

const tape = "TAPE01" as CartridgeId;
/** File bytes of a sealed segment of six blocks of two pages. */
const segmentBytes = 14 * page;
/** Of the one that is sealed with a single block when the cartridge leaves its drive. */
const lastBytes = 4 * page;

async function bedWithDrive(options: StoreBedOptions = {}): Promise<{ bed: StoreBed; image: LoadedImage }> {
  const bed = new StoreBed({ uploadDelay: minutes(1), ...options });
  await bed.start();
  return { bed, image: await bed.loadNew(tape) };
}

/** Appends 13 blocks: two segments are sealed, and one is open. */
async function writeTwoSegments(bed: StoreBed, image: LoadedImage): Promise<void> {
  for (let count = 0; count < 13; count++) await bed.run(image.appendBlock(blockOf(count, 2 * page - 64)));
  await bed.run(image.sync());
}

test("a sealed segment of a loaded cartridge is uploaded when it is as old as the upload delay", async () => {
  const { bed, image } = await bedWithDrive();
  await writeTwoSegments(bed, image);
  await bed.clock.advance(seconds(55));
  assert.equal(bed.store.totals().uploadedBytes, 0);
  assert.equal(bed.store.totals().uploadBufferUsed, 2 * segmentBytes);
  assert.ok(bed.store.totals().uploadLag >= seconds(55), "the lag is shown");
  await bed.clock.advance(seconds(10));
  assert.equal(bed.store.totals().uploadedBytes, 2 * segmentBytes);
  assert.equal(bed.store.totals().uploadLag, 0);
});

test("each segment waits for its own time", async () => {
  const { bed, image } = await bedWithDrive();
  await writeTwoSegments(bed, image);
  await bed.clock.advance(seconds(40));
  await writeTwoSegments(bed, image);
  await bed.clock.advance(seconds(25));
  assert.equal(bed.store.totals().uploadedBytes, 2 * segmentBytes);
  await bed.clock.advance(seconds(40));
  assert.equal(bed.store.totals().uploadedBytes, 4 * segmentBytes);
});

test("what would be lost with the machine is told per cartridge, with its age", async () => {
  const { bed, image } = await bedWithDrive();
  assert.deepEqual(bed.store.unstored(), []);
  await writeTwoSegments(bed, image);
  await bed.clock.advance(seconds(50));
  const [before] = bed.store.unstored();
  assert.equal(before?.id, tape);
  assert.equal(before.objects, 13);
  assert.ok(before.bytes > 2 * segmentBytes, "the open segment counts");
  assert.ok(before.age >= seconds(50));
  assert.equal(before.recoveryPoint, undefined);
  await bed.clock.advance(seconds(20));
  const [after] = bed.store.unstored();
  assert.ok(after !== undefined && after.bytes < before.bytes && after.objects <= 13);
  assert.ok(after.age >= seconds(60), "the open segment is as old");
  await bed.run(image.unload());
  await bed.clock.advance(minutes(2));
  assert.deepEqual(bed.store.unstored(), []);
});

test("a delay of nothing uploads at once", async () => {
  const { bed, image } = await bedWithDrive({ uploadDelay: seconds(0) });
  await writeTwoSegments(bed, image);
  await bed.clock.advance(seconds(2));
  assert.equal(bed.store.totals().uploadedBytes, 2 * segmentBytes);
});

test("what waits is uploaded at once when the cartridge leaves its drive", async () => {
  const { bed, image } = await bedWithDrive();
  await writeTwoSegments(bed, image);
  await bed.run(image.unload());
  await bed.clock.advance(seconds(2));
  assert.equal(bed.store.totals().uploadedBytes, 2 * segmentBytes + lastBytes);
});

test("more than a quarter of the upload buffer is not kept waiting", async () => {
  const { bed, image } = await bedWithDrive({ uploadBufferBytes: 6 * segmentBytes });
  await writeTwoSegments(bed, image);
  await bed.clock.advance(seconds(5));
  assert.equal(bed.store.totals().uploadedBytes, segmentBytes, "only until it is below a quarter again");
  await bed.clock.advance(minutes(1));
  assert.equal(bed.store.totals().uploadedBytes, 2 * segmentBytes);
});

test("what is overwritten within the delay is never uploaded, and its files go", async () => {
  const { bed, image } = await bedWithDrive();
  await writeTwoSegments(bed, image);
  await bed.clock.advance(seconds(30));
  await bed.run(image.cut(0 as ObjectNumber));
  assert.equal(bed.store.totals().uploadLag, 0);
  await bed.clock.advance(minutes(5));
  assert.equal(bed.store.totals().uploadedBytes, 0);
  assert.deepEqual(
    (await bed.run(bed.disk.attach().list(`cartridges/${tape}`))).filter((name) => name.endsWith(".segment")),
    [],
  );
});

test("a cartridge that waits does not keep others from being uploaded", async () => {
  const { bed, image } = await bedWithDrive();
  await writeTwoSegments(bed, image);
  const other = await bed.loadNew("TAPE02");
  await writeTwoSegments(bed, other);
  await bed.run(other.unload());
  await bed.clock.advance(seconds(5));
  assert.equal(bed.store.usage("TAPE02" as CartridgeId).storedBytes, 2 * segmentBytes + lastBytes);
  assert.equal(bed.store.usage(tape).storedBytes, 0);
});

test("seal times are those of the first seal at or behind a segment", () => {
  const times = new SealTimes();
  times.note(3, 100);
  times.note(3, 150);
  times.note(5, 200);
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((segment) => times.of(segment)),
    [100, 100, 200, 200, undefined],
  );
  assert.equal(times.oldest, 100);
  times.forgetUpTo(1);
  assert.equal(times.oldest, 100, "segment 2 still waits");
  times.forgetUpTo(2);
  assert.equal(times.oldest, 200);
  times.clear();
  assert.equal(times.oldest, undefined);
});

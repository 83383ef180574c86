// SPDX-License-Identifier: Apache-2.0
// Uploads that are interrupted by kills go on where they were: what the object store has is not sent again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { milliseconds, minutes } from "#base/index.ts";
import { blockOf, page, StoreBed } from "./store-bed.ts";
import type { CartridgeId } from "./types.ts";

const tape = "TAPE01" as CartridgeId;
const blockSize = 2 * page - 64;
const blocks = 300;
const kills = 50;

test("after 50 kills in the middle of uploads everything is stored, and only interrupted segments were sent twice", async () => {
  const bed = new StoreBed({ seed: 7 });
  const sent = new Map<string, number>();
  const put = bed.objects.put.bind(bed.objects);
  bed.objects.put = (key, ...rest) => {
    if (key.includes("/segments/")) sent.set(key, (sent.get(key) ?? 0) + 1);
    return put(key, ...rest);
  };
  bed.objects.options.delay = () => milliseconds(bed.random.between(1, 400));
  await bed.start();
  bed.store.pauseUploads();
  const image = await bed.loadNew(tape);
  for (let index = 0; index < blocks; index++) await bed.run(image.appendBlock(blockOf(index, blockSize)));
  await bed.run(image.unload());
  bed.store.resumeUploads();
  let interrupted = 0;
  for (let round = 0; round < kills; round++) {
    await bed.clock.advance(milliseconds(bed.random.between(1, 900)));
    if (bed.store.usage(tape).dirtyBytes > 0) interrupted += 1;
    if (bed.random.chance(0.5)) bed.disk.kill();
    else bed.disk.crash();
    await bed.start();
  }
  await bed.clock.advance(minutes(10));
  assert.ok(interrupted > 5, `${interrupted} kills came in the middle`);
  assert.equal(bed.store.usage(tape).dirtyBytes, 0);
  const again = [...sent.values()].reduce((sum, count) => sum + count - 1, 0);
  // A killed process may have two under way, and a request of it that still arrives is known by its object afterwards.
  assert.ok(again <= 2 * interrupted, `${again} segments were sent again by ${interrupted} interrupted uploads`);
  const found = await bed.readAll(await bed.load(tape));
  assert.equal(found.length, blocks);
  for (const [index, block] of found.entries()) assert.deepEqual(block, blockOf(index, blockSize));
  const before = [...sent.values()].reduce((sum, count) => sum + count, 0);
  await bed.stop();
  await bed.start();
  await bed.clock.advance(minutes(10));
  const after = [...sent.values()].reduce((sum, count) => sum + count, 0);
  assert.equal(after, before, "a restart sends nothing of what is there");
});

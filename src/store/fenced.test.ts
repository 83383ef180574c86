// SPDX-License-Identifier: Apache-2.0
// A store whose gateway was taken over takes nothing more from hosts, soon and without having changed anything itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault, limits, minutes } from "#base/index.ts";
import type { Fenced } from "./bucket-log.ts";
import { logKey, logNumberOf, logPrefix } from "./object-keys.ts";
import { put } from "./object-test-kit.ts";
import { blockOf, StoreBed } from "./store-bed.ts";

const isFenced = (error: unknown): boolean => isFault(error, "store.fenced");

test("a drive of a gateway that was taken over takes and syncs nothing, and reads what it has", async () => {
  const fences: Fenced[] = [];
  const owner = {
    name: "bed",
    host: "here",
    facts: () => [],
    sequence: () => 0,
    lost: () => {},
    damaged: () => {},
    fenced: (fenced: Fenced) => fences.push(fenced),
  };
  const bed = new StoreBed({ owner });
  await bed.start();
  const image = await bed.loadNew("TAPE01");
  await bed.run(image.appendBlock(blockOf(0, 5000)));
  await bed.run(image.sync());
  await bed.clock.advance(minutes(1));
  await bed.run(image.appendBlock(blockOf(1, 5000)));
  const last = bed.objects.keys.filter((key) => key.startsWith(logPrefix("bed"))).at(-1) ?? "";
  const next = logKey("bed", (logNumberOf(last) ?? 0) + 1);
  await bed.run(put(bed.objects, next, new Uint8Array(100)));
  await bed.clock.advance(limits.fenceWatch);
  assert.equal(fences.length, 1);
  assert.throws(() => image.appendBlock(blockOf(2, 5000)), isFenced);
  assert.throws(() => image.sync(), isFenced, "the block that was taken before is not claimed to be safe");
  assert.deepEqual(await bed.read(image, 0), blockOf(0, 5000));
});

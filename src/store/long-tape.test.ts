// SPDX-License-Identifier: Apache-2.0
// A tape of 5 TiB: everything is found with a few reads, and memory does not grow with the tape.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, silentLog } from "#base/index.ts";
import { SeededRandom, SimClock, SimDisk } from "#sim/index.ts";
import type { Entry } from "./directory-entry.ts";
import { StoredCartridge } from "./stored-cartridge.ts";
import type { CartridgeId } from "./types.ts";

const MiB = 1024 * 1024;
const segments = 81_920;
const perSegment = 255;

function entryAt(index: number): Entry {
  return {
    segment: index + 1,
    generation: 1,
    stored: false,
    local: true,
    fileSize: 64 * MiB,
    firstObject: index * (perSegment + 1),
    firstFile: index,
    firstByte: index * perSegment * (256 * 1024 + 64) + index * 64,
    objects: perSegment + 1,
    filemarks: 1,
    recordBytes: perSegment * (256 * 1024 + 64) + 64,
    fileCrc: index,
    epoch: 0,
    objectSize: 0,
  };
}

test("the directory of 5 TiB: found in few reads, folded, cut, and the same after a crash", async () => {
  const medium = new SimDisk({ random: new SeededRandom(1) });
  const options = {
    clock: new SimClock(),
    log: silentLog,
    id: "LONG" as CartridgeId,
    folder: "long",
    tag: "0123456789abcdef",
  };
  let cartridge = await StoredCartridge.open({ ...options, disk: medium.attach() });
  for (let index = 0; index < segments; index += 64) {
    const batch = Array.from({ length: 64 }, (_, offset) => cartridge.seal(entryAt(index + offset)));
    await Promise.all(batch);
  }
  assert.ok(cartridge.head.bytes > 2 ** 42);
  assert.ok(cartridge.directory.changedCount <= 2 * limits.journalFacts, "the rest is on the disk");
  assert.ok(medium.contentOf("long/journal").byteLength < MiB);

  medium.crash();
  let reads = 0;
  medium.options.fail = (operation) => {
    if (operation === "read") reads += 1;
    return undefined;
  };
  cartridge = await StoredCartridge.open({ ...options, disk: medium.attach() });
  assert.equal(cartridge.head.count, segments);
  reads = 0;
  for (const index of [0, 1, 40_960, 65_536, 70_001, segments - 1]) {
    const object = index * (perSegment + 1) + 100;
    const found = await cartridge.directory.findLast(segments, (entry) => entry.firstObject <= object);
    assert.deepEqual(found, { index, entry: entryAt(index) });
  }
  assert.ok(reads <= 6 * 12, `${reads} reads of a page`);

  await cartridge.markStored(70_002, { epoch: 1, objectSize: 0 });
  const point = { objects: 70_000 * 256 + 7, files: 70_000, bytes: entryAt(70_000).firstByte + 7 * (256 * 1024 + 64) };
  await cartridge.cut(point, segments + 2);
  assert.equal(cartridge.head.dirtyBytes, 70_001 * 64 * MiB);
  assert.deepEqual(cartridge.head.garbage, [[70_002, segments + 2]]);
  medium.crash();
  cartridge = await StoredCartridge.open({ ...options, disk: medium.attach() });
  assert.equal(cartridge.head.objects, point.objects);
  assert.equal((await cartridge.directory.get(70_000)).objects, 7);
  assert.equal(await cartridge.find(70_002), undefined);
});

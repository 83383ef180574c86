// SPDX-License-Identifier: Apache-2.0
// What is put into a scratch place comes back, on a disk with room, without, and when it fills up half-way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes, limits } from "#base/index.ts";
import { SeededRandom, SimClock, SimDisk } from "#sim/index.ts";
import { RingPool } from "./ring.ts";
import { Scratch } from "./scratch.ts";

const random = new SeededRandom("scratch");
const pages = new RingPool(limits.transferSize, 2);
const parts = Array.from({ length: 20 }, (_, index) => random.bytes(50_000 + index * 16_551));

async function contentOf(scratch: Scratch): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of scratch.content()) pieces.push(piece.slice());
  return concatBytes(pieces);
}

for (const [title, capacityBytes] of [
  ["with room", Number.MAX_SAFE_INTEGER],
  ["that has only its reserve left", limits.diskReserve - 1],
  ["that fills up half-way", limits.diskReserve + 1],
] as const) {
  test(`a scratch place on a disk ${title} gives back what it was given, twice, and leaves nothing`, async () => {
    const clock = new SimClock();
    const medium = new SimDisk({ random, clock, capacityBytes });
    const disk = medium.attach();
    const scratch = new Scratch(disk, "scratch", pages);
    for (const [index, part] of parts.entries()) {
      if (title.startsWith("that fills") && index === 12) medium.options.capacityBytes = 5 * 4096;
      await clock.runUntil(scratch.append(part));
    }
    assert.equal(scratch.size, concatBytes(parts).byteLength);
    assert.deepEqual(await clock.runUntil(contentOf(scratch)), concatBytes(parts));
    assert.deepEqual(await clock.runUntil(contentOf(scratch)), concatBytes(parts));
    assert.equal(medium.paths().length, capacityBytes < limits.diskReserve ? 0 : 1);
    await clock.runUntil(scratch.remove());
    assert.deepEqual(medium.paths(), []);
  });
}

test("a scratch place that a crash left is noticed, and its bytes are gone", async () => {
  const clock = new SimClock();
  const disk = new SimDisk({ random, clock }).attach();
  const first = new Scratch(disk, "scratch", pages);
  await clock.runUntil(first.append(Uint8Array.of(1, 2, 3)));
  const second = new Scratch(disk, "scratch", pages);
  assert.equal(await clock.runUntil(second.wasLeft()), true);
  await clock.runUntil(second.append(Uint8Array.of(4)));
  assert.deepEqual(await clock.runUntil(contentOf(second)), Uint8Array.of(4));
  await clock.runUntil(second.remove());
  assert.equal(await clock.runUntil(second.wasLeft()), false);
});

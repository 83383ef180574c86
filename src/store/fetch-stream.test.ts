// SPDX-License-Identifier: Apache-2.0
// Reading forward from the object store: the requests that it makes, and those that it does not.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { equalBytes, isFault, limits, milliseconds, seconds, sleep } from "#base/index.ts";
import type { ObjectNumber } from "#tape/index.ts";
import type { DemandPolicy } from "./demand-thaw.ts";
import { StoreBed } from "./store-bed.ts";
import type { CartridgeId, LoadedImage } from "./types.ts";

const tape = "TAPE01" as CartridgeId;
const mib = 1024 * 1024;
/** Fifteen blocks of 1 MiB in each segment, which is fetched with four requests. */
const segmentSize = 4 * limits.fetchSize;
const blocksPerSegment = 15;
const roundTrip = milliseconds(50);

function blockAt(index: number): Uint8Array {
  const bytes = new Uint8Array(mib).fill(index);
  new DataView(bytes.buffer).setUint32(0, index);
  return bytes;
}

interface Range {
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
  readonly at: number;
}

/** A tape that is in the object store alone, and every range that is read of its segments from now on. */
class FarTape {
  readonly bed: StoreBed;
  readonly ranges: Range[] = [];

  private constructor(bed: StoreBed) {
    this.bed = bed;
  }

  static async make(blockCount: number, storageClass: "STANDARD" | "GLACIER" = "STANDARD"): Promise<FarTape> {
    const bed = new StoreBed({ segmentSize, ringSize: 8 * mib, cacheBytes: 0 });
    await bed.start();
    const image = await bed.loadNew(tape);
    for (let index = 0; index < blockCount; index++) await bed.run(image.appendBlock(blockAt(index)));
    await bed.run(image.unload());
    await bed.run(bed.store.archive(tape, storageClass));
    await bed.stop();
    await bed.start({ cacheBytes: Number.MAX_SAFE_INTEGER });
    assert.equal(bed.store.usage(tape).localBytes, 0);
    const far = new FarTape(bed);
    bed.objects.options.delay = () => roundTrip;
    bed.objects.options.read = (key, offset, length) => {
      const number = /\/segments\/.*?(\d+)$/.exec(key)?.[1];
      if (number === undefined) return;
      far.ranges.push({ segment: far.#segments.indexOf(key), offset, length, at: bed.clock.monotonic() });
    };
    return far;
  }

  get #segments(): readonly string[] {
    return this.bed.segmentKeys;
  }

  async expect(image: LoadedImage, index: number): Promise<void> {
    const found = await this.bed.read(image, index);
    assert.ok(typeof found !== "string" && equalBytes(found, blockAt(index)), `block ${index}`);
  }

  pass(time = seconds(10)): Promise<void> {
    return this.bed.run(sleep(this.bed.clock, time));
  }

  /** Bytes that came twice. */
  get repeatedBytes(): number {
    const asked = new Set<string>();
    let repeated = 0;
    for (const { segment, offset, length } of this.ranges) {
      for (let at = offset; at < offset + length; at += 4096) {
        const page = `${segment} ${Math.floor(at / 4096)}`;
        if (asked.has(page)) repeated += 4096;
        asked.add(page);
      }
    }
    return repeated;
  }

  /** The most requests that were under way at the same time. */
  get mostInFlight(): number {
    return Math.max(
      ...this.ranges.map(({ at }) => this.ranges.filter((other) => other.at <= at && other.at > at - roundTrip).length),
    );
  }

  get segmentsAsked(): readonly number[] {
    return [...new Set(this.ranges.map(({ segment }) => segment))].toSorted((one, other) => one - other);
  }
}

test("the object store is never idle while a tape is read forward, and is asked for nothing twice", async () => {
  const count = 6 * blocksPerSegment;
  const far = await FarTape.make(count);
  const image = await far.bed.load(tape);
  const start = far.bed.clock.monotonic();
  for (let index = 0; index < count; index++) await far.expect(image, index);
  const trips = Math.round((far.bed.clock.monotonic() - start) / roundTrip);
  const requests = far.ranges.length;
  assert.equal(requests, 6 * 4);
  assert.equal(far.repeatedBytes, 0);
  assert.ok(far.mostInFlight <= limits.fetchesInFlight, `${far.mostInFlight} in flight`);
  // The first block by itself, then always as many as may be under way.
  const least = 1 + Math.ceil((requests - 1) / limits.fetchesInFlight);
  assert.ok(trips <= least + 1, `${trips} round trips, at least ${least}`);
});

test("the first block of a tape that is far away takes one round trip", async () => {
  const far = await FarTape.make(2 * blocksPerSegment);
  const image = await far.bed.load(tape);
  const start = far.bed.clock.monotonic();
  await far.expect(image, 0);
  assert.equal(far.bed.clock.monotonic() - start, roundTrip);
  assert.equal(far.ranges.length, 1);
});

test("one block somewhere brings nothing but itself, and the index that says where it is", async () => {
  const far = await FarTape.make(4 * blocksPerSegment);
  const image = await far.bed.load(tape);
  await far.expect(image, blocksPerSegment + 5);
  await far.pass();
  assert.deepEqual(far.segmentsAsked, [1]);
  assert.equal(far.ranges.length, 2);
});

test("a reader that stops is gone ahead of by two segments and no more", async () => {
  const far = await FarTape.make(6 * blocksPerSegment);
  const image = await far.bed.load(tape);
  for (const index of [0, 1]) await far.expect(image, index);
  await far.pass();
  assert.deepEqual(far.segmentsAsked, [0, 1, 2]);
  assert.equal(far.bed.store.usage(tape).localBytes, far.bed.store.usage(tape).storedBytes / 2);
  // The rest follows when it goes on, also where what it reads is on the disk by now.
  for (let index = 2; index < 6 * blocksPerSegment; index++) await far.expect(image, index);
  assert.equal(far.repeatedBytes, 0);
});

test("a reader that goes elsewhere is not gone ahead of any more", async () => {
  const far = await FarTape.make(6 * blocksPerSegment);
  const image = await far.bed.load(tape);
  for (const index of [0, 1]) await far.expect(image, index);
  await far.expect(image, 5 * blocksPerSegment + 3);
  await far.pass();
  const { length } = far.ranges.filter(({ segment }) => segment !== 5);
  assert.ok(length <= 1 + limits.fetchesInFlight, `${length} ranges where nobody reads`);
  const before = far.ranges.length;
  await far.pass();
  assert.equal(far.ranges.length, before);
});

test("unloading ends what is under way and leaves no part of a segment behind", async () => {
  const far = await FarTape.make(6 * blocksPerSegment);
  const image = await far.bed.load(tape);
  for (const index of [0, 1]) await far.expect(image, index);
  assert.ok(far.mostInFlight > 1);
  await far.bed.run(image.unload());
  const before = far.ranges.length;
  await far.pass();
  assert.equal(far.ranges.length, before);
  const parts = (await far.bed.run(far.bed.disk.attach().list(`cartridges/${tape}`))).filter((name) =>
    name.endsWith(".part"),
  );
  assert.deepEqual(parts, []);
  const again = await far.bed.load(tape);
  for (let index = 0; index < 6 * blocksPerSegment; index++) await far.expect(again, index);
});

test("a frozen segment is neither asked for nor asked about before it is read", async () => {
  const far = await FarTape.make(3 * blocksPerSegment, "GLACIER");
  const policy: DemandPolicy = {
    tier: () => "Expedited",
    keep: seconds(100_000),
    poll: seconds(5),
    aheadBytes: 0,
    approve: () => Promise.resolve(true),
  };
  const image = await far.bed.run(far.bed.store.load(tape, { policy }));
  const patiently = async (index: number): Promise<void> => {
    try {
      await far.expect(image, index);
    } catch (error) {
      assert.ok(isFault(error, "store.segment-thawing"));
      await far.pass(seconds(120));
      await far.expect(image, index);
    }
  };
  for (let index = 0; index < blocksPerSegment; index++) await patiently(index);
  await far.pass();
  assert.deepEqual(far.segmentsAsked, [0]);
  assert.equal(far.bed.objects.requests.get("thaw"), 1);
  for (let index = blocksPerSegment; index < 3 * blocksPerSegment; index++) await patiently(index);
  assert.equal(far.bed.objects.requests.get("thaw"), 3);
  assert.equal(far.repeatedBytes, 0);
});

test("a range that cannot be had stops nobody who reads, and is not asked for again and again", async () => {
  const far = await FarTape.make(3 * blocksPerSegment);
  const image = await far.bed.load(tape);
  for (const index of [0, 1]) await far.expect(image, index);
  far.bed.objects.options.failBefore = { get: 1 };
  await far.pass(seconds(100_000));
  const before = far.ranges.length;
  await far.pass(seconds(100_000));
  assert.equal(far.ranges.length, before);
  far.bed.objects.options.failBefore = {};
  for (let index = 2; index < 3 * blocksPerSegment; index++) await far.expect(image, index);
});

test("whatever way a tape is read, each block is right and nothing is fetched twice", async () => {
  const count = 3 * blocksPerSegment;
  const step = fc.record({
    to: fc.option(fc.nat(count - 1), { nil: undefined, freq: 2 }),
    blocks: fc.integer({ min: 1, max: 20 }),
    pause: fc.constantFrom(0, 20, 500),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const far = await FarTape.make(count);
      const image = await far.bed.load(tape);
      let at = 0;
      for (const { to, blocks, pause } of steps) {
        at = to ?? at;
        for (let left = blocks; left > 0 && at < count; left--, at++) await far.expect(image, at);
        assert.equal(await far.bed.run(image.filemarksBefore(Math.min(at, count) as ObjectNumber)), 0);
        await far.pass(milliseconds(pause));
      }
      assert.equal(far.repeatedBytes, 0);
      await far.bed.run(image.unload());
    }),
    { numRuns: 8 },
  );
});

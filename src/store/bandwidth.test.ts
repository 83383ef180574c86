// SPDX-License-Identifier: Apache-2.0
// Bandwidth limits: what is refused, which limit holds when, and that traffic keeps to it.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { instantFromIso, isFault, milliseconds, minutes, seconds } from "#base/index.ts";
import { SimClock } from "#sim/index.ts";
import { bandwidthAt, type BandwidthSettings, checkBandwidth, noBandwidthLimits } from "./bandwidth.ts";
import { blockOf, page, StoreBed } from "./store-bed.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { CartridgeId } from "./types.ts";

const mbit = 1_000_000;
const workdays = ["mon", "tue", "wed", "thu", "fri"] as const;
const office: BandwidthSettings = {
  up: 500 * mbit,
  timeZone: "Europe/Berlin",
  schedule: [
    { days: workdays, from: "08:00", to: "17:59", up: 10 * mbit, down: 20 * mbit },
    { days: ["sat"], from: "00:00", to: "23:59" },
  ],
};

test("the limit that holds follows the local time, end minutes included", () => {
  checkBandwidth(office);
  const at = (text: string) => bandwidthAt(office, instantFromIso(text));
  const day = { up: 10 * mbit, down: 20 * mbit };
  const night = { up: 500 * mbit, down: undefined };
  // 2026-11-27 is a Friday; Berlin is one hour ahead of UTC then, two in summer.
  assert.deepEqual(at("2026-11-27T06:59:59Z"), night);
  assert.deepEqual(at("2026-11-27T07:00:00Z"), day);
  assert.deepEqual(at("2026-11-27T16:59:59Z"), day);
  assert.deepEqual(at("2026-11-27T17:00:00Z"), night);
  assert.deepEqual(at("2026-07-03T06:00:00Z"), day, "summer time");
  assert.deepEqual(at("2026-07-03T05:59:59Z"), night);
  assert.deepEqual(at("2026-11-28T12:00:00Z"), { up: undefined, down: undefined }, "Saturday has no limit");
  assert.deepEqual(at("2026-11-29T12:00:00Z"), night, "Sunday is in no interval");
});

test("settings that make no sense are refused, and the message names what is wrong", () => {
  const cases: readonly (readonly [Partial<BandwidthSettings>, RegExp])[] = [
    [{ up: 51_199 }, /the limit is 51199 bits per second up; the smallest is 51200/],
    [{ down: 102_399 }, /102399 bits per second down; the smallest is 102400/],
    [{ up: 1e6 + 0.5 }, /bits per second up/],
    [{ timeZone: "Mars/Olympus" }, /"Mars\/Olympus" is no time zone/],
    [{ schedule: [{ days: [], from: "00:00", to: "01:00" }] }, /has no day/],
    [{ schedule: [{ days: ["mon"], from: "22:00", to: "06:00" }] }, /ends before it begins/],
    [{ schedule: [{ days: ["mon"], from: "24:00", to: "24:00" }] }, /"24:00" is no time of day/],
    [{ schedule: [{ days: ["mon"], from: "08:00", to: "09:00", up: 1 }] }, /the interval mon 08:00-09:00 is 1 bits/],
    [
      {
        schedule: [
          { days: ["mon", "tue"], from: "08:00", to: "09:00" },
          { days: ["tue"], from: "09:00", to: "10:00" },
        ],
      },
      /the intervals mon,tue 08:00-09:00 and tue 09:00-10:00 overlap/,
    ],
    [
      { schedule: Array.from({ length: 21 }, () => ({ days: ["mon"] as const, from: "08:00", to: "09:00" })) },
      /at most 20 intervals/,
    ],
  ];
  for (const [change, message] of cases) {
    assert.throws(
      () => checkBandwidth({ ...noBandwidthLimits, ...change }),
      (error) => isFault(error, "store.bandwidth-bad") && message.test(error.message),
    );
  }
  checkBandwidth({
    ...noBandwidthLimits,
    schedule: [
      { days: ["mon"], from: "08:00", to: "08:59" },
      { days: ["mon"], from: "09:00", to: "10:00" },
    ],
  });
});

test("a bucket lets through what its rate allows, in order, in any span, and no less", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 6400, max: 1_000_000 }),
      fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 60 }),
      async (rate, sizes) => {
        const clock = new SimClock();
        const bucket = new TokenBucket(clock);
        bucket.setRate(rate);
        const passed: { readonly at: number; readonly size: number; readonly index: number }[] = [];
        const done = Promise.all(
          sizes.map((size, index) => bucket.take(size).then(() => passed.push({ at: clock.monotonic(), size, index }))),
        );
        await clock.runUntil(done);
        assert.deepEqual(
          passed.map(({ index }) => index),
          sizes.map((_, index) => index),
        );
        const most = Math.max(...sizes);
        for (const [first, from] of passed.entries()) {
          let sum = 0;
          for (const { at, size } of passed.slice(first)) {
            sum += size;
            const allowed = ((at - from.at) * rate) / 1000 + rate / 4 + 2 * most;
            assert.ok(sum <= allowed + 1, `${sum} bytes in ${at - from.at} ms at ${rate} bytes a second`);
          }
        }
        const total = sizes.reduce((sum, size) => sum + size, 0);
        assert.ok(clock.monotonic() <= (total / rate) * 1000 + 300, "nothing is held back for longer");
      },
    ),
    { numRuns: 50 },
  );
});

test("a new rate counts at once for who waits already; no rate lets everything go", async () => {
  const clock = new SimClock();
  const bucket = new TokenBucket(clock);
  bucket.setRate(1000);
  let passed = 0;
  const takes = Array.from({ length: 10 }, () => bucket.take(1000).then(() => (passed += 1)));
  await clock.advance(seconds(2.5));
  assert.equal(passed, 3);
  bucket.setRate(10_000);
  await clock.advance(seconds(0.25));
  assert.ok(passed >= 4 && passed <= 7, `${passed}`);
  bucket.setRate(undefined);
  await clock.runUntil(Promise.all(takes));
  assert.equal(passed, 10);
});

const tape = "TAPE01" as CartridgeId;
const blocks = 200;

async function bedWithData(settings: BandwidthSettings): Promise<StoreBed> {
  const bed = new StoreBed({ bandwidth: settings, cacheBytes: 0 });
  await bed.start();
  const image = await bed.loadNew(tape);
  for (let index = 0; index < blocks; index++) await bed.run(image.appendBlock(blockOf(index, 2 * page - 64)));
  await bed.run(image.unload());
  return bed;
}

test("uploads and fetches keep to the limits, each to its own", async () => {
  const rate = 50 * page;
  const bed = await bedWithData({ ...noBandwidthLimits, up: rate * 8, down: 2 * rate * 8 });
  const began = bed.clock.monotonic();
  await bed.run(bed.store.archive(tape, "STANDARD"));
  const took = bed.clock.monotonic() - began;
  const { storedBytes } = bed.store.usage(tape);
  const ideal = (storedBytes / rate) * 1000;
  assert.ok(took > ideal * 0.9 - 1000 && took < ideal * 1.1 + 2000, `${took} ms instead of ${ideal}`);
  const image = await bed.load(tape);
  const readFrom = bed.clock.monotonic();
  assert.equal((await bed.readAll(image)).length, blocks);
  const reading = bed.clock.monotonic() - readFrom;
  const { fetchedBytes } = bed.store.totals();
  const readIdeal = (fetchedBytes / (2 * rate)) * 1000;
  assert.ok(reading > readIdeal * 0.9 - 1000 && reading < readIdeal * 1.1 + 2000, `${reading} instead of ${readIdeal}`);
});

test("a change counts for an upload that is under way", async () => {
  const bed = await bedWithData({ ...noBandwidthLimits, up: 51_200 });
  await bed.clock.advance(seconds(20));
  assert.ok(bed.store.usage(tape).dirtyBytes > 0);
  bed.store.changeBandwidth(noBandwidthLimits);
  await bed.clock.advance(seconds(5));
  assert.equal(bed.store.usage(tape).dirtyBytes, 0);
});

test("a schedule is followed to the minute", async () => {
  const bed = await bedWithData({
    ...noBandwidthLimits,
    schedule: [{ days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from: "00:00", to: "23:59", up: 51_200 }],
  });
  const limit = bed.store.bandwidth.limit;
  assert.equal(limit.up, 51_200);
  const now = bed.clock.now();
  const minuteOfDay = Math.floor(now / 60_000) % (24 * 60);
  const text = (minute: number): string =>
    `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  const every = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
  const end = Math.min(minuteOfDay + 2, 24 * 60 - 1);
  bed.store.changeBandwidth({
    ...noBandwidthLimits,
    schedule: [{ days: every, from: "00:00", to: text(end), up: 51_200 }],
  });
  await bed.clock.advance(seconds(30));
  assert.ok(bed.store.usage(tape).dirtyBytes > 0);
  await bed.clock.advance(milliseconds(minutes(3) + seconds(5)));
  assert.equal(bed.store.usage(tape).dirtyBytes, 0);
});

// SPDX-License-Identifier: Apache-2.0
// A scrub finds what is damaged here and in the object store, mends one copy from the other, goes on where it was after a
// restart, and reads nothing that costs more than it may.

import assert from "node:assert/strict";
import { test } from "node:test";
import { InlineThreads, minutes, seconds } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { FileKeyProvider } from "./key-file.ts";
import type { ScrubReport, ScrubRequest } from "./scrub.ts";
import { sealJobs } from "./seal-jobs.ts";
import { blockOf, page, StoreBed } from "./store-bed.ts";
import type { CartridgeId } from "./types.ts";

const blockSize = 2 * page - 64;
const tapes = ["TAPE01", "TAPE02"] as const;
const fileOf = (tape: string, segment: number): string =>
  `cartridges/${tape}/${String(segment).padStart(12, "0")}.segment`;
const keyOf = (tape: string, segment: number): string =>
  `cartridges/${tape}/segments/${String(segment).padStart(12, "0")}-e00001`;

function sealed() {
  const file = { path: "keys", read: () => undefined, write: () => {} };
  const current = new FileKeyProvider({ file, random: new SeededRandom("keys"), create: true });
  const providers = { current, others: [], allowPlain: false };
  const compression = { mode: "always", level: 1 } as const;
  return { threads: new InlineThreads(sealJobs), providers, compression, frameSize: 4 * page };
}

/** Two cartridges of three segments each, at rest, in the object store and here. */
async function fullBed(isSealed = true): Promise<StoreBed> {
  const bed = new StoreBed(isSealed ? { sealing: sealed() } : {});
  await bed.start();
  for (const tape of tapes) {
    const image = await bed.loadNew(tape);
    for (let number = 0; number < 18; number++) await bed.run(image.appendBlock(blockOf(number, blockSize)));
    await bed.run(image.unload());
  }
  await bed.clock.advance(minutes(5));
  assert.equal(bed.segmentKeys.length, 6);
  return bed;
}

function scrub(bed: StoreBed, changes: Partial<ScrubRequest> = {}): Promise<ScrubReport> {
  const { signal } = new AbortController();
  const usual = { signal, bytesPerSecond: undefined, readsObjects: true, pay: () => true, progress: () => {} };
  return bed.run(bed.store.scrub.run({ ...usual, ...changes }));
}

async function assertWhole(bed: StoreBed): Promise<void> {
  for (const tape of tapes) {
    const image = await bed.load(tape);
    for (let number = 0; number < 18; number++)
      assert.deepEqual(await bed.read(image, number), blockOf(number, blockSize));
    await bed.run(image.unload());
  }
}

test("of a store where all is well, everything is read and nothing is found", async () => {
  const bed = await fullBed();
  const report = await scrub(bed);
  assert.deepEqual(
    [report.cartridges, report.localSegments, report.objects, report.repaired, report.findings],
    [2, 6, 6, 0, []],
  );
  assert.ok(report.endedAt !== undefined && report.localBytes > 0 && report.objectBytes > 0);
  assert.deepEqual(await bed.run(bed.store.scrub.report()), report);
});

for (const isSealed of [true, false]) {
  test(`a damaged copy is made anew from the other one, ${isSealed ? "sealed" : "plain"}`, async () => {
    const bed = await fullBed(isSealed);
    const whole = bed.disk.contentOf(fileOf("TAPE01", 2));
    bed.disk.flipBit(fileOf("TAPE01", 2), 5000, 3);
    bed.objects.damage(keyOf("TAPE02", 1), 700);
    const report = await scrub(bed);
    assert.deepEqual(
      report.findings.map(({ area, subject, severity }) => [area, subject, severity]),
      [
        ["segment", fileOf("TAPE01", 2), "warning"],
        ["bucket", keyOf("TAPE02", 1), "warning"],
      ],
    );
    assert.equal(report.repaired, 2);
    assert.deepEqual(bed.disk.contentOf(fileOf("TAPE01", 2)), whole);
    await bed.clock.advance(minutes(5));
    assert.deepEqual((await scrub(bed)).findings, [], "the next one finds nothing");
    bed.crash();
    bed.disk.lose((path) => path.startsWith("cartridges/TAPE"));
    await bed.start();
    await assertWhole(bed);
  });
}

test("what has no whole copy is told, and nothing is made of it", async () => {
  const bed = await fullBed();
  bed.disk.flipBit(fileOf("TAPE01", 1), 5000, 3);
  bed.objects.damage(keyOf("TAPE01", 1), 700);
  const before = bed.objects.contentOf(keyOf("TAPE01", 1));
  const report = await scrub(bed);
  assert.deepEqual(
    report.findings.map(({ area, severity }) => [area, severity]),
    [
      ["segment", "warning"],
      ["bucket", "damage"],
    ],
  );
  assert.equal(report.repaired, 0);
  assert.deepEqual(bed.objects.contentOf(keyOf("TAPE01", 1)), before);
});

test("a scrub that was interrupted goes on where it was, over a restart", async () => {
  const bed = await fullBed();
  const abort = new AbortController();
  let segments = 0;
  const progress = (): void => {
    segments += 1;
    if (segments === 3) abort.abort(new Error("enough"));
  };
  await assert.rejects(scrub(bed, { signal: abort.signal, progress }));
  const partly = await bed.run(bed.store.scrub.report());
  assert.deepEqual([partly?.localSegments, partly?.endedAt], [2, undefined]);
  await bed.stop();
  await bed.start();
  const read: string[] = [];
  bed.objects.options.read = (key) => void read.push(key);
  const report = await scrub(bed);
  assert.deepEqual([report.localSegments, report.objects, report.cartridges], [6, 6, 2]);
  assert.ok(!read.some((key) => key === keyOf("TAPE01", 1) || key === keyOf("TAPE01", 2)), "these were read before");
  const path = "cartridges/scrub";
  bed.disk.flipBit(path, 10, 1);
  assert.equal((await scrub(bed)).localSegments, 6, "a place that is lost is begun anew");
});

test("nothing is thawed or read in archive classes, and what is not paid for is left out", async () => {
  const bed = await fullBed();
  await bed.run(bed.store.archive("TAPE02" as CartridgeId, "DEEP_ARCHIVE"));
  bed.objects.requests.clear();
  const asked: string[] = [];
  const report = await scrub(bed, { pay: (storageClass) => asked.push(storageClass) <= 2 });
  assert.deepEqual(asked, ["STANDARD", "STANDARD", "STANDARD"]);
  assert.deepEqual([report.objects, report.unpaidObjects, report.coldObjects], [2, 1, 3]);
  assert.equal(bed.objects.requests.get("thaw"), undefined);
  const local = await scrub(bed, { readsObjects: false });
  assert.deepEqual([local.localSegments, local.objects, local.coldObjects], [3, 0, 0]);
});

test("it takes its time", async () => {
  const bed = await fullBed();
  const before = bed.clock.monotonic();
  const report = await scrub(bed, { bytesPerSecond: 10_000 });
  const took = bed.clock.monotonic() - before;
  assert.ok(took >= (report.localBytes / 10_000) * 1000, `${took} ms`);
  assert.ok(took < minutes(10) + seconds(1));
});

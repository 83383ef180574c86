// SPDX-License-Identifier: Apache-2.0
// A running store heals itself: what the object store has too is read from there and made anew here, without a host
// noticing; what only this machine had costs the blocks that were hit, and holds nothing else up.

import assert from "node:assert/strict";
import { test } from "node:test";
import { InlineThreads, isFault, milliseconds, minutes, seconds } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import type { ObjectNumber } from "#tape/index.ts";
import { storeFault } from "./faults.ts";
import { FileKeyProvider } from "./key-file.ts";
import { sealJobs } from "./seal-jobs.ts";
import { blockOf, page, StoreBed, type StoreBedOptions } from "./store-bed.ts";
import type { CartridgeId, LoadedImage, SegmentDamage, StoreOwner } from "./types.ts";

const tape = "TAPE01" as CartridgeId;
const blockSize = 2 * page - 64;
const fileOf = (segment: number): string => `cartridges/${tape}/${String(segment).padStart(12, "0")}.segment`;

const keyFile = { path: "keys", read: () => undefined, write: () => {} };
const sealing = {
  threads: new InlineThreads(sealJobs),
  providers: {
    current: new FileKeyProvider({ file: keyFile, random: new SeededRandom("keys"), create: true }),
    others: [],
    allowPlain: false,
  },
  compression: { mode: "always", level: 1 },
  frameSize: 4 * page,
} as const;

/** Where the data of the n-th block of a segment begins in its file. */
const dataOf = (block: number): number => 64 + block * 2 * page + 64;

interface Bench {
  readonly bed: StoreBed;
  readonly image: LoadedImage;
  readonly told: SegmentDamage[];
}

function ownerOf(told: SegmentDamage[]): StoreOwner {
  return {
    name: "gateway",
    host: "here",
    facts: () => [],
    sequence: () => 0,
    lost: () => {},
    damaged: (damage) => told.push(damage),
    fenced: () => {},
  };
}

async function bench(options: StoreBedOptions = {}): Promise<Bench> {
  const told: SegmentDamage[] = [];
  const bed = new StoreBed({ owner: ownerOf(told), ...options });
  await bed.start();
  return { bed, told, image: await bed.loadNew(tape) };
}

async function write(bed: StoreBed, image: LoadedImage, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await bed.run(image.appendBlock(blockOf(image.endOfData, blockSize)));
  }
  await bed.run(image.sync());
}

async function assertReadable(bed: StoreBed, image: LoadedImage, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    assert.deepEqual(await bed.read(image, number), blockOf(number, blockSize), `block ${number}`);
  }
}

for (const [name, options] of [
  ["plain", {}],
  ["sealed", { sealing }],
] as const) {
  test(`a damaged local copy of a stored segment is read from the object store and made anew: ${name}`, async () => {
    const { bed, image, told } = await bench(options);
    await write(bed, image, 20);
    await bed.clock.advance(minutes(5));
    const whole = bed.disk.contentOf(fileOf(1));
    for (const offset of [dataOf(2) + 100, 64 + 4 * 2 * page + 10, whole.byteLength - 8, 10])
      bed.disk.flipBit(fileOf(1), offset, 3);
    await assertReadable(bed, image, 20);
    await bed.clock.advance(minutes(1));
    assert.deepEqual(bed.disk.contentOf(fileOf(1)), whole, "the local copy is whole again");
    assert.deepEqual(
      told.map(({ segment, outcome }) => [segment, outcome]),
      [
        [1, "found"],
        [1, "healed"],
      ],
    );
    assert.deepEqual({ ...bed.store.damage, waiting: 0 }, { found: 1, healed: 1, lost: 0, waiting: 0 });
    assert.deepEqual(bed.store.damage.waiting, []);
    const fetched = bed.store.totals().fetchedBytes;
    await assertReadable(bed, image, 20);
    assert.equal(bed.store.totals().fetchedBytes, fetched, "and is what is read from then on");
    assert.ok(!bed.disk.paths().some((path) => path.includes(".part")));
  });
}

test("so it is with a file that is cut, is gone, or lies where the disk cannot read", async () => {
  for (const harm of ["cut", "gone", "unreadable", "footer"] as const) {
    const { bed, image, told } = await bench();
    await write(bed, image, 20);
    await bed.clock.advance(minutes(5));
    const whole = bed.disk.contentOf(fileOf(1));
    if (harm === "cut") bed.disk.replaceContent(fileOf(1), whole.subarray(0, 5 * page));
    if (harm === "gone") bed.disk.lose((path) => path === fileOf(1));
    if (harm === "footer") bed.disk.flipBit(fileOf(1), whole.byteLength - page + 20, 1);
    if (harm === "unreadable") {
      bed.disk.options.fail = (operation, path) =>
        operation === "read" && path === fileOf(1) && told.every(({ outcome }) => outcome !== "healed")
          ? storeFault("disk-failed", { operation, path, reason: "input/output error" })
          : undefined;
    }
    assert.deepEqual(await bed.read(image, 5), blockOf(5, blockSize), harm);
    await assertReadable(bed, image, 20);
    await bed.clock.advance(minutes(1));
    assert.deepEqual(bed.disk.contentOf(fileOf(1)), whole, harm);
  }
});

test("while the object store cannot be asked, the host is told that, and what is whole here is read here", async () => {
  const { bed, image, told } = await bench();
  await write(bed, image, 20);
  await bed.clock.advance(minutes(5));
  bed.disk.flipBit(fileOf(1), dataOf(2) + 100, 3);
  bed.objects.options.failBefore = { get: 1 };
  await assert.rejects(bed.read(image, 2), (error) => isFault(error, "store.object-store-unreachable"));
  assert.deepEqual(await bed.read(image, 3), blockOf(3, blockSize));
  bed.objects.options.failBefore = {};
  await bed.clock.advance(minutes(5));
  await assertReadable(bed, image, 20);
  assert.equal(told.at(0)?.outcome, "found");
});

/** Everything but the two blocks, whoever has it. */
async function assertLeft(bed: StoreBed, loaded: LoadedImage): Promise<void> {
  for (let number = 0; number < 21; number++) {
    if (number === 2 || number === 4) {
      await assert.rejects(
        bed.read(loaded, number),
        (error) => isFault(error, "store.record-damaged") && error.details["object"] === number,
      );
    } else assert.deepEqual(await bed.read(loaded, number), blockOf(number, blockSize), `block ${number}`);
  }
  for (let number = 20; number >= 0; number--) {
    if (number !== 2 && number !== 4) assert.deepEqual(await bed.read(loaded, number), blockOf(number, blockSize));
  }
}

test("a damaged segment that was never uploaded holds nothing up, and costs the blocks that were hit", async () => {
  const { bed, image, told } = await bench({ uploadDelay: minutes(1) });
  await write(bed, image, 21);
  const aside = `${fileOf(1)}.damaged`;
  // A block, the header of another, and the header of the segment.
  for (const offset of [dataOf(2) + 100, 64 + 4 * 2 * page + 10, 10]) bed.disk.flipBit(fileOf(1), offset, 3);
  const harmed = bed.disk.contentOf(fileOf(1));
  const other = await bed.loadNew("TAPE02");
  await write(bed, other, 14);
  await bed.clock.advance(minutes(4));
  assert.deepEqual(
    bed.segmentKeys.map((key) => key.slice("cartridges/TAPE".length, -"-e00001".length)),
    ["01/segments/000000000002", "01/segments/000000000003", "02/segments/000000000001", "02/segments/000000000002"],
  );
  assert.deepEqual(
    told.map(({ outcome }) => outcome),
    ["found"],
  );
  assert.equal(bed.store.usage(tape).recoveryPoint?.objects ?? 0, 0, "the bucket has no state without a gap");
  assert.ok((bed.store.unstored().find(({ id }) => id === tape)?.age ?? 0) >= minutes(3), "and the lag says so");
  await bed.clock.advance(minutes(12));
  assert.deepEqual(
    told.map(({ outcome }) => outcome),
    ["found", "lost"],
  );
  assert.deepEqual(told.at(-1)?.lost, [
    [2, 3],
    [4, 5],
  ]);
  assert.deepEqual(bed.store.damagedIds(), [tape]);
  const lost = bed.store.usage(tape).lost ?? [];
  assert.deepEqual(
    lost.map(({ segment, first, end }) => [segment, first, end]),
    [
      [1, 2, 3],
      [1, 4, 5],
    ],
  );
  assert.deepEqual(bed.disk.contentOf(aside), harmed, "the damaged file is kept for people");
  await bed.run(image.unload());
  await bed.clock.advance(minutes(5));
  const point = bed.store.usage(tape).recoveryPoint?.objects;
  assert.equal(point, 21);

  const again = await bed.load(tape);
  await assertLeft(bed, again);
  await bed.run(again.unload());
  bed.crash();
  bed.disk.lose((path) => path.startsWith(`cartridges/${tape}/`));
  await bed.start();
  const recovered = await bed.load(tape);
  assert.deepEqual(bed.store.usage(tape).lost, lost, "a recovery point knows what is gone");
  await assertLeft(bed, recovered);
  assert.deepEqual(bed.store.damagedIds(), [tape]);
  await bed.run(bed.store.acceptLoss(tape));
  assert.deepEqual(bed.store.damagedIds(), []);
  await bed.run(recovered.cut(3 as ObjectNumber));
  assert.deepEqual(
    bed.store.usage(tape).lost?.map(({ first, end }) => [first, end]),
    [[2, 3]],
  );
  await bed.run(recovered.cut(0 as ObjectNumber));
  assert.deepEqual(bed.store.usage(tape).lost, []);
});

test("what comes back in time costs nothing", async () => {
  const { bed, image, told } = await bench({ uploadDelay: minutes(1) });
  await write(bed, image, 21);
  const whole = bed.disk.contentOf(fileOf(1));
  bed.disk.flipBit(fileOf(1), dataOf(2), 3);
  await bed.clock.advance(minutes(5));
  bed.disk.replaceContent(fileOf(1), whole);
  await bed.clock.advance(minutes(20));
  assert.deepEqual(
    told.map(({ outcome }) => outcome),
    ["found", "healed"],
  );
  assert.deepEqual(bed.store.usage(tape).lost, undefined);
  assert.deepEqual(bed.store.damage.waiting, [], "nothing is waited for any more");
  await assertReadable(bed, image, 21);
});

test("a segment whose file is gone before it was uploaded is lost to the block, and the rest goes on", async () => {
  const { bed, image } = await bench({ uploadDelay: minutes(1) });
  await write(bed, image, 21);
  bed.disk.lose((path) => path === fileOf(1));
  await bed.clock.advance(minutes(20));
  const [range] = bed.store.usage(tape).lost ?? [];
  assert.equal(range?.first, 0);
  const end = range?.end ?? 0;
  assert.ok(end > 3 && end < 21);
  await assert.rejects(bed.read(image, 1), (error) => isFault(error, "store.record-damaged"));
  for (let number = end; number < 21; number++)
    assert.deepEqual(await bed.read(image, number), blockOf(number, blockSize));
});

test("what was damaged and cut off meanwhile is nobody's business any more", async () => {
  const { bed, image, told } = await bench({ uploadDelay: minutes(1) });
  await write(bed, image, 21);
  bed.disk.flipBit(fileOf(1), dataOf(2), 3);
  await bed.clock.advance(minutes(3));
  assert.equal(bed.store.damage.waiting.length, 1);
  await bed.run(image.cut(0 as ObjectNumber));
  await write(bed, image, 9);
  await bed.clock.advance(minutes(20));
  assert.deepEqual(
    told.map(({ outcome }) => outcome),
    ["found"],
  );
  assert.deepEqual(bed.store.damage.waiting, []);
  await assertReadable(bed, image, 9);
});

test("a host that was promised the object store is told when a block did not get there", async () => {
  const told: SegmentDamage[] = [];
  const bed = new StoreBed({ owner: ownerOf(told), uploadDelay: minutes(30) });
  await bed.start();
  await bed.run(bed.store.create(tape, {}));
  const image = await bed.run(bed.store.load(tape, { durability: () => "remote" }));
  for (let number = 0; number < 10; number++) await bed.run(image.appendBlock(blockOf(number, blockSize)));
  await bed.clock.advance(seconds(5));
  bed.disk.flipBit(fileOf(1), dataOf(2), 3);
  let answer: unknown;
  for (let attempt = 0; attempt < 200 && answer === undefined; attempt++) {
    await bed.run(image.sync()).then(
      () => (answer = "synced"),
      (error: unknown) => {
        if (!isFault(error, "store.under-pressure")) answer = error;
      },
    );
    await bed.clock.advance(seconds(10));
  }
  assert.ok(isFault(answer, "store.record-damaged"), String(answer));
  await bed.run(image.sync());
});

test("an interrupted salvage goes on with what it had put aside", async () => {
  for (let power = 0; power < 12; power++) {
    const { bed, image } = await bench({ seed: power, uploadDelay: minutes(1), isSlow: true });
    await write(bed, image, 21);
    bed.disk.flipBit(fileOf(1), dataOf(2), 3);
    await bed.clock.advance(minutes(11));
    for (let step = 0; step < 200_000 && !bed.disk.paths().includes(`${fileOf(1)}.salvaged`); step++) {
      await bed.clock.advance(milliseconds(1));
    }
    await bed.clock.advance(milliseconds(power * 3));
    bed.crash();
    await bed.start();
    await bed.clock.advance(minutes(20));
    const again = await bed.load(tape);
    assert.deepEqual(
      bed.store.usage(tape).lost?.map(({ first, end }) => [first, end]),
      [[2, 3]],
      `power cut ${power}`,
    );
    assert.deepEqual(await bed.read(again, 1), blockOf(1, blockSize));
  }
});

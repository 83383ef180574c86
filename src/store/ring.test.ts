// SPDX-License-Identifier: Apache-2.0
// The ring: where records lie, far beyond 4 GiB too; many large blocks on their way at once; nothing that is not on the
// disk is ever overwritten. The simulated disk throws a Bug when memory changes while it is being written.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits, milliseconds } from "#base/index.ts";
import type { DataPlace } from "#tape/index.ts";
import { blockRecordSize, recordUnit } from "./record.ts";
import { placeableBytes, planRecord, type RingCursor } from "./ring-plan.ts";
import { page, StoreBed } from "./store-bed.ts";

const MiB = 1024 * 1024;
const shape = { ringSize: 16 * MiB, segmentSize: 64 * MiB };

test("records never wrap, and file offset and ring position stay equal modulo the page, also beyond 4 GiB", () => {
  const start = fc.integer({ min: 0, max: 2 ** 40 }).map((pages) => pages * page);
  const sizes = fc.array(fc.integer({ min: 1, max: 8 * MiB }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(start, sizes, (ring, lengths) => {
      let cursor: RingCursor = { ring, file: 0 };
      for (const length of lengths) {
        const size = blockRecordSize(length);
        const plan = planRecord(cursor, size, shape);
        assert.equal(plan.at.ring % page, plan.at.file % page);
        assert.equal(plan.end.ring - plan.at.ring, size);
        assert.equal(plan.end.file - plan.at.file, size);
        assert.ok((plan.at.ring % shape.ringSize) + size <= shape.ringSize, "it does not wrap");
        assert.ok(plan.at.ring >= cursor.ring && plan.end.file <= shape.segmentSize);
        assert.equal(plan.at.ring % recordUnit, 0);
        cursor = plan.end;
      }
    }),
  );
});

test("what is said to be placeable is placeable, but for one block that the end of the ring may cost", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 36 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 0, max: shape.ringSize / recordUnit }),
      fc.integer({ min: 4096, max: 8 * MiB }),
      (pages, records, used, length) => {
        const start = (records % 64) * recordUnit;
        let cursor: RingCursor = { ring: pages * page + start, file: (records % 16_000) * page + start };
        const limit = cursor.ring - used * recordUnit + shape.ringSize;
        const count = Math.floor(placeableBytes(cursor, limit) / length);
        for (let index = 1; index < count; index++) cursor = planRecord(cursor, blockRecordSize(length), shape).end;
        assert.ok(count === 0 || cursor.ring <= limit);
      },
    ),
    { numRuns: 1000 },
  );
});

test("an empty ring takes one of the largest blocks", () => {
  assert.ok(placeableBytes({ ring: 0, file: 0 }, shape.ringSize) >= limits.blockSizeMax);
});

test("16 blocks of 1 MiB on their way at once, to a slow disk, arrive unharmed", async () => {
  const bed = new StoreBed({ ...shape, isSlow: true });
  await bed.start();
  const image = await bed.loadNew("TAPE");
  const places: DataPlace[] = [];
  const fill = (bytes: Uint8Array, number: number): Uint8Array => bytes.fill(number % 256);
  const total = 96;
  for (let number = 0; number < total; number++) {
    while (places.length < 16) places.push(fillPlace(image.place(MiB), number + places.length));
    const place = places.shift();
    assert.ok(place !== undefined);
    // The last of the data comes late.
    fill(place.bytes, number);
    await bed.run(image.appendBlock(place.bytes));
    place.release();
  }
  for (const place of places) place.release();
  await bed.run(image.sync());
  for (let number = 0; number < total; number++) {
    const block = await bed.read(image, number);
    assert.ok(block instanceof Uint8Array && block.byteLength === MiB);
    assert.ok(
      block.every((byte) => byte === number % 256),
      `block ${number}`,
    );
  }

  function fillPlace(place: DataPlace, number: number): DataPlace {
    fill(place.bytes.subarray(0, MiB / 2), number);
    return place;
  }
});

test("blocks are placed where they are stored, and stay there when they come in order", async () => {
  const bed = new StoreBed(shape);
  await bed.start();
  const image = await bed.loadNew("TAPE");
  const [first, second] = [image.place(1000), image.place(1000)];
  assert.equal(first.bytes.buffer, second.bytes.buffer);
  assert.equal(second.bytes.byteOffset - first.bytes.byteOffset, blockRecordSize(1000));
  const before = second.bytes;
  second.bytes.fill(2);
  assert.equal(image.appendBlock(first.bytes.fill(1)), undefined);
  assert.equal(second.bytes, before);
  assert.equal(image.appendFilemarks(1), undefined);
  assert.notEqual(second.bytes.buffer, before.buffer, "a filemark came between: it moved");
  assert.deepEqual(second.bytes, new Uint8Array(1000).fill(2), "what was received moved with it");
  assert.equal(image.appendBlock(second.bytes), undefined);
  assert.deepEqual(await bed.read(image, 0), new Uint8Array(1000).fill(1));
  assert.deepEqual(await bed.read(image, 2), new Uint8Array(1000).fill(2));
});

test("a block of any other memory is as right, another place's memory included", async () => {
  const bed = new StoreBed(shape);
  await bed.start();
  const image = await bed.loadNew("TAPE");
  const places = [1, 2, 3].map((number) => ({ number, place: image.place(5000) }));
  for (const { number, place } of places) place.bytes.fill(number);
  const [one, two, three] = places;
  for (const each of [three, one, two]) await bed.run(image.appendBlock(each?.place.bytes ?? new Uint8Array(1)));
  const found = await bed.readAll(image);
  assert.deepEqual(
    found,
    [3, 1, 2].map((number) => new Uint8Array(5000).fill(number)),
  );
});

test("the ring's free bytes shrink with what is under way and come back when it is on the disk", async () => {
  const bed = new StoreBed(shape);
  bed.disk.options.delay = (operation) => milliseconds(operation === "write" ? 50 : 0);
  await bed.start();
  const image = await bed.loadNew("TAPE");
  const empty = image.placeableBytes;
  for (let count = 0; count < 10; count++) assert.equal(image.appendBlock(new Uint8Array(MiB)), undefined);
  assert.ok(image.placeableBytes < 7 * MiB);
  await bed.run(image.sync());
  assert.ok(image.placeableBytes > empty - 9 * MiB);
});

test("appends wait while the ring is full, and for no other reason", async () => {
  const bed = new StoreBed(shape);
  bed.disk.options.delay = (operation) => milliseconds(operation === "write" ? 50 : 0);
  await bed.start();
  const image = await bed.loadNew("TAPE");
  let appended = 0;
  for (;;) {
    const waiting = image.appendBlock(new Uint8Array(MiB));
    appended += 1;
    if (waiting === undefined) continue;
    await bed.run(waiting);
    break;
  }
  assert.ok(appended >= 14 && appended <= 17, `${appended} blocks`);
  assert.equal(image.endOfData, appended);
});

// SPDX-License-Identifier: Apache-2.0
// Places for blocks on their way: once blocks must be copied, those behind them are received in place again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { blockRecordSize } from "./record.ts";
import { planRecord, type RingCursor } from "./ring-plan.ts";
import { RingPlaces } from "./ring.ts";

const shape = { ringSize: 64 * 4096, segmentSize: 1024 * 4096 };
const length = 8192;
const size = blockRecordSize(length);
const head: RingCursor = { ring: 64, file: 64 };

function bed(): { places: RingPlaces; memory: Uint8Array } {
  const places = new RingPlaces(shape);
  const memory = new Uint8Array(shape.ringSize);
  places.use(memory);
  return { places, memory };
}

/** Appends blocks in order from the cursor on and says what each turned out to be. */
function append(places: RingPlaces, blocks: readonly Uint8Array[], from: RingCursor): string[] {
  let cursor = from;
  return blocks.map((block) => {
    const { at, end } = planRecord(cursor, size, shape);
    cursor = end;
    return places.take(block, at);
  });
}

test("after something else came first, blocks under way are copied and new ones are received in place", () => {
  const { places, memory } = bed();
  const [one, two] = [places.place(head, length, shape.ringSize), places.place(head, length, shape.ringSize)];
  one.bytes.fill(1);
  places.moveAll();
  const later = { ring: head.ring + 64, file: head.file + 64 };
  const three = places.place(later, length, shape.ringSize);
  assert.notEqual(one.bytes.buffer, memory.buffer);
  assert.ok(
    one.bytes.every((byte) => byte === 1),
    "what was received has moved along",
  );
  assert.equal(three.bytes.buffer, memory.buffer);
  assert.deepEqual(append(places, [one.bytes, two.bytes, three.bytes], later), ["expected", "expected", "in-place"]);
});

test("a block that found the ring full does not push out those behind it", () => {
  const { places, memory } = bed();
  const first = places.place(head, length, head.ring + size);
  const second = places.place(head, length, head.ring + size);
  const third = places.place(head, length, shape.ringSize);
  assert.equal(first.bytes.buffer, memory.buffer);
  assert.notEqual(second.bytes.buffer, memory.buffer);
  assert.equal(third.bytes.buffer, memory.buffer);
  assert.deepEqual(append(places, [first.bytes, second.bytes, third.bytes], head), [
    "in-place",
    "expected",
    "in-place",
  ]);
});

test("a block whose predecessor was given up is copied, and those behind it must move", () => {
  const { places } = bed();
  const [one, two] = [places.place(head, length, shape.ringSize), places.place(head, length, shape.ringSize)];
  one.release();
  assert.deepEqual(append(places, [two.bytes], head), ["other"]);
});

// SPDX-License-Identifier: Apache-2.0
// Reading ahead: nothing is read into memory that something else is still being read into.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "#base/index.ts";
import type { LocatedSegment } from "./locator.ts";
import { type ForwardSources, pieceSize, ReadAhead } from "./read-ahead.ts";
import { RingPool } from "./ring.ts";

const pieces = limits.readAheadSize / limits.transferSize;
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function located(segment: number): LocatedSegment {
  const start = { firstObject: segment, firstFile: 0, firstByte: 0 };
  const identity = { segment, generation: 1, tag: new Uint8Array(8) };
  return { ...start, identity, objects: 1, filemarks: 0, entry: undefined, open: undefined };
}

test("a piece that nobody wants any more keeps its memory until it is there", async () => {
  const late: (() => void)[] = [];
  const sources: ForwardSources = {
    goAhead: () => {},
    readForward: async (segment, _entry, offset, into) => {
      // The end of the first segment is far away.
      if (segment === 1 && offset > 0) await new Promise<void>((resolve) => late.push(resolve));
      into.fill(segment);
      return into.byteLength;
    },
  };
  const plan = {
    recordsEnd: () => 2 * pieceSize,
    next: (segment: LocatedSegment) => Promise.resolve(located(segment.identity.segment + 1)),
  };
  const run = new ReadAhead(sources, plan, new RingPool(limits.readAheadSize, 1), { segment: located(1), offset: 0 });
  run.goFast();
  await turns();
  // What counts of the first segment ends before its second piece: the reader goes on, segment after segment.
  for (let segment = 2; segment < pieces; segment++) {
    run.consume(segment, 0);
    await turns();
  }
  for (const arrive of late) arrive();
  await turns();
  assert.equal(late.length, 1);
  let looked = 0;
  for (let segment = pieces - 1; segment < 2 * pieces; segment++) {
    for (const offset of [0, pieceSize]) {
      const piece = run.find(segment, offset);
      if (piece?.count === undefined) continue;
      looked += 1;
      const first = run.memory.bytes[piece.memoryOffset];
      assert.equal(first, segment, `piece ${offset} of segment ${segment} holds bytes of segment ${first}`);
    }
  }
  assert.ok(looked > 2, `${looked} pieces were there`);
  run.consume(2 * pieces, 0);
  run.stop();
});

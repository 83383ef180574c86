// SPDX-License-Identifier: Apache-2.0
// Boundaries depend on content alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SeededRandom } from "#sim/index.ts";
import { Chunker, type ChunkSizes } from "./chunker.ts";

const sizes: ChunkSizes = { min: 256, average: 1024, max: 4096 };

function cuts(bytes: Uint8Array, pieces: readonly number[]): number[] {
  const chunker = new Chunker(sizes);
  const found: number[] = [];
  let offset = 0;
  let turn = 0;
  while (offset < bytes.byteLength) {
    const piece = bytes.subarray(offset, offset + Math.max(1, pieces[turn++ % pieces.length] ?? 1));
    for (let end = chunker.next(piece, 0); end !== undefined; end = chunker.next(piece, end)) found.push(offset + end);
    offset += piece.byteLength;
  }
  return found;
}

test("however a stream comes, it is cut at the same places, within the sizes", () => {
  fc.assert(
    fc.property(
      fc.nat(1000),
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 }),
      (seed, pieces) => {
        const bytes = new SeededRandom(seed).bytes(30_000);
        const whole = cuts(bytes, [bytes.byteLength]);
        assert.deepEqual(cuts(bytes, pieces), whole);
        const lengths = whole.map((end, index) => end - (whole[index - 1] ?? 0));
        assert.ok(lengths.every((length) => length >= sizes.min && length <= sizes.max));
      },
    ),
  );
});

test("after an insertion the boundaries are those of before, moved", () => {
  const bytes = new SeededRandom(7).bytes(400_000);
  const before = cuts(bytes, [bytes.byteLength]);
  const changed = Buffer.concat([bytes.subarray(0, 1000), Buffer.from("inserted"), bytes.subarray(1000)]);
  const after = new Set(cuts(changed, [changed.byteLength]));
  const kept = before.filter((end) => after.has(end + 8)).length;
  assert.ok(before.length > 100 && kept > before.length * 0.95, `${kept} of ${before.length}`);
});

test("zeros are cut at the largest size", () => {
  assert.deepEqual(cuts(new Uint8Array(9000), [9000]), [4096, 8192]);
});

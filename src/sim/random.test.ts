// SPDX-License-Identifier: Apache-2.0
// The seeded generator repeats itself, and only itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hexFromBytes } from "#base/index.ts";
import { SeededRandom } from "./random.ts";

test("the same seed gives the same values, another seed others", () => {
  const draw = (seed: number): string => hexFromBytes(new SeededRandom(seed).bytes(32));
  assert.equal(draw(7), draw(7));
  assert.notEqual(draw(7), draw(8));
});

test("a fork does not depend on what its parent has drawn", () => {
  const [fresh, used] = [new SeededRandom(1), new SeededRandom(1)];
  used.bytes(100);
  assert.equal(fresh.fork("disk").below(2 ** 48), used.fork("disk").below(2 ** 48));
  assert.notEqual(fresh.fork("disk").below(2 ** 48), fresh.fork("network").below(2 ** 48));
});

test("below stays below, for every allowed limit", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 48 }), (seed, limit) => {
      const value = new SeededRandom(seed).below(limit);
      assert.ok(Number.isInteger(value) && value >= 0 && value < limit);
    }),
  );
});

test("below refuses limits it cannot be fair about", () => {
  const random = new SeededRandom(1);
  for (const limit of [0, -1, 1.5, 2 ** 48 + 1, Number.NaN]) assert.throws(() => random.below(limit), /a limit from 1/);
});

test("every value of a small range comes about equally often", () => {
  const random = new SeededRandom(3);
  const counts = Array.from({ length: 10 }, () => 0);
  for (let index = 0; index < 100_000; index++) {
    const value = random.below(10);
    counts[value] = (counts[value] ?? 0) + 1;
  }
  for (const count of counts) assert.ok(count > 9_500 && count < 10_500, `${count} of about 10000`);
});

test("weights decide how often a name is drawn, and zero means never", () => {
  const random = new SeededRandom(4);
  const counts = { often: 0, seldom: 0, never: 0 };
  for (let index = 0; index < 10_000; index++) counts[random.weighted({ often: 9, seldom: 1, never: 0 })] += 1;
  assert.equal(counts.never, 0);
  assert.ok(counts.often > 8_700 && counts.often < 9_300, `${counts.often} of about 9000`);
});

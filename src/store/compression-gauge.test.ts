// SPDX-License-Identifier: Apache-2.0
// Compression goes on where it pays, backs off where it does not, and comes back when the data change.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "#base/index.ts";
import { CompressionGauge, noCompression } from "./compression-gauge.ts";

/** How many of so many frames are tried, each shrinking to this part of itself. */
function triedOf(gauge: CompressionGauge, frames: number, ratio: number, isBusy = false): number {
  let tried = 0;
  for (let index = 0; index < frames; index++) {
    if (gauge.nextLevel(isBusy) === 0) continue;
    tried += 1;
    gauge.note(1000, 1000 * ratio);
  }
  return tried;
}

const adaptive = { mode: "adaptive", level: 3 } as const;

test("frames that shrink are all tried, with the level that was asked for", () => {
  const gauge = new CompressionGauge(adaptive);
  assert.equal(gauge.nextLevel(false), 3);
  assert.equal(triedOf(gauge, 5000, 0.7), 5000);
});

test("of frames that do not shrink, one in a thousand is tried in the long run", () => {
  const gauge = new CompressionGauge(adaptive);
  assert.equal(triedOf(gauge, limits.compressionSample, 1), limits.compressionSample);
  assert.equal(triedOf(gauge, limits.compressionPause, 1), 0);
  assert.ok(triedOf(gauge, 100_000, 1) < 110);
});

test("saving less than one part in sixteen does not pay", () => {
  assert.ok(triedOf(new CompressionGauge(adaptive), 1000, 0.95) < 20);
  assert.equal(triedOf(new CompressionGauge(adaptive), 1000, 0.93), 1000);
});

test("when the data begin to shrink, compression comes back within one pause", () => {
  const gauge = new CompressionGauge(adaptive);
  triedOf(gauge, 100_000, 1);
  triedOf(gauge, limits.compressionPauseMax, 0.5);
  assert.equal(triedOf(gauge, 100, 0.5), 100);
});

test("a busy machine compresses nothing, and forgets nothing", () => {
  const gauge = new CompressionGauge(adaptive);
  assert.equal(triedOf(gauge, 100, 0.5, true), 0);
  assert.equal(triedOf(gauge, 100, 0.5), 100);
});

test("always is always, off is never", () => {
  assert.equal(triedOf(new CompressionGauge({ mode: "always", level: 1 }), 1000, 1, true), 1000);
  assert.equal(triedOf(new CompressionGauge(noCompression), 1000, 0.1), 0);
});

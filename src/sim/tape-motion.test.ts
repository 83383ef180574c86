// SPDX-License-Identifier: Apache-2.0
// The naive model of SPACE, by examples from SSC-5.

import assert from "node:assert/strict";
import { test } from "node:test";
import { landing } from "./tape-motion.ts";

const objects = [1, 2, "filemark", 3, "filemark"] as const;
const land = (from: number, kind: "blocks" | "filemarks", count: number): string => {
  const { position, word } = landing(objects, from, { kind, count });
  return `${position} ${word}`;
};

test("spacing over blocks stops behind a filemark on the way on, and before it on the way back", () => {
  assert.equal(land(0, "blocks", 2), "2 good");
  assert.equal(land(0, "blocks", 3), "3 filemark-detected");
  assert.equal(land(5, "blocks", -1), "4 filemark-detected");
  assert.equal(land(4, "blocks", -1), "3 good");
});

test("spacing over filemarks ends behind the last one on the way on, and before it on the way back", () => {
  assert.equal(land(0, "filemarks", 2), "5 good");
  assert.equal(land(5, "filemarks", -2), "2 good");
});

test("the ends of the tape stop it", () => {
  assert.equal(land(0, "filemarks", 3), "5 end-of-data");
  assert.equal(land(2, "blocks", -3), "0 beginning-of-partition");
  assert.equal(land(5, "blocks", 1), "5 end-of-data");
});

test("spacing by nothing moves nothing", () => {
  assert.equal(land(2, "blocks", 0), "2 good");
});

// SPDX-License-Identifier: Apache-2.0
// What a sense means, also from targets that do not say it as the standard does.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sense } from "#scsi/index.ts";
import { wordOf } from "./scsi-unit.ts";

const sense = (key: Sense["key"], asc: number, ascq: number, rest: Partial<Sense> = {}): Sense => ({
  key,
  asc,
  ascq,
  ...rest,
});

test("the end of data, a filemark, early warning and a full medium are known from the key or the bits alone", () => {
  // As the standard has them.
  assert.equal(wordOf(sense("blank-check", 0, 5)), "end-of-data");
  assert.equal(wordOf(sense("no-sense", 0, 1, { filemark: true })), "filemark-detected");
  // As tgt 1.0.85 has them.
  assert.equal(wordOf(sense("blank-check", 0, 0)), "end-of-data");
  assert.equal(wordOf(sense("no-sense", 0, 5)), "end-of-data");
  // With the bits alone.
  assert.equal(wordOf(sense("no-sense", 0, 0, { filemark: true })), "filemark-detected");
  assert.equal(wordOf(sense("no-sense", 0, 0, { endOfMedium: true })), "early-warning");
  assert.equal(wordOf(sense("volume-overflow", 0, 0, { endOfMedium: true })), "volume-overflow");
});

test("nothing else becomes one of them", () => {
  assert.equal(wordOf(sense("no-sense", 0, 0)), "no-sense");
  assert.equal(wordOf(sense("medium-error", 0, 0, { filemark: true, endOfMedium: true })), undefined);
  assert.equal(wordOf(sense("unit-attention", 0, 5)), undefined);
  assert.equal(wordOf(sense("hardware-error", 0, 0, { endOfMedium: true })), undefined);
});

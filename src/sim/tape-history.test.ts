// SPDX-License-Identifier: Apache-2.0
// What may be left of a tape after its machine was lost, and what may not.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { BlockId } from "./block-content.ts";
import type { TapeObject } from "./tape-book.ts";
import { TapeHistory } from "./tape-history.ts";

const tape = (...numbers: readonly number[]): TapeObject[] => numbers.map((number) => number as BlockId);

/** 1 2 3 was safe; then 4 was written, all but 1 cut, and 5 6 written. */
function overwritten(): TapeHistory {
  const history = new TapeHistory(tape(1, 2, 3));
  for (const state of [tape(1, 2, 3, 4), tape(1), tape(1, 5), tape(1, 5, 6)]) history.note(state);
  return history;
}

test("the beginning of any state since is left", () => {
  for (const found of [tape(1, 2, 3), tape(1, 2, 3, 4), tape(1, 2), tape(1), tape(1, 5), tape(1, 5, 6)]) {
    overwritten().check("T", found);
  }
});

test("nothing is invented, mixed, or missing of what nobody cut", () => {
  for (const found of [tape(), tape(1, 6), tape(1, 5, 3), tape(1, 2, 3, 4, 5), tape(2)]) {
    assert.throws(() => overwritten().check("T", found), /safe|never/);
  }
});

test("a tape that was only written on keeps all that was safe", () => {
  const history = new TapeHistory(tape(1, 2));
  history.note(tape(1, 2, 3));
  assert.ok(history.isUncut);
  assert.ok(!overwritten().isUncut);
  history.check("T", tape(1, 2));
  assert.throws(() => history.check("T", tape(1)), /2 were safe/);
});

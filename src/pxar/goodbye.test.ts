// SPDX-License-Identifier: Apache-2.0
// The order of a goodbye table.

import assert from "node:assert/strict";
import { test } from "node:test";
import { searchTreeOrder } from "./goodbye.ts";

test("the order is that of a left-complete search tree", () => {
  assert.deepEqual(searchTreeOrder(0), []);
  assert.deepEqual(searchTreeOrder(1), [0]);
  assert.deepEqual(searchTreeOrder(5), [3, 1, 4, 0, 2]);
  assert.deepEqual(searchTreeOrder(10), [6, 3, 8, 1, 5, 7, 9, 0, 2, 4]);
});

test("for every size it is a permutation in which a search finds every element", () => {
  for (let count = 1; count <= 300; count++) {
    const order = searchTreeOrder(count);
    assert.equal(new Set(order).size, count);
    for (let wanted = 0; wanted < count; wanted++) {
      let index = 0;
      while (index < count && order[index] !== wanted) index = 2 * index + ((order[index] ?? 0) > wanted ? 1 : 2);
      assert.equal(order[index], wanted, `${wanted} of ${count}`);
    }
  }
});

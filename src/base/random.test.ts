// SPDX-License-Identifier: Apache-2.0
// Identifiers drawn from a source of randomness.

import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "#sim/index.ts";
import { randomId } from "./random.ts";

test("an identifier has 32 hexadecimal digits and follows from its source", () => {
  const id = randomId(new SeededRandom(1));
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(id, randomId(new SeededRandom(1)));
  assert.notEqual(id, randomId(new SeededRandom(2)));
});

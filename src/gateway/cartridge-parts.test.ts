// SPDX-License-Identifier: Apache-2.0
// Names of the parts of a cartridge lead back to it, and no other name does.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CartridgeId } from "#store/index.ts";
import { partitionId, possibleIds, wholeIdOf } from "./cartridge-parts.ts";
import type { ObjectId } from "./views.ts";

const id = "b0b22c2d65e0988d3c24c7d929a31952";

test("every name that a part can have leads to its cartridge", () => {
  const names = possibleIds({ id: id as ObjectId });
  assert.equal(names.length, 4);
  for (const name of names) assert.equal(wholeIdOf(name), id);
});

test("a name that no part can have is its own", () => {
  for (const name of [partitionId(id as CartridgeId, 0), partitionId(id as CartridgeId, 4), `${id}-p`, "-p1", "x"]) {
    assert.equal(wholeIdOf(name as CartridgeId), name);
  }
});

// SPDX-License-Identifier: Apache-2.0
// Sources and sinks in memory.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteCollector, readFully, sourceOf } from "./byte-flow.ts";

test("a source is read to its end, piece by piece", async () => {
  const source = sourceOf(Uint8Array.from([1, 2, 3, 4, 5]));
  const slow = { read: (into: Uint8Array) => source.read(into.subarray(0, 2)) };
  const into = new Uint8Array(8);
  assert.equal(await readFully(slow, into), 5);
  assert.deepEqual([...into], [1, 2, 3, 4, 5, 0, 0, 0]);
  assert.equal(await slow.read(into), 0);
});

test("a collector keeps copies", async () => {
  const collector = new ByteCollector();
  const memory = Uint8Array.from([1, 2]);
  await collector.sink(memory);
  memory.fill(9);
  await collector.sink(memory.subarray(0, 1));
  assert.deepEqual([...collector.bytes()], [1, 2, 9]);
  assert.equal(collector.sizeBytes, 3);
});

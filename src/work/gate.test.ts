// SPDX-License-Identifier: Apache-2.0
// Tests of gates.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Gate } from "./gate.ts";

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

test("a gate with one place lets jobs through one at a time, in order", async () => {
  const gate = new Gate();
  const log: string[] = [];
  let finishFirst = (): void => {};
  const first = gate.run(async () => {
    log.push("first in");
    await new Promise<void>((resolve) => (finishFirst = resolve));
    log.push("first out");
  });
  const second = gate.run(async () => void log.push("second"));
  const third = gate.run(async () => void log.push("third"));
  await settle();
  assert.deepEqual(log, ["first in"]);
  assert.equal(gate.waiting, 2);
  finishFirst();
  await Promise.all([first, second, third]);
  assert.deepEqual(log, ["first in", "first out", "second", "third"]);
  assert.equal(gate.isBusy, false);
});

test("a job that fails gives its place back", async () => {
  const gate = new Gate();
  await assert.rejects(
    gate.run(() => Promise.reject(new Error("no"))),
    /no/,
  );
  assert.equal(await gate.run(() => Promise.resolve(7)), 7);
});

test("a gate with three places lets three in", async () => {
  const gate = new Gate(3);
  const leaves = await Promise.all([gate.enter(), gate.enter(), gate.enter()]);
  assert.equal(gate.isBusy, true);
  const fourth = gate.enter();
  assert.equal(gate.waiting, 1);
  leaves[0]?.();
  (await fourth)();
  assert.equal(gate.isBusy, false);
});

test("who gives up waiting leaves the queue and takes no place", async () => {
  const gate = new Gate();
  const leave = await gate.enter();
  const patience = new AbortController();
  const impatient = gate.enter(patience.signal);
  patience.abort(new Error("enough"));
  await assert.rejects(impatient, /enough/);
  assert.equal(gate.waiting, 0);
  await assert.rejects(gate.enter(patience.signal), /enough/);
  leave();
  assert.equal(gate.isBusy, false);
});

// SPDX-License-Identifier: Apache-2.0
// A scope closes what it owns, in the opposite order, whatever fails.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Scope } from "./scope.ts";

test("what was added last is closed first, one after the other", async () => {
  const scope = new Scope();
  const order: string[] = [];
  scope.add(() => void order.push("first"));
  scope.add(async () => {
    await Promise.resolve();
    order.push("second");
  });
  await scope.close();
  assert.deepEqual(order, ["second", "first"]);
});

test("the signal is aborted with the reason before anything is closed", async () => {
  const scope = new Scope();
  let abortedAtClose = false;
  scope.add(() => {
    abortedAtClose = scope.signal.aborted;
  });
  const reason = new Error("stop");
  await scope.close(reason);
  assert.ok(abortedAtClose);
  assert.equal(scope.signal.reason, reason);
});

test("every closer runs although one fails, and the first error is thrown", async () => {
  const scope = new Scope();
  let ran = false;
  scope.add(() => {
    ran = true;
  });
  scope.add(() => Promise.reject(new Error("as expected")));
  await assert.rejects(scope.close(), /as expected/);
  assert.ok(ran);
});

test("closing twice closes once", async () => {
  const scope = new Scope();
  let count = 0;
  scope.add(() => void (count += 1));
  await Promise.all([scope.close(), scope.close()]);
  assert.equal(count, 1);
});

// SPDX-License-Identifier: Apache-2.0
// Faults carry their row, fill in their text, and are told apart from Bugs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bug, assert as hold, defined, unreachable } from "./assert.ts";
import { asError, Fault, faultsOf, isFault } from "./fault.ts";

const shopFault = faultsOf("shop", {
  closed: { text: "{shop} is closed until {hour}", retry: "backoff", http: 503, exit: 6 },
});

test("a fault has code, filled-in text, row, details and cause", () => {
  const cause = new Error("power cut");
  const fault = shopFault("closed", { shop: "the baker", hour: 7 }, cause);
  assert.ok(fault instanceof Fault);
  assert.equal(fault.code, "shop.closed");
  assert.equal(fault.message, "the baker is closed until 7");
  assert.deepEqual(fault.details, { shop: "the baker", hour: 7 });
  assert.equal(fault.row.exit, 6);
  assert.equal(fault.cause, cause);
});

test("a detail that is missing stays visible in the text", () => {
  assert.equal(shopFault("closed", { shop: "it" }).message, "it is closed until {hour}");
});

test("isFault tells faults, and codes, apart", () => {
  assert.ok(isFault(shopFault("closed")));
  assert.ok(isFault(shopFault("closed"), "shop.closed"));
  assert.ok(!isFault(shopFault("closed"), "shop.open"));
  assert.ok(!isFault(new Error("shop.closed")));
  assert.ok(!isFault(undefined));
});

test("what is thrown becomes an Error, and an Error stays itself", () => {
  const error = new Error("x");
  assert.equal(asError(error), error);
  assert.equal(asError("text").message, "text");
});

test("a broken assertion is a Bug that says what was expected", () => {
  hold(true, "never seen");
  assert.throws(() => hold(false, "one place for a cartridge"), new Bug("one place for a cartridge"));
  assert.equal(defined(0, "a number"), 0);
  assert.throws(() => defined(undefined, "a number"), Bug);
  assert.throws(() => unreachable("left over" as never), /left over/);
});

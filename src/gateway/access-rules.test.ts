// SPDX-License-Identifier: Apache-2.0
// Tests of what operators may set as access rules.

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAllowList, checkChap, hasAnyRule, rulesOf } from "./access-rules.ts";
import { GatewayState } from "./state.ts";

const target = "iqn.2026-11.io.capstan:x.default.changer";
const initiator = "iqn.1994-05.com.example:ann";

test("secrets have 12 to 64 printable characters", () => {
  const accepted = ["123456789012", "1234567890123456", "x".repeat(64), "with blanks in it"];
  for (const secret of accepted) assert.equal(checkChap({ target, initiator, secret }).secret, secret);
  for (const secret of ["", "12345678901", "x".repeat(65), "umlaut ä umlaut", "tab\tin the secret"]) {
    assert.throws(() => checkChap({ target, initiator, secret }), { code: "gateway.chap-secret" }, secret);
    const mutual = { secret };
    assert.throws(() => checkChap({ target, initiator, secret: "123456789012", mutual }), {
      code: "gateway.chap-secret",
    });
  }
});

test("a refused secret is not in the message", () => {
  const secret = "geheim";
  assert.throws(
    () => checkChap({ target, initiator, secret }),
    (error: Error) => !error.message.includes(secret) && !JSON.stringify(error).includes(secret),
  );
});

test("both directions need different secrets", () => {
  const secret = "123456789012";
  assert.throws(() => checkChap({ target, initiator, secret, mutual: { secret } }), {
    code: "gateway.chap-secret",
    message: /different/,
  });
  const record = checkChap({ target, initiator, secret, mutual: { secret: "210987654321", user: "tape" } });
  assert.deepEqual(record.mutual, { secret: "210987654321", user: "tape" });
});

test("CHAP names are printable without blanks, initiators are names or patterns", () => {
  const secret = "123456789012";
  for (const user of ["", "a b", "ä", "x".repeat(256)]) {
    assert.throws(() => checkChap({ target, initiator, secret, user }), { code: "gateway.chap-user" });
    const mutual = { secret: "210987654321", user };
    assert.throws(() => checkChap({ target, initiator, secret, mutual }), { code: "gateway.chap-user" });
  }
  assert.throws(() => checkChap({ target, initiator: "ann", secret }), { code: "gateway.initiator-bad" });
  assert.throws(() => checkAllowList([initiator, "ann"]), { code: "gateway.initiator-bad", message: /ann/ });
  checkAllowList([initiator, "iqn.1994-05.com.example:*", "*"]);
});

test("a target's own rules replace the default ones, list by list", () => {
  const state = new GatewayState();
  const defaults = { allow: ["iqn.default"], chap: [{ initiator: "*", secret: "123456789012" }] };
  assert.deepEqual(rulesOf(state, defaults, target), defaults);
  state.apply({ kind: "allow", target, initiators: [initiator] });
  assert.deepEqual(rulesOf(state, defaults, target), { ...defaults, allow: [initiator] });
  state.apply({ kind: "chap", chap: { target, initiator, secret: "own secret 123" } });
  assert.deepEqual(rulesOf(state, defaults, target).chap, [{ target, initiator, secret: "own secret 123" }]);
  assert.deepEqual(rulesOf(state, defaults, "another"), defaults);
});

test("there is a rule when a target or the default has one", () => {
  const state = new GatewayState();
  const none = { allow: [], chap: [] };
  assert.equal(hasAnyRule(state, none), false);
  assert.equal(hasAnyRule(state, { ...none, allow: ["*"] }), true);
  state.apply({ kind: "chap", chap: { target, initiator, secret: "own secret 123" } });
  assert.equal(hasAnyRule(state, none), true);
  state.apply({ kind: "chap-gone", target, initiator });
  assert.equal(hasAnyRule(state, none), false);
});

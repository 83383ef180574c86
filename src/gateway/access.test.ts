// SPDX-License-Identifier: Apache-2.0
// Who may use a target: the matrix of rules, portals and initiators; and what the directory of a portal answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { textFromBytes } from "#base/index.ts";
import { chapPolicy, decideAccess, isOpenPortal, type AccessCredentials, type AccessRules } from "./access.ts";

const ann = "iqn.1994-05.com.example:ann";
const bob = "iqn.1994-05.com.example:bob";
const annSecret: AccessCredentials = { initiator: ann, secret: "secret of ann" };
const bobSecret: AccessCredentials = { initiator: bob, user: "robert", secret: "secret of bob" };

const rules: Readonly<Record<string, AccessRules>> = {
  "no rules": { allow: [], chap: [] },
  "ann allowed": { allow: [ann], chap: [] },
  "bob allowed": { allow: [bob], chap: [] },
  "everybody allowed": { allow: ["*"], chap: [] },
  "example allowed": { allow: ["iqn.1994-05.com.example:*"], chap: [] },
  "ann has a secret": { allow: [], chap: [annSecret] },
  "bob has a secret": { allow: [], chap: [bobSecret] },
  "ann allowed, ann has a secret": { allow: [ann], chap: [annSecret] },
  "ann allowed, bob has a secret": { allow: [ann], chap: [bobSecret] },
  "bob allowed, ann has a secret": { allow: [bob], chap: [annSecret] },
};

test("ann gets in as the table says", () => {
  const rows = Object.entries(rules).map(([name, rule]) => {
    const outcomes = [true, false].map((isOpen) => {
      const decision = decideAccess(rule, ann, { isOpen });
      if (decision.kind === "refused") return decision.why;
      return decision.credentials.length > 0 ? "CHAP" : "in";
    });
    return `${name}: ${outcomes.join(" | ")}`;
  });
  assert.deepEqual(rows, [
    "no rules: in | portal-closed",
    "ann allowed: in | in",
    "bob allowed: not-on-allow-list | not-on-allow-list",
    "everybody allowed: in | in",
    "example allowed: in | in",
    "ann has a secret: CHAP | CHAP",
    "bob has a secret: no-credentials | no-credentials",
    "ann allowed, ann has a secret: CHAP | CHAP",
    "ann allowed, bob has a secret: in | in",
    "bob allowed, ann has a secret: not-on-allow-list | not-on-allow-list",
  ]);
});

test("a portal is open on a loopback address, or when told so", () => {
  const at = (host: string, allowAnyone?: boolean): boolean =>
    isOpenPortal({ listen: { host, port: 3260 }, ...(allowAnyone === undefined ? {} : { allowAnyone }) });
  assert.deepEqual(
    [at("127.0.0.1"), at("::1"), at("localhost"), at("127.8.0.1"), at("0.0.0.0"), at("::"), at("10.0.0.1")],
    [true, true, true, true, false, false, false],
  );
  assert.deepEqual([at("10.0.0.1", true), at("10.0.0.1", false)], [true, false]);
});

test("a CHAP name is the initiator's name unless another is set", () => {
  const names = { initiator: ann, target: "iqn.2026-11.io.capstan:x" };
  const policy = chapPolicy([annSecret], names, { isRequired: true });
  const secret = policy.initiatorSecret(ann);
  assert.equal(secret === undefined ? undefined : textFromBytes(secret), "secret of ann");
  assert.equal(policy.initiatorSecret("robert"), undefined);
  assert.equal(policy.targetCredentials(ann), undefined);
  assert.equal(policy.isRequired, true);
  const other = chapPolicy([bobSecret], { ...names, initiator: bob }, { isRequired: true });
  assert.equal(other.initiatorSecret(bob), undefined);
  assert.notEqual(other.initiatorSecret("robert"), undefined);
});

test("mutual CHAP answers with the target's name unless another is set", () => {
  const names = { initiator: ann, target: "iqn.2026-11.io.capstan:x" };
  const withMutual = (user?: string): AccessCredentials => ({
    ...annSecret,
    mutual: { secret: "secret of the target", ...(user === undefined ? {} : { user }) },
  });
  const name = (credentials: AccessCredentials): string | undefined =>
    chapPolicy([credentials], names, { isRequired: true }).targetCredentials(ann)?.name;
  assert.equal(name(withMutual()), "iqn.2026-11.io.capstan:x");
  assert.equal(name(withMutual("tape")), "tape");
});

// SPDX-License-Identifier: Apache-2.0
// Tests of names.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changerTargetName,
  checkAuthority,
  checkName,
  driveTargetName,
  isInitiatorPattern,
  libraryTargetName,
  matchesInitiator,
  serialOf,
} from "./naming.ts";
import type { ObjectId } from "./views.ts";

const naming = { authority: "iqn.2026-11.io.capstan", instance: "a1b2c3d4", library: "default" };

test("targets are named after authority, instance, library and device", () => {
  assert.equal(changerTargetName(naming), "iqn.2026-11.io.capstan:a1b2c3d4.default.changer");
  assert.equal(driveTargetName(naming, 1), "iqn.2026-11.io.capstan:a1b2c3d4.default.drive-01");
  assert.equal(driveTargetName(naming, 64), "iqn.2026-11.io.capstan:a1b2c3d4.default.drive-64");
  assert.equal(libraryTargetName(naming), "iqn.2026-11.io.capstan:a1b2c3d4.default");
});

test("serial numbers have ten characters and follow from the object alone", () => {
  assert.equal(serialOf("0123456789abcdef0123456789abcdef" as ObjectId), "0123456789");
  assert.equal(serialOf("ffeeddccbbaa00000000000000000000" as ObjectId), "FFEEDDCCBB");
});

test("names are short and fit into target names", () => {
  for (const name of ["default", "a", "7", "lib-2", "a".repeat(32)]) checkName("library", name);
  for (const name of ["", "-a", "Default", "a b", "a.b", "ä", "a".repeat(33)]) {
    assert.throws(() => checkName("library", name), { code: "gateway.bad-name" }, name);
  }
});

test("naming authorities look like RFC 7143 says", () => {
  for (const name of ["iqn.2026-11.io.capstan", "iqn.2001-04.com.example"]) checkAuthority(name);
  for (const name of ["", "io.capstan", "iqn.2026-13.io.capstan", "iqn.26-11.io", "iqn.2026-11.", "iqn.2026-11.A"]) {
    assert.throws(() => checkAuthority(name), { code: "gateway.bad-authority" }, name);
  }
});

test("initiator patterns are names of the three types, or end with a star", () => {
  for (const pattern of [
    "*",
    "iqn.1994-05.com.redhat:*",
    "iqn.1994-05.com.redhat:9a",
    "eui.02004567a425678d",
    "naa.5*",
  ]) {
    assert.ok(isInitiatorPattern(pattern), pattern);
  }
  for (const pattern of [
    "",
    "host",
    "iqn.*.com",
    "iqn.1994-05.com.red hat",
    "**",
    `iqn.${"a".repeat(230)}`,
    "iqn.\u0007",
  ]) {
    assert.ok(!isInitiatorPattern(pattern), pattern);
  }
});

test("only a trailing star is special, and names differ by more than the case of letters", () => {
  assert.ok(matchesInitiator("iqn.a:Host", "IQN.A:hOST"));
  assert.ok(matchesInitiator("IQN.A:*", "iqn.a:host"));
  assert.ok(matchesInitiator("iqn.a:*", "iqn.a:host"));
  assert.ok(matchesInitiator("*", "eui.1"));
  assert.ok(matchesInitiator("iqn.a:host", "iqn.a:host"));
  assert.ok(!matchesInitiator("iqn.a:host", "iqn.a:host2"));
  assert.ok(!matchesInitiator("iqn.a:*", "iqn.b:host"));
});

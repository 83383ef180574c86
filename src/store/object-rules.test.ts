// SPDX-License-Identifier: Apache-2.0
// The rules of conditions, locks, tiers and abilities, case by case.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { isFault, type Instant } from "#base/index.ts";
import { objectKey } from "./object-key.ts";
import {
  allAbilities,
  checkCondition,
  checkPutAbilities,
  checkRetention,
  checkTier,
  checkUnlocked,
} from "./object-rules.ts";
import type { ObjectVersion, Retention, RetentionMode } from "./object-store.ts";

const key = objectKey("k");
const now = 1000 as Instant;
const until = (mode: RetentionMode, at: number): Retention => ({ mode, until: at as Instant });
const version = (text: string): ObjectVersion => text as ObjectVersion;
const fault = (code: string) => (error: unknown) => isFault(error, `store.${code}`);

void test("a condition holds for what it names only", () => {
  checkCondition(key, undefined, version("a"));
  checkCondition(key, { kind: "absent" }, undefined);
  checkCondition(key, { kind: "replaces", version: version("a") }, version("a"));
  assert.throws(() => checkCondition(key, { kind: "absent" }, version("a")), fault("object-exists"));
  for (const found of [undefined, version("b")]) {
    assert.throws(
      () => checkCondition(key, { kind: "replaces", version: version("a") }, found),
      fault("object-changed"),
    );
  }
});

void test("a lock holds until its time, a legal hold until it is lifted", () => {
  const bypass = { bypassGovernance: true };
  for (const mode of ["GOVERNANCE", "COMPLIANCE"] as const) {
    checkUnlocked(key, { retention: until(mode, 1000), legalHold: false }, now);
    assert.throws(
      () => checkUnlocked(key, { retention: until(mode, 1001), legalHold: false }, now),
      fault("object-locked"),
    );
  }
  checkUnlocked(key, { retention: until("GOVERNANCE", 1001), legalHold: false }, now, bypass);
  assert.throws(
    () => checkUnlocked(key, { retention: until("COMPLIANCE", 1001), legalHold: false }, now, bypass),
    fault("object-locked"),
  );
  assert.throws(
    () => checkUnlocked(key, { retention: undefined, legalHold: true }, now, bypass),
    fault("object-locked"),
  );
});

void test("a lock becomes later or stronger, and nothing else without a bypass", () => {
  const allowed = (old: Retention, next: Retention, bypassGovernance = false): boolean => {
    try {
      checkRetention(key, { old, next, now }, { bypassGovernance });
      return true;
    } catch (error) {
      assert.ok(fault("object-locked")(error));
      return false;
    }
  };
  const [governance, compliance] = [until("GOVERNANCE", 2000), until("COMPLIANCE", 2000)];
  assert.ok(allowed(governance, until("GOVERNANCE", 2000)));
  assert.ok(allowed(governance, until("COMPLIANCE", 3000)));
  assert.ok(!allowed(governance, until("COMPLIANCE", 1999)));
  assert.ok(allowed(governance, until("GOVERNANCE", 1001), true));
  assert.ok(allowed(compliance, until("COMPLIANCE", 2001)));
  assert.ok(!allowed(compliance, until("COMPLIANCE", 1999), true));
  assert.ok(!allowed(compliance, until("GOVERNANCE", 3000), true));
  assert.ok(allowed(until("COMPLIANCE", 1000), until("GOVERNANCE", 1001)));
});

void test("a tier that the class lacks is refused by name", () => {
  checkTier(key, allAbilities, "GLACIER", "Expedited");
  checkTier(key, allAbilities, "STANDARD", "Expedited");
  assert.throws(
    () => checkTier(key, allAbilities, "DEEP_ARCHIVE", "Expedited"),
    (error) => fault("tier-unsupported")(error) && /Standard or Bulk/.test(String(error)),
  );
});

void test("a put that asks for what the store has not is refused by name", () => {
  const none = { ...allAbilities, classes: ["STANDARD"], retention: [], legalHold: false } as const;
  const put = { storageClass: "STANDARD", crc32: 0 } as const;
  checkPutAbilities(key, none, put);
  const bad = [
    [{ ...put, storageClass: "GLACIER" }, /storage class GLACIER/],
    [{ ...put, retention: until("COMPLIANCE", 1) }, /mode COMPLIANCE/],
    [{ ...put, legalHold: true }, /legal hold/],
  ] as const;
  for (const [options, text] of bad) {
    assert.throws(
      () => checkPutAbilities(key, none, options),
      (error) => fault("object-store-lacks")(error) && text.test(String(error)),
    );
  }
});

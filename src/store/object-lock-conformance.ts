// SPDX-License-Identifier: Apache-2.0
// What every adapter of the ObjectStore port must do about locks: retention and legal holds. Part of
// `object-store-conformance.ts`.

import { strict as assert } from "node:assert";
import { bytesFromText, days } from "#base/index.ts";
import { objectKey } from "./object-key.ts";
import {
  type Check,
  failsWith,
  key,
  type Need,
  type ObjectStoreSubject,
  put,
  replaces,
  text,
  untilIn,
} from "./object-test-kit.ts";
import type { RetentionMode } from "./object-store.ts";

const hasMode =
  (mode: RetentionMode): Need =>
  ({ retention }) =>
    retention.includes(mode);
const bypass = { bypassGovernance: true };

/** Retention by mode and time. */
export function checkRetention(check: Check): void {
  for (const mode of ["GOVERNANCE", "COMPLIANCE"] as const) {
    check(
      `${mode} keeps an object from being deleted or replaced`,
      (subject) => checkLocked(subject, mode),
      hasMode(mode),
    );
    check(
      `${mode} set later can become later, and not earlier`,
      async (subject) => {
        const { store } = subject;
        await put(store, key, text);
        await assert.rejects(
          store.setRetention(objectKey("no"), untilIn(subject, mode, days(1))),
          failsWith("object-missing"),
        );
        const first = untilIn(subject, mode, days(10));
        await store.setRetention(key, first);
        const second = untilIn(subject, mode, days(20));
        await store.setRetention(key, second);
        assert.deepEqual((await store.head(key))?.retention, second);
        await assert.rejects(store.setRetention(key, first), failsWith("object-locked"));
        assert.deepEqual((await store.head(key))?.retention, second);
        await assert.rejects(store.delete(key), failsWith("object-locked"));
      },
      hasMode(mode),
    );
  }
  checkBypass(check);
  check(
    "a lock goes with the object into another class",
    async (subject) => {
      const { store } = subject;
      const retention = untilIn(subject, "COMPLIANCE", days(10));
      await put(store, key, text, { retention });
      await store.changeClass(key, "GLACIER");
      const info = await store.head(key);
      assert.deepEqual([info?.storageClass, info?.retention], ["GLACIER", retention]);
      await assert.rejects(store.delete(key), failsWith("object-locked"));
    },
    (abilities) => hasMode("COMPLIANCE")(abilities) && abilities.classes.includes("GLACIER"),
  );
}

async function checkLocked(subject: ObjectStoreSubject, mode: RetentionMode): Promise<void> {
  const { store, pass } = subject;
  const retention = untilIn(subject, mode, days(10));
  const version = await put(store, key, text, { retention });
  assert.deepEqual((await store.head(key))?.retention, retention);
  await assert.rejects(store.delete(key), failsWith("object-locked"));
  await assert.rejects(put(store, key, bytesFromText("x")), failsWith("object-locked"));
  await assert.rejects(
    put(store, key, bytesFromText("x"), { condition: replaces(version) }),
    failsWith("object-locked"),
  );
  assert.deepEqual(await store.get(key, 0, 100), text);
  assert.equal((await store.head(key))?.version, version);
  if (pass === undefined) return;
  await pass(days(11));
  await store.delete(key);
  assert.equal(await store.head(key), undefined);
}

function checkBypass(check: Check): void {
  check(
    "a bypass shortens and deletes under GOVERNANCE",
    async (subject) => {
      const { store } = subject;
      await put(store, key, text, { retention: untilIn(subject, "GOVERNANCE", days(10)) });
      await store.setRetention(key, untilIn(subject, "GOVERNANCE", days(1)), bypass);
      await assert.rejects(store.delete(key), failsWith("object-locked"));
      await store.delete(key, bypass);
      assert.equal(await store.head(key), undefined);
      assert.deepEqual(await store.list("", undefined, 10), []);
    },
    hasMode("GOVERNANCE"),
  );
  check(
    "nothing bypasses COMPLIANCE",
    async (subject) => {
      const { store } = subject;
      await put(store, key, text, { retention: untilIn(subject, "COMPLIANCE", days(10)) });
      await assert.rejects(store.delete(key, bypass), failsWith("object-locked"));
      const shorter = untilIn(subject, "COMPLIANCE", days(1));
      await assert.rejects(store.setRetention(key, shorter, bypass), failsWith("object-locked"));
      const weaker = untilIn(subject, "GOVERNANCE", days(20));
      await assert.rejects(store.setRetention(key, weaker, bypass), failsWith("object-locked"));
      assert.deepEqual(await store.get(key, 0, 100), text);
    },
    hasMode("COMPLIANCE"),
  );
  check(
    "GOVERNANCE can become COMPLIANCE of the same time or later",
    async (subject) => {
      const { store } = subject;
      await put(store, key, text, { retention: untilIn(subject, "GOVERNANCE", days(10)) });
      const stronger = untilIn(subject, "COMPLIANCE", days(11));
      await store.setRetention(key, stronger);
      assert.deepEqual((await store.head(key))?.retention, stronger);
      await assert.rejects(store.delete(key, bypass), failsWith("object-locked"));
    },
    (abilities) => hasMode("GOVERNANCE")(abilities) && hasMode("COMPLIANCE")(abilities),
  );
}

/** Legal holds. */
export function checkLegalHold(check: Check): void {
  check(
    "a legal hold keeps an object until it is lifted",
    async ({ store, pass }) => {
      await assert.rejects(store.setLegalHold(key, true), failsWith("object-missing"));
      await put(store, key, text, { legalHold: true });
      assert.equal((await store.head(key))?.legalHold, true);
      await pass?.(days(1000));
      await assert.rejects(store.delete(key, bypass), failsWith("object-locked"));
      await assert.rejects(put(store, key, bytesFromText("x")), failsWith("object-locked"));
      await store.setLegalHold(key, false);
      assert.equal((await store.head(key))?.legalHold, false);
      await store.setLegalHold(key, true);
      await assert.rejects(store.delete(key), failsWith("object-locked"));
      await store.setLegalHold(key, false);
      await store.delete(key);
      assert.equal(await store.head(key), undefined);
    },
    ({ legalHold }) => legalHold,
  );
}

// SPDX-License-Identifier: Apache-2.0
// What every adapter of the ObjectStore port must do. An adapter's test calls `objectStoreConformance` once.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { bytesFromText, days, hours, seconds } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import { checkLegalHold, checkRetention } from "./object-lock-conformance.ts";
import { objectKey } from "./object-key.ts";
import {
  absent,
  type Check,
  failsWith,
  key,
  type Need,
  type ObjectStoreSubject,
  passTime,
  pieces,
  put,
  replaces,
  text,
  untilIn,
} from "./object-test-kit.ts";
import type { ContentEnd, ObjectKey, ObjectStore, ObjectVersion, PutCondition, PutOptions } from "./object-store.ts";

/**
 * Registers the suite for one adapter; `make` gives a fresh store for each test. Tests of abilities that the store says
 * it lacks are skipped by name.
 */
export function objectStoreConformance(name: string, make: () => Promise<ObjectStoreSubject>): void {
  const check: Check = (title, body, need) => {
    void test(`${name}: ${title}`, async (context) => {
      const subject = await make();
      if (need?.(subject.store.abilities) === false) return context.skip("this store cannot do that");
      await body(subject);
    });
  };
  checkContent(check);
  checkLateEnd(check);
  checkConditions(check);
  checkNames(check);
  checkClasses(check);
  checkRetention(check);
  checkLegalHold(check);
  checkLacking(check);
}

function checkContent(check: Check): void {
  check("what was put is what is read", async ({ store }) => {
    const version = await put(store, key, text);
    assert.deepEqual(await store.get(key, 0, 10), text);
    const info = await store.head(key);
    assert.deepEqual(info, {
      key,
      sizeBytes: 10,
      storageClass: "STANDARD",
      thaw: { kind: "warm" },
      crc32: crc32(text),
      version,
      retention: undefined,
      legalHold: false,
    });
  });
  check("a range is read, cut at the end of the object", async ({ store }) => {
    await put(store, key, text);
    assert.deepEqual(await store.get(key, 3, 4), bytesFromText("3456"));
    assert.deepEqual(await store.get(key, 8, 100), bytesFromText("89"));
    assert.equal((await store.get(key, 10, 5)).byteLength, 0);
    assert.equal((await store.get(key, 2, 0)).byteLength, 0);
  });
  check("an empty object can be stored", async ({ store }) => {
    await put(store, key, new Uint8Array(0));
    assert.equal((await store.head(key))?.sizeBytes, 0);
    assert.equal((await store.get(key, 0, 10)).byteLength, 0);
  });
  check("a put replaces the object whole", async ({ store }) => {
    await put(store, key, text);
    for (const content of ["ab", "cdef", "g"]) {
      await put(store, key, bytesFromText(content));
      assert.deepEqual(await store.get(key, 0, 100), bytesFromText(content));
    }
  });
  check("content that does not match its checksum or length is refused and not stored", async ({ store }) => {
    await assert.rejects(put(store, key, text, { crc32: crc32(text) ^ 1 }), failsWith("object-corrupt"));
    const short = store.put(key, 11, pieces(text), { storageClass: "STANDARD", crc32: crc32(text) });
    await assert.rejects(short, failsWith("object-corrupt"));
    assert.equal(await store.head(key), undefined);
    await put(store, key, text);
    await assert.rejects(put(store, key, bytesFromText("y"), { crc32: 7 }), failsWith("object-corrupt"));
    assert.deepEqual(await store.get(key, 0, 100), text);
  });
  check("a put whose content fails stores nothing", async ({ store }) => {
    const broken = (async function* (): AsyncIterable<Uint8Array> {
      yield text;
      throw new Error("the source broke");
    })();
    const options: PutOptions = { storageClass: "STANDARD", crc32: 0 };
    await assert.rejects(store.put(key, 20, broken, options), /the source broke/);
    assert.equal(await store.head(key), undefined);
  });
  check("an aborted put or get ends with the reason", async ({ store }) => {
    await put(store, key, text);
    const signal = AbortSignal.abort(new Error("enough"));
    await assert.rejects(put(store, key, text, { signal }), /enough/);
    await assert.rejects(store.get(key, 0, 1, signal), /enough/);
    assert.deepEqual(await store.get(key, 0, 100), text);
  });
}

function checkLateEnd(check: Check): void {
  const late: Need = ({ lateEnd }) => lateEnd === true;
  const lateOptions = { storageClass: "STANDARD", crc32: 0, condition: absent } as const;
  check(
    "content may be made while it is put, and its size and checksum told at its end",
    async ({ store }) => {
      let end: ContentEnd | undefined;
      const content = async function* (): AsyncIterable<Uint8Array> {
        yield* pieces(text);
        end = { sizeBytes: text.byteLength, crc32: crc32(text) };
      };
      const options = { ...lateOptions, end: () => end };
      await store.put(key, 1000, content(), options);
      assert.deepEqual(await store.get(key, 0, 100), text);
      const { sizeBytes, crc32: sum } = (await store.head(key)) ?? {};
      assert.deepEqual([sizeBytes, sum], [text.byteLength, crc32(text)]);
      await assert.rejects(store.put(key, 1000, content(), options), failsWith("object-exists"));
    },
    late,
  );
  check(
    "content that is not what is told at its end is refused and not stored",
    async ({ store }) => {
      const whole = { sizeBytes: text.byteLength, crc32: crc32(text) };
      for (const end of [{ ...whole, sizeBytes: 11 }, { ...whole, crc32: 1 }, undefined]) {
        const options = { ...lateOptions, end: () => end };
        await assert.rejects(store.put(key, 1000, pieces(text), options), failsWith("object-corrupt"));
        assert.equal(await store.head(key), undefined);
      }
    },
    late,
  );
  check(
    "a store that must know at once asks for no end",
    async ({ store }) => {
      const options = { storageClass: "STANDARD", crc32: crc32(text), end: () => assert.fail("asked") } as const;
      await store.put(key, text.byteLength, pieces(text), options);
      assert.deepEqual(await store.get(key, 0, 100), text);
    },
    (abilities) => !late(abilities),
  );
}

function checkConditions(check: Check): void {
  check("a put that must create creates once and leaves the first object alone", async ({ store }) => {
    const version = await put(store, key, text, { condition: absent });
    await assert.rejects(put(store, key, bytesFromText("x"), { condition: absent }), failsWith("object-exists"));
    assert.deepEqual(await store.get(key, 0, 100), text);
    assert.equal((await store.head(key))?.version, version);
  });
  check("a put that must replace replaces what it names and nothing else", async ({ store }) => {
    const put2 = (content: string, version: ObjectVersion): Promise<ObjectVersion> =>
      put(store, key, bytesFromText(content), { condition: replaces(version) });
    const first = await put(store, key, text);
    const second = await put2("second", first);
    assert.notEqual(second, first);
    await assert.rejects(put2("third", first), failsWith("object-changed"));
    assert.deepEqual(await store.get(key, 0, 100), bytesFromText("second"));
    assert.equal((await store.head(key))?.version, second);
    await store.delete(key);
    await assert.rejects(put2("third", second), failsWith("object-changed"));
    assert.equal(await store.head(key), undefined);
  });
  const race = async (store: ObjectStore, condition: PutCondition): Promise<void> => {
    const contents = Array.from({ length: 8 }, (_, index) => bytesFromText(`content ${index}`));
    const results = await Promise.allSettled(contents.map((content) => put(store, key, content, { condition })));
    const winners = contents.filter((_, index) => results[index]?.status === "fulfilled");
    assert.equal(winners.length, 1);
    assert.deepEqual(await store.get(key, 0, 100), winners[0]);
  };
  check(
    "of many puts at once that must create exactly one succeeds",
    ({ store }) => race(store, absent),
    ({ createOnly }) => createOnly,
  );
  check(
    "of many puts at once that must replace one version exactly one succeeds",
    async ({ store }) => race(store, replaces(await put(store, key, text))),
    ({ replaceOnly }) => replaceOnly,
  );
}

function checkNames(check: Check): void {
  check("an absent object is absent", async ({ store }) => {
    assert.equal(await store.head(key), undefined);
    await assert.rejects(store.get(key, 0, 1), failsWith("object-missing"));
    await assert.rejects(store.changeClass(key, "STANDARD"), failsWith("object-missing"));
    await assert.rejects(store.thaw(key, "Standard", days(1)), failsWith("object-missing"));
    await store.delete(key);
  });
  check("a deleted object is gone, and its key can be used again", async ({ store }) => {
    await put(store, key, text);
    await store.delete(key);
    assert.equal(await store.head(key), undefined);
    assert.deepEqual(await store.list("", undefined, 10), []);
    await put(store, key, bytesFromText("new"), { condition: absent });
    assert.deepEqual(await store.get(key, 0, 100), bytesFromText("new"));
  });
  check("keys that look alike are different objects", async ({ store }) => {
    const names = [
      "a",
      "a.data",
      "a.data/b",
      "a.meta",
      "a.meta/b",
      "a.new",
      "a%2edata",
      "a/b",
      "A",
      "a b",
      "ä/ö",
      "a.1.data",
    ];
    for (const name of names) await put(store, objectKey(name), bytesFromText(name));
    for (const name of names) assert.deepEqual(await store.get(objectKey(name), 0, 100), bytesFromText(name), name);
    const expected = names.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
    assert.deepEqual(await store.list("", undefined, 100), expected);
    for (const name of names) await store.delete(objectKey(name));
    assert.deepEqual(await store.list("", undefined, 100), []);
  });
  check("a listing is in byte order, by prefix, and goes on behind a key", async ({ store }) => {
    const names = ["a/1", "a/10", "a/2", "a-b", "ab/3", "b/1"];
    for (const name of names.toReversed()) await put(store, objectKey(name), text);
    assert.deepEqual(await store.list("a/", undefined, 10), ["a/1", "a/10", "a/2"]);
    assert.deepEqual(await store.list("a", undefined, 10), ["a-b", "a/1", "a/10", "a/2", "ab/3"]);
    assert.deepEqual(await store.list("a", "a/1", 2), ["a/10", "a/2"]);
    assert.deepEqual(await store.list("a", "ab/3", 2), []);
    assert.deepEqual(await store.list("zz/", undefined, 10), []);
  });
  check("a key that is none is refused", async ({ store }) => {
    for (const bad of ["", "/a", "a//b", "a/../b", ".", "a\nb", "x".repeat(513)]) {
      assert.throws(() => objectKey(bad), failsWith("object-key"), JSON.stringify(bad));
    }
    await assert.rejects(async () => store.head("a/../b" as ObjectKey), failsWith("object-key"));
  });
}

const isCold =
  (storageClass: "GLACIER" | "DEEP_ARCHIVE"): Need =>
  ({ thaw }) =>
    thaw[storageClass] !== undefined;

function checkClasses(check: Check): void {
  for (const storageClass of ["GLACIER", "DEEP_ARCHIVE"] as const) {
    const title = `${storageClass} must be thawed before it can be read`;
    check(title, (subject) => checkThaw(subject, storageClass), isCold(storageClass));
  }
  checkColdMoves(check);
  check(
    "warm classes are readable at once and a thaw of them has no effect",
    async ({ store }) => {
      await put(store, key, text, { storageClass: "GLACIER_IR" });
      await store.thaw(key, "Bulk", days(1));
      assert.deepEqual((await store.head(key))?.thaw, { kind: "warm" });
      assert.deepEqual(await store.get(key, 0, 100), text);
      await store.changeClass(key, "STANDARD");
      assert.equal((await store.head(key))?.storageClass, "STANDARD");
    },
    ({ classes }) => classes.includes("GLACIER_IR"),
  );
  check("every class that the store has can be put into, and moved to", async ({ store }) => {
    for (const storageClass of store.abilities.classes) {
      const [direct, moved] = [objectKey(`put/${storageClass}`), objectKey(`moved/${storageClass}`)];
      await put(store, direct, text, { storageClass });
      await put(store, moved, text);
      await store.changeClass(moved, storageClass);
      for (const at of [direct, moved]) {
        const info = await store.head(at);
        assert.equal(info?.storageClass, storageClass);
        assert.equal(info?.crc32, crc32(text));
        assert.equal(info?.thaw.kind, store.abilities.thaw[storageClass] === undefined ? "warm" : "frozen");
      }
    }
  });
}

async function checkThaw(subject: ObjectStoreSubject, storageClass: "GLACIER" | "DEEP_ARCHIVE"): Promise<void> {
  const { store } = subject;
  await put(store, key, text);
  await store.changeClass(key, storageClass);
  assert.deepEqual((await store.head(key))?.thaw, { kind: "frozen" });
  await assert.rejects(store.get(key, 0, 1), failsWith("object-frozen"));
  await store.thaw(key, "Standard", days(3));
  assert.equal((await store.head(key))?.thaw.kind, "thawing");
  await assert.rejects(store.get(key, 0, 1), failsWith("object-frozen"));
  await passTime(subject, hours(48));
  assert.equal((await store.head(key))?.thaw.kind, "thawed");
  assert.deepEqual(await store.get(key, 0, 100), text);
  assert.equal((await store.head(key))?.storageClass, storageClass);
  await passTime(subject, days(5));
  assert.deepEqual((await store.head(key))?.thaw, { kind: "frozen" });
  await assert.rejects(store.get(key, 0, 1), failsWith("object-frozen"));
}

function checkColdMoves(check: Check): void {
  check(
    "a put straight into a cold class is frozen",
    async ({ store }) => {
      await put(store, key, text, { storageClass: "GLACIER" });
      assert.deepEqual((await store.head(key))?.thaw, { kind: "frozen" });
      await assert.rejects(store.changeClass(key, "STANDARD"), failsWith("object-frozen"));
      await assert.rejects(store.changeClass(key, "DEEP_ARCHIVE"), failsWith("object-frozen"));
      await store.changeClass(key, "GLACIER");
    },
    (abilities) => isCold("GLACIER")(abilities) && isCold("DEEP_ARCHIVE")(abilities),
  );
  check(
    "a second thaw extends a thawed object and does not delay a thawing one",
    async (subject) => {
      const { store } = subject;
      await put(store, key, text, { storageClass: "GLACIER" });
      await store.thaw(key, "Standard", days(2));
      const first = (await store.head(key))?.thaw;
      await passTime(subject, seconds(1));
      await store.thaw(key, "Standard", days(2));
      assert.deepEqual((await store.head(key))?.thaw, first);
      await passTime(subject, hours(48));
      await store.thaw(key, "Bulk", days(9));
      await passTime(subject, days(8));
      assert.deepEqual(await store.get(key, 0, 100), text);
    },
    isCold("GLACIER"),
  );
  check(
    "a thawed object can move to a warm class and stays readable",
    async (subject) => {
      const { store } = subject;
      await put(store, key, text, { storageClass: "GLACIER" });
      await store.thaw(key, "Standard", days(3));
      await passTime(subject, hours(48));
      await store.changeClass(key, "STANDARD");
      await passTime(subject, days(30));
      assert.deepEqual((await store.head(key))?.thaw, { kind: "warm" });
      assert.deepEqual(await store.get(key, 0, 100), text);
    },
    isCold("GLACIER"),
  );
  check(
    "a tier that the class lacks is refused, and the others work",
    async ({ store }) => {
      await put(store, key, text, { storageClass: "DEEP_ARCHIVE" });
      await assert.rejects(store.thaw(key, "Expedited", days(1)), failsWith("tier-unsupported"));
      assert.deepEqual((await store.head(key))?.thaw, { kind: "frozen" });
      await store.thaw(key, "Bulk", days(1));
      assert.equal((await store.head(key))?.thaw.kind, "thawing");
    },
    isCold("DEEP_ARCHIVE"),
  );
}

function checkLacking(check: Check): void {
  check("what the store says it lacks is refused by name", async (subject) => {
    const { store } = subject;
    const { classes, retention, legalHold } = store.abilities;
    const lacks = failsWith("object-store-lacks");
    await put(store, key, text);
    for (const storageClass of ["STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"] as const) {
      if (classes.includes(storageClass)) continue;
      await assert.rejects(put(store, objectKey("no"), text, { storageClass }), lacks);
      await assert.rejects(store.changeClass(key, storageClass), lacks);
    }
    for (const mode of ["GOVERNANCE", "COMPLIANCE"] as const) {
      if (retention.includes(mode)) continue;
      const lock = untilIn(subject, mode, days(1));
      await assert.rejects(put(store, objectKey("no"), text, { retention: lock }), lacks);
      await assert.rejects(store.setRetention(key, lock), lacks);
    }
    if (!legalHold) await assert.rejects(store.setLegalHold(key, true), lacks);
    assert.deepEqual(await store.list("", undefined, 10), [key]);
  });
}

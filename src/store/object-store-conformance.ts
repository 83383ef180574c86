// SPDX-License-Identifier: Apache-2.0
// What every adapter of the ObjectStore port must do. An adapter's test calls `objectStoreConformance` once.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { bytesFromText, days, hours, isFault, seconds, type Duration } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import { objectKey } from "./object-key.ts";
import type { ObjectKey, ObjectStore, PutOptions } from "./object-store.ts";

/** One adapter under test, empty. */
export interface ObjectStoreSubject {
  readonly store: ObjectStore;
  /** Lets time pass on the clock that the store lives by; a Standard thaw takes between one minute and 48 hours. */
  readonly pass: (duration: Duration) => Promise<void>;
}

const key = objectKey("cartridges/c1/segments/00000001");
const text = bytesFromText("0123456789");

async function* pieces(content: Uint8Array, size = 4): AsyncIterable<Uint8Array> {
  for (let offset = 0; offset < content.byteLength; offset += size) yield content.subarray(offset, offset + size);
}

function put(store: ObjectStore, at: ObjectKey, content: Uint8Array, options: Partial<PutOptions> = {}): Promise<void> {
  return store.put(at, content.byteLength, pieces(content), {
    storageClass: "STANDARD",
    crc32: crc32(content),
    ifAbsent: false,
    ...options,
  });
}

const failsWith = (code: string) => (error: unknown) => isFault(error, `store.${code}`);

/** Registers the suite for one adapter; `make` gives a fresh store for each test. */
export function objectStoreConformance(name: string, make: () => Promise<ObjectStoreSubject>): void {
  const check = (title: string, body: (subject: ObjectStoreSubject) => Promise<void>): void => {
    void test(`${name}: ${title}`, async () => body(await make()));
  };
  checkContent(check);
  checkNames(check);
  checkClasses(check);
}

type Check = (title: string, body: (subject: ObjectStoreSubject) => Promise<void>) => void;

function checkContent(check: Check): void {
  check("what was put is what is read", async ({ store }) => {
    await put(store, key, text);
    assert.deepEqual(await store.get(key, 0, 10), text);
    const info = await store.head(key);
    assert.deepEqual(info, {
      key,
      sizeBytes: 10,
      storageClass: "STANDARD",
      thaw: { kind: "warm" },
      crc32: crc32(text),
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
  check("a conditional put creates once and leaves the first object alone", async ({ store }) => {
    await put(store, key, text, { ifAbsent: true });
    await assert.rejects(put(store, key, bytesFromText("x"), { ifAbsent: true }), failsWith("object-exists"));
    assert.deepEqual(await store.get(key, 0, 100), text);
  });
  check("of many conditional puts at once exactly one succeeds", async ({ store }) => {
    const contents = Array.from({ length: 8 }, (_, index) => bytesFromText(`content ${index}`));
    const results = await Promise.allSettled(contents.map((content) => put(store, key, content, { ifAbsent: true })));
    const winners = contents.filter((_, index) => results[index]?.status === "fulfilled");
    assert.equal(winners.length, 1);
    assert.deepEqual(await store.get(key, 0, 100), winners[0]);
  });
  check("content that does not match its checksum or length is refused and not stored", async ({ store }) => {
    await assert.rejects(put(store, key, text, { crc32: crc32(text) ^ 1 }), failsWith("object-corrupt"));
    const short = store.put(key, 11, pieces(text), { storageClass: "STANDARD", crc32: crc32(text), ifAbsent: false });
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
    const options: PutOptions = { storageClass: "STANDARD", crc32: 0, ifAbsent: false };
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

function checkNames(check: Check): void {
  check("an absent object is absent", async ({ store }) => {
    assert.equal(await store.head(key), undefined);
    await assert.rejects(store.get(key, 0, 1), failsWith("object-missing"));
    await assert.rejects(store.changeClass(key, "GLACIER"), failsWith("object-missing"));
    await assert.rejects(store.thaw(key, "Standard", days(1)), failsWith("object-missing"));
    await store.delete(key);
  });
  check("a deleted object is gone, and its key can be used again", async ({ store }) => {
    await put(store, key, text);
    await store.delete(key);
    assert.equal(await store.head(key), undefined);
    assert.deepEqual(await store.list("", undefined, 10), []);
    await put(store, key, bytesFromText("new"), { ifAbsent: true });
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

function checkClasses(check: Check): void {
  for (const storageClass of ["GLACIER", "DEEP_ARCHIVE"] as const) {
    check(`${storageClass} must be thawed before it can be read`, async ({ store, pass }) => {
      await put(store, key, text);
      await store.changeClass(key, storageClass);
      assert.deepEqual((await store.head(key))?.thaw, { kind: "frozen" });
      await assert.rejects(store.get(key, 0, 1), failsWith("object-frozen"));
      await store.thaw(key, "Standard", days(3));
      assert.equal((await store.head(key))?.thaw.kind, "thawing");
      await assert.rejects(store.get(key, 0, 1), failsWith("object-frozen"));
      await pass(hours(48));
      assert.equal((await store.head(key))?.thaw.kind, "thawed");
      assert.deepEqual(await store.get(key, 0, 100), text);
      assert.equal((await store.head(key))?.storageClass, storageClass);
      await pass(days(4));
      assert.deepEqual((await store.head(key))?.thaw, { kind: "frozen" });
      await assert.rejects(store.get(key, 0, 1), failsWith("object-frozen"));
    });
  }
  check("a put straight into a cold class is frozen", async ({ store }) => {
    await put(store, key, text, { storageClass: "GLACIER" });
    assert.deepEqual((await store.head(key))?.thaw, { kind: "frozen" });
    await assert.rejects(store.changeClass(key, "STANDARD"), failsWith("object-frozen"));
    await assert.rejects(store.changeClass(key, "DEEP_ARCHIVE"), failsWith("object-frozen"));
    await store.changeClass(key, "GLACIER");
  });
  check("a second thaw extends a thawed object and does not delay a thawing one", async ({ store, pass }) => {
    await put(store, key, text, { storageClass: "GLACIER" });
    await store.thaw(key, "Standard", days(2));
    const first = (await store.head(key))?.thaw;
    await pass(seconds(1));
    await store.thaw(key, "Standard", days(2));
    assert.deepEqual((await store.head(key))?.thaw, first);
    await pass(hours(48));
    await store.thaw(key, "Bulk", days(9));
    await pass(days(8));
    assert.deepEqual(await store.get(key, 0, 100), text);
  });
  check("a thawed object can move to a warm class and stays readable", async ({ store, pass }) => {
    await put(store, key, text, { storageClass: "GLACIER" });
    await store.thaw(key, "Standard", days(3));
    await pass(hours(48));
    await store.changeClass(key, "STANDARD");
    await pass(days(30));
    assert.deepEqual((await store.head(key))?.thaw, { kind: "warm" });
    assert.deepEqual(await store.get(key, 0, 100), text);
  });
  check("warm classes are readable at once and a thaw of them has no effect", async ({ store }) => {
    await put(store, key, text, { storageClass: "GLACIER_IR" });
    await store.thaw(key, "Bulk", days(1));
    assert.deepEqual((await store.head(key))?.thaw, { kind: "warm" });
    assert.deepEqual(await store.get(key, 0, 100), text);
    await store.changeClass(key, "STANDARD");
    assert.equal((await store.head(key))?.storageClass, "STANDARD");
  });
}

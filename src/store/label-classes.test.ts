// SPDX-License-Identifier: Apache-2.0
// Classes that are labels pass the suite of the port, on places that are folders and on places that fail, and a move that
// is cut off at any request leaves the object readable where it was, or where it goes.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { bytesFromText, days, hours, isFault, minutes } from "#base/index.ts";
import { SeededRandom, SimClock, SimObjectStore } from "#sim/index.ts";
import { crc32 } from "./crc32.ts";
import { LabelClasses } from "./label-classes.ts";
import { objectKey } from "./object-key.ts";
import { allAbilities } from "./object-rules.ts";
import { objectStoreConformance } from "./object-store-conformance.ts";

const thawDelay = { Expedited: minutes(3), Standard: hours(4), Bulk: hours(10) };
const plain = { ...allAbilities, classes: ["STANDARD"], thaw: {} } as const;

function make() {
  const clock = new SimClock();
  const random = new SeededRandom(1);
  const place = (): SimObjectStore => new SimObjectStore({ clock, random, thawDelay, abilities: plain });
  const [objects, glacier, deep, instant] = [place(), place(), place(), place()];
  const places = [
    { storageClass: "GLACIER", objects: glacier },
    { storageClass: "DEEP_ARCHIVE", objects: deep },
    { storageClass: "GLACIER_IR", objects: instant },
  ] as const;
  const store = new LabelClasses({ objects, places, clock, thawDelay });
  return { clock, store, objects, glacier, deep };
}

objectStoreConformance("classes that are labels", async () => {
  const { clock, store } = make();
  return { store, now: () => clock.now(), pass: (duration) => clock.advance(duration) };
});

const key = objectKey("a/b");
const text = bytesFromText("content");
async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
const put = (store: LabelClasses, storageClass: "STANDARD" | "GLACIER", content = text) =>
  store.put(key, content.byteLength, once(content), { storageClass, crc32: crc32(content) });

test("an object lies in the place of its class and nowhere else", async () => {
  const { store, objects, glacier, deep } = make();
  await put(store, "STANDARD");
  assert.deepEqual(objects.keys, ["a/b"]);
  await store.changeClass(key, "GLACIER");
  assert.deepEqual([objects.keys, glacier.keys], [["labels/a/b"], ["a/b"]]);
  assert.deepEqual(await store.list("", undefined, 10), ["a/b"]);
  await assert.rejects(store.get(key, 0, 1), (error) => isFault(error, "store.object-frozen"));
  await put(store, "STANDARD", bytesFromText("new"));
  assert.deepEqual([objects.keys, glacier.keys, deep.keys], [["a/b"], [], []]);
  await store.changeClass(key, "DEEP_ARCHIVE");
  await store.delete(key);
  assert.deepEqual([objects.keys, glacier.keys, deep.keys], [[], [], []]);
});

test("labels are in no listing, wherever it begins and however short it is", async () => {
  const { store } = make();
  for (const name of ["a", "kz", "m", "z"]) {
    const content = bytesFromText(name);
    const options = { storageClass: "GLACIER", crc32: crc32(content) } as const;
    await store.put(objectKey(name), content.byteLength, once(content), options);
  }
  assert.deepEqual(await store.list("", undefined, 10), ["a", "kz", "m", "z"]);
  assert.deepEqual(await store.list("", undefined, 3), ["a", "kz", "m"]);
  assert.deepEqual(await store.list("", "kz", 1), ["m"]);
  assert.deepEqual(await store.list("l", undefined, 10), []);
});

test("a move that fails at any request has not lost the object, and can be repeated", async () => {
  let failures = 0;
  for (const way of ["failBefore", "failAfter"] as const) {
    for (const [from, to] of [
      ["STANDARD", "GLACIER"],
      ["GLACIER", "STANDARD"],
    ] as const) {
      for (let failing = 1; failing <= 12; failing++) {
        const { clock, store, objects, glacier } = make();
        await put(store, from);
        if (from === "GLACIER") {
          await store.thaw(key, "Standard", days(5));
          await clock.advance(hours(5));
        }
        let left = failing;
        const count = (): number => (--left === 0 ? 1 : 0);
        for (const place of [objects, glacier]) {
          const chances = Object.defineProperties(
            {},
            Object.fromEntries(["put", "get", "head", "delete"].map((method) => [method, { get: count }])),
          );
          place.options[way] = chances;
        }
        await store.changeClass(key, to).catch((error: unknown) => {
          assert.ok(isFault(error, "store.object-store-unreachable"), String(error));
          failures += 1;
        });
        for (const place of [objects, glacier]) delete place.options[way];
        const info = await store.head(key);
        assert.equal(info?.crc32, crc32(text), `${way} ${from} ${to} ${failing}`);
        if (info.thaw.kind === "warm" || info.thaw.kind === "thawed")
          assert.deepEqual(await store.get(key, 0, 9), text);
        await store.changeClass(key, to);
        assert.equal((await store.head(key))?.storageClass, to);
        await store.delete(key);
        assert.deepEqual([objects.keys, glacier.keys], [[], []]);
      }
    }
  }
  assert.ok(failures >= 20, `only ${failures} moves failed`);
});

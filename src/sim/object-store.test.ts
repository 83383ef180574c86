// SPDX-License-Identifier: Apache-2.0
// The simulated object store does what the port says, and fails on request.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { bytesFromText, days, hours, isFault, minutes } from "#base/index.ts";
import { allAbilities, crc32, objectKey } from "#store/index.ts";
import { objectStoreConformance } from "#store/object-store-conformance.ts";
import { SimClock } from "./clock.ts";
import { SimObjectStore } from "./object-store.ts";
import { SeededRandom } from "./random.ts";

const thawDelay = { Expedited: minutes(3), Standard: hours(4), Bulk: hours(10) };

function make(): { readonly clock: SimClock; readonly store: SimObjectStore } {
  const clock = new SimClock();
  return { clock, store: new SimObjectStore({ clock, random: new SeededRandom(1), thawDelay }) };
}

objectStoreConformance("simulated object store", async () => {
  const { clock, store } = make();
  return { store, now: () => clock.now(), pass: (duration) => clock.advance(duration) };
});

objectStoreConformance("simulated object store that learns sizes late", async () => {
  const clock = new SimClock();
  const abilities = { ...allAbilities, lateEnd: true };
  const store = new SimObjectStore({ clock, random: new SeededRandom(1), thawDelay, abilities });
  return { store, now: () => clock.now(), pass: (duration) => clock.advance(duration) };
});

objectStoreConformance("simulated object store that can do little", async () => {
  const clock = new SimClock();
  const abilities = { ...allAbilities, classes: ["STANDARD"], thaw: {}, retention: [], legalHold: false } as const;
  const store = new SimObjectStore({ clock, random: new SeededRandom(1), thawDelay, abilities });
  return { store, now: () => clock.now(), pass: (duration) => clock.advance(duration) };
});

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

void test("a call that fails after its effect has had it", async () => {
  const { store } = make();
  const key = objectKey("a");
  const content = bytesFromText("x");
  store.options.failAfter = { put: 1 };
  const options = { storageClass: "STANDARD", crc32: crc32(content), condition: { kind: "absent" } } as const;
  await assert.rejects(store.put(key, 1, once(content), options), (error) =>
    isFault(error, "store.object-store-unreachable"),
  );
  assert.deepEqual(store.contentOf("a"), content);
});

void test("a call that fails before its effect has none", async () => {
  const { store } = make();
  store.options.failBefore = { thaw: 1, put: 1 };
  const content = bytesFromText("x");
  const options = { storageClass: "STANDARD", crc32: crc32(content), condition: { kind: "absent" } } as const;
  await assert.rejects(store.put(objectKey("a"), 1, once(content), options));
  assert.deepEqual(store.keys, []);
  await assert.rejects(store.thaw(objectKey("a"), "Bulk", days(1)), (error) =>
    isFault(error, "store.object-store-unreachable"),
  );
});

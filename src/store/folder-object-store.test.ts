// SPDX-License-Identifier: Apache-2.0
// The folder store does what the port says, on the simulated disk; it survives crashes and names damaged files.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import {
  bytesFromText,
  type Clock,
  days,
  type Duration,
  hours,
  type Instant,
  isFault,
  later,
  limits,
  minutes,
} from "#base/index.ts";
import { SeededRandom, SimClock, SimDisk } from "#sim/index.ts";
import { crc32 } from "./crc32.ts";
import { decodeMeta, encodeMeta, keyOfPath, pathOfKey } from "./folder-object-format.ts";
import { FolderObjectStore } from "./folder-object-store.ts";
import { objectKey } from "./object-key.ts";
import { objectStoreConformance } from "./object-store-conformance.ts";
import type { ObjectVersion, PutOptions } from "./object-store.ts";

const thawDelay = { Expedited: minutes(3), Standard: hours(4), Bulk: hours(10) };

async function make(
  seed = 1,
  directAlignment = 1,
): Promise<{ clock: SimClock; medium: SimDisk; open: () => Promise<FolderObjectStore> }> {
  const clock = new SimClock();
  const random = new SeededRandom(seed);
  const medium = new SimDisk({ random, directAlignment });
  const open = async (): Promise<FolderObjectStore> => {
    const store = new FolderObjectStore({ disk: medium.attach(), clock, random, folder: "store", thawDelay });
    await store.open();
    return store;
  };
  return { clock, medium, open };
}

for (const directAlignment of [1, 4096]) {
  objectStoreConformance(`folder store, alignment ${directAlignment}`, async () => {
    const { clock, open } = await make(1, directAlignment);
    return { store: await open(), now: () => clock.now(), pass: (duration) => clock.advance(duration) };
  });
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

const key = objectKey("c/1");
const put = (store: FolderObjectStore, text: string, options: Partial<PutOptions> = {}): Promise<ObjectVersion> => {
  const content = bytesFromText(text);
  return store.put(key, content.byteLength, once(content), {
    storageClass: "STANDARD",
    crc32: crc32(content),
    ...options,
  });
};

void test("content of any length in pieces of any length is written past the page cache as it is", async () => {
  const { open } = await make(1, 4096);
  const store = await open();
  const MiB = 1024 * 1024;
  const whole = Uint8Array.from({ length: 2 * MiB + 4097 }, (_, index) => (index * 31 + (index >> 12)) & 0xff);
  for (const size of [0, 1, 4095, 4096, 4097, MiB - 1, MiB, MiB + 1, 2 * MiB, whole.byteLength]) {
    for (const step of [1000, 4096, 300_000, 3 * MiB]) {
      const content = whole.subarray(0, size);
      const pieces = async function* (): AsyncIterable<Uint8Array> {
        for (let offset = 0; offset < size; offset += step) yield content.subarray(offset, offset + step);
      };
      const sum = size === 0 ? 0 : crc32(content);
      await store.put(key, size, pieces(), { storageClass: "STANDARD", crc32: sum });
      const found = await store.get(key, 0, whole.byteLength);
      assert.equal(Buffer.compare(found, content), 0, `${size} bytes in pieces of ${step}`);
    }
  }
});

void test("what a put acknowledged survives the loss of power, over and over", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const { medium, open } = await make(seed);
    let store = await open();
    for (let round = 0; round < 5; round++) {
      await put(store, `round ${round}`);
      medium.crash();
      store = await open();
      assert.deepEqual(await store.get(key, 0, 100), bytesFromText(`round ${round}`), `seed ${seed}`);
    }
    await store.delete(key);
    medium.crash();
    store = await open();
    assert.equal(await store.head(key), undefined, `seed ${seed}`);
    await put(store, "again", { condition: { kind: "absent" } });
    assert.deepEqual(await store.get(key, 0, 100), bytesFromText("again"));
  }
});

void test("a put that the power loss interrupts leaves the old object or the new one", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const { medium, open } = await make(seed);
    let store = await open();
    await put(store, "old");
    let steps = seed % 12;
    medium.options.fail = () => {
      if (steps-- === 0) medium.crash();
      return undefined;
    };
    const unfinished = put(store, "new");
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    void unfinished.catch(() => undefined);
    delete medium.options.fail;
    medium.crash();
    store = await open();
    const text = Buffer.from(await store.get(key, 0, 100)).toString();
    assert.ok(text === "old" || text === "new", `seed ${seed}: ${text}`);
    await put(store, "newest");
    assert.deepEqual(await store.get(key, 0, 100), bytesFromText("newest"));
  }
});

void test("a damaged meta file is named", () => {
  const retention = { mode: "COMPLIANCE", until: 9 as Instant } as const;
  const locks = { objectVersion: "a" as ObjectVersion, retention, legalHold: true };
  const content = { dataName: "1.1.data", sizeBytes: 3, crc32: 7 };
  const meta = { ...content, storageClass: "GLACIER", thaw: undefined, ...locks } as const;
  const bytes = encodeMeta(meta);
  assert.deepEqual(decodeMeta("p", bytes), meta);
  for (let index = 0; index < bytes.byteLength; index++) {
    const damaged = bytes.slice();
    damaged[index] = (damaged[index] ?? 0) ^ 0x01;
    assert.throws(
      () => decodeMeta("store/x.meta", damaged),
      (error) => isFault(error, "store.file-damaged") && error.message.includes("store/x.meta"),
    );
  }
  assert.throws(
    () => decodeMeta("p", bytes.subarray(0, 20)),
    (error) => isFault(error, "store.file-damaged"),
  );
});

void test("a meta file of a newer release is refused clearly", () => {
  const json = JSON.stringify({ version: 3 });
  const line = `${json} ${crc32(bytesFromText(json)).toString(16).padStart(8, "0")}\n`;
  assert.throws(
    () => decodeMeta("p", bytesFromText(line)),
    (error) => isFault(error, "store.format-newer"),
  );
});

void test("the path of a key leads back to the key", () => {
  for (const text of ["a/b", "a.meta/x.data", "ä b%c", "x.new", "%41", "a.1.data"]) {
    assert.equal(keyOfPath(pathOfKey(text)), text);
  }
});

void test("a meta file of version 1 opens, without locks, and the next put gives it another version", async () => {
  const { medium, open } = await make();
  const store = await open();
  await put(store, "old");
  const path = "store/objects/c/1.meta";
  const json = JSON.stringify({
    version: 1,
    dataName: "1.1.data",
    sizeBytes: 3,
    crc32: crc32(bytesFromText("old")),
    storageClass: "STANDARD",
  });
  const line = bytesFromText(`${json} ${crc32(bytesFromText(json)).toString(16).padStart(8, "0")}\n`);
  const disk = medium.attach();
  await disk.remove(path);
  const file = await disk.open(path, { mode: "create" });
  await file.write(0, [line]);
  await file.close();
  const before = await store.head(key);
  assert.ok(before !== undefined && before.retention === undefined && !before.legalHold);
  assert.deepEqual(await store.get(key, 0, 100), bytesFromText("old"));
  const version = await put(store, "old", { condition: { kind: "replaces", version: before.version } });
  assert.notEqual(version, before.version);
  assert.equal((await store.head(key))?.version, version);
});

void test("a clock that is set forward ends no lock, not over restarts either", async () => {
  const { clock, medium } = await make();
  let skew = 0;
  const system: Clock = {
    now: () => later(clock.now(), skew as Duration),
    monotonic: () => clock.monotonic(),
    setTimer: (after, callback) => clock.setTimer(after, callback),
  };
  const open = async (): Promise<FolderObjectStore> => {
    const options = { disk: medium.attach(), clock: system, random: new SeededRandom(7), folder: "store", thawDelay };
    const store = new FolderObjectStore(options);
    await store.open();
    return store;
  };
  const isLocked = (store: FolderObjectStore): Promise<void> =>
    assert.rejects(store.delete(key), (error) => isFault(error, "store.object-locked"));
  let store = await open();
  await put(store, "kept", { retention: { mode: "GOVERNANCE", until: later(clock.now(), days(100)) } });
  skew = days(4000);
  await isLocked(store);
  for (let restart = 0; restart < 5; restart++) {
    store = await open();
    await isLocked(store);
  }
  skew = 0 - days(4000);
  store = await open();
  await isLocked(store);
  skew = 0;
  store = await open();
  await isLocked(store);
  await clock.advance(days(101));
  await store.delete(key);
  assert.equal(await store.head(key), undefined);
});

void test("a machine that was off keeps its locks that much longer, and no more", async () => {
  const { clock, open } = await make();
  const store = await open();
  await put(store, "kept", { retention: { mode: "COMPLIANCE", until: later(clock.now(), days(30)) } });
  await clock.advance(days(40));
  const later1 = await open();
  await assert.rejects(later1.delete(key), (error) => isFault(error, "store.object-locked"));
  await clock.advance((days(30) - limits.lockClockJump) as Duration);
  await later1.delete(key);
});

// SPDX-License-Identifier: Apache-2.0
// The folder store does what the port says, on the simulated disk; it survives crashes and names damaged files.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { bytesFromText, hours, isFault, minutes } from "#base/index.ts";
import { SeededRandom, SimClock, SimDisk } from "#sim/index.ts";
import { crc32 } from "./crc32.ts";
import { decodeMeta, encodeMeta, keyOfPath, pathOfKey } from "./folder-object-format.ts";
import { FolderObjectStore } from "./folder-object-store.ts";
import { objectKey } from "./object-key.ts";
import { objectStoreConformance } from "./object-store-conformance.ts";

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
    return { store: await open(), pass: (duration) => clock.advance(duration) };
  });
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

const key = objectKey("c/1");
const put = (store: FolderObjectStore, text: string, ifAbsent = false): Promise<void> => {
  const content = bytesFromText(text);
  return store.put(key, content.byteLength, once(content), {
    storageClass: "STANDARD",
    crc32: crc32(content),
    ifAbsent,
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
      await store.put(key, size, pieces(), { storageClass: "STANDARD", crc32: sum, ifAbsent: false });
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
    await put(store, "again", true);
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
  const meta = { dataName: "1.1.data", sizeBytes: 3, crc32: 7, storageClass: "GLACIER", thaw: undefined } as const;
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
  const json = JSON.stringify({ version: 2 });
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

// SPDX-License-Identifier: Apache-2.0
// A data folder and its objects, encrypted and compressed, as version 2 of the formats wrote them, open and verify for ever:
// by the store, by the stand-alone reader, and by the store after its data folder was lost but for nothing it needs.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { concatBytes, equalBytes, InlineThreads, seconds, silentLog } from "#base/index.ts";
import { SeededRandom, SimClock } from "#sim/index.ts";
import {
  BucketReader,
  CartridgeStore,
  FileKeyProvider,
  FolderObjectStore,
  sealJobs,
  storeFault,
  type CartridgeId,
  type KeyProviders,
  type ObjectStore,
} from "#store/index.ts";
import type { ObjectNumber } from "#tape/index.ts";
import { NodeDisk } from "#world/index.ts";
import { cartridgeRead } from "../../src/main/cartridge-read.ts";
import { frozenObject, objectCount } from "./content.ts";

const root = mkdtempSync(join(tmpdir(), "capstan-image-"));
after(() => rmSync(root, { recursive: true, force: true }));
const image = join(import.meta.dirname, "store-v2");
const random = new SeededRandom("images");
const ids = ["LOCAL01", "SHELF02"] as CartridgeId[];

function providers(): KeyProviders {
  const text = readFileSync(join(image, "capstan.keys"), "utf8");
  const file = { path: "capstan.keys", read: () => text, write: () => {} };
  return { current: new FileKeyProvider({ file, random, create: false }), others: [], allowPlain: false };
}

async function openCopy(
  name: string,
): Promise<{ folder: string; disk: NodeDisk; objects: ObjectStore; clock: SimClock }> {
  const folder = join(root, name);
  cpSync(image, folder, { recursive: true });
  const clock = new SimClock();
  const disk = await NodeDisk.open(folder, storeFault);
  const thawDelay = { Expedited: seconds(1), Standard: seconds(1), Bulk: seconds(1) };
  const objects = new FolderObjectStore({ disk, clock, random, folder: "store", thawDelay });
  await objects.open();
  return { folder, disk, objects, clock };
}

test("the store opens it, and everything reads back, from local files and from objects", async () => {
  const { disk, objects, clock } = await openCopy("store");
  const sealing = {
    threads: new InlineThreads(sealJobs),
    providers: providers(),
    compression: { mode: "adaptive", level: 1 } as const,
  };
  const settings = { cacheBytes: 2 ** 40, uploadBufferBytes: 2 ** 40 };
  const store = new CartridgeStore({ disk, objects, clock, random, log: silentLog, sealing }, settings);
  await store.open();
  store.pauseUploads();
  assert.deepEqual(store.ids(), ids);
  for (const id of ids) {
    const { objects: count, files, objectBytes, storedBytes } = store.usage(id);
    assert.deepEqual([count, files], [objectCount, 8]);
    assert.ok(objectBytes > 0 && objectBytes !== storedBytes);
    const loaded = await store.load(id);
    for (let number = 0; number < objectCount; number++) {
      const found = await loaded.read(number as ObjectNumber);
      const expected = frozenObject(number);
      if (expected === "filemark") assert.equal(found.kind, "filemark", `object ${number}`);
      else {
        assert.ok(found.kind === "block" && equalBytes(found.data.bytes, expected), `object ${number}`);
        found.data.release();
      }
    }
    await loaded.unload();
  }
  await store.close();
});

test("the reader needs only the objects and the key", async () => {
  const { objects, clock } = await openCopy("reader");
  const reader = new BucketReader({ objects, clock, random, log: silentLog, providers: providers() });
  for (const id of ids) {
    let number = 0;
    for await (const piece of reader.read(await reader.find(id))) {
      assert.equal(piece.object, number);
      if (piece.kind === "block") assert.deepEqual(piece.bytes, frozenObject(number));
      number += piece.kind === "filemarks" ? piece.count : 1;
    }
    assert.equal(number, objectCount);
  }
});

test("capstan cartridge read writes one tape file, all of them apart, and the .tap format", async () => {
  const out = (name: string): string => join(root, name);
  const source = ["--bucket", image, "--key", join(image, "capstan.keys")];
  const file2 = Array.from({ length: 9 }, (_, index) => frozenObject(20 + index)).filter((each) => each !== "filemark");
  assert.equal(await cartridgeRead([...source, "LOCAL01", "--file", "2", "--output", out("two")]), 0);
  assert.deepEqual(new Uint8Array(readFileSync(out("two"))), concatBytes(file2));
  const apart = [...source, "SHELF02", "--format", "files", "--output", out("files")];
  assert.equal(await cartridgeRead(apart), 0);
  assert.deepEqual(new Uint8Array(readFileSync(join(out("files"), "file-000002"))), concatBytes(file2));
  assert.equal(await cartridgeRead([...source, "LOCAL01", "--format", "tap", "--output", out("tap")]), 0);
  const tap = readFileSync(out("tap"));
  const first = frozenObject(0) as Uint8Array;
  assert.equal(tap.readUInt32LE(0), first.byteLength);
  assert.equal(tap.readUInt32LE(4 + first.byteLength + (first.byteLength % 2)), first.byteLength);
  assert.equal(tap.readUInt32LE(tap.byteLength - 4), 0xffff_ffff);
  let marks = 0;
  for (let at = 0; at < tap.byteLength - 4;) {
    const length = tap.readUInt32LE(at);
    marks += length === 0 ? 1 : 0;
    at += length === 0 ? 4 : 8 + length + (length % 2);
  }
  assert.equal(marks, 8);
});

test("capstan cartridge read says what is wrong, and ends with the code of the fault", async () => {
  const source = ["--bucket", image, "--key", join(image, "capstan.keys")];
  assert.equal(await cartridgeRead([...source, "NONE01"]), 3);
  assert.equal(await cartridgeRead([...source, "LOCAL01", "--file", "99"]), 3);
  assert.equal(await cartridgeRead([...source, "LOCAL01", "--file", "x"]), 2);
  assert.equal(await cartridgeRead(["--bucket", image, "--key", join(image, "absent"), "LOCAL01"]), 5);
  assert.equal(await cartridgeRead(["--bucket", join(image, "cartridges"), "LOCAL01"]), 2);
  assert.equal(await cartridgeRead(["LOCAL01"]), 2);
});

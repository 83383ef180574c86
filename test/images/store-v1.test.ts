// SPDX-License-Identifier: Apache-2.0
// A data folder that was written with version 1 of every format of the store opens and verifies for ever: a cartridge
// that was cut and rewritten, folded into its directory and continued, and one on the shelf.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { equalBytes, seconds, silentLog } from "#base/index.ts";
import { SeededRandom, SimClock } from "#sim/index.ts";
import { CartridgeStore, FolderObjectStore, storeFault, type CartridgeId, type LoadedImage } from "#store/index.ts";
import type { FileNumber, ObjectNumber } from "#tape/index.ts";
import { NodeDisk } from "#world/index.ts";
import { frozenObject, objectCount } from "./content.ts";

const root = mkdtempSync(join(tmpdir(), "capstan-image-"));
after(() => rmSync(root, { recursive: true, force: true }));

async function openCopy(name: string): Promise<{ store: CartridgeStore; clock: SimClock }> {
  const folder = join(root, name);
  cpSync(join(import.meta.dirname, "store-v1"), folder, { recursive: true });
  const clock = new SimClock();
  const random = new SeededRandom("images");
  const disk = await NodeDisk.open(folder, storeFault);
  const thawDelay = { Expedited: seconds(1), Standard: seconds(1), Bulk: seconds(1) };
  const objects = new FolderObjectStore({ disk, clock, random, folder: "objects", thawDelay });
  await objects.open();
  const settings = { cacheBytes: 2 ** 40, uploadBufferBytes: 2 ** 40 };
  const store = new CartridgeStore({ disk, objects, clock, random, log: silentLog }, settings);
  await store.open();
  store.pauseUploads();
  return { store, clock };
}

async function verify(image: LoadedImage): Promise<void> {
  assert.equal(image.endOfData, objectCount);
  assert.equal(image.fileCount, 8);
  for (let number = 0; number < objectCount; number++) {
    const found = await image.read(number as ObjectNumber);
    const expected = frozenObject(number);
    if (expected === "filemark") assert.equal(found.kind, "filemark", `object ${number}`);
    else {
      assert.ok(found.kind === "block" && equalBytes(found.data.bytes, expected), `object ${number}`);
      found.data.release();
    }
  }
  assert.equal(await image.filemarkAt(4 as FileNumber), 32);
}

test("the cartridges are known with their sizes", async () => {
  const { store } = await openCopy("known");
  assert.deepEqual(store.ids(), ["FROZEN01", "SHELF01"]);
  for (const id of store.ids()) {
    const { objects, files, sizeBytes } = store.usage(id);
    assert.deepEqual({ objects, files, sizeBytes }, { objects: objectCount, files: 8, sizeBytes: 102_400 });
  }
  await store.close();
});

test("everything on both cartridges reads back, and they can be written on", async () => {
  const { store } = await openCopy("read");
  for (const id of ["FROZEN01", "SHELF01"] as CartridgeId[]) {
    const image = await store.load(id);
    await verify(image);
    await image.appendBlock(Uint8Array.of(1, 2, 3));
    await image.sync();
    await image.unload();
    const again = await store.load(id);
    assert.equal(again.endOfData, objectCount + 1);
    await again.unload();
  }
  await store.close();
});

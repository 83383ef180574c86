// SPDX-License-Identifier: Apache-2.0
// Blocks that a drive encrypted keep their form in the store: in the ring, on the disk, after a crash, in the object
// store; and a release that knows no such blocks would refuse them instead of giving out ciphertext.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { BlockForm } from "#tape/index.ts";
import { findRecord, memoryOf, putRecordHeader, recordUnit } from "./record.ts";
import { blockOf, StoreBed } from "./store-bed.ts";
import type { CartridgeId, LoadedImage } from "./types.ts";

const tape = "TAPE01" as CartridgeId;
const forms: readonly BlockForm[] = ["plain", "encrypted", "encrypted", "plain", "encrypted"];
const blockSize = 3000;

async function formsOf(bed: StoreBed, image: LoadedImage): Promise<BlockForm[]> {
  const found: BlockForm[] = [];
  for (let at = 0; at < forms.length; at++) {
    const object = await bed.run(image.read(at as typeof image.endOfData));
    assert.ok(object.kind === "block");
    assert.deepEqual(new Uint8Array(object.data.bytes), blockOf(at, blockSize));
    object.data.release();
    found.push(object.form);
  }
  return found;
}

test("encrypted blocks stay what they are, wherever they are read from", async () => {
  const bed = new StoreBed({ cacheBytes: 0 });
  await bed.start();
  const image = await bed.loadNew(tape);
  for (const [index, form] of forms.entries()) await bed.run(image.appendBlock(blockOf(index, blockSize), form));
  assert.deepEqual(await formsOf(bed, image), forms);
  await bed.run(image.unload());
  const fromDisk = await bed.load(tape);
  assert.deepEqual(await formsOf(bed, fromDisk), forms);
  await bed.run(fromDisk.unload());
  await bed.run(bed.store.archive(tape, "STANDARD"));
  assert.equal(bed.store.usage(tape).localBytes, 0);
  assert.deepEqual(await formsOf(bed, await bed.load(tape)), forms);
});

test("an encrypted block has a kind of its own, which earlier releases do not know", () => {
  const identity = { segment: 1, generation: 1, tag: new Uint8Array(8) };
  const memory = memoryOf(new Uint8Array(recordUnit));
  const fields = { kind: "block", length: 100, objectNumber: 0, fileNumber: 0, syncedBytes: 0, dataCrc: 0 } as const;
  putRecordHeader(memory, 0, identity, { ...fields, isEncrypted: true });
  assert.equal(memory.bytes[4], 4);
  const found = findRecord(memory, 0, identity);
  assert.ok(typeof found !== "string" && found.kind === "block" && found.isEncrypted);
});

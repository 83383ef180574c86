// SPDX-License-Identifier: Apache-2.0
// The medium: protection, early warning, failures and flushing, which the model test does not reach.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf, isFault } from "#base/index.ts";
import type { FileNumber, Image, ObjectNumber } from "./image.ts";
import { Medium } from "./medium.ts";
import { MemoryImage } from "./memory-image.ts";

const MiB = 1024 * 1024;
const storeFault = faultsOf("store", {
  "disk-full": { text: "no space on {path}", retry: "operator", http: 507, exit: 7 },
});

function mount(image: Image, options: Partial<ConstructorParameters<typeof Medium>[1]> = {}): Medium {
  return new Medium(image, { capacityBytes: 16 * MiB, writeProtected: false, writeOnce: false, ...options });
}

for (const asynchronous of [false, true]) {
  const how = asynchronous ? "later" : "at once";

  test(`a damaged record throws its fault and is passed; filemarks are counted on (image answers ${how})`, async () => {
    const image = new MemoryImage({ asynchronous });
    const medium = mount(image);
    await medium.writeBlock(new Uint8Array(10));
    await medium.writeFilemarks(1);
    await medium.writeBlock(new Uint8Array(20));
    image.damage(1);
    medium.rewind();
    const first = await medium.read();
    assert.equal(first.kind, "block");
    await assert.rejects(
      async () => await medium.read(),
      (error) => isFault(error, "store.record-damaged"),
    );
    assert.equal(medium.objectNumber, 2);
    assert.equal(medium.fileNumber, 1);
    assert.equal((await medium.read()).kind, "block");
  });

  test(`a read of several blocks gives those before a damaged record (image answers ${how})`, async () => {
    const image = new MemoryImage({ asynchronous });
    const medium = mount(image);
    await medium.writeBlocks({ block: () => new Uint8Array(512).fill(7), form: "plain" }, 5);
    image.damage(2);
    medium.rewind();
    const result = await medium.readBlocks(new Uint8Array(5 * 512), 512);
    assert.equal(result.done, 2);
    assert.equal(result.end, "damaged");
    assert.ok(isFault(result.fault, "store.record-damaged"));
    assert.equal(medium.objectNumber, 3);
    assert.equal(image.viewsHeld, 0);
  });

  test(`a failed append leaves the position, and every later write fails the same (image answers ${how})`, async () => {
    const image = new MemoryImage({ asynchronous });
    const medium = mount(image);
    await medium.writeBlock(new Uint8Array(10));
    const fault = storeFault("disk-full", { path: "x" });
    image.failNext("appendBlock", fault);
    await assert.rejects(async () => await medium.writeBlock(new Uint8Array(10)), fault);
    assert.equal(medium.objectNumber, 1);
    await assert.rejects(async () => await medium.writeFilemarks(1), fault);
    await assert.rejects(async () => await medium.flush(), fault);
    medium.rewind();
    assert.equal((await medium.read()).kind, "block");
  });

  test(`a fault other than damage leaves the position, so that the read can be repeated (image answers ${how})`, async () => {
    const image = new MemoryImage({ asynchronous });
    const medium = mount(image);
    await medium.writeBlock(new Uint8Array(10));
    medium.rewind();
    image.failNext("read", storeFault("disk-full", { path: "x" }));
    await assert.rejects(async () => await medium.read());
    assert.equal(medium.objectNumber, 0);
    assert.equal((await medium.read()).kind, "block");
  });
}

test("a write-protected medium refuses every change and is read as before", async () => {
  const image = new MemoryImage();
  await mount(image).writeBlock(new Uint8Array(3));
  const medium = mount(image, { writeProtected: true });
  assert.equal(medium.writeBlock(new Uint8Array(1)), "write-protected");
  assert.deepEqual(medium.writeFilemarks(1), { result: "write-protected", done: 0 });
  assert.equal(medium.erase(), "write-protected");
  assert.equal(medium.endOfData, 1);
});

test("a write-once medium appends at end of data and refuses everywhere else", async () => {
  const medium = mount(new MemoryImage(), { writeOnce: true });
  assert.equal(await medium.writeBlock(new Uint8Array(3)), "written");
  assert.deepEqual(await medium.writeFilemarks(1), { result: "written", done: 1 });
  medium.rewind();
  assert.equal(medium.writeBlock(new Uint8Array(1)), "write-once");
  assert.equal(medium.erase(), "write-once");
  assert.deepEqual(medium.writeFilemarks(2), { result: "write-once", done: 0 });
  assert.equal(medium.endOfData, 2);
});

test("early warning is a success; filemarks still fit behind it; at the end nothing does", async () => {
  const medium = mount(new MemoryImage({ overheadBytes: 0 }));
  const block = new Uint8Array(5 * MiB);
  assert.equal(medium.writeBlock(block), "written");
  assert.equal(medium.writeBlock(block), "written");
  assert.equal(medium.writeBlock(block), "written-near-end");
  assert.deepEqual(medium.writeFilemarks(2), { result: "written-near-end", done: 2 });
  assert.equal(medium.writeBlock(block), "no-space");
  assert.equal(medium.writeBlock(new Uint8Array(MiB)), "written-near-end");
  assert.equal(medium.writeBlock(new Uint8Array(1)), "no-space");
  assert.deepEqual(medium.writeFilemarks(1), { result: "no-space", done: 0 });
});

test("a write of several blocks that does not fit writes the whole blocks that do", async () => {
  const medium = mount(new MemoryImage());
  await medium.writeBlock(new Uint8Array(8 * MiB));
  await medium.writeBlock(new Uint8Array(7 * MiB));
  const result = medium.writeBlocks({ block: () => new Uint8Array(300_000), form: "plain" }, 4);
  assert.deepEqual(result, { result: "no-space", done: 3 });
  assert.equal(medium.objectNumber, 5);
});

test("a flush reaches the image only when something changed", async () => {
  const image = new MemoryImage();
  const medium = mount(image);
  assert.equal(medium.flush(), undefined);
  await medium.writeBlock(new Uint8Array(1));
  await medium.flush();
  await medium.flush();
  assert.equal(image.syncs, 1);
  medium.rewind();
  await medium.erase();
  assert.ok(medium.isDirty);
  await medium.flush();
  assert.equal(image.syncs, 2);
});

test("a failed flush is asked for again", async () => {
  const image = new MemoryImage();
  const medium = mount(image);
  await medium.writeBlock(new Uint8Array(1));
  const fault = storeFault("disk-full", { path: "x" });
  image.failNext("sync", fault);
  await assert.rejects(async () => await medium.flush(), fault);
  assert.ok(medium.isDirty);
  await assert.rejects(async () => await medium.flush(), fault);
});

test("nothing allocates a promise while the image answers at once", () => {
  const medium = mount(new MemoryImage());
  assert.equal(medium.writeBlock(new Uint8Array(9)), "written");
  assert.ok(!(medium.writeFilemarks(1) instanceof Promise));
  assert.ok(!(medium.spaceBlocks(-1) instanceof Promise));
  assert.ok(!(medium.locateObject(0) instanceof Promise));
  assert.ok(!(medium.read() instanceof Promise));
  assert.ok(!(medium.where() instanceof Promise));
});

test("positions beyond 2^32 objects and spaces of 2^24 are exact", () => {
  const objects = 2 ** 33;
  const every = 2 ** 20;
  const marks = objects / every;
  const sparse: Image = {
    endOfData: objects as ObjectNumber,
    fileCount: marks as FileNumber,
    sizeBytes: objects * 65,
    placeableBytes: 0,
    place: (length) => ({ bytes: new Uint8Array(length), release() {} }),
    appendBlock() {},
    appendFilemarks() {},
    cut() {},
    sync: () => Promise.resolve(),
    read: () => ({ kind: "filemark" }),
    filemarksBefore: (at) => Math.floor(at / every) as FileNumber,
    filemarkAt: (index) => (index * every + every - 1) as ObjectNumber,
    bytesBefore: (at) => at * 65,
  };
  const medium = mount(sparse, { capacityBytes: 64 * 2 ** 40 });
  assert.deepEqual(medium.locateObject(2 ** 32 + 5), { end: "done", residue: 0 });
  assert.equal(medium.fileNumber, 4096);
  assert.deepEqual(medium.spaceFilemarks(-4097), { end: "beginning", residue: 1 });
  assert.deepEqual(medium.spaceBlocks(2 ** 23 - 1), { end: "filemark", residue: 2 ** 23 - 1 - (every - 1) });
  assert.deepEqual(medium.locateFile(marks), { end: "done", residue: 0 });
  assert.equal(medium.objectNumber, objects);
  assert.deepEqual(medium.locateObject(2 ** 40), { end: "end-of-data", residue: 2 ** 40 - objects });
});

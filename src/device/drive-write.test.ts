// SPDX-License-Identifier: Apache-2.0
// One test per row of the outcome table of WRITE(6) and WRITE FILEMARKS(6), and what makes written data durable.
// SSC-4 6.14, 6.16.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf } from "#base/index.ts";
import { DriveBench } from "./drive-test-kit.ts";

const MiB = 1024 * 1024;
const storeFault = faultsOf("store", {
  "disk-full": { text: "no space on {path}", retry: "operator", http: 507, exit: 7 },
});
const diskFull = (): Error => storeFault("disk-full", { path: "journal" });
const small = { cartridge: { capacityBytes: 16 * MiB }, overheadBytes: 0 };

for (const asynchronous of [false, true]) {
  const how = asynchronous ? "; image answers later" : "";

  test(`WRITE of length 0 is good, writes nothing and keeps what is behind${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    await bench.write(10);
    await bench.rewind();
    assert.deepEqual(await bench.writeData(new Uint8Array(0), 0, false), { answer: "good" });
    assert.equal(bench.image.endOfData, 1);
    assert.deepEqual(await bench.position(), [0, 0]);
  });

  test(`WRITE in the middle drops everything behind it${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    for (const length of [1, 2, 3]) await bench.write(length);
    await bench.filemarks(1);
    await bench.locate(1);
    assert.deepEqual(await bench.write(9), { answer: "good" });
    assert.equal(bench.image.endOfData, 2);
    assert.equal(bench.image.fileCount, 0);
    await bench.rewind();
    assert.deepEqual(await bench.read(1), { answer: "good", dataLength: 1 });
    assert.deepEqual(await bench.read(9), { answer: "good", dataLength: 9 });
    assert.equal((await bench.read(1)).answer, "end-of-data");
  });

  test(`fixed WRITE stores each block as one of its own, with its own bytes${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    await bench.select(4);
    const bytes = Uint8Array.from([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
    assert.deepEqual(await bench.writeData(bytes, 3, true), { answer: "good" });
    assert.equal(bench.image.endOfData, 3);
    await bench.rewind();
    assert.deepEqual((await bench.readReply(4)).data, bytes.slice(0, 4));
    assert.deepEqual((await bench.readReply(4)).data, bytes.slice(4, 8));
    assert.deepEqual((await bench.readReply(4)).data, bytes.slice(8));
  });

  test(`WRITE at early warning succeeds and says so with INFORMATION 0${how}`, async () => {
    const bench = await DriveBench.open({ ...small, asynchronous });
    assert.deepEqual(await bench.write(8 * MiB), { answer: "good" });
    const warned = { answer: "early-warning", information: 0, endOfMedium: true } as const;
    assert.deepEqual(await bench.write(7 * MiB), warned);
    assert.deepEqual(await bench.write(1000), warned);
    assert.equal(bench.image.endOfData, 3);
  });

  test(`WRITE FILEMARKS behind early warning succeeds and says so${how}`, async () => {
    const bench = await DriveBench.open({ ...small, asynchronous });
    await bench.write(8 * MiB);
    await bench.write(7 * MiB);
    assert.deepEqual(await bench.filemarks(2), { answer: "early-warning", information: 0, endOfMedium: true });
    assert.equal(bench.image.fileCount, 2);
    assert.equal(bench.image.syncs > 0, true);
  });

  test(`WRITE without room is a volume overflow with all bytes unwritten${how}`, async () => {
    const bench = await DriveBench.open({ ...small, asynchronous });
    await bench.write(8 * MiB);
    await bench.write(7 * MiB);
    assert.deepEqual(await bench.write(2 * MiB), {
      answer: "volume-overflow",
      information: 2 * MiB,
      endOfMedium: true,
    });
    assert.equal(bench.image.endOfData, 2);
  });

  test(`fixed WRITE that does not fit writes whole blocks and counts the rest${how}`, async () => {
    const bench = await DriveBench.open({ ...small, asynchronous });
    await bench.write(8 * MiB);
    await bench.write(7 * MiB);
    await bench.select(400_000);
    const answer = await bench.writeData(new Uint8Array(5 * 400_000), 5, true);
    assert.deepEqual(answer, { answer: "volume-overflow", information: 3, endOfMedium: true });
    assert.equal(bench.image.endOfData, 4);
  });

  test(`WRITE FILEMARKS without room counts the filemarks that are missing${how}`, async () => {
    const bench = await DriveBench.open({ ...small, asynchronous });
    await bench.write(8 * MiB);
    await bench.write(8 * MiB);
    assert.deepEqual(await bench.filemarks(3), { answer: "volume-overflow", information: 3, endOfMedium: true });
  });

  test(`a store that fails is a write error with everything unwritten, now and later${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    bench.image.failNext("appendBlock", diskFull());
    assert.deepEqual(await bench.write(100), { answer: "write-error", information: 100 });
    assert.deepEqual(await bench.write(100), { answer: "write-error", information: 100 });
    assert.deepEqual(await bench.filemarks(1), { answer: "write-error", information: 1 });
    assert.deepEqual(await bench.position(), [0, 0]);
  });

  test(`a store that fails when syncing shows at the filemark${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    assert.deepEqual(await bench.write(100), { answer: "good" });
    bench.image.failNext("sync", diskFull());
    assert.deepEqual(await bench.filemarks(1), { answer: "write-error", information: 1 });
    assert.deepEqual(await bench.write(100), { answer: "write-error", information: 100 });
  });

  test(`WRITE FILEMARKS without IMMED is durable when it is good${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    await bench.write(100);
    assert.equal(bench.image.syncs, 0);
    assert.deepEqual(await bench.filemarks(1), { answer: "good" });
    bench.image.crash();
    assert.equal(bench.image.endOfData, 2);
  });

  test(`WRITE FILEMARKS of count 0 is a flush${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    await bench.write(100);
    assert.deepEqual(await bench.filemarks(0), { answer: "good" });
    assert.equal(bench.image.syncs, 1);
    assert.equal(bench.image.endOfData, 1);
  });

  test(`WRITE FILEMARKS with IMMED does not wait for the disk${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    await bench.write(100);
    assert.deepEqual(await bench.filemarks(1, true), { answer: "good" });
    assert.equal(bench.image.syncs, 0);
    await bench.rewind();
    assert.equal(bench.image.syncs, 1);
  });

  test(`with buffered mode 0 every write is durable when it is good${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    await bench.select(0, 0);
    await bench.write(100);
    await bench.write(100);
    assert.equal(bench.image.syncs, 2);
    bench.image.failNext("sync", diskFull());
    assert.deepEqual(await bench.write(100), { answer: "write-error", information: 100 });
  });
}

test("WRITE longer than the largest block is refused and writes nothing", async () => {
  const bench = await DriveBench.open();
  const length = 8 * MiB + 1;
  assert.equal((await bench.writeData(new Uint8Array(length), length, false)).answer, "invalid-field-in-cdb");
  assert.equal(bench.image.endOfData, 0);
});

test("fixed WRITE without a mode block length is refused", async () => {
  const bench = await DriveBench.open();
  assert.equal((await bench.writeData(new Uint8Array(512), 1, true)).answer, "invalid-field-in-cdb");
});

test("WRITE of more than the host sends is refused and writes nothing", async () => {
  const bench = await DriveBench.open();
  assert.deepEqual(await bench.writeData(new Uint8Array(100), 200, false), {
    answer: "invalid-field-in-cdb",
    residual: -100,
  });
  assert.equal(bench.image.endOfData, 0);
});

test("WRITE of less than the host sends writes what the CDB says and tells the residual", async () => {
  const bench = await DriveBench.open();
  assert.deepEqual(await bench.writeData(new Uint8Array(300), 200, false), { answer: "good", residual: 100 });
  await bench.rewind();
  assert.deepEqual(await bench.read(200), { answer: "good", dataLength: 200 });
});

test("a write-protected cartridge is not written, erased or formatted, and is read", async () => {
  const bench = await DriveBench.open();
  await bench.write(10);
  const { drive, image } = bench;
  const taken = await drive.remove();
  assert.equal(taken.kind, "removed");
  if (taken.kind === "removed") drive.insert({ ...taken.cartridge, writeProtected: true });
  await bench.rewind();
  assert.deepEqual(await bench.write(10), { answer: "write-protected" });
  assert.deepEqual(await bench.filemarks(1), { answer: "write-protected" });
  assert.deepEqual(await bench.erase(), { answer: "write-protected" });
  assert.deepEqual(await bench.filemarks(0), { answer: "good" });
  assert.deepEqual(await bench.read(10), { answer: "good", dataLength: 10 });
  assert.equal(image.endOfData, 1);
});

test("a write-once cartridge is only appended to", async () => {
  const bench = await DriveBench.open({ cartridge: { kind: "write-once" } });
  assert.deepEqual(await bench.write(10), { answer: "good" });
  await bench.rewind();
  assert.deepEqual(await bench.write(10), { answer: "write-once" });
  assert.deepEqual(await bench.filemarks(1), { answer: "write-once" });
  assert.deepEqual(await bench.erase(), { answer: "write-once" });
  await bench.locate(1);
  assert.deepEqual(await bench.write(10), { answer: "good" });
});

test("WRITE FILEMARKS with IMMED is refused in unbuffered mode", async () => {
  const bench = await DriveBench.open();
  await bench.select(0, 0);
  assert.equal((await bench.filemarks(1, true)).answer, "invalid-field-in-cdb");
});

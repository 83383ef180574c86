// SPDX-License-Identifier: Apache-2.0
// A drive whose store takes nothing for a while: BUSY, nothing done twice, nothing out of order; and a drive whose store
// has lost what was written.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf, limits, milliseconds, minutes } from "#base/index.ts";
import { driveModels, Write6, WriteFilemarks6 } from "#scsi/index.ts";
import { MemoryImage } from "#tape/index.ts";
import { cartridgeOf, DriveBench, seen, type Seen } from "./drive-test-kit.ts";
import { DriveUnit } from "./drive-unit.ts";
import { deliver, makeTask, testSurroundings, toReply } from "./test-host.ts";

const storeFault = faultsOf("store", {
  "under-pressure": { text: "{cartridge} takes nothing", retry: "backoff", http: 503, exit: 6 },
  "disk-failed": { text: "{path}", retry: "operator", http: 500, exit: 1 },
});
const pressure = (): Error => storeFault("under-pressure", { cartridge: "x" });
const broken = (): Error => storeFault("disk-failed", { path: "x" });
const busy = { answer: "busy" };
const good = { answer: "good" };

for (const asynchronous of [false, true]) {
  const how = asynchronous ? "; image answers later" : "";

  test(`a WRITE that finds no room is BUSY, and is written once when it is sent again${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    bench.image.failNext("appendBlock", pressure());
    assert.deepEqual(await bench.write(100), busy);
    assert.deepEqual(await bench.position(), [0, 0]);
    assert.deepEqual(await bench.write(100), good);
    assert.equal(bench.image.endOfData, 1);
  });

  test(`WRITE FILEMARKS that cannot sync is BUSY; sent again it writes no second mark${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    await bench.write(10);
    bench.image.failNext("sync", pressure());
    assert.deepEqual(await bench.filemarks(2), busy);
    assert.deepEqual(await bench.filemarks(2), good);
    assert.deepEqual(await bench.position(), [3, 2]);
    assert.equal(bench.image.syncs, 1);
    assert.deepEqual(await bench.filemarks(2), good, "the next one is one of its own");
    assert.deepEqual(await bench.position(), [5, 4]);
  });

  test(`a fixed WRITE that is interrupted goes on where it was${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    await bench.select(4);
    bench.image.failNext("appendBlock", pressure(), { after: 2 });
    const bytes = Uint8Array.from([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
    assert.equal((await bench.writeData(bytes, 3, true)).answer, "busy");
    assert.deepEqual(await bench.writeData(bytes, 3, true), good);
    assert.equal(bench.image.endOfData, 3);
    await bench.rewind();
    for (const fill of [1, 2, 3]) assert.deepEqual((await bench.readReply(4)).data, new Uint8Array(4).fill(fill));
  });

  test(`an unbuffered WRITE that cannot sync is written once${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    await bench.select(0, 0);
    bench.image.failNext("sync", pressure());
    assert.equal((await bench.write(50)).answer, "busy");
    assert.deepEqual(await bench.write(50), good);
    assert.equal(bench.image.endOfData, 1);
  });

  test(`what moves the medium is BUSY while the data before it cannot be synced${how}`, async () => {
    const bench = await DriveBench.open({ asynchronous });
    await bench.write(10);
    for (const act of [
      () => bench.rewind(),
      () => bench.locate(0),
      () => bench.space(0, -1),
      () => bench.load(false),
    ]) {
      bench.image.failNext("sync", pressure());
      assert.deepEqual(await act(), busy);
    }
    assert.deepEqual(await bench.position(), [1, 0]);
    assert.deepEqual(await bench.load(false), good);
  });
}

test("a command that is not the interrupted one is carried out as a whole", async () => {
  const bench = await DriveBench.open();
  await bench.write(10);
  bench.image.failNext("sync", pressure());
  assert.deepEqual(await bench.filemarks(1), busy);
  assert.deepEqual(await bench.filemarks(2), good);
  assert.deepEqual(await bench.position(), [4, 3]);
});

test("what waits behind a write that found no room is BUSY too, so that nothing is written out of order", async () => {
  const bench = await DriveBench.open({ asynchronous: true });
  const { nexus } = bench.host;
  bench.image.failNext("appendBlock", pressure());
  const send = (cdb: Uint8Array, dataOut?: Uint8Array): Promise<Seen> =>
    new Promise((resolve) => {
      const task = makeTask(nexus, cdb, {
        expectedDataOut: dataOut?.byteLength ?? 0,
        expectedDataIn: 0,
        lun: 0,
        finish: (result) => resolve(seen(toReply(result, { expected: 0, isOut: true }))),
      });
      bench.drive.accept(task);
      deliver(task, dataOut);
    });
  const answers = await Promise.all([
    send(Write6.encode({ transferLength: 5 }), new Uint8Array(5)),
    send(Write6.encode({ transferLength: 6 }), new Uint8Array(6)),
    send(WriteFilemarks6.encode({ transferLength: 1 })),
  ]);
  assert.deepEqual(
    answers.map(({ answer }) => answer),
    ["busy", "busy", "busy"],
  );
  assert.equal(bench.image.endOfData, 0);
});

test("BUSY becomes NOT READY, MANUAL INTERVENTION REQUIRED when it lasts, and ends with it", async () => {
  let now = 0;
  const image = new MemoryImage();
  const drive = new DriveUnit({
    ...testSurroundings,
    clock: { ...testSurroundings.clock, monotonic: () => milliseconds(now) },
    model: driveModels["ibm-lto8"],
    serial: "CAP0000001",
    library: { changerSerial: "CAP0000000", elementAddress: 256 },
  });
  drive.insert(cartridgeOf(image));
  const bench = await DriveBench.at(drive, image);
  const attempt = async (): Promise<string> => {
    bench.image.failNext("appendBlock", pressure());
    return (await bench.write(10)).answer;
  };
  for (; now < limits.pressureMax; now += minutes(1)) assert.equal(await attempt(), "busy");
  assert.equal(await attempt(), "intervention-needed");
  assert.deepEqual(await bench.write(10), good, "no restart is needed");
  assert.equal(await attempt(), "busy", "the wait begins anew");
});

/** A drive whose cartridge can be opened anew with what was synced. */
async function lossyBench(): Promise<{ bench: DriveBench; opened: () => number }> {
  let count = 0;
  const reopen = (): Promise<MemoryImage> => {
    count += 1;
    bench.image.crash();
    return Promise.resolve(bench.image);
  };
  const bench: DriveBench = await DriveBench.open({ cartridge: { reopen: () => reopen() } });
  await bench.write(10);
  await bench.filemarks(1);
  await bench.write(20);
  bench.image.failNext("sync", broken());
  assert.equal((await bench.filemarks(1)).answer, "write-error");
  return { bench, opened: () => count };
}

test("after lost writes, which a host was told of, it writes nothing until it says where it is", async () => {
  const { bench, opened } = await lossyBench();
  assert.equal((await bench.write(20)).answer, "write-error");
  assert.equal((await bench.filemarks(0)).answer, "write-error");
  assert.equal((await bench.space(0, -1)).answer, "write-error");
  assert.equal(opened(), 0);
  assert.deepEqual(await bench.rewind(), good);
  assert.equal(opened(), 1);
  assert.deepEqual(await bench.space(3, 0), good);
  assert.deepEqual(await bench.position(), [2, 1], "what was synced is there");
  assert.deepEqual(await bench.write(20), good);
  assert.deepEqual(await bench.filemarks(1), good);
});

test("after lost writes the cartridge can be unloaded and loaded again, or taken out", async () => {
  const first = await lossyBench();
  assert.deepEqual(await first.bench.load(false), good);
  assert.deepEqual(await first.bench.load(true), good);
  assert.equal((await first.bench.space(3, 0)).answer, "medium-changed");
  assert.deepEqual(await first.bench.space(3, 0), good);
  assert.deepEqual(await first.bench.position(), [2, 1]);
  assert.deepEqual(await first.bench.write(1), good);
  const second = await lossyBench();
  assert.equal((await second.bench.drive.remove()).kind, "removed");
});

test("lost writes that nobody was told of are told first", async () => {
  const bench = await DriveBench.open({ cartridge: { reopen: () => Promise.reject(broken()) } });
  await bench.write(10);
  bench.image.failNext("sync", broken());
  assert.equal((await bench.load(false)).answer, "write-error");
  assert.equal((await bench.load(false)).answer, "write-error", "and it cannot be opened anew");
  assert.equal(bench.drive.state.kind, "loaded");
});

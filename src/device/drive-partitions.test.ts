// SPDX-License-Identifier: Apache-2.0
// Partitions: the mode page, FORMAT MEDIUM, and that partitions are filled, read, located and erased each on its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesFromHex, concatBytes, hexFromBytes } from "#base/index.ts";
import {
  FormatMedium,
  Locate16,
  LogSense,
  LongPosition,
  ModeHeader10,
  ModeSelect10,
  ModeSense10,
  ReadAttributePartitionList,
  ReadAttributeValues,
  ReadPositionLong,
} from "#scsi/index.ts";
import { noPartitioning, partitionSizes, partitionSizeMin } from "./drive-partitions.ts";
import { DriveBench, seen, type Seen } from "./drive-test-kit.ts";

const MiB = 1024 * 1024;
const good = { answer: "good" };

async function select(bench: DriveBench, page: string): Promise<Seen> {
  const dataOut = concatBytes([ModeHeader10.encode({ deviceSpecific: 0x10 }), bytesFromHex(page)]);
  const cdb = ModeSelect10.encode({ pageFormat: true, parameterListLength: dataOut.byteLength });
  return seen(await bench.host.send(cdb, { dataOut }));
}

async function page(bench: DriveBench): Promise<string> {
  const cdb = ModeSense10.encode({ disableBlockDescriptors: true, pageCode: 0x11, allocationLength: 100 });
  return hexFromBytes((await bench.host.send(cdb)).data.subarray(ModeHeader10.size));
}

const format = (bench: DriveBench, kind: number): Promise<Seen> => bench.command(FormatMedium.encode({ format: kind }));
const goTo = (bench: DriveBench, partition: number, identifier = 0n): Promise<Seen> =>
  bench.command(Locate16.encode({ changePartition: true, partition, identifier }));

async function where(bench: DriveBench): Promise<readonly [partition: number, object: number]> {
  const { data } = await bench.host.send(ReadPositionLong.encode({}), { expectedDataIn: 32 });
  const { partition, objectNumber } = LongPosition.decode(data);
  return [partition, Number(objectNumber)];
}

/** A cartridge of 64 MiB: index of 10 MB and data, as LTFS makes them. */
async function two(asynchronous = false): Promise<DriveBench> {
  const bench = await DriveBench.open({ asynchronous });
  assert.deepEqual(await select(bench, "110a0301 3c030600 000affff"), good);
  assert.deepEqual(await format(bench, 1), good);
  return bench;
}

for (const asynchronous of [false, true]) {
  const how = asynchronous ? "; images answer later" : "";

  test(`each partition has its own objects, end and position${how}`, async () => {
    const bench = await two(asynchronous);
    await bench.write(100, 1);
    await bench.filemarks(1);
    assert.deepEqual(await goTo(bench, 1), good);
    assert.deepEqual(await where(bench), [1, 0]);
    await bench.write(200, 2);
    await bench.write(200, 3);
    assert.deepEqual([bench.image.endOfData, bench.others[0]?.endOfData], [2, 2]);
    assert.deepEqual(await bench.rewind(), good);
    assert.deepEqual(await where(bench), [1, 0], "REWIND stays in its partition");
    assert.deepEqual((await bench.readReply(200)).data, new Uint8Array(200).fill(2));
    assert.deepEqual(await goTo(bench, 0, 0n), good);
    assert.deepEqual((await bench.readReply(100)).data, new Uint8Array(100).fill(1));
    assert.deepEqual(await goTo(bench, 1, 1n), good);
    await bench.write(50, 4);
    assert.deepEqual([bench.image.endOfData, bench.others[0]?.endOfData], [2, 2]);
    assert.deepEqual((await bench.readReply(50)).sense?.asc, 0x00);
    assert.deepEqual(await bench.load(true), good);
    assert.deepEqual(await where(bench), [0, 0], "LOAD goes to partition 0");
  });

  test(`what was written in a partition is durable before another one is entered${how}`, async () => {
    const bench = await two(asynchronous);
    const before = bench.image.syncs;
    await bench.write(100);
    await goTo(bench, 1);
    assert.equal(bench.image.syncs, before + 1);
    await bench.write(100);
    await goTo(bench, 0);
    assert.equal(bench.others[0]?.syncs, 1);
  });
}

test("partitions fill on their own: the small one is full while the other has room", async () => {
  const bench = await two();
  let written = 0;
  while ((await bench.write(MiB)).answer !== "volume-overflow") written++;
  assert.equal(written, 9, "10 MB");
  await goTo(bench, 1);
  assert.equal((await bench.write(MiB)).answer, "good");
});

test("to end of data and beyond it in another partition", async () => {
  const bench = await two();
  await bench.write(10);
  const locate = (destinationType: number, identifier: bigint): Promise<Seen> =>
    bench.command(Locate16.encode({ changePartition: true, partition: 1, destinationType, identifier }));
  assert.equal((await locate(0, 2n ** 63n)).answer, "end-of-data");
  assert.deepEqual(await where(bench), [1, 0]);
  await goTo(bench, 0);
  assert.deepEqual(await locate(3, 0n), good);
  assert.deepEqual(await where(bench), [1, 0]);
  assert.equal(
    (await bench.command(Locate16.encode({ changePartition: true, partition: 2 }))).answer,
    "invalid-field-in-cdb",
  );
});

test("the page tells what is on the medium, then what was selected, and after FORMAT what is on it again", async () => {
  const bench = await DriveBench.open();
  assert.equal(await page(bench), "110e03001c0306000044000000000000");
  await select(bench, "110a0301 3c030600 000affff");
  assert.equal(await page(bench), "110e03013c030600000affff00000000");
  await format(bench, 1);
  assert.equal(await page(bench), "110e03013c030600000a003a00000000");
  await format(bench, 0);
  assert.equal(await page(bench), "110e03001c0306000044000000000000");
});

test("FORMAT MEDIUM erases every partition, back to one and on to three", async () => {
  const bench = await two();
  await bench.write(10);
  await goTo(bench, 1);
  await bench.write(10);
  assert.equal((await format(bench, 0)).answer, "not-at-beginning");
  await goTo(bench, 0);
  assert.deepEqual(await format(bench, 0), good);
  assert.deepEqual([bench.image.endOfData, bench.others.length], [0, 0]);
  assert.deepEqual(await select(bench, "110e0302 5c030600 0000000000000000"), good, "SDP");
  assert.deepEqual(await format(bench, 2), good);
  assert.equal(bench.others.length, 2);
  const list = await bench.host.send(ReadAttributePartitionList.encode({ allocationLength: 100 }));
  assert.deepEqual([...list.data], [0, 2, 0, 3]);
});

test("partitions last: they are there again when the cartridge comes back", async () => {
  const bench = await two();
  await goTo(bench, 1);
  await bench.write(10);
  const taken = await bench.drive.remove();
  assert.ok(taken.kind === "removed");
  assert.equal(taken.cartridge.memory.partitions?.length, 2);
  bench.drive.insert(taken.cartridge);
  assert.equal((await bench.rewind()).answer, "medium-changed");
  assert.deepEqual(await goTo(bench, 1, 1n), good);
});

test("each partition has its own capacity, change reference and attributes", async () => {
  const bench = await two();
  const attribute = async (partition: number, id: number): Promise<number> => {
    const cdb = ReadAttributeValues.encode({ partition, firstAttribute: id, allocationLength: 20 });
    const { data } = await bench.host.send(cdb);
    assert.equal((data[4] ?? 0) * 256 + (data[5] ?? 0), id);
    const length = (data[7] ?? 0) * 256 + (data[8] ?? 0);
    return Number(`0x${hexFromBytes(data.subarray(9, 9 + length))}`);
  };
  assert.deepEqual([await attribute(0, 1), await attribute(1, 1)], [9, 54]);
  const before = [await attribute(0, 9), await attribute(1, 9)];
  await goTo(bench, 1);
  await bench.write(10);
  assert.equal(await attribute(0, 9), before[0]);
  assert.notEqual(await attribute(1, 9), before[1]);
});

test("log pages count partitions: as many records as there are, main and alternate capacity", async () => {
  const bench = await two();
  const log = async (pageCode: number, parameterPointer: number): Promise<Uint8Array> => {
    const cdb = LogSense.encode({ pageControl: 1, pageCode, parameterPointer, allocationLength: 1000 });
    return (await bench.host.send(cdb)).data;
  };
  const volume = await log(0x17, 0x0202);
  assert.equal(hexFromBytes(volume.subarray(4, 8)), "02020310");
  const tape = await log(0x31, 3);
  assert.equal(tape[11], 9);
  assert.equal(tape[19], 54);
});

for (const [name, list] of [
  ["two ways at once", "110a0301 7c030600 000affff"],
  ["more partitions than there can be", "110e0304 3c030600 000a000a000a000a"],
  ["two sizes that take what is left", "110a0301 3c030600 ffffffff"],
  ["more than the cartridge has", "110a0301 3c030600 00640064"],
  ["a partition that is too small", "110a0301 3c030600 0001ffff"],
] as const) {
  test(`a selection of ${name} is refused`, async () => {
    const bench = await DriveBench.open();
    assert.equal((await select(bench, list)).answer, "invalid-field-in-parameters");
    assert.deepEqual(await format(bench, 1), good);
    assert.equal(bench.others.length, 0);
  });
}

test("a page of odd or too large length is refused", async () => {
  const bench = await DriveBench.open();
  for (const list of ["11090301 3c030600 0a0aff", "11100301 3c030600 00000000000000000000", "110603013c030600"]) {
    assert.equal((await select(bench, list)).answer, "invalid-field-in-parameters");
  }
});

test("sizes add up to the capacity, whatever was asked for", () => {
  const sizes = fc.array(fc.oneof(fc.nat(100), fc.constant(0xffff)), { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 16, max: 200 }), fc.constantFrom("initiator", "drive"), (wanted, size, by) => {
      const capacity = size * MiB;
      const asked = { by, additional: wanted.length - 1, unitBytes: 1e6, sizes: wanted } as const;
      const made = partitionSizes(asked, capacity);
      if (made === undefined) return;
      assert.equal(
        made.reduce((sum, each) => sum + each, 0),
        capacity,
      );
      assert.equal(made.length, wanted.length);
      assert.ok(made.every((each) => each >= partitionSizeMin));
    }),
  );
  assert.deepEqual(partitionSizes(noPartitioning, 5), [5]);
});

test("SET CAPACITY keeps the partitions and their shares", async () => {
  const bench = await two();
  await bench.command(bytesFromHex("0b0000800000"));
  assert.equal(bench.others.length, 1);
  assert.equal(await page(bench), "110e03013c0306000006001d00000000");
});

// SPDX-License-Identifier: Apache-2.0
// A drive as its owner and its hosts see it: loading, unloading, positions, densities, the cartridge's chip, mode and
// log pages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf } from "#base/index.ts";
import { Cursor } from "#codec/index.ts";
import {
  AttributeHeader,
  AttributesHeader,
  BlockLimits,
  DataCompressionPage,
  DensityDescriptor,
  DensityHeader,
  driveModels,
  ExtendedPosition,
  Inquiry,
  LoadUnload,
  LogPageHeader,
  LogParameterHeader,
  logPages,
  LogSelect,
  LogSense,
  ModeBlockDescriptor,
  ModeHeader6,
  ModeSelect6,
  ModeSense6,
  ObjectLimits,
  PreventAllowMediumRemoval,
  ReadAttributeList,
  ReadAttributePartitionList,
  ReadAttributeValues,
  ReadBlockLimits,
  ReadPositionExtended,
  ReadPositionLong,
  ReadPositionShort,
  ReadPositionShortVendor,
  ReportDensitySupport,
  Rewind,
  ShortPosition,
  TestUnitReady,
} from "#scsi/index.ts";
import { MemoryImage } from "#tape/index.ts";
import { cartridgeOf, DriveBench, seen } from "./drive-test-kit.ts";
import { DriveUnit } from "./drive-unit.ts";
import { TestHost, testSurroundings } from "./test-host.ts";

const MiB = 1024 * 1024;
const good = { answer: "good" };
const storeFault = faultsOf("store", {
  "disk-full": { text: "no space on {path}", retry: "operator", http: 507, exit: 7 },
});

function emptyDrive(): DriveUnit {
  return new DriveUnit({
    ...testSurroundings,
    model: driveModels["ibm-lto8"],
    serial: "CAP0000001",
    library: { changerSerial: "CAP0000000", elementAddress: 0x0102 },
  });
}

const ready = async (host: TestHost): Promise<string> =>
  seen(await host.send(TestUnitReady.encode({}), { expectedDataIn: 0 })).answer;

test("an inserted cartridge is told once to every nexus, and ready then, at the beginning", async () => {
  const drive = emptyDrive();
  const hosts = [new TestHost(drive), new TestHost(drive)];
  for (const host of hosts) assert.equal(await ready(host), "medium-not-present");
  drive.insert(cartridgeOf(new MemoryImage()));
  for (const host of hosts) {
    assert.equal(await ready(host), "medium-changed");
    assert.equal(await ready(host), "good");
  }
  assert.deepEqual(drive.state, { kind: "loaded", barcode: "CAP001L8" });
});

test("a cartridge that is still being opened makes the drive become ready", async () => {
  const drive = emptyDrive();
  const host = new TestHost(drive);
  drive.expect("CAP001L8");
  assert.deepEqual(drive.state, { kind: "loading", barcode: "CAP001L8" });
  assert.equal(await ready(host), "becoming-ready");
  drive.insert(cartridgeOf(new MemoryImage()));
  assert.deepEqual(drive.state, { kind: "loaded", barcode: "CAP001L8" });
  const other = emptyDrive();
  other.expect("CAP001L8");
  other.expect(undefined);
  assert.deepEqual(other.state, { kind: "empty" });
});

test("removing flushes first and counts the cartridge's history up", async () => {
  const bench = await DriveBench.open({ cartridge: { history: { loadCount: 4, bytesWritten: 1000, bytesRead: 500 } } });
  await bench.write(100);
  await bench.rewind();
  await bench.read(100);
  await bench.write(1);
  const taken = await bench.drive.remove();
  assert.equal(taken.kind, "removed");
  if (taken.kind !== "removed") return;
  assert.deepEqual(taken.cartridge.history, { loadCount: 5, bytesWritten: 1101, bytesRead: 600 });
  bench.image.crash();
  assert.equal(bench.image.endOfData, 2);
  assert.deepEqual(bench.drive.state, { kind: "empty" });
  assert.deepEqual(await bench.drive.remove(), { kind: "empty" });
});

test("removing is refused while a host prevents it, unless it is forced", async () => {
  const bench = await DriveBench.open();
  await bench.command(PreventAllowMediumRemoval.encode({ prevent: 1 }));
  assert.deepEqual(await bench.drive.remove(), { kind: "prevented" });
  assert.deepEqual(await bench.load(false), { answer: "removal-prevented" });
  assert.equal((await bench.drive.remove({ force: true })).kind, "removed");
});

test("removing fails while the data cannot be saved, unless it is forced", async () => {
  const bench = await DriveBench.open();
  await bench.write(10);
  const fault = storeFault("disk-full", { path: "x" });
  bench.image.failNext("sync", fault);
  assert.deepEqual(await bench.drive.remove(), { kind: "failed", cause: fault });
  assert.equal(bench.drive.state.kind, "loaded");
  assert.equal((await bench.drive.remove({ force: true })).kind, "removed");
});

test("an unloaded cartridge is not present until a LOAD, which every nexus is told of", async () => {
  const bench = await DriveBench.open();
  const other = new TestHost(bench.drive);
  assert.equal(await ready(other), "good");
  await bench.write(10);
  assert.deepEqual(await bench.load(false), good);
  assert.equal(await ready(bench.host), "medium-not-present");
  assert.deepEqual(bench.drive.state, { kind: "unloaded", barcode: "CAP001L8" });
  assert.deepEqual(await bench.load(false), good);
  assert.deepEqual(await bench.load(true), good);
  for (const host of [bench.host, other]) {
    assert.equal(await ready(host), "medium-changed");
    assert.equal(await ready(host), "good");
  }
  assert.deepEqual(await bench.position(), [0, 0]);
});

test("LOAD of a loaded cartridge goes to the beginning and raises no unit attention", async () => {
  const bench = await DriveBench.open();
  await bench.write(10);
  assert.deepEqual(await bench.load(true), good);
  assert.deepEqual(await bench.position(), [0, 0]);
  assert.equal(await ready(bench.host), "good");
});

test("LOAD and UNLOAD without a cartridge, and with what is not supported", async () => {
  const host = new TestHost(emptyDrive());
  const answer = async (cdb: Uint8Array): Promise<string> => seen(await host.send(cdb, { expectedDataIn: 0 })).answer;
  assert.equal(await answer(LoadUnload.encode({ load: true })), "medium-not-present");
  assert.equal(await answer(LoadUnload.encode({ load: false })), "medium-not-present");
  assert.equal(await answer(LoadUnload.encode({ load: true, endOfTape: true })), "invalid-field-in-cdb");
  assert.equal(await answer(LoadUnload.encode({ load: true, hold: true })), "invalid-field-in-cdb");
});

for (const [name, changes, sense, reason] of [
  ["cleaning", { kind: "cleaning", image: undefined }, "cleaning-cartridge", "cleaning"],
  ["too old a", { generation: 6 }, "incompatible-medium", "incompatible"],
  ["too new a", { generation: 9 }, "incompatible-medium", "incompatible"],
] as const) {
  test(`a ${name} cartridge is in the drive but of no use, and can be taken out`, async () => {
    const drive = emptyDrive();
    const host = new TestHost(drive);
    drive.insert(cartridgeOf(new MemoryImage(), changes));
    assert.equal(await ready(host), "medium-changed");
    assert.equal(await ready(host), sense);
    assert.deepEqual(drive.state, { kind: "unusable", barcode: "CAP001L8", reason });
    const loaded = await host.send(LoadUnload.encode({ load: true }), { expectedDataIn: 0 });
    assert.equal(seen(loaded).answer, sense);
    assert.equal((await drive.remove()).kind, "removed");
  });
}

test("a generation that the drive only reads is read and not written", async () => {
  const image = new MemoryImage();
  await image.appendBlock(new Uint8Array(10));
  const drive = new DriveUnit({
    ...testSurroundings,
    model: driveModels["ibm-lto7"],
    serial: "CAP0000001",
    library: { changerSerial: "CAP0000000", elementAddress: 256 },
  });
  drive.insert(cartridgeOf(image, { generation: 5 }));
  assert.equal(drive.state.kind, "loaded");
  const bench = await DriveBench.at(drive, image);
  assert.deepEqual(await bench.read(10), { answer: "good", dataLength: 10 });
  assert.deepEqual(await bench.write(10), { answer: "cannot-write-format" });
  assert.deepEqual(await bench.filemarks(1), { answer: "cannot-write-format" });
  assert.deepEqual(await bench.erase(), { answer: "cannot-write-format" });
});

const forms = [
  ["short", ReadPositionShort.encode({}), ShortPosition],
  ["short vendor", ReadPositionShortVendor.encode({}), ShortPosition],
  ["extended", ReadPositionExtended.encode({ parameterLength: 32 }), ExtendedPosition],
] as const;
for (const [form, cdb, layout] of forms) {
  test(`READ POSITION, ${form} form, at the beginning, in the middle and near the end`, async () => {
    const bench = await DriveBench.open({ cartridge: { capacityBytes: 16 * MiB } });
    const position = async (): Promise<readonly unknown[]> => {
      const { data } = await bench.host.send(cdb);
      assert.equal(data.byteLength, layout.size);
      const value = layout.decode(data);
      assert.equal(value.firstObject, value.lastObject);
      return [value.beginningOfPartition, value.endOfPartition, Number(value.firstObject)];
    };
    assert.deepEqual(await position(), [true, false, 0]);
    await bench.write(8 * MiB);
    assert.deepEqual(await position(), [false, false, 1]);
    await bench.write(7.5 * MiB);
    assert.deepEqual(await position(), [false, true, 2]);
    await bench.locate(1);
    assert.deepEqual(await position(), [false, false, 1]);
  });
}

test("READ POSITION, long form, is 32 bytes with object and file number", async () => {
  const bench = await DriveBench.open();
  await bench.write(10);
  await bench.filemarks(2);
  const { data } = await bench.host.send(ReadPositionLong.encode({}));
  assert.equal(
    Buffer.from(data).toString("hex"),
    "00000000000000000000000000000003" + "0000000000000002".padEnd(32, "0"),
  );
  await bench.rewind();
  const first = await bench.host.send(ReadPositionLong.encode({}));
  assert.equal(first.data[0], 0x80);
});

test("READ POSITION with a parameter length that is not for its form is refused", async () => {
  const bench = await DriveBench.open();
  const { sense } = await bench.host.send(ReadPositionShort.encode({ parameterLength: 20 }));
  assert.deepEqual(sense?.fieldPointer, { in: "cdb", byte: 7, bit: 7 });
  const short = await bench.host.send(ReadPositionExtended.encode({ parameterLength: 8 }));
  assert.equal(short.data.byteLength, 8);
});

test("READ BLOCK LIMITS has granularity 0 and works without a cartridge", async () => {
  const host = new TestHost(emptyDrive());
  const { data } = await host.send(ReadBlockLimits.encode({}));
  assert.deepEqual(BlockLimits.decode(data), { granularity: 0, maximum: 8 * MiB, minimum: 1 });
  const objects = await host.send(ReadBlockLimits.encode({ objectLimit: true }));
  assert.equal(objects.data.byteLength, ObjectLimits.size);
});

test("REPORT DENSITY SUPPORT lists what the drive takes, ascending, its own as the default", async () => {
  const host = new TestHost(emptyDrive());
  const { data } = await host.send(ReportDensitySupport.encode({ allocationLength: 0xffff }));
  assert.equal(DensityHeader.decode(data).availableLength, data.byteLength - 2);
  const cursor = new Cursor("densities", data.subarray(DensityHeader.size));
  const rows = [];
  while (cursor.remaining > 0) rows.push(cursor.structure(DensityDescriptor));
  assert.deepEqual(
    rows.map(({ primaryCode, writable, default: isDefault, name }) => [primaryCode, writable, isDefault, name]),
    [
      [0x5c, true, false, "U-732"],
      [0x5e, true, true, "U-832"],
    ],
  );
});

test("REPORT DENSITY SUPPORT of the medium has its own capacity, and needs a cartridge", async () => {
  const bench = await DriveBench.open();
  const cdb = ReportDensitySupport.encode({ media: true, allocationLength: 0xffff });
  const { data } = await bench.host.send(cdb);
  assert.equal(data.byteLength, 56);
  const { primaryCode, capacityMegabytes } = DensityDescriptor.decode(data, DensityHeader.size);
  assert.deepEqual([primaryCode, capacityMegabytes], [0x5e, 67]);
  await bench.drive.remove();
  assert.equal(seen(await bench.host.send(cdb, { expectedDataIn: 0 })).answer, "medium-not-present");
});

interface Attribute {
  readonly readOnly: boolean;
  readonly value: Uint8Array;
}

async function attributesOf(bench: DriveBench, firstAttribute = 0): Promise<ReadonlyMap<number, Attribute>> {
  const { data } = await bench.host.send(ReadAttributeValues.encode({ firstAttribute, allocationLength: 32_768 }));
  assert.equal(AttributesHeader.decode(data).availableLength, data.byteLength - 4);
  const cursor = new Cursor("attributes", data.subarray(4));
  const found = new Map<number, Attribute>();
  while (cursor.remaining > 0) {
    const { id, readOnly, length } = cursor.structure(AttributeHeader);
    found.set(id, { readOnly, value: cursor.take(length) });
  }
  return found;
}

const numberOf = (attribute: Attribute | undefined): number =>
  Number(`0x${Buffer.from(attribute?.value ?? []).toString("hex")}`);

test("READ ATTRIBUTE has ascending identifiers, exact lengths and live values", async () => {
  const bench = await DriveBench.open();
  await bench.write(8 * MiB);
  const found = await attributesOf(bench);
  const ids = [...found.keys()];
  assert.deepEqual(
    ids,
    ids.toSorted((left, right) => left - right),
  );
  assert.equal(numberOf(found.get(0x0001)), 64);
  assert.equal(numberOf(found.get(0x0000)), 55);
  assert.equal(numberOf(found.get(0x0003)), 1);
  assert.equal(numberOf(found.get(0x0220)), 8);
  assert.equal(found.get(0x0220)?.value.byteLength, 8);
  assert.equal(found.get(0x0401)?.value.byteLength, 32);
  assert.equal(numberOf(found.get(0x0408)), 0);
  assert.ok([...found.values()].every(({ readOnly }) => readOnly));
});

test("the volume change reference changes with the first write of a mount, and not again", async () => {
  const bench = await DriveBench.open();
  const reference = async (): Promise<number> => numberOf((await attributesOf(bench, 9)).get(9));
  const atFirst = await reference();
  await bench.write(1);
  const afterWrite = await reference();
  assert.notEqual(afterWrite, atFirst);
  await bench.write(1);
  assert.equal(await reference(), afterWrite);
  await bench.load(false);
  await bench.load(true);
  assert.equal(await ready(bench.host), "medium-changed");
  assert.equal(await reference(), afterWrite);
  await bench.write(1);
  assert.notEqual(await reference(), afterWrite);
});

test("READ ATTRIBUTE from a later identifier, from none, of another partition, and its lists", async () => {
  const bench = await DriveBench.open();
  const later = await attributesOf(bench, 0x0300);
  assert.equal([...later.keys()][0], 0x0400);
  const refused = async (value: { firstAttribute?: number; partition?: number }): Promise<string> =>
    seen(await bench.host.send(ReadAttributeValues.encode({ allocationLength: 100, ...value }))).answer;
  assert.equal(await refused({ firstAttribute: 0x0900 }), "invalid-field-in-cdb");
  assert.equal(await refused({ partition: 1 }), "invalid-field-in-cdb");
  const list = await bench.host.send(ReadAttributeList.encode({ allocationLength: 4096 }));
  assert.equal(list.data.byteLength, 4 + 2 * (await attributesOf(bench)).size);
  const partitions = await bench.host.send(ReadAttributePartitionList.encode({ allocationLength: 4096 }));
  assert.deepEqual(partitions.data, Uint8Array.of(0, 2, 0, 1));
});

test("MODE SENSE as Linux st sends it: 12 bytes with density, block length, buffered mode", async () => {
  const bench = await DriveBench.open();
  const cdb = ModeSense6.encode({ allocationLength: 12 });
  const { data } = await bench.host.send(cdb);
  assert.equal(Buffer.from(data).toString("hex"), "0b881008" + "5e00000000000000");
  await bench.select(65_536);
  const after = await bench.host.send(cdb);
  assert.equal(ModeBlockDescriptor.decode(after.data, ModeHeader6.size).blockLength, 65_536);
});

test("a density that the cartridge does not have and a block that is too long are refused", async () => {
  const bench = await DriveBench.open();
  const select = async (descriptor: { densityCode?: number; blockLength?: number }): Promise<string> => {
    const dataOut = new Uint8Array(12);
    dataOut.set(ModeHeader6.encode({ deviceSpecific: 0x10, blockDescriptorLength: 8 }));
    ModeBlockDescriptor.encodeInto(dataOut, 4, descriptor);
    const cdb = ModeSelect6.encode({ pageFormat: true, parameterListLength: 12 });
    return seen(await bench.host.send(cdb, { dataOut })).answer;
  };
  assert.equal(await select({ densityCode: 0x58 }), "invalid-field-in-parameters");
  assert.equal(await select({ blockLength: 8 * MiB + 1 }), "invalid-field-in-parameters");
  assert.equal(await select({ densityCode: 0x5e, blockLength: 512 }), "good");
  assert.equal(await select({ densityCode: 0x7f, blockLength: 8 * MiB }), "good");
});

test("the compression switch is kept and reported in both pages", async () => {
  const bench = await DriveBench.open();
  const page = async (pageCode: number): Promise<Uint8Array> => {
    const cdb = ModeSense6.encode({ pageCode, disableBlockDescriptors: true, allocationLength: 255 });
    return (await bench.host.send(cdb)).data.slice(ModeHeader6.size);
  };
  const current = DataCompressionPage.decode(await page(0x0f));
  assert.equal(current.compressionEnabled, true);
  const dataOut = new Uint8Array(ModeHeader6.size + DataCompressionPage.size);
  dataOut.set(ModeHeader6.encode({ deviceSpecific: 0x10 }));
  dataOut.set(DataCompressionPage.encode({ ...current, compressionEnabled: false }), ModeHeader6.size);
  const cdb = ModeSelect6.encode({ pageFormat: true, parameterListLength: dataOut.byteLength });
  assert.deepEqual(seen(await bench.host.send(cdb, { dataOut })), good);
  assert.equal(DataCompressionPage.decode(await page(0x0f)).compressionEnabled, false);
  assert.equal((await page(0x10))[14], 0);
});

async function logParameters(bench: DriveBench, pageCode: number): Promise<ReadonlyMap<number, Uint8Array>> {
  const { data } = await bench.host.send(LogSense.encode({ pageControl: 1, pageCode, allocationLength: 0xffff }));
  const { pageLength } = LogPageHeader.decode(data);
  assert.equal(pageLength, data.byteLength - LogPageHeader.size);
  const cursor = new Cursor("log page", data.subarray(LogPageHeader.size));
  const found = new Map<number, Uint8Array>();
  while (cursor.remaining > 0) {
    const { parameterCode, parameterLength } = cursor.structure(LogParameterHeader);
    found.set(parameterCode, cursor.take(parameterLength));
  }
  return found;
}

const valueOf = (bytes: Uint8Array | undefined): number => Number(`0x${Buffer.from(bytes ?? []).toString("hex")}`);

test("every log page that is listed answers, and has ascending parameters", async () => {
  const bench = await DriveBench.open();
  const { data } = await bench.host.send(LogSense.encode({ pageControl: 1, pageCode: 0, allocationLength: 255 }));
  const listed = [...data.subarray(LogPageHeader.size)];
  assert.ok(listed.length > 12);
  for (const code of listed.slice(1)) {
    const codes = [...(await logParameters(bench, code)).keys()];
    assert.deepEqual(
      codes,
      codes.toSorted((left, right) => left - right),
    );
  }
});

test("counters of log pages follow the traffic, and LOG SELECT clears them", async () => {
  const bench = await DriveBench.open();
  await bench.write(3_000_100);
  await bench.rewind();
  await bench.read(3_000_100);
  const sequential = await logParameters(bench, logPages.sequentialAccess.code);
  assert.equal(valueOf(sequential.get(0)), 3_000_100);
  assert.equal(valueOf(sequential.get(3)), 3_000_100);
  const ratio = await logParameters(bench, logPages.compressionIbm.code);
  assert.deepEqual([valueOf(ratio.get(6)), valueOf(ratio.get(7))], [3, 100]);
  const volume = await logParameters(bench, logPages.volumeStatistics.code);
  assert.equal(valueOf(volume.get(0)), 1);
  assert.equal(valueOf(volume.get(1)), 1);
  assert.equal(volume.get(0x0203)?.byteLength, 8);
  const capacity = await logParameters(bench, logPages.tapeCapacity.code);
  assert.deepEqual([valueOf(capacity.get(1)), valueOf(capacity.get(3))], [61, 64]);
  const clear = LogSelect.encode({ parameterCodeReset: true, pageControl: 3, pageCode: logPages.compressionIbm.code });
  assert.deepEqual(await bench.command(clear), good);
  assert.equal(valueOf((await logParameters(bench, logPages.compressionIbm.code)).get(6)), 0);
  assert.equal(bench.drive.statistics.bytesWritten, 3_000_100);
});

test("the TapeAlert page has 64 flags, and reading it clears them", async () => {
  const bench = await DriveBench.open({ cartridge: { writeProtected: true } });
  await bench.write(1);
  const flags = await logParameters(bench, logPages.tapeAlert.code);
  assert.equal(flags.size, 64);
  assert.deepEqual(
    [...flags].filter(([, [value]]) => value === 1).map(([code]) => code),
    [9],
  );
  assert.ok([...(await logParameters(bench, logPages.tapeAlert.code)).values()].every(([value]) => value === 0));
});

test("the device status page is valid and tells whether a medium is loaded", async () => {
  const bench = await DriveBench.open();
  const status = async (): Promise<Uint8Array> =>
    (await logParameters(bench, logPages.deviceStatus.code)).get(0) ?? new Uint8Array(0);
  assert.equal((await status()).byteLength, 4);
  assert.equal(((await status())[0] ?? 0) & 1, 1);
  assert.equal(((await status())[1] ?? 0) & 1, 1);
  await bench.load(false);
  assert.equal(((await status())[1] ?? 0) & 1, 0);
});

test("VPD pages tell serial, library and bay", async () => {
  const host = new TestHost(emptyDrive());
  const page = async (pageCode: number): Promise<string> => {
    const { data } = await host.send(Inquiry.encode({ vitalProductData: true, pageCode, allocationLength: 255 }));
    return Buffer.from(data.subarray(4)).toString("latin1");
  };
  assert.equal(await page(0x80), "CAP0000001");
  assert.equal(await page(0xb1), "CAP0000001");
  assert.equal(await page(0xb3), "CAP0000000");
  assert.equal(await page(0xb4), "\0\0\x01\x02");
  assert.equal((await page(0xb2)).length, 8);
  assert.equal(await page(0xb0), "\x01\0");
});

test("statistics count commands and bytes and never go back", async () => {
  const bench = await DriveBench.open();
  await bench.write(10);
  await bench.rewind();
  await bench.read(10);
  const { bytesWritten, bytesRead, blocksWritten, blocksRead, loads, commands } = bench.drive.statistics;
  assert.deepEqual([bytesWritten, bytesRead, blocksWritten, blocksRead, loads], [10, 10, 1, 1, 1]);
  assert.ok(commands >= 4);
});

test("a command that takes no data leaves all data-out of a wrong direction as residue", async () => {
  const bench = await DriveBench.open();
  const dataOut = new Uint8Array(16);
  for (const cdb of [TestUnitReady.encode({}), Rewind.encode({})]) {
    const { status, residual } = await bench.host.send(cdb, { dataOut });
    assert.deepEqual({ status, residual }, { status: "good", residual: dataOut.byteLength });
  }
});

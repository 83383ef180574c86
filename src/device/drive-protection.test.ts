// SPDX-License-Identifier: Apache-2.0
// Logical block protection, programmable early warning and append-only mode: what LTFS, CTA and Spectrum Protect switch on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "#base/index.ts";
import {
  AllowOverwrite,
  ControlPage,
  DataProtectionPage,
  DeviceConfigurationExtensionPage,
  FormatMedium,
  Inquiry,
  ModeHeader10,
  ModeSelect10,
  ModeSense10,
  ReadPositionShort,
  ShortPosition,
  StandardInquiry,
} from "#scsi/index.ts";
import { protectionOf } from "#tape/index.ts";
import { DriveBench, seen, type Seen } from "./drive-test-kit.ts";

const MiB = 1024 * 1024;
const methods = { "reed-solomon": 1, crc32c: 2 } as const;

async function select(bench: DriveBench, page: Uint8Array): Promise<Seen> {
  const dataOut = concatBytes([ModeHeader10.encode({ deviceSpecific: 0x10 }), page]);
  const cdb = ModeSelect10.encode({ pageFormat: true, parameterListLength: dataOut.byteLength });
  return seen(await bench.host.send(cdb, { dataOut }));
}

const protect = (bench: DriveBench, value: Parameters<typeof DataProtectionPage.encode>[0]): Promise<Seen> =>
  select(bench, DataProtectionPage.encode({ informationLength: 4, ...value }));
const extend = (
  bench: DriveBench,
  value: Parameters<typeof DeviceConfigurationExtensionPage.encode>[0],
): Promise<Seen> => select(bench, DeviceConfigurationExtensionPage.encode(value));

const block = (fill: number, length = 100): Uint8Array => new Uint8Array(length).fill(fill);

for (const [name, method] of [
  ["reed-solomon", methods["reed-solomon"]],
  ["crc32c", methods.crc32c],
] as const) {
  const whole = (fill: number): Uint8Array => concatBytes([block(fill), protectionOf(name, block(fill))]);

  test(`${name}: a block is checked, stored without its sum, and read with it again`, async () => {
    const bench = await DriveBench.open();
    assert.equal((await protect(bench, { method, onWrite: true, onRead: true })).answer, "good");
    assert.deepEqual(await bench.writeData(whole(1), 104, false), { answer: "good" });
    assert.deepEqual(bench.image.stored(0), block(1));
    await bench.rewind();
    assert.deepEqual((await bench.readReply(104)).data, whole(1));
    await bench.rewind();
    assert.deepEqual(await bench.read(100), {
      answer: "no-sense",
      information: -4,
      incorrectLength: true,
      dataLength: 100,
    });
  });

  test(`${name}: a block that arrives damaged is refused, and nothing is written`, async () => {
    const bench = await DriveBench.open();
    await protect(bench, { method, onWrite: true });
    const damaged = whole(1);
    damaged[50] = 2;
    assert.equal((await bench.writeData(damaged, 104, false)).answer, "guard-check-failed");
    assert.equal(bench.image.endOfData, 0);
    assert.equal((await bench.writeData(whole(3), 104, false)).answer, "good");
    await bench.rewind();
    assert.deepEqual((await bench.readReply(100)).data, block(3), "reading is not protected");
  });

  test(`${name}: in fixed mode every block has its sum`, async () => {
    const bench = await DriveBench.open();
    await bench.select(100);
    await protect(bench, { method, onWrite: true, onRead: true });
    const all = concatBytes([whole(1), whole(2), whole(3)]);
    assert.equal((await bench.writeData(all, 3, true)).answer, "good");
    assert.deepEqual(bench.image.stored(2), block(3));
    await bench.rewind();
    assert.deepEqual((await bench.readReply(3, { fixed: 104 })).data, all);
    await bench.rewind();
    assert.deepEqual((await bench.readReply(1, { fixed: 104 })).data, whole(1));
    const damaged = all.slice();
    damaged[210] = 9;
    assert.equal((await bench.writeData(damaged, 3, true)).answer, "guard-check-failed");
    assert.equal(bench.image.endOfData, 3);
  });
}

test("methods and lengths that there are not are refused; the page is reported as it was set", async () => {
  const bench = await DriveBench.open();
  assert.equal((await protect(bench, { method: 3 })).answer, "invalid-field-in-parameters");
  assert.equal((await protect(bench, { method: 2, informationLength: 8 })).answer, "invalid-field-in-parameters");
  await protect(bench, { method: 2, onWrite: true });
  const cdb = ModeSense10.encode({
    disableBlockDescriptors: true,
    pageCode: 0x0a,
    subpageCode: 0xf0,
    allocationLength: 100,
  });
  const { data } = await bench.host.send(cdb);
  assert.deepEqual(
    data.subarray(ModeHeader10.size),
    DataProtectionPage.encode({ method: 2, informationLength: 4, onWrite: true }),
  );
  await bench.drive.manage("reset", undefined);
  await bench.rewind();
  assert.equal((await bench.write(10)).answer, "good", "after a reset nothing is protected");
});

test("INQUIRY says that blocks can be protected, and VPD page B5h how", async () => {
  const { host } = await DriveBench.open();
  const { data } = await host.send(Inquiry.encode({ allocationLength: 100 }));
  assert.equal(StandardInquiry.decode(data).protect, true);
  const vpd = await host.send(Inquiry.encode({ vitalProductData: true, pageCode: 0xb5, allocationLength: 100 }));
  assert.deepEqual([...vpd.data], [0x01, 0xb5, 0, 12, 0, 0, 0, 0, 3, 1, 4, 0xc0, 3, 2, 4, 0xc0]);
});

test("programmable early warning is told once, with everything written, and shows in the position", async () => {
  const bench = await DriveBench.open();
  // 64 MiB end in a zone of 1 MiB of early warning.
  assert.equal((await extend(bench, { programmableEarlyWarning: 10 })).answer, "good");
  const answers: string[] = [];
  const beyond: boolean[] = [];
  for (let written = 0; written < 62; written++) {
    answers.push((await bench.write(MiB)).answer);
    const { data } = await bench.host.send(ReadPositionShort.encode({}), { expectedDataIn: 20 });
    beyond.push(ShortPosition.decode(data).beyondProgrammableEarlyWarning);
  }
  const zone = Math.ceil((63 * MiB - 10e6) / (MiB + 64)) - 1;
  assert.deepEqual(new Set(answers.slice(0, zone)), new Set(["good"]));
  assert.equal(answers[zone], "programmable-early-warning");
  assert.deepEqual(new Set(answers.slice(zone + 1)), new Set(["good"]));
  assert.deepEqual([beyond.indexOf(true), beyond.lastIndexOf(false)], [zone, zone - 1]);
  assert.equal((await bench.write(MiB)).answer, "early-warning");
});

test("a fixed write that enters the zone is written whole and says so", async () => {
  const bench = await DriveBench.open({ cartridge: { capacityBytes: 20 * MiB } });
  await bench.select(MiB / 4);
  await extend(bench, { programmableEarlyWarning: 10 });
  const dataOut = new Uint8Array(16 * MiB);
  assert.deepEqual(await bench.writeData(dataOut, 64, true), {
    answer: "programmable-early-warning",
    information: 0,
    endOfMedium: true,
  });
  assert.equal(bench.image.endOfData, 64);
});

const allow = (bench: DriveBench, value: Parameters<typeof AllowOverwrite.encode>[0]): Promise<Seen> =>
  bench.command(AllowOverwrite.encode(value));

test("append-only mode keeps what is recorded until a host allows to overwrite it, there and once mode changes", async () => {
  const bench = await DriveBench.open();
  assert.equal((await allow(bench, { allow: 1 })).answer, "not-append-only");
  for (let index = 0; index < 4; index++) await bench.write(10);
  await extend(bench, { writeMode: 1 });
  assert.equal((await bench.write(10)).answer, "good", "at end of data");
  await bench.locate(2);
  for (const refused of [await bench.write(10), await bench.filemarks(1), await bench.erase()]) {
    assert.equal(refused.answer, "write-once");
  }
  assert.equal(bench.image.endOfData, 5);
  const wrong = await bench.host.send(AllowOverwrite.encode({ allow: 1, identifier: 3n }), { expectedDataIn: 0 });
  assert.deepEqual(wrong.sense?.fieldPointer, { in: "cdb", byte: 4, bit: 7 });
  assert.equal((await allow(bench, { allow: 1, identifier: 2n })).answer, "good");
  assert.equal((await bench.write(10)).answer, "good");
  assert.equal(bench.image.endOfData, 3);
  await bench.rewind();
  assert.equal((await bench.write(10)).answer, "write-once");
  await extend(bench, { writeMode: 0 });
  assert.equal((await bench.write(10)).answer, "good");
});

test("append-only mode lets a cartridge be formatted when a host allowed that", async () => {
  const bench = await DriveBench.open();
  await bench.write(10);
  await extend(bench, { writeMode: 1 });
  await bench.rewind();
  const format = () => bench.command(FormatMedium.encode({}));
  assert.equal((await format()).answer, "write-once");
  assert.equal((await allow(bench, { allow: 3 })).answer, "invalid-field-in-cdb");
  assert.equal((await allow(bench, { allow: 2 })).answer, "good");
  assert.equal((await format()).answer, "good");
  assert.equal(bench.image.endOfData, 0);
});

test("the control mode page stands beside the page of data protection, and can be changed", async () => {
  const bench = await DriveBench.open();
  for (const subpageCode of [0, 0xf0]) {
    const cdb = ModeSense10.encode({ pageCode: 0x0a, subpageCode, allocationLength: 100 });
    assert.equal((await bench.host.send(cdb)).status, "good");
  }
  assert.deepEqual(await select(bench, ControlPage.encode({ taskAbortedStatus: true, descriptorSense: true })), {
    answer: "good",
  });
  assert.equal((await bench.read(10)).answer, "end-of-data");
});

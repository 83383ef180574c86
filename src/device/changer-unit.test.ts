// SPDX-License-Identifier: Apache-2.0
// The changer unit: READ ELEMENT STATUS with exact lengths, the tables of MOVE and EXCHANGE MEDIUM, volume tags, mail
// slots, mode pages. SMC-3.

import assert from "node:assert/strict";
import { test } from "node:test";
import { concatBytes } from "#base/index.ts";
import { Cursor } from "#codec/index.ts";
import { Changer, decideExchange, decideMove } from "#library/index.ts";
import type { ChangerShape, Move, MoveRefusal, Placement } from "#library/index.ts";
import {
  changerModels,
  DeviceCapabilitiesPage,
  ElementAddressPage,
  ElementDescriptor,
  ElementPageHeader,
  ElementStatusHeader,
  ExchangeMedium,
  InitializeElementStatus,
  InitializeElementStatusWithRange,
  InitializeElementStatusWithRangeVendor,
  ModeHeader6,
  ModeSense6,
  MoveMedium,
  OpenCloseImportExport,
  PositionToElement,
  PreventAllowMediumRemoval,
  ReadElementStatus,
  Reserve6,
  RequestVolumeElementAddress,
  SendVolumeTag,
  TestUnitReady,
  VendorDesignator,
  VolumeElementAddressHeader,
  VolumeTag,
  VolumeTagTemplate,
} from "#scsi/index.ts";
import type { BayDrive, MoveAnswer, Robot } from "./changer-options.ts";
import { matchesTemplate } from "./changer-tags.ts";
import { ChangerUnit } from "./changer-unit.ts";
import { seen } from "./drive-test-kit.ts";
import type { Seen } from "./drive-test-kit.ts";
import { TestHost, testSurroundings } from "./test-host.ts";

const shape: ChangerShape = {
  picker: { first: 1, count: 1 },
  "drive-bay": { first: 256, count: 2 },
  "mail-slot": { first: 768, count: 2 },
  "storage-slot": { first: 1024, count: 5 },
};
const good = { answer: "good" };

/** A robot that does what it is told, unless it is told to refuse. */
class TestRobot implements Robot {
  readonly changer: Changer;
  refusal: MoveRefusal | undefined;
  exception: BayDrive["exception"];
  readonly done: (readonly [number, number])[] = [];

  constructor(changer: Changer) {
    this.changer = changer;
  }

  async move(moves: readonly Move[]): Promise<MoveAnswer> {
    await Promise.resolve();
    if (this.refusal !== undefined) return { kind: "refused", reason: this.refusal };
    this.changer.apply(...moves);
    for (const { source, destination } of moves) this.done.push([source.address, destination.address]);
    return { kind: "moved" };
  }

  driveAt(address: number): BayDrive | undefined {
    const serial = `CAP000${address}`;
    return address < 258 ? { vendor: "IBM", product: "ULT3580-TD8", serial, exception: this.exception } : undefined;
  }
}

interface Bench {
  readonly changer: Changer;
  readonly robot: TestRobot;
  readonly unit: ChangerUnit;
  readonly host: TestHost;
  command(cdb: Uint8Array): Promise<Seen>;
}

function open(placements: readonly Placement[] = [], like: ChangerShape = shape): Bench {
  const changer = new Changer(like, placements);
  const robot = new TestRobot(changer);
  const unit = new ChangerUnit({
    ...testSurroundings,
    model: changerModels["ibm-3584"],
    serial: "CAP0000000",
    changer,
    robot,
  });
  const host = new TestHost(unit);
  const command = async (cdb: Uint8Array): Promise<Seen> => seen(await host.send(cdb, { expectedDataIn: 0 }));
  return { changer, robot, unit, host, command };
}

const at = (address: number, barcode: string, kind: Placement["kind"] = "data"): Placement => ({
  address,
  barcode,
  kind,
});

interface Page {
  readonly type: number;
  readonly primaryVolumeTag: boolean;
  readonly descriptorLength: number;
  readonly descriptors: readonly Uint8Array[];
}

interface Report {
  readonly first: number;
  readonly count: number;
  readonly byteCount: number;
  readonly size: number;
  readonly pages: readonly Page[];
}

type Request = Parameters<typeof ReadElementStatus.encode>[0];

async function status(bench: Bench, request: Request): Promise<Report> {
  const cdb = ReadElementStatus.encode({ elementCount: 0xffff, allocationLength: 0xffff, ...request });
  const { data, status: answer } = await bench.host.send(cdb);
  assert.equal(answer, "good");
  const cursor = new Cursor("element status", data);
  const { firstElement, elementCount, byteCount } = cursor.structure(ElementStatusHeader);
  const pages: Page[] = [];
  while (cursor.remaining > 0) {
    const header = cursor.structure(ElementPageHeader);
    const descriptors = [];
    for (let left = header.byteCount; left > 0; left -= header.descriptorLength) {
      descriptors.push(cursor.take(header.descriptorLength));
    }
    const { elementType: type, primaryVolumeTag, descriptorLength, alternateVolumeTag } = header;
    assert.equal(alternateVolumeTag, false);
    pages.push({ type, primaryVolumeTag, descriptorLength, descriptors });
  }
  return { first: firstElement, count: elementCount, byteCount, size: data.byteLength, pages };
}

const addressesOf = (report: Report): readonly number[] =>
  report.pages.flatMap(({ descriptors }) => descriptors.map((bytes) => ElementDescriptor.decode(bytes).elementAddress));

for (const [volumeTags, deviceIdentifiers, lengths] of [
  [false, false, [16, 16, 16, 16]],
  [true, false, [52, 52, 52, 52]],
  [false, true, [16, 16, 16, 50]],
  [true, true, [52, 52, 52, 86]],
] as const) {
  const asked = `${volumeTags ? "VOLTAG" : "no VOLTAG"}, ${deviceIdentifiers ? "DVCID" : "no DVCID"}`;

  test(`READ ELEMENT STATUS of all types with ${asked} has descriptors of ${lengths.join(", ")} bytes`, async () => {
    const report = await status(open([at(1024, "A")]), { volumeTags, deviceIdentifiers });
    assert.deepEqual(
      report.pages.map(({ descriptorLength }) => descriptorLength),
      lengths,
    );
    assert.deepEqual(
      report.pages.map(({ type }) => type),
      [1, 2, 3, 4],
    );
    assert.ok(report.pages.every(({ primaryVolumeTag }) => primaryVolumeTag === volumeTags));
    assert.deepEqual(addressesOf(report), [1, 1024, 1025, 1026, 1027, 1028, 768, 769, 256, 257]);
    assert.deepEqual([report.first, report.count], [1, 10]);
    assert.equal(report.byteCount, report.size - 8);
  });

  for (const allocationLength of [0, 4, 8, 20, 100]) {
    test(`READ ELEMENT STATUS with ${asked} cut to ${allocationLength} bytes keeps its lengths`, async () => {
      const bench = open([at(1024, "A")]);
      const whole = await status(bench, { volumeTags, deviceIdentifiers });
      const cdb = ReadElementStatus.encode({ volumeTags, deviceIdentifiers, elementCount: 100, allocationLength });
      const { data } = await bench.host.send(cdb);
      assert.equal(data.byteLength, allocationLength);
      if (allocationLength >= 8) assert.equal(ElementStatusHeader.decode(data).byteCount, whole.byteCount);
    });
  }
}

for (const [elementType, startingElement, elementCount, expected] of [
  [1, 0, 10, [1]],
  [2, 0, 10, [1024, 1025, 1026, 1027, 1028]],
  [2, 1026, 10, [1026, 1027, 1028]],
  [2, 1026, 2, [1026, 1027]],
  [2, 1029, 10, []],
  [2, 0, 0, []],
  [3, 0, 1, [768]],
  [4, 257, 1, [257]],
  [4, 0, 100, [256, 257]],
  [0, 1025, 100, [1025, 1026, 1027, 1028]],
  [0, 768, 100, [1024, 1025, 1026, 1027, 1028, 768, 769]],
  [0, 0, 3, [1, 1024, 1025]],
  [0, 2000, 3, []],
] as const) {
  test(`type ${elementType} from ${startingElement}, ${elementCount} at most: ${expected.join(" ") || "none"}`, async () => {
    const report = await status(open(), { elementType, startingElement, elementCount });
    assert.deepEqual(addressesOf(report), expected);
    assert.equal(report.count, expected.length);
    assert.equal(report.first, expected.length === 0 ? 0 : Math.min(...expected));
  });
}

test("a type without elements is good with none", async () => {
  const bench = open([], { ...shape, "mail-slot": { first: 768, count: 0 } });
  const report = await status(bench, { elementType: 3 });
  assert.deepEqual([report.count, report.byteCount, report.pages.length], [0, 0, 0]);
});

test("an element type that does not exist is refused", async () => {
  const bench = open();
  const { sense } = await bench.host.send(ReadElementStatus.encode({ elementType: 5, allocationLength: 100 }));
  assert.deepEqual(sense?.fieldPointer, { in: "cdb", byte: 1, bit: 3 });
});

test("the LUN of old initiators in byte 1 is not looked at", async () => {
  const bench = open();
  const cdb = ReadElementStatus.encode({ elementType: 4, elementCount: 1, allocationLength: 100 });
  cdb[1] = (cdb[1] ?? 0) | 0x20;
  assert.equal((await bench.host.send(cdb)).status, "good");
});

test("descriptors tell what is where and where it came from", async () => {
  const bench = open([at(1024, "CAP001L8"), at(1025, "CLN001L8", "cleaning"), at(1026, "CAP003LY", "write-once")]);
  bench.changer.insert(768, { barcode: "CAP004L8", kind: "data" });
  await bench.command(MoveMedium.encode({ source: 1024, destination: 256 }));
  const report = await status(bench, { volumeTags: true });
  const byAddress = new Map(
    report.pages.flatMap(({ descriptors }) =>
      descriptors.map((bytes) => [ElementDescriptor.decode(bytes).elementAddress, bytes] as const),
    ),
  );
  const look = (address: number) => {
    const bytes = byAddress.get(address) ?? new Uint8Array(0);
    const fixed = ElementDescriptor.decode(bytes);
    return { ...fixed, tag: VolumeTag.decode(bytes, ElementDescriptor.size).identifier };
  };
  const inDrive = look(256);
  assert.deepEqual(
    [inDrive.full, inDrive.sourceValid, inDrive.source, inDrive.tag, inDrive.mediumType, inDrive.accessible],
    [true, true, 1024, "CAP001L8", 1, true],
  );
  assert.deepEqual([look(1024).full, look(1024).sourceValid, look(1024).tag], [false, false, ""]);
  assert.deepEqual([look(1025).mediumType, look(1026).mediumType], [2, 4]);
  const mail = look(768);
  assert.deepEqual(
    [mail.full, mail.placedByOperator, mail.importEnabled, mail.exportEnabled],
    [true, true, true, true],
  );
  assert.equal(look(1).accessible, false);
});

test("a drive that cannot use its cartridge is an exception in its bay", async () => {
  const bench = open([at(256, "CAP001L8")]);
  bench.robot.exception = "cleaning";
  const report = await status(bench, { elementType: 4, elementCount: 1 });
  const { exception, asc, ascq, full } = ElementDescriptor.decode(report.pages[0]?.descriptors[0] ?? new Uint8Array(0));
  assert.deepEqual([exception, asc, ascq, full], [true, 0x30, 0x03, true]);
});

test("DVCID names vendor, product and serial of the drive", async () => {
  const report = await status(open(), { elementType: 4, deviceIdentifiers: true });
  const bytes = report.pages[0]?.descriptors[1] ?? new Uint8Array(0);
  assert.deepEqual([...bytes.subarray(12, 16)], [2, 1, 0, 34]);
  assert.deepEqual(VendorDesignator.decode(bytes, 16), { vendor: "IBM", product: "ULT3580-TD8", serial: "CAP000257" });
});

for (const [name, move, expected] of [
  ["from a slot to a drive", { source: 1024, destination: 256 }, "good"],
  ["with the picker's address", { picker: 1, source: 1024, destination: 256 }, "good"],
  ["to where it is", { source: 1024, destination: 1024 }, "good"],
  ["to a mail slot", { source: 1024, destination: 769 }, "good"],
  ["from an empty element", { source: 1026, destination: 256 }, "source-empty"],
  ["to a full element", { source: 1024, destination: 1025 }, "destination-full"],
  ["from an address that is none", { source: 9, destination: 256 }, "element-address"],
  ["to an address that is none", { source: 1024, destination: 9 }, "element-address"],
  ["to the picker", { source: 1024, destination: 1 }, "element-address"],
  ["with a picker that is none", { picker: 256, source: 1024, destination: 256 }, "element-address"],
  ["upside down", { source: 1024, destination: 256, invert: true }, "invalid-field-in-cdb"],
] as const) {
  test(`MOVE MEDIUM ${name}: ${expected}`, async () => {
    const bench = open([at(1024, "A"), at(1025, "B")]);
    assert.equal((await bench.command(MoveMedium.encode(move))).answer, expected);
    const isMoved = expected === "good" && move.source !== move.destination;
    assert.equal(bench.changer.find("A")?.address, isMoved ? move.destination : 1024);
    assert.equal(bench.robot.done.length, isMoved ? 1 : 0);
    bench.changer.assertSound();
  });
}

for (const [refusal, expected] of [
  ["removal-prevented", "removal-prevented"],
  ["not-accessible", "magazine-not-accessible"],
  ["failed", "positioning-error"],
  ["destination-full", "destination-full"],
  ["source-empty", "source-empty"],
  ["bad-address", "element-address"],
] as const) {
  test(`a move that the robot refuses as ${refusal} answers ${expected}`, async () => {
    const bench = open([at(1024, "A"), at(256, "B")]);
    bench.robot.refusal = refusal;
    assert.equal((await bench.command(MoveMedium.encode({ source: 1024, destination: 257 }))).answer, expected);
    const exchange = ExchangeMedium.encode({ source: 1024, firstDestination: 256, secondDestination: 1024 });
    assert.equal((await bench.command(exchange)).answer, expected);
    assert.equal(bench.changer.find("A")?.address, 1024);
  });
}

for (const [name, exchange, expected] of [
  ["that swaps", { source: 1024, firstDestination: 256, secondDestination: 1024 }, "good"],
  ["with a third element", { source: 1024, firstDestination: 256, secondDestination: 1026 }, "good"],
  ["to a full element", { source: 1024, firstDestination: 256, secondDestination: 1025 }, "destination-full"],
  ["from an empty element", { source: 1026, firstDestination: 256, secondDestination: 1026 }, "source-empty"],
  ["with nothing to exchange", { source: 1024, firstDestination: 257, secondDestination: 1026 }, "source-empty"],
  ["with an address that is none", { source: 1024, firstDestination: 9, secondDestination: 1026 }, "element-address"],
  [
    "upside down",
    { source: 1024, firstDestination: 256, secondDestination: 1026, invertSecond: true },
    "invalid-field-in-cdb",
  ],
] as const) {
  test(`EXCHANGE MEDIUM ${name}: ${expected}`, async () => {
    const bench = open([at(1024, "A"), at(1025, "B"), at(256, "C")]);
    assert.equal((await bench.command(ExchangeMedium.encode(exchange))).answer, expected);
    if (expected === "good") {
      assert.equal(bench.changer.find("A")?.address, exchange.firstDestination);
      assert.equal(bench.changer.find("C")?.address, exchange.secondDestination);
    }
    bench.changer.assertSound();
  });
}

test("the changer decides on the elements as they are, and the decisions are the library's", () => {
  const { changer } = open([at(1024, "A"), at(256, "B")]);
  assert.equal(decideMove(changer, { source: 1024, destination: 257 }).kind, "move");
  const swap = { source: 1024, firstDestination: 256, secondDestination: 1024 };
  assert.equal(decideExchange(changer, swap).kind, "exchange");
});

test("POSITION TO ELEMENT, INITIALIZE ELEMENT STATUS and its forms with a range", async () => {
  const bench = open();
  assert.deepEqual(await bench.command(PositionToElement.encode({ destination: 1025 })), good);
  assert.deepEqual(await bench.command(PositionToElement.encode({ destination: 9 })), { answer: "element-address" });
  assert.deepEqual(await bench.command(PositionToElement.encode({ picker: 7, destination: 1025 })), {
    answer: "element-address",
  });
  assert.equal(
    (await bench.command(PositionToElement.encode({ destination: 1025, invert: true }))).answer,
    "invalid-field-in-cdb",
  );
  assert.deepEqual(await bench.command(InitializeElementStatus.encode({})), good);
  const range = { range: true, startingElement: 1024, elementCount: 2 };
  assert.deepEqual(await bench.command(InitializeElementStatusWithRange.encode(range)), good);
  assert.deepEqual(await bench.command(InitializeElementStatusWithRangeVendor.encode(range)), good);
  assert.deepEqual(await bench.command(TestUnitReady.encode({})), good);
});

test("mail slots open and close unless a host prevents it", async () => {
  const bench = open();
  const door = (elementAddress: number, actionCode: number): Promise<Seen> =>
    bench.command(OpenCloseImportExport.encode({ elementAddress, actionCode }));
  assert.deepEqual(await door(768, 0), good);
  assert.deepEqual(await door(768, 1), good);
  assert.deepEqual(await door(1024, 0), { answer: "element-address" });
  assert.equal((await door(768, 2)).answer, "invalid-field-in-cdb");
  await bench.command(PreventAllowMediumRemoval.encode({ prevent: 1 }));
  assert.equal(bench.unit.isRemovalPrevented, true);
  assert.deepEqual(await door(768, 0), { answer: "removal-prevented" });
  assert.deepEqual(await door(768, 1), good);
});

test("an operator at the mail slots is told once to every host", async () => {
  const bench = open();
  const other = new TestHost(bench.unit);
  bench.unit.mailSlotsAccessed();
  for (const host of [bench.host, other]) {
    assert.equal(seen(await host.send(TestUnitReady.encode({}), { expectedDataIn: 0 })).answer, "mail-slot-accessed");
    assert.equal(seen(await host.send(TestUnitReady.encode({}), { expectedDataIn: 0 })).answer, "good");
  }
});

test("element address page: 24 bytes with DBD, data length 23, and what READ ELEMENT STATUS says", async () => {
  const bench = open();
  const cdb = ModeSense6.encode({ pageCode: 0x1d, disableBlockDescriptors: true, allocationLength: 255 });
  const { data } = await bench.host.send(cdb);
  assert.equal(data.byteLength, 24);
  assert.equal(ModeHeader6.decode(data).dataLength, 23);
  assert.deepEqual(ElementAddressPage.decode(data, ModeHeader6.size), {
    firstPicker: 1,
    pickerCount: 1,
    firstStorageSlot: 1024,
    storageSlotCount: 5,
    firstMailSlot: 768,
    mailSlotCount: 2,
    firstDriveBay: 256,
    driveBayCount: 2,
  });
  bench.changer.reshape({ ...shape, "storage-slot": { first: 1024, count: 9 } });
  const grown = await bench.host.send(cdb);
  assert.equal(ElementAddressPage.decode(grown.data, ModeHeader6.size).storageSlotCount, 9);
  const withDescriptors = await bench.host.send(ModeSense6.encode({ pageCode: 0x1d, allocationLength: 255 }));
  assert.equal(withDescriptors.data.byteLength, 24);
});

test("device capabilities: everything but the picker stores, moves and exchanges", async () => {
  const { data } = await open().host.send(ModeSense6.encode({ pageCode: 0x1f, allocationLength: 255 }));
  const page = DeviceCapabilitiesPage.decode(data, ModeHeader6.size);
  assert.deepEqual(
    [page.stores, page.movesFromPicker, page.movesFromStorageSlot, page.exchangesDriveBay, page.exchangesPicker],
    [14, 0, 14, 14, 0],
  );
});

async function search(bench: Bench, template: string, actionCode = 5): Promise<Seen> {
  const dataOut = VolumeTagTemplate.encode({});
  dataOut.set(concatBytes([Buffer.from(template), new Uint8Array(32 - template.length)]));
  const cdb = SendVolumeTag.encode({ actionCode, parameterListLength: VolumeTagTemplate.size });
  return seen(await bench.host.send(cdb, { dataOut }));
}

async function found(bench: Bench): Promise<readonly number[]> {
  const cdb = RequestVolumeElementAddress.encode({ volumeTags: true, elementCount: 100, allocationLength: 0xffff });
  const { data } = await bench.host.send(cdb);
  const { elementCount, byteCount } = VolumeElementAddressHeader.decode(data);
  assert.equal(byteCount, data.byteLength - 8);
  const addresses: number[] = [];
  const cursor = new Cursor("volume addresses", data.subarray(8));
  while (cursor.remaining > 0) {
    const page = cursor.structure(ElementPageHeader);
    for (let left = page.byteCount; left > 0; left -= page.descriptorLength) {
      addresses.push(ElementDescriptor.decode(cursor.take(page.descriptorLength)).elementAddress);
    }
  }
  assert.equal(elementCount, addresses.length);
  return addresses;
}

test("volume tags are found by template, with wildcards and zero padding", async () => {
  const bench = open([at(1024, "CAP001L8"), at(1026, "CAP002L8"), at(256, "XYZ001L8")]);
  assert.deepEqual(await search(bench, "CAP001L8*"), good);
  assert.deepEqual(await found(bench), [1024]);
  assert.deepEqual(await search(bench, "*001*"), good);
  assert.deepEqual(await found(bench), [1024, 256]);
  assert.deepEqual(await search(bench, "CAP00?L8"), good);
  assert.deepEqual(await found(bench), [1024, 1026]);
  assert.deepEqual(await search(bench, "NONE"), good);
  assert.deepEqual(await found(bench), []);
  assert.deepEqual(await search(bench, "*", 6), good);
  assert.deepEqual(await found(bench), []);
  assert.equal((await search(bench, "CAP001L8", 8)).answer, "invalid-field-in-cdb");
});

test("a search with a parameter list of another length is refused", async () => {
  const bench = open();
  const cdb = SendVolumeTag.encode({ actionCode: 5, parameterListLength: 36 });
  assert.equal(seen(await bench.host.send(cdb, { dataOut: new Uint8Array(36) })).answer, "parameter-list-length");
});

for (const [template, text, expected] of [
  ["", "", true],
  ["*", "", true],
  ["?", "", false],
  ["A*", "ABC", true],
  ["*C", "ABC", true],
  ["A*C", "ABBC", true],
  ["A?C", "ABC", true],
  ["A?C", "ABBC", false],
  ["*B*B*", "ABAB", true],
  ["*B*B*", "ABA", false],
  ["ABC", "ABCD", false],
] as const) {
  test(`the template "${template}" ${expected ? "matches" : "does not match"} "${text}"`, () => {
    assert.equal(matchesTemplate(template, text), expected);
  });
}

test("a template of many wildcards takes no time", () => {
  assert.equal(matchesTemplate("*A".repeat(15) + "*B", "A".repeat(32)), false);
});

test("1,000 slots with barcodes fit into the 65,535 bytes that Proxmox allows", async () => {
  const many = { ...shape, "storage-slot": { first: 1024, count: 1000 } };
  const placements = Array.from({ length: 1000 }, (_, index) => at(1024 + index, `C${index}`));
  const report = await status(open(placements, many), { elementType: 2, volumeTags: true, elementCount: 1000 });
  assert.equal(report.count, 1000);
  assert.equal(report.size, 8 + 8 + 52 * 1000);
});

test("READ ELEMENT STATUS meets another host's reservation unless it asks for what is known (CURDATA)", async () => {
  const bench = open([at(1025, "CAP001L8")]);
  const other = new TestHost(bench.unit);
  const cdb = (currentData: boolean): Uint8Array =>
    ReadElementStatus.encode({ elementCount: 10, currentData, allocationLength: 1000 });
  assert.equal((await bench.host.send(Reserve6.encode({}))).status, "good");
  assert.equal((await other.send(cdb(false))).status, "reservation-conflict");
  assert.equal((await other.send(cdb(true))).status, "good");
  assert.equal((await bench.host.send(cdb(false))).status, "good");
});

// SPDX-License-Identifier: Apache-2.0
// WRITE ATTRIBUTE and what a cartridge keeps beside its data; SET CAPACITY.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromAscii, concatBytes, faultsOf, limits } from "#base/index.ts";
import { Cursor } from "#codec/index.ts";
import {
  AttributeHeader,
  attributes,
  AttributesHeader,
  ReadAttributeSupported,
  ReadAttributeValues,
  SetCapacity,
  WriteAttribute,
  type AttributeRow,
} from "#scsi/index.ts";
import type { CartridgeMemory } from "./cartridge-memory.ts";
import { DriveBench, seen } from "./drive-test-kit.ts";
import type { Reply } from "./test-host.ts";

const storeFault = faultsOf("store", {
  "disk-full": { text: "no space on {path}", retry: "operator", http: 507, exit: 7 },
});

interface Written {
  readonly id: number;
  readonly value: Uint8Array;
  readonly format?: number;
}

function listOf(written: readonly Written[]): Uint8Array {
  const parts = written.flatMap(({ id, value, format = 1 }) => [
    AttributeHeader.encode({ id, format, length: value.byteLength }),
    value,
  ]);
  const body = concatBytes(parts);
  return concatBytes([AttributesHeader.encode({ availableLength: body.byteLength }), body]);
}

function writeList(bench: DriveBench, dataOut: Uint8Array, partition = 0): Promise<Reply> {
  const cdb = WriteAttribute.encode({ writeThrough: true, partition, parameterListLength: dataOut.byteLength });
  return bench.host.send(cdb, { dataOut });
}

async function values(bench: DriveBench): Promise<ReadonlyMap<number, Uint8Array>> {
  const { data } = await bench.host.send(ReadAttributeValues.encode({ allocationLength: 32_768 }));
  const cursor = new Cursor("attributes", data.subarray(AttributesHeader.size));
  const found = new Map<number, Uint8Array>();
  while (cursor.remaining > 0) {
    const { id, length } = cursor.structure(AttributeHeader);
    found.set(id, cursor.take(length).slice());
  }
  return found;
}

const label: Written = { id: 0x0803, value: bytesFromAscii("Monday"), format: 2 };
const coherency: Written = { id: 0x080c, value: new Uint8Array(70).fill(7), format: 0 };

test("what hosts write is read back: texts padded to their length, binary values as they are", async () => {
  const bench = await DriveBench.open();
  assert.equal(seen(await writeList(bench, listOf([label, coherency]))).answer, "good");
  const found = await values(bench);
  assert.equal(Buffer.from(found.get(0x0803) ?? []).toString(), "Monday".padEnd(160));
  assert.deepEqual(found.get(0x080c), coherency.value);
  assert.deepEqual(
    [...found.keys()],
    [...found.keys()].toSorted((left, right) => left - right),
  );
});

test("an attribute of no length is deleted", async () => {
  const bench = await DriveBench.open();
  await writeList(bench, listOf([label, coherency]));
  await writeList(bench, listOf([{ id: 0x0803, value: new Uint8Array(0) }]));
  const found = await values(bench);
  assert.ok(!found.has(0x0803) && found.has(0x080c));
});

test("every attribute of the table can be written by hosts or is refused with a pointer, as its source says", async () => {
  for (const { id, source } of Object.values<AttributeRow>(attributes)) {
    const bench = await DriveBench.open();
    const { status, sense } = await writeList(bench, listOf([{ id, value: Uint8Array.of(0x41) }]));
    assert.equal(status === "good", source === "host", id.toString(16));
    if (source !== "host") assert.deepEqual(sense?.fieldPointer, { in: "parameters", byte: 4, bit: 7 });
  }
});

for (const [name, list, pointer] of [
  ["a list length that is not the list's", concatBytes([Uint8Array.of(0, 0, 0, 9), new Uint8Array(6)]), 0],
  ["an unknown identifier", listOf([label, { id: 0x0a00, value: Uint8Array.of(1) }]), 4 + 5 + 6],
  ["a reserved format", listOf([{ ...label, format: 3 }]), 6],
  ["a value that is too long", listOf([label, { id: 0x080b, value: new Uint8Array(17) }]), 4 + 5 + 6 + 3],
  ["identifiers that descend", listOf([coherency, label]), 4 + 5 + 70],
] as const) {
  test(`WRITE ATTRIBUTE refuses ${name}, and nothing of the list is written`, async () => {
    const bench = await DriveBench.open();
    const { sense } = await writeList(bench, list);
    assert.deepEqual([sense?.asc, sense?.fieldPointer?.byte], [0x26, pointer]);
    const found = await values(bench);
    assert.ok(!found.has(0x0803) && !found.has(0x080c));
  });
}

test("a cut list is refused", async () => {
  const bench = await DriveBench.open();
  const list = listOf([label]);
  for (let length = 1; length < list.byteLength; length++) {
    const cut = list.slice(0, length);
    if (length >= 4) cut.set(AttributesHeader.encode({ availableLength: length - 4 }));
    const { status } = await writeList(bench, cut);
    assert.equal(status, length === 4 ? "good" : "check-condition", `${length} bytes`);
  }
});

test("the chip gets full, and says so before anything is written", async () => {
  const bench = await DriveBench.open();
  const large = (id: number): Written => ({ id, value: new Uint8Array(1024).fill(1), format: 0 });
  const ids = Array.from({ length: Math.ceil(limits.hostMemory / 1024) }, (_, index) => 0x1400 + index);
  const answers: string[] = [];
  for (const id of ids) answers.push(seen(await writeList(bench, listOf([large(id)]))).answer);
  assert.deepEqual(new Set(answers.slice(0, -1)), new Set(["good"]));
  assert.equal(answers.at(-1), "memory-full");
});

test("a write-protected cartridge keeps its attributes, another partition does not exist", async () => {
  const bench = await DriveBench.open({ cartridge: { writeProtected: true } });
  assert.equal(seen(await writeList(bench, listOf([label]))).answer, "write-protected");
  const { sense } = await writeList(bench, listOf([label]), 1);
  assert.deepEqual(sense?.fieldPointer, { in: "cdb", byte: 7, bit: 7 });
});

test("GOOD is answered when the attribute is kept; when it cannot be, nothing has changed", async () => {
  const kept: CartridgeMemory[] = [];
  let isBroken = false;
  const keep = async (_barcode: string, memory: CartridgeMemory): Promise<void> => {
    await Promise.resolve();
    if (isBroken) throw storeFault("disk-full", { path: "a disk" });
    kept.push(memory);
  };
  const bench = await DriveBench.open({ keep });
  await writeList(bench, listOf([label]));
  assert.equal(kept.at(-1)?.attributes?.length, 1);
  isBroken = true;
  assert.equal(seen(await writeList(bench, listOf([coherency]))).answer, "write-error");
  assert.equal((await bench.write(10)).answer, "write-error");
  isBroken = false;
  assert.ok(!(await values(bench)).has(0x080c));
});

test("attributes and the last drives go with the cartridge", async () => {
  const bench = await DriveBench.open();
  await writeList(bench, listOf([label]));
  const answer = await bench.drive.remove();
  assert.ok(answer.kind === "removed");
  bench.drive.insert(answer.cartridge);
  await bench.host.send(ReadAttributeValues.encode({ allocationLength: 100 }));
  const found = await values(bench);
  assert.equal(
    Buffer.from(found.get(0x0803) ?? [])
      .toString()
      .trim(),
    "Monday",
  );
  const drives = [0x020a, 0x020b].map((id) =>
    Buffer.from(found.get(id) ?? [])
      .toString()
      .trim(),
  );
  assert.deepEqual(drives, ["IBM     CAP0000001", "IBM     CAP0000001"]);
  assert.ok(!found.has(0x020c));
});

test("the list of supported attributes is the table", async () => {
  const bench = await DriveBench.open();
  const { data } = await bench.host.send(ReadAttributeSupported.encode({ allocationLength: 4096 }));
  assert.equal(data.byteLength, AttributesHeader.size + 2 * Object.keys(attributes).length);
});

test("the change reference of a cartridge from an earlier release goes on where that counted", async () => {
  const history = { loadCount: 9, bytesWritten: 0, bytesRead: 0, writtenMounts: 6 };
  const bench = await DriveBench.open({ cartridge: { history } });
  const reference = async () => Buffer.from((await values(bench)).get(9) ?? []).readUInt32BE();
  assert.equal(await reference(), 7);
  await bench.write(1);
  assert.equal(await reference(), 8);
});

test("SET CAPACITY uses a part of the cartridge, erases it, and lasts; all of it comes back", async () => {
  const bench = await DriveBench.open();
  await bench.write(100);
  const set = (proportion: number) => bench.command(SetCapacity.encode({ proportion }));
  assert.equal((await set(0x8000)).answer, "not-at-beginning");
  await bench.rewind();
  assert.equal((await set(0x8000)).answer, "good");
  const capacity = async () => Number(Buffer.from((await values(bench)).get(1) ?? []).readBigUInt64BE());
  assert.equal(await capacity(), 32);
  assert.equal((await bench.read(10)).answer, "end-of-data");
  await bench.load(false);
  await bench.load(true);
  await bench.rewind();
  assert.equal(await capacity(), 32);
  assert.equal((await set(0)).answer, "good");
  assert.equal(await capacity(), 16);
  assert.equal((await set(0xffff)).answer, "good");
  assert.equal(await capacity(), 64);
});

test("SET CAPACITY of a write-once or protected cartridge is refused", async () => {
  for (const [cartridge, answer] of [
    [{ kind: "write-once" }, "write-once"],
    [{ writeProtected: true }, "write-protected"],
  ] as const) {
    const bench = await DriveBench.open({ cartridge });
    assert.equal((await bench.command(SetCapacity.encode({ proportion: 1 }))).answer, answer);
  }
});

// SPDX-License-Identifier: Apache-2.0
// Encryption by the host, as SSC-4 has it: what is stored, who can read it, scopes, locks, and where keys go.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromAscii, concatBytes, silentLog } from "#base/index.ts";
import {
  aes256Gcm,
  EncryptionAlgorithm,
  EncryptionCapabilities,
  EncryptionManagement,
  EncryptionStatus,
  KeyDescriptorHeader,
  NextBlockStatus,
  SecurityProtocolIn,
  SecurityProtocolOut,
  SetEncryption,
  TestUnitReady,
  Verify6,
} from "#scsi/index.ts";
import { MemoryImage } from "#tape/index.ts";
import { DriveBench, cartridgeOf, seen, type Seen } from "./drive-test-kit.ts";
import { makeTask, TestHost, type Reply } from "./test-host.ts";

type Page = Parameters<typeof SetEncryption.encode>[0];

const keyOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

function setPage(
  page: Page,
  key: Uint8Array = new Uint8Array(0),
  descriptors: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const length = 16 + key.byteLength + descriptors.byteLength;
  const header = SetEncryption.encode({ page: 0x10, length, keyLength: key.byteLength, ...page });
  return concatBytes([header, key, descriptors]);
}

function out(host: TestHost, dataOut: Uint8Array): Promise<Reply> {
  const parameterListLength = dataOut.byteLength;
  return host.send(SecurityProtocolOut.encode({ protocol: 0x20, specific: 0x10, parameterListLength }), { dataOut });
}

const encrypt = { scope: 2, encryptionMode: 2, decryptionMode: 2, algorithm: 1 };
const mixed = { ...encrypt, decryptionMode: 3 };

async function use(bench: DriveBench, page: Page, key = keyOf(1), descriptors?: Uint8Array): Promise<void> {
  assert.deepEqual(seen(await out(bench.host, setPage(page, key, descriptors))), { answer: "good" });
}

async function off(bench: DriveBench): Promise<void> {
  assert.deepEqual(seen(await out(bench.host, setPage({ scope: 2 }))), { answer: "good" });
}

const ask = (host: TestHost, specific: number, protocol = 0x20): Promise<Reply> =>
  host.send(SecurityProtocolIn.encode({ protocol, specific, allocationLength: 8192 }));

const text = "the words of the host, which nobody else should read";

async function written(page: Page = encrypt): Promise<DriveBench> {
  const bench = await DriveBench.open();
  await use(bench, page);
  assert.deepEqual(await bench.writeData(bytesFromAscii(text), text.length, false), { answer: "good" });
  await bench.rewind();
  return bench;
}

test("what is stored is not what was written, and the key is nowhere in it; reading gives it back", async () => {
  const bench = await written();
  const stored = Buffer.from(bench.image.stored(0) ?? []);
  assert.equal(stored.indexOf("host"), -1);
  assert.equal(stored.indexOf(keyOf(1).subarray(0, 8)), -1);
  const { data } = await bench.readReply(text.length);
  assert.equal(Buffer.from(data).toString(), text);
  assert.equal(bench.image.viewsHeld, 0);
});

test("the same block is never stored twice in the same bytes", async () => {
  const bench = await written();
  await bench.read(100);
  await bench.writeData(bytesFromAscii(text), text.length, false);
  await use(bench, encrypt);
  await bench.writeData(bytesFromAscii(text), text.length, false);
  const all = [0, 1, 2].map((at) => Buffer.from(bench.image.stored(at) ?? []).toString("hex"));
  assert.equal(new Set(all).size, 3);
});

for (const [name, prepare, answer] of [
  ["without a key", off, "cannot-decrypt"],
  ["with another key", (bench: DriveBench) => use(bench, encrypt, keyOf(2)), "wrong-key"],
  [
    "raw, which was not allowed when it was written",
    (bench: DriveBench) => use(bench, { ...encrypt, encryptionMode: 0, decryptionMode: 1 }, new Uint8Array(0)),
    "not-raw-readable",
  ],
] as const) {
  test(`an encrypted block is not read ${name}, and stays the next block`, async () => {
    const bench = await written();
    await prepare(bench);
    assert.deepEqual(await bench.read(1000), { answer, residual: 1000 });
    assert.deepEqual(await bench.position(), [0, 0]);
    assert.equal(bench.image.viewsHeld, 0);
    await use(bench, encrypt);
    assert.equal(Buffer.from((await bench.readReply(text.length)).data).toString(), text);
  });
}

test("a plain block is an error while decrypting, and passes in mixed mode and without encryption", async () => {
  const bench = await DriveBench.open();
  await bench.write(10);
  for (const [page, answer] of [
    [encrypt, "not-encrypted"],
    [mixed, "good"],
  ] as const) {
    await bench.rewind();
    await use(bench, page);
    assert.equal((await bench.read(10)).answer, answer);
  }
  await bench.rewind();
  await off(bench);
  assert.equal((await bench.read(10)).answer, "good");
});

test("a changed block is not given out", async () => {
  const bench = await written();
  const stored = bench.image.stored(0) ?? new Uint8Array(1);
  stored[stored.byteLength - 1] = (stored[stored.byteLength - 1] ?? 0) ^ 1;
  assert.equal((await bench.read(1000)).answer, "integrity-failed");
});

test("raw reading gives a block that external writing takes, and that is read with its key", async () => {
  const bench = await written({ ...encrypt, rawControl: 2 });
  await use(bench, { ...encrypt, encryptionMode: 1, decryptionMode: 1 }, new Uint8Array(0));
  const { data } = await bench.readReply(1000);
  assert.notEqual(data.byteLength, text.length);
  assert.equal((await bench.writeData(data, data.byteLength, false)).answer, "good");
  assert.equal((await bench.writeData(bytesFromAscii(text), text.length, false)).answer, "no-encryption-parameters");
  await bench.rewind();
  await use(bench, encrypt);
  for (let block = 0; block < 2; block++) {
    assert.equal(Buffer.from((await bench.readReply(text.length)).data).toString(), text);
  }
  assert.equal((await bench.read(10)).answer, "end-of-data");
});

test("fixed mode encrypts each block, and a tape of both kinds is read in mixed mode", async () => {
  const bench = await DriveBench.open();
  await bench.select(8);
  await bench.writeData(bytesFromAscii("plain 01plain 02"), 2, true);
  await use(bench, mixed);
  await bench.writeData(bytesFromAscii("secret 1secret 2"), 2, true);
  await bench.rewind();
  const { data } = await bench.readReply(4, { fixed: 8 });
  assert.equal(Buffer.from(data).toString(), "plain 01plain 02secret 1secret 2");
  await off(bench);
  await bench.rewind();
  const reply = await bench.readReply(4, { fixed: 8 });
  assert.deepEqual(seen(reply), { answer: "cannot-decrypt", information: 2, dataLength: 16, residual: 16 });
  assert.deepEqual(await bench.position(), [2, 0]);
  assert.deepEqual(await bench.read(1, { fixed: 8 }), { answer: "cannot-decrypt", information: 1, residual: 8 });
  await use(bench, encrypt);
  const rest = await bench.readReply(3, { fixed: 8 });
  assert.equal(Buffer.from(rest.data).toString(), "secret 1secret 2");
  assert.deepEqual(seen(rest), { answer: "end-of-data", information: 1, dataLength: 16, residual: 8 });
});

test("lengths that differ are told of the plain block, and VERIFY compares the plain block", async () => {
  const bench = await written();
  const length = text.length;
  assert.deepEqual(await bench.read(length + 4), {
    answer: "no-sense",
    information: 4,
    incorrectLength: true,
    dataLength: length,
    residual: 4,
  });
  await bench.rewind();
  const cdb = Verify6.encode({ compareBytes: true, verificationLength: length });
  assert.equal(seen(await bench.host.send(cdb, { dataOut: bytesFromAscii(text) })).answer, "good");
});

test("a key for one nexus is of no use to another, and is forgotten with its session", async () => {
  const bench = await DriveBench.open();
  const other = new TestHost(bench.drive);
  await use(bench, { ...encrypt, scope: 1 });
  await bench.write(10);
  await bench.rewind();
  assert.equal(EncryptionStatus.decode((await ask(other, 0x20)).data).encryptionMode, 0);
  const { data } = await ask(bench.host, 0x20);
  const { nexusScope, keyScope, encryptionMode, keyInstance } = EncryptionStatus.decode(data);
  assert.deepEqual({ nexusScope, keyScope, encryptionMode }, { nexusScope: 1, keyScope: 1, encryptionMode: 2 });
  assert.ok(keyInstance > 0);
  assert.equal(seen(await other.send(TestUnitReady.encode({}), { expectedDataIn: 0 })).answer, "good");
  await bench.drive.nexusClosed(bench.host.nexus, "logout");
  const again = new TestHost(bench.drive);
  assert.equal(EncryptionStatus.decode((await ask(again, 0x20)).data).encryptionMode, 0);
});

test("a key for all is used by all, who are told of a change; a reset forgets it", async () => {
  const bench = await DriveBench.open();
  const other = new TestHost(bench.drive);
  await use(bench, mixed);
  const ready = async () => seen(await other.send(TestUnitReady.encode({}), { expectedDataIn: 0 })).answer;
  assert.equal(await ready(), "encryption-changed");
  assert.equal(await ready(), "good");
  const status = async () => EncryptionStatus.decode((await ask(other, 0x20)).data);
  assert.deepEqual([(await status()).nexusScope, (await status()).keyScope], [0, 2]);
  assert.equal((await status()).encryptionMode, 2);
  await bench.drive.manage("reset", undefined);
  assert.equal(await ready(), "unit-reset");
  assert.equal((await status()).encryptionMode, 0);
});

test("CKOD forgets the key with the cartridge, otherwise it stays", async () => {
  for (const [clearOnDemount, mode] of [
    [true, 0],
    [false, 2],
  ] as const) {
    const bench = await DriveBench.open();
    await use(bench, { ...encrypt, clearOnDemount });
    await bench.drive.remove();
    bench.drive.insert(cartridgeOf(new MemoryImage()));
    const status = await ask(bench.host, 0x20);
    assert.equal(seen(status).answer, "medium-changed");
    assert.equal(EncryptionStatus.decode((await ask(bench.host, 0x20)).data).encryptionMode, mode);
  }
});

test("a locked key that another nexus changes stops reading and writing until it is set again", async () => {
  const bench = await DriveBench.open();
  const other = new TestHost(bench.drive);
  await use(bench, { ...mixed, lock: true });
  assert.equal((await bench.write(10)).answer, "good");
  await ask(other, 0);
  assert.equal(seen(await out(other, setPage(mixed, keyOf(3)))).answer, "good");
  assert.equal((await bench.write(10)).answer, "encryption-changed");
  assert.equal((await bench.write(10)).answer, "key-instance-changed");
  assert.equal((await bench.read(10)).answer, "key-instance-changed");
  await use(bench, mixed);
  assert.equal((await bench.write(10)).answer, "good");
});

test("key-associated data is kept with the block and reported with the next block and the status", async () => {
  const bench = await DriveBench.open();
  const open = bytesFromAscii("label of the key");
  const authentic = bytesFromAscii("vouched for");
  const descriptors = concatBytes([
    KeyDescriptorHeader.encode({ type: 0, length: open.byteLength }),
    open,
    KeyDescriptorHeader.encode({ type: 1, length: authentic.byteLength }),
    authentic,
  ]);
  await use(bench, encrypt, keyOf(1), descriptors);
  await bench.write(10);
  await bench.rewind();
  const inStatus = (await ask(bench.host, 0x20)).data.subarray(EncryptionStatus.size);
  const inBlock = (await ask(bench.host, 0x21)).data.subarray(NextBlockStatus.size);
  for (const list of [inStatus, inBlock]) {
    assert.ok(Buffer.from(list).includes(open) && Buffer.from(list).includes(authentic));
  }
  assert.deepEqual(await bench.position(), [0, 0]);
});

test("the next block's status: plain, filemark, end of data, readable, and not readable", async () => {
  const bench = await DriveBench.open();
  await bench.write(10);
  await bench.filemarks(1);
  await use(bench, mixed);
  await bench.write(10);
  await bench.rewind();
  const next = async () => NextBlockStatus.decode((await ask(bench.host, 0x21)).data).encryption;
  const found = [];
  for (let at = 0; at < 3; at++) {
    await bench.locate(at);
    found.push(await next());
  }
  await use(bench, mixed, keyOf(9));
  found.push(await next());
  await off(bench);
  found.push(await next());
  await bench.space(3, 0);
  found.push(await next());
  assert.deepEqual(found, [3, 2, 5, 6, 6, 2]);
  assert.equal(bench.image.viewsHeld, 0);
});

test("capabilities, lists and formats are what Bareos, CTA and stenc look for", async () => {
  const { host } = await DriveBench.open();
  const { data } = await ask(host, 0x10);
  assert.equal(data.byteLength, EncryptionCapabilities.size + EncryptionAlgorithm.size);
  const { index, encrypts, decrypts, keySize, code } = EncryptionAlgorithm.decode(data, EncryptionCapabilities.size);
  assert.deepEqual(
    { index, encrypts, decrypts, keySize, code },
    { index: 1, encrypts: 2, decrypts: 2, keySize: 32, code: aes256Gcm },
  );
  assert.deepEqual([...(await ask(host, 0, 0)).data], [0, 0, 0, 0, 0, 0, 0, 2, 0x00, 0x20]);
  assert.deepEqual([...(await ask(host, 1, 0)).data], [0, 0, 0, 0]);
  const pages = [...(await ask(host, 0)).data];
  assert.deepEqual(pages, [0, 0, 0, 16, 0, 0, 0, 1, 0, 0x10, 0, 0x11, 0, 0x12, 0, 0x20, 0, 0x21, 0, 0x30]);
  for (let page = 4; page < pages.length; page += 2) {
    const specific = (pages[page] ?? 0) * 256 + (pages[page + 1] ?? 0);
    const reply = await ask(host, specific);
    assert.equal(reply.status, "good");
    assert.equal(reply.data[1], specific);
    assert.equal((reply.data[2] ?? 0) * 256 + (reply.data[3] ?? 0), reply.data.byteLength - 4);
  }
  assert.deepEqual([...(await ask(host, 1)).data], [0, 1, 0, 2, 0, 0x10]);
  assert.equal(EncryptionManagement.decode((await ask(host, 0x12)).data).clearOnPreempt, false);
  assert.notDeepEqual((await ask(host, 0x30)).data, (await ask(host, 0x30)).data);
});

test("both modes off need nothing else to be right: Bareos leaves key length and index in", async () => {
  const bench = await written();
  assert.equal(seen(await out(bench.host, setPage({ scope: 2, algorithm: 1 }, keyOf(0)))).answer, "good");
  assert.equal((await bench.read(1000)).answer, "cannot-decrypt");
});

const good = setPage(encrypt, keyOf(1));
function changed(byte: number, value: number): Uint8Array {
  const list = good.slice();
  list[byte] = value;
  return list;
}

for (const [name, list, byte, bit] of [
  ["another page", changed(1, 0x11), 0, 7],
  ["a page length that is not the list's", changed(3, 47), 2, 7],
  ["a scope that does not exist", changed(4, 0x60), 4, 7],
  ["a reserved bit", changed(4, 0x42), 4, 1],
  ["a check of external encryption", changed(5, 0x80), 5, 7],
  ["a reserved raw control", changed(5, 0x10), 5, 5],
  ["a supplemental key", changed(5, 0x08), 5, 3],
  ["clear on preemption", changed(5, 0x02), 5, 1],
  ["clear on reservation loss", changed(5, 0x01), 5, 0],
  ["an encryption mode that does not exist", changed(6, 3), 6, 7],
  ["a decryption mode that does not exist", changed(7, 4), 7, 7],
  ["another algorithm", changed(8, 2), 8, 7],
  ["a wrapped key", changed(9, 1), 9, 7],
  ["a key of another length", setPage(encrypt, new Uint8Array(16)), 18, 7],
  ["an unknown descriptor", setPage(encrypt, keyOf(1), Uint8Array.of(2, 0, 0, 1, 0)), 52, 7],
  ["a descriptor that is too long", setPage(encrypt, keyOf(1), Uint8Array.of(1, 0, 0, 13)), 54, 7],
] as const) {
  test(`SET DATA ENCRYPTION refuses ${name} with its place, and changes nothing`, async () => {
    const bench = await DriveBench.open();
    await use(bench, mixed, keyOf(5));
    const before = (await ask(bench.host, 0x20)).data;
    const { sense } = await out(bench.host, list);
    assert.deepEqual([sense?.asc, sense?.fieldPointer], [0x26, { in: "parameters", byte, bit }]);
    assert.deepEqual((await ask(bench.host, 0x20)).data, before);
  });
}

test("a list that is cut anywhere is refused or asks for nothing", async () => {
  const bench = await DriveBench.open();
  for (let length = 1; length < good.byteLength; length++) {
    const reply = seen(await out(bench.host, good.slice(0, length)));
    assert.notEqual(reply.answer, "good", `${length} bytes`);
  }
  assert.equal(EncryptionStatus.decode((await ask(bench.host, 0x20)).data).encryptionMode, 0);
});

test("wrong protocols and pages are refused in the CDB", async () => {
  const { host } = await DriveBench.open();
  const pointer = async (fields: Parameters<typeof SecurityProtocolIn.encode>[0]) =>
    (await host.send(SecurityProtocolIn.encode({ allocationLength: 100, ...fields }))).sense?.fieldPointer;
  assert.deepEqual(await pointer({ protocol: 0x41 }), { in: "cdb", byte: 1, bit: 7 });
  assert.deepEqual(await pointer({ protocol: 0x20, specific: 0x31 }), { in: "cdb", byte: 2, bit: 7 });
  assert.deepEqual(await pointer({ protocol: 0x20, inBlocks: true }), { in: "cdb", byte: 4, bit: 7 });
});

test("the parameter list with the key is overwritten, and no line of the log has the key", async () => {
  const lines: string[] = [];
  const note = (...parts: readonly unknown[]): void => void lines.push(JSON.stringify(parts));
  const log = { ...silentLog, info: note, warn: note, error: note };
  const bench = await DriveBench.open({ log });
  const dataOut = setPage(encrypt, keyOf(0x5a));
  const place = { bytes: new Uint8Array(dataOut), release() {} };
  const cdb = SecurityProtocolOut.encode({ protocol: 0x20, specific: 0x10, parameterListLength: dataOut.byteLength });
  const answer = await new Promise<number>((resolve) => {
    const task = makeTask(bench.host.nexus, cdb, {
      expectedDataOut: dataOut.byteLength,
      expectedDataIn: 0,
      lun: 0,
      finish: ({ status }) => resolve(status),
    });
    bench.drive.accept(task);
    task.place = place;
    task.dataComplete = true;
    task.onDataComplete?.();
  });
  assert.equal(answer, 0);
  assert.ok(place.bytes.every((byte) => byte === 0));
  await bench.write(10);
  const answers: Seen[] = [await bench.read(1), await bench.rewind()];
  assert.equal(answers.length, 2);
  assert.ok(!lines.join().includes("5a5a5a5a") && !lines.join().includes("90,90,90"));
});

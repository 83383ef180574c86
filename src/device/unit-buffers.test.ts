// SPDX-License-Identifier: Apache-2.0
// READ BUFFER and WRITE BUFFER in every mode, SET TIMESTAMP, READ MEDIA SERIAL NUMBER, VERIFY that compares bytes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromAscii, limits } from "#base/index.ts";
import {
  BufferDescriptor,
  EchoDescriptor,
  ReadBuffer,
  ReadMediaSerialNumber,
  ReportTimestamp,
  SetTimestamp,
  TestUnitReady,
  Timestamp,
  TimestampParameters,
  Verify6,
  WriteBuffer,
} from "#scsi/index.ts";
import { DriveBench, seen } from "./drive-test-kit.ts";
import { TestHost } from "./test-host.ts";

const modes = Array.from({ length: 32 }, (_, mode) => mode);

test("every mode of READ BUFFER and WRITE BUFFER is carried out or refused with a pointer at MODE", async () => {
  const { host } = await DriveBench.open();
  const dataOut = new Uint8Array(8).fill(1);
  const written: number[] = [];
  const read: number[] = [];
  for (const mode of modes) {
    const out = await host.send(WriteBuffer.encode({ mode, parameterListLength: 8 }), { dataOut });
    if (out.status === "good") written.push(mode);
    else assert.deepEqual(out.sense?.fieldPointer, { in: "cdb", byte: 1, bit: 4 });
    const back = await host.send(ReadBuffer.encode({ mode, allocationLength: 8 }));
    if (back.status === "good") read.push(mode);
    else if (mode !== 0x0a) assert.deepEqual(back.sense?.fieldPointer, { in: "cdb", byte: 1, bit: 4 });
  }
  assert.deepEqual(written, [0x00, 0x02, 0x0a]);
  assert.deepEqual(read, [0x00, 0x02, 0x03, 0x0a, 0x0b]);
});

test("the data buffer keeps what was written at its offset, and nothing goes beyond it", async () => {
  const { host } = await DriveBench.open();
  const { data } = await host.send(ReadBuffer.encode({ mode: 3, allocationLength: 4 }));
  const { capacity } = BufferDescriptor.decode(data);
  assert.equal(capacity, limits.dataBuffer);
  const dataOut = bytesFromAscii("tape");
  const write = (bufferOffset: number) =>
    host.send(WriteBuffer.encode({ mode: 2, bufferOffset, parameterListLength: 4 }), { dataOut });
  assert.equal((await write(capacity - 4)).status, "good");
  assert.equal(seen(await write(capacity - 3)).answer, "invalid-field-in-cdb");
  const back = await host.send(ReadBuffer.encode({ mode: 2, bufferOffset: capacity - 4, allocationLength: 100 }));
  assert.deepEqual(back.data, dataOut);
  const beyond = await host.send(ReadBuffer.encode({ mode: 2, bufferOffset: capacity, allocationLength: 1 }));
  assert.deepEqual(beyond.sense?.fieldPointer, { in: "cdb", byte: 3, bit: 7 });
  const other = await host.send(ReadBuffer.encode({ mode: 2, bufferId: 1, allocationLength: 1 }));
  assert.deepEqual(other.sense?.fieldPointer, { in: "cdb", byte: 2, bit: 7 });
});

test("the echo buffer is each nexus's own, and empty before the first write", async () => {
  const bench = await DriveBench.open();
  const other = new TestHost(bench.drive);
  const echo = (host: TestHost) => host.send(ReadBuffer.encode({ mode: 0x0a, allocationLength: 100 }));
  assert.equal(seen(await echo(bench.host)).answer, "command-sequence-error");
  const dataOut = bytesFromAscii("echo");
  await bench.host.send(WriteBuffer.encode({ mode: 0x0a, parameterListLength: 4 }), { dataOut });
  assert.deepEqual((await echo(bench.host)).data, dataOut);
  assert.equal(seen(await echo(other)).answer, "command-sequence-error");
  const { data } = await other.send(ReadBuffer.encode({ mode: 0x0b, allocationLength: 4 }));
  assert.deepEqual(EchoDescriptor.decode(data), { ownSpace: true, capacity: limits.echoBuffer });
  const long = new Uint8Array(limits.echoBuffer + 1);
  const cdb = WriteBuffer.encode({ mode: 0x0a, parameterListLength: long.byteLength });
  assert.equal(seen(await bench.host.send(cdb, { dataOut: long })).answer, "invalid-field-in-cdb");
});

test("SET TIMESTAMP moves the clock that hosts see, and tells the others", async () => {
  const bench = await DriveBench.open();
  const other = new TestHost(bench.drive);
  const report = async () =>
    Timestamp.decode((await bench.host.send(ReportTimestamp.encode({ allocationLength: 12 }))).data);
  assert.deepEqual(await report(), { origin: 3, timestamp: 0 });
  const set = (length: number) =>
    bench.host.send(SetTimestamp.encode({ parameterListLength: length }), {
      dataOut: TimestampParameters.encode({ timestamp: 1_700_000_000_000 }).subarray(0, length),
    });
  assert.equal(seen(await set(11)).answer, "parameter-list-length");
  assert.equal(seen(await set(12)).answer, "good");
  assert.deepEqual(await report(), { origin: 2, timestamp: 1_700_000_000_000 });
  assert.equal(seen(await other.send(TestUnitReady.encode({}), { expectedDataIn: 0 })).answer, "timestamp-changed");
});

test("READ MEDIA SERIAL NUMBER is the barcode in a length that four divides", async () => {
  const { host } = await DriveBench.open({ cartridge: { barcode: "CAP01L8" } });
  const { data } = await host.send(ReadMediaSerialNumber.encode({ allocationLength: 100 }));
  assert.deepEqual(data, Uint8Array.of(0, 0, 0, 8, ...bytesFromAscii("CAP01L8 ")));
});

test("VERIFY with BYTCMP tells a block that differs from one that does not", async () => {
  const bench = await DriveBench.open();
  await bench.select(4);
  await bench.writeData(bytesFromAscii("abcdefgh"), 2, true);
  const verify = async (text: string) => {
    await bench.rewind();
    const dataOut = bytesFromAscii(text);
    const cdb = Verify6.encode({ compareBytes: true, fixed: true, verificationLength: 2 });
    return seen(await bench.host.send(cdb, { dataOut }));
  };
  assert.deepEqual(await verify("abcdefgh"), { answer: "good" });
  assert.deepEqual(await verify("abcdefgx"), { answer: "miscompare", information: 1 });
  assert.deepEqual(await verify("abxdefgh"), { answer: "miscompare", information: 2 });
  assert.equal((await verify("abcd")).answer, "parameter-list-length");
});

// SPDX-License-Identifier: Apache-2.0
// The record header by hand equals the record header by layout, and nothing foreign is taken for one.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { crc32 } from "./crc32.ts";
import { findRecord, memoryOf, putRecordHeader, RecordHeader, recordKinds, recordSize, recordUnit } from "./record.ts";

const uint48 = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const identityOf = fc.record({
  segment: uint48,
  generation: uint32,
  tag: fc.uint8Array({ minLength: 8, maxLength: 8 }),
});
const fieldsOf = fc.record({
  kind: fc.constantFrom("block" as const, "filemarks" as const, "skip" as const),
  isEncrypted: fc.boolean(),
  length: uint32,
  objectNumber: uint48,
  fileNumber: uint48,
  syncedBytes: uint32,
  dataCrc: uint32,
});

test("a header is what its layout says, and is found again", () => {
  fc.assert(
    fc.property(identityOf, fieldsOf, fc.integer({ min: 0, max: 3 }), (identity, drawn, slot) => {
      const fields = { ...drawn, isEncrypted: drawn.isEncrypted && drawn.kind === "block" };
      const memory = memoryOf(new Uint8Array(4 * recordUnit).fill(0xff));
      const offset = slot * recordUnit;
      putRecordHeader(memory, offset, identity, fields);
      const value = RecordHeader.decode(memory.bytes, offset);
      assert.equal(RecordHeader.check(memory.bytes, offset), undefined);
      const { kind, isEncrypted, ...rest } = fields;
      const { headerCrc, ...decoded } = value;
      assert.deepEqual(decoded, {
        ...rest,
        ...identity,
        kind: isEncrypted ? 4 : recordKinds[kind],
        partition: 0,
        flags: 0,
      });
      assert.equal(headerCrc, crc32(memory.bytes.subarray(offset, offset + 60)));
      assert.deepEqual(findRecord(memory, offset, identity), { ...fields, size: recordSize(kind, fields.length) });
    }),
  );
});

test("every flipped bit of a header is noticed", () => {
  const identity = { segment: 3, generation: 1, tag: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
  const fields = { kind: "block", length: 100, objectNumber: 7, fileNumber: 2, syncedBytes: 0, dataCrc: 5 } as const;
  const memory = memoryOf(new Uint8Array(recordUnit));
  putRecordHeader(memory, 0, identity, fields);
  for (let bit = 0; bit < 8 * recordUnit; bit++) {
    const byte = Math.floor(bit / 8);
    memory.bytes[byte] = (memory.bytes[byte] ?? 0) ^ (1 << (bit % 8));
    assert.equal(typeof findRecord(memory, 0, identity), "string", `bit ${bit}`);
    memory.bytes[byte] = (memory.bytes[byte] ?? 0) ^ (1 << (bit % 8));
  }
});

test("a record of another segment, generation or cartridge is not believed", () => {
  const identity = { segment: 3, generation: 1, tag: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
  const fields = { kind: "skip", length: 64, objectNumber: 7, fileNumber: 2, syncedBytes: 0, dataCrc: 0 } as const;
  const memory = memoryOf(new Uint8Array(recordUnit));
  putRecordHeader(memory, 0, identity, fields);
  assert.equal(findRecord(memory, 0, { ...identity, segment: 4 }), "the record belongs to another segment");
  assert.equal(findRecord(memory, 0, { ...identity, generation: 2 }), "the record belongs to another segment");
  const other = { ...identity, tag: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 9) };
  assert.equal(findRecord(memory, 0, other), "the record belongs to another cartridge");
  assert.equal(findRecord(memory, 1, identity), "the record is cut");
});

// SPDX-License-Identifier: Apache-2.0
// Bytes of a ledger file: a header, then records of JSON text. docs/FORMATS.md describes them. It does no I/O.

import { assert, bytesFromText, roundUp, textFromBytes } from "#base/index.ts";
import { ascii, layout, uint } from "#codec/index.ts";
import { crc32 } from "./crc32.ts";
import { storeFault } from "./faults.ts";

/** Version that this release writes, and the newest that it reads. */
export const ledgerVersion = 1;

/** The first 64 bytes of a ledger file. */
export const LedgerHeader = layout("ledger header", 64, {
  magic: ascii(0, 8, { always: "CAPLEDGR" }),
  version: uint(8, 2),
  /** Sequence number of the first record behind the header. */
  firstSequence: uint(10, 6),
  headerCrc: uint(60, 4),
});

/** What stands before each fact. A batch is what one write carried: all of it counts, or nothing. */
export const LedgerRecord = layout("ledger record", 32, {
  magic: ascii(0, 4, { always: "CAPL" }),
  /** Bytes of JSON text that follow, before padding to a multiple of 8. */
  length: uint(4, 4),
  sequence: uint(8, 6),
  /** Sequence number of the first record of the batch, and how many records it has. */
  batch: uint(14, 6),
  batchCount: uint(20, 4),
  textCrc: uint(24, 4),
  headerCrc: uint(28, 4),
});

/** The header of a new file. */
export function encodeLedgerHeader(firstSequence: number): Uint8Array {
  const bytes = LedgerHeader.encode({ version: ledgerVersion, firstSequence });
  return LedgerHeader.encode({ version: ledgerVersion, firstSequence, headerCrc: crc32(bytes.subarray(0, 60)) });
}

/** The records of one batch. */
export function encodeBatch(texts: readonly string[], firstSequence: number): Uint8Array {
  const payloads = texts.map((text) => bytesFromText(text));
  let size = 0;
  for (const payload of payloads) size += LedgerRecord.size + roundUp(payload.byteLength, 8);
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const [index, payload] of payloads.entries()) {
    const value = {
      length: payload.byteLength,
      sequence: firstSequence + index,
      batch: firstSequence,
      batchCount: payloads.length,
      textCrc: crc32(payload),
    };
    LedgerRecord.encodeInto(bytes, offset, value);
    const headerCrc = crc32(bytes.subarray(offset, offset + LedgerRecord.size - 4));
    LedgerRecord.encodeInto(bytes, offset, { ...value, headerCrc });
    bytes.set(payload, offset + LedgerRecord.size);
    offset += LedgerRecord.size + roundUp(payload.byteLength, 8);
  }
  return bytes;
}

/** What a file holds. */
export interface LedgerContent {
  /** Where the records are. Their texts are read one by one: all of them at once are much more than the facts. */
  readonly offsets: readonly number[];
  readonly nextSequence: number;
  /** Where the next record goes. What lies behind was never acknowledged. */
  readonly endOffset: number;
}

interface FoundRecord {
  readonly sequence: number;
  readonly batch: number;
  readonly batchCount: number;
  readonly end: number;
}

/** How a record begins: its magic, the one field with a fixed value. No bit of it is reserved. */
const recordStart = LedgerRecord.encode({}).subarray(0, 4);

/** The header of a record, when its checksum is good. */
function headerAt(bytes: Uint8Array, offset: number) {
  if (offset + LedgerRecord.size > bytes.byteLength) return undefined;
  for (let index = 0; index < recordStart.length; index++) {
    if (bytes[offset + index] !== recordStart[index]) return undefined;
  }
  const header = LedgerRecord.decode(bytes, offset);
  return header.headerCrc === crc32(bytes.subarray(offset, offset + LedgerRecord.size - 4)) ? header : undefined;
}

function recordAt(bytes: Uint8Array, offset: number): FoundRecord | string {
  const header = headerAt(bytes, offset);
  if (header === undefined) return "no record header with a good checksum";
  const start = offset + LedgerRecord.size;
  const payload = bytes.subarray(start, start + header.length);
  if (bytes.byteLength < start + roundUp(header.length, 8)) return "the record is cut";
  if (crc32(payload) !== header.textCrc) return "the text does not have its checksum";
  const end = start + roundUp(header.length, 8);
  const { sequence, batch, batchCount } = header;
  return { sequence, batch, batchCount, end };
}

/** The text of a record that `decodeLedger` found. */
export function recordText(bytes: Uint8Array, offset: number): string {
  const { length } = LedgerRecord.decode(bytes, offset);
  return textFromBytes(bytes.subarray(offset + LedgerRecord.size, offset + LedgerRecord.size + length));
}

/** True when a record of a batch later than `batch` lies at `from` or behind: then what is before it was durable. */
function hasLaterBatch(bytes: Uint8Array, from: number, batch: number): boolean {
  for (let offset = roundUp(from, 8); offset + LedgerRecord.size <= bytes.byteLength; offset += 8) {
    const header = headerAt(bytes, offset);
    if (header !== undefined && header.batch > batch) return true;
  }
  return false;
}

function checkLedgerHeader(path: string, bytes: Uint8Array): number {
  const damaged = (reason: string): Error => storeFault("file-damaged", { path, offset: 0, reason });
  if (bytes.byteLength < LedgerHeader.size) throw damaged("the header is cut");
  const header = LedgerHeader.decode(bytes);
  if (crc32(bytes.subarray(0, 60)) !== header.headerCrc) throw damaged("the header does not have its checksum");
  if (LedgerHeader.check(bytes)?.byte === 0) throw damaged("it is no ledger");
  if (header.version > ledgerVersion) {
    throw storeFault("format-newer", { path, version: header.version, supported: ledgerVersion });
  }
  return header.firstSequence;
}

/**
 * Reads a whole file. An incomplete batch at the end was never acknowledged and is left out. Faults
 * `store.file-damaged` for damage before that, `store.format-newer`.
 */
export function decodeLedger(path: string, bytes: Uint8Array): LedgerContent {
  const offsets: number[] = [];
  let nextSequence = checkLedgerHeader(path, bytes);
  let endOffset = LedgerHeader.size;
  while (endOffset < bytes.byteLength) {
    const batch: number[] = [];
    let offset = endOffset;
    let count = 1;
    while (batch.length < count) {
      const found = recordAt(bytes, offset);
      const problem = typeof found === "string" ? found : orderProblem(found, nextSequence, batch.length);
      if (typeof found === "string" || problem !== undefined) {
        if (hasLaterBatch(bytes, offset, nextSequence)) {
          throw storeFault("file-damaged", { path, offset, reason: problem ?? "unreadable" });
        }
        return { offsets, nextSequence, endOffset };
      }
      batch.push(offset);
      count = found.batchCount;
      offset = found.end;
    }
    assert(batch.length === count, "a whole batch");
    for (const each of batch) offsets.push(each);
    nextSequence += count;
    endOffset = offset;
  }
  return { offsets, nextSequence, endOffset };
}

function orderProblem(found: FoundRecord, batch: number, index: number): string | undefined {
  if (found.batch !== batch) return `the record belongs to batch ${found.batch}, not ${batch}`;
  if (found.sequence !== batch + index) return `the record has number ${found.sequence}, not ${batch + index}`;
  return undefined;
}

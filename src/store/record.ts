// SPDX-License-Identifier: Apache-2.0
// Bytes of a record: a 64-byte header, then the data of a block, padded to a multiple of 64. docs/FORMATS.md describes
// them. The header is written and checked once per block on the data path, so there it is done without the layout; a
// test holds the two together.

import { roundUp } from "#base/index.ts";
import { ascii, bytes, layout, uint } from "#codec/index.ts";
import { crc32 } from "./crc32.ts";

/** Records start at multiples of this many bytes, and a header is this long. */
export const recordUnit = 64;

/** What a record is. */
export const recordKinds = { block: 1, filemarks: 2, skip: 3 } as const;
export type RecordKind = keyof typeof recordKinds;
/** A block that a drive encrypted: a kind of its own on the disk, so that releases without encrypted blocks refuse it. */
const encryptedBlockKind = 4;

/** The header of a record. */
export const RecordHeader = layout("record header", recordUnit, {
  magic: ascii(0, 4, { always: "CAPR" }),
  kind: uint(4, 1),
  partition: uint(5, 1),
  flags: uint(6, 2),
  /** Block: bytes of data. Filemarks: how many. Skip: bytes of the whole record. */
  length: uint(8, 4),
  generation: uint(12, 4),
  /** Number of the block, or of the first filemark; and filemarks before it. */
  objectNumber: uint(16, 6),
  fileNumber: uint(22, 6),
  segment: uint(28, 6),
  /** Bytes of this segment that were known to survive a crash when the record was made. */
  syncedBytes: uint(34, 4),
  tag: bytes(40, 8),
  dataCrc: uint(56, 4),
  headerCrc: uint(60, 4),
});

/** Which segment records belong to: a record of another one is never believed. */
export interface SegmentIdentity {
  readonly segment: number;
  readonly generation: number;
  /** Eight bytes that were drawn when the cartridge was made. */
  readonly tag: Uint8Array;
}

/** The changing part of a header. */
export interface RecordFields {
  readonly kind: RecordKind;
  /** A block whose bytes a drive encrypted; false when left out. */
  readonly isEncrypted?: boolean;
  readonly length: number;
  readonly objectNumber: number;
  readonly fileNumber: number;
  readonly syncedBytes: number;
  readonly dataCrc: number;
}

/** Bytes that a block of `length` bytes takes. */
export function blockRecordSize(length: number): number {
  return recordUnit + roundUp(length, recordUnit);
}

/** Bytes that a record takes. */
export function recordSize(kind: RecordKind, length: number): number {
  if (kind === "block") return blockRecordSize(length);
  return kind === "skip" ? length : recordUnit;
}

const magic = 0x43415052; // "CAPR"
const highUnit = 2 ** 32;

function putUint48(view: DataView, offset: number, value: number): void {
  view.setUint16(offset, Math.floor(value / highUnit));
  view.setUint32(offset + 2, value % highUnit);
}

function uint48(view: DataView, offset: number): number {
  return view.getUint16(offset) * highUnit + view.getUint32(offset + 2);
}

/** Memory with the two ways to look at it. */
export interface Memory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Both ways to look at the same memory. */
export function memoryOf(memory: Uint8Array): Memory {
  return { bytes: memory, view: new DataView(memory.buffer, memory.byteOffset, memory.byteLength) };
}

/** Writes a header at `offset`. */
export function putRecordHeader(memory: Memory, offset: number, identity: SegmentIdentity, fields: RecordFields): void {
  const { bytes: target, view } = memory;
  view.setUint32(offset, magic);
  view.setUint32(offset + 4, (fields.isEncrypted === true ? encryptedBlockKind : recordKinds[fields.kind]) * 2 ** 24);
  view.setUint32(offset + 8, fields.length);
  view.setUint32(offset + 12, identity.generation);
  putUint48(view, offset + 16, fields.objectNumber);
  putUint48(view, offset + 22, fields.fileNumber);
  putUint48(view, offset + 28, identity.segment);
  view.setUint32(offset + 34, fields.syncedBytes);
  view.setUint16(offset + 38, 0);
  target.set(identity.tag, offset + 40);
  view.setUint32(offset + 48, 0);
  view.setUint32(offset + 52, 0);
  view.setUint32(offset + 56, fields.dataCrc);
  view.setUint32(offset + 60, crc32(target.subarray(offset, offset + 60)));
}

/** A header that was found to be whole and of the right segment. */
export interface FoundRecord extends RecordFields {
  readonly isEncrypted: boolean;
  /** Bytes of the whole record. */
  readonly size: number;
}

/**
 * The header at `offset`, or a text that says why there is none that belongs to the segment. Whether its numbers follow
 * the record before, and whether the data has its checksum, is for the caller to see.
 */
export function findRecord(memory: Memory, offset: number, identity: SegmentIdentity): FoundRecord | string {
  const { bytes: source, view } = memory;
  if (offset + recordUnit > source.byteLength) return "the record is cut";
  if (view.getUint32(offset) !== magic) return "there is no record";
  if (view.getUint32(offset + 60) !== crc32(source.subarray(offset, offset + 60))) {
    return "the record header does not have its checksum";
  }
  if (view.getUint32(offset + 12) !== identity.generation || uint48(view, offset + 28) !== identity.segment) {
    return "the record belongs to another segment";
  }
  for (let index = 0; index < 8; index++) {
    if (source[offset + 40 + index] !== identity.tag[index]) return "the record belongs to another cartridge";
  }
  const code = source[offset + 4] ?? 0;
  const kind = kindOf(code);
  if (kind === undefined) return `the record is of unknown kind ${code}`;
  const length = view.getUint32(offset + 8);
  return {
    kind,
    isEncrypted: code === encryptedBlockKind,
    length,
    objectNumber: uint48(view, offset + 16),
    fileNumber: uint48(view, offset + 22),
    syncedBytes: view.getUint32(offset + 34),
    dataCrc: view.getUint32(offset + 56),
    size: recordSize(kind, length),
  };
}

function kindOf(code: number): RecordKind | undefined {
  if (code === recordKinds.block || code === encryptedBlockKind) return "block";
  if (code === recordKinds.filemarks) return "filemarks";
  return code === recordKinds.skip ? "skip" : undefined;
}

/** Objects that a record holds. */
export function objectsOf(record: Pick<FoundRecord, "kind" | "length">): number {
  if (record.kind === "block") return 1;
  return record.kind === "filemarks" ? record.length : 0;
}

/** Filemarks that a record holds. */
export function filemarksOf(record: Pick<FoundRecord, "kind" | "length">): number {
  return record.kind === "filemarks" ? record.length : 0;
}

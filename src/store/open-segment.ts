// SPDX-License-Identifier: Apache-2.0
// What is known in memory of a segment that still grows: its counters, its sparse index, its running checksum.

import { crc32, joinCrc32 } from "./crc32.ts";
import type { Entry } from "./directory-entry.ts";
import { filemarksOf, objectsOf, type RecordKind, type SegmentIdentity, recordUnit } from "./record.ts";
import {
  checkpointsMax,
  type Checkpoint,
  encodeSegmentHeader,
  type SegmentContent,
  type SegmentStart,
} from "./segment-format.ts";

const MiB = 1024 * 1024;

/** How far apart checkpoints are in segments of at most `segmentSize` bytes. */
export function checkpointDistance(segmentSize: number): number {
  return Math.max(MiB, Math.ceil(segmentSize / (checkpointsMax - 4)));
}

/** A segment that grows. Offsets and counts only; the bytes are the ring's and the disk's. */
export class OpenSegment {
  readonly identity: SegmentIdentity;
  readonly start: SegmentStart;
  readonly header: Uint8Array;
  readonly #checkpoints: Checkpoint[];
  readonly #distance: number;
  /** Where the next record goes. */
  end: number;
  objects: number;
  filemarks: number;
  recordBytes: number;
  /** CRC32 of the file up to `end`. */
  crc: number;
  /** Bytes that survive a crash. */
  syncedBytes = 0;

  constructor(identity: SegmentIdentity, start: SegmentStart, distance: number, content?: SegmentContent) {
    this.identity = identity;
    this.start = start;
    this.#distance = distance;
    this.header = encodeSegmentHeader(identity, start);
    this.end = content?.recordsEnd ?? recordUnit;
    this.objects = content?.objects ?? 0;
    this.filemarks = content?.filemarks ?? 0;
    this.recordBytes = content?.recordBytes ?? 0;
    this.crc = content?.contentCrc ?? crc32(this.header);
    this.#checkpoints = [...(content?.checkpoints ?? [])];
  }

  get checkpoints(): readonly Checkpoint[] {
    return this.#checkpoints;
  }

  /** Number of the object behind the last, and filemarks and record bytes before it. */
  get nextObject(): number {
    return this.start.firstObject + this.objects;
  }

  get nextFile(): number {
    return this.start.firstFile + this.filemarks;
  }

  get nextByte(): number {
    return this.start.firstByte + this.recordBytes;
  }

  /** Counts a record at `end` with this 64-byte header; the data of a block has `dataCrc` and is padded with zeros. */
  add(record: { kind: RecordKind; length: number; size: number; dataCrc: number }, header: Uint8Array): void {
    const { kind, length, size, dataCrc } = record;
    if (kind !== "skip") this.#addCheckpoint();
    this.crc = crc32(header, this.crc);
    if (kind === "block") this.crc = joinCrc32(this.crc, dataCrc, length);
    const padding = size - recordUnit - (kind === "block" ? length : 0);
    if (padding > 0) this.crc = crc32(zeros.subarray(0, padding), this.crc);
    this.end += size;
    if (kind === "skip") return;
    this.recordBytes += size;
    this.objects += objectsOf({ kind, length });
    this.filemarks += filemarksOf({ kind, length });
  }

  #addCheckpoint(): void {
    const last = this.#checkpoints.at(-1);
    if (last !== undefined && this.end < last.offset + this.#distance) return;
    if (this.#checkpoints.length === checkpointsMax) return;
    this.#checkpoints.push({
      offset: this.end,
      recordBytes: this.recordBytes,
      objectNumber: this.nextObject,
      fileNumber: this.nextFile,
    });
  }

  /** What a footer says, or a later load needs. */
  get content(): SegmentContent {
    return {
      objects: this.objects,
      filemarks: this.filemarks,
      recordBytes: this.recordBytes,
      recordsEnd: this.end,
      contentCrc: this.crc,
      checkpoints: this.#checkpoints,
    };
  }
}

/** The directory's entry of a segment that is sealed with this footer page right behind its last record. */
export function entryOf(open: OpenSegment, footer: Uint8Array): Entry {
  const { segment, generation } = open.identity;
  const { objects, filemarks, recordBytes } = open;
  return {
    segment,
    generation,
    stored: false,
    local: true,
    fileSize: open.end + footer.byteLength,
    ...open.start,
    objects,
    filemarks,
    recordBytes,
    fileCrc: crc32(footer, open.crc),
    epoch: 0,
    objectSize: 0,
  };
}

const zeros = new Uint8Array(4096);

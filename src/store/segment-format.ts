// SPDX-License-Identifier: Apache-2.0
// Bytes of a segment file: a header, records, and when sealed a footer page with a sparse index. docs/FORMATS.md
// describes them. It does no I/O.

import { assert, equalBytes } from "#base/index.ts";
import { ascii, bytes, layout, uint } from "#codec/index.ts";
import { crc32 } from "./crc32.ts";
import { storeFault } from "./faults.ts";
import type { SegmentIdentity } from "./record.ts";

/** Version that this release writes, and the newest that it reads. */
export const segmentVersion = 1;
/** Sealed files are multiples of this, and the footer is this long: the unit of direct disk access. */
export const pageSize = 4096;
/** Checkpoints that a footer has room for. */
export const checkpointsMax = 124;

/** The first 64 bytes of a segment file. */
export const SegmentHeader = layout("segment header", 64, {
  magic: ascii(0, 4, { always: "CAPS" }),
  version: uint(4, 2),
  generation: uint(12, 4),
  /** Number of the first object, filemarks before it, and record bytes of the cartridge before it. */
  firstObject: uint(16, 6),
  firstFile: uint(22, 6),
  segment: uint(28, 6),
  firstByte: uint(34, 6),
  tag: bytes(40, 8),
  headerCrc: uint(60, 4),
});

/** The last page of a sealed segment file, without its checkpoints. */
export const SegmentFooter = layout("segment footer", pageSize, {
  magic: ascii(0, 4, { always: "CAPF" }),
  version: uint(4, 2),
  checkpointCount: uint(6, 2),
  segment: uint(8, 6),
  generation: uint(14, 4),
  tag: bytes(24, 8),
  firstObject: uint(32, 6),
  firstFile: uint(38, 6),
  firstByte: uint(44, 6),
  /** Objects, filemarks and record bytes of the segment. */
  objects: uint(50, 6),
  filemarks: uint(56, 6),
  recordBytes: uint(62, 6),
  /** Where the last record ends. */
  recordsEnd: uint(68, 4),
  /** CRC32 of the file up to the footer. */
  contentCrc: uint(72, 4),
  checkpoints: bytes(96, checkpointsMax * 32),
  pageCrc: uint(4092, 4),
});

/** One entry of the sparse index, in bytes. */
export const CheckpointLayout = layout("checkpoint", 32, {
  offset: uint(0, 4),
  recordBytes: uint(4, 4),
  objectNumber: uint(8, 6),
  fileNumber: uint(14, 6),
});

/** A record whose place is known: where it begins and what lies before it. */
export interface Checkpoint {
  /** Of the record in the file. */
  readonly offset: number;
  /** Of the records before it in this segment. */
  readonly recordBytes: number;
  readonly objectNumber: number;
  readonly fileNumber: number;
}

/** Where a segment begins on the cartridge. */
export interface SegmentStart {
  readonly firstObject: number;
  readonly firstFile: number;
  readonly firstByte: number;
}

/** What a segment holds in total. */
export interface SegmentContent {
  readonly objects: number;
  readonly filemarks: number;
  readonly recordBytes: number;
  readonly recordsEnd: number;
  readonly contentCrc: number;
  readonly checkpoints: readonly Checkpoint[];
}

/** The header of a segment. */
export function encodeSegmentHeader(identity: SegmentIdentity, start: SegmentStart): Uint8Array {
  const value = { version: segmentVersion, ...identity, ...start };
  const encoded = SegmentHeader.encode(value);
  return SegmentHeader.encode({ ...value, headerCrc: crc32(encoded.subarray(0, 60)) });
}

/**
 * Whether `header` (at least 64 bytes) starts the segment that is expected: undefined, or why not. Fault
 * `store.format-newer` for a good header of a newer version.
 */
export function segmentHeaderProblem(
  path: string,
  header: Uint8Array,
  identity: SegmentIdentity,
  start: SegmentStart,
): string | undefined {
  if (header.byteLength < SegmentHeader.size) return "the segment header is cut";
  const value = SegmentHeader.decode(header);
  if (SegmentHeader.check(header)?.byte === 0) return "it is no segment";
  if (value.headerCrc !== crc32(header.subarray(0, 60))) return "the segment header does not have its checksum";
  if (value.version > segmentVersion) {
    throw storeFault("format-newer", { path, version: value.version, supported: segmentVersion });
  }
  if (value.segment !== identity.segment || !equalBytes(value.tag, identity.tag)) return "it is another segment";
  if (value.generation !== identity.generation) return `it is of generation ${value.generation}`;
  const same =
    value.firstObject === start.firstObject &&
    value.firstFile === start.firstFile &&
    value.firstByte === start.firstByte;
  return same ? undefined : `it starts with object ${value.firstObject}, not ${start.firstObject}`;
}

/** The footer page of a segment. */
export function encodeFooter(identity: SegmentIdentity, start: SegmentStart, content: SegmentContent): Uint8Array {
  assert(content.checkpoints.length <= checkpointsMax, `at most ${checkpointsMax} checkpoints`);
  const checkpoints = new Uint8Array(content.checkpoints.length * CheckpointLayout.size);
  for (const [index, checkpoint] of content.checkpoints.entries()) {
    CheckpointLayout.encodeInto(checkpoints, index * CheckpointLayout.size, checkpoint);
  }
  const { objects, filemarks, recordBytes, recordsEnd, contentCrc } = content;
  const page = SegmentFooter.encode({
    version: segmentVersion,
    checkpointCount: content.checkpoints.length,
    ...identity,
    ...start,
    objects,
    filemarks,
    recordBytes,
    recordsEnd,
    contentCrc,
    checkpoints,
  });
  new DataView(page.buffer).setUint32(pageSize - 4, crc32(page.subarray(0, pageSize - 4)));
  return page;
}

/** The footer of the expected segment, or why the page is none. Fault `store.format-newer`. */
export function decodeFooter(path: string, page: Uint8Array, identity: SegmentIdentity): SegmentContent | string {
  if (page.byteLength < pageSize) return "the footer is cut";
  const value = SegmentFooter.decode(page);
  if (SegmentFooter.check(page)?.byte === 0) return "there is no footer";
  if (value.pageCrc !== crc32(page.subarray(0, pageSize - 4))) return "the footer does not have its checksum";
  if (value.version > segmentVersion) {
    throw storeFault("format-newer", { path, version: value.version, supported: segmentVersion });
  }
  if (value.segment !== identity.segment || !equalBytes(value.tag, identity.tag)) {
    return "the footer is that of another segment";
  }
  if (value.checkpointCount > checkpointsMax) return `the footer has ${value.checkpointCount} checkpoints`;
  const checkpoints = Array.from({ length: value.checkpointCount }, (_, index) =>
    CheckpointLayout.decode(value.checkpoints, index * CheckpointLayout.size),
  );
  const { objects, filemarks, recordBytes, recordsEnd, contentCrc } = value;
  return { objects, filemarks, recordBytes, recordsEnd, contentCrc, checkpoints };
}

/** The last checkpoint for which `isAtOrBefore` holds; they are in order and the first always qualifies. */
export function lastCheckpoint(
  checkpoints: readonly Checkpoint[],
  isAtOrBefore: (checkpoint: Checkpoint) => boolean,
): Checkpoint | undefined {
  let low = 0;
  let high = checkpoints.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const checkpoint = checkpoints[middle];
    if (checkpoint !== undefined && isAtOrBefore(checkpoint)) low = middle + 1;
    else high = middle;
  }
  return checkpoints[low - 1];
}

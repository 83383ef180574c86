// SPDX-License-Identifier: Apache-2.0
// Where the next record of a growing cartridge lies, in the ring and in the segment file. Pure arithmetic, used both to
// predict the place of blocks that are still on their way and to append them, so that the two agree.
//
// Ring positions count up for ever; the byte in memory is position modulo ring size. A record never wraps around the
// end of the ring: a skip record fills the file up to the next page instead, so that file offset and ring position
// stay equal modulo the page, as direct disk access needs.

import { roundDown, roundUp } from "#base/index.ts";
import { recordUnit } from "./record.ts";
import { pageSize } from "./segment-format.ts";

/** A place in the stream of records. `file` 0: the segment has not begun yet. */
export interface RingCursor {
  readonly ring: number;
  readonly file: number;
}

/** The sizes that planning depends on. Both multiples of the page. */
export interface RingShape {
  readonly ringSize: number;
  readonly segmentSize: number;
}

/** What must happen before a record can be written, in this order, and where it then lies. */
export interface RecordPlan {
  /** The open segment is sealed first. */
  readonly seal: boolean;
  /** A segment begins. */
  readonly begin: boolean;
  /** Bytes of file that a skip record fills before the ring starts over; 0 with `wrap`: it starts over at a page. */
  readonly skipBytes: number;
  readonly wrap: boolean;
  /** Where the record begins, and the place behind it. */
  readonly at: RingCursor;
  readonly end: RingCursor;
}

/** Bytes of ring that sealing takes from a cursor on: filling the page, and the footer. */
export function sealedEnd(ring: number): number {
  return roundUp(ring, pageSize) + pageSize;
}

/** Plans a record of `size` bytes at the cursor. */
export function planRecord(cursor: RingCursor, size: number, shape: RingShape): RecordPlan {
  let { ring, file } = cursor;
  const seal = file > recordUnit && roundUp(file + size, pageSize) + 2 * pageSize > shape.segmentSize;
  if (seal) {
    ring = sealedEnd(ring);
    file = 0;
  }
  const begin = file === 0;
  if (begin) {
    ring += recordUnit;
    file = recordUnit;
  }
  const room = shape.ringSize - (ring % shape.ringSize);
  let skipBytes = 0;
  const wrap = size > room;
  if (wrap) {
    skipBytes = roundUp(file, pageSize) - file;
    file += skipBytes;
    ring = roundUp(ring, shape.ringSize);
  }
  return { seal, begin, skipBytes, wrap, at: { ring, file }, end: { ring: ring + size, file: file + size } };
}

/**
 * Bytes of blocks that fit behind the cursor while ring positions below `limit` may be used. For blocks of one size of
 * at least 4 KiB it is at most one block too many: what the end of the ring leaves over.
 */
export function placeableBytes(cursor: RingCursor, limit: number): number {
  // A footer and a segment header may come first, and each block has a header.
  const free = limit - sealedEnd(cursor.ring) - 2 * recordUnit;
  return Math.max(roundDown((free * 31) / 32, recordUnit), 0);
}

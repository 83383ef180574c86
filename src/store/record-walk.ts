// SPDX-License-Identifier: Apache-2.0
// Walks over the records of a segment that may be damaged: where one is not good, the next good one behind it is looked
// for, so that damage costs the objects that it hit and no others. A record carries its cartridge, segment and number, and
// a checksum of these, so what is found is no accident.

import { crc32 } from "./crc32.ts";
import type { Entry } from "./directory-entry.ts";
import type { FileWindow } from "./file-window.ts";
import { findRecord, type FoundRecord, objectsOf, recordUnit, type SegmentIdentity } from "./record.ts";
import { pageSize } from "./segment-format.ts";

/** A good record, and what was wrong where it was expected. */
export interface WalkedRecord {
  readonly offset: number;
  readonly record: FoundRecord;
  readonly problem: string | undefined;
}

/** A stretch of a segment's file. */
export interface Stretch {
  readonly offset: number;
  readonly end: number;
}

/** Objects by number: the first, and behind the last. */
export type ObjectRange = readonly [first: number, end: number];

/** The first good record at or behind `offset`; a text that says what is wrong when there is none before `end`. */
export async function nextRecord(
  window: FileWindow,
  { offset, end }: Stretch,
  identity: SegmentIdentity,
): Promise<WalkedRecord | string> {
  let problem: string | undefined;
  for (let position = offset; position + recordUnit <= end; position += recordUnit) {
    const memory = await window.at(position, recordUnit);
    if (memory.bytes.byteLength < recordUnit) break;
    // A quick look before the checksum.
    if (problem !== undefined && memory.bytes[0] !== 0x43) continue;
    const record = findRecord(memory, 0, identity);
    if (typeof record !== "string") return { offset: position, record, problem };
    problem ??= record;
  }
  return problem ?? "the segment is cut";
}

/** The live objects of a segment that its bytes do not give, in order. */
export async function lostObjects(window: FileWindow, entry: Entry, tag: Uint8Array): Promise<readonly ObjectRange[]> {
  const identity = { segment: entry.segment, generation: entry.generation, tag };
  const [endOfRecords, endOfObjects] = [entry.fileSize - pageSize, entry.firstObject + entry.objects];
  const lost: ObjectRange[] = [];
  const lose = (first: number, end: number): void => {
    if (first >= end) return;
    const last = lost.at(-1);
    if (last?.[1] === first) lost[lost.length - 1] = [last[0], end];
    else lost.push([first, end]);
  };
  let object = entry.firstObject;
  for (let offset = recordUnit; object < endOfObjects;) {
    const found = await nextRecord(window, { offset, end: endOfRecords }, identity);
    if (typeof found === "string") break;
    const { record } = found;
    offset = found.offset + record.size;
    if (record.kind === "skip" || record.objectNumber < object) continue;
    lose(object, Math.min(record.objectNumber, endOfObjects));
    const end = Math.min(record.objectNumber + objectsOf(record), endOfObjects);
    if (record.kind === "block" && !(await isWhole(window, found.offset, record))) lose(record.objectNumber, end);
    object = Math.max(object, end);
  }
  lose(object, endOfObjects);
  return lost;
}

async function isWhole(window: FileWindow, offset: number, record: FoundRecord): Promise<boolean> {
  const start = offset + recordUnit;
  let [sum, count] = [0, 0];
  for await (const piece of window.pieces(start, start + record.length)) {
    sum = crc32(piece, sum);
    count += piece.byteLength;
  }
  return count === record.length && sum === record.dataCrc;
}

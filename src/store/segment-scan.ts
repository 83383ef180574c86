// SPDX-License-Identifier: Apache-2.0
// Finds out what is in the file of a segment that the directory does not know: how far its records go, and whether it
// was sealed. What was not synced may be missing or torn, and then the segment ends before it; damage to what was
// synced is told apart where the records themselves prove it, and refused.

import { limits, roundDown, roundUp } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import type { Entry } from "./directory-entry.ts";
import { unlessMissing } from "./disk-paths.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { storeFault } from "./faults.ts";
import { FileWindow } from "./file-window.ts";
import { entryOf, OpenSegment } from "./open-segment.ts";
import { findRecord, type FoundRecord, type Memory, recordUnit, type SegmentIdentity } from "./record.ts";
import {
  decodeFooter,
  pageSize,
  segmentHeaderProblem,
  type SegmentContent,
  type SegmentStart,
} from "./segment-format.ts";

/** The segment that a file should hold. */
export interface ExpectedSegment {
  readonly path: string;
  readonly identity: SegmentIdentity;
  readonly start: SegmentStart;
  readonly checkpointDistance: number;
  /** What an orderly unload left there; it is not scanned again. */
  readonly resume: SegmentContent | undefined;
}

/** What was found. */
export type ScannedSegment =
  | { readonly kind: "absent" }
  | { readonly kind: "sealed"; readonly entry: Entry }
  | {
      readonly kind: "open";
      readonly segment: OpenSegment;
      /** The last page as far as it is used. */
      readonly tail: Uint8Array;
      /** Something else lies behind the last record. */
      readonly hasRest: boolean;
    };

/** Scans the file. Faults `store.file-damaged`, `store.format-newer`, disk faults. */
export async function scanSegment(disk: Disk, expected: ExpectedSegment): Promise<ScannedSegment> {
  const file = await unlessMissing(disk.open(expected.path, { mode: "read" }));
  if (file === undefined) {
    // One without an object is no loss, and nobody has stored it elsewhere: another one begins.
    if ((expected.resume?.objects ?? 0) === 0) return { kind: "absent" };
    throw storeFault("file-missing", { path: expected.path });
  }
  try {
    return await new SegmentScan(file, await file.size(), expected).run();
  } finally {
    await file.close();
  }
}

class SegmentScan {
  readonly #window: FileWindow;
  readonly #size: number;
  readonly #expected: ExpectedSegment;
  readonly #segment: OpenSegment;
  /** What the records say was synced. */
  #syncedBytes: number;

  constructor(file: DiskFile, size: number, expected: ExpectedSegment) {
    this.#window = new FileWindow(file);
    this.#size = size;
    this.#expected = expected;
    const { identity, start, checkpointDistance, resume } = expected;
    this.#segment = new OpenSegment(identity, start, checkpointDistance, resume);
    this.#syncedBytes = resume?.recordsEnd ?? 0;
  }

  async run(): Promise<ScannedSegment> {
    const { path, identity, start, resume } = this.#expected;
    const { bytes } = await this.#window.at(0, recordUnit);
    const problem = segmentHeaderProblem(path, bytes, identity, start);
    if (problem !== undefined) {
      if (resume !== undefined) throw storeFault("file-damaged", { path, offset: 0, reason: problem });
      await this.#refuseDamage(0, problem);
      return { kind: "absent" };
    }
    for (;;) {
      const found = await this.#next();
      if (typeof found !== "string") continue;
      const offset = this.#segment.end;
      const entry = await this.#footerAt(offset);
      if (entry !== undefined) return { kind: "sealed", entry };
      await this.#refuseDamage(offset, found);
      this.#segment.syncedBytes = Math.min(this.#syncedBytes, offset);
      return { kind: "open", segment: this.#segment, ...(await this.#end(offset)) };
    }
  }

  /** Takes the next record in, or says why it ends here. */
  async #next(): Promise<FoundRecord | string> {
    const segment = this.#segment;
    const offset = segment.end;
    const memory = await this.#window.at(offset, recordUnit);
    const record = findRecord(memory, 0, segment.identity);
    if (typeof record === "string") return record;
    const problem = orderProblem(record, segment);
    if (problem !== undefined) return problem;
    if (offset + record.size > this.#size) return "the record is cut";
    const header = memory.bytes.slice(0, recordUnit);
    if (record.kind === "block") {
      const start = offset + recordUnit;
      let sum = 0;
      for await (const piece of this.#window.pieces(start, start + record.length)) sum = crc32(piece, sum);
      if (sum !== record.dataCrc) return "the data does not have its checksum";
    }
    // What fills up is not in the record's checksum; in a file that had other bytes before, it may not have got there.
    const filling = offset + (record.kind === "block" ? recordUnit + record.length : recordUnit);
    for await (const piece of this.#window.pieces(filling, offset + record.size)) {
      if (piece.some((byte) => byte !== 0)) return "the record is not filled up with zeros";
    }
    segment.add(record, header);
    this.#syncedBytes = Math.max(this.#syncedBytes, record.syncedBytes);
    return record;
  }

  async #footerAt(offset: number): Promise<Entry | undefined> {
    if (offset % pageSize !== 0 || offset + pageSize > this.#size) return undefined;
    const { path, identity } = this.#expected;
    const { bytes } = await this.#window.at(offset, pageSize);
    const page = bytes.subarray(0, pageSize);
    const footer = decodeFooter(path, page, identity);
    if (typeof footer === "string" || footer.recordsEnd !== offset) return undefined;
    return entryOf(this.#segment, page);
  }

  /** Refuses when what ends at `offset` was once synced beyond it. */
  async #refuseDamage(offset: number, reason: string): Promise<void> {
    const { path } = this.#expected;
    if (this.#syncedBytes > offset) throw storeFault("file-damaged", { path, offset, reason });
    for (let position = offset + recordUnit; position + recordUnit <= this.#size;) {
      const memory = await this.#window.at(position, recordUnit);
      const count = roundDown(memory.bytes.byteLength, recordUnit);
      if (count === 0) return;
      for (let at = 0; at < count; at += recordUnit) {
        // A quick look before the checksum.
        if (memory.bytes[at] !== 0x43) continue;
        const record = findRecord(memory, at, this.#segment.identity);
        if (typeof record !== "string" && record.syncedBytes > offset) {
          throw storeFault("file-damaged", { path, offset, reason });
        }
      }
      position += count;
    }
  }

  async #end(offset: number): Promise<{ tail: Uint8Array; hasRest: boolean }> {
    const start = roundDown(offset, pageSize);
    const page: Memory = await this.#window.at(start, offset - start);
    const tail = page.bytes.slice(0, offset - start);
    let hasRest = this.#size > roundUp(offset, pageSize);
    for await (const piece of this.#window.pieces(offset, Math.min(this.#size, roundUp(offset, pageSize)))) {
      hasRest ||= piece.some((byte) => byte !== 0);
    }
    return { tail, hasRest };
  }
}

function orderProblem(record: FoundRecord, segment: OpenSegment): string | undefined {
  if (record.objectNumber !== segment.nextObject) {
    return `the record has object number ${record.objectNumber}, not ${segment.nextObject}`;
  }
  if (record.fileNumber !== segment.nextFile) return `the record has file number ${record.fileNumber}`;
  const isSane =
    record.kind === "block"
      ? record.length >= 1 && record.length <= limits.storedBlockMax
      : record.length >= 1 && (record.kind === "filemarks" || record.length % recordUnit === 0);
  return isSane ? undefined : `the record has length ${record.length}`;
}

/** Cuts off what lies behind the last record, durably, so that it can never be taken for a later record. */
export async function trimSegment(disk: Disk, path: string, end: number): Promise<void> {
  const file = await disk.open(path, { mode: "write" });
  try {
    await file.truncate(end);
    await file.sync();
  } finally {
    await file.close();
  }
}

// SPDX-License-Identifier: Apache-2.0
// Finds objects and filemarks: the segment in the directory, a record near by in its sparse index, then record by
// record. A few reads anywhere on a tape of any length.

import { assert, limits } from "#base/index.ts";
import type { Entry } from "./directory-entry.ts";
import { storeFault } from "./faults.ts";
import { FileWindow } from "./file-window.ts";
import type { OpenSegment } from "./open-segment.ts";
import type { ReadSources } from "./read-sources.ts";
import { nextRecord } from "./record-walk.ts";
import { filemarksOf, type FoundRecord, objectsOf, recordUnit, type SegmentIdentity } from "./record.ts";
import { type Checkpoint, decodeFooter, lastCheckpoint, pageSize, type SegmentStart } from "./segment-format.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";

/** A segment that holds live objects. */
export interface LocatedSegment extends SegmentStart {
  readonly identity: SegmentIdentity;
  /** Live ones. */
  readonly objects: number;
  readonly filemarks: number;
  /** Set when the directory knows the segment. */
  readonly entry: Entry | undefined;
  /** Set when it does not. */
  readonly open: OpenSegment | undefined;
}

/** A record and what lies before it. */
export interface LocatedRecord {
  readonly segment: LocatedSegment;
  readonly offset: number;
  readonly record: FoundRecord;
  /** Record bytes of the cartridge before it. */
  readonly bytesBefore: number;
}

/** The part of the writer that finding needs. */
export interface GrowingSegments {
  readonly open: OpenSegment | undefined;
  readonly closing: readonly { readonly segment: OpenSegment }[];
}

/** What is looked for in a segment, and from where on. */
interface Wanted {
  readonly start: Pick<Checkpoint, "offset" | "recordBytes">;
  /** Where it is, seen from a record. */
  readonly isFound: (record: FoundRecord) => "before" | "here" | "behind";
  /** Whom the fault names when it is lost. */
  readonly object: number;
}

const windowSize = 128 * 1024;

/** Finds things on one loaded cartridge. */
export class Locator {
  readonly #cartridge: StoredCartridge;
  readonly #growing: GrowingSegments;
  readonly #sources: ReadSources;
  /** Least recently used first. */
  readonly #footers = new Map<number, readonly Checkpoint[]>();

  constructor(cartridge: StoredCartridge, growing: GrowingSegments, sources: ReadSources) {
    this.#cartridge = cartridge;
    this.#growing = growing;
    this.#sources = sources;
  }

  /** The segment that holds object `at`, which must lie before end of data. */
  segmentOf(at: number): Promise<LocatedSegment> {
    return this.#segment((start) => start.firstObject <= at);
  }

  /** The record that holds object `at`, which must lie before end of data. */
  async recordOf(at: number): Promise<LocatedRecord> {
    const segment = await this.segmentOf(at);
    // Where a segment begins needs no index: a tape that is far away gives its first block for one request.
    const isFar = segment.entry?.local === false;
    const start = isFar && at === segment.firstObject ? { offset: recordUnit, recordBytes: 0 } : undefined;
    return this.#walk(segment, {
      start: start ?? (await this.#checkpoint(segment, ({ objectNumber }) => objectNumber <= at)),
      isFound: ({ objectNumber, ...record }) =>
        objectNumber > at ? "before" : objectNumber + objectsOf(record) > at ? "here" : "behind",
      object: at,
    });
  }

  /** The filemarks record that holds filemark `index`, which must exist. */
  async filemarkRecord(index: number): Promise<LocatedRecord> {
    const segment = await this.#segment((start) => start.firstFile <= index);
    return this.#walk(segment, {
      start: await this.#checkpoint(segment, ({ fileNumber }) => fileNumber <= index),
      isFound: ({ fileNumber, ...record }) =>
        fileNumber > index ? "before" : fileNumber + filemarksOf(record) > index ? "here" : "behind",
      object: segment.firstObject,
    });
  }

  async #segment(isAtOrBefore: (start: SegmentStart) => boolean): Promise<LocatedSegment> {
    const { open, closing } = this.#growing;
    for (const segment of [open, ...closing.toReversed().map((each) => each.segment)]) {
      // The open segment may have no object yet.
      if (segment !== undefined && segment.objects > 0 && isAtOrBefore(segment.start)) return growing(segment);
    }
    const found = await this.#cartridge.directory.findLast(this.#cartridge.head.count, isAtOrBefore);
    assert(found !== undefined, "an object before end of data");
    const { entry } = found;
    const identity = { segment: entry.segment, generation: entry.generation, tag: this.#cartridge.tag };
    return { identity, ...entry, entry, open: undefined };
  }

  async #walk(segment: LocatedSegment, wanted: Wanted): Promise<LocatedRecord> {
    const { start, isFound, object } = wanted;
    const { identity, entry } = segment;
    const window = new FileWindow(this.#sources.of(identity.segment, entry), windowSize);
    const end = segment.open?.end ?? (entry?.fileSize ?? 0) - pageSize;
    let { offset, recordBytes } = start;
    for (;;) {
      const found = await nextRecord(window, { offset, end }, identity);
      const problem = typeof found === "string" ? found : found.problem;
      if (problem !== undefined && (await this.#sources.distrust(identity.segment, problem))) {
        return this.#walk(segment, wanted);
      }
      if (typeof found === "string") throw this.damaged(object, found);
      const { record } = found;
      if (record.kind !== "skip") {
        const bytesBefore = segment.firstByte + recordBytes + found.offset - offset;
        const where = isFound(record);
        if (where === "here") return { segment, offset: found.offset, record, bytesBefore };
        if (where === "before") throw this.damaged(object, problem ?? "there is no record of it");
        recordBytes += record.size + found.offset - offset;
      }
      offset = found.offset + record.size;
    }
  }

  async #checkpoint(segment: LocatedSegment, isAtOrBefore: (checkpoint: Checkpoint) => boolean): Promise<Checkpoint> {
    const checkpoint = lastCheckpoint(await this.#checkpoints(segment), isAtOrBefore);
    assert(checkpoint !== undefined, "a segment's first record is in its index");
    return checkpoint;
  }

  /** The fault of an object that cannot be had. */
  damaged(object: number, reason: string): Error {
    return storeFault("record-damaged", { object, cartridge: this.#cartridge.id, reason });
  }

  async #checkpoints(segment: LocatedSegment): Promise<readonly Checkpoint[]> {
    const { open, entry, identity } = segment;
    if (open !== undefined) return open.checkpoints;
    assert(entry !== undefined, "a segment that is open or in the directory");
    const known = this.#footers.get(identity.segment);
    if (known !== undefined) {
      this.#footers.delete(identity.segment);
      this.#footers.set(identity.segment, known);
      return known;
    }
    const page = new Uint8Array(pageSize);
    const offset = entry.fileSize - pageSize;
    const count = await this.#sources.read(identity.segment, entry, offset, page);
    const path = this.#cartridge.segmentPath(identity.segment);
    const footer = decodeFooter(path, page.subarray(0, count), identity);
    if (typeof footer === "string") {
      if (await this.#sources.distrust(identity.segment, footer)) return this.#checkpoints(segment);
      // Without its index, a segment is walked through from its beginning.
      return [{ offset: recordUnit, recordBytes: 0, objectNumber: segment.firstObject, fileNumber: segment.firstFile }];
    }
    if (this.#footers.size >= limits.footersKept) {
      const [oldest] = this.#footers.keys();
      if (oldest !== undefined) this.#footers.delete(oldest);
    }
    this.#footers.set(identity.segment, footer.checkpoints);
    return footer.checkpoints;
  }
}

function growing(open: OpenSegment): LocatedSegment {
  const { objects, filemarks } = open;
  return { identity: open.identity, ...open.start, objects, filemarks, entry: undefined, open };
}

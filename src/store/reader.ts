// SPDX-License-Identifier: Apache-2.0
// Reads objects of a loaded cartridge: forward from memory that was read ahead, at once and without a promise;
// elsewhere after finding the place. Every block's checksum is verified. Any change of the cartridge makes the reader
// forget what it knows.

import { isFault } from "#base/index.ts";
import type { BlockForm, Eventually, StoredObject } from "#tape/index.ts";
import { crc32 } from "./crc32.ts";
import type { LocatedSegment, Locator } from "./locator.ts";
import { type Piece, pieceSize, ReadAhead } from "./read-ahead.ts";
import type { ReadSources } from "./read-sources.ts";
import { findRecord, type FoundRecord, recordUnit } from "./record.ts";
import type { RingPool } from "./ring.ts";
import { pageSize } from "./segment-format.ts";

const filemark: StoredObject = { kind: "filemark" };

/** Where the reader is in the stream of records. */
interface Place {
  segment: LocatedSegment;
  offset: number;
  /** Number of the first object of the record at `offset`. */
  object: number;
}

/** A block that is being copied together. */
interface BlockParts {
  readonly whole: Uint8Array;
  readonly done: number;
}

/** What a reader must know of its cartridge. */
export interface ReaderRules {
  readonly endOfData: () => number;
  /** False for a segment that may be read, but not for nobody: reading it would have it thawed. */
  readonly mayReadAhead: (segment: LocatedSegment) => Promise<boolean>;
}

/** The reading half of a loaded cartridge. One caller at a time. */
export class Reader {
  readonly #locator: Locator;
  readonly #sources: ReadSources;
  /** Memory of `limits.readAheadSize`. */
  readonly #pool: RingPool;
  readonly #endOfData: () => number;
  readonly #mayReadAhead: ReaderRules["mayReadAhead"];
  #place: Place | undefined;
  #run: ReadAhead | undefined;
  /** The filemarks that were read last, and the number behind them. */
  #marks: { readonly first: number; readonly end: number } | undefined;

  constructor(locator: Locator, sources: ReadSources, pool: RingPool, { endOfData, mayReadAhead }: ReaderRules) {
    this.#mayReadAhead = mayReadAhead;
    this.#locator = locator;
    this.#sources = sources;
    this.#pool = pool;
    this.#endOfData = endOfData;
  }

  /** The object at `at`, which must lie before end of data. */
  read(at: number): Eventually<StoredObject> {
    const marks = this.#marks;
    if (marks !== undefined && at >= marks.first && at < marks.end) return filemark;
    if (this.#place?.object === at && this.#run !== undefined) {
      this.#run.stream();
      const found = this.#tryNow(this.#place, this.#run);
      if (found !== undefined) return found;
    }
    return this.#readLater(at);
  }

  /** Forgets what was read ahead; views that are out stay as they are. */
  drop(): void {
    if (this.#run !== undefined) this.#sources.rest();
    this.#run?.stop();
    this.#run = undefined;
    this.#place = undefined;
    this.#marks = undefined;
  }

  async #readLater(at: number): Promise<StoredObject> {
    try {
      for (;;) {
        const place = this.#place?.object === at ? this.#place : await this.#goTo(at);
        if (this.#marks !== undefined && at >= this.#marks.first && at < this.#marks.end) return filemark;
        if (place.object >= place.segment.firstObject + place.segment.objects) {
          place.segment = await this.#locator.segmentOf(place.object);
          place.offset = recordUnit;
        }
        const run = this.#run ?? this.#start(place);
        const found = this.#tryHere(place, run);
        if (found !== undefined) return found;
        const piece = await this.#pieceAt(place, run);
        if (piece === undefined) {
          this.#restart();
          continue;
        }
        await piece.loaded;
        if (piece.failure !== undefined) throw piece.failure;
        await this.#loadBlock(place, run, piece);
        const again = this.#tryHere(place, run) ?? (await this.#assemble(place, run));
        if (again !== undefined) return again;
      }
    } catch (error) {
      const segment = this.#place?.segment;
      this.drop();
      const isDamaged = isFault(error, "store.record-damaged") && segment?.entry !== undefined;
      if (isDamaged && (await this.#sources.distrust(segment.identity.segment, error.message)))
        return this.#readLater(at);
      throw isFault(error, "store.object-damaged") ? this.#locator.damaged(at, error.message) : error;
    }
  }

  /** As `tryHere`; damage is met again where something can be done about it. */
  #tryNow(place: Place, run: ReadAhead): StoredObject | undefined {
    try {
      return this.#tryHere(place, run);
    } catch (error) {
      if (!isFault(error, "store.record-damaged")) throw error;
      return undefined;
    }
  }

  /** Finds an object and starts reading there. */
  async #goTo(at: number): Promise<Place> {
    this.drop();
    const { segment, offset, record } = await this.#locator.recordOf(at);
    const place = { segment, offset, object: record.objectNumber };
    this.#place = place;
    if (record.kind === "filemarks") this.#passMarks(place, record);
    return place;
  }

  #start(place: Place): ReadAhead {
    const plan = {
      recordsEnd: (segment: LocatedSegment): number =>
        segment.open?.end ?? (segment.entry === undefined ? 0 : segment.entry.fileSize - pageSize),
      next: async (segment: LocatedSegment): Promise<LocatedSegment | undefined> => {
        const object = segment.firstObject + segment.objects;
        if (object >= this.#endOfData()) return undefined;
        const next = await this.#locator.segmentOf(object);
        return (await this.#mayReadAhead(next)) ? next : undefined;
      },
    };
    this.#run = new ReadAhead(this.#sources, plan, this.#pool, place);
    this.#run.fill();
    return this.#run;
  }

  /** Goes on at the same place with a new run. */
  #restart(): void {
    this.#run?.stop();
    this.#run = undefined;
  }

  /** The piece that holds the place, as soon as it is being read; undefined when this run will not get there. */
  async #pieceAt(place: Place, run: ReadAhead): Promise<Piece | undefined> {
    const segment = place.segment.identity.segment;
    run.consume(segment, place.offset);
    const piece = run.find(segment, place.offset);
    if (piece !== undefined) return piece;
    await run.advanced();
    return run.find(segment, place.offset);
  }

  /** The object at the place, when all of it is in memory. Moves on. */
  #tryHere(place: Place, run: ReadAhead): StoredObject | undefined {
    for (;;) {
      const { segment, object } = place;
      if (object >= segment.firstObject + segment.objects) return undefined;
      const piece = run.find(segment.identity.segment, place.offset);
      if (piece?.count === undefined || piece.failure !== undefined) return undefined;
      const record = this.#recordIn(place, run, piece);
      if (record.kind === "block") return this.#blockHere(place, run, record, piece);
      if (record.kind === "filemarks") {
        this.#passMarks(place, record);
        run.consume(segment.identity.segment, place.offset);
        return filemark;
      }
      place.offset += record.size;
      run.consume(segment.identity.segment, place.offset);
    }
  }

  /** Waits for the pieces that the block at the place reaches into, as far as they lie together. */
  async #loadBlock(place: Place, run: ReadAhead, first: Piece): Promise<void> {
    const record = this.#recordIn(place, run, first);
    const end = place.offset + record.size;
    if (record.kind !== "block" || end <= first.offset + (first.count ?? 0)) return;
    run.goFast(Math.ceil((end - first.offset) / pieceSize));
    for (let last = first; end > last.offset + (last.count ?? 0);) {
      const next = run.following(last);
      if (next === undefined || next.memoryOffset < last.memoryOffset) return;
      await next.loaded;
      if (next.failure !== undefined || next.count === 0) return;
      last = next;
    }
  }

  /** The header at the place. Fault `store.record-damaged`. */
  #recordIn(place: Place, run: ReadAhead, piece: Piece): FoundRecord {
    const { segment, offset, object } = place;
    const isWhole = offset + recordUnit <= piece.offset + (piece.count ?? 0);
    if (!isWhole) throw this.#locator.damaged(object, "the segment is cut");
    const record = findRecord(run.memory, piece.memoryOffset + offset - piece.offset, segment.identity);
    if (typeof record === "string") throw this.#locator.damaged(object, record);
    if (record.kind !== "skip" && record.objectNumber !== object) {
      throw this.#locator.damaged(object, `the record has object number ${record.objectNumber}`);
    }
    return record;
  }

  #blockHere(place: Place, run: ReadAhead, record: FoundRecord, first: Piece): StoredObject | undefined {
    const start = place.offset + recordUnit;
    const end = start + record.length;
    const pieces = [first];
    for (let last = first; end > last.offset + (last.count ?? 0);) {
      const next = run.following(last);
      const isAdjacent = next?.memoryOffset === last.memoryOffset + pieceSize && last.count === pieceSize;
      if (next?.count === undefined || next.failure !== undefined || !isAdjacent) return undefined;
      pieces.push(next);
      last = next;
    }
    const from = first.memoryOffset + start - first.offset;
    const bytes = run.memory.bytes.subarray(from, from + record.length);
    if (crc32(bytes) !== record.dataCrc) throw this.#badData(place);
    for (const piece of pieces) piece.references += 1;
    this.#moveOn(place, run, record);
    let isOut = true;
    const release = (): void => {
      if (!isOut) return;
      isOut = false;
      for (const piece of pieces) run.release(piece);
    };
    return { kind: "block", data: { bytes, release }, form: formOf(record) };
  }

  /** A block that does not lie in one stretch of memory: copied together. Undefined when the run must be replaced. */
  async #assemble(place: Place, run: ReadAhead): Promise<StoredObject | undefined> {
    const segment = place.segment.identity.segment;
    const first = run.find(segment, place.offset);
    if (first?.count === undefined) return undefined;
    const record = this.#recordIn(place, run, first);
    const bytes = new Uint8Array(record.length);
    const start = place.offset + recordUnit;
    run.goFast();
    for (let done = 0; done < record.length;) {
      const position = start + done;
      const piece = await this.#pieceAt({ ...place, offset: position }, run);
      if (piece === undefined) return this.#readRest(place, run, record, { whole: bytes, done });
      await piece.loaded;
      if (piece.failure !== undefined) throw piece.failure;
      const from = piece.memoryOffset + position - piece.offset;
      const count = Math.min(piece.offset + (piece.count ?? 0) - position, record.length - done);
      if (count <= 0) throw this.#locator.damaged(place.object, "the segment is cut");
      bytes.set(run.memory.bytes.subarray(from, from + count), done);
      done += count;
    }
    return this.#assembled(place, run, record, bytes);
  }

  /** Views that are out keep the run from reading on: the rest of the block is read on its own. */
  async #readRest(place: Place, run: ReadAhead, record: FoundRecord, bytes: BlockParts): Promise<StoredObject> {
    const { identity, entry } = place.segment;
    const { whole, done } = bytes;
    const rest = whole.subarray(done);
    const count = await this.#sources.read(identity.segment, entry, place.offset + recordUnit + done, rest);
    if (count < rest.byteLength) throw this.#locator.damaged(place.object, "the segment is cut");
    const found = this.#assembled(place, run, record, whole);
    this.#restart();
    return found;
  }

  #assembled(place: Place, run: ReadAhead, record: FoundRecord, bytes: Uint8Array): StoredObject {
    if (crc32(bytes) !== record.dataCrc) throw this.#badData(place);
    this.#moveOn(place, run, record);
    return { kind: "block", data: { bytes, release: () => {} }, form: formOf(record) };
  }

  #moveOn(place: Place, run: ReadAhead, record: FoundRecord): void {
    place.offset += record.size;
    place.object += 1;
    run.consume(place.segment.identity.segment, place.offset);
  }

  #passMarks(place: Place, record: FoundRecord): void {
    const { segment } = place;
    const end = Math.min(record.objectNumber + record.length, segment.firstObject + segment.objects);
    this.#marks = { first: record.objectNumber, end };
    place.object = end;
    place.offset += record.size;
  }

  #badData(place: Place): Error {
    return this.#locator.damaged(place.object, "the data does not have its checksum");
  }
}

const formOf = ({ isEncrypted }: FoundRecord): BlockForm => (isEncrypted ? "encrypted" : "plain");

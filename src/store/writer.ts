// SPDX-License-Identifier: Apache-2.0
// Appends records to the open segment of a loaded cartridge: into the ring, from where the flusher carries them to the
// disk; seals full segments in passing. It answers at once unless the ring is full or the upload buffer is.

import { asError, assert, type Clock, limits, roundDown, roundUp, type Timer } from "#base/index.ts";
import type { BlockForm, DataPlace, Eventually } from "#tape/index.ts";
import { crc32 } from "./crc32.ts";
import type { Entry } from "./directory-entry.ts";
import type { DiskFile } from "./disk.ts";
import { storeFault } from "./faults.ts";
import type { FlusherShape } from "./flusher.ts";
import { checkpointDistance, entryOf, OpenSegment } from "./open-segment.ts";
import { blockRecordSize, putRecordHeader, type RecordKind, recordUnit } from "./record.ts";
import { placeableBytes, planRecord, type RecordPlan, type RingShape } from "./ring-plan.ts";
import { RingStream } from "./ring-stream.ts";
import { RingPlaces, type RingPool } from "./ring.ts";
import type { SegmentFiles } from "./segment-files.ts";
import { encodeFooter, pageSize, type SegmentStart } from "./segment-format.ts";
import type { CutPoint, StoredCartridge } from "./stored-cartridge.ts";
import { patiently } from "./within.ts";

/** Asked before each append; closed while the upload buffer or the disk is full. */
export interface UploadGate {
  readonly isOpen: boolean;
  /** Why it is closed, in words. */
  readonly reason: string;
  opened(): Promise<void>;
}

/** What a writer needs. */
export interface WriterOptions {
  readonly clock: Clock;
  readonly cartridge: StoredCartridge;
  readonly files: SegmentFiles;
  readonly rings: RingPool;
  readonly shape: RingShape;
  readonly gate: UploadGate;
  /** Alignment of direct access; 1 when there is none. */
  readonly directAlignment: number;
  /** Called when a segment was sealed and recorded. */
  readonly sealed: () => void;
  /** Called when a segment begins, which may become so long. */
  readonly begun: (byteCount: number) => void;
}

/** An open segment as it was found by a load, and the last page of it. */
export interface FoundSegment {
  readonly segment: OpenSegment;
  readonly tail: Uint8Array;
}

/** A sealed segment that is on its way to the disk and the directory. */
export interface ClosingSegment {
  readonly segment: OpenSegment;
  readonly entry: Entry;
}

/** The writing half of a loaded cartridge. One caller at a time, `place` excepted. */
export class SegmentWriter {
  readonly #options: WriterOptions;
  readonly #places: RingPlaces;
  readonly #closing: ClosingSegment[] = [];
  /** Resolves when all segments sealed so far are in the directory. */
  #sealing: Promise<void> = Promise.resolve();
  /** A sync that is under way. */
  #syncing: Promise<void> | undefined;
  #found: FoundSegment | undefined;
  #open: OpenSegment | undefined;
  #file: Promise<DiskFile> | undefined;
  #nextSegment: number;
  #nextStart: SegmentStart;
  #stream: RingStream | undefined;
  #failure: Error | undefined;
  #idle: Timer | undefined;
  #appends = 0;

  constructor(options: WriterOptions, found: FoundSegment | undefined) {
    this.#options = options;
    this.#places = new RingPlaces(options.shape);
    this.#found = found;
    this.#open = found?.segment;
    this.#nextSegment = options.cartridge.head.nextSegment + (found === undefined ? 0 : 1);
    this.#nextStart = options.cartridge.nextStart;
  }

  /** The segment that grows, once there is one. */
  get open(): OpenSegment | undefined {
    return this.#open;
  }

  /** End of data: how many objects, filemarks and record bytes there are. */
  get end(): CutPoint {
    const open = this.#open;
    if (open !== undefined) return { objects: open.nextObject, files: open.nextFile, bytes: open.nextByte };
    const { firstObject, firstFile, firstByte } = this.#nextStart;
    return { objects: firstObject, files: firstFile, bytes: firstByte };
  }

  /** Segments that are sealed but not in the directory yet, in order. */
  get closing(): readonly ClosingSegment[] {
    return this.#closing;
  }

  /** What stopped all changes. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Number that the next segment to begin gets. */
  get nextSegment(): number {
    return this.#nextSegment;
  }

  /** Copies what memory still holds of a segment from `offset` on; 0 when the disk must be asked. */
  copyFromRing(segment: number, offset: number, into: Uint8Array): number {
    return this.#stream?.copy(segment, offset, into, this.#places.highWater) ?? 0;
  }

  /** From which offset on memory holds all of a segment; undefined when nothing. Before it, the file has everything. */
  heldFrom(segment: number): number | undefined {
    return this.#stream?.heldFrom(segment, this.#places.highWater);
  }

  place(length: number): DataPlace {
    const stream = this.#streamOf();
    return this.#places.place(stream.cursor, length, stream.limit);
  }

  get placeableBytes(): number {
    const { shape } = this.#options;
    // A writer that has failed takes nothing more; what still comes must be received to be refused.
    if (this.#stream === undefined || this.#failure !== undefined) {
      return placeableBytes({ ring: 0, file: 0 }, shape.ringSize);
    }
    return placeableBytes(this.#places.reserved(this.#stream.cursor), this.#stream.limit);
  }

  appendBlock(block: Uint8Array, form: BlockForm = "plain"): Eventually<void> {
    return this.#append(blockRecordSize(block.byteLength), (plan) => this.#putBlock(plan, block, form === "encrypted"));
  }

  appendFilemarks(count: number): Eventually<void> {
    return this.#append(recordUnit, (plan) => {
      this.#places.moveAll();
      this.#prepare(plan);
      this.#putRecord(plan, { kind: "filemarks", length: count, size: recordUnit, dataCrc: 0 });
    });
  }

  /**
   * Resolves when everything appended survives a crash. Fault `store.under-pressure` when that takes longer than a host
   * waits: it goes on, and may be asked for again.
   */
  sync(): Promise<void> {
    return this.patiently(this.settle());
  }

  /**
   * Seals the open segment as it is, so that it can be uploaded. It is on the disk after the next `sync`. Fault
   * `store.under-pressure` when the ring has no room for its end.
   */
  async sealOpen(): Promise<void> {
    this.#throwIfFailed();
    if (this.#open === undefined || this.#open.objects === 0) return;
    const stream = this.#streamOf();
    const end = roundUp(stream.cursor.ring, pageSize) + pageSize;
    if (end > stream.limit) await this.patiently(stream.room(end));
    this.#throwIfFailed();
    this.#places.moveAll();
    this.#seal();
  }

  /** As `sync`, however long it takes. */
  async settle(): Promise<void> {
    this.#throwIfFailed();
    // One that is under way need not have everything.
    while (this.#syncing !== undefined) await this.#syncing;
    this.#syncing = this.#syncAll().finally(() => (this.#syncing = undefined));
    await this.#syncing;
  }

  /** The result of `work`; Fault `store.under-pressure` when it takes longer than a host waits. The work goes on. */
  patiently<T>(work: Promise<T>, why = "the disk does not take it"): Promise<T> {
    const { clock, cartridge, gate } = this.#options;
    return patiently(clock, work, { cartridge: cartridge.id, reason: () => (gate.isOpen ? why : gate.reason) });
  }

  /**
   * Lets go of the open segment as it is, without a footer; everything must be synced. Then `restart` says where the
   * next one begins.
   */
  async detach(): Promise<OpenSegment | undefined> {
    const open = this.#open;
    const file = this.#file;
    this.#places.moveAll();
    this.#stream?.drop();
    this.#open = undefined;
    this.#found = undefined;
    this.#file = undefined;
    await this.#closeFile(open, await file);
    return open;
  }

  /** After a cut: where and with which number the next segment begins. */
  restart(nextSegment: number, start: SegmentStart): void {
    assert(this.#open === undefined, "no open segment");
    this.#nextSegment = nextSegment;
    this.#nextStart = start;
  }

  /** Refuses all further changes. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#stream?.fail(error);
  }

  /** Gives up memory and files. What was not synced is lost. */
  async close(): Promise<void> {
    this.#idle?.cancel();
    this.#places.moveAll();
    this.#places.clear();
    const hasFailed = this.#failure !== undefined;
    if (!hasFailed) await this.#sealing.catch(() => {});
    this.fail(storeFault("closed"));
    await this.#stream?.idle();
    await this.#sealing.catch(() => {});
    const file = await this.#file?.catch(() => undefined);
    await this.#closeFile(hasFailed ? undefined : this.#open, file);
    if (this.#stream !== undefined) this.#options.rings.giveBack(this.#stream.ring);
    this.#stream = undefined;
    this.#file = undefined;
  }

  async #closeFile(open: OpenSegment | undefined, file: DiskFile | undefined): Promise<void> {
    const { files } = this.#options;
    if (open !== undefined && file !== undefined) await files.finish(open.identity.segment, file, open.end);
    await file?.close();
    await files.close();
  }

  #append(size: number, put: (plan: RecordPlan) => void): Eventually<void> {
    this.#throwIfFailed();
    const stream = this.#streamOf();
    const plan = planRecord(stream.cursor, size, this.#options.shape);
    if (!this.#options.gate.isOpen || plan.end.ring > stream.limit) return this.#appendLater(stream, plan, put);
    put(plan);
    return undefined;
  }

  async #appendLater(stream: RingStream, plan: RecordPlan, put: (plan: RecordPlan) => void): Promise<void> {
    const { gate } = this.#options;
    await this.patiently(gate.opened().then(() => stream.room(plan.end.ring)));
    this.#throwIfFailed();
    // Nothing but this append moves the cursor, so the plan still holds.
    put(plan);
  }

  #putBlock(plan: RecordPlan, block: Uint8Array, isEncrypted: boolean): void {
    const { bytes } = this.#streamOf().ring;
    const origin = this.#places.take(block, plan.at);
    const isInPlace = origin === "in-place";
    // A block in some other part of the ring might be overwritten before it is copied.
    const source = !isInPlace && block.buffer === bytes.buffer ? block.slice() : block;
    if (origin === "other") this.#places.moveAll();
    this.#prepare(plan);
    const start = this.#streamOf().indexOf(plan.at.ring) + recordUnit;
    const end = start + block.byteLength;
    const size = plan.end.ring - plan.at.ring;
    if (!isInPlace) bytes.set(source, start);
    bytes.fill(0, end, start - recordUnit + size);
    const dataCrc = crc32(bytes.subarray(start, end));
    this.#putRecord(plan, { kind: "block", isEncrypted, length: block.byteLength, size, dataCrc });
  }

  /** Seals, begins and wraps as the plan says. */
  #prepare(plan: RecordPlan): void {
    if (plan.seal) this.#seal();
    if (plan.begin) this.#begin();
    if (!plan.wrap) return;
    const stream = this.#streamOf();
    if (plan.skipBytes > 0) this.#skip(plan.skipBytes);
    assert(this.#file !== undefined, "an open segment");
    stream.begin(this.#openOf().identity.segment, this.#file, plan.at);
  }

  #putRecord(plan: Pick<RecordPlan, "at" | "end">, record: NewRecord): void {
    const stream = this.#streamOf();
    const open = this.#openOf();
    const start = stream.indexOf(plan.at.ring);
    putRecordHeader(stream.ring, start, open.identity, {
      ...record,
      objectNumber: open.nextObject,
      fileNumber: open.nextFile,
      syncedBytes: open.syncedBytes,
    });
    open.add(record, stream.ring.bytes.subarray(start, start + recordUnit));
    stream.moveTo(plan.end);
    if (open.end * 2 > this.#options.shape.segmentSize) this.#options.files.prepare(this.#nextSegment);
    this.#appends += 1;
    if (this.#idle === undefined) this.#setIdleTimer();
  }

  #skip(size: number): void {
    const stream = this.#streamOf();
    const at = stream.cursor;
    const start = stream.indexOf(at.ring);
    stream.ring.bytes.fill(0, start, start + size);
    const end = { ring: at.ring + size, file: at.file + size };
    this.#putRecord({ at, end }, { kind: "skip", length: size, size, dataCrc: 0 });
  }

  #begin(): void {
    const { cartridge, files, shape } = this.#options;
    const stream = this.#streamOf();
    const segment = this.#nextSegment;
    const identity = { segment, generation: cartridge.head.generation, tag: cartridge.tag };
    const open = new OpenSegment(identity, this.#nextStart, checkpointDistance(shape.segmentSize));
    const file = files.create(segment);
    this.#options.begun(shape.segmentSize);
    file.catch((error: unknown) => this.fail(asError(error)));
    this.#open = open;
    this.#file = file;
    this.#nextSegment += 1;
    const { ring } = stream.cursor;
    stream.begin(segment, file, { ring, file: 0 });
    stream.ring.bytes.set(open.header, stream.indexOf(ring));
    stream.moveTo({ ring: ring + recordUnit, file: recordUnit });
  }

  #seal(): void {
    const stream = this.#streamOf();
    const open = this.#openOf();
    const file = this.#file;
    assert(file !== undefined, "an open segment");
    const fill = roundUp(stream.cursor.file, pageSize) - stream.cursor.file;
    if (fill > 0) this.#skip(fill);
    const footer = encodeFooter(open.identity, open.start, open.content);
    const at = stream.cursor;
    stream.ring.bytes.set(footer, stream.indexOf(at.ring));
    stream.moveTo({ ring: at.ring + pageSize, file: at.file + pageSize });
    const closing = { segment: open, entry: entryOf(open, footer) };
    this.#closing.push(closing);
    this.#sealing = this.#finishSeal(closing, { file, written: stream.endFile(), before: this.#sealing });
    this.#sealing.catch((error: unknown) => this.fail(asError(error)));
    this.#open = undefined;
    this.#file = undefined;
    this.#nextStart = { firstObject: open.nextObject, firstFile: open.nextFile, firstByte: open.nextByte };
  }

  async #finishSeal(closing: ClosingSegment, after: SealSteps): Promise<void> {
    await after.written;
    const file = await after.file;
    await this.#options.files.finish(closing.segment.identity.segment, file, closing.entry.fileSize);
    await file.sync();
    await file.close();
    await after.before;
    await this.#options.cartridge.seal(closing.entry);
    this.#closing.splice(this.#closing.indexOf(closing), 1);
    this.#options.sealed();
  }

  async #syncAll(): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined) return;
    const open = this.#open;
    const end = open?.end ?? 0;
    try {
      await stream.flush();
      if (open !== undefined && open === this.#open && open.syncedBytes < end) {
        const file = await this.#file;
        await file?.sync();
        open.syncedBytes = Math.max(open.syncedBytes, end);
      }
      await this.#sealing;
    } catch (error) {
      this.fail(asError(error));
      throw error;
    }
  }

  /** Flushes when nothing is appended for a while. One timer at a time: appends only count. */
  #setIdleTimer(): void {
    const appends = this.#appends;
    this.#idle = this.#options.clock.setTimer(limits.idleFlush, () => {
      this.#idle = undefined;
      if (this.#failure !== undefined || this.#stream === undefined) return;
      if (appends !== this.#appends) this.#setIdleTimer();
      else this.#stream.flush().catch((error: unknown) => this.fail(asError(error)));
    });
  }

  /** The ring, allocated when it is first needed. */
  #streamOf(): RingStream {
    if (this.#stream !== undefined) return this.#stream;
    const { rings, shape, directAlignment, files } = this.#options;
    const ring = rings.take();
    const stream = new RingStream(ring, flusherShape(shape, directAlignment), (error) => this.fail(error));
    this.#stream = stream;
    this.#places.use(ring.bytes);
    if (this.#found !== undefined) {
      const { segment, tail } = this.#found;
      this.#file = files.continue(segment.identity.segment);
      this.#file.catch((error: unknown) => this.fail(asError(error)));
      stream.continueFile(segment.identity.segment, this.#file, segment.end, tail);
      this.#found = undefined;
    }
    return stream;
  }

  #openOf(): OpenSegment {
    assert(this.#open !== undefined, "an open segment");
    return this.#open;
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

interface NewRecord {
  readonly kind: RecordKind;
  readonly isEncrypted?: boolean;
  readonly length: number;
  readonly size: number;
  readonly dataCrc: number;
}

interface SealSteps {
  readonly file: Promise<DiskFile>;
  readonly written: Promise<void>;
  readonly before: Promise<void>;
}

/** Direct access takes large writes, two at a time; the page cache takes smaller ones, one at a time. */
function flusherShape(shape: RingShape, directAlignment: number): FlusherShape {
  const isDirect = directAlignment > 1;
  const transferSize = isDirect ? limits.writeSize : limits.transferSize / 4;
  return {
    ringSize: shape.ringSize,
    transferSize: Math.min(transferSize, Math.max(roundDown(shape.ringSize / 4, pageSize), pageSize)),
    writesInFlight: isDirect ? limits.writesInFlight : 1,
  };
}

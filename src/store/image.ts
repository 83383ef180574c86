// SPDX-License-Identifier: Apache-2.0
// A cartridge in a drive: the store's side of the medium. It joins the writing half and the reading half and cuts.

import { asError, assert, type Clock, limits, type Log } from "#base/index.ts";
import type { BlockForm, DataPlace, Eventually, FileNumber, ObjectNumber, StoredObject } from "#tape/index.ts";
import type { DemandThaw } from "./demand-thaw.ts";
import type { Entry } from "./directory-entry.ts";
import { storeFault } from "./faults.ts";
import { hasWork } from "./head.ts";
import { Locator } from "./locator.ts";
import { type ReadCounts, ReadSources, type RemoteSegments, type SeenSegments } from "./read-sources.ts";
import { Reader } from "./reader.ts";
import type { SegmentDisk } from "./recycling-disk.ts";
import { recordUnit } from "./record.ts";
import type { RingShape } from "./ring-plan.ts";
import type { RingPool } from "./ring.ts";
import { SegmentFiles } from "./segment-files.ts";
import { sealSegment } from "./segment-seal.ts";
import type { CutPoint, StoredCartridge } from "./stored-cartridge.ts";
import type { CartridgeId, LoadedImage } from "./types.ts";
import { type FoundSegment, SegmentWriter, type UploadGate } from "./writer.ts";

/** What a loaded cartridge needs. */
export interface ImageOptions {
  readonly disk: SegmentDisk;
  readonly clock: Clock;
  readonly log: Log;
  readonly cartridge: StoredCartridge;
  readonly found: FoundSegment | undefined;
  readonly rings: RingPool;
  readonly readMemory: RingPool;
  /** Undefined when files are written and read through the page cache. */
  readonly seen: SeenSegments | undefined;
  readonly shape: RingShape;
  readonly gate: UploadGate;
  readonly counts: ReadCounts;
  readonly remote: RemoteSegments;
  /** Throws the Fault that keeps everybody from changing anything, if there is one. */
  readonly checkChange: () => void;
  /** Set when segments are thawed as they are read. */
  readonly demand: DemandThaw | undefined;
  /** Called when a segment was sealed or cut off. */
  readonly changed: () => void;
  /** Called when a segment begins, which may become so long. */
  readonly begun: (byteCount: number) => void;
  /** Whether what is synced must be in the object store too. */
  readonly isRemote: () => boolean;
  /** Called for a local copy that is not what was written, when the object store has the segment too. */
  readonly damagedCopy: (entry: Entry, what: string) => void;
  /** Resolves when everything that the directory knows is in the object store, and a recovery point says so. */
  readonly stored: () => Promise<void>;
  /** What did not get there and never will, once. */
  readonly takeUnreported: () => Error | undefined;
  /** What waits for room on the disk is to fail now. */
  readonly giveUp: () => void;
  /** Called once, when the image has been unloaded, with what stopped its changes; the cartridge is still open. */
  readonly unloaded: (failure: Error | undefined) => Promise<void>;
}

/** The store's `Image`. */
export class StoredImage implements LoadedImage {
  readonly id: CartridgeId;
  readonly #options: ImageOptions;
  readonly #writer: SegmentWriter;
  readonly #sources: ReadSources;
  readonly #locator: Locator;
  readonly #reader: Reader;
  #unloading: Promise<void> | undefined;
  #isChanged = false;
  /** A cut may take longer than a host waits: it goes on, and everything else waits for it. */
  #cutting: Promise<void> | undefined;
  /** End of data until the cut that is under way is done. */
  #endBeforeCut: CutPoint | undefined;

  constructor(options: ImageOptions) {
    const { disk, cartridge, found, remote } = options;
    this.id = cartridge.id;
    this.#options = options;
    const isDirect = options.seen !== undefined;
    const files = new SegmentFiles(disk, cartridge, isDirect);
    const { clock, rings, shape, gate, changed, begun } = options;
    const directAlignment = isDirect ? disk.directAlignment : 1;
    this.#writer = new SegmentWriter(
      { clock, cartridge, files, rings, shape, gate, directAlignment, sealed: changed, begun },
      found,
    );
    this.#sources = new ReadSources({
      disk,
      cartridge,
      remote,
      recent: this.#writer,
      seen: options.seen,
      counts: options.counts,
      damagedCopy: options.damagedCopy,
    });
    this.#locator = new Locator(cartridge, this.#writer, this.#sources);
    this.#reader = new Reader(this.#locator, this.#sources, options.readMemory, {
      endOfData: () => this.#end.objects,
      mayReadAhead: async ({ entry }) =>
        entry === undefined || options.demand === undefined || options.demand.isReadable(entry),
    });
  }

  get endOfData(): ObjectNumber {
    return this.#end.objects as ObjectNumber;
  }

  get fileCount(): FileNumber {
    return this.#end.files as FileNumber;
  }

  get sizeBytes(): number {
    return this.#end.bytes;
  }

  get isBringing(): boolean {
    return this.#options.demand?.isBringing ?? false;
  }

  get failure(): Error | undefined {
    return this.#writer.failure;
  }

  /** Bytes of segment files that are not in the directory yet. */
  get unrecordedBytes(): number {
    const closing = this.#writer.closing.reduce((sum, { entry }) => sum + entry.fileSize, 0);
    return closing + (this.#writer.open?.end ?? 0);
  }

  place(length: number): DataPlace {
    assert(length >= 1 && length <= limits.blockSizeMax, `a block of 1 to ${limits.blockSizeMax} bytes`);
    return this.#writer.place(length);
  }

  get placeableBytes(): number {
    return this.#writer.placeableBytes;
  }

  appendBlock(block: Uint8Array, form: BlockForm = "plain"): Eventually<void> {
    assert(block.byteLength >= 1 && block.byteLength <= limits.storedBlockMax, "a block of a size that is allowed");
    this.#beforeChange();
    return this.#writer.appendBlock(block, form);
  }

  appendFilemarks(count: number): Eventually<void> {
    assert(Number.isInteger(count) && count >= 1 && count < 2 ** 32, "at least one filemark");
    this.#beforeChange();
    return this.#writer.appendFilemarks(count);
  }

  cut(at: ObjectNumber): Eventually<void> {
    this.#beforeChange();
    if (this.#writer.failure !== undefined) throw this.#writer.failure;
    assert(at >= 0 && at <= this.endOfData, `an object up to end of data, not ${at}`);
    if (this.#cutting !== undefined) return this.#afterCut(() => this.cut(at));
    if (at === this.endOfData) return undefined;
    this.#cutting = this.#cut(at).finally(() => (this.#cutting = undefined));
    return this.#writer.patiently(this.#cutting);
  }

  sync(): Promise<void> {
    this.#assertLoaded();
    return this.#cutting === undefined ? this.#sync() : this.#afterCut(() => this.#sync());
  }

  #sync(): Promise<void> {
    // What was written since nobody will find.
    if (this.#isChanged) this.#options.checkChange();
    return this.#options.isRemote() ? this.#syncRemotely() : this.#writer.sync();
  }

  /** What was found at the load may be only here, and a host that is told of a position takes it for safe. */
  get isUnsynced(): boolean {
    return this.#options.isRemote() && (this.#options.found !== undefined || hasWork(this.#options.cartridge.head));
  }

  async #syncRemotely(): Promise<void> {
    this.#reader.drop();
    await this.#writer.sealOpen();
    await this.#writer.sync();
    await this.#writer.patiently(this.#options.stored(), "the object store has not taken it yet");
    const lost = this.#options.takeUnreported();
    if (lost !== undefined) throw lost;
  }

  read(at: ObjectNumber): Eventually<StoredObject> {
    this.#assertLoaded();
    if (this.#cutting !== undefined) return this.#afterCut(() => this.read(at));
    return at >= this.endOfData ? { kind: "end-of-data" } : this.#reader.read(at);
  }

  filemarksBefore(at: ObjectNumber): Eventually<FileNumber> {
    this.#assertLoaded();
    if (this.#cutting !== undefined) return this.#afterCut(() => this.filemarksBefore(at));
    if (at === this.endOfData) return this.fileCount;
    return this.#before(at).then(({ files }) => files as FileNumber);
  }

  async filemarkAt(index: FileNumber): Promise<ObjectNumber> {
    this.#assertLoaded();
    assert(index >= 0 && index < this.fileCount, `a filemark before ${this.fileCount}, not ${index}`);
    const { record } = await this.#locator.filemarkRecord(index);
    return (record.objectNumber + index - record.fileNumber) as ObjectNumber;
  }

  /** Of a segment that would have to be thawed for it: what lies before the segment. */
  bytesBefore(at: ObjectNumber): Eventually<number> {
    this.#assertLoaded();
    if (this.#cutting !== undefined) return this.#afterCut(() => this.bytesBefore(at));
    if (at === this.endOfData) return this.sizeBytes;
    return this.#options.demand === undefined
      ? this.#before(at).then(({ bytes }) => bytes)
      : this.#bytesWithoutThaw(at, this.#options.demand);
  }

  /** The file of a sealed segment is another one now. */
  trust(segment: number): Promise<void> {
    return this.#sources.trust(segment);
  }

  get #end(): CutPoint {
    return this.#endBeforeCut ?? this.#writer.end;
  }

  unload(): Promise<void> {
    this.#unloading ??= this.#unload();
    return this.#unloading;
  }

  /** Goes on when the cut that is under way is done, if that is soon enough. */
  async #afterCut<T>(act: () => Eventually<T>): Promise<T> {
    await this.#writer.patiently(this.#cutting ?? Promise.resolve());
    return act();
  }

  /** Where a drive is must not cost a thaw. */
  async #bytesWithoutThaw(at: number, demand: DemandThaw): Promise<number> {
    const { entry, firstByte } = await this.#locator.segmentOf(at);
    if (entry !== undefined && !(await demand.isReadable(entry))) return firstByte;
    return (await this.#before(at)).bytes;
  }

  /** What lies before an object. */
  async #before(at: number): Promise<{ readonly files: number; readonly bytes: number }> {
    // After a cut that failed, end of data may lie before the place where a drive still is.
    if (this.#writer.failure !== undefined && at >= this.endOfData) throw this.#writer.failure;
    assert(at >= 0 && at < this.endOfData, `an object before ${this.endOfData}, not ${at}`);
    if (at === 0) return { files: 0, bytes: 0 };
    const { record, bytesBefore } = await this.#locator.recordOf(at);
    const marks = record.kind === "filemarks" ? at - record.objectNumber : 0;
    return { files: record.fileNumber + marks, bytes: bytesBefore + (marks > 0 ? recordUnit : 0) };
  }

  /**
   * The open segment is sealed as it is, then the cut is recorded, durably, before any new record can be written. What
   * is dead within the last segment stays in its file.
   */
  async #cut(at: number): Promise<void> {
    const { disk, cartridge } = this.#options;
    const before = await this.#before(at);
    try {
      await this.#writer.settle();
      const { nextSegment } = this.#writer;
      this.#endBeforeCut = this.#writer.end;
      const open = await this.#writer.detach();
      if (open !== undefined && open.start.firstObject < at) {
        const path = cartridge.segmentPath(open.identity.segment);
        await cartridge.seal(await sealSegment(disk, path, open));
      }
      const point = { objects: at, ...before };
      await cartridge.cut(point, nextSegment);
      this.#writer.restart(nextSegment, { firstObject: at, firstFile: before.files, firstByte: before.bytes });
      this.#endBeforeCut = undefined;
      await this.#sources.close();
      this.#options.changed();
    } catch (error) {
      this.#writer.fail(asError(error));
      throw error;
    } finally {
      this.#endBeforeCut = undefined;
    }
  }

  async #unload(): Promise<void> {
    const { cartridge, log } = this.#options;
    let failure = this.#writer.failure;
    try {
      this.#reader.drop();
      if (failure === undefined && this.#isChanged) {
        await this.#afterCut(() => this.#writer.sync());
        const { open } = this.#writer;
        if (open !== undefined) {
          const { segment } = open.identity;
          await this.#writer.patiently(cartridge.note({ resume: { segment, ...open.content } }));
        }
      }
    } catch (error) {
      failure = asError(error);
      log.error("a cartridge was unloaded but its last data could not be stored", { cartridge: this.id }, error);
    }
    if (failure !== undefined) this.#options.giveUp();
    await this.#cutting?.catch(() => {});
    await this.#writer.close();
    await this.#sources.close();
    await this.#options.unloaded(failure);
    if (failure !== undefined) throw failure;
  }

  #beforeChange(): void {
    this.#assertLoaded();
    this.#options.checkChange();
    this.#isChanged = true;
    this.#reader.drop();
  }

  #assertLoaded(): void {
    if (this.#unloading !== undefined) throw storeFault("cartridge-unloaded", { cartridge: this.id });
  }
}

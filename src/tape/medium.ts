// SPDX-License-Identifier: Apache-2.0
// The loaded cartridge as a drive sees it: position, filemarks, early warning, end of data. SSC-5, physical and logical
// model of a sequential-access device. One partition. It knows no commands and no sense; it says what happened, and the
// drive unit words it. Answers are synchronous whenever the image answers synchronously.

import { assert, isFault } from "#base/index.ts";
import { capacityOf } from "./capacity.ts";
import type { MediumCapacity } from "./capacity.ts";
import { after } from "./eventually.ts";
import type { BlockForm, DataPlace, Eventually, FileNumber, Image, ObjectNumber, StoredObject } from "./image.ts";
import {
  blocksBackward,
  blocksForward,
  fileLanding,
  filemarksBackward,
  filemarksForward,
  objectLanding,
} from "./motion.ts";
import type { Landing, Motion, Place } from "./motion.ts";

/** How to mount an image. */
export interface MediumOptions {
  /** Nominal size in bytes. */
  readonly capacityBytes: number;
  readonly writeProtected: boolean;
  /** Only appending at end of data is allowed. */
  readonly writeOnce: boolean;
}

/** Why nothing was written: write protected, or write-once and not at end of data. */
export type WriteRefusal = "write-protected" | "write-once";

/**
 * What became of one write: at or past early warning it is still written; without room nothing is. `written-in-zone`: it
 * is the first in the zone of programmable early warning.
 */
export type WriteResult = "written" | "written-in-zone" | "written-near-end" | "no-space" | WriteRefusal;

/** What became of several blocks or filemarks: `done` of them are on the medium. */
export interface CountedWrite {
  readonly result: WriteResult;
  readonly done: number;
}

/** Where the medium is. SSC-5, READ POSITION. */
export interface MediumPosition {
  readonly objectNumber: ObjectNumber;
  readonly fileNumber: FileNumber;
  readonly isBeginning: boolean;
  /** Between early warning and the end of the partition. */
  readonly isPastEarlyWarning: boolean;
  /** In the zone of programmable early warning, or behind it. */
  readonly isPastProgrammableWarning: boolean;
}

/** What a read of several blocks of one size gave; the position is behind the last object looked at. */
export interface CountedRead {
  /** Whole blocks that were copied out. */
  readonly done: number;
  /**
   * Why it ended. After `end-of-data` the position is there. `damaged`: the next record could not be had; the position is
   * behind it when it is lost for good, and before it when another attempt may give it. `encrypted`: the position is before
   * a block that must be opened first.
   */
  readonly end: "done" | "filemark" | "end-of-data" | "other-length" | "encrypted" | "damaged";
  /** With `damaged`: what the image threw. */
  readonly fault?: Error;
}

/**
 * A mounted image. Calls must not overlap: each is made when the one before has settled. Failures of the image pass
 * through as the Faults they are; the position is then where the last successful object ended.
 */
export class Medium {
  readonly #image: Image;
  readonly #capacity: MediumCapacity;
  readonly #options: MediumOptions;
  #position = 0 as ObjectNumber;
  #file = 0 as FileNumber;
  #isDirty = false;
  /** Bytes in front of early warning in which programmable early warning is given; 0: none. SSC-4. */
  programmableZone = 0;

  /** Mounts at the beginning of the partition. */
  constructor(image: Image, options: MediumOptions) {
    this.#image = image;
    this.#options = options;
    this.#capacity = capacityOf(options.capacityBytes);
    this.#isDirty = image.isUnsynced === true;
  }

  get capacity(): MediumCapacity {
    return this.#capacity;
  }

  get objectNumber(): ObjectNumber {
    return this.#position;
  }

  /** Filemarks before the position. */
  get fileNumber(): FileNumber {
    return this.#file;
  }

  get endOfData(): ObjectNumber {
    return this.#image.endOfData;
  }

  /** Bytes from the beginning to end of data. */
  get usedBytes(): number {
    return this.#image.sizeBytes;
  }

  get isAtEndOfData(): boolean {
    return this.#position === this.#image.endOfData;
  }

  get writeProtected(): boolean {
    return this.#options.writeProtected;
  }

  get writeOnce(): boolean {
    return this.#options.writeOnce;
  }

  /** What was read last is on its way; see `Image.isBringing`. */
  get isBringing(): boolean {
    return this.#image.isBringing ?? false;
  }

  /** Something was written or cut since the last flush. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** Room for a block on its way in; see `Image.place`. */
  place(length: number): DataPlace {
    return this.#image.place(length);
  }

  get placeableBytes(): number {
    return this.#image.placeableBytes;
  }

  /** Where it is. Asks the image how many bytes lie before, unless it is at end of data. */
  where(): Eventually<MediumPosition> {
    if (this.isAtEndOfData) return this.#describe(this.#image.sizeBytes);
    return after(this.#image.bytesBefore(this.#position), (before) => this.#describe(before));
  }

  /** Bytes from the beginning to the position. */
  bytesBefore(): Eventually<number> {
    return this.isAtEndOfData ? this.#image.sizeBytes : this.#image.bytesBefore(this.#position);
  }

  /** Why a write here would be refused; undefined when it would not. */
  get writeRefusal(): WriteRefusal | undefined {
    if (this.#options.writeProtected) return "write-protected";
    return this.#options.writeOnce && !this.isAtEndOfData ? "write-once" : undefined;
  }

  /**
   * Drops what is behind the position, so that the next write appends. Call it before looking at data that may move
   * while a cut takes its time. Does nothing at end of data or where a write would be refused.
   */
  prepareWrite(): Eventually<void> {
    return this.isAtEndOfData || this.writeRefusal !== undefined ? undefined : this.#cutHere();
  }

  /** Writes one block of at least 1 byte; everything behind it is gone. */
  writeBlock(block: Uint8Array, form: BlockForm = "plain"): Eventually<WriteResult> {
    const refusal = this.writeRefusal;
    if (refusal !== undefined) return refusal;
    return this.isAtEndOfData
      ? this.#appendBlock(block, form)
      : after(this.#cutHere(), () => this.#appendBlock(block, form));
  }

  /**
   * Writes `count` blocks, of which `from` are on the medium already. Stops where there is no more room. What fails in
   * the middle has written what the position says.
   */
  writeBlocks(source: BlockSource, count: number, from = 0): Eventually<CountedWrite> {
    return this.#writeBlocksFrom(source, count, from, from > 0 ? this.appendResult : "written");
  }

  /** What the last append came to, as the fill of the cartridge says. */
  get appendResult(): WriteResult {
    return this.#image.sizeBytes >= this.#capacity.earlyWarningAt ? "written-near-end" : "written";
  }

  /** Writes `count` ≥ 1 filemarks; everything behind them is gone. A filemark fits wherever one byte would. */
  writeFilemarks(count: number): Eventually<CountedWrite> {
    const refusal = this.writeRefusal;
    if (refusal !== undefined) return { result: refusal, done: 0 };
    return this.isAtEndOfData
      ? this.#appendFilemarks(count, 0)
      : after(this.#cutHere(), () => this.#appendFilemarks(count, 0));
  }

  /**
   * Reads the next object and goes behind it; end of data is not passed. A block's data must be released. A record that
   * cannot be had throws its fault, and the position is behind it.
   */
  read(): Eventually<StoredObject> {
    let object: Eventually<StoredObject>;
    try {
      object = this.#image.read(this.#position);
    } catch (error) {
      return this.#passDamaged(error);
    }
    if (object instanceof Promise) {
      return object.then(
        (settled) => this.#pass(settled),
        (error: unknown) => this.#passDamaged(error),
      );
    }
    return this.#pass(object);
  }

  /** The next object, without going behind it. A block's data must be released. */
  peek(): Eventually<StoredObject> {
    return this.#image.read(this.#position);
  }

  /** The blocks that were just read are the next ones again. */
  unread(blocks = 1): void {
    assert(blocks <= this.#position, `${blocks} blocks were read`);
    this.#position = (this.#position - blocks) as ObjectNumber;
  }

  /** Reads plain blocks of exactly `blockSize` into `target`, whose length is a multiple of it, until something else comes. */
  readBlocks(target: Uint8Array, blockSize: number, from = 0): Eventually<CountedRead> {
    assert(target.byteLength % blockSize === 0, "whole blocks");
    for (let offset = from; offset < target.byteLength; offset += blockSize) {
      const done = offset / blockSize;
      let object: Eventually<StoredObject>;
      try {
        object = this.read();
      } catch (error) {
        return damagedRead(done, error);
      }
      if (object instanceof Promise) {
        return object.then(
          (settled) =>
            this.#takeBlock(settled, target, offset, blockSize) ??
            this.readBlocks(target, blockSize, offset + blockSize),
          (error: unknown) => damagedRead(done, error),
        );
      }
      const ended = this.#takeBlock(object, target, offset, blockSize);
      if (ended !== undefined) return ended;
    }
    return { done: target.byteLength / blockSize, end: "done" };
  }

  /** SPACE over blocks: forward for positive counts, backward for negative ones. Stops at filemarks. */
  spaceBlocks(count: number): Eventually<Motion> {
    const landing = count >= 0 ? blocksForward(this.#place(), count) : blocksBackward(this.#place(), -count);
    return after(landing, (there) => this.#land(there));
  }

  /** SPACE over filemarks, in either direction. */
  spaceFilemarks(count: number): Eventually<Motion> {
    const landing = count >= 0 ? filemarksForward(this.#place(), count) : filemarksBackward(this.#place(), -count);
    return after(landing, (there) => this.#land(there));
  }

  /** To end of data. */
  toEndOfData(): void {
    this.#go(this.#image.endOfData, this.#image.fileCount);
  }

  /** To the beginning of the partition. */
  rewind(): void {
    this.#go(0, 0);
  }

  /** LOCATE to an object; past end of data it stops there. */
  locateObject(target: number): Eventually<Motion> {
    return after(objectLanding(this.#image, target), (there) => this.#land(there));
  }

  /** LOCATE to the beginning of a logical file: behind its number of filemarks. */
  locateFile(target: number): Eventually<Motion> {
    return after(fileLanding(this.#image, target), (there) => this.#land(there));
  }

  /** Makes the position the end of data. */
  erase(): Eventually<WriteRefusal | "erased"> {
    const refusal = this.writeRefusal;
    if (refusal !== undefined) return refusal;
    return this.isAtEndOfData ? "erased" : after(this.#cutHere(), () => "erased" as const);
  }

  /** Resolves when everything written so far survives a crash; at once when it already does. */
  flush(): Eventually<void> {
    return this.#isDirty ? this.#sync() : undefined;
  }

  #writeBlocksFrom(source: BlockSource, count: number, from: number, before: WriteResult): Eventually<CountedWrite> {
    let latest = before;
    for (let done = from; done < count; done++) {
      const result = this.writeBlock(source.block(done), source.form);
      if (result instanceof Promise) {
        return result.then((settled) =>
          isWritten(settled)
            ? this.#writeBlocksFrom(source, count, done + 1, later(latest, settled))
            : { result: settled, done },
        );
      }
      if (!isWritten(result)) return { result, done };
      latest = later(latest, result);
    }
    return { result: latest, done: count };
  }

  async #sync(): Promise<void> {
    await this.#image.sync();
    this.#isDirty = false;
  }

  #describe(bytesBefore: number): MediumPosition {
    return {
      objectNumber: this.#position,
      fileNumber: this.#file,
      isBeginning: this.#position === 0,
      isPastEarlyWarning: bytesBefore >= this.#capacity.earlyWarningAt,
      isPastProgrammableWarning: this.programmableZone > 0 && bytesBefore >= this.#zoneAt,
    };
  }

  #place(): Place {
    return { image: this.#image, position: this.#position, file: this.#file };
  }

  #land({ position, file, motion }: Landing): Motion {
    this.#go(position, file);
    return motion;
  }

  #go(position: number, file: number): void {
    this.#position = position as ObjectNumber;
    this.#file = file as FileNumber;
  }

  #cutHere(): Eventually<void> {
    this.#isDirty = true;
    return this.#image.cut(this.#position);
  }

  /** Copies a plain block of the right length out and returns undefined; anything else ends the read. */
  #takeBlock(object: StoredObject, target: Uint8Array, offset: number, blockSize: number): CountedRead | undefined {
    const done = offset / blockSize;
    if (object.kind !== "block") return { done, end: object.kind };
    const { data, form } = object;
    const fits = form === "plain" && data.bytes.byteLength === blockSize;
    if (fits) target.set(data.bytes, offset);
    data.release();
    if (form === "encrypted") this.unread();
    if (fits) return undefined;
    return { done, end: form === "encrypted" ? "encrypted" : "other-length" };
  }

  #appendBlock(block: Uint8Array, form: BlockForm): Eventually<WriteResult> {
    assert(block.byteLength > 0, "a block of at least one byte");
    if (this.#image.sizeBytes + block.byteLength > this.#capacity.sizeBytes) return "no-space";
    this.#isDirty = true;
    const before = this.#image.sizeBytes;
    const stored = this.#image.appendBlock(block, form);
    return stored instanceof Promise ? stored.then(() => this.#appended(before)) : this.#appended(before);
  }

  /** `before`: bytes up to end of data before the append. */
  #appended(before: number): WriteResult {
    this.#position = this.#image.endOfData;
    const result = this.appendResult;
    if (result !== "written" || this.programmableZone === 0) return result;
    return before < this.#zoneAt && this.#image.sizeBytes >= this.#zoneAt ? "written-in-zone" : result;
  }

  get #zoneAt(): number {
    return Math.max(0, this.#capacity.earlyWarningAt - this.programmableZone);
  }

  /** All at once far from the end, one by one near it, because only the image knows how much a filemark takes. */
  #appendFilemarks(count: number, done: number, before = this.#image.sizeBytes): Eventually<CountedWrite> {
    if (done === count) return { result: this.#filemarksAppended(before), done };
    const room = this.#capacity.sizeBytes - this.#image.sizeBytes;
    if (room <= 0) return { result: "no-space", done };
    const next = Math.min(count - done, Math.max(1, Math.floor(room / filemarkRoom)));
    this.#isDirty = true;
    return after(this.#image.appendFilemarks(next), () => {
      this.#filemarksAppended(before);
      return this.#appendFilemarks(count, done + next, before);
    });
  }

  #filemarksAppended(before: number): WriteResult {
    this.#file = this.#image.fileCount;
    return this.#appended(before);
  }

  #pass(object: StoredObject): StoredObject {
    if (object.kind !== "end-of-data") this.#position = (this.#position + 1) as ObjectNumber;
    if (object.kind === "filemark") this.#file = (this.#file + 1) as FileNumber;
    return object;
  }

  #passDamaged(error: unknown): Eventually<never> {
    if (!isFault(error, "store.record-damaged")) throw error;
    const next = (this.#position + 1) as ObjectNumber;
    return after(this.#image.filemarksBefore(next), (file): never => {
      this.#go(next, file);
      throw error;
    });
  }
}

/** Where the blocks of one write come from. */
export interface BlockSource {
  /** Asked anew for each block, because memory on its way in may move. */
  block(index: number): Uint8Array;
  readonly form: BlockForm;
}

/** More than any store takes for a filemark; how many may be appended without looking at the room again. */
const filemarkRoom = 4096;

function isWritten(result: WriteResult): boolean {
  return result === "written" || result === "written-in-zone" || result === "written-near-end";
}

/** A warning is not forgotten by the writes after it. */
function later(before: WriteResult, result: WriteResult): WriteResult {
  return result === "written" && before === "written-in-zone" ? before : result;
}

function damagedRead(done: number, error: unknown): CountedRead {
  if (!isFault(error)) throw error;
  return { done, end: "damaged", fault: error };
}

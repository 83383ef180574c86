// SPDX-License-Identifier: Apache-2.0
// The memory that a loaded drive writes from, and the places in it that were handed out for blocks on their way. It
// knows where bytes lie, not what they mean and not when they reach the disk.

import { allocatePages, assert, limits } from "#base/index.ts";
import type { DataPlace } from "#tape/index.ts";
import { blockRecordSize, type Memory, memoryOf, recordUnit } from "./record.ts";
import { planRecord, type RingCursor, type RingShape } from "./ring-plan.ts";
import { pageSize } from "./segment-format.ts";

/** Memory for the records on their way to the disk, and a page for the last of them, which is not full yet. */
export interface Ring extends Memory {
  readonly tail: Uint8Array;
}

/** Rings that are not in use, for the next drive that starts writing. Address space for them is dear. */
export class RingPool {
  readonly #size: number;
  readonly #kept: number;
  readonly #free: Ring[] = [];

  constructor(size: number, kept: number) {
    this.#size = size;
    this.#kept = kept;
  }

  take(): Ring {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const pages = allocatePages(this.#size + pageSize);
    return { ...memoryOf(pages.subarray(0, this.#size)), tail: pages.subarray(this.#size, this.#size + pageSize) };
  }

  giveBack(ring: Ring): void {
    if (this.#free.length < this.#kept) this.#free.push(ring);
  }
}

/** A place for a block on its way: in the ring where its record will be, or elsewhere and copied there in its turn. */
class RingPlace implements DataPlace {
  /** Where the record will begin, as far as can be told. */
  cursor: RingCursor;
  readonly length: number;
  readonly #owner: RingPlaces;
  #bytes: Uint8Array;
  #spare: DataPlace | undefined;
  onMoved: (() => void) | undefined;

  constructor(owner: RingPlaces, memory: Uint8Array | DataPlace, cursor: RingCursor, length: number) {
    this.#owner = owner;
    this.#spare = memory instanceof Uint8Array ? undefined : memory;
    this.#bytes = memory instanceof Uint8Array ? memory : memory.bytes;
    this.cursor = cursor;
    this.length = length;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get isInRing(): boolean {
    return this.#spare === undefined;
  }

  /** To other memory, with what was received so far. */
  move(spare: DataPlace): void {
    spare.bytes.set(this.#bytes);
    this.#bytes = spare.bytes;
    this.#spare = spare;
    this.onMoved?.();
  }

  release(): void {
    this.#owner.forget(this);
    this.#spare?.release();
  }
}

/** Memory outside of the ring, for when it is full: kept for the next blocks, which mostly have the same length. */
class SparePlaces {
  readonly #free: Uint8Array[] = [];
  #freeBytes = 0;

  take(length: number): DataPlace {
    const index = this.#free.findIndex((memory) => memory.byteLength === length);
    const memory = index === -1 ? new Uint8Array(length) : (this.#free.splice(index, 1)[0] ?? new Uint8Array(length));
    if (index !== -1) this.#freeBytes -= length;
    let isOut = true;
    const release = (): void => {
      if (isOut) this.#giveBack(memory);
      isOut = false;
    };
    return { bytes: memory, release };
  }

  clear(): void {
    this.#free.length = 0;
    this.#freeBytes = 0;
  }

  #giveBack(memory: Uint8Array): void {
    if (this.#freeBytes + memory.byteLength > limits.sparePlaces) this.clear();
    this.#free.push(memory);
    this.#freeBytes += memory.byteLength;
  }
}

/** What a block that is appended turned out to be. */
export type BlockOrigin = "in-place" | "expected" | "other";

/** The places handed out and not yet appended or released, in order. */
export class RingPlaces {
  readonly #shape: RingShape;
  readonly #places: RingPlace[] = [];
  readonly #spares = new SparePlaces();
  #memory: Uint8Array | undefined;
  /** Something else came first: none of the places is in the ring, and their cursors must be planned anew. */
  #isStale = false;
  /** No place ever reached beyond this ring position: memory a whole ring before it is as it was written. */
  highWater = 0;

  constructor(shape: RingShape) {
    this.#shape = shape;
  }

  /** Which memory places lie in, once there is one. */
  use(memory: Uint8Array): void {
    this.#memory = memory;
  }

  /** Where the place behind the last one handed out would begin; `head` when there is none. */
  reserved(head: RingCursor): RingCursor {
    if (this.#isStale) this.#planAnew(head);
    const last = this.#places.at(-1);
    return last === undefined ? head : behind(last.cursor, last.length);
  }

  /** A place behind those handed out; in other memory when it would reach `limit`. */
  place(head: RingCursor, length: number, limit: number): DataPlace {
    const memory = this.#memory;
    assert(memory !== undefined, "a ring before a place in it");
    const plan = planRecord(this.reserved(head), blockRecordSize(length), this.#shape);
    const start = (plan.at.ring % this.#shape.ringSize) + recordUnit;
    const isFree = plan.end.ring <= limit;
    if (isFree) this.highWater = Math.max(this.highWater, plan.end.ring);
    const where = isFree ? memory.subarray(start, start + length) : this.#spares.take(length);
    const place = new RingPlace(this, where, plan.at, length);
    this.#places.push(place);
    return place;
  }

  /**
   * A block whose record begins at `at` is appended. "in-place": it lies there already. "expected": it has to be copied,
   * and those behind it stay where they are. "other": it must be copied after `moveAll`.
   */
  take(block: Uint8Array, at: RingCursor): BlockOrigin {
    const { buffer, byteOffset } = block;
    const index = this.#places.findIndex(({ bytes }) => bytes.buffer === buffer && bytes.byteOffset === byteOffset);
    const [place] = index === -1 ? [] : this.#places.splice(index, 1);
    if (place === undefined || index > 0) return "other";
    if (this.#isStale) return "expected";
    if (place.cursor.ring !== at.ring) return "other";
    // A shorter block than expected: what follows begins earlier than predicted.
    if (block.byteLength < place.length) this.moveAll();
    return place.isInRing ? "in-place" : "expected";
  }

  /** Something else comes first: what was handed out goes to other memory. */
  moveAll(): void {
    for (const place of this.#places) if (place.isInRing) place.move(this.#spares.take(place.length));
    this.#isStale = this.#places.length > 0;
  }

  /** Gives up memory that is kept. */
  clear(): void {
    this.#spares.clear();
  }

  forget(place: RingPlace): void {
    const index = this.#places.indexOf(place);
    if (index !== -1) this.#places.splice(index, 1);
  }

  #planAnew(head: RingCursor): void {
    let cursor = head;
    for (const place of this.#places) {
      place.cursor = planRecord(cursor, blockRecordSize(place.length), this.#shape).at;
      cursor = behind(place.cursor, place.length);
    }
    this.#isStale = false;
  }
}

/** The cursor behind the record of a block. */
function behind({ ring, file }: RingCursor, length: number): RingCursor {
  const size = blockRecordSize(length);
  return { ring: ring + size, file: file + size };
}

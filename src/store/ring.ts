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

/** A place in the ring, until an append or a move takes it over. */
class RingPlace implements DataPlace {
  readonly cursor: RingCursor;
  readonly length: number;
  readonly #owner: RingPlaces;
  #bytes: Uint8Array;
  isMoved = false;
  onMoved: (() => void) | undefined;

  constructor(owner: RingPlaces, bytes: Uint8Array, cursor: RingCursor, length: number) {
    this.#owner = owner;
    this.#bytes = bytes;
    this.cursor = cursor;
    this.length = length;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** To memory of its own, with what was received so far. */
  move(): void {
    this.#bytes = this.#bytes.slice();
    this.isMoved = true;
    this.onMoved?.();
  }

  release(): void {
    this.#owner.forget(this);
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

/** The places handed out and not yet appended or released, in order. */
export class RingPlaces {
  readonly #shape: RingShape;
  readonly #places: RingPlace[] = [];
  readonly #spares = new SparePlaces();
  #memory: Uint8Array | undefined;
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
    const last = this.#places.at(-1);
    if (last === undefined) return head;
    return {
      ring: last.cursor.ring + blockRecordSize(last.length),
      file: last.cursor.file + blockRecordSize(last.length),
    };
  }

  /** A place behind those handed out; in other memory when it would reach `limit`. */
  place(head: RingCursor, length: number, limit: number): DataPlace {
    const memory = this.#memory;
    assert(memory !== undefined, "a ring before a place in it");
    const plan = planRecord(this.reserved(head), blockRecordSize(length), this.#shape);
    if (plan.end.ring > limit) return this.#spares.take(length);
    const start = (plan.at.ring % this.#shape.ringSize) + recordUnit;
    const place = new RingPlace(this, memory.subarray(start, start + length), plan.at, length);
    this.#places.push(place);
    this.highWater = Math.max(this.highWater, plan.end.ring);
    return place;
  }

  /** The block lies where the record that is planned now begins, and the first place is there: it is taken over. */
  takeInPlace(block: Uint8Array, at: RingCursor): boolean {
    const memory = this.#memory;
    const first = this.#places[0];
    if (memory === undefined || first === undefined || block.buffer !== memory.buffer) return false;
    const start = memory.byteOffset + (at.ring % this.#shape.ringSize) + recordUnit;
    if (first.cursor.ring !== at.ring || block.byteOffset !== start || block.byteLength > first.length) return false;
    this.#places.shift();
    // A shorter block than expected: what follows begins earlier than predicted.
    if (block.byteLength < first.length) this.moveAll();
    return true;
  }

  /** Something else comes first: what was handed out goes to memory of its own. */
  moveAll(): void {
    for (const place of this.#places.splice(0)) place.move();
  }

  forget(place: RingPlace): void {
    const index = this.#places.indexOf(place);
    if (index !== -1) this.#places.splice(index, 1);
  }
}

// SPDX-License-Identifier: Apache-2.0
// The ring of a loaded drive with what belongs to it: the cursor behind the last byte, the flusher that carries bytes to
// files, and the history that reads them back.

import { roundDown, roundUp } from "#base/index.ts";
import type { DiskFile } from "./disk.ts";
import { Flusher, type FlusherShape } from "./flusher.ts";
import { RingHistory } from "./ring-history.ts";
import type { RingCursor } from "./ring-plan.ts";
import type { Ring } from "./ring.ts";
import { pageSize } from "./segment-format.ts";

/** A stream of bytes that goes through a ring into segment files. */
export class RingStream {
  readonly ring: Ring;
  readonly #flusher: Flusher;
  readonly #history: RingHistory;
  #cursor: RingCursor = { ring: 0, file: 0 };

  constructor(ring: Ring, shape: FlusherShape, failed: (error: Error) => void) {
    this.ring = ring;
    this.#flusher = new Flusher(ring, shape, failed);
    this.#history = new RingHistory(ring.bytes);
  }

  get cursor(): RingCursor {
    return this.#cursor;
  }

  /** Ring positions below this may be written. */
  get limit(): number {
    return this.#flusher.written + this.ring.bytes.byteLength;
  }

  /** The byte in memory where a ring position lies. */
  indexOf(position: number): number {
    return position % this.ring.bytes.byteLength;
  }

  /** Goes on with a file whose last, partial page is `tail`. */
  continueFile(segment: number, file: Promise<DiskFile>, end: number, tail: Uint8Array): void {
    const fileStart = roundDown(end, pageSize);
    this.ring.bytes.set(tail.subarray(0, end - fileStart));
    this.begin(segment, file, { ring: 0, file: fileStart });
    this.moveTo({ ring: end - fileStart, file: end });
  }

  /** What follows goes to the file at the cursor's offset; both of its members are multiples of the page. */
  begin(segment: number, file: Promise<DiskFile>, at: RingCursor): void {
    this.#flusher.begin(file, at.file, at.ring);
    this.#history.begin(segment, at.file, at.ring);
    this.#cursor = at;
  }

  /** Bytes up to here were put. */
  moveTo(cursor: RingCursor): void {
    this.#cursor = cursor;
    this.#history.advance(cursor.ring);
    this.#flusher.advance(cursor.ring);
  }

  /** The file ends at the cursor; resolves when all of it is written. What follows begins a new file. */
  endFile(): Promise<void> {
    const written = this.#flusher.close();
    this.#cursor = { ring: this.#cursor.ring, file: 0 };
    return written;
  }

  /** Forgets the file after a flush; what follows begins a new one. */
  drop(): void {
    this.#flusher.reset();
    this.#history.clear();
    this.#cursor = { ring: roundUp(this.#cursor.ring, pageSize), file: 0 };
  }

  flush(): Promise<void> {
    return this.#flusher.flush();
  }

  /** Resolves when ring positions below `end` may be written. */
  room(end: number): Promise<void> {
    return this.#flusher.waitFor(end - this.ring.bytes.byteLength);
  }

  /** Copies what is still held of a segment; see `RingHistory`. */
  copy(segment: number, offset: number, into: Uint8Array, highWater: number): number {
    return this.#history.copy(segment, offset, into, Math.max(highWater, this.#cursor.ring));
  }

  heldFrom(segment: number, highWater: number): number | undefined {
    return this.#history.heldFrom(segment, Math.max(highWater, this.#cursor.ring));
  }

  fail(error: Error): void {
    this.#flusher.fail(error);
  }

  /** Resolves when no write is under way. */
  idle(): Promise<void> {
    return this.#flusher.idle();
  }
}

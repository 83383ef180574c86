// SPDX-License-Identifier: Apache-2.0
// Carries bytes from the ring to segment files, in the background: whole pages in large pieces, a few in flight. The
// last page, which is not full yet, is written from a copy when somebody asks for a flush, and again when it is full.
//
// A span is a stretch of ring that goes to a stretch of one file, offset by offset. All spans but the last end at a
// page. Two writes to one page are never in flight together.

import { assert, asError, roundDown, roundUp } from "#base/index.ts";
import type { DiskFile } from "./disk.ts";
import type { Ring } from "./ring.ts";
import { pageSize } from "./segment-format.ts";

/** How much is written at a time. */
export interface FlusherShape {
  readonly ringSize: number;
  readonly transferSize: number;
  readonly writesInFlight: number;
}

/** A stretch of ring that goes to a file. */
interface Span {
  readonly file: Promise<DiskFile>;
  readonly fileStart: number;
  readonly ringStart: number;
  /** Ring position behind its last byte; grows while the span is the last. */
  end: number;
  isClosed: boolean;
}

interface Piece {
  readonly start: number;
  readonly end: number;
  isDone: boolean;
}

interface Waiter {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Writes one ring to files. */
export class Flusher {
  readonly #ring: Ring;
  readonly #shape: FlusherShape;
  readonly #failed: (error: Error) => void;
  readonly #spans: Span[] = [];
  readonly #inFlight: Piece[] = [];
  readonly #writing = new Set<Promise<void>>();
  #waiters: Waiter[] = [];
  /** Index of the span that the next piece is taken from, and the ring position where it begins. */
  #submitIndex = 0;
  #submitted = 0;
  #written = 0;
  /** Up to here the last page is in the file too. */
  #tailWritten = 0;
  #isTailBusy = false;
  #flushRequests = 0;
  #failure: Error | undefined;

  /** `failed` is told the first failure; from then on nothing is written. */
  constructor(ring: Ring, shape: FlusherShape, failed: (error: Error) => void) {
    this.#ring = ring;
    this.#shape = shape;
    this.#failed = failed;
  }

  /** Ring position below which memory may be used again. */
  get written(): number {
    return this.#written;
  }

  /** What follows at `ringStart` goes to `fileStart` of the file. Both are multiples of the page. */
  begin(file: Promise<DiskFile>, fileStart: number, ringStart: number): void {
    assert(fileStart % pageSize === 0 && ringStart % pageSize === 0, "a span begins at a page");
    const last = this.#spans.at(-1);
    if (last !== undefined) {
      assert(last.end % pageSize === 0, "a span that is followed by another ends at a page");
      last.isClosed = true;
    } else {
      this.#written = ringStart;
      this.#submitted = ringStart;
      this.#submitIndex = 0;
    }
    this.#spans.push({ file, fileStart, ringStart, end: ringStart, isClosed: false });
    this.#settle();
  }

  /** The last span now ends at `end`. */
  advance(end: number): void {
    const last = this.#spans.at(-1);
    assert(last !== undefined && end >= last.end, "a span that grows");
    last.end = end;
    this.#pump();
  }

  /** The last span will not grow any more; resolves when it is in the file. */
  close(): Promise<void> {
    const last = this.#spans.at(-1);
    assert(last !== undefined && last.end % pageSize === 0, "a span that ends at a page");
    last.isClosed = true;
    const { end } = last;
    const written = this.#until(() => this.#written >= end);
    this.#settle();
    return written;
  }

  /** Resolves when everything up to ring position `position` is in the files, page by page. */
  waitFor(position: number): Promise<void> {
    this.#flushRequests += 1;
    return this.#until(() => this.#written >= position).finally(() => {
      this.#flushRequests -= 1;
    });
  }

  /** Resolves when everything given so far is in the files, the last page too. */
  async flush(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const target = this.#spans.at(-1)?.end ?? 0;
    while (Math.max(this.#written, this.#tailWritten) < target) {
      await this.waitFor(roundDown(target, pageSize));
      const last = this.#spans.at(-1);
      if (Math.max(this.#written, this.#tailWritten) >= target || last === undefined) return;
      if (this.#isTailBusy) await this.#until(() => !this.#isTailBusy);
      else if (roundDown(last.end, pageSize) === roundDown(target, pageSize)) await this.#writeTail(last);
      // More was appended meanwhile: the page is full by now and goes the usual way.
      else await this.waitFor(roundUp(target, pageSize));
    }
  }

  /** Forgets all spans; everything must have been flushed. */
  reset(): void {
    assert(this.#inFlight.length === 0 && !this.#isTailBusy, "nothing in flight");
    this.#spans.length = 0;
    this.#submitIndex = 0;
  }

  /** Resolves when no write is under way, whatever became of it. */
  async idle(): Promise<void> {
    while (this.#writing.size > 0) await Promise.allSettled(this.#writing);
  }

  /** Stops; everybody who waits is told. */
  fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    this.#failed(error);
  }

  #writeTail(last: Span): Promise<void> {
    const writing = this.#writeTailPage(last);
    const settled = writing.catch(() => {}).finally(() => this.#writing.delete(settled));
    this.#writing.add(settled);
    return writing;
  }

  async #writeTailPage(last: Span): Promise<void> {
    const { end } = last;
    const start = roundDown(end, pageSize);
    const { tail, bytes } = this.#ring;
    const from = start % this.#shape.ringSize;
    tail.fill(0).set(bytes.subarray(from, from + end - start));
    this.#isTailBusy = true;
    try {
      const file = await last.file;
      await file.write(last.fileStart + start - last.ringStart, [tail]);
      this.#tailWritten = end;
    } catch (error) {
      this.fail(asError(error));
      throw error;
    } finally {
      this.#isTailBusy = false;
      this.#pump();
      this.#wake();
    }
  }

  #until(isMet: () => boolean): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#pump();
    if (isMet()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ isMet, resolve, reject });
    });
  }

  #pump(): void {
    while (!this.#isTailBusy && this.#failure === undefined && this.#inFlight.length < this.#shape.writesInFlight) {
      const piece = this.#takePiece();
      if (piece === undefined) return;
      this.#inFlight.push(piece.piece);
      const writing = this.#write(piece.span, piece.piece).finally(() => this.#writing.delete(writing));
      this.#writing.add(writing);
    }
  }

  /** The next piece that is worth a write; smaller ones only when somebody waits or no more will come. */
  #takePiece(): { readonly span: Span; readonly piece: Piece } | undefined {
    const { ringSize, transferSize } = this.#shape;
    for (;;) {
      const span = this.#spans[this.#submitIndex];
      if (span === undefined) return undefined;
      const start = Math.max(this.#submitted, span.ringStart);
      const available = roundDown(span.end, pageSize) - start;
      if (available <= 0) {
        if (!span.isClosed) return undefined;
        this.#submitIndex += 1;
        continue;
      }
      const room = ringSize - (start % ringSize);
      const length = Math.min(available, transferSize, room);
      const isWorthIt = length === transferSize || length === room || span.isClosed || this.#flushRequests > 0;
      if (!isWorthIt) return undefined;
      this.#submitted = start + length;
      return { span, piece: { start, end: start + length, isDone: false } };
    }
  }

  async #write(span: Span, piece: Piece): Promise<void> {
    const from = piece.start % this.#shape.ringSize;
    try {
      const file = await span.file;
      const bytes = this.#ring.bytes.subarray(from, from + piece.end - piece.start);
      await file.write(span.fileStart + piece.start - span.ringStart, [bytes]);
    } catch (error) {
      this.fail(asError(error));
      return;
    }
    piece.isDone = true;
    while (this.#inFlight[0]?.isDone === true) {
      this.#written = this.#inFlight[0].end;
      this.#inFlight.shift();
    }
    this.#settle();
    this.#pump();
    this.#wake();
  }

  /** Takes out closed spans that are written. */
  #settle(): void {
    for (let span = this.#spans[0]; span?.isClosed === true && this.#written >= span.end; span = this.#spans[0]) {
      this.#spans.shift();
      this.#submitIndex = Math.max(this.#submitIndex - 1, 0);
      const next = this.#spans[0];
      if (next !== undefined) this.#written = Math.max(this.#written, next.ringStart);
    }
  }

  #wake(): void {
    const met = this.#waiters.filter((waiter) => waiter.isMet());
    if (met.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const waiter of met) waiter.resolve();
  }
}

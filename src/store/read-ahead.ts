// SPDX-License-Identifier: Apache-2.0
// Reads a cartridge forward, piece by piece, ahead of who wants the bytes. Pieces lie behind each other in one memory,
// so that most records are answered by a view. It knows segments and offsets, not records.

import { asError, limits, roundDown, roundUp } from "#base/index.ts";
import type { LocatedSegment } from "./locator.ts";
import type { ReadSources } from "./read-sources.ts";
import type { Ring, RingPool } from "./ring.ts";
import { pageSize } from "./segment-format.ts";

/** A stretch of a segment in memory. */
export interface Piece {
  readonly segment: LocatedSegment;
  /** Of its first byte in the file, and in memory. */
  readonly offset: number;
  readonly memoryOffset: number;
  /** Bytes that are there; undefined while they are being read. */
  count: number | undefined;
  failure: Error | undefined;
  readonly loaded: Promise<void>;
  /** Views of it that were handed out. */
  references: number;
}

/** Where records of a segment end, and what comes behind it. */
export interface ReadAheadPlan {
  /** Where the records of a segment end; reading stops there. */
  recordsEnd(segment: LocatedSegment): number;
  /** The segment that follows; undefined at end of data. */
  next(segment: LocatedSegment): Promise<LocatedSegment | undefined>;
}

/** What it asks for bytes. */
export type ForwardSources = Pick<ReadSources, "readForward" | "goAhead">;

/** Bytes of a piece. */
export const pieceSize = limits.transferSize;
const slots = limits.readAheadSize / limits.transferSize;

/** One run of reading forward. It is thrown away when the reader goes elsewhere. */
export class ReadAhead {
  readonly memory: Ring;
  readonly #sources: ForwardSources;
  readonly #plan: ReadAheadPlan;
  readonly #pool: RingPool;
  /** Pieces that are read or being read, in order; the first holds or precedes the reader's place. */
  readonly #pieces: Piece[] = [];
  /** Pieces that the reader is through with but whose views are still out there, or that are still being read. */
  readonly #held = new Set<Piece>();
  #segment: LocatedSegment | undefined;
  #offset: number;
  #slot = 0;
  #inFlight = 0;
  #isStopped = false;
  #isGivenBack = false;
  #filling: Promise<void> | undefined;
  /** Pieces to have at a time. One at first, so that a single read somewhere does not read eight. */
  #depth = 1;
  #isStreaming = false;

  constructor(
    sources: ForwardSources,
    plan: ReadAheadPlan,
    pool: RingPool,
    at: { segment: LocatedSegment; offset: number },
  ) {
    this.#sources = sources;
    this.#plan = plan;
    this.#pool = pool;
    this.memory = pool.take();
    this.#segment = at.segment;
    this.#offset = roundDown(at.offset, pageSize);
  }

  /** The first piece that holds the byte; undefined when it is not being read yet. */
  find(segment: number, offset: number): Piece | undefined {
    for (const piece of this.#pieces) {
      if (piece.segment.identity.segment !== segment || offset < piece.offset) continue;
      if (offset < piece.offset + (piece.count ?? pieceSize)) return piece;
    }
    return undefined;
  }

  /** The piece behind `piece`, if it goes on in the same segment. */
  following(piece: Piece): Piece | undefined {
    const next = this.#pieces[this.#pieces.indexOf(piece) + 1];
    return next?.segment.identity.segment === piece.segment.identity.segment ? next : undefined;
  }

  /** The reader is through with everything before this byte. */
  consume(segment: number, offset: number): void {
    for (let piece = this.#pieces[0]; piece !== undefined; piece = this.#pieces[0]) {
      const isCurrent = piece.segment.identity.segment === segment;
      if (isCurrent && (piece.count === undefined || offset < piece.offset + piece.count)) break;
      if (!isCurrent && !this.#pieces.some((other) => other.segment.identity.segment === segment)) break;
      this.#pieces.shift();
      // What is still being read will come into its memory: nothing else may be there by then.
      if (piece.references > 0 || piece.count === undefined) this.#held.add(piece);
    }
    this.fill();
  }

  /** A view of the piece was released. */
  release(piece: Piece): void {
    piece.references -= 1;
    if (piece.references > 0) return;
    if (this.#held.delete(piece)) this.fill();
    this.#giveBackWhenIdle();
  }

  /** One object after another is read: what follows is worth fetching from far away too. */
  stream(): void {
    if (this.#isStreaming) return;
    this.#isStreaming = true;
    this.#announce(this.#segment);
    this.goFast();
  }

  /** From now on so many pieces ahead, or as far as memory allows. */
  goFast(pieces = slots): void {
    const depth = Math.min(pieces, slots);
    if (this.#depth >= depth) return;
    this.#depth = depth;
    this.fill();
  }

  /** Nothing new is read any more; the memory serves others once what is under way ended and all views are released. */
  stop(): void {
    this.#isStopped = true;
    this.#giveBackWhenIdle();
  }

  /** Starts reading what there is room for. */
  fill(): void {
    while (this.#filling === undefined && this.#mayStart()) {
      const segment = this.#segment;
      if (segment === undefined) return;
      const end = this.#plan.recordsEnd(segment);
      if (this.#offset < end) this.#load(segment, Math.min(pieceSize, roundUp(end, pageSize) - this.#offset));
      else this.#filling = this.#goOn(segment);
    }
  }

  /** Resolves when reading has moved on to the next segment, if it is about to. */
  async advanced(): Promise<void> {
    this.fill();
    await this.#filling;
  }

  #announce(segment: LocatedSegment | undefined): void {
    if (this.#isStreaming && segment?.entry !== undefined) this.#sources.goAhead(segment.entry);
  }

  #giveBackWhenIdle(): void {
    const isIdle =
      this.#inFlight === 0 && this.#held.size === 0 && this.#pieces.every((piece) => piece.references === 0);
    if (!this.#isStopped || !isIdle || this.#isGivenBack) return;
    this.#isGivenBack = true;
    this.#pool.giveBack(this.memory);
  }

  #mayStart(): boolean {
    const ahead = this.#pieces.length;
    const isWanted = ahead < this.#depth && this.#inFlight < limits.readsInFlight;
    return isWanted && !this.#isStopped && this.#segment !== undefined && this.#isSlotFree();
  }

  #isSlotFree(): boolean {
    const memoryOffset = this.#slot * pieceSize;
    const isTaken = (piece: Piece): boolean => piece.memoryOffset === memoryOffset;
    return !this.#pieces.some(isTaken) && ![...this.#held].some(isTaken);
  }

  #load(segment: LocatedSegment, length: number): void {
    const memoryOffset = this.#slot * pieceSize;
    const offset = this.#offset;
    const into = this.memory.bytes.subarray(memoryOffset, memoryOffset + length);
    this.#inFlight += 1;
    const reading = this.#sources.readForward(segment.identity.segment, segment.entry, offset, into);
    const loaded = reading.then(
      (count) => {
        piece.count = count;
      },
      (error: unknown) => {
        piece.count = 0;
        piece.failure = asError(error);
      },
    );
    const piece: Piece = { segment, offset, memoryOffset, count: undefined, failure: undefined, loaded, references: 0 };
    void loaded.then(() => {
      this.#inFlight -= 1;
      if (piece.references === 0) this.#held.delete(piece);
      this.fill();
      this.#giveBackWhenIdle();
    });
    this.#pieces.push(piece);
    this.#offset += length;
    this.#slot = (this.#slot + 1) % slots;
  }

  async #goOn(segment: LocatedSegment): Promise<void> {
    try {
      this.#segment = await this.#plan.next(segment);
      this.#offset = 0;
      this.#announce(this.#segment);
    } catch {
      // Whoever asks for what comes next meets the error itself.
      this.#segment = undefined;
    } finally {
      this.#filling = undefined;
    }
    this.fill();
  }
}

// SPDX-License-Identifier: Apache-2.0
// Which bytes of which segment the ring still holds, so that what was just written is read from memory.

interface Stretch {
  readonly segment: number;
  readonly fileStart: number;
  readonly ringStart: number;
  end: number;
}

/** What was put into a ring lately, oldest first. */
export class RingHistory {
  readonly #memory: Uint8Array;
  #stretches: Stretch[] = [];

  constructor(memory: Uint8Array) {
    this.#memory = memory;
  }

  /** What follows at ring position `ringStart` is the segment from `fileStart` on. */
  begin(segment: number, fileStart: number, ringStart: number): void {
    const oldest = ringStart - this.#memory.byteLength;
    this.#stretches = this.#stretches.filter((stretch) => stretch.end > oldest);
    this.#stretches.push({ segment, fileStart, ringStart, end: ringStart });
  }

  advance(end: number): void {
    const last = this.#stretches.at(-1);
    if (last !== undefined) last.end = end;
  }

  clear(): void {
    this.#stretches = [];
  }

  /**
   * Copies the bytes of the segment from `offset` on, as many as lie together in memory, and says how many: 0 when the
   * first is not there. Memory a whole ring before `highWater` is overwritten.
   */
  copy(segment: number, offset: number, into: Uint8Array, highWater: number): number {
    const size = this.#memory.byteLength;
    for (const { segment: owner, fileStart, ringStart, end } of this.#stretches) {
      const position = ringStart + offset - fileStart;
      if (owner !== segment || position < ringStart || position >= end || position < highWater - size) continue;
      const from = position % size;
      const count = Math.min(into.byteLength, end - position, size - from);
      into.set(this.#memory.subarray(from, from + count));
      return count;
    }
    return 0;
  }

  /** The lowest offset of the segment from which on `copy` has everything up to its end; undefined when it has nothing. */
  heldFrom(segment: number, highWater: number): number | undefined {
    let from: number | undefined;
    let next: number | undefined;
    const oldest = highWater - this.#memory.byteLength;
    for (const { segment: owner, fileStart, ringStart, end } of this.#stretches) {
      if (owner !== segment || end <= oldest || end === ringStart) continue;
      const start = fileStart + Math.max(oldest - ringStart, 0);
      if (next !== start) from = start;
      next = fileStart + end - ringStart;
    }
    return from;
  }
}

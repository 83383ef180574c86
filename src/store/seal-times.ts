// SPDX-License-Identifier: Apache-2.0
// When the segments of a cartridge that wait for upload were sealed: for the upload delay, and for the lag that people
// are shown. One number per seal, forgotten once the segment is stored or dead.

interface Mark {
  /** All segments with lower numbers were sealed at `at` or before. */
  readonly below: number;
  /** Monotonic time. */
  readonly at: number;
}

/** The seal times of one open cartridge. */
export class SealTimes {
  /** Oldest first. */
  #marks: readonly Mark[] = [];

  /** Segments below the number `nextSegment` are sealed now. */
  note(nextSegment: number, now: number): void {
    const last = this.#marks.at(-1);
    if (last === undefined || last.below < nextSegment) this.#marks = [...this.#marks, { below: nextSegment, at: now }];
  }

  /** When the segment was sealed; undefined when that is not remembered. */
  of(segment: number): number | undefined {
    return this.#marks.find(({ below }) => segment < below)?.at;
  }

  /** When the oldest segment that waits was sealed. */
  get oldest(): number | undefined {
    return this.#marks[0]?.at;
  }

  /** Nothing up to this segment waits any more. */
  forgetUpTo(segment: number): void {
    this.#marks = this.#marks.filter(({ below }) => below > segment + 1);
  }

  clear(): void {
    this.#marks = [];
  }
}

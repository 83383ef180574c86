// SPDX-License-Identifier: Apache-2.0
// What a tape has held since a moment at which all of it was safe in the bucket: whatever the machine's loss leaves must
// be the beginning of one of these states, and reach at least as far as nobody has cut since.

import { expect } from "./check-failure.ts";
import type { TapeObject } from "./tape-book.ts";

/** The states of one tape since a recovery point. */
export class TapeHistory {
  readonly #states: (readonly TapeObject[])[];
  /** So many objects of the first state were never cut. */
  #least: number;

  /** `objects`: what is safe. */
  constructor(objects: readonly TapeObject[]) {
    this.#states = [[...objects]];
    this.#least = objects.length;
  }

  /** Nothing that was safe was cut. */
  get isUncut(): boolean {
    return this.#least === this.#states[0]?.length;
  }

  /** The tape is like this now. */
  note(objects: readonly TapeObject[]): void {
    const [safe = []] = this.#states;
    this.#least = Math.min(this.#least, sharedLength(safe, objects));
    this.#states.push([...objects]);
  }

  /** Only `found` is left of it. */
  check(barcode: string, found: readonly TapeObject[]): void {
    const { length } = found;
    expect(length >= this.#least, `${barcode} has ${length} objects, and ${this.#least} were safe`);
    const isKnown = this.#states.some((state) => sharedLength(state, found) === length);
    expect(isKnown, `${barcode} holds ${length} objects that were never on it in this order`);
  }
}

function sharedLength(left: readonly TapeObject[], right: readonly TapeObject[]): number {
  let length = 0;
  while (length < left.length && length < right.length && left[length] === right[length]) length += 1;
  return length;
}

// SPDX-License-Identifier: Apache-2.0
// Reads and writes what follows a fixed structure: lists and variable tails. Big-endian.

import { assert } from "#base/index.ts";
import type { Layout, FieldsValue } from "./layout.ts";
import { codecFault } from "./faults.ts";

/** Walks over bytes. Reading past the end throws Fault `codec.truncated` and does not move. */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly #what: string;
  #offset: number;

  /** `what` names the thing in errors. */
  constructor(what: string, bytes: Uint8Array, offset = 0) {
    this.#what = what;
    this.bytes = bytes;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.bytes.byteLength - this.#offset;
  }

  /** The next `count` bytes, as a view. */
  take(count: number): Uint8Array {
    if (count > this.remaining) {
      throw codecFault("truncated", { what: this.#what, size: this.#offset + count, actual: this.bytes.byteLength });
    }
    const view = this.bytes.subarray(this.#offset, this.#offset + count);
    this.#offset += count;
    return view;
  }

  /** The next `byteCount` (1 … 6) bytes as a number. */
  uint(byteCount: number): number {
    assert(byteCount >= 1 && byteCount <= 6, "a number of 1 to 6 bytes");
    let value = 0;
    for (const byte of this.take(byteCount)) value = value * 256 + byte;
    return value;
  }

  /** The next structure. */
  // oxlint-disable-next-line typescript/no-explicit-any -- any layout's fields
  structure<F extends Readonly<Record<string, any>>>(of: Layout<F>): FieldsValue<F> {
    return of.decode(this.take(of.size));
  }
}

/** Writes a number of `byteCount` (1 … 6) bytes at `offset`. */
export function putUint(bytes: Uint8Array, offset: number, byteCount: number, value: number): void {
  assert(Number.isInteger(value) && value >= 0 && value < 2 ** (8 * byteCount), `${byteCount} bytes hold ${value}`);
  let rest = value;
  for (let index = byteCount - 1; index >= 0; index--) {
    bytes[offset + index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

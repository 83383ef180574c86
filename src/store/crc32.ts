// SPDX-License-Identifier: Apache-2.0
// CRC32 (IEEE 802.3, the one of zlib and gzip): by the native module where it is installed, by zlib otherwise, with
// the same values. Checksums of neighbouring pieces are joined arithmetically, without reading the bytes again.

import { createRequire } from "node:module";
import { crc32 as zlibCrc32 } from "node:zlib";

type Crc32 = (bytes: Uint8Array, previous?: number) => number;

function isNative(loaded: unknown): loaded is { readonly crc32: Crc32 } {
  return typeof loaded === "object" && loaded !== null && "crc32" in loaded && typeof loaded.crc32 === "function";
}

function choose(): Crc32 {
  try {
    const loaded: unknown = createRequire(import.meta.url)("@node-rs/crc32");
    if (isNative(loaded)) return loaded.crc32;
  } catch {
    // An optional dependency that has no build for this machine.
  }
  return zlibCrc32;
}

/** CRC32 of the bytes; with `previous`, of what that was computed from followed by these bytes. */
export const crc32: Crc32 = choose();

const polynomial = 0xedb88320;

/** Product of two polynomials modulo the CRC polynomial; bit 31 is the coefficient of x^0. */
function multiply(left: number, right: number): number {
  let product = 0;
  let factor = right;
  for (let mask = 0x80000000; mask !== 0; mask >>>= 1) {
    if ((left & mask) !== 0) product ^= factor;
    factor = (factor & 1) !== 0 ? (factor >>> 1) ^ polynomial : factor >>> 1;
  }
  return product >>> 0;
}

/** x^(8 · 2^index), for shifting a checksum by 2^index bytes. */
const byteShifts: readonly number[] = (() => {
  const shifts = [0x00800000];
  for (let index = 1; index < 48; index++) {
    const last = shifts[index - 1] ?? 0;
    shifts.push(multiply(last, last));
  }
  return shifts;
})();

function shiftBy(byteCount: number): number {
  let shift = 0x80000000;
  let rest = byteCount;
  for (let index = 0; rest > 0; index++) {
    if (rest % 2 === 1) shift = multiply(byteShifts[index] ?? 0, shift);
    rest = Math.floor(rest / 2);
  }
  return shift;
}

let lastCount = 0;
let lastShift = 0x80000000;

/** CRC32 of two neighbouring pieces from the CRC32 of each; `secondLength` is the length of the second in bytes. */
export function joinCrc32(first: number, second: number, secondLength: number): number {
  // Blocks of a tape mostly have one length, so the last shift is worth keeping.
  if (secondLength !== lastCount) {
    lastShift = shiftBy(secondLength);
    lastCount = secondLength;
  }
  return (multiply(lastShift, first) ^ second) >>> 0;
}

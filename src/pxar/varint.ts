// SPDX-License-Identifier: Apache-2.0
// The numbers of catalogs: seven bits a byte, lowest first, bit 7 says that more follow. A negative number is its
// magnitude with bit 7 on every byte, and a zero byte at the end.

/** Bytes of a number of 64 bits at most. */
const varintMax = 10;

/** An unsigned number. */
export function encodeUnsigned(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

/** A signed number. */
export function encodeSigned(value: bigint): Uint8Array {
  if (value >= 0n) return encodeUnsigned(value);
  const out: number[] = [];
  for (let rest = -value; rest > 0n; rest >>= 7n) out.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...out, 0]);
}

/** A number that was read, and the offset behind it. */
export interface ReadNumber {
  readonly value: bigint;
  readonly end: number;
}

/** The number at `offset`; undefined when there is none. */
export function decodeSigned(bytes: Uint8Array, offset: number): ReadNumber | undefined {
  let value = 0n;
  for (let index = 0; index <= varintMax; index++) {
    const byte = bytes[offset + index];
    if (byte === undefined) return undefined;
    if (byte === 0) return { value: index === 0 ? 0n : -value, end: offset + index + 1 };
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return index < varintMax ? { value, end: offset + index + 1 } : undefined;
  }
  return undefined;
}

/** The unsigned number at `offset`; undefined when there is none. */
export function decodeUnsigned(bytes: Uint8Array, offset: number): ReadNumber | undefined {
  let value = 0n;
  for (let index = 0; index < varintMax; index++) {
    const byte = bytes[offset + index];
    if (byte === undefined) return undefined;
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return value < 1n << 64n ? { value, end: offset + index + 1 } : undefined;
  }
  return undefined;
}

// SPDX-License-Identifier: Apache-2.0
// The kinds of fields that a layout is made of. A field knows where it lies (byte number, bit number, as a standard
// prints them) and how its bits become a value. Numbers are big-endian unless the name ends in `Le`.

import { assert, asciiFromBytes, Bug } from "#base/index.ts";

/** Where a field lies: its first byte, how many bytes it touches, and the bits it covers in a single byte. */
export interface FieldPlace {
  readonly byte: number;
  readonly byteCount: number;
  /** Highest and lowest bit for fields inside one byte; whole bytes otherwise. */
  readonly bits?: readonly [high: number, low: number];
}

/** One field of a layout. `Always` fields have a fixed value and do not appear in the decoded value. */
export interface Field<Value, Always extends boolean = false> extends FieldPlace {
  readonly kind: "bit" | "bits" | "uint" | "uint64" | "uint-le" | "uint64-le" | "int64-le" | "ascii" | "bytes";
  readonly always?: Value;
  readonly isAlways: Always;
  readonly read: (bytes: Uint8Array, base: number) => Value;
  readonly write: (bytes: Uint8Array, base: number, value: Value) => void;
  /** The value that `encode` writes when none is given; undefined when one must be given. */
  readonly initial: Value | undefined;
}

interface Always<Value> {
  readonly always: Value;
}

function byteAt(bytes: Uint8Array, index: number): number {
  const value = bytes[index];
  if (value === undefined) throw new Bug(`byte ${index} is outside of ${bytes.byteLength} bytes`);
  return value;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Every field of every PDU passes here: the message is only made when it is needed. */
function assertBelow(limit: number, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value >= limit) throw new Bug(`a value below ${limit}, not ${value}`);
}

function make<Value>(
  place: FieldPlace,
  kind: Field<Value>["kind"],
  initial: Value,
  access: Pick<Field<Value>, "read" | "write">,
  fixed: Always<Value> | undefined,
): Field<Value, boolean> {
  const base = { ...place, kind, ...access, initial };
  return fixed === undefined ? { ...base, isAlways: false } : { ...base, isAlways: true, always: fixed.always };
}

/** A single bit as a boolean. */
export function bit(byte: number, position: number): Field<boolean>;
export function bit(byte: number, position: number, fixed: Always<boolean>): Field<boolean, true>;
export function bit(byte: number, position: number, fixed?: Always<boolean>): Field<boolean, boolean> {
  const mask = 1 << position;
  return make<boolean>(
    { byte, byteCount: 1, bits: [position, position] },
    "bit",
    false,
    {
      read: (bytes, base) => (byteAt(bytes, base + byte) & mask) !== 0,
      write: (bytes, base, value) => {
        const rest = byteAt(bytes, base + byte) & ~mask;
        bytes[base + byte] = value ? rest | mask : rest;
      },
    },
    fixed,
  );
}

/** Bits `high` down to `low` of one byte as a number. */
export function bits(byte: number, high: number, low: number): Field<number>;
export function bits(byte: number, high: number, low: number, fixed: Always<number>): Field<number, true>;
export function bits(byte: number, high: number, low: number, fixed?: Always<number>): Field<number, boolean> {
  const limit = 2 ** (high - low + 1);
  const mask = (limit - 1) << low;
  return make<number>(
    { byte, byteCount: 1, bits: [high, low] },
    "bits",
    0,
    {
      read: (bytes, base) => (byteAt(bytes, base + byte) & mask) >> low,
      write: (bytes, base, value) => {
        assertBelow(limit, value);
        bytes[base + byte] = (byteAt(bytes, base + byte) & ~mask) | (value << low);
      },
    },
    fixed,
  );
}

/** An unsigned number of 1 to 6 bytes, big-endian. */
export function uint(byte: number, byteCount: number): Field<number>;
export function uint(byte: number, byteCount: number, fixed: Always<number>): Field<number, true>;
export function uint(byte: number, byteCount: number, fixed?: Always<number>): Field<number, boolean> {
  assert(byteCount >= 1 && byteCount <= 6, "a number of 1 to 6 bytes; larger ones are uint64");
  const limit = 2 ** (8 * byteCount);
  return make<number>(
    { byte, byteCount },
    "uint",
    0,
    {
      read: (bytes, base) => {
        let value = 0;
        for (let index = 0; index < byteCount; index++) value = value * 256 + byteAt(bytes, base + byte + index);
        return value;
      },
      write: (bytes, base, value) => {
        assertBelow(limit, value);
        let rest = value;
        for (let index = byteCount - 1; index >= 0; index--) {
          bytes[base + byte + index] = rest % 256;
          rest = Math.floor(rest / 256);
        }
      },
    },
    fixed,
  );
}

/** An unsigned number of 8 bytes, big-endian, as a bigint. */
export function uint64(byte: number): Field<bigint>;
export function uint64(byte: number, fixed: Always<bigint>): Field<bigint, true>;
export function uint64(byte: number, fixed?: Always<bigint>): Field<bigint, boolean> {
  return make<bigint>(
    { byte, byteCount: 8 },
    "uint64",
    0n,
    {
      read: (bytes, base) => viewOf(bytes).getBigUint64(base + byte),
      write: (bytes, base, value) => {
        assert(value >= 0n && value < 1n << 64n, `a value below 2^64, not ${value}`);
        viewOf(bytes).setBigUint64(base + byte, value);
      },
    },
    fixed,
  );
}

/** An unsigned number of 1 to 6 bytes, little-endian. */
export function uintLe(byte: number, byteCount: number): Field<number> {
  assert(byteCount >= 1 && byteCount <= 6, "a number of 1 to 6 bytes; larger ones are uint64Le");
  const limit = 2 ** (8 * byteCount);
  return make<number>(
    { byte, byteCount },
    "uint-le",
    0,
    {
      read: (bytes, base) => {
        let value = 0;
        for (let index = byteCount - 1; index >= 0; index--) value = value * 256 + byteAt(bytes, base + byte + index);
        return value;
      },
      write: (bytes, base, value) => {
        assertBelow(limit, value);
        let rest = value;
        for (let index = 0; index < byteCount; index++) {
          bytes[base + byte + index] = rest % 256;
          rest = Math.floor(rest / 256);
        }
      },
    },
    undefined,
  ) as Field<number>;
}

/** An unsigned number of 8 bytes, little-endian, as a bigint. */
export function uint64Le(byte: number): Field<bigint> {
  return make<bigint>(
    { byte, byteCount: 8 },
    "uint64-le",
    0n,
    {
      read: (bytes, base) => viewOf(bytes).getBigUint64(base + byte, true),
      write: (bytes, base, value) => {
        assert(value >= 0n && value < 1n << 64n, `a value below 2^64, not ${value}`);
        viewOf(bytes).setBigUint64(base + byte, value, true);
      },
    },
    undefined,
  ) as Field<bigint>;
}

/** A signed number of 8 bytes, little-endian, as a bigint. */
export function int64Le(byte: number): Field<bigint> {
  return make<bigint>(
    { byte, byteCount: 8 },
    "int64-le",
    0n,
    {
      read: (bytes, base) => viewOf(bytes).getBigInt64(base + byte, true),
      write: (bytes, base, value) => {
        assert(value >= -(1n << 63n) && value < 1n << 63n, `a signed value of 8 bytes, not ${value}`);
        viewOf(bytes).setBigInt64(base + byte, value, true);
      },
    },
    undefined,
  ) as Field<bigint>;
}

/** Text, left-justified and padded with blanks. Decoding removes blanks and zeros at the end. */
export function ascii(byte: number, byteCount: number): Field<string>;
export function ascii(byte: number, byteCount: number, fixed: Always<string>): Field<string, true>;
export function ascii(byte: number, byteCount: number, fixed?: Always<string>): Field<string, boolean> {
  return make<string>(
    { byte, byteCount },
    "ascii",
    "",
    {
      read: (bytes, base) =>
        asciiFromBytes(bytes.subarray(base + byte, base + byte + byteCount)).replace(/[ \0]+$/, ""),
      write: (bytes, base, value) => {
        assert(value.length <= byteCount, `at most ${byteCount} characters, not ${JSON.stringify(value)}`);
        for (let index = 0; index < byteCount; index++) {
          const character = index < value.length ? value.charCodeAt(index) : 0x20;
          assert(character < 0x80, `ASCII, not ${JSON.stringify(value)}`);
          bytes[base + byte + index] = character;
        }
      },
    },
    fixed,
  );
}

/** Raw bytes; decoding gives a view, not a copy. Shorter values are padded with zeros. */
export function bytes(byte: number, byteCount: number): Field<Uint8Array> {
  return make<Uint8Array>(
    { byte, byteCount },
    "bytes",
    new Uint8Array(byteCount),
    {
      read: (from, base) => from.subarray(base + byte, base + byte + byteCount),
      write: (to, base, value) => {
        assert(value.byteLength <= byteCount, `at most ${byteCount} bytes, not ${value.byteLength}`);
        to.fill(0, base + byte, base + byte + byteCount);
        to.set(value, base + byte);
      },
    },
    undefined,
  ) as Field<Uint8Array>;
}

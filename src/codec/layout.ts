// SPDX-License-Identifier: Apache-2.0
// A layout declares a fixed structure by byte and bit position, the way a standard prints it. From the one declaration
// come decode, encode, the check for reserved bits, and a description. It does not know lists or variable tails:
// those are read with a Cursor behind the fixed part.

import { assert, Bug, hexFromBytes } from "#base/index.ts";
import { compileLayout, type CompiledLayout } from "./compiled.ts";
import type { Field } from "./fields.ts";
import { codecFault } from "./faults.ts";

// A layout's fields have different value types; only the layout itself, which pairs each with its own value, uses them.
// oxlint-disable-next-line typescript/no-explicit-any
type AnyField = Field<any, boolean>;
type Fields = Readonly<Record<string, AnyField>>;

type FieldValue<F> = F extends Field<infer Value, boolean> ? Value : never;
type ValueKeys<F extends Fields> = {
  [Name in keyof F]: F[Name] extends { readonly isAlways: true } ? never : Name;
}[keyof F];

/** The value type that a set of fields decodes to. */
export type FieldsValue<F extends Fields> = { readonly [Name in ValueKeys<F>]: FieldValue<F[Name]> };
/** The value type of a layout. */
export type ValueOf<L> = L extends Layout<infer F> ? FieldsValue<F> : never;

/** A bit by byte and bit number, 7 being the highest: what a SCSI field pointer points at. */
export interface BitPosition {
  readonly byte: number;
  readonly bit: number;
}

/** Uses of a layout after which it is worth straight-line code: a start and a login do without. */
const compileAfter = 200;

/** One fixed structure. */
export class Layout<F extends Fields> {
  readonly name: string;
  /** Size in bytes. */
  readonly size: number;
  readonly fields: F;
  /** Per byte: the bits that no field covers. */
  readonly #reserved: Uint8Array;
  readonly #entries: readonly (readonly [string, AnyField])[];
  /** Fields with one right value, by byte. */
  readonly #always: readonly AnyField[];
  #uses = 0;
  #compiled: CompiledLayout | undefined;

  constructor(name: string, size: number, fields: F) {
    this.name = name;
    this.size = size;
    this.fields = fields;
    this.#entries = Object.entries(fields);
    this.#reserved = reservedBits(name, size, this.#entries);
    const always = Object.values(fields).filter((field) => field.isAlways);
    this.#always = always.toSorted((left, right) => left.byte - right.byte);
  }

  /** Decodes the structure that starts at `offset`. Byte fields are views. Fault `codec.truncated` when it is cut. */
  decode(bytes: Uint8Array, offset = 0): FieldsValue<F> {
    if (bytes.byteLength < offset + this.size) {
      throw codecFault("truncated", {
        what: this.name,
        size: this.size,
        actual: Math.max(bytes.byteLength - offset, 0),
      });
    }
    return (this.#fast?.decode(bytes, offset) ?? this.#decode(bytes, offset)) as FieldsValue<F>;
  }

  /** A new array with the value; fields left out are zero, blank or empty; reserved bits are zero. */
  encode(value: Partial<FieldsValue<F>>): Uint8Array {
    const bytes = new Uint8Array(this.size);
    this.#put(bytes, 0, value);
    return bytes;
  }

  /** Writes the value over `size` bytes at `offset`. */
  encodeInto(bytes: Uint8Array, offset: number, value: Partial<FieldsValue<F>>): void {
    assert(bytes.byteLength >= offset + this.size, `room for ${this.name}`);
    bytes.fill(0, offset, offset + this.size);
    this.#put(bytes, offset, value);
  }

  /** Over zeros. */
  #put(bytes: Uint8Array, offset: number, value: Partial<FieldsValue<F>>): void {
    const given = value as Readonly<Record<string, unknown>>;
    const fast = this.#fast;
    if (fast !== undefined) return fast.encode(bytes, offset, given);
    for (const [name, field] of this.#entries) {
      field.write(bytes, offset, field.isAlways ? field.always : (given[name] ?? field.initial));
    }
  }

  #decode(bytes: Uint8Array, offset: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const [name, field] of this.#entries) {
      if (!field.isAlways) value[name] = field.read(bytes, offset);
    }
    return value;
  }

  /** Straight-line code, once the layout has been used often enough. */
  get #fast(): CompiledLayout | undefined {
    if (this.#uses <= compileAfter && ++this.#uses > compileAfter) this.#compiled = compileLayout(this.#entries);
    return this.#compiled;
  }

  /**
   * The first bit that is not as declared: a reserved bit that is set, or the highest bit of a fixed field with another
   * value. `ignore` masks bits of a byte that a caller tolerates (byte number → mask). Undefined when all is well.
   */
  check(bytes: Uint8Array, offset = 0, ignore: Readonly<Record<number, number>> = {}): BitPosition | undefined {
    const fixed = this.#always.find((field) => field.read(bytes, offset) !== field.always);
    const end = fixed === undefined ? this.size : fixed.byte + 1;
    for (let byte = 0; byte < end; byte++) {
      const wrong = (bytes[offset + byte] ?? 0) & (this.#reserved[byte] ?? 0) & ~(ignore[byte] ?? 0);
      if (wrong !== 0) return { byte, bit: 31 - Math.clz32(wrong) };
    }
    return fixed === undefined ? undefined : { byte: fixed.byte, bit: fixed.bits?.[0] ?? 7 };
  }

  /** Where a field starts: its first byte and highest bit, for a field pointer. */
  positionOf(name: keyof F & string): BitPosition {
    const field = this.fields[name];
    if (field === undefined) throw new Bug(`${this.name} has a field ${name}`);
    return { byte: field.byte, bit: field.bits?.[0] ?? 7 };
  }

  /** One line for traces: the name and every field. */
  describe(bytes: Uint8Array, offset = 0): string {
    const value = this.decode(bytes, offset) as Readonly<Record<string, unknown>>;
    const parts = Object.entries(value).map(([name, content]) => {
      return `${name}=${content instanceof Uint8Array ? hexFromBytes(content) : String(content)}`;
    });
    return [this.name, ...parts].join(" ");
  }
}

function reservedBits(name: string, size: number, entries: readonly (readonly [string, AnyField])[]): Uint8Array {
  const free = new Uint8Array(size).fill(0xff);
  for (const [fieldName, field] of entries) {
    for (let index = field.byte; index < field.byte + field.byteCount; index++) {
      const mask = field.bits === undefined ? 0xff : ((1 << (field.bits[0] - field.bits[1] + 1)) - 1) << field.bits[1];
      const left = free[index];
      assert(left !== undefined, `${name}: ${fieldName} lies inside of ${size} bytes`);
      assert((left & mask) === mask, `${name}: ${fieldName} does not overlap another field in byte ${index}`);
      free[index] = left & ~mask;
    }
  }
  return free;
}

/** Declares a fixed structure of `size` bytes. Asserts at load that fields do not overlap and lie inside. */
export function layout<F extends Fields>(name: string, size: number, fields: F): Layout<F> {
  return new Layout(name, size, fields);
}

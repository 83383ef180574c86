// SPDX-License-Identifier: Apache-2.0
// A layout's decode and encode as straight-line functions, made from its declaration the first time they pay. Walking
// the fields through their closures costs a third of all that the gateway's own code does for a command. The walk in
// layout.ts stays the definition: a test holds the two together for every kind of field.

import { Bug } from "#base/index.ts";
import type { Field } from "./fields.ts";

/** Fields of a layout, by name. */
// oxlint-disable-next-line typescript/no-explicit-any -- see layout.ts
type Entries = readonly (readonly [string, Field<any, boolean>])[];

/** What a layout does, in one function each. The caller has checked that there is room. */
export interface CompiledLayout {
  readonly decode: (bytes: Uint8Array, base: number) => Record<string, unknown>;
  /** Writes over zeros. */
  readonly encode: (bytes: Uint8Array, base: number, value: Readonly<Record<string, unknown>>) => void;
}

/** Makes both; undefined where the runtime refuses to make code from text. */
export function compileLayout(entries: Entries): CompiledLayout | undefined {
  const fields = entries.map(([, field]) => field);
  try {
    return {
      decode: functionOf(["fields", "bytes", "base"], decoderText(entries)).bind(undefined, fields),
      encode: functionOf(["fields", "fail", "bytes", "base", "value"], encoderText(entries)).bind(
        undefined,
        fields,
        fail,
      ),
    } as CompiledLayout;
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

// The text consists of numbers and of names that stand in our own declarations.
// oxlint-disable-next-line typescript/no-implied-eval
const functionOf = (parameters: readonly string[], text: string): Function => new Function(...parameters, text);

function fail(limit: number, value: unknown): never {
  throw new Bug(`a value below ${limit}, not ${String(value)}`);
}

function decoderText(entries: Entries): string {
  const parts = entries.flatMap(([name, field], index) =>
    field.isAlways ? [] : [`${JSON.stringify(name)}: ${readText(field, index)}`],
  );
  return `return { ${parts.join(", ")} };`;
}

function readText(field: Entries[number][1], index: number): string {
  const { kind, byte, byteCount, bits: [high, low] = [7, 0] } = field;
  const at = (offset: number): string => `bytes[base + ${byte + offset}]`;
  if (kind === "bit") return `(${at(0)} & ${1 << low}) !== 0`;
  if (kind === "bits") return `(${at(0)} & ${((1 << (high - low + 1)) - 1) << low}) >> ${low}`;
  if (kind !== "uint") return `fields[${index}].read(bytes, base)`;
  return Array.from({ length: byteCount }, (_, offset) => at(offset)).reduce(
    (text, next) => `(${text}) * 256 + ${next}`,
  );
}

function encoderText(entries: Entries): string {
  return entries.map(([name, field], index) => writeText(name, field, index)).join("\n");
}

function writeText(name: string, field: Entries[number][1], index: number): string {
  const { kind, byte, byteCount, bits: [high, low] = [7, 0] } = field;
  const at = (offset: number): string => `bytes[base + ${byte + offset}]`;
  const given = field.isAlways
    ? `fields[${index}].always`
    : `value[${JSON.stringify(name)}] ?? fields[${index}].initial`;
  if (kind === "bit") return `if (${given}) ${at(0)} |= ${1 << low};`;
  if (kind !== "bits" && kind !== "uint") return `fields[${index}].write(bytes, base, ${given});`;
  const limit = kind === "bits" ? 2 ** (high - low + 1) : 2 ** (8 * byteCount);
  const check = `if (!(v${index} >= 0 && v${index} < ${limit} && v${index} % 1 === 0)) fail(${limit}, v${index});`;
  const head = `const v${index} = ${given}; ${check}`;
  if (kind === "bits") return `${head} ${at(0)} |= v${index} << ${low};`;
  const bytesText = Array.from({ length: byteCount }, (_, offset) => {
    const shift = 8 * (byteCount - 1 - offset);
    // Above 32 bits a shift would lose the upper part.
    const part =
      shift >= 32
        ? `v${index} / ${2 ** shift}`
        : byteCount > 4
          ? `v${index} % 4294967296 >>> ${shift}`
          : `v${index} >>> ${shift}`;
    return `${at(offset)} = ${part};`;
  });
  return [head, ...bytesText].join(" ");
}

// SPDX-License-Identifier: Apache-2.0
// The chip in a cartridge (MAM, SPC-4): reading all of it, and writing what an application may say about itself and the cartridge.

import { concatBytes } from "#base/index.ts";
import { Cursor } from "#codec/index.ts";
import type { CartridgeNote } from "#format/index.ts";
import {
  attributeFormats,
  AttributeHeader,
  type AttributeName,
  attributes,
  AttributesHeader,
  ReadAttributeValues,
  WriteAttribute,
} from "#scsi/index.ts";
import type { ScsiUnit } from "./scsi-unit.ts";

const allocation = 32 * 1024;
const idDigits = 4;

/** One attribute as people see it. */
export interface MemoryAttribute {
  /** Four hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly value: string;
}

type Memory = ReadonlyMap<number, Uint8Array>;

/** All attributes of the cartridge in the drive, by number; empty when it has no chip that can be read. */
export async function readMemory(unit: ScsiUnit): Promise<Memory> {
  const cdb = ReadAttributeValues.encode({ allocationLength: allocation });
  const { word, dataIn } = await unit.ask({ cdb, dataInLength: allocation });
  const found = new Map<number, Uint8Array>();
  if (word !== "good" || dataIn.byteLength < AttributesHeader.size) return found;
  const cursor = new Cursor("attributes", dataIn);
  const { availableLength } = cursor.structure(AttributesHeader);
  const body = new Cursor("attributes", cursor.take(Math.min(availableLength, cursor.remaining)));
  while (body.remaining >= AttributeHeader.size) {
    const { id, length } = body.structure(AttributeHeader);
    if (length > body.remaining) break;
    found.set(id, body.take(length));
  }
  return found;
}

const trimmed = (value: Uint8Array, encoding: "latin1" | "utf8"): string =>
  Buffer.from(value).toString(encoding).replaceAll("\0", " ").trim();

/** An attribute as a number; undefined when it is not there. */
export function memoryNumber(memory: Memory, name: AttributeName): number | undefined {
  const value = memory.get(attributes[name].id);
  if (value === undefined || value.byteLength === 0 || value.byteLength > 8) return undefined;
  const number = Number(BigInt(`0x${Buffer.from(value).toString("hex")}`));
  return Number.isSafeInteger(number) ? number : undefined;
}

/** An attribute as text; undefined when it is not there or empty. */
export function memoryText(memory: Memory, name: AttributeName): string | undefined {
  const value = memory.get(attributes[name].id);
  const text = value === undefined ? "" : trimmed(value, attributes[name].format === "text" ? "utf8" : "latin1");
  return text === "" ? undefined : text;
}

/** Attributes that are known, with names; numbers as numbers, other binary values in hexadecimal digits. */
export function memoryList(memory: Memory): readonly MemoryAttribute[] {
  return Object.values(attributes).flatMap(({ id, name, format }) => {
    const value = memory.get(id);
    if (value === undefined) return [];
    return [{ id: id.toString(16).toUpperCase().padStart(idDigits, "0"), name, value: valueText(value, format) }];
  });
}

function valueText(value: Uint8Array, format: "binary" | "ascii" | "text"): string {
  if (format === "ascii") return trimmed(value, "latin1");
  if (format === "text") return trimmed(value, "utf8");
  const hex = Buffer.from(value).toString("hex");
  return value.byteLength >= 1 && value.byteLength <= 8 ? String(BigInt(`0x${hex}`)) : hex;
}

const noteAttributes = {
  vendor: "applicationVendor",
  application: "applicationName",
  version: "applicationVersion",
  label: "userLabel",
  barcode: "barcode",
  pool: "mediaPool",
} as const satisfies Readonly<Record<keyof CartridgeNote, AttributeName>>;

/** Writes what a note says, and nothing else; an empty text clears its attribute. Fault `driver.command-failed`. */
export async function writeMemory(unit: ScsiUnit, note: CartridgeNote): Promise<void> {
  const parts: Uint8Array[] = [];
  for (const [key, name] of Object.entries(noteAttributes) as [keyof CartridgeNote, AttributeName][]) {
    const text = note[key];
    if (text === undefined) continue;
    const { id, length: longest, format } = attributes[name];
    const value = format === "text" ? fitted(text, longest) : padded(text, longest);
    // An attribute of length 0 is taken away (SPC-4, WRITE ATTRIBUTE).
    const content = text === "" ? new Uint8Array(0) : value;
    parts.push(AttributeHeader.encode({ id, format: attributeFormats[format], length: content.byteLength }), content);
  }
  if (parts.length === 0) return;
  const body = concatBytes(parts);
  const page = concatBytes([AttributesHeader.encode({ availableLength: body.byteLength }), body]);
  const cdb = WriteAttribute.encode({ writeThrough: true, parameterListLength: page.byteLength });
  await unit.must("WRITE ATTRIBUTE", { cdb, dataOut: page });
}

const padded = (text: string, length: number): Uint8Array =>
  Buffer.from(text.slice(0, length).padEnd(length), "latin1");

/** UTF-8, cut between characters, filled up with zeros. */
function fitted(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new TextEncoder().encodeInto(text, bytes);
  return bytes;
}

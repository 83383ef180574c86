// SPDX-License-Identifier: Apache-2.0
// Helpers for byte strings. Bytes are Uint8Array everywhere; a view is cheap and a copy is always spelled out.

/** Decodes hexadecimal text; blanks are ignored, so that vectors can be laid out as a standard prints them. */
export function bytesFromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s+/g, "");
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) {
    throw new RangeError(`not hexadecimal bytes: ${text.slice(0, 40)}`);
  }
  return new Uint8Array(Buffer.from(digits, "hex"));
}

/** Lower-case hexadecimal without separators. */
export function hexFromBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** One new array with the parts in order. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) size += part.byteLength;
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}

/** True when both hold the same bytes. Not for secrets: it stops at the first difference. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** The text as bytes, one per character; refuses characters above 7 bits. */
export function bytesFromAscii(text: string): Uint8Array {
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 0x7f) throw new RangeError(`not ASCII: ${JSON.stringify(text)}`);
  }
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** The bytes as text, one character per byte. */
export function asciiFromBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** The text in UTF-8. */
export function bytesFromText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

// Making a decoder costs more than decoding a short text; it keeps no state between calls.
const decoder = new TextDecoder("utf-8", { fatal: true });

/** UTF-8 bytes as text; bytes that are not UTF-8 throw a TypeError. */
export function textFromBytes(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Smallest multiple of `unit` that is not below `value`. Safe up to 2^53 (no bit operators). */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** Largest multiple of `unit` that is not above `value`. Safe up to 2^53 (no bit operators). */
export function roundDown(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}

// SPDX-License-Identifier: Apache-2.0
// UUIDs (RFC 9562): 16 bytes in the order of their text. Values are kept as lower-case text with hyphens, so that they
// compare and serve as keys.

import type { Brand } from "./brand.ts";
import type { Random } from "./random.ts";

/** A UUID as lower-case text with hyphens. */
export type Uuid = Brand<string, "Uuid">;

/** The UUID of 32 zero digits. */
export const nilUuid = "00000000-0000-0000-0000-000000000000" as Uuid;

/** A random UUID (version 4). */
export function newUuid(random: Random): Uuid {
  const bytes = Uint8Array.from(random.bytes(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return uuidFromBytes(bytes);
}

/** The UUID of 16 bytes; throws RangeError for another length. */
export function uuidFromBytes(bytes: Uint8Array): Uuid {
  if (bytes.byteLength !== 16) throw new RangeError(`a UUID has 16 bytes, not ${bytes.byteLength}`);
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
  return parts.join("-") as Uuid;
}

/** The 16 bytes of a UUID. */
export function bytesOfUuid(uuid: Uuid): Uint8Array {
  return new Uint8Array(Buffer.from(uuid.replaceAll("-", ""), "hex"));
}

/** Reads text with or without hyphens, in either case; undefined when it is no UUID. */
export function parseUuid(text: string): Uuid | undefined {
  const isHyphenated = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
  if (!isHyphenated && !/^[0-9a-f]{32}$/i.test(text)) return undefined;
  return uuidFromBytes(new Uint8Array(Buffer.from(text.replaceAll("-", ""), "hex")));
}

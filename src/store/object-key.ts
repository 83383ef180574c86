// SPDX-License-Identifier: Apache-2.0
// Names of objects: checked once where they are made, so that adapters can trust them.

import { bytesFromText } from "#base/index.ts";
import { storeFault } from "./faults.ts";
import type { ObjectKey } from "./object-store.ts";

/** Longest key: with prefixes it stays below the 1,024 bytes that S3 allows. */
const keyBytesMax = 512;

/** The text as a key. Fault `store.object-key` when it is none. */
export function objectKey(text: string): ObjectKey {
  const wrong = reasonAgainst(text);
  if (wrong !== undefined) throw storeFault("object-key", { key: JSON.stringify(text), reason: wrong });
  return text as ObjectKey;
}

/** Order of the keys' bytes in UTF-8, which is that of code points: how stores list. */
export function compareKeys(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

function reasonAgainst(text: string): string | undefined {
  if (bytesFromText(text).byteLength > keyBytesMax) return `it is longer than ${keyBytesMax} bytes`;
  if (bytesFromText(text).some((byte) => byte < 0x20 || byte === 0x7f)) return "it has control characters";
  for (const part of text.split("/")) {
    if (part === "") return "a part of it is empty";
    if (part === "." || part === "..") return `"${part}" is no part of a key`;
  }
  return undefined;
}

// SPDX-License-Identifier: Apache-2.0
// A key on paper: its JSON between two marker lines. Whoever types it in, or scans it, has the key again, and needs the
// passphrase. QR codes are not made here.

import { limits, parseJson, prettyJson } from "#base/index.ts";
import { keyFault } from "./faults.ts";
import { type KeyConfig, keyConfigJson, keyConfigOf } from "./key-config.ts";

const begin = "-----BEGIN PROXMOX BACKUP KEY-----";
const end = "-----END PROXMOX BACKUP KEY-----";

/** The text of a paper key. */
export function paperKeyText(config: KeyConfig, subject?: string): string {
  const head = subject === undefined ? [] : [`Subject: ${subject}`, ""];
  return [...head, begin, prettyJson(keyConfigJson(config)), end, ""].join("\n");
}

/** Reads a key from JSON, or from the text of a paper key. Fault `keys.bad-key`. */
export function parseKeyText(text: string): KeyConfig {
  if (text.length > limits.keyText) throw keyFault("bad-key", { reason: "its text is too long" });
  const start = text.indexOf(begin);
  const stop = text.indexOf(end);
  if (start !== -1 && stop < start) throw keyFault("bad-key", { reason: "the line that ends it is missing" });
  const json = start === -1 ? text : text.slice(start + begin.length, stop);
  const value = parseJson(json);
  if (value === undefined) throw keyFault("bad-key", { reason: "its text is not JSON" });
  return keyConfigOf(value);
}

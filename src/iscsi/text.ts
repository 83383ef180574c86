// SPDX-License-Identifier: Apache-2.0
// Text negotiation data: `key=value` pairs, each ended by a zero byte; RFC 7143 section 6.1. What the keys mean is the
// business of text-keys and negotiation.

import { bytesFromText } from "#base/index.ts";

/** One pair. */
export type TextPair = readonly [key: string, value: string];

/** Pairs, or what is wrong with the text. */
export type ParsedText = { readonly pairs: readonly TextPair[] } | { readonly problem: string };

const decoder = new TextDecoder("utf-8");
/** Section 6.1, key-name; at most 63 bytes. */
const keyName = /^[A-Za-z][A-Za-z0-9.\-+@_]{0,62}(#\d+)?$/;

/** Cuts text into pairs. Nothing is thrown: text comes from the peer. */
export function parseText(bytes: Uint8Array): ParsedText {
  const pairs: TextPair[] = [];
  let start = 0;
  while (start < bytes.byteLength) {
    const zero = bytes.indexOf(0, start);
    const end = zero === -1 ? bytes.byteLength : zero;
    if (end > start) {
      const pair = parsePair(decoder.decode(bytes.subarray(start, end)));
      if (typeof pair === "string") return { problem: pair };
      pairs.push(pair);
    }
    start = end + 1;
  }
  return { pairs };
}

function parsePair(text: string): TextPair | string {
  const equals = text.indexOf("=");
  if (equals <= 0) return `no key before a value: ${JSON.stringify(text.slice(0, 40))}`;
  const key = text.slice(0, equals);
  if (!keyName.test(key)) return `not a key name: ${JSON.stringify(key.slice(0, 80))}`;
  return [key, text.slice(equals + 1)];
}

/** The pairs as they go into a data segment. */
export function encodeText(pairs: readonly TextPair[]): Uint8Array {
  return bytesFromText(pairs.map(([key, value]) => `${key}=${value}\0`).join(""));
}

/** A whole number as the keys write it, decimal or with 0x in front; undefined for anything else. */
export function parseNumber(value: string): number | undefined {
  if (!/^(?:\d{1,15}|0[xX][0-9a-fA-F]{1,12})$/.test(value)) return undefined;
  return Number(value);
}

/** A value that lists alternatives, most wanted first. */
export const parseList = (value: string): readonly string[] => value.split(",").filter((item) => item !== "");

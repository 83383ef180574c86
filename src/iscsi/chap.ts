// SPDX-License-Identifier: Apache-2.0
// CHAP as iSCSI uses it: RFC 7143 section 12.1.3 over RFC 1994. Values and checks; who says what when is in the logins.

import { createHash, timingSafeEqual } from "node:crypto";
import { concatBytes, equalBytes, hexFromBytes } from "#base/index.ts";
import { chapAlgorithms, type ChapAlgorithm } from "./chap-policy.ts";
import { parseNumber } from "./text.ts";

/** A challenge that was sent: one octet that identifies it, and its bytes. */
export interface ChapChallenge {
  readonly identifier: number;
  readonly bytes: Uint8Array;
}

/** Section 12.1.3: CHAP_C has at most 1024 bytes; below 16 it would be guessable. */
const challengeSizes = { least: 16, greatest: 1024 } as const;

/** Size of the challenges that we make. */
export const ownChallengeSize = 32;

/** Binary values, section 6.1: `0x` and hexadecimal digits, or `0b` and base64. Undefined for anything else. */
export function decodeBinary(value: string): Uint8Array | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(value)) {
    const digits = value.slice(2);
    return new Uint8Array(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex"));
  }
  if (/^0[bB](?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(value) && value.length > 2) {
    return new Uint8Array(Buffer.from(value.slice(2), "base64"));
  }
  return undefined;
}

/** A binary value in hexadecimal. */
export const encodeBinary = (bytes: Uint8Array): string => `0x${hexFromBytes(bytes)}`;

/** CHAP_A: the first algorithm of the peer's list that `accepted` holds. */
export function chooseAlgorithm(value: string, accepted: readonly ChapAlgorithm[]): ChapAlgorithm | undefined {
  for (const item of value.split(",")) {
    const code = parseNumber(item.trim());
    const found = accepted.find((name) => chapAlgorithms[name].code === code);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** CHAP_I and CHAP_C as a challenge; undefined when they are not one. */
export function parseChallenge(identifier: string | undefined, bytes: string | undefined): ChapChallenge | undefined {
  const number = identifier === undefined ? undefined : parseNumber(identifier);
  const decoded = bytes === undefined ? undefined : decodeBinary(bytes);
  if (number === undefined || number > 255 || decoded === undefined) return undefined;
  if (decoded.byteLength < challengeSizes.least || decoded.byteLength > challengeSizes.greatest) return undefined;
  return { identifier: number, bytes: decoded };
}

/** The response to a challenge: hash of identifier, secret, challenge (RFC 1994 section 4.1). */
export function chapResponse(algorithm: ChapAlgorithm, secret: Uint8Array, challenge: ChapChallenge): Uint8Array {
  const hash = createHash(chapAlgorithms[algorithm].hash);
  hash.update(concatBytes([Uint8Array.of(challenge.identifier), secret, challenge.bytes]));
  return new Uint8Array(hash.digest());
}

/** True when CHAP_R answers the challenge. Takes the same time for every wrong answer of the right length. */
export function isChapResponse(
  value: string | undefined,
  expected: { readonly algorithm: ChapAlgorithm; readonly secret: Uint8Array; readonly challenge: ChapChallenge },
): boolean {
  const given = value === undefined ? undefined : decodeBinary(value);
  const right = chapResponse(expected.algorithm, expected.secret, expected.challenge);
  return given !== undefined && given.byteLength === right.byteLength && timingSafeEqual(given, right);
}

/** True when the peer sends our own challenge back to have us answer it: section 12.1.3 forbids to. */
export const isReflected = (ours: ChapChallenge, theirs: ChapChallenge): boolean =>
  equalBytes(ours.bytes, theirs.bytes);

/** True when one secret would serve both directions, which section 12.1.3 forbids. */
export function isSameSecret(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

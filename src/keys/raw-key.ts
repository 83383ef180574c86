// SPDX-License-Identifier: Apache-2.0
// Keys of 32 bytes, and what is derived from them: the id key that goes into digests and signatures, the fingerprint by
// which people know a key, and the key that a drive gets for one media set.

import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { assert, bytesFromAscii, bytesFromHex, bytesOfUuid, hexFromBytes, type Uuid } from "#base/index.ts";

/** Bytes of a key. */
export const keySize = 32;

/** Rounds of PBKDF2 for keys derived from keys, which need no stretching. */
const derivationRounds = 10;

/** SHA-256 of "Proxmox Backup Encryption Key Fingerprint". */
const fingerprintInput = bytesFromHex("6ed0ef77471fff4d55c7a8fe4a9db62161407f134c725ddf30992d25ec45ed26");

function derived(key: Uint8Array, salt: Uint8Array): Uint8Array {
  assert(key.byteLength === keySize, "a key has 32 bytes");
  return new Uint8Array(pbkdf2Sync(key, salt, derivationRounds, keySize, "sha256"));
}

/** What stands for a key where the key itself must not be used: in digests of chunks, and for signatures. */
export const idKeyOf = (key: Uint8Array): Uint8Array => derived(key, bytesFromAscii("_id_key"));

/** The key that a drive encrypts a media set with. */
export const setKeyOf = (key: Uint8Array, set: Uuid): Uint8Array => derived(key, bytesOfUuid(set));

/** The fingerprint of a key as text: 32 pairs of hexadecimal digits with colons. */
export function fingerprintOf(key: Uint8Array): string {
  const digest = createHash("sha256").update(fingerprintInput).update(idKeyOf(key)).digest();
  return fingerprintText(digest);
}

/** 32 bytes as the text of a fingerprint. */
export function fingerprintText(bytes: Uint8Array): string {
  return (hexFromBytes(bytes).match(/../g) ?? []).join(":");
}

/** The text of a fingerprint with its colons where they belong; undefined when it is none. */
export function parseFingerprint(text: string): string | undefined {
  const digits = text.replaceAll(":", "");
  return /^[0-9a-f]{64}$/i.test(digits) ? fingerprintText(bytesFromHex(digits)) : undefined;
}

/** The begin of a fingerprint, for lists. */
export const shortFingerprint = (fingerprint: string): string => fingerprint.slice(0, 23);

/** The digest of a chunk: of its data, and of the id key when its snapshot is encrypted by the client. */
export function chunkDigest(data: Uint8Array, idKey?: Uint8Array): Uint8Array {
  const hash = createHash("sha256").update(data);
  if (idKey !== undefined) hash.update(idKey);
  return new Uint8Array(hash.digest());
}

/** The signature of a message with a key. */
export const signatureOf = (idKey: Uint8Array, message: Uint8Array): Uint8Array =>
  new Uint8Array(createHmac("sha256", idKey).update(message).digest());

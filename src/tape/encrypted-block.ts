// SPDX-License-Identifier: Apache-2.0
// Blocks that a drive encrypted for a host: how they lie on the medium. AES-256-GCM with a nonce, a tag and key-associated
// data per block (SSC-4, IEEE 1619.1). docs/FORMATS.md describes the bytes. The key is never among them; whether one is
// the right key shows in eight bytes derived from it. Pure: the nonce is given by the caller, who must never give one
// twice for a key.

import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { assert } from "#base/index.ts";
import { ascii, bit, bytes, layout, uint } from "#codec/index.ts";

/** What stands in front of an encrypted block's key-associated data and ciphertext. */
export const EncryptedBlockHeader = layout("encrypted block header", 64, {
  magic: ascii(0, 4, { always: "CAPE" }),
  version: uint(4, 1, { always: 1 }),
  /** 1: AES-256-GCM. */
  algorithm: uint(5, 1, { always: 1 }),
  /** The host allowed reading the block as it is stored. */
  rawReadable: bit(6, 0),
  /** KAD FORMAT of the host. */
  descriptorFormat: uint(7, 1),
  /** Bytes of unauthenticated and of authenticated key-associated data behind the header. */
  openLength: uint(8, 2),
  authenticLength: uint(10, 2),
  /** Bytes of the block as the host wrote it. */
  length: uint(12, 4),
  nonce: bytes(16, 12),
  tag: bytes(28, 16),
  /** The first bytes of HMAC-SHA-256 with the key over the ASCII text `capstan key check`. */
  keyCheck: bytes(44, 8),
});

/** Sizes of keys, nonces and key-associated data, in bytes. */
export const blockCipherLimits = {
  key: 32,
  nonce: 12,
  open: 32,
  authentic: 12,
} as const;

/** Bytes that encrypting adds at most. */
export const encryptedOverheadMax = EncryptedBlockHeader.size + blockCipherLimits.open + blockCipherLimits.authentic;

/** A key, and the bytes that blocks show of it. */
export interface BlockKey {
  readonly bytes: Uint8Array;
  readonly check: Uint8Array;
}

/** What a block is encrypted with. */
export interface BlockEncryption {
  readonly key: BlockKey;
  readonly nonce: Uint8Array;
  readonly rawReadable: boolean;
  readonly descriptorFormat: number;
  /** Unauthenticated and authenticated key-associated data. */
  readonly open: Uint8Array;
  readonly authentic: Uint8Array;
}

/** What can be told of an encrypted block without its key. */
export interface EncryptedBlock {
  /** Bytes of the block as the host wrote it. */
  readonly length: number;
  readonly rawReadable: boolean;
  readonly descriptorFormat: number;
  readonly open: Uint8Array;
  readonly authentic: Uint8Array;
  readonly keyCheck: Uint8Array;
}

const algorithm = "aes-256-gcm";
const checkText = "capstan key check";

/** A key of 32 bytes, which are kept, not copied; with eight bytes that tell it from others and do not give it away. */
export function blockKey(bytes: Uint8Array): BlockKey {
  assert(bytes.byteLength === blockCipherLimits.key, "a key of 32 bytes");
  const check = createHmac("sha256", bytes).update(checkText).digest().subarray(0, 8);
  return { bytes, check };
}

/** Bytes of the header that the tag vouches for: all but the tag. */
function authenticated(whole: Uint8Array, dataStart: number): readonly Uint8Array[] {
  const { byte: tagStart, byteCount } = EncryptedBlockHeader.fields.tag;
  return [whole.subarray(0, tagStart), whole.subarray(tagStart + byteCount, dataStart)];
}

/** The block as it is stored. */
export function encryptBlock(block: Uint8Array, encryption: BlockEncryption): Uint8Array {
  const { key, nonce, open, authentic, rawReadable, descriptorFormat } = encryption;
  const dataStart = EncryptedBlockHeader.size + open.byteLength + authentic.byteLength;
  const whole = new Uint8Array(dataStart + block.byteLength);
  EncryptedBlockHeader.encodeInto(whole, 0, {
    rawReadable,
    descriptorFormat,
    openLength: open.byteLength,
    authenticLength: authentic.byteLength,
    length: block.byteLength,
    nonce,
    tag: new Uint8Array(EncryptedBlockHeader.fields.tag.byteCount),
    keyCheck: key.check,
  });
  whole.set(open, EncryptedBlockHeader.size);
  whole.set(authentic, EncryptedBlockHeader.size + open.byteLength);
  const cipher = createCipheriv(algorithm, key.bytes, nonce);
  for (const part of authenticated(whole, dataStart)) cipher.setAAD(part);
  whole.set(cipher.update(block), dataStart);
  cipher.final();
  whole.set(cipher.getAuthTag(), EncryptedBlockHeader.fields.tag.byte);
  return whole;
}

/** What a stored block says of itself; undefined when it is not encrypted in a way that is known here. */
export function describeEncrypted(whole: Uint8Array): EncryptedBlock | undefined {
  if (whole.byteLength < EncryptedBlockHeader.size || EncryptedBlockHeader.check(whole) !== undefined) return undefined;
  const { openLength, authenticLength, length, rawReadable, descriptorFormat, keyCheck } =
    EncryptedBlockHeader.decode(whole);
  const authenticStart = EncryptedBlockHeader.size + openLength;
  const dataStart = authenticStart + authenticLength;
  if (dataStart + length !== whole.byteLength || length === 0) return undefined;
  return {
    length,
    rawReadable,
    descriptorFormat,
    open: whole.slice(EncryptedBlockHeader.size, authenticStart),
    authentic: whole.slice(authenticStart, dataStart),
    keyCheck: keyCheck.slice(),
  };
}

/** Whether this is the key that the block was encrypted with, as far as the block says. */
export function isKeyOf(encrypted: EncryptedBlock, key: BlockKey): boolean {
  return timingSafeEqual(encrypted.keyCheck, key.check);
}

/** The block as the host wrote it; undefined when key, data or header were changed. */
export function decryptBlock(whole: Uint8Array, key: BlockKey): Uint8Array | undefined {
  const { openLength, authenticLength, nonce, tag } = EncryptedBlockHeader.decode(whole);
  const dataStart = EncryptedBlockHeader.size + openLength + authenticLength;
  const decipher = createDecipheriv(algorithm, key.bytes, nonce);
  for (const part of authenticated(whole, dataStart)) decipher.setAAD(part);
  decipher.setAuthTag(tag);
  const block = decipher.update(whole.subarray(dataStart));
  try {
    decipher.final();
  } catch {
    // The tag is not that of these bytes: the caller says so to its host.
    return undefined;
  }
  return block;
}

// SPDX-License-Identifier: Apache-2.0
// The pure functions that seal and open: HKDF-SHA-256 (RFC 5869) for the key of an object, AES-256-GCM (NIST SP 800-38D)
// or a checksum for each part, zstd (RFC 8878) where it pays. They run in threads: plain values go in and come out, and
// no function remembers anything.

import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { bytesFromText, equalBytes, limits } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import type { ObjectKey } from "./object-store.ts";
import {
  decodeFrameTable,
  encodeFrameTable,
  frameBinding,
  type FrameEntry,
  frameOverhead,
  nonceOf,
  SealedFrame,
  tableBinding,
  tagSize,
} from "./sealed-format.ts";

/** Key of one object; undefined where nothing is encrypted. */
export type ContentKey = Uint8Array | undefined;

const purpose = bytesFromText("capstan sealed object 1");

/** The key of the object with that salt, from the data key. */
export function contentKeyOf(dataKey: Uint8Array, salt: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", dataKey, salt, purpose, 32));
}

interface Bound {
  readonly contentKey: ContentKey;
  readonly nonce: Uint8Array;
  /** What the tag covers beside the body. */
  readonly binding: Uint8Array;
}

/** Writes the protected body and its tag at `offset`; the room is there. */
export function protect(bound: Bound, body: Uint8Array, into: Uint8Array, offset: number): void {
  const { contentKey, nonce, binding } = bound;
  const tagOffset = offset + body.byteLength;
  if (contentKey === undefined) {
    into.set(body, offset);
    into.fill(0, tagOffset, tagOffset + tagSize);
    new DataView(into.buffer, into.byteOffset).setUint32(tagOffset, crc32(body, crc32(binding)));
    return;
  }
  const cipher = createCipheriv("aes-256-gcm", contentKey, nonce);
  cipher.setAAD(binding);
  // In pieces: what the cipher allocates for a large one goes back to the system each time, which costs more than copying.
  for (let done = 0; done < body.byteLength; done += pieceSize) {
    into.set(cipher.update(body.subarray(done, done + pieceSize)), offset + done);
  }
  cipher.final();
  into.set(cipher.getAuthTag(), tagOffset);
}

const pieceSize = 64 * 1024;

/** The body behind its protection, or undefined when the tag is not that of this body in this place. */
export function unprotect(bound: Bound, guarded: Uint8Array): Uint8Array | undefined {
  const { contentKey, nonce, binding } = bound;
  const body = guarded.subarray(0, guarded.byteLength - tagSize);
  const tag = guarded.subarray(guarded.byteLength - tagSize);
  if (contentKey === undefined) {
    const expected = new Uint8Array(tagSize);
    new DataView(expected.buffer).setUint32(0, crc32(body, crc32(binding)));
    return equalBytes(tag, expected) ? body : undefined;
  }
  const cipher = createDecipheriv("aes-256-gcm", contentKey, nonce, { authTagLength: tagSize });
  cipher.setAAD(binding);
  cipher.setAuthTag(tag);
  const plain = new Uint8Array(body.byteLength);
  for (let done = 0; done < body.byteLength; done += pieceSize) {
    plain.set(cipher.update(body.subarray(done, done + pieceSize)), done);
  }
  try {
    cipher.final();
    return plain;
  } catch {
    // The tag is not that of this body: the caller says what that means.
    return undefined;
  }
}

/** What sealing a frame needs. */
export interface SealFrameInput {
  readonly source: Uint8Array;
  readonly header: Uint8Array;
  readonly contentKey: ContentKey;
  readonly key: ObjectKey;
  readonly index: number;
  readonly last: boolean;
  /** Level of zstd; 0 leaves the source as it is. */
  readonly level: number;
  /** Memory for the frame, used when it is large enough: new memory costs as much as half of the cipher. */
  readonly into?: Uint8Array | undefined;
}

/** A sealed frame. */
export interface SealFrameOutput {
  readonly frame: Uint8Array;
  readonly frameCrc: number;
  readonly entry: FrameEntry;
  /** The memory of the source, given back. */
  readonly source: Uint8Array;
}

/** Compresses when that pays, protects. */
export function sealFrame(input: SealFrameInput): SealFrameOutput {
  const { source, header, contentKey, key, index, last, level } = input;
  const packed = level === 0 ? undefined : compressed(source, level);
  const body = packed ?? source;
  const size = frameOverhead + body.byteLength;
  const { into } = input;
  const frame = into !== undefined && into.byteLength >= size ? into.subarray(0, size) : new Uint8Array(size);
  SealedFrame.encodeInto(frame, 0, {
    index,
    length: body.byteLength,
    sourceLength: source.byteLength,
    compressed: packed !== undefined,
    last,
  });
  const binding = frameBinding(header, frame.subarray(0, SealedFrame.size), key);
  protect({ contentKey, nonce: nonceOf({ frame: index }), binding }, body, frame, SealedFrame.size);
  const entry = { length: body.byteLength, sourceCrc: crc32(source) };
  return { frame, frameCrc: crc32(frame), entry, source };
}

/** The source as a zstd frame, or undefined when that does not pay. */
function compressed(source: Uint8Array, level: number): Uint8Array | undefined {
  const packed = zstdCompressSync(source, { params: { [constants.ZSTD_c_compressionLevel]: level } });
  return packed.byteLength <= source.byteLength - source.byteLength / limits.compressionGain ? packed : undefined;
}

/** What opening a frame needs. */
export interface OpenFrameInput {
  readonly frame: Uint8Array;
  readonly header: Uint8Array;
  readonly contentKey: ContentKey;
  readonly key: ObjectKey;
  /** What the frame must be. */
  readonly index: number;
  readonly last: boolean;
  readonly sourceLength: number;
  /** From the table, where it is known. */
  readonly sourceCrc: number | undefined;
}

/** The source of a frame, or why it is not the frame that was expected. */
export function openFrame(input: OpenFrameInput): Uint8Array | string {
  const { frame, header, contentKey, key, index, last, sourceLength, sourceCrc } = input;
  if (frame.byteLength < frameOverhead) return `frame ${index} is cut`;
  const encoded = frame.subarray(0, SealedFrame.size);
  const value = SealedFrame.decode(encoded);
  if (SealedFrame.check(encoded) !== undefined) return `reserved bits of frame ${index} are set`;
  if (value.index !== index) return `frame ${index} is frame ${value.index}`;
  if (value.last !== last) return `frame ${index} is ${value.last ? "" : "not "}the last`;
  if (value.length + frameOverhead !== frame.byteLength) return `frame ${index} has another length`;
  if (value.sourceLength !== sourceLength)
    return `frame ${index} holds ${value.sourceLength} bytes, not ${sourceLength}`;
  const bound = { contentKey, nonce: nonceOf({ frame: index }), binding: frameBinding(header, encoded, key) };
  const body = unprotect(bound, frame.subarray(SealedFrame.size));
  if (body === undefined) return `frame ${index} is not what was written there`;
  const source = value.compressed ? decompressed(body, sourceLength) : body;
  if (source?.byteLength !== sourceLength) return `frame ${index} does not give what its header says`;
  if (sourceCrc !== undefined && crc32(source) !== sourceCrc) return `frame ${index} does not have its checksum`;
  return source;
}

/** The content of a zstd frame that holds so many bytes; undefined when it is none or holds more. */
function decompressed(body: Uint8Array, length: number): Uint8Array | undefined {
  try {
    return zstdDecompressSync(body, { maxOutputLength: Math.max(length, 1) });
  } catch {
    // Not zstd, or more than was said: the caller says what that means.
    return undefined;
  }
}

/** What sealing and opening the table needs. */
export interface TableBinding {
  readonly header: Uint8Array;
  readonly contentKey: ContentKey;
  readonly key: ObjectKey;
}

/** The table with its tag. */
export function sealTable({ header, contentKey, key }: TableBinding, entries: readonly FrameEntry[]): Uint8Array {
  const table = encodeFrameTable(entries);
  const sealed = new Uint8Array(table.byteLength + tagSize);
  protect({ contentKey, nonce: nonceOf("table"), binding: tableBinding(header, key) }, table, sealed, 0);
  return sealed;
}

/** The entries of a sealed table, or undefined when it is not the one of this object. */
export function openTable(binding: TableBinding, sealed: Uint8Array): readonly FrameEntry[] | undefined {
  const { header, contentKey, key } = binding;
  const bound = { contentKey, nonce: nonceOf("table"), binding: tableBinding(header, key) };
  const table = unprotect(bound, sealed);
  return table === undefined ? undefined : decodeFrameTable(table);
}

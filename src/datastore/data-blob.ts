// SPDX-License-Identifier: Apache-2.0
// A blob: the form of every chunk and of every `.blob` file. Plain or compressed (zstd), in clear or encrypted by the
// client (AES-256-GCM with an IV of 16 bytes), with a CRC-32 over what follows the header. docs/TAPE-FORMATS.md.

import { createCipheriv, createDecipheriv } from "node:crypto";
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { assert, bytesFromHex, concatBytes, hexFromBytes, limits } from "#base/index.ts";
import { bytes, layout, uintLe } from "#codec/index.ts";
import { datastoreFault } from "./faults.ts";

/** Begins every blob. */
export const BlobHeader = layout("data blob", 12, {
  /** What it is. */
  magic: bytes(0, 8),
  /** CRC-32 of what follows this header, and of an encrypted blob of what follows IV and tag. */
  crc: uintLe(8, 4),
});

/** Behind the header of an encrypted blob. */
export const BlobEncryption = layout("encryption of a data blob", 32, { iv: bytes(0, 16), tag: bytes(16, 16) });

/** What a blob is. */
export type BlobKind = "plain" | "compressed" | "encrypted" | "encrypted-compressed";

const magics: Readonly<Record<BlobKind, string>> = {
  plain: "42ab3807be8370a1",
  compressed: "31b958426fb6a37f",
  encrypted: "7b6785be222d4cf0",
  "encrypted-compressed": "e6591bbf0bbfd80b",
};
const kindsByHex = new Map<string, BlobKind>(
  Object.entries(magics).map(([kind, hex]) => [hex, kind as BlobKind] as const),
);

/** What a blob is by its first bytes; undefined when it is none. */
export function blobKindOf(blob: Uint8Array): BlobKind | undefined {
  return blob.byteLength < BlobHeader.size ? undefined : kindsByHex.get(hexFromBytes(blob.subarray(0, 8)));
}

/** True for the kinds that take a key to read. */
export const isEncryptedKind = (kind: BlobKind): boolean => kind === "encrypted" || kind === "encrypted-compressed";

/** How a blob is made. */
export interface BlobOptions {
  readonly isCompressed: boolean;
  /** Given: the blob is encrypted. The IV is never used for another blob. */
  readonly encryption?: { readonly key: Uint8Array; readonly iv: Uint8Array };
}

const headSize = (kind: BlobKind): number => BlobHeader.size + (isEncryptedKind(kind) ? BlobEncryption.size : 0);

/** Makes a blob. Compression that does not pay is left out. */
export function encodeBlob(data: Uint8Array, options: BlobOptions): Uint8Array {
  assert(data.byteLength <= limits.dataBlob, "a blob holds no more than fits");
  const { encryption } = options;
  // In clear the frame does not tell the size of its content, as Proxmox's streaming encoder leaves it out.
  const packed = options.isCompressed ? compress(data, encryption !== undefined) : data;
  const isSmaller = packed.byteLength < data.byteLength;
  const content = isSmaller ? packed : data;
  if (encryption === undefined) return assemble(isSmaller ? "compressed" : "plain", [], content);
  const cipher = createCipheriv("aes-256-gcm", encryption.key, encryption.iv);
  const encrypted = concatBytes([cipher.update(content), cipher.final()]);
  const head = BlobEncryption.encode({ iv: encryption.iv, tag: cipher.getAuthTag() });
  return assemble(isSmaller ? "encrypted-compressed" : "encrypted", [head], encrypted);
}

function compress(data: Uint8Array, tellsSize: boolean): Uint8Array {
  return zstdCompressSync(data, {
    params: {
      [constants.ZSTD_c_compressionLevel]: 1,
      [constants.ZSTD_c_contentSizeFlag]: tellsSize ? 1 : 0,
    },
  });
}

function assemble(kind: BlobKind, head: readonly Uint8Array[], content: Uint8Array): Uint8Array {
  const header = BlobHeader.encode({ magic: bytesFromHex(magics[kind]), crc: crc32(content) });
  return concatBytes([header, ...head, content]);
}

/** Checks that a blob is one and has its checksum. `what` names it in the Fault `datastore.damaged`. */
export function checkBlob(blob: Uint8Array, what: string): BlobKind {
  const kind = blobKindOf(blob);
  if (kind === undefined) throw datastoreFault("damaged", { what, reason: "it does not begin as a blob does" });
  if (blob.byteLength < headSize(kind)) throw datastoreFault("damaged", { what, reason: "it is cut" });
  const { crc } = BlobHeader.decode(blob);
  if (crc !== crc32(blob.subarray(headSize(kind)))) {
    throw datastoreFault("damaged", { what, reason: "it does not have its checksum" });
  }
  return kind;
}

/** What reading a blob takes. */
export interface DecodeOptions {
  /** For messages. */
  readonly what: string;
  readonly key?: Uint8Array;
  /** Most bytes that may come out; `limits.dataBlob` when left out. */
  readonly maxSize?: number;
}

/** The data of a blob. Faults `datastore.damaged`, `datastore.key-needed`. */
export function decodeBlob(blob: Uint8Array, options: DecodeOptions): Uint8Array {
  const { what, key, maxSize = limits.dataBlob } = options;
  const kind = checkBlob(blob, what);
  const content = isEncryptedKind(kind) ? decrypt(blob, what, key) : blob.subarray(BlobHeader.size);
  if (kind === "plain" || kind === "encrypted") return content;
  try {
    return zstdDecompressSync(content, { maxOutputLength: maxSize });
  } catch (error) {
    throw datastoreFault("damaged", { what, reason: "it cannot be decompressed" }, error);
  }
}

function decrypt(blob: Uint8Array, what: string, key: Uint8Array | undefined): Uint8Array {
  if (key === undefined) throw datastoreFault("key-needed", { what });
  const { iv, tag } = BlobEncryption.decode(blob, BlobHeader.size);
  const decipher = createDecipheriv("aes-256-gcm", key, iv);
  decipher.setAuthTag(tag);
  try {
    const content = blob.subarray(BlobHeader.size + BlobEncryption.size);
    return concatBytes([decipher.update(content), decipher.final()]);
  } catch (error) {
    throw datastoreFault("damaged", { what, reason: "it was not encrypted with this key, or it was changed" }, error);
  }
}

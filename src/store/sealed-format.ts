// SPDX-License-Identifier: Apache-2.0
// Bytes of a sealed object: a header, frames, a table of the frames, and the header once more. docs/FORMATS.md describes
// them. Sizes, places and what each part is bound to; no cipher and no I/O.

import { assert, bytesFromText, concatBytes, equalBytes } from "#base/index.ts";
import { ascii, bit, bytes, layout, uint, type ValueOf } from "#codec/index.ts";
import { crc32 } from "./crc32.ts";
import { storeFault } from "./faults.ts";
import type { ObjectKey } from "./object-store.ts";

/** Version that this release writes, and the newest that it reads. */
export const sealedVersion = 1;

/** What a sealed object holds. An object of one kind is never taken for one of another. */
export const sealedKinds = { segment: 1, manifest: 2, directory: 3, state: 4, canary: 5 } as const;
export type SealedKind = keyof typeof sealedKinds;

/** How the frames are protected: a checksum only, or encrypted and authenticated. */
export const sealedCiphers = { none: 0, "aes-256-gcm": 1 } as const;
export type SealedCipher = keyof typeof sealedCiphers;

/** The first and the last 64 bytes of a sealed object. */
export const SealedHeader = layout("sealed header", 64, {
  magic: ascii(0, 8, { always: "CAPSEALD" }),
  version: uint(8, 2),
  kind: uint(10, 1),
  cipher: uint(11, 1),
  /** Bytes of what is in it, and of each of its frames but the last. */
  sourceSize: uint(16, 6),
  frameSize: uint(24, 4),
  /** Name of the data key; zeros without encryption. */
  dataKey: bytes(32, 8),
  salt: bytes(40, 16),
  headerCrc: uint(60, 4),
});
export type SealedHeader = ValueOf<typeof SealedHeader>;

/** Before the body of each frame; the frame's tag follows the body. */
export const SealedFrame = layout("sealed frame", 16, {
  index: uint(0, 4),
  /** Bytes of the body. */
  length: uint(4, 4),
  sourceLength: uint(8, 4),
  /** The body is a zstd frame of the source. */
  compressed: bit(12, 0),
  last: bit(12, 1),
});
export type SealedFrame = ValueOf<typeof SealedFrame>;

/** One entry of the table. */
export const FrameEntry = layout("frame entry", 8, {
  /** Bytes of the body. */
  length: uint(0, 4),
  /** CRC32 of the frame's source bytes. */
  sourceCrc: uint(4, 4),
});
export type FrameEntry = ValueOf<typeof FrameEntry>;

/** Size of a tag: of AES-GCM, or a checksum and zeros. */
export const tagSize = 16;
/** Bytes of a frame beside its body. */
export const frameOverhead = SealedFrame.size + tagSize;

/** How many frames so many bytes make; nothing makes one empty frame. */
export function frameCountOf(sourceSize: number, frameSize: number): number {
  return Math.max(1, Math.ceil(sourceSize / frameSize));
}

/** Bytes behind the frames: the table with its tag, and the header. */
export function tailSizeOf(sourceSize: number, frameSize: number): number {
  return frameCountOf(sourceSize, frameSize) * FrameEntry.size + tagSize + SealedHeader.size;
}

/** Source bytes of a frame. */
export function sourceLengthOf(header: SealedHeader, index: number): number {
  return Math.min(header.frameSize, header.sourceSize - index * header.frameSize);
}

/** The bytes of a header. */
export function encodeSealedHeader(header: Omit<SealedHeader, "version" | "headerCrc">): Uint8Array {
  const encoded = SealedHeader.encode({ ...header, version: sealedVersion });
  new DataView(encoded.buffer).setUint32(60, crc32(encoded.subarray(0, 60)));
  return encoded;
}

/** True when the bytes may begin a sealed object. */
export function looksSealed(bytes: Uint8Array): boolean {
  return bytes.byteLength >= 8 && equalBytes(bytes.subarray(0, 8), bytesFromText("CAPSEALD"));
}

/** The header in these 64 bytes. Faults `store.object-damaged`, `store.format-newer`; then it must not be believed. */
export function decodeSealedHeader(key: ObjectKey, encoded: Uint8Array, kind: SealedKind): SealedHeader {
  const damaged = (reason: string): Error => storeFault("object-damaged", { key, reason });
  if (encoded.byteLength !== SealedHeader.size) throw damaged("it is too short for a sealed object");
  if (!looksSealed(encoded)) throw damaged("it is no sealed object");
  const header = SealedHeader.decode(encoded);
  if (header.headerCrc !== crc32(encoded.subarray(0, 60))) throw damaged("its header does not have its checksum");
  if (header.version > sealedVersion) {
    throw storeFault("format-newer", { path: key, version: header.version, supported: sealedVersion });
  }
  if (SealedHeader.check(encoded) !== undefined) throw damaged("reserved bits of its header are set");
  if (header.kind !== sealedKinds[kind]) throw damaged(`it holds something else than a ${kind}`);
  if (header.cipher > sealedCiphers["aes-256-gcm"]) throw damaged(`its cipher ${header.cipher} is unknown`);
  if (header.frameSize === 0) throw damaged("its frames have no size");
  return header;
}

/** What a frame's tag covers beside the body: the object's header, the frame's header, and where the object is. */
export function frameBinding(encodedHeader: Uint8Array, frame: Uint8Array, key: ObjectKey): Uint8Array {
  return concatBytes([encodedHeader, frame, bytesFromText(key)]);
}

/** What the table's tag covers beside the entries. */
export function tableBinding(encodedHeader: Uint8Array, key: ObjectKey): Uint8Array {
  return concatBytes([encodedHeader, bytesFromText(key)]);
}

/** The nonce of a frame, or of the table. The cipher's key is that of one object, so a nonce is used once. */
export function nonceOf(part: { readonly frame: number } | "table"): Uint8Array {
  const nonce = new Uint8Array(12);
  if (part === "table") nonce[0] = 1;
  else new DataView(nonce.buffer).setUint32(8, part.frame);
  return nonce;
}

/** Where each frame begins, and where the table does. */
export function frameOffsets(entries: readonly FrameEntry[]): readonly number[] {
  const offsets: number[] = [SealedHeader.size];
  for (const { length } of entries) offsets.push((offsets.at(-1) ?? 0) + length + frameOverhead);
  return offsets;
}

/** The bytes of the table, without its tag. */
export function encodeFrameTable(entries: readonly FrameEntry[]): Uint8Array {
  assert(entries.length > 0, "a table has an entry");
  const table = new Uint8Array(entries.length * FrameEntry.size);
  for (const [index, entry] of entries.entries()) FrameEntry.encodeInto(table, index * FrameEntry.size, entry);
  return table;
}

/** The entries of a table. */
export function decodeFrameTable(table: Uint8Array): readonly FrameEntry[] {
  return Array.from({ length: table.byteLength / FrameEntry.size }, (_, index) =>
    FrameEntry.decode(table, index * FrameEntry.size),
  );
}

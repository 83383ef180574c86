// SPDX-License-Identifier: Apache-2.0
// A sealed object as a whole: how one begins and ends, where its frames are, and small ones sealed and opened in memory.
// Whatever is not exactly what was sealed under this key, by whoever had the data key, is refused.

import { assert, concatBytes, equalBytes, hexFromBytes, limits } from "#base/index.ts";
import { storeFault } from "./faults.ts";
import type { ObjectKey } from "./object-store.ts";
import { type ContentKey, contentKeyOf, openFrame, openTable, sealFrame, sealTable } from "./sealed-cipher.ts";
import {
  decodeSealedHeader,
  encodeSealedHeader,
  frameCountOf,
  type FrameEntry,
  frameOffsets,
  frameOverhead,
  sealedCiphers,
  SealedHeader,
  type SealedKind,
  sealedKinds,
  sourceLengthOf,
  tailSizeOf,
} from "./sealed-format.ts";

/** A data key: the secret, and a name that tells it from others. Undefined where an owner's objects are plain. */
export type DataKey = { readonly name: Uint8Array; readonly secret: Uint8Array } | undefined;

/** An object that is being sealed. */
export interface Sealing {
  readonly key: ObjectKey;
  readonly header: Uint8Array;
  readonly contentKey: ContentKey;
  readonly frameSize: number;
  readonly frameCount: number;
}

/** Begins an object. The salt must be random: 16 bytes that no other object of the data key has. */
export function beginSealing(options: {
  readonly key: ObjectKey;
  readonly kind: SealedKind;
  readonly sourceSize: number;
  readonly dataKey: DataKey;
  readonly salt: Uint8Array;
  readonly frameSize?: number;
}): Sealing {
  const { key, kind, sourceSize, dataKey, salt, frameSize = limits.frameSize } = options;
  assert(salt.byteLength === 16, "a salt of 16 bytes");
  const header = encodeSealedHeader({
    kind: sealedKinds[kind],
    cipher: sealedCiphers[dataKey === undefined ? "none" : "aes-256-gcm"],
    sourceSize,
    frameSize,
    dataKey: dataKey?.name ?? new Uint8Array(8),
    salt,
  });
  const contentKey = dataKey === undefined ? undefined : contentKeyOf(dataKey.secret, salt);
  return { key, header, contentKey, frameSize, frameCount: frameCountOf(sourceSize, frameSize) };
}

/** What follows the frames: the table, and the header once more. */
export function endSealing(sealing: Sealing, entries: readonly FrameEntry[]): Uint8Array {
  assert(entries.length === sealing.frameCount, `${sealing.frameCount} frames, not ${entries.length}`);
  return concatBytes([sealTable(sealing, entries), sealing.header]);
}

/** A sealed object whose header and table were found to be genuine. */
export interface SealedIndex {
  readonly key: ObjectKey;
  readonly header: SealedHeader;
  readonly encoded: Uint8Array;
  readonly contentKey: ContentKey;
  readonly entries: readonly FrameEntry[];
  /** Where each frame begins, and where the table does. */
  readonly offsets: readonly number[];
}

/** What an object should be. */
export interface Expected {
  readonly key: ObjectKey;
  readonly kind: SealedKind;
  readonly dataKey: DataKey;
  readonly objectSize: number;
}

/** The header of an object with that data key. Faults `store.object-damaged`, `store.format-newer`. */
export function checkedHeader({ key, kind, dataKey }: Omit<Expected, "objectSize">, encoded: Uint8Array): SealedHeader {
  const header = decodeSealedHeader(key, encoded, kind);
  const damaged = (reason: string): Error => storeFault("object-damaged", { key, reason });
  if (dataKey === undefined && header.cipher !== sealedCiphers.none) {
    throw damaged(`it is sealed with data key ${hexFromBytes(header.dataKey)}, and its owner has none`);
  }
  if (dataKey !== undefined && header.cipher === sealedCiphers.none) {
    throw damaged("it is not encrypted, and everything of its owner is");
  }
  if (dataKey !== undefined && !equalBytes(header.dataKey, dataKey.name)) {
    const names = `${hexFromBytes(header.dataKey)}, and its owner has ${hexFromBytes(dataKey.name)}`;
    throw damaged(`it is sealed with data key ${names}`);
  }
  return header;
}

/** The index of an object from its last bytes, at least `tailSizeOf` of them. Faults as `checkedHeader`. */
export function openIndex(expected: Expected, tail: Uint8Array): SealedIndex {
  const { key, dataKey, objectSize } = expected;
  const encoded = tail.subarray(Math.max(0, tail.byteLength - SealedHeader.size));
  const header = checkedHeader(expected, encoded);
  const damaged = (reason: string): Error => storeFault("object-damaged", { key, reason });
  const tailSize = tailSizeOf(header.sourceSize, header.frameSize);
  if (tail.byteLength < tailSize || tailSize + SealedHeader.size > objectSize) throw damaged("its table is cut");
  const contentKey = dataKey === undefined ? undefined : contentKeyOf(dataKey.secret, header.salt);
  const table = tail.subarray(tail.byteLength - tailSize, tail.byteLength - SealedHeader.size);
  const entries = openTable({ header: encoded, contentKey, key }, table);
  if (entries === undefined) throw damaged("its table is not what was written there");
  const offsets = frameOffsets(entries);
  if ((offsets.at(-1) ?? 0) + tailSize !== objectSize) throw damaged(`it has ${objectSize} bytes`);
  return { key, header, encoded: encoded.slice(), contentKey, entries, offsets };
}

/** Where a frame lies, header and tag included. */
export function frameRange(index: SealedIndex, frame: number): { readonly offset: number; readonly length: number } {
  const offset = index.offsets[frame];
  const entry = index.entries[frame];
  assert(offset !== undefined && entry !== undefined, `one of ${index.entries.length} frames, not ${frame}`);
  return { offset, length: entry.length + frameOverhead };
}

/** What `openFrame` must be given for a frame of this object. */
export function frameInput(index: SealedIndex, frame: number, bytes: Uint8Array): Parameters<typeof openFrame>[0] {
  const { key, header, encoded, contentKey, entries } = index;
  const last = frame === entries.length - 1;
  const sourceLength = sourceLengthOf(header, frame);
  return {
    frame: bytes,
    header: encoded,
    contentKey,
    key,
    index: frame,
    last,
    sourceLength,
    sourceCrc: entries[frame]?.sourceCrc,
  };
}

/** A small object, sealed. */
export function sealWhole(options: Parameters<typeof beginSealing>[0], source: Uint8Array, level: number): Uint8Array {
  assert(source.byteLength === options.sourceSize && source.byteLength <= limits.sealedBytesMax, "a small object");
  const sealing = beginSealing(options);
  const parts: Uint8Array[] = [sealing.header];
  const entries: FrameEntry[] = [];
  for (let index = 0; index < sealing.frameCount; index++) {
    const start = index * sealing.frameSize;
    const { frame, entry } = sealFrame({
      source: source.subarray(start, start + sealing.frameSize),
      header: sealing.header,
      contentKey: sealing.contentKey,
      key: sealing.key,
      index,
      last: index === sealing.frameCount - 1,
      level,
    });
    parts.push(frame);
    entries.push(entry);
  }
  return concatBytes([...parts, endSealing(sealing, entries)]);
}

/** The content of a small object. Faults `store.object-damaged`, `store.format-newer`: nothing of it is handed out. */
export function openWhole(expected: Omit<Expected, "objectSize">, bytes: Uint8Array): Uint8Array {
  const { key } = expected;
  const damaged = (reason: string): Error => storeFault("object-damaged", { key, reason });
  const header = checkedHeader(expected, bytes.subarray(0, SealedHeader.size));
  if (header.sourceSize > limits.sealedBytesMax) throw damaged(`it says that it holds ${header.sourceSize} bytes`);
  const index = openIndex({ ...expected, objectSize: bytes.byteLength }, bytes);
  if (!equalBytes(index.encoded, bytes.subarray(0, SealedHeader.size))) throw damaged("its two headers differ");
  const parts = index.entries.map((_, frame) => {
    const { offset, length } = frameRange(index, frame);
    const source = openFrame(frameInput(index, frame, bytes.subarray(offset, offset + length)));
    if (typeof source === "string") throw damaged(source);
    return source;
  });
  return concatBytes(parts);
}

/** Bytes of a sealed object whose frames are stored as they are: the largest that it can become. */
export function sealedSizeMax(sourceSize: number, frameSize: number): number {
  const frames = frameCountOf(sourceSize, frameSize) * frameOverhead + sourceSize;
  return SealedHeader.size + frames + tailSizeOf(sourceSize, frameSize);
}

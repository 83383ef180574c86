// SPDX-License-Identifier: Apache-2.0
// Bytes of a cartridge's directory file: a header and one entry of fixed size per sealed segment. docs/FORMATS.md
// describes them.

import { equalBytes } from "#base/index.ts";
import { ascii, bit, bytes, layout, uint } from "#codec/index.ts";
import { crc32 } from "./crc32.ts";
import { storeFault } from "./faults.ts";

/** Version that this release writes, and the newest that it reads. */
export const directoryVersion = 2;

/** The first 64 bytes of a directory file. */
export const DirectoryHeader = layout("directory header", 64, {
  magic: ascii(0, 8, { always: "CAPDIREC" }),
  version: uint(8, 2),
  tag: bytes(40, 8),
  headerCrc: uint(60, 4),
});

/** One sealed segment. Counts are of what is live: a cut shortens them, the file stays as it was sealed. */
export const DirectoryEntry = layout("directory entry", 64, {
  segment: uint(0, 6),
  generation: uint(6, 4),
  /** In the object store; on the local disk. */
  stored: bit(10, 0),
  local: bit(10, 1),
  fileSize: uint(12, 4),
  firstObject: uint(16, 6),
  firstFile: uint(22, 6),
  firstByte: uint(28, 6),
  objects: uint(34, 6),
  filemarks: uint(40, 6),
  /** Epoch in which it was put into the object store; 0 in format version 1. */
  epoch: uint(46, 2),
  recordBytes: uint(48, 4),
  /** CRC32 of the whole file. */
  fileCrc: uint(52, 4),
  /** Bytes of its sealed object; 0 when there is none, or when the object is the file as it is. */
  objectSize: uint(56, 4),
  entryCrc: uint(60, 4),
});

/** One sealed segment, in memory. */
export interface Entry {
  readonly segment: number;
  readonly generation: number;
  readonly stored: boolean;
  readonly local: boolean;
  readonly fileSize: number;
  readonly firstObject: number;
  readonly firstFile: number;
  readonly firstByte: number;
  readonly objects: number;
  readonly filemarks: number;
  readonly recordBytes: number;
  readonly fileCrc: number;
  /** Epoch in which it was put into the object store; 0 before that, and in format version 1. */
  readonly epoch: number;
  readonly objectSize: number;
}

/** Bytes that the segment takes in the object store. */
export function objectBytesOf(entry: Entry): number {
  if (!entry.stored) return 0;
  return entry.objectSize === 0 ? entry.fileSize : entry.objectSize;
}

/** Size of an entry. */
export const entrySize = DirectoryEntry.size;

/** The 64 bytes of an entry. */
export function encodeEntry(entry: Entry): Uint8Array {
  const encoded = DirectoryEntry.encode(entry);
  new DataView(encoded.buffer).setUint32(60, crc32(encoded.subarray(0, 60)));
  return encoded;
}

/** The entry at `offset`, or undefined when it does not have its checksum. */
export function decodeEntry(page: Uint8Array, offset: number): Entry | undefined {
  const { entryCrc, ...entry } = DirectoryEntry.decode(page, offset);
  return entryCrc === crc32(page.subarray(offset, offset + 60)) ? entry : undefined;
}

/** The header of a new directory file. */
export function encodeDirectoryHeader(tag: Uint8Array): Uint8Array {
  const encoded = DirectoryHeader.encode({ version: directoryVersion, tag });
  new DataView(encoded.buffer).setUint32(60, crc32(encoded.subarray(0, 60)));
  return encoded;
}

/** Refuses what is not the directory of this cartridge: `store.file-damaged`, `store.format-newer`. */
export function checkDirectoryHeader(path: string, header: Uint8Array, tag: Uint8Array): void {
  const damaged = (reason: string): Error => storeFault("file-damaged", { path, offset: 0, reason });
  if (header.byteLength < DirectoryHeader.size) throw damaged("the header is cut");
  const value = DirectoryHeader.decode(header);
  if (DirectoryHeader.check(header)?.byte === 0) throw damaged("it is no directory");
  if (value.headerCrc !== crc32(header.subarray(0, 60))) throw damaged("the header does not have its checksum");
  if (value.version > directoryVersion) {
    throw storeFault("format-newer", { path, version: value.version, supported: directoryVersion });
  }
  if (!equalBytes(value.tag, tag)) throw damaged("it is the directory of another cartridge");
}

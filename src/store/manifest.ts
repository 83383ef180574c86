// SPDX-License-Identifier: Apache-2.0
// What a manifest says: all that is needed to have a cartridge again from the bucket. It names the parts of the
// directory, which later manifests go on to use as long as they are the same, and carries the entries behind them
// itself, so that its cost does not grow with the tape. docs/FORMATS.md describes it. It does no I/O.

import {
  asError,
  bytesFromHex,
  bytesFromText,
  concatBytes,
  hexFromBytes,
  type Instant,
  textFromBytes,
} from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import {
  checkDirectoryHeader,
  decodeEntry,
  encodeDirectoryHeader,
  encodeEntry,
  type Entry,
  entrySize,
} from "./directory-entry.ts";
import { storeFault } from "./faults.ts";
import type { Parent } from "./head.ts";
import type { ObjectKey, StorageClass } from "./object-store.ts";
import type { CartridgeDescription, LostRange } from "./types.ts";

/** Version that this release writes, and the newest that it reads. */
export const manifestVersion = 2;

/** An immutable part of a directory. */
export interface DirectoryPart {
  readonly key: ObjectKey;
  readonly entries: number;
  readonly crc32: number;
}

/** What a manifest says. It is an object of JSON text. */
export interface Manifest {
  readonly format: number;
  readonly cartridge: string;
  /** Epoch of who wrote it; in version 1 it is absent and 0. */
  readonly epoch: number;
  readonly number: number;
  readonly at: Instant;
  readonly description: CartridgeDescription;
  readonly tag: string;
  readonly generation: number;
  readonly segments: number;
  readonly objects: number;
  readonly files: number;
  readonly bytes: number;
  readonly storedBytes: number;
  /** Number of the segment that follows the last one. */
  readonly nextSegment: number;
  readonly storageClass: StorageClass;
  /** Of a clone: whose segments it shares, as in its head. */
  readonly parents?: readonly Parent[];
  /** Objects that cannot be read any more, as in its head. */
  readonly lost?: readonly LostRange[];
  /** Parts of the directory, in order. */
  readonly directory: readonly DirectoryPart[];
  /** The entries behind those parts, 128 hexadecimal digits each. */
  readonly tail: string;
}

/** The bytes of a manifest. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return bytesFromText(JSON.stringify(manifest));
}

/** The bytes of a part of a directory. Where segments are locally is nobody else's business. */
export function encodeDirectoryPart(tag: Uint8Array, entries: readonly Entry[]): Uint8Array {
  return concatBytes([encodeDirectoryHeader(tag), ...entries.map(encodeStoredEntry)]);
}

/** The tail of a manifest. */
export function encodeTail(entries: readonly Entry[]): string {
  return hexFromBytes(concatBytes(entries.map(encodeStoredEntry)));
}

const encodeStoredEntry = (entry: Entry): Uint8Array => encodeEntry({ ...entry, stored: true, local: false });

/** A manifest from its bytes. Faults `store.object-damaged`, `store.format-newer`. */
export function decodeManifest(key: ObjectKey, bytes: Uint8Array): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(textFromBytes(bytes));
  } catch (error) {
    throw storeFault("object-damaged", { key, reason: asError(error).message }, error);
  }
  if (isObject(value) && typeof value["format"] === "number" && value["format"] > manifestVersion) {
    throw storeFault("format-newer", { path: key, version: value["format"], supported: manifestVersion });
  }
  if (!isManifest(value)) throw storeFault("object-damaged", { key, reason: "it is no manifest" });
  return value.format === 1 ? { ...oldDefaults, ...value } : value;
}

/** What manifests of version 1 do not say; the entries of their directories do. */
const oldDefaults = { epoch: 0, number: 0, at: 0 as Instant, storedBytes: 0, nextSegment: 0, tail: "" } as const;

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isManifest(value: unknown): value is Manifest {
  if (!isObject(value)) return false;
  const { format, tag, description, directory, tail } = value;
  const counts = ["generation", "segments", "objects", "files", "bytes"];
  const newCounts = format === 1 ? [] : ["epoch", "number", "storedBytes", "nextSegment"];
  return (
    [...counts, ...newCounts].every((name) => Number.isSafeInteger(value[name])) &&
    (format === 1 || Number.isFinite(value["at"])) &&
    typeof tag === "string" &&
    /^[0-9a-f]{16}$/.test(tag) &&
    isObject(description) &&
    Array.isArray(directory) &&
    directory.every(isPart) &&
    (format === 1 || (typeof tail === "string" && /^([0-9a-f]{128})*$/.test(tail)))
  );
}

const isPart = (value: unknown): boolean =>
  isObject(value) &&
  typeof value["key"] === "string" &&
  Number.isSafeInteger(value["entries"]) &&
  Number.isSafeInteger(value["crc32"]);

/** The entries of a part that a manifest names. Faults `store.object-damaged`, `store.format-newer`. */
export function decodeDirectoryPart(part: DirectoryPart, tag: Uint8Array, bytes: Uint8Array): readonly Entry[] {
  const { key } = part;
  if (crc32(bytes) !== part.crc32) {
    throw storeFault("object-damaged", { key, reason: "it does not have the checksum that its manifest says" });
  }
  checkDirectoryHeader(key, bytes, tag);
  return entriesIn(key, bytes.subarray(entrySize), part.entries);
}

/** The entries of a manifest's tail. Fault `store.object-damaged`. */
export function decodeTail(key: ObjectKey, tail: string): readonly Entry[] {
  return entriesIn(key, bytesFromHex(tail), tail.length / (2 * entrySize));
}

function entriesIn(key: ObjectKey, bytes: Uint8Array, count: number): readonly Entry[] {
  if (bytes.byteLength !== count * entrySize) {
    throw storeFault("object-damaged", { key, reason: `it does not have ${count} entries` });
  }
  return Array.from({ length: count }, (_, index) => {
    const entry = decodeEntry(bytes, index * entrySize);
    if (entry !== undefined) return entry;
    throw storeFault("object-damaged", { key, reason: `entry ${index} does not have its checksum` });
  });
}

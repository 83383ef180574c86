// SPDX-License-Identifier: Apache-2.0
// What a cartridge's journal holds: facts that each carry the whole small state (the head) and the directory entries
// that changed, so that replaying one twice changes nothing. docs/FORMATS.md describes the JSON.

import { bytesFromHex, hexFromBytes } from "#base/index.ts";
import { decodeEntry, encodeEntry, type Entry } from "./directory-entry.ts";
import type { StorageClass } from "./object-store.ts";
import type { CartridgeId, LostRange } from "./types.ts";
import type { SegmentContent } from "./segment-format.ts";

/** Version that this release writes, and the newest that it reads. */
export const headVersion = 2;

/** What was known of the open segment when the cartridge was unloaded: a scan may begin behind it. */
export interface Resume extends SegmentContent {
  readonly segment: number;
}

/** A cartridge whose segments another one shares until it writes over them. */
export interface Parent {
  readonly id: CartridgeId;
  /** Segments with a number below this, and not below that of the parent before, are its. */
  readonly below: number;
  /** The class that they are in. */
  readonly storageClass: StorageClass;
}

/** Whose object a segment of a cartridge is: that of the first parent that it is not beyond, or its own. */
export function ownerOf(
  segment: number,
  { id, storageClass, parents = [] }: Pick<Parent, "id" | "storageClass"> & { readonly parents?: readonly Parent[] },
): Pick<Parent, "id" | "storageClass"> {
  return parents.find(({ below }) => segment < below) ?? { id, storageClass };
}

/** The small state of a cartridge. */
export interface Head {
  readonly format: number;
  /** Sixteen hexadecimal digits, in every record of the cartridge. */
  readonly tag: string;
  readonly generation: number;
  /** Entries of the directory that count. */
  readonly count: number;
  /** Number of the segment that is or will be open; also the first of its generation after a cut. */
  readonly nextSegment: number;
  /** Objects, filemarks and record bytes of all entries. */
  readonly objects: number;
  readonly files: number;
  readonly bytes: number;
  /** File bytes of entries that are in the object store, are not, and are on the local disk. */
  readonly storedBytes: number;
  /** Bytes of their objects, which are sealed and may be compressed. */
  readonly objectBytes: number;
  readonly dirtyBytes: number;
  readonly localBytes: number;
  /** All entries before this index are stored, and with them this many objects. */
  readonly storedCount: number;
  readonly storedObjects: number;
  /** Segments that a cut made dead and that may still have files or objects: first, and behind the last. */
  readonly garbage: readonly (readonly [number, number])[];
  readonly resume: Resume | null;
  /** Of a clone: whose segments it shares, in the order of their numbers. */
  readonly parents?: readonly Parent[];
  /** Manifests written so far, the epoch of the last one, and how many of its entries are still the same. */
  readonly manifests: number;
  readonly manifestEpoch: number;
  readonly manifestCount: number;
  readonly storageClass: StorageClass;
  /** Objects that cannot be read any more, in the order of their numbers; absent: none. */
  readonly lost?: readonly LostRange[];
  /** When storedCount last grew, in milliseconds since 1970. */
  readonly storedAt: number | null;
}

/** One fact of a cartridge's journal. */
export interface CartridgeFact {
  readonly head: Head;
  /** Index and the 64 bytes of each changed entry, in hexadecimal digits. */
  readonly entries: readonly (readonly [number, string])[];
}

/** The state of a blank cartridge. */
export function blankHead(tag: string): Head {
  return {
    format: headVersion,
    tag,
    generation: 1,
    count: 0,
    nextSegment: 1,
    objects: 0,
    files: 0,
    bytes: 0,
    storedBytes: 0,
    objectBytes: 0,
    dirtyBytes: 0,
    localBytes: 0,
    storedCount: 0,
    storedObjects: 0,
    garbage: [],
    resume: null,
    manifests: 0,
    manifestEpoch: 0,
    manifestCount: 0,
    storageClass: "STANDARD",
    storedAt: null,
  };
}

/** Something waits for upload, is dead and not deleted yet, or is not in the last manifest. */
export function hasWork({ dirtyBytes, garbage, storedCount, manifestCount }: Head): boolean {
  return dirtyBytes > 0 || garbage.length > 0 || storedCount !== manifestCount;
}

/** The fact that these entries changed and the head is now this. */
export function factOf(head: Head, entries: Iterable<readonly [number, Entry]>): CartridgeFact {
  return { head, entries: [...entries].map(([index, entry]) => [index, hexFromBytes(encodeEntry(entry))]) };
}

/** The entries of a fact. Throws when one is not whole. */
export function entriesOf(fact: CartridgeFact): readonly (readonly [number, Entry])[] {
  return fact.entries.map(([index, text]) => {
    const entry = decodeEntry(bytesFromHex(text), 0);
    if (entry === undefined) throw new RangeError(`entry ${index} does not have its checksum`);
    return [index, entry];
  });
}

const numbers = [
  "generation",
  "count",
  "nextSegment",
  "objects",
  "files",
  "bytes",
  "storedBytes",
  "objectBytes",
  "dirtyBytes",
  "localBytes",
  "storedCount",
  "storedObjects",
  "manifests",
] as const satisfies readonly (keyof Head)[];

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for a head of this version, or of version 1, which knew of fewer manifests. */
function isHead(value: unknown): value is Omit<Head, "manifestEpoch" | "manifestCount"> {
  if (!isObject(value)) throw new TypeError("a fact of a cartridge has a head");
  const { format } = value;
  if (typeof format !== "number" || format > headVersion) {
    throw new TypeError(`it has format version ${String(format)}; this release reads up to ${headVersion}`);
  }
  for (const name of numbers) {
    if (!Number.isSafeInteger(value[name]) || Number(value[name]) < 0) throw new TypeError(`${name} is a whole number`);
  }
  return typeof value["tag"] === "string" && /^[0-9a-f]{16}$/.test(value["tag"]) && Array.isArray(value["garbage"]);
}

/** A head of an earlier version in the words of this one. Version 1 knew objects only that are the files as they are. */
function upgraded(head: unknown): unknown {
  if (!isObject(head) || head["format"] !== 1) return head;
  return { ...head, format: headVersion, objectBytes: head["storedBytes"] };
}

/** Checks a parsed fact; the text of the error says what is wrong. */
export function decodeCartridgeFact(value: unknown): CartridgeFact {
  if (!isObject(value)) throw new TypeError("it is no fact of a cartridge");
  const { entries } = value;
  const head = upgraded(value["head"]);
  if (!isHead(head)) throw new TypeError("it is no fact of a cartridge");
  if (!Array.isArray(entries)) throw new TypeError("a fact of a cartridge has entries");
  const whole = { manifestEpoch: 0, manifestCount: 0, ...head, format: headVersion };
  const fact: CartridgeFact = { head: whole, entries: entries.map(decodeFactEntry) };
  entriesOf(fact);
  return fact;
}

function decodeFactEntry(value: unknown): readonly [number, string] {
  if (!Array.isArray(value)) throw new TypeError("an entry is an index and a text");
  const [index, text]: readonly unknown[] = value;
  if (typeof index !== "number" || typeof text !== "string") throw new TypeError("an entry is an index and a text");
  return [index, text];
}

// SPDX-License-Identifier: Apache-2.0
// How the folder object store lies on disk: an object's content in a `.data` file, and beside it a `.meta` file of one
// line of JSON with its checksum, which names the content file. The meta file is what makes an object exist.
// docs/FORMATS.md describes both. It does no I/O.

import { bytesFromText, hexFromBytes, type Instant } from "#base/index.ts";
import { allAbilities } from "./object-rules.ts";
import type { ObjectKey, ObjectVersion, Retention, StorageClass } from "./object-store.ts";
import { damagedFile, decodeLine, encodeLine } from "./small-file.ts";
import type { ThawRecord } from "./thaw-record.ts";

/** Version of the meta file that this release writes, and the newest that it reads. */
export const folderObjectVersion = 2;

/** What a meta file says. */
export interface ObjectMeta {
  /** Name of the content file, in the same folder. */
  readonly dataName: string;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly storageClass: StorageClass;
  readonly thaw: ThawRecord | undefined;
  /** Another one after every put. */
  readonly objectVersion: ObjectVersion;
  readonly retention: Retention | undefined;
  readonly legalHold: boolean;
}

const storageClasses: readonly string[] = allAbilities.classes;

/** The path, below the store's folder, of a key without its ending. Different keys have different paths. */
export function pathOfKey(key: string): string {
  return key
    .split("/")
    .map((part) =>
      // A folder must not look like one of our files, so a dot before such an ending is written in hexadecimal.
      part
        .replaceAll(/[^A-Za-z0-9._=+-]/g, (character) => percent(character))
        .replace(/\.(data|meta|new)$/, (ending) => `%2e${ending.slice(1)}`),
    )
    .join("/");
}

/** The key of such a path. */
export function keyOfPath(path: string): ObjectKey {
  return decodeURIComponent(path) as ObjectKey;
}

function percent(character: string): string {
  return hexFromBytes(bytesFromText(character)).replaceAll(/../g, (byte) => `%${byte}`);
}

/** The bytes of a meta file: JSON, a blank, its CRC32 as eight hexadecimal digits, a line feed. */
export function encodeMeta(meta: ObjectMeta): Uint8Array {
  return encodeLine({ version: folderObjectVersion, ...meta });
}

/** Reads a meta file. Faults `store.file-damaged`, `store.format-newer` name `path`. */
export function decodeMeta(path: string, bytes: Uint8Array): ObjectMeta {
  const meta = metaOf(decodeLine(path, bytes, folderObjectVersion));
  if (meta === undefined) throw damagedFile(path, "a field is missing or of the wrong kind");
  return meta;
}

function metaOf(value: Readonly<Record<string, unknown>>): ObjectMeta | undefined {
  const { dataName, sizeBytes, crc32: sum, storageClass, thaw } = value;
  if (typeof dataName !== "string" || typeof sizeBytes !== "number" || typeof sum !== "number") return undefined;
  if (typeof storageClass !== "string" || !storageClasses.includes(storageClass)) return undefined;
  const locks = value["version"] === 1 ? locksOfVersion1(dataName, sum) : locksOf(value);
  if (locks === undefined) return undefined;
  return { dataName, sizeBytes, crc32: sum, storageClass: storageClass as StorageClass, thaw: thawOf(thaw), ...locks };
}

type Locks = Pick<ObjectMeta, "objectVersion" | "retention" | "legalHold">;

/** Version 1 knows no locks; any put since makes a meta file of version 2, so that the name is no other content's. */
function locksOfVersion1(dataName: string, sum: number): Locks {
  return { objectVersion: `1-${sum}-${dataName}` as ObjectVersion, retention: undefined, legalHold: false };
}

/** Undefined when it is not what was written: a lock must not be lost to a reader that looks away. */
function locksOf({ objectVersion, retention, legalHold }: Readonly<Record<string, unknown>>): Locks | undefined {
  if (typeof objectVersion !== "string" || typeof legalHold !== "boolean") return undefined;
  const locks = { objectVersion: objectVersion as ObjectVersion, legalHold };
  if (retention === undefined) return { ...locks, retention: undefined };
  if (typeof retention !== "object" || retention === null || !("mode" in retention) || !("until" in retention)) {
    return undefined;
  }
  const { mode, until } = retention;
  if ((mode !== "GOVERNANCE" && mode !== "COMPLIANCE") || typeof until !== "number") return undefined;
  return { ...locks, retention: { mode, until: until as Instant } };
}

function thawOf(value: unknown): ThawRecord | undefined {
  if (typeof value !== "object" || value === null || !("readyAt" in value) || !("until" in value)) return undefined;
  const { readyAt, until } = value;
  if (typeof readyAt !== "number" || typeof until !== "number") return undefined;
  return { readyAt: readyAt as Instant, until: until as Instant };
}

// SPDX-License-Identifier: Apache-2.0
// How the folder object store lies on disk: an object's content in a `.data` file, and beside it a `.meta` file of one
// line of JSON with its checksum, which names the content file. The meta file is what makes an object exist.
// docs/FORMATS.md describes both. It does no I/O.

import { bytesFromText, hexFromBytes, textFromBytes, type Instant } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import { storeFault } from "./faults.ts";
import type { ObjectKey, StorageClass } from "./object-store.ts";
import type { ThawRecord } from "./thaw-record.ts";

/** Version of the meta file that this release writes, and the newest that it reads. */
export const folderObjectVersion = 1;

/** What a meta file says. */
export interface ObjectMeta {
  /** Name of the content file, in the same folder. */
  readonly dataName: string;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly storageClass: StorageClass;
  readonly thaw: ThawRecord | undefined;
}

const storageClasses: readonly string[] = [
  "STANDARD",
  "GLACIER_IR",
  "GLACIER",
  "DEEP_ARCHIVE",
] satisfies StorageClass[];

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
  const json = JSON.stringify({ version: folderObjectVersion, ...meta });
  return bytesFromText(`${json} ${crc32(bytesFromText(json)).toString(16).padStart(8, "0")}\n`);
}

/** Reads a meta file. Faults `store.file-damaged`, `store.format-newer` name `path`. */
export function decodeMeta(path: string, bytes: Uint8Array): ObjectMeta {
  const damaged = (reason: string): Error => storeFault("file-damaged", { path, offset: 0, reason });
  let text: string;
  try {
    text = textFromBytes(bytes);
  } catch {
    throw damaged("it is not text");
  }
  const match = /^(.*) ([0-9a-f]{8})\n$/s.exec(text);
  const json = match?.[1];
  if (json === undefined || crc32(bytesFromText(json)) !== Number.parseInt(match?.[2] ?? "", 16)) {
    throw damaged("its checksum does not match");
  }
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null || !("version" in value)) throw damaged("it has no version");
  if (typeof value.version === "number" && value.version > folderObjectVersion) {
    throw storeFault("format-newer", { path, version: value.version, supported: folderObjectVersion });
  }
  const meta = metaOf(value);
  if (meta === undefined) throw damaged("a field is missing or of the wrong kind");
  return meta;
}

function metaOf(value: object): ObjectMeta | undefined {
  const { dataName, sizeBytes, crc32: sum, storageClass, thaw } = value as Readonly<Record<string, unknown>>;
  if (typeof dataName !== "string" || typeof sizeBytes !== "number" || typeof sum !== "number") return undefined;
  if (typeof storageClass !== "string" || !storageClasses.includes(storageClass)) return undefined;
  return { dataName, sizeBytes, crc32: sum, storageClass: storageClass as StorageClass, thaw: thawOf(thaw) };
}

function thawOf(value: unknown): ThawRecord | undefined {
  if (typeof value !== "object" || value === null || !("readyAt" in value) || !("until" in value)) return undefined;
  const { readyAt, until } = value;
  if (typeof readyAt !== "number" || typeof until !== "number") return undefined;
  return { readyAt: readyAt as Instant, until: until as Instant };
}

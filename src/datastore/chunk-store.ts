// SPDX-License-Identifier: Apache-2.0
// The chunks of a datastore, by digest: `.chunks/<first 4 digits>/<64 digits>`. The time of last use of a chunk is data:
// whoever refers to a chunk renews it, and garbage collection goes by it.

import { hexFromBytes, limits } from "#base/index.ts";
import { readFully } from "#base/index.ts";
import { rangeSource } from "#pxar/index.ts";
import { type BlobKind, blobKindOf, checkBlob, isEncryptedKind } from "./data-blob.ts";
import { datastoreFault } from "./faults.ts";
import type { Files } from "./files.ts";

/** The folder of all chunks. */
export const chunksFolder = ".chunks";
/** Folders below it: one for each four hexadecimal digits. */
export const chunkFolderCount = 65_536;

/** The folder with this number. */
export const chunkFolder = (number: number): string => `${chunksFolder}/${number.toString(16).padStart(4, "0")}`;

/** Where a chunk lies. */
export function chunkPath(digest: Uint8Array): string {
  const hex = hexFromBytes(digest);
  return `${chunksFolder}/${hex.slice(0, 4)}/${hex}`;
}

/** Reads a whole small file. Faults `datastore.file-missing`, `datastore.damaged` when it is larger than `max`. */
export async function readWhole(files: Files, path: string, max: number): Promise<Uint8Array> {
  const file = await files.open(path);
  try {
    if (file.sizeBytes > max) throw datastoreFault("damaged", { what: path, reason: `it has ${file.sizeBytes} bytes` });
    const bytes = new Uint8Array(file.sizeBytes);
    const count = await readFully(rangeSource(file, 0, bytes.byteLength), bytes);
    return bytes.subarray(0, count);
  } finally {
    await file.close();
  }
}

/** Writes a whole small file under its name. */
export async function writeWhole(files: Files, path: string, bytes: Uint8Array): Promise<void> {
  const file = await files.create(path);
  try {
    await file.append(bytes);
  } catch (error) {
    await file.discard();
    throw error;
  }
  await file.commit();
}

/** What became of a chunk that was given to the store. */
export type ChunkInserted = "new" | "replaced" | "known";

/** The chunks of one datastore. */
export class ChunkStore {
  readonly #files: Files;

  constructor(files: Files) {
    this.#files = files;
  }

  /** A chunk as it is stored. Faults `datastore.chunk-missing`, `datastore.damaged`. */
  async read(digest: Uint8Array): Promise<Uint8Array> {
    const path = chunkPath(digest);
    if ((await this.#files.facts(path)) === undefined) {
      throw datastoreFault("chunk-missing", { digest: hexFromBytes(digest) });
    }
    const blob = await readWhole(this.#files, path, limits.dataBlob);
    checkBlob(blob, `the chunk ${hexFromBytes(digest)}`);
    return blob;
  }

  /** True when the chunk is there and not empty. */
  async has(digest: Uint8Array): Promise<boolean> {
    const facts = await this.#files.facts(chunkPath(digest));
    return facts !== undefined && facts.sizeBytes > 0;
  }

  /** Where the chunk lies on the disk; undefined when it is not there. */
  async inode(digest: Uint8Array): Promise<number | undefined> {
    return (await this.#files.facts(chunkPath(digest)))?.inode;
  }

  /** Renews the time of last use; false when the chunk is not there. */
  touch(digest: Uint8Array): Promise<boolean> {
    return this.#files.touch(chunkPath(digest));
  }

  /**
   * Stores a chunk that fits its digest. A chunk that is there is kept when it is as good, and replaced when it is empty or
   * larger. Fault `datastore.chunk-conflict` where one form must not take the place of the other.
   */
  async insert(digest: Uint8Array, blob: Uint8Array): Promise<ChunkInserted> {
    const path = chunkPath(digest);
    const kind = checkBlob(blob, `the chunk ${hexFromBytes(digest)}`);
    const present = await this.#files.facts(path);
    if (present !== undefined && present.sizeBytes > 0) {
      const isKept = present.sizeBytes === blob.byteLength || (await this.#isKept(digest, kind, blob.byteLength));
      if (isKept) {
        await this.#files.touch(path);
        return "known";
      }
    }
    await this.#files.makeFolder(path.slice(0, path.lastIndexOf("/")));
    await writeWhole(this.#files, path, blob);
    return present === undefined ? "new" : "replaced";
  }

  /** Decides about a chunk that is there with another size. */
  async #isKept(digest: Uint8Array, kind: BlobKind, size: number): Promise<boolean> {
    const file = await this.#files.open(chunkPath(digest));
    const head = new Uint8Array(12);
    const presentSize = file.sizeBytes;
    try {
      await readFully(rangeSource(file, 0, head.byteLength), head);
    } finally {
      await file.close();
    }
    const present = blobKindOf(head);
    const conflict = (reason: string): Error =>
      datastoreFault("chunk-conflict", { digest: hexFromBytes(digest), reason });
    if (!isEncryptedKind(kind)) return presentSize < size;
    if (present !== undefined && !isEncryptedKind(present)) throw conflict("it is not encrypted");
    if (kind === "encrypted" && present === "encrypted") throw conflict("it is encrypted and has another size");
    return true;
  }
}

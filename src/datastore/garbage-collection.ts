// SPDX-License-Identifier: Apache-2.0
// Garbage collection: renews the time of last use of every chunk that any index refers to, then removes the chunks that
// were not used since before a cutoff. For datastores that are ours: nobody else may write meanwhile without the locks.

import { bytesFromText, type EpochSeconds, hexFromBytes } from "#base/index.ts";
import { chunkFolder, chunkFolderCount, writeWhole } from "./chunk-store.ts";
import type { Datastore } from "./datastore.ts";

/** Chunks may have been written, and not be referred to yet, for so long. */
const graceSeconds = 24 * 3600 + 5 * 60;

/** What a collection did. */
export interface CollectionResult {
  readonly indexFiles: number;
  /** Chunks that an index names and that are not there: digests. */
  readonly missing: readonly string[];
  readonly chunks: number;
  readonly bytes: number;
  readonly removedChunks: number;
  readonly removedBytes: number;
  /** Not in use, and too young to be removed. */
  readonly pendingChunks: number;
  readonly pendingBytes: number;
}

/** How a collection goes on. */
export interface CollectionOptions {
  /** When it begins. */
  readonly now: EpochSeconds;
  /** The begin of the oldest backup that is running; its chunks stay. */
  readonly oldestWriter?: EpochSeconds;
  /** Asked between files; throws to end the collection. */
  check(): void;
}

/** Collects. The caller holds the datastore's lock for itself. */
export async function collectGarbage(store: Datastore, options: CollectionOptions): Promise<CollectionResult> {
  const { now, oldestWriter = now } = options;
  const marked = new Set<string>();
  const missing: string[] = [];
  let indexFiles = 0;
  for await (const path of indexPaths(store, "")) {
    options.check();
    indexFiles += 1;
    await markIndex(store, path, marked, missing);
  }
  const cutoff = Math.min(now - graceSeconds, oldestWriter - 5 * 60);
  const swept = await sweep(store, cutoff, marked, options);
  const result = { indexFiles, missing, ...swept };
  await writeWhole(store.files, ".gc-status", bytesFromText(statusText(result)));
  return result;
}

/** Every index below a folder, also outside of well-formed snapshots; hidden folders are left out. */
async function* indexPaths(store: Datastore, folder: string): AsyncGenerator<string> {
  for (const { name, isFolder } of await store.files.list(folder)) {
    if (name.startsWith(".")) continue;
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isFolder) yield* indexPaths(store, path);
    else if (/\.[fd]idx$/.test(name)) yield path;
  }
}

async function markIndex(store: Datastore, path: string, marked: Set<string>, missing: string[]): Promise<void> {
  const { index, file } = await store.openIndex(path);
  try {
    for (let number = 0; number < index.chunkCount; number++) {
      const { digest } = await index.chunk(number);
      const hex = hexFromBytes(digest);
      if (marked.has(hex)) continue;
      marked.add(hex);
      if (!(await store.chunks.touch(digest))) missing.push(hex);
    }
  } finally {
    await file.close();
  }
}

type Swept = Omit<CollectionResult, "indexFiles" | "missing">;

async function sweep(
  store: Datastore,
  cutoff: number,
  marked: ReadonlySet<string>,
  options: CollectionOptions,
): Promise<Swept> {
  const sum = { chunks: 0, bytes: 0, removedChunks: 0, removedBytes: 0, pendingChunks: 0, pendingBytes: 0 };
  for (let number = 0; number < chunkFolderCount; number++) {
    options.check();
    const folder = chunkFolder(number);
    for (const { name, isFolder } of await store.files.list(folder)) {
      if (isFolder || !/^[0-9a-f]{64}$/.test(name)) continue;
      const path = `${folder}/${name}`;
      const facts = await store.files.facts(path);
      if (facts === undefined) continue;
      if (!marked.has(name) && facts.atime < cutoff) {
        await store.files.remove(path);
        sum.removedChunks += 1;
        sum.removedBytes += facts.sizeBytes;
        continue;
      }
      sum.chunks += 1;
      sum.bytes += facts.sizeBytes;
      if (marked.has(name)) continue;
      sum.pendingChunks += 1;
      sum.pendingBytes += facts.sizeBytes;
    }
  }
  return sum;
}

/** The line that Proxmox keeps of the last collection. */
function statusText(result: CollectionResult): string {
  return JSON.stringify({
    upid: null,
    "index-file-count": result.indexFiles,
    "index-data-bytes": 0,
    "disk-bytes": result.bytes,
    "disk-chunks": result.chunks,
    "removed-bytes": result.removedBytes,
    "removed-chunks": result.removedChunks,
    "pending-bytes": result.pendingBytes,
    "pending-chunks": result.pendingChunks,
    "removed-bad": 0,
    "still-bad": 0,
  });
}

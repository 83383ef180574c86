// SPDX-License-Identifier: Apache-2.0
// The folder that the demonstration writes: walked for a tar stream, and compared with what came back from tape.

import { lstatSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { asError, isFault } from "#base/index.ts";
import { mainFault } from "./faults.ts";
import type { TarEntry, TarItem, TarSource } from "./tar.ts";

/** A tree as it was when it was looked at. */
export interface Tree {
  readonly folder: string;
  /** In the order of the walk; folders before what is in them. */
  readonly entries: readonly TarEntry[];
  readonly totalBytes: number;
  /** Devices, sockets, pipes and what cannot be read: left out, by name. */
  readonly leftOut: readonly string[];
}

/** How a tree differs from what came back. */
export interface Comparison {
  readonly files: number;
  /** Sentences; empty when all is equal. */
  readonly differences: readonly string[];
}

/** Walks a folder. Fault `main.bad-folder`. */
export async function walkTree(folder: string): Promise<Tree> {
  const entries: TarEntry[] = [];
  const leftOut: string[] = [];
  let totalBytes = 0;
  const waiting = [""];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    for (const name of await namesIn(folder, path)) {
      const child = path === "" ? name : `${path}/${name}`;
      const stats = lstatSync(join(folder, child), { throwIfNoEntry: false });
      const entry = stats === undefined ? undefined : entryOf(folder, child, stats);
      if (entry === undefined) {
        leftOut.push(child);
        continue;
      }
      entries.push(entry);
      totalBytes += entry.sizeBytes;
      if (entry.kind === "folder") waiting.push(child);
    }
  }
  return { folder, entries, totalBytes, leftOut };
}

async function namesIn(folder: string, path: string): Promise<readonly string[]> {
  try {
    return (await readdir(join(folder, path))).toSorted();
  } catch (error) {
    throw mainFault("bad-folder", { folder: join(folder, path), reason: asError(error).message }, error);
  }
}

function entryOf(folder: string, path: string, stats: Stats): TarEntry | undefined {
  const common = { path, mode: stats.mode & 0o7777, modifiedAt: Math.max(0, Math.floor(stats.mtimeMs / 1000)) };
  if (stats.isDirectory()) return { ...common, kind: "folder", sizeBytes: 0 };
  if (stats.isFile()) return { ...common, kind: "file", sizeBytes: stats.size };
  if (!stats.isSymbolicLink()) return undefined;
  return { ...common, kind: "link", sizeBytes: 0, linkTarget: readlinkSync(join(folder, path)) };
}

/** The tree as what `writeTar` takes. */
export async function* sourcesOf(tree: Tree): AsyncIterable<TarSource> {
  for (const entry of tree.entries) {
    yield entry.kind === "file" ? { ...entry, content: () => contentOf(tree, entry) } : entry;
  }
}

/** Smaller files are read at once: waiting for the thread pool three times costs more than they do. */
const smallFile = 64 * 1024;
const pieceSize = 1024 * 1024;

/** A file's content; reading never goes beyond the size that the walk saw, so that a growing file stays what it was. */
async function* contentOf(tree: Tree, entry: TarEntry): AsyncIterable<Uint8Array> {
  if (entry.sizeBytes === 0) return;
  const path = join(tree.folder, entry.path);
  try {
    if (entry.sizeBytes <= smallFile) yield readFileSync(path).subarray(0, entry.sizeBytes);
    else yield* piecesOf(path, entry.sizeBytes);
  } catch (error) {
    if (isFault(error)) throw error;
    throw mainFault("bad-folder", { folder: path, reason: asError(error).message }, error);
  }
}

async function* piecesOf(path: string, sizeBytes: number): AsyncIterable<Uint8Array> {
  const file = await open(path);
  // One memory for all pieces: both takers are done with a piece when they ask for the next.
  const memory = Buffer.allocUnsafeSlow(pieceSize);
  try {
    for (let offset = 0; offset < sizeBytes;) {
      const length = Math.min(pieceSize, sizeBytes - offset);
      const { bytesRead } = await file.read(memory, 0, length, offset);
      if (bytesRead === 0) return;
      offset += bytesRead;
      yield memory.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Compares the items that came back with the tree, byte by byte, reading both once. */
export async function compareTree(tree: Tree, items: AsyncIterable<TarItem>): Promise<Comparison> {
  const differences: string[] = [];
  let index = 0;
  let files = 0;
  for await (const { entry, content } of items) {
    const expected = tree.entries[index++];
    if (expected === undefined) differences.push(`${entry.path} came back but was never written`);
    else differences.push(...headDifferences(expected, entry));
    const isSameFile = expected?.kind === "file" && expected.path === entry.path;
    const difference = await contentDifference(entry, content, isSameFile ? contentOf(tree, expected) : undefined);
    if (difference !== undefined) differences.push(difference);
    if (entry.kind === "file") files++;
  }
  for (const missing of tree.entries.slice(index)) differences.push(`${missing.path} did not come back`);
  return { files, differences };
}

function headDifferences(expected: TarEntry, found: TarEntry): readonly string[] {
  const names = ["path", "kind", "mode", "modifiedAt", "sizeBytes", "linkTarget"] as const;
  return names
    .filter((name) => expected[name] !== found[name])
    .map((name) => `${expected.path}: ${name} is ${found[name] ?? "absent"} instead of ${expected[name] ?? "absent"}`);
}

/** Reads `content` to its end, whatever happens: the stream goes on behind it. */
async function contentDifference(
  entry: TarEntry,
  content: AsyncIterable<Uint8Array>,
  expected: AsyncIterable<Uint8Array> | undefined,
): Promise<string | undefined> {
  const wanted = expected?.[Symbol.asyncIterator]();
  let left: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  let offset = 0;
  let difference: string | undefined;
  for await (const piece of content) {
    let found: Buffer<ArrayBufferLike> = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    while (wanted !== undefined && difference === undefined && found.byteLength > 0) {
      if (left.byteLength === 0) {
        const next = await wanted.next();
        if (next.done === true) difference = `${entry.path}: the file on disk ends at byte ${offset}`;
        else left = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
        continue;
      }
      const length = Math.min(left.byteLength, found.byteLength);
      if (!left.subarray(0, length).equals(found.subarray(0, length))) {
        const at = found.findIndex((byte, index) => byte !== left[index]);
        difference = `${entry.path}: the content differs at byte ${offset + at}`;
      }
      left = left.subarray(length);
      found = found.subarray(length);
      offset += length;
    }
  }
  await wanted?.return?.();
  return difference;
}

// SPDX-License-Identifier: Apache-2.0
// Backs up a directory into a snapshot that is being written: an archive in version 1, `root.pxar.didx`, and its catalog.
// What vanishes or changes meanwhile is told of and does not end the backup.

import { bytesFromText, concatBytes, isFault } from "#base/index.ts";
import { CatalogWriter, memberTypeOf, PxarEncoder, shownName } from "#pxar/index.ts";
import { archiveChunks, catalogChunks } from "./chunker.ts";
import type { SnapshotWriter } from "./snapshot-writer.ts";
import type { SourceTree, TreeFacts, TreePath } from "./trees.ts";

/** Hears of what a backup does. */
export interface CreateProgress {
  /** A file is being read. */
  file(path: string, sizeBytes: number): void;
  /** Something could not be backed up as it is. */
  warn(text: string): void;
  /** Asked between files; throws to end the backup. */
  check(): void;
}

/** Archive and catalog of a directory. */
export const rootArchive = "root.pxar.didx";
export const snapshotCatalog = "catalog.pcat1.didx";

interface Walk {
  readonly tree: SourceTree;
  readonly encoder: PxarEncoder;
  readonly catalog: CatalogWriter;
  readonly progress: CreateProgress;
  /** Files with several names: where the first one was written. */
  readonly links: Map<string, { readonly place: number; readonly path: Uint8Array }>;
}

/** A path for people. */
export const treePathText = (path: TreePath): string => `/${path.map(shownName).join("/")}`;

/** Writes archive and catalog of a tree. The snapshot is not finished by it. */
export async function archiveTree(writer: SnapshotWriter, tree: SourceTree, progress: CreateProgress): Promise<void> {
  const archive = await writer.dynamicFile(rootArchive, archiveChunks);
  const catalogFile = await writer.dynamicFile(snapshotCatalog, catalogChunks);
  const encoder = new PxarEncoder({ sink: archive.sink });
  const catalog = new CatalogWriter(catalogFile.sink);
  const walk: Walk = { tree, encoder, catalog, progress, links: new Map() };
  await encoder.begin((await tree.facts([])).metadata);
  await catalog.begin();
  catalog.beginDirectory(bytesFromText(rootArchive));
  await members(walk, []);
  await catalog.endDirectory();
  await encoder.endDirectory();
  await catalog.finish();
  await archive.finish();
  await catalogFile.finish();
}

async function members(walk: Walk, path: TreePath): Promise<void> {
  const names = await tolerated(walk, path, () => walk.tree.list(path));
  for (const name of names ?? []) {
    walk.progress.check();
    const inner = [...path, name];
    const facts = await tolerated(walk, inner, () => walk.tree.facts(inner));
    if (facts !== undefined) await member(walk, inner, facts);
  }
}

async function member(walk: Walk, path: TreePath, facts: TreeFacts): Promise<void> {
  const { encoder, catalog, tree } = walk;
  const { metadata } = facts;
  const name = path.at(-1) ?? new Uint8Array(0);
  const type = memberTypeOf(metadata.mode);
  switch (type) {
    case "directory":
      await encoder.directory(name, metadata);
      catalog.beginDirectory(name);
      await members(walk, path);
      await catalog.endDirectory();
      return encoder.endDirectory();
    case "file":
      return file(walk, path, facts);
    case "symlink": {
      const target = await tolerated(walk, path, () => tree.readLink(path));
      if (target === undefined) return;
      await encoder.symlink(name, metadata, target);
      return catalog.add(type, name);
    }
    case "block-device":
    case "char-device":
      await encoder.device(name, metadata, { major: facts.major, minor: facts.minor });
      return catalog.add(type, name);
    case "fifo":
    case "socket":
      await encoder.special(name, metadata);
      return catalog.add(type, name);
    case undefined:
      return walk.progress.warn(`${treePathText(path)} is of a type that cannot be backed up`);
    default:
      return type satisfies never;
  }
}

async function file(walk: Walk, path: TreePath, facts: TreeFacts): Promise<void> {
  const { encoder, catalog, tree, progress, links } = walk;
  const name = path.at(-1) ?? new Uint8Array(0);
  const { metadata, sizeBytes, identity } = facts;
  const first = facts.linkCount > 1 ? links.get(identity) : undefined;
  if (first !== undefined) {
    await encoder.hardlink(name, first);
    return catalog.add("hardlink", name);
  }
  const content = await tolerated(walk, path, () => tree.open(path));
  if (content === undefined) return;
  progress.file(treePathText(path), sizeBytes);
  try {
    const source = steady(content, sizeBytes, (text) => progress.warn(`${treePathText(path)} ${text}`));
    const place = await encoder.file(name, metadata, sizeBytes, source);
    catalog.addFile(name, { sizeBytes: BigInt(sizeBytes), mtime: metadata.mtimeSeconds });
    if (facts.linkCount > 1) links.set(identity, { place, path: joinedPath(path) });
  } finally {
    await content.close();
  }
}

const joinedPath = (path: TreePath): Uint8Array =>
  concatBytes(path.flatMap((name, index) => (index === 0 ? [name] : [Uint8Array.of(0x2f), name])));

/** A source of exactly `sizeBytes`: a file that became shorter is filled with zeros, one that became longer is cut. */
function steady(content: { read(into: Uint8Array): Promise<number> }, sizeBytes: number, warn: (text: string) => void) {
  let left = sizeBytes;
  let isShort = false;
  return {
    read: async (into: Uint8Array): Promise<number> => {
      const room = into.subarray(0, Math.min(into.byteLength, left));
      if (room.byteLength === 0) return 0;
      const count = isShort ? 0 : await content.read(room);
      if (count === 0 && !isShort) {
        isShort = true;
        warn(`became shorter while it was read; the rest is zeros`);
      }
      if (isShort) room.fill(0);
      const given = isShort ? room.byteLength : count;
      left -= given;
      return given;
    },
  };
}

/** Undefined, and a warning, when a name vanished or cannot be read. */
async function tolerated<T>(walk: Walk, path: TreePath, use: () => Promise<T>): Promise<T | undefined> {
  try {
    return await use();
  } catch (error) {
    const isExpected = isFault(error, "datastore.file-missing") || isFault(error, "datastore.file-failed");
    if (!isExpected) throw error;
    walk.progress.warn(`${treePathText(path)} is left out: ${error.message}`);
    return undefined;
  }
}

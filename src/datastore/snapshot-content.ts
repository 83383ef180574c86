// SPDX-License-Identifier: Apache-2.0
// What is inside of a snapshot: listing directories of an archive, opening files, restoring trees, in version 1
// (`*.pxar.didx`) and version 2 (`*.mpxar.didx` with `*.ppxar.didx`) alike.

import { asDirectory, PxarTree, type PxarMember, type TreeDirectory, type TreeMember } from "#pxar/index.ts";
import type { Datastore } from "./datastore.ts";
import { snapshotPath, type SnapshotPlace } from "./names.ts";
import { treePathText } from "./snapshot-create.ts";
import { IndexedContent } from "./store-reader.ts";
import type { TargetTree, TreePath } from "./trees.ts";

/** An archive that is open. */
export interface OpenArchive {
  readonly tree: PxarTree;
  close(): Promise<void>;
}

/** Image or archive as a range of bytes. */
export interface OpenContent {
  readonly content: IndexedContent;
  close(): Promise<void>;
}

/** Opens the content of an index of a snapshot. `key`: of the client, when it is encrypted. */
export async function openContent(
  store: Datastore,
  place: SnapshotPlace,
  name: string,
  key?: Uint8Array,
): Promise<OpenContent> {
  const { index, file } = await store.openIndex(`${snapshotPath(place.namespace, place.snapshot)}/${name}`);
  return { content: new IndexedContent(index, store.chunks, key), close: () => file.close() };
}

/** The archives of a snapshot that can be browsed, by their names in the manifest. */
export async function archiveNames(store: Datastore, place: SnapshotPlace): Promise<readonly string[]> {
  const { files } = await store.manifest(place);
  return files.map(({ name }) => name).filter((name) => /\.m?pxar\.didx$/.test(name));
}

/** Opens an archive by its name in the manifest. */
export async function openArchive(
  store: Datastore,
  place: SnapshotPlace,
  name: string,
  key?: Uint8Array,
): Promise<OpenArchive> {
  const archive = await openContent(store, place, name, key);
  if (!name.endsWith(".mpxar.didx")) return { tree: new PxarTree(archive.content, name), close: () => archive.close() };
  const payloadName = name.replace(/\.mpxar\.didx$/, ".ppxar.didx");
  let payload: OpenContent;
  try {
    payload = await openContent(store, place, payloadName, key);
  } catch (error) {
    await archive.close();
    throw error;
  }
  return {
    tree: new PxarTree(archive.content, name, payload.content),
    close: async () => {
      await archive.close();
      await payload.close();
    },
  };
}

/** Hears of what a restore does. */
export interface ExtractProgress {
  member(path: string): void;
  warn(text: string): void;
  check(): void;
}

interface Extraction {
  readonly tree: PxarTree;
  readonly target: TargetTree;
  readonly progress: ExtractProgress;
  /** Files that were restored, by their place in the archive: what hard links lead to. */
  readonly restored: Map<number, TreePath>;
}

/** Restores a member, and all below it, as `path` of the target. */
export async function extractMember(
  tree: PxarTree,
  place: TreeMember,
  target: TargetTree,
  progress: ExtractProgress,
): Promise<void> {
  const extraction: Extraction = { tree, target, progress, restored: new Map() };
  const directory = asDirectory(place);
  if (directory === undefined) return extract(extraction, [place.member.name], place);
  await extractInside(extraction, [], directory);
  await target.setMetadata([], directory.member.metadata);
}

async function extractInside(extraction: Extraction, path: TreePath, directory: TreeDirectory): Promise<void> {
  for (const inner of await extraction.tree.list(directory)) {
    extraction.progress.check();
    await extract(extraction, [...path, inner.member.name], inner);
  }
}

async function extract(extraction: Extraction, path: TreePath, place: TreeMember): Promise<void> {
  const { tree, target, progress, restored } = extraction;
  const { member } = place;
  progress.member(treePathText(path));
  const directory = asDirectory(place);
  if (directory !== undefined) {
    await target.makeFolder(path);
    await extractInside(extraction, path, directory);
    return target.setMetadata(path, directory.member.metadata);
  }
  switch (member.type) {
    case "file":
      return file(extraction, path, member);
    case "symlink":
      await target.makeLink(path, member.target);
      return target.setMetadata(path, member.metadata);
    case "hardlink": {
      const first = restored.get(member.targetStart);
      if (first !== undefined) return target.makeHardLink(path, first);
      const linked = await tree.target(member);
      if (linked.type === "file") return file(extraction, path, linked);
      return progress.warn(`${treePathText(path)} is a hard link to a ${linked.type} and is left out`);
    }
    case "block-device":
    case "char-device":
    case "fifo":
    case "socket":
      return progress.warn(`${treePathText(path)} is a ${member.type} and is left out`);
    case "directory":
      return undefined;
    default:
      return member satisfies never;
  }
}

async function file(
  extraction: Extraction,
  path: TreePath,
  member: PxarMember & { readonly type: "file" },
): Promise<void> {
  const { tree, target, restored } = extraction;
  await target.writeFile(path, tree.content(member));
  await target.setMetadata(path, member.metadata);
  restored.set(member.start, path);
}

/** Closes what was opened, also when using it fails. */
export async function withArchive<T>(archive: OpenArchive, use: (tree: PxarTree) => Promise<T>): Promise<T> {
  try {
    return await use(archive.tree);
  } finally {
    await archive.close();
  }
}

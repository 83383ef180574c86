// SPDX-License-Identifier: Apache-2.0
// Simulated files of a datastore, and simulated trees of files to back up and to restore into. In memory, with times from
// the simulated clock.

import {
  type ByteSource,
  type Clock,
  concatBytes,
  type EpochSeconds,
  epochSeconds,
  readFully,
  sourceOf,
} from "#base/index.ts";
import {
  datastoreFault,
  type FileFacts,
  type Files,
  type FolderEntry,
  type NewFile,
  type OpenFile,
  type SourceTree,
  type TargetTree,
  type TreeFacts,
  type TreeFile,
  type TreePath,
} from "#datastore/index.ts";
import { memberTypeOf, plainMetadata, type PxarMetadata } from "#pxar/index.ts";

interface StoredNode {
  content: Uint8Array;
  atime: EpochSeconds;
  readonly mtime: EpochSeconds;
  readonly inode: number;
}

/** Files in memory. */
export class SimFiles implements Files {
  readonly #clock: Clock;
  readonly #files = new Map<string, StoredNode>();
  readonly #folders = new Set<string>([""]);
  #lastInode = 0;
  /** Bytes that may still be written; for disks that become full. */
  freeBytes = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  facts(path: string): Promise<FileFacts | undefined> {
    const file = this.#files.get(path);
    const owner = { uid: 34, gid: 34 };
    const now = this.#now();
    if (file !== undefined) {
      const { content, atime, mtime, inode } = file;
      const sizeBytes = content.byteLength;
      return Promise.resolve({ type: "file", sizeBytes, mode: 0o100644, ...owner, mtime, atime, inode });
    }
    if (!this.#folders.has(path)) return Promise.resolve(undefined);
    return Promise.resolve({ type: "folder", sizeBytes: 0, mode: 0o40755, ...owner, mtime: now, atime: now, inode: 0 });
  }

  open(path: string): Promise<OpenFile> {
    const file = this.#files.get(path);
    if (file === undefined) return Promise.reject(datastoreFault("file-missing", { path }));
    const { content } = file;
    return Promise.resolve({
      sizeBytes: content.byteLength,
      readAt: (offset, into) => {
        const part = content.subarray(offset, offset + into.byteLength);
        into.set(part);
        return Promise.resolve(part.byteLength);
      },
      close: () => Promise.resolve(),
    });
  }

  create(path: string): Promise<NewFile> {
    if (!this.#folders.has(folderOf(path))) return Promise.reject(datastoreFault("file-missing", { path }));
    const parts: Uint8Array[] = [];
    const changes: { offset: number; bytes: Uint8Array }[] = [];
    return Promise.resolve({
      append: (bytes) => {
        if (bytes.byteLength > this.freeBytes) return Promise.reject(datastoreFault("disk-full", { path }));
        this.freeBytes -= bytes.byteLength;
        parts.push(bytes.slice());
        return Promise.resolve();
      },
      rewrite: (offset, bytes) => {
        changes.push({ offset, bytes: bytes.slice() });
        return Promise.resolve();
      },
      commit: () => {
        const content = concatBytes(parts);
        for (const { offset, bytes } of changes) content.set(bytes, offset);
        this.put(path, content);
        return Promise.resolve();
      },
      discard: () => Promise.resolve(),
    });
  }

  /** Puts a file there without further ado: what a test finds on the disk. */
  put(path: string, content: Uint8Array): void {
    this.#lastInode += 1;
    this.#addFolders(folderOf(path));
    this.#files.set(path, { content, atime: this.#now(), mtime: this.#now(), inode: this.#lastInode });
  }

  /** Paths of all files. */
  get paths(): readonly string[] {
    return Array.from(this.#files.keys()).toSorted();
  }

  list(folder: string): Promise<readonly FolderEntry[]> {
    const inside = (path: string): boolean => path !== "" && folderOf(path) === folder;
    const nameOf = (path: string): string => path.slice(folder === "" ? 0 : folder.length + 1);
    const folders = Array.from(this.#folders).filter(inside);
    const files = Array.from(this.#files.keys()).filter(inside);
    const entries = [
      ...folders.map((path) => ({ name: nameOf(path), isFolder: true })),
      ...files.map((path) => ({ name: nameOf(path), isFolder: false })),
    ];
    return Promise.resolve(entries.toSorted((left, right) => (left.name < right.name ? -1 : 1)));
  }

  makeFolder(path: string): Promise<void> {
    this.#addFolders(path);
    return Promise.resolve();
  }

  touch(path: string): Promise<boolean> {
    const file = this.#files.get(path);
    if (file !== undefined) file.atime = this.#now();
    return Promise.resolve(file !== undefined);
  }

  rename(from: string, to: string): Promise<void> {
    const file = this.#files.get(from);
    if (file === undefined) return Promise.reject(datastoreFault("file-missing", { path: from }));
    this.#files.delete(from);
    this.#files.set(to, file);
    return Promise.resolve();
  }

  remove(path: string): Promise<void> {
    this.#files.delete(path);
    return Promise.resolve();
  }

  removeFolder(path: string): Promise<void> {
    const isInside = (other: string): boolean => other === path || other.startsWith(`${path}/`);
    for (const file of this.#files.keys()) if (isInside(file)) this.#files.delete(file);
    for (const folder of this.#folders) if (isInside(folder)) this.#folders.delete(folder);
    return Promise.resolve();
  }

  #addFolders(path: string): void {
    for (let folder = path; folder !== ""; folder = folderOf(folder)) this.#folders.add(folder);
  }

  #now(): EpochSeconds {
    return epochSeconds(this.#clock.now());
  }
}

const folderOf = (path: string): string => path.slice(0, Math.max(path.lastIndexOf("/"), 0));

interface TreeNode {
  metadata: PxarMetadata;
  content: Uint8Array;
  readonly identity: string;
}

/** A tree of files in memory: a source and a target. Paths in its own methods are text. */
export class SimTree implements SourceTree, TargetTree {
  readonly #nodes = new Map<string, TreeNode>([["", node(plainMetadata(0o40755), "")]]);
  #count = 0;

  /** Adds a regular file, or replaces it. */
  addFile(path: string, content: Uint8Array, metadata: PxarMetadata = plainMetadata(0o100644)): void {
    this.#add(path, metadata, content);
  }

  addFolder(path: string, metadata: PxarMetadata = plainMetadata(0o40755)): void {
    this.#add(path, metadata, new Uint8Array(0));
  }

  addLink(path: string, target: string): void {
    this.#add(path, plainMetadata(0o120777), Buffer.from(target));
  }

  /** A second name. */
  link(path: string, to: string): void {
    this.#nodes.set(path, this.#node(to));
  }

  remove(path: string): void {
    this.#nodes.delete(path);
  }

  /** Everything, for comparing: path, mode, time, content in hexadecimal, number of names. */
  get description(): readonly string[] {
    return Array.from(this.#nodes, ([path, { metadata, content, identity }]) => {
      const { mode, uid, gid, mtimeSeconds } = metadata;
      const names = Array.from(this.#nodes.values()).filter((other) => other.identity === identity).length;
      return `/${path} ${mode.toString(8)} ${uid}:${gid} ${mtimeSeconds} ${Buffer.from(content).toString("hex")} x${names}`;
    }).toSorted();
  }

  facts(path: TreePath): Promise<TreeFacts> {
    const found = this.#find(path);
    if (found === undefined) return Promise.reject(datastoreFault("file-missing", { path: textOf(path) }));
    const { metadata, content, identity } = found;
    const linkCount = Array.from(this.#nodes.values()).filter((other) => other.identity === identity).length;
    return Promise.resolve({ metadata, sizeBytes: content.byteLength, identity, linkCount, major: 0n, minor: 0n });
  }

  list(path: TreePath): Promise<readonly Uint8Array[]> {
    const folder = textOf(path);
    const names = Array.from(this.#nodes.keys())
      .filter((other) => other !== "" && folderOf(other) === folder)
      .map((other) => Buffer.from(other.slice(folder === "" ? 0 : folder.length + 1)));
    return Promise.resolve(names.toSorted((left, right) => Buffer.compare(left, right)));
  }

  readLink(path: TreePath): Promise<Uint8Array> {
    return Promise.resolve(this.#node(textOf(path)).content);
  }

  open(path: TreePath): Promise<TreeFile> {
    const found = this.#find(path);
    if (found === undefined) return Promise.reject(datastoreFault("file-missing", { path: textOf(path) }));
    return Promise.resolve({ ...sourceOf(found.content), close: () => Promise.resolve() });
  }

  makeFolder(path: TreePath): Promise<void> {
    return this.#make(path, plainMetadata(0o40700), new Uint8Array(0));
  }

  async writeFile(path: TreePath, content: ByteSource): Promise<void> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const piece = new Uint8Array(65_536);
      const count = await readFully(content, piece);
      if (count === 0) break;
      parts.push(piece.subarray(0, count));
    }
    await this.#make(path, plainMetadata(0o100600), concatBytes(parts));
  }

  makeLink(path: TreePath, target: Uint8Array): Promise<void> {
    return this.#make(path, plainMetadata(0o120777), target);
  }

  makeHardLink(path: TreePath, to: TreePath): Promise<void> {
    this.link(textOf(path), textOf(to));
    return Promise.resolve();
  }

  setMetadata(path: TreePath, metadata: PxarMetadata): Promise<void> {
    const found = this.#node(textOf(path));
    if (memberTypeOf(found.metadata.mode) === memberTypeOf(metadata.mode)) found.metadata = metadata;
    return Promise.resolve();
  }

  #make(path: TreePath, metadata: PxarMetadata, content: Uint8Array): Promise<void> {
    const text = textOf(path);
    if (this.#nodes.has(text))
      return Promise.reject(datastoreFault("file-failed", { path: text, reason: "it exists" }));
    this.#add(text, metadata, content);
    return Promise.resolve();
  }

  #add(path: string, metadata: PxarMetadata, content: Uint8Array): void {
    this.#count += 1;
    this.#nodes.set(path, { metadata, content, identity: String(this.#count) });
  }

  #find(path: TreePath): TreeNode | undefined {
    return this.#nodes.get(textOf(path));
  }

  #node(path: string): TreeNode {
    const found = this.#nodes.get(path);
    if (found === undefined) throw datastoreFault("file-missing", { path });
    return found;
  }
}

function node(metadata: PxarMetadata, identity: string): TreeNode {
  return { metadata, content: new Uint8Array(0), identity };
}

const textOf = (path: TreePath): string => path.map((name) => Buffer.from(name).toString()).join("/");

// SPDX-License-Identifier: Apache-2.0
// Port: the files of a datastore. Paths are relative to its folder, with "/" between names. The real adapter works in a
// folder of the file system, so that Proxmox finds what it expects there; the simulated one in memory.

import type { EpochSeconds } from "#base/index.ts";
import type { ByteRange } from "#pxar/index.ts";

/** What is known of a path. */
export interface FileFacts {
  readonly type: "file" | "folder" | "other";
  readonly sizeBytes: number;
  /** Type and permissions as in stat. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: EpochSeconds;
  /** When it was used last. In a datastore this is data: garbage collection goes by it. */
  readonly atime: EpochSeconds;
  /** Where it lies, for reading in the order of the disk. */
  readonly inode: number;
}

/** A file that is read. */
export interface OpenFile extends ByteRange {
  close(): Promise<void>;
}

/** A file that is being written under another name. */
export interface NewFile {
  /** Writes at the end. */
  append(bytes: Uint8Array): Promise<void>;
  /** Replaces bytes that were written before. */
  rewrite(offset: number, bytes: Uint8Array): Promise<void>;
  /** The content survives a crash and has its name, in the place of what had it before. */
  commit(): Promise<void>;
  /** It never was. */
  discard(): Promise<void>;
}

/** A name in a folder. */
export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** Port: files. Faults: `datastore.file-missing`, `datastore.file-failed`, `datastore.disk-full`. */
export interface Files {
  /** Undefined when there is nothing. */
  facts(path: string): Promise<FileFacts | undefined>;
  open(path: string): Promise<OpenFile>;
  /** Begins a file under a temporary name in the same folder, which must exist. */
  create(path: string): Promise<NewFile>;
  /** Names in a folder, sorted; an absent folder is empty. */
  list(folder: string): Promise<readonly FolderEntry[]>;
  /** Makes a folder and its parents. */
  makeFolder(path: string): Promise<void>;
  /** Sets the time of last use to now and no other time; false when there is no such file. */
  touch(path: string): Promise<boolean>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is not there is no error. */
  remove(path: string): Promise<void>;
  /** Removes a folder with all that is in it; one that is not there is no error. */
  removeFolder(path: string): Promise<void>;
}

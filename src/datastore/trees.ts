// SPDX-License-Identifier: Apache-2.0
// Ports: a tree of files that is backed up, and one that is restored into. Paths are lists of names, names are bytes: what
// Linux allows must survive.

import type { ByteSource } from "#base/index.ts";
import type { PxarMetadata } from "#pxar/index.ts";

/** A path below the root of a tree; the root is the empty list. */
export type TreePath = readonly Uint8Array[];

/** What is known of a member of a tree. Extended attributes are as far as the adapter can read them. */
export interface TreeFacts {
  readonly metadata: PxarMetadata;
  readonly sizeBytes: number;
  /** Device and number: two names with the same pair are one file. */
  readonly identity: string;
  readonly linkCount: number;
  /** Of a device node. */
  readonly major: bigint;
  readonly minor: bigint;
}

/** A file that is read; it may become shorter or longer meanwhile. */
export interface TreeFile extends ByteSource {
  close(): Promise<void>;
}

/** Port: what is backed up. Faults `datastore.file-missing`, `datastore.file-failed`. */
export interface SourceTree {
  /** Of the name itself: links are not followed. */
  facts(path: TreePath): Promise<TreeFacts>;
  /** Names in a folder, in the order of their bytes. */
  list(path: TreePath): Promise<readonly Uint8Array[]>;
  readLink(path: TreePath): Promise<Uint8Array>;
  /** Opens a regular file, never through a link. */
  open(path: TreePath): Promise<TreeFile>;
}

/**
 * Port: where files are restored. Nothing that is there is overwritten or followed: a name that exists is Fault
 * `datastore.file-failed`.
 */
export interface TargetTree {
  makeFolder(path: TreePath): Promise<void>;
  writeFile(path: TreePath, content: ByteSource): Promise<void>;
  makeLink(path: TreePath, target: Uint8Array): Promise<void>;
  /** A second name for a file that was restored before. */
  makeHardLink(path: TreePath, to: TreePath): Promise<void>;
  /** Owner, mode and times, as far as the process may; called last, for folders after what is in them. */
  setMetadata(path: TreePath, metadata: PxarMetadata): Promise<void>;
}

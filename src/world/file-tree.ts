// SPDX-License-Identifier: Apache-2.0
// A folder of the local file system as a tree that is backed up, or restored into. Names are bytes all the way. Extended
// attributes and access control lists cannot be read with Node's own modules; they are left out.

import { constants } from "node:fs";
import {
  chmod,
  type FileHandle,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  open,
  readdir,
  readlink,
  symlink,
} from "node:fs/promises";
import type { ByteSource } from "#base/index.ts";
import type { SourceTree, TargetTree, TreeFacts, TreeFile, TreePath } from "#datastore/index.ts";
import type { Acl, PxarMetadata } from "#pxar/index.ts";
import { type DatastoreFaults, datastoreFaultOf } from "./store-files.ts";

const noAcl: Acl = {
  users: [],
  groups: [],
  groupObject: undefined,
  default: undefined,
  defaultUsers: [],
  defaultGroups: [],
};
const typeMask = 0o170000;
const symlinkType = 0o120000;
const nanoseconds = 1_000_000_000n;

/** A folder. */
export class FolderTree implements SourceTree, TargetTree {
  readonly #root: Uint8Array;
  readonly #faults: DatastoreFaults;
  readonly #isPrivileged: boolean;

  constructor(root: string, faults: DatastoreFaults) {
    this.#root = Buffer.from(root);
    this.#faults = faults;
    this.#isPrivileged = process.getuid?.() === 0;
  }

  facts(path: TreePath): Promise<TreeFacts> {
    return this.#run(path, async (whole) => {
      const stats = await lstat(whole, { bigint: true });
      const mtimeNanoseconds = ((stats.mtimeNs % nanoseconds) + nanoseconds) % nanoseconds;
      const metadata: PxarMetadata = {
        mode: Number(stats.mode),
        flags: 0n,
        uid: Number(stats.uid),
        gid: Number(stats.gid),
        mtimeSeconds: (stats.mtimeNs - mtimeNanoseconds) / nanoseconds,
        mtimeNanoseconds: Number(mtimeNanoseconds),
        xattrs: [],
        acl: noAcl,
        fileCapabilities: undefined,
        quotaProject: undefined,
      };
      return {
        metadata,
        sizeBytes: Number(stats.size),
        identity: `${stats.dev}:${stats.ino}`,
        linkCount: Number(stats.nlink),
        // How Linux packs the two numbers of a device into one.
        major: ((stats.rdev >> 8n) & 0xfffn) | ((stats.rdev >> 32n) & ~0xfffn),
        minor: (stats.rdev & 0xffn) | ((stats.rdev >> 12n) & ~0xffn),
      };
    });
  }

  list(path: TreePath): Promise<readonly Uint8Array[]> {
    return this.#run(path, async (whole) => {
      const names = await readdir(whole, { encoding: "buffer" });
      return names.toSorted((left, right) => Buffer.compare(left, right));
    });
  }

  readLink(path: TreePath): Promise<Uint8Array> {
    return this.#run(path, (whole) => readlink(whole, { encoding: "buffer" }));
  }

  open(path: TreePath): Promise<TreeFile> {
    return this.#run(path, async (whole) => {
      const handle = await open(whole, constants.O_RDONLY | constants.O_NOFOLLOW);
      return {
        read: (into) => this.#run(path, async () => (await handle.read(into, 0, into.byteLength)).bytesRead),
        close: () => handle.close(),
      };
    });
  }

  makeFolder(path: TreePath): Promise<void> {
    return this.#run(path, (whole) => mkdir(whole, { mode: 0o700 }));
  }

  writeFile(path: TreePath, content: ByteSource): Promise<void> {
    return this.#run(path, async (whole) => {
      const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
      const handle = await open(whole, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      try {
        await copy(content, handle);
      } finally {
        await handle.close();
      }
    });
  }

  makeLink(path: TreePath, target: Uint8Array): Promise<void> {
    return this.#run(path, (whole) => symlink(Buffer.from(target), whole));
  }

  makeHardLink(path: TreePath, to: TreePath): Promise<void> {
    return this.#run(path, (whole) => link(this.#whole(to), whole));
  }

  setMetadata(path: TreePath, metadata: PxarMetadata): Promise<void> {
    return this.#run(path, async (whole) => {
      const { mode, uid, gid, mtimeSeconds, mtimeNanoseconds } = metadata;
      // Only root may give files away; everybody else restores them as their own.
      if (this.#isPrivileged) await lchown(whole, uid, gid);
      if ((mode & typeMask) !== symlinkType) await chmod(whole, mode & 0o7777);
      const time = Number(mtimeSeconds) + mtimeNanoseconds / 1e9;
      await lutimes(whole, time, time);
    });
  }

  #whole(path: TreePath): Buffer {
    return Buffer.concat([this.#root, ...path.flatMap((name) => [Buffer.from("/"), name])]);
  }

  async #run<T>(path: TreePath, use: (whole: Buffer) => Promise<T>): Promise<T> {
    const whole = this.#whole(path);
    try {
      return await use(whole);
    } catch (error) {
      const isSystem = error instanceof Error && "syscall" in error;
      throw isSystem ? datastoreFaultOf(this.#faults, whole.toString("utf8"), error) : error;
    }
  }
}

async function copy(content: ByteSource, handle: FileHandle): Promise<void> {
  const piece = new Uint8Array(256 * 1024);
  for (let count = await content.read(piece); count > 0; count = await content.read(piece)) {
    for (let written = 0; written < count;) {
      written += (await handle.write(piece, written, count - written)).bytesWritten;
    }
  }
}

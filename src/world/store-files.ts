// SPDX-License-Identifier: Apache-2.0
// The files of a datastore in a folder of the local file system. Files get their name by rename, after they were synced.
// Node has no way to set one time of a file alone: renewing the time of use writes the other one back, to a fraction of a
// microsecond.

import { randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm, unlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { asError, type EpochSeconds } from "#base/index.ts";
import type { datastoreFault, FileFacts, Files, FolderEntry, NewFile, OpenFile } from "#datastore/index.ts";

/** Makes the faults of a datastore; a parameter because this room takes only types from there. */
export type DatastoreFaults = typeof datastoreFault;

/** What an error of the file system means for a datastore. */
export function datastoreFaultOf(faults: DatastoreFaults, path: string, thrown: unknown): Error {
  const error: NodeJS.ErrnoException = asError(thrown);
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return faults("file-missing", { path }, error);
  if (error.code === "ENOSPC" || error.code === "EDQUOT") return faults("disk-full", { path }, error);
  return faults("file-failed", { path, reason: error.message }, error);
}

const isMissing = (thrown: unknown): boolean => {
  const error: NodeJS.ErrnoException = asError(thrown);
  return error.code === "ENOENT" || error.code === "ENOTDIR";
};

/** Files below a folder. */
export class FolderFiles implements Files {
  readonly #root: string;
  readonly #faults: DatastoreFaults;

  constructor(root: string, faults: DatastoreFaults) {
    this.#root = root;
    this.#faults = faults;
  }

  async facts(path: string): Promise<FileFacts | undefined> {
    try {
      return factsOf(await lstat(this.#whole(path)));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw datastoreFaultOf(this.#faults, this.#whole(path), error);
    }
  }

  open(path: string): Promise<OpenFile> {
    return this.#run(path, async (whole) => {
      const handle = await open(whole, constants.O_RDONLY | constants.O_NOFOLLOW);
      const { size } = await handle.stat();
      return {
        sizeBytes: size,
        readAt: (offset, into) =>
          this.#run(path, async () => (await handle.read(into, 0, into.byteLength, offset)).bytesRead),
        close: () => handle.close(),
      };
    });
  }

  create(path: string): Promise<NewFile> {
    return this.#run(path, async (whole) => {
      const temporary = `${whole.replace(/(?<=[^/])\.[^./]*$/, "")}.tmp_${randomBytes(4).toString("hex")}`;
      const handle = await open(temporary, "wx", 0o644);
      return this.#newFile(path, temporary, handle);
    });
  }

  list(folder: string): Promise<readonly FolderEntry[]> {
    return this.#run(folder, async (whole) => {
      try {
        const entries = await readdir(whole, { withFileTypes: true });
        return entries
          .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
          .toSorted((left, right) => (left.name < right.name ? -1 : 1));
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    });
  }

  makeFolder(path: string): Promise<void> {
    return this.#run(path, async (whole) => void (await mkdir(whole, { recursive: true })));
  }

  touch(path: string): Promise<boolean> {
    return this.#run(path, async (whole) => {
      try {
        const { mtimeMs } = await lstat(whole);
        await utimes(whole, Date.now() / 1000, mtimeMs / 1000);
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#run(from, (whole) => rename(whole, this.#whole(to)));
  }

  remove(path: string): Promise<void> {
    return this.#run(path, (whole) => rm(whole, { force: true }));
  }

  removeFolder(path: string): Promise<void> {
    return this.#run(path, (whole) => rm(whole, { recursive: true, force: true }));
  }

  #newFile(path: string, temporary: string, handle: FileHandle): NewFile {
    let end = 0;
    const write = async (offset: number, bytes: Uint8Array): Promise<void> => {
      for (let written = 0; written < bytes.byteLength;) {
        const rest = bytes.byteLength - written;
        written += (await handle.write(bytes, written, rest, offset + written)).bytesWritten;
      }
    };
    return {
      append: (bytes) =>
        this.#run(path, async () => {
          await write(end, bytes);
          end += bytes.byteLength;
        }),
      rewrite: (offset, bytes) => this.#run(path, () => write(offset, bytes)),
      commit: () =>
        this.#run(path, async (whole) => {
          await handle.datasync();
          await handle.close();
          await rename(temporary, whole);
          const folder = await open(dirname(whole), "r");
          await folder.sync();
          await folder.close();
        }),
      discard: () =>
        this.#run(path, async () => {
          await handle.close();
          await unlink(temporary);
        }),
    };
  }

  #whole(path: string): string {
    return path === "" ? this.#root : join(this.#root, path);
  }

  async #run<T>(path: string, use: (whole: string) => Promise<T>): Promise<T> {
    const whole = this.#whole(path);
    try {
      return await use(whole);
    } catch (error) {
      throw datastoreFaultOf(this.#faults, whole, error);
    }
  }
}

function factsOf(stats: Stats): FileFacts {
  const { size, mode, uid, gid, mtimeMs, atimeMs, ino } = stats;
  return {
    type: stats.isFile() ? "file" : stats.isDirectory() ? "folder" : "other",
    sizeBytes: size,
    mode,
    uid,
    gid,
    mtime: Math.floor(mtimeMs / 1000) as EpochSeconds,
    atime: Math.floor(atimeMs / 1000) as EpochSeconds,
    inode: ino,
  };
}

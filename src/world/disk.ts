// SPDX-License-Identifier: Apache-2.0
// The disk port over node:fs: a folder of the local file system. Direct access (O_DIRECT) is tried once when the disk
// is opened. Nothing is decided here.

import * as fs from "node:fs";
import { constants } from "node:fs";
import { join } from "node:path";
import { allocatePages, type Fault } from "#base/index.ts";
import type { Disk, DiskFile, OpenOptions, storeFault } from "#store/index.ts";

/** Makes the faults of the store; a parameter because this room takes only types from the store. */
export type StoreFaults = typeof storeFault;

/** What direct access needs on every Linux file system that has it. */
const directAlignment = 4096;

interface Context {
  readonly root: string;
  readonly faults: StoreFaults;
}

function faultOf({ root, faults }: Context, operation: string, path: string, error: NodeJS.ErrnoException): Fault {
  const whole = join(root, path);
  switch (error.code) {
    case "ENOSPC":
    case "EDQUOT":
      return faults("disk-full", { path: whole }, error);
    case "ENOENT":
      return faults("file-missing", { path: whole }, error);
    case "EEXIST":
      return faults("file-exists", { path: whole }, error);
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return faults("disk-denied", { operation, path: whole }, error);
    case undefined:
    default:
      return faults("disk-failed", { operation, path: whole, reason: error.message }, error);
  }
}

type Callback<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

/** Calls `start` with a callback; its error becomes a Fault. */
function run<T>(context: Context, operation: string, path: string, start: (done: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === null || error === undefined) resolve(value);
      else reject(faultOf(context, operation, path, error));
    });
  });
}

class NodeDiskFile implements DiskFile {
  readonly #context: Context;
  readonly #path: string;
  readonly #handle: number;

  constructor(context: Context, path: string, handle: number) {
    this.#context = context;
    this.#path = path;
    this.#handle = handle;
  }

  async write(offset: number, parts: readonly Uint8Array[]): Promise<void> {
    let left = parts.filter((part) => part.byteLength > 0);
    let position = offset;
    while (left.length > 0) {
      const written = await this.#writeSome(position, left);
      position += written;
      left = dropFront(left, written);
    }
  }

  #writeSome(position: number, parts: readonly Uint8Array[]): Promise<number> {
    const [first] = parts;
    return run<number>(this.#context, "write", this.#path, (done) => {
      if (parts.length === 1 && first !== undefined) {
        fs.write(this.#handle, first, 0, first.byteLength, position, done);
      } else {
        fs.writev(this.#handle, [...parts], position, done);
      }
    });
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    let count = 0;
    while (count < into.byteLength) {
      const got = await run<number>(this.#context, "read", this.#path, (done) => {
        fs.read(this.#handle, into, count, into.byteLength - count, offset + count, done);
      });
      if (got === 0) break;
      count += got;
    }
    return count;
  }

  async sync(): Promise<void> {
    await run<undefined>(this.#context, "sync", this.#path, (done) => {
      fs.fdatasync(this.#handle, (error) => done(error, undefined));
    });
  }

  async size(): Promise<number> {
    const stats = await run<fs.Stats>(this.#context, "stat", this.#path, (done) => fs.fstat(this.#handle, done));
    return stats.size;
  }

  async truncate(size: number): Promise<void> {
    await run<undefined>(this.#context, "truncate", this.#path, (done) => {
      fs.ftruncate(this.#handle, size, (error) => done(error, undefined));
    });
  }

  async close(): Promise<void> {
    await run<undefined>(this.#context, "close", this.#path, (done) => {
      fs.close(this.#handle, (error) => done(error ?? null, undefined));
    });
  }
}

function dropFront(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  const left: Uint8Array[] = [];
  let skip = count;
  for (const part of parts) {
    if (skip >= part.byteLength) skip -= part.byteLength;
    else {
      left.push(part.subarray(skip));
      skip = 0;
    }
  }
  return left;
}

function openFlags(options: OpenOptions, direct: boolean): number {
  const access = options.mode === "read" ? constants.O_RDONLY : constants.O_RDWR;
  const create = options.mode === "create" ? constants.O_CREAT + constants.O_EXCL : 0;
  return access + create + (direct ? constants.O_DIRECT : 0);
}

/** A folder of the local file system. */
export class NodeDisk implements Disk {
  readonly directAlignment: number;
  readonly #context: Context;

  private constructor(context: Context, alignment: number) {
    this.#context = context;
    this.directAlignment = alignment;
  }

  /** Opens the folder `root`, making it when absent, and tries whether direct access works in it. */
  static async open(root: string, faults: StoreFaults): Promise<NodeDisk> {
    const context = { root, faults };
    await run(context, "make", "", (done: Callback<unknown>) => fs.mkdir(root, { recursive: true, mode: 0o700 }, done));
    const alignment = (await directWorks(context)) ? directAlignment : 1;
    return new NodeDisk(context, alignment);
  }

  async open(path: string, options: OpenOptions): Promise<DiskFile> {
    const direct = options.direct === true && this.directAlignment > 1;
    const handle = await this.#run<number>("open", path, (done) => {
      fs.open(this.#at(path), openFlags(options, direct), 0o600, done);
    });
    return new NodeDiskFile(this.#context, path, handle);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#run("rename", from, (done) => fs.rename(this.#at(from), this.#at(to), (error) => done(error, 0)));
  }

  async remove(path: string): Promise<void> {
    await this.#run("remove", path, (done) => fs.rm(this.#at(path), { force: true }, (error) => done(error, 0)));
  }

  async list(folder: string): Promise<readonly string[]> {
    const names = await this.#run<string[]>("list", folder, (done) => {
      fs.readdir(this.#at(folder), (error, found) => {
        if (error?.code === "ENOENT") done(null, []);
        else done(error, found);
      });
    });
    return names.toSorted();
  }

  async makeFolder(path: string): Promise<void> {
    const made = await this.#run<string | undefined>("make", path, (done) => {
      fs.mkdir(this.#at(path), { recursive: true, mode: 0o700 }, done);
    });
    if (made === undefined) return;
    // Every new name must survive: sync each folder from the data folder down to the parent.
    const names = path.split("/");
    for (let depth = 0; depth < names.length; depth++) await this.syncFolder(names.slice(0, depth).join("/"));
  }

  async removeFolder(path: string): Promise<void> {
    await this.#run("remove", path, (done) => {
      fs.rm(this.#at(path), { recursive: true, force: true }, (error) => done(error, 0));
    });
  }

  async syncFolder(path: string): Promise<void> {
    const handle = await this.#run<number>("open", path, (done) => fs.open(this.#at(path), constants.O_RDONLY, done));
    try {
      await this.#run("sync", path, (done) => fs.fsync(handle, (error) => done(error, 0)));
    } finally {
      fs.closeSync(handle);
    }
  }

  async freeBytes(): Promise<number> {
    const stats = await this.#run<fs.StatsFs>("stat", "", (done) => fs.statfs(this.#context.root, done));
    return stats.bavail * stats.bsize;
  }

  #at(path: string): string {
    return join(this.#context.root, path);
  }

  #run<T>(operation: string, path: string, start: (done: Callback<T>) => void): Promise<T> {
    return run(this.#context, operation, path, start);
  }
}

/** Writes one aligned block with O_DIRECT to a file that is removed again. */
async function directWorks({ root }: Context): Promise<boolean> {
  if (typeof constants.O_DIRECT !== "number") return false;
  const path = join(root, `.direct-access-test-${process.pid}`);
  const page = allocatePages(directAlignment).subarray(0, directAlignment);
  let handle: number | undefined;
  try {
    handle = fs.openSync(path, constants.O_RDWR + constants.O_CREAT + constants.O_TRUNC + constants.O_DIRECT, 0o600);
    return fs.writeSync(handle, page, 0, page.byteLength, 0) === page.byteLength;
  } catch {
    // The file system refuses direct access (tmpfs, some network file systems): the page cache serves.
    return false;
  } finally {
    if (handle !== undefined) fs.closeSync(handle);
    fs.rmSync(path, { force: true });
  }
}

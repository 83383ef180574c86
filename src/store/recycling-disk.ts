// SPDX-License-Identifier: Apache-2.0
// A disk on which segment files serve again. Blocks that a file system has to find first are written at half the speed
// of blocks that a file already has, and giving a file's blocks back makes every write beside it wait. So the file of a
// segment that is dead or evicted is put aside, and a new segment takes it over, old bytes and all: its own records
// overwrite them from the front, and records of another segment are never believed.
//
//   file           | becomes | when
//   segment's      | spare   | retired: nobody has it open, and there are not too many spares yet; else it is removed
//   spare          | reused  | a new segment begins; whoever writes it cuts off what is left of the past when it ends

import { limits } from "#base/index.ts";
import { unlessMissing } from "./disk-paths.ts";
import type { Disk, DiskFile, OpenOptions } from "./disk.ts";

/** A disk on which segments are written. */
export interface SegmentDisk extends Disk {
  /** See `RecyclingDisk`. */
  retire(path: string): Promise<void>;
  reuse(path: string, options: Omit<OpenOptions, "mode">): Promise<DiskFile | undefined>;
}

/** A file that is counted as open. */
class CountedFile implements DiskFile {
  readonly #file: DiskFile;
  readonly #closed: () => void;

  constructor(file: DiskFile, closed: () => void) {
    this.#file = file;
    this.#closed = closed;
  }

  write(offset: number, parts: readonly Uint8Array[]): Promise<void> {
    return this.#file.write(offset, parts);
  }

  read(offset: number, into: Uint8Array): Promise<number> {
    return this.#file.read(offset, into);
  }

  sync(): Promise<void> {
    return this.#file.sync();
  }

  size(): Promise<number> {
    return this.#file.size();
  }

  truncate(size: number): Promise<void> {
    return this.#file.truncate(size);
  }

  async close(): Promise<void> {
    await this.#file.close();
    this.#closed();
  }
}

/** Where a file that is open lies now; one entry for all who have it open. */
interface OpenEntry {
  path: string;
  count: number;
  /** Counts for this one from now on. */
  heir?: OpenEntry;
}

/** A disk whose segment files are used again. Everything that may have such a file open goes through it. */
export class RecyclingDisk implements SegmentDisk {
  readonly directAlignment: number;
  readonly #disk: Disk;
  readonly #folder: string;
  /** Files that are open, or being opened, by path. */
  readonly #open = new Map<string, OpenEntry>();
  readonly #spares: string[];
  #made: number;
  #retiring = 0;
  #folderMade: Promise<void> | undefined;

  private constructor(disk: Disk, folder: string, names: readonly string[]) {
    this.#disk = disk;
    this.#folder = folder;
    this.#spares = names.map((name) => `${folder}/${name}`);
    this.#made = Math.max(0, ...names.map(Number));
    this.directAlignment = disk.directAlignment;
  }

  /** Spares lie in `folder`, which belongs to this alone; those of an earlier process still serve. */
  static async on(disk: Disk, folder: string): Promise<RecyclingDisk> {
    const names = await disk.list(folder);
    // A process that was killed may not have come to it: without, an old name might come back after a crash.
    if (names.length > 0) await disk.syncFolder(folder);
    return new RecyclingDisk(disk, folder, names);
  }

  /**
   * The segment's file is not needed any more, and no segment of the same name will ever be made. One that is not there
   * is no error.
   */
  async retire(path: string): Promise<void> {
    const isKept = this.#spares.length + this.#retiring < limits.spareSegments && !this.#open.has(path);
    if (!isKept) return this.#disk.remove(path);
    this.#retiring += 1;
    try {
      await this.#putAside(path);
    } finally {
      this.#retiring -= 1;
    }
  }

  /**
   * A spare file under a new name, with bytes of other segments in it; undefined when there is none. The caller syncs the
   * folder of the new name before it writes: a file that is spare again after a crash must not have new bytes in it.
   */
  async reuse(path: string, options: Omit<OpenOptions, "mode">): Promise<DiskFile | undefined> {
    const spare = this.#spares.pop();
    if (spare === undefined) return undefined;
    await this.#disk.rename(spare, path);
    return this.open(path, { ...options, mode: "write" });
  }

  /** Gives all spares up, and so the last local bytes of what was removed. */
  async removeSpares(): Promise<void> {
    for (const spare of this.#spares.splice(0)) await this.#disk.remove(spare);
  }

  async open(path: string, options: OpenOptions): Promise<DiskFile> {
    const entry = this.#open.get(path) ?? { path, count: 0 };
    entry.count += 1;
    this.#open.set(path, entry);
    const closed = (): void => this.#closed(entry);
    try {
      return new CountedFile(await this.#disk.open(path, options), closed);
    } catch (error) {
      closed();
      throw error;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#disk.rename(from, to);
    const moved = this.#open.get(from);
    if (moved === undefined) return;
    this.#open.delete(from);
    const there = this.#open.get(to);
    moved.path = to;
    this.#open.set(to, moved);
    if (there === undefined) return;
    // It may have the file open that was replaced, or, opened meanwhile, this one: it counts as this one.
    moved.count += there.count;
    there.heir = moved;
  }

  remove(path: string): Promise<void> {
    return this.#disk.remove(path);
  }

  list(folder: string): Promise<readonly string[]> {
    return this.#disk.list(folder);
  }

  makeFolder(path: string): Promise<void> {
    return this.#disk.makeFolder(path);
  }

  removeFolder(path: string): Promise<void> {
    return this.#disk.removeFolder(path);
  }

  syncFolder(path: string): Promise<void> {
    return this.#disk.syncFolder(path);
  }

  freeBytes(): Promise<number> {
    return this.#disk.freeBytes();
  }

  #closed(opened: OpenEntry): void {
    let entry = opened;
    while (entry.heir !== undefined) entry = entry.heir;
    entry.count -= 1;
    if (entry.count === 0 && this.#open.get(entry.path) === entry) this.#open.delete(entry.path);
  }

  async #putAside(path: string): Promise<void> {
    this.#made += 1;
    const spare = `${this.#folder}/${this.#made}`;
    this.#folderMade ??= this.#disk.makeFolder(this.#folder);
    await this.#folderMade;
    const moved = await unlessMissing(this.#disk.rename(path, spare).then(() => true));
    if (moved === undefined) return;
    // The old name must be gone for good before other bytes come into the file.
    await this.#disk.syncFolder(this.#folder);
    // Opened while it was on its way: whoever reads it still needs the old bytes.
    if (this.#open.has(path)) await this.#disk.remove(spare);
    else this.#spares.push(spare);
  }
}

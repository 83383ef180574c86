// SPDX-License-Identifier: Apache-2.0
// The sealed segments of one cartridge, in order, found by number of object or filemark. Entries lie in a file of
// fixed-size entries; a few pages of it and the entries changed since the last fold are in memory, however long the
// tape is. What is not folded yet is in the journal.

import { assert, isFault, limits } from "#base/index.ts";
import { checkDirectoryHeader, decodeEntry, encodeDirectoryHeader, encodeEntry, entrySize } from "./directory-entry.ts";
import type { Entry } from "./directory-entry.ts";
import { folderOf, unlessMissing } from "./disk-paths.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { storeFault } from "./faults.ts";

const pageSize = 4096;

/** The directory of one cartridge. Its owner knows how many entries count. */
export class Directory {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #tag: Uint8Array;
  /** Changed since the last fold. */
  readonly #changed = new Map<number, Entry>();
  /** Least recently used first. */
  readonly #pages = new Map<number, Uint8Array>();
  /** Counts folds: what was read before one is not remembered behind it. */
  #folds = 0;
  /** Finds the content of an entry that is damaged here, if it is known elsewhere. */
  heal: (index: number) => Promise<Entry | undefined> = () => Promise.resolve(undefined);
  #file: DiskFile | undefined;
  #opening: Promise<DiskFile | undefined> | undefined;

  constructor(disk: Disk, path: string, tag: Uint8Array) {
    this.#disk = disk;
    this.#path = path;
    this.#tag = tag;
  }

  /** Entries that `fold` would write. */
  get changedCount(): number {
    return this.#changed.size;
  }

  get changed(): ReadonlyMap<number, Entry> {
    return this.#changed;
  }

  /** Puts an entry; it is in the file after the next fold. */
  put(index: number, entry: Entry): void {
    this.#changed.set(index, entry);
  }

  /** Forgets changed entries from `count` on. */
  cut(count: number): void {
    for (const index of this.#changed.keys()) if (index >= count) this.#changed.delete(index);
  }

  /** The entry at `index`. Fault `store.file-damaged` when it is not whole, here and elsewhere. */
  async get(index: number): Promise<Entry> {
    const changed = this.#changed.get(index);
    if (changed !== undefined) return changed;
    try {
      return await this.#read(index);
    } catch (error) {
      if (!isFault(error, "store.file-damaged") && !isFault(error, "store.file-missing")) throw error;
      const healed = await this.heal(index);
      if (healed === undefined) throw error;
      // The next fold writes it.
      if (!this.#changed.has(index)) this.#changed.set(index, healed);
      return healed;
    }
  }

  async #read(index: number): Promise<Entry> {
    const offset = (index + 1) * entrySize;
    const pageNumber = Math.floor(offset / pageSize);
    const known = this.#pages.get(pageNumber);
    // Put it last, as the most recently used.
    if (known !== undefined && this.#pages.delete(pageNumber)) this.#pages.set(pageNumber, known);
    const page = known ?? (await this.#readPage(pageNumber));
    const start = offset - pageNumber * pageSize;
    const entry = start + entrySize <= page.byteLength ? decodeEntry(page, start) : undefined;
    if (entry === undefined) {
      throw storeFault("file-damaged", {
        path: this.#path,
        offset,
        reason: `entry ${index} does not have its checksum`,
      });
    }
    return entry;
  }

  /** Index and content of the last of `count` entries for which `isAtOrBefore` holds; entries are in order. */
  async findLast(
    count: number,
    isAtOrBefore: (entry: Entry) => boolean,
  ): Promise<{ readonly index: number; readonly entry: Entry } | undefined> {
    let low = 0;
    let high = count;
    let found: { index: number; entry: Entry } | undefined;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const entry = await this.get(middle);
      if (isAtOrBefore(entry)) {
        found = { index: middle, entry };
        low = middle + 1;
      } else high = middle;
    }
    return found;
  }

  /** Writes these changed entries into the file, durably. All of them must be in the journal, durably. */
  async fold(changed: ReadonlyMap<number, Entry>): Promise<void> {
    if (changed.size === 0) return;
    const file = (await this.#open()) ?? (await this.#create());
    const folded = [...changed].toSorted(([left], [right]) => left - right);
    for (let start = 0; start < folded.length;) {
      let end = start + 1;
      while (end < folded.length && folded[end]?.[0] === (folded[end - 1]?.[0] ?? 0) + 1) end += 1;
      const [first] = folded[start] ?? [0];
      await file.write(
        (first + 1) * entrySize,
        folded.slice(start, end).map(([, entry]) => encodeEntry(entry)),
      );
      start = end;
    }
    await file.sync();
    this.#folds += 1;
    this.#pages.clear();
    for (const [index, entry] of folded) if (this.#changed.get(index) === entry) this.#changed.delete(index);
  }

  async close(): Promise<void> {
    const file = await this.#opening;
    this.#opening = undefined;
    this.#file = undefined;
    await file?.close();
  }

  async #readPage(pageNumber: number): Promise<Uint8Array> {
    const file = await this.#open();
    if (file === undefined) throw storeFault("file-missing", { path: this.#path });
    const page = new Uint8Array(pageSize);
    const folds = this.#folds;
    const count = await file.read(pageNumber * pageSize, page);
    if (folds !== this.#folds) return page.subarray(0, count);
    if (this.#pages.size >= limits.directoryPages) {
      const [oldest] = this.#pages.keys();
      if (oldest !== undefined) this.#pages.delete(oldest);
    }
    const whole = page.subarray(0, count);
    this.#pages.set(pageNumber, whole);
    return whole;
  }

  async #open(): Promise<DiskFile | undefined> {
    if (this.#file !== undefined) return this.#file;
    this.#opening ??= this.#openExisting();
    return this.#opening;
  }

  async #openExisting(): Promise<DiskFile | undefined> {
    const file = await unlessMissing(this.#disk.open(this.#path, { mode: "write" }));
    if (file === undefined) {
      this.#opening = undefined;
      return undefined;
    }
    const header = new Uint8Array(entrySize);
    const count = await file.read(0, header);
    try {
      checkDirectoryHeader(this.#path, header.subarray(0, count), this.#tag);
    } catch (error) {
      await file.close();
      this.#opening = undefined;
      if (!isFault(error, "store.file-damaged")) throw error;
      // Somebody may want to look at it; it is written anew at the next fold.
      await this.#disk.rename(this.#path, `${this.#path}.damaged`);
      throw error;
    }
    this.#file = file;
    return file;
  }

  /** Makes the file beside and renames it, so that a directory always has a whole header. */
  async #create(): Promise<DiskFile> {
    const beside = `${this.#path}.new`;
    await this.#disk.remove(beside);
    const file = await this.#disk.open(beside, { mode: "create" });
    await file.write(0, [encodeDirectoryHeader(this.#tag)]);
    await file.sync();
    await this.#disk.rename(beside, this.#path);
    await this.#disk.syncFolder(folderOf(this.#path));
    assert(this.#file === undefined, "one directory file");
    this.#file = file;
    this.#opening = Promise.resolve(file);
    return file;
  }
}

// SPDX-License-Identifier: Apache-2.0
// The simulated disk. A crash loses, tears or keeps what was not synced, files and names alike; bits flip where told;
// it fills up, fails and is slow on request. It checks its user: memory that changes while it is being written, and
// unaligned access to direct files, are Bugs.

import { assert, Bug, equalBytes, concatBytes, type Clock, type Duration, type Random, sleep } from "#base/index.ts";
import { type Disk, type DiskFile, folderOf, type OpenOptions, storeFault } from "#store/index.ts";
import { SimDiskFile } from "./disk-file.ts";

/** What the disk is asked to do; for faults and delays. */
export type DiskOperation = "open" | "read" | "write" | "sync" | "truncate" | "rename" | "remove" | "list" | "folder";

/** How a simulated disk behaves. All may be changed while it runs. */
export interface SimDiskOptions {
  readonly random: Random;
  readonly clock?: Clock;
  /** Alignment that direct files ask for; 1 means that direct access is refused. */
  readonly directAlignment?: number;
  capacityBytes?: number;
  /** How long an operation takes; needs `clock`. */
  delay?: (operation: DiskOperation, path: string, byteCount: number) => Duration;
  /** An error that an operation should end with instead of its effect. */
  fail?: (operation: DiskOperation, path: string) => Error | undefined;
}

interface NameChange {
  readonly folder: string;
  readonly apply: (names: Map<string, SimDiskFile>) => void;
}

/** The medium; outlives the processes that use it through `attach`. */
export class SimDisk {
  readonly options: SimDiskOptions;
  readonly #folders = new Set<string>([""]);
  #names = new Map<string, SimDiskFile>();
  #durableNames = new Map<string, SimDiskFile>();
  #pendingNames: NameChange[] = [];
  #attached = new Set<AttachedDisk>();

  constructor(options: SimDiskOptions) {
    this.options = options;
  }

  /** The disk as one process sees it. */
  attach(): Disk {
    const disk = new AttachedDisk(this);
    this.#attached.add(disk);
    return disk;
  }

  /** Every process is killed; what it gave to the operating system stays. Its calls never settle. */
  kill(): void {
    for (const disk of this.#attached) disk.dead = true;
    this.#attached.clear();
  }

  /** The power goes: as `kill`, and what was not synced is lost, torn or kept, at random. */
  crash(): void {
    this.kill();
    const { random } = this.options;
    const survivors = random.below(this.#pendingNames.length + 1);
    for (const change of this.#pendingNames.slice(0, survivors)) change.apply(this.#durableNames);
    this.#pendingNames = [];
    this.#names = new Map(this.#durableNames);
    for (const file of new Set(this.#names.values())) file.crash(random);
  }

  /** All files, sorted. */
  paths(): readonly string[] {
    return [...this.#names.keys()].toSorted();
  }

  /** Changes one bit of a file where it lies. */
  flipBit(path: string, offset: number, bit: number): void {
    this.file(path).flipBit(offset, bit);
  }

  /** Files vanish, for good. */
  lose(isLost: (path: string) => boolean): void {
    for (const names of [this.#names, this.#durableNames]) {
      for (const path of names.keys()) if (isLost(path)) names.delete(path);
    }
  }

  /** The content of a file. */
  contentOf(path: string): Uint8Array {
    const file = this.file(path);
    const bytes = new Uint8Array(file.size);
    file.read(0, bytes);
    return bytes;
  }

  /** Replaces a file's content, durably; makes it when absent. */
  replaceContent(path: string, bytes: Uint8Array): void {
    const file = new SimDiskFile();
    file.write(0, bytes.slice());
    file.sync();
    this.#names.set(path, file);
    this.#durableNames.set(path, file);
    this.addFolder(folderOf(path));
  }

  // What follows is for the attached disks.

  file(path: string): SimDiskFile {
    const file = this.#names.get(path);
    if (file === undefined) throw storeFault("file-missing", { path });
    return file;
  }

  find(path: string): SimDiskFile | undefined {
    return this.#names.get(path);
  }

  changeNames(folder: string, apply: NameChange["apply"]): void {
    apply(this.#names);
    this.#pendingNames.push({ folder, apply });
  }

  syncNames(folder: string): void {
    for (const change of this.#pendingNames) if (change.folder === folder) change.apply(this.#durableNames);
    this.#pendingNames = this.#pendingNames.filter((change) => change.folder !== folder);
  }

  hasFolder(path: string): boolean {
    return this.#folders.has(path);
  }

  addFolder(path: string): void {
    for (let at = path; at !== ""; at = folderOf(at)) this.#folders.add(at);
  }

  dropFolder(path: string): void {
    for (const folder of this.#folders) {
      if (folder === path || folder.startsWith(`${path}/`)) this.#folders.delete(folder);
    }
    for (const name of this.#names.keys()) {
      if (name.startsWith(`${path}/`)) this.changeNames(folderOf(name), (names) => names.delete(name));
    }
  }

  namesIn(folder: string): readonly string[] {
    const names = new Set<string>();
    const prefix = folder === "" ? "" : `${folder}/`;
    for (const path of [...this.#names.keys(), ...this.#folders]) {
      if (path !== "" && path.startsWith(prefix)) names.add(path.slice(prefix.length).split("/")[0] ?? "");
    }
    return [...names].filter((name) => name !== "").toSorted();
  }

  get freeBytes(): number {
    let used = 0;
    for (const file of new Set(this.#names.values())) used += file.allocatedBytes;
    return Math.max((this.options.capacityBytes ?? Number.MAX_SAFE_INTEGER) - used, 0);
  }
}

class AttachedDisk implements Disk {
  readonly medium: SimDisk;
  dead = false;

  constructor(medium: SimDisk) {
    this.medium = medium;
  }

  get directAlignment(): number {
    return this.medium.options.directAlignment ?? 1;
  }

  open(path: string, options: OpenOptions): Promise<DiskFile> {
    const { medium } = this;
    return this.perform("open", path, 0, () => {
      if (options.mode !== "create") return new OpenFile(this, path, medium.file(path), options);
      if (medium.find(path) !== undefined) throw storeFault("file-exists", { path });
      if (!medium.hasFolder(folderOf(path))) throw storeFault("file-missing", { path: folderOf(path) });
      const file = new SimDiskFile();
      medium.changeNames(folderOf(path), (names) => names.set(path, file));
      return new OpenFile(this, path, file, options);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.perform("rename", from, 0, () => {
      const file = this.medium.file(from);
      this.medium.changeNames(folderOf(to), (names) => {
        names.delete(from);
        names.set(to, file);
      });
    });
  }

  remove(path: string): Promise<void> {
    return this.perform("remove", path, 0, () => {
      this.medium.changeNames(folderOf(path), (names) => names.delete(path));
    });
  }

  list(folder: string): Promise<readonly string[]> {
    return this.perform("list", folder, 0, () => this.medium.namesIn(folder));
  }

  makeFolder(path: string): Promise<void> {
    return this.perform("folder", path, 0, () => this.medium.addFolder(path));
  }

  removeFolder(path: string): Promise<void> {
    return this.perform("folder", path, 0, () => this.medium.dropFolder(path));
  }

  syncFolder(path: string): Promise<void> {
    return this.perform("sync", path, 0, () => this.medium.syncNames(path));
  }

  freeBytes(): Promise<number> {
    return this.perform("list", "", 0, () => this.medium.freeBytes);
  }

  /** Waits as long as the operation takes, then fails or takes effect, in one step. A dead process waits for ever. */
  async perform<T>(operation: DiskOperation, path: string, byteCount: number, effect: () => T): Promise<T> {
    const { clock, delay, fail } = this.medium.options;
    if (clock !== undefined && delay !== undefined) await sleep(clock, delay(operation, path, byteCount));
    else await Promise.resolve();
    if (this.dead) await new Promise<never>(() => {});
    const error = fail?.(operation, path);
    if (error !== undefined) throw error;
    return effect();
  }
}

class OpenFile implements DiskFile {
  readonly #disk: AttachedDisk;
  readonly #path: string;
  readonly #file: SimDiskFile;
  readonly #options: OpenOptions;
  #closed = false;

  constructor(disk: AttachedDisk, path: string, file: SimDiskFile, options: OpenOptions) {
    this.#disk = disk;
    this.#path = path;
    this.#file = file;
    this.#options = options;
  }

  async write(offset: number, parts: readonly Uint8Array[]): Promise<void> {
    this.#check("write");
    const bytes = concatBytes(parts);
    this.#checkAligned(offset, bytes.byteLength, parts);
    await this.#disk.perform("write", this.#path, bytes.byteLength, () => {
      if (!equalBytes(bytes, concatBytes(parts))) throw new Bug(`${this.#path}: memory changed while being written`);
      const { medium } = this.#disk;
      const grows = offset + bytes.byteLength > this.#file.size;
      if (medium.options.capacityBytes !== undefined && grows && medium.freeBytes < bytes.byteLength) {
        throw storeFault("disk-full", { path: this.#path });
      }
      this.#file.write(offset, bytes);
    });
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    this.#check("read");
    this.#checkAligned(offset, into.byteLength, [into]);
    return this.#disk.perform("read", this.#path, into.byteLength, () => this.#file.read(offset, into));
  }

  async sync(): Promise<void> {
    this.#check("sync");
    return this.#disk.perform("sync", this.#path, 0, () => this.#file.sync());
  }

  async size(): Promise<number> {
    this.#check("read");
    return this.#disk.perform("read", this.#path, 0, () => this.#file.size);
  }

  async truncate(size: number): Promise<void> {
    this.#check("write");
    return this.#disk.perform("truncate", this.#path, 0, () => this.#file.truncate(size));
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #check(operation: "read" | "write" | "sync"): void {
    assert(!this.#closed, `${this.#path} is open`);
    assert(operation !== "write" || this.#options.mode !== "read", `${this.#path} is open for writing`);
  }

  #checkAligned(offset: number, length: number, parts: readonly Uint8Array[]): void {
    const unit = this.#options.direct === true ? this.#disk.directAlignment : 1;
    assert(offset >= 0 && offset % unit === 0, `${this.#path}: an offset that is a multiple of ${unit}, not ${offset}`);
    assert(length % unit === 0, `${this.#path}: a length that is a multiple of ${unit}, not ${length}`);
    for (const part of parts) {
      assert(part.byteOffset % unit === 0, `${this.#path}: memory aligned to ${unit}`);
    }
  }
}

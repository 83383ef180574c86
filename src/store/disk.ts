// SPDX-License-Identifier: Apache-2.0
// Port: files on a local disk, as the store uses them. Paths are relative to the data folder, with "/" between names.
// What is not synced may be lost or torn by a crash of the machine; the simulated disk does exactly that.

/** An open file. Reads and writes go to explicit offsets; several may be in flight. */
export interface DiskFile {
  /**
   * Writes all parts one after the other at `offset`. Rejects with Fault `store.disk-full` or `store.disk-failed`.
   * For a `direct` file, memory, offset and total length are multiples of `alignment`.
   */
  write(offset: number, parts: readonly Uint8Array[]): Promise<void>;
  /** Reads up to `into.byteLength` bytes at `offset`; resolves with the count, less only at end of file. */
  read(offset: number, into: Uint8Array): Promise<number>;
  /** Data, and the length that is needed to read it, survive a crash when this resolves (fdatasync). */
  sync(): Promise<void>;
  /** Length in bytes. */
  size(): Promise<number>;
  /** Cuts or extends to `size` bytes. */
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/** How a file is opened. */
export interface OpenOptions {
  /** `read`: must exist. `write`: read and write, must exist. `create`: read and write, must not exist. */
  readonly mode: "read" | "write" | "create";
  /** Past the page cache where the disk can (O_DIRECT); see `Disk.directAlignment`. */
  readonly direct?: boolean;
}

/** Port: the disk. Missing files give Fault `store.file-missing`, existing ones `store.file-exists`. */
export interface Disk {
  /** Alignment of memory, offsets and lengths for direct files; 1 when the file system refuses direct access. */
  readonly directAlignment: number;
  open(path: string, options: OpenOptions): Promise<DiskFile>;
  /** Renames over an existing file; durable after `syncFolder` of the target's folder. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; one that is not there is no error. */
  remove(path: string): Promise<void>;
  /** Names in a folder, files and folders alike, sorted; an absent folder is empty. */
  list(folder: string): Promise<readonly string[]>;
  /** Makes a folder and its parents; durable when it resolves. */
  makeFolder(path: string): Promise<void>;
  /** Removes a folder with all that is in it. */
  removeFolder(path: string): Promise<void>;
  /** Created, renamed and removed names in the folder survive a crash when this resolves. */
  syncFolder(path: string): Promise<void>;
  /** Bytes that can still be written. */
  freeBytes(): Promise<number>;
}

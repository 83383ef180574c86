// SPDX-License-Identifier: Apache-2.0
// Makes the files of growing segments. The next one is made ahead of time, so that a writer seldom waits for it.

import { isFault } from "#base/index.ts";
import type { Disk, DiskFile } from "./disk.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";

/** The files that one writer grows. */
export class SegmentFiles {
  readonly #disk: Disk;
  readonly #cartridge: StoredCartridge;
  readonly #direct: boolean;
  #prepared: { readonly segment: number; readonly file: Promise<DiskFile> } | undefined;

  constructor(disk: Disk, cartridge: StoredCartridge, direct: boolean) {
    this.#disk = disk;
    this.#cartridge = cartridge;
    this.#direct = direct;
  }

  /** Starts making a file that `create` will ask for soon. */
  prepare(segment: number): void {
    if (this.#prepared?.segment === segment) return;
    const file = this.#make(segment);
    // Whoever takes it meets the error.
    file.catch(() => {});
    this.#prepared = { segment, file };
  }

  /** An empty file for a new segment, its name durable. */
  create(segment: number): Promise<DiskFile> {
    const prepared = this.#prepared;
    if (prepared?.segment !== segment) return this.#make(segment);
    this.#prepared = undefined;
    return prepared.file;
  }

  /** The file of the open segment, to go on with. */
  continue(segment: number): Promise<DiskFile> {
    return this.#disk.open(this.#cartridge.segmentPath(segment), { mode: "write", direct: this.#direct });
  }

  /** Removes what was prepared in vain. */
  async close(): Promise<void> {
    const prepared = this.#prepared;
    if (prepared === undefined) return;
    this.#prepared = undefined;
    const file = await prepared.file.catch(() => undefined);
    await file?.close();
    await this.#disk.remove(this.#cartridge.segmentPath(prepared.segment));
  }

  async #make(segment: number): Promise<DiskFile> {
    const path = this.#cartridge.segmentPath(segment);
    try {
      return await this.#makeNew(path);
    } catch (error) {
      if (!isFault(error, "store.file-exists")) throw error;
      // Prepared before a crash, or left by one and dead: nothing in it was promised.
      await this.#disk.remove(path);
      return this.#makeNew(path);
    }
  }

  async #makeNew(path: string): Promise<DiskFile> {
    const file = await this.#disk.open(path, { mode: "create", direct: this.#direct });
    await this.#disk.syncFolder(this.#cartridge.folder);
    return file;
  }
}

// SPDX-License-Identifier: Apache-2.0
// Makes the files of growing segments, out of spare ones where there are any. The next one is made ahead of time, so that
// a writer seldom waits for it.

import { isFault, roundUp } from "#base/index.ts";
import type { DiskFile } from "./disk.ts";
import type { SegmentDisk } from "./recycling-disk.ts";
import { pageSize } from "./segment-format.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";

/** The files that one writer grows. */
export class SegmentFiles {
  readonly #disk: SegmentDisk;
  readonly #cartridge: StoredCartridge;
  readonly #direct: boolean;
  /** Segments whose files have a past. */
  readonly #reused = new Set<number>();
  #prepared: { readonly segment: number; readonly file: Promise<DiskFile> } | undefined;

  constructor(disk: SegmentDisk, cartridge: StoredCartridge, direct: boolean) {
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

  /** A file for a new segment, its name durable. Bytes of other segments may be in it until `finish`. */
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

  /** Nothing more is written to the segment's file, which ends at `end`: cuts off what was there before. */
  async finish(segment: number, file: DiskFile, end: number): Promise<void> {
    if (this.#reused.delete(segment)) await file.truncate(roundUp(end, pageSize));
  }

  /** Removes what was prepared in vain. */
  async close(): Promise<void> {
    const prepared = this.#prepared;
    if (prepared === undefined) return;
    this.#prepared = undefined;
    const file = await prepared.file.catch(() => undefined);
    await file?.close();
    const path = this.#cartridge.segmentPath(prepared.segment);
    // Nothing of this cartridge was written to it.
    await (this.#reused.delete(prepared.segment) ? this.#disk.retire(path) : this.#disk.remove(path));
  }

  async #make(segment: number): Promise<DiskFile> {
    const path = this.#cartridge.segmentPath(segment);
    const reused = await this.#disk.reuse(path, { direct: this.#direct });
    if (reused !== undefined) this.#reused.add(segment);
    const file = reused ?? (await this.#makeNew(path));
    await this.#disk.syncFolder(this.#cartridge.folder);
    return file;
  }

  async #makeNew(path: string): Promise<DiskFile> {
    const options = { mode: "create", direct: this.#direct } as const;
    try {
      return await this.#disk.open(path, options);
    } catch (error) {
      if (!isFault(error, "store.file-exists")) throw error;
      // Prepared before a crash, or left by one and dead: nothing in it was promised.
      await this.#disk.remove(path);
      return this.#disk.open(path, options);
    }
  }
}

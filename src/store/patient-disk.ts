// SPDX-License-Identifier: Apache-2.0
// A disk that waits for room instead of failing: what needs room and finds none is tried again until there is some. So
// nothing that a drive has taken is dropped because the disk was full for a while; how long a host waits is bounded
// where hosts are answered. Other faults pass through, and so does a sync that finds no room: after a failed sync nobody
// knows what the disk has.

import { type Clock, isFault, limits, sleep } from "#base/index.ts";
import type { DiskFile, OpenOptions } from "./disk.ts";
import type { SegmentDisk } from "./recycling-disk.ts";

/** What a patient disk needs. */
export interface PatientDiskOptions {
  readonly disk: SegmentDisk;
  readonly clock: Clock;
  /** Aborted when the store closes: nobody waits any more. */
  readonly signal: AbortSignal;
  /** Called each time something found no room. */
  readonly full: () => void;
}

/** The disk of one cartridge. */
export class PatientDisk implements SegmentDisk {
  readonly #options: PatientDiskOptions;
  #giveUp = new AbortController();
  #waiting = 0;

  constructor(options: PatientDiskOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.giveUp(), { once: true });
  }

  /** Something waits for room. */
  get isFull(): boolean {
    return this.#waiting > 0;
  }

  /** What waits for room now fails with `store.disk-full`. */
  giveUp(): void {
    this.#giveUp.abort();
    this.#giveUp = new AbortController();
  }

  get directAlignment(): number {
    return this.#options.disk.directAlignment;
  }

  async open(path: string, options: OpenOptions): Promise<DiskFile> {
    const file = await this.#patiently(() => this.#options.disk.open(path, options));
    return options.mode === "read" ? file : this.#patientFile(file);
  }

  async reuse(path: string, options: Omit<OpenOptions, "mode">): Promise<DiskFile | undefined> {
    const file = await this.#patiently(() => this.#options.disk.reuse(path, options));
    return file === undefined ? undefined : this.#patientFile(file);
  }

  retire(path: string): Promise<void> {
    return this.#options.disk.retire(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#patiently(() => this.#options.disk.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#options.disk.remove(path);
  }

  list(folder: string): Promise<readonly string[]> {
    return this.#options.disk.list(folder);
  }

  makeFolder(path: string): Promise<void> {
    return this.#patiently(() => this.#options.disk.makeFolder(path));
  }

  removeFolder(path: string): Promise<void> {
    return this.#options.disk.removeFolder(path);
  }

  syncFolder(path: string): Promise<void> {
    return this.#options.disk.syncFolder(path);
  }

  freeBytes(): Promise<number> {
    return this.#options.disk.freeBytes();
  }

  #patientFile(file: DiskFile): DiskFile {
    return {
      write: (offset, parts) => this.#patiently(() => file.write(offset, parts)),
      read: (offset, into) => file.read(offset, into),
      sync: () => file.sync(),
      size: () => file.size(),
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
    };
  }

  async #patiently<T>(act: () => Promise<T>): Promise<T> {
    const { clock, signal, full } = this.#options;
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (!isFault(error, "store.disk-full") || signal.aborted) throw error;
        const giveUp = this.#giveUp.signal;
        this.#waiting += 1;
        full();
        await sleep(clock, limits.diskFullPause, giveUp).catch(() => {});
        this.#waiting -= 1;
        if (signal.aborted || giveUp.aborted) throw error;
      }
    }
  }
}

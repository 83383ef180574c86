// SPDX-License-Identifier: Apache-2.0
// The time by which the folder store's locks end. It is never ahead of the system's clock, nor of the time that really
// passed since the store was opened: a clock that is set forward ends no lock. Nobody can know how long a machine was
// off, so over a restart it follows the system's clock by `limits.lockClockJump` and no more; after a longer pause locks
// last that much longer.

import { between, type Clock, type Duration, type Instant, later, limits } from "#base/index.ts";
import type { Disk } from "./disk.ts";
import { damagedFile, decodeLine, encodeLine, readSmallFile, replaceSmallFile } from "./small-file.ts";

/** Version of the file that this release writes, and the newest that it reads. */
const version = 1;

/** What the clock of locks needs. */
export interface LockClockOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** The file that remembers the time, in a folder that exists. */
  readonly path: string;
}

/** Time for locks. */
export class LockClock {
  readonly #options: LockClockOptions;
  #base = 0 as Instant;
  #opened = 0 as Duration;
  /** The time that the file says; undefined while no lock was ever set. */
  #noted: Instant | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: LockClockOptions) {
    this.#options = options;
  }

  /** Goes on from the time that was remembered. Faults `store.file-damaged`, `store.format-newer`. */
  async open(): Promise<void> {
    const { clock } = this.#options;
    this.#noted = await this.#read();
    this.#opened = clock.monotonic();
    this.#base = earlier(clock.now(), this.#noted === undefined ? undefined : later(this.#noted, limits.lockClockJump));
    await this.keep();
  }

  /** The time now, as locks see it. */
  now(): Instant {
    const { clock } = this.#options;
    return earlier(clock.now(), later(this.#base, (clock.monotonic() - this.#opened) as Duration));
  }

  /** Begins to remember: a lock is about to be set. */
  async begin(): Promise<void> {
    if (this.#noted === undefined) await this.#write();
    else await this.keep();
  }

  /** Remembers the time, when there are locks and the last time was noted a while ago. */
  async keep(): Promise<void> {
    // Never back: a clock that was wrong for a while must not make locks longer for good.
    if (this.#noted === undefined || between(this.#noted, this.now()) < limits.lockClockNote) return;
    await this.#write();
  }

  /** Many locks that are set at once share one write. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeNow().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeNow(): Promise<void> {
    const { disk, path } = this.#options;
    const seen = this.now();
    await replaceSmallFile(disk, path, { content: encodeLine({ version, seen }), temporary: `${path}.new` });
    this.#noted = seen;
  }

  async #read(): Promise<Instant | undefined> {
    const { disk, path } = this.#options;
    const bytes = await readSmallFile(disk, path);
    if (bytes === undefined) return undefined;
    const { seen } = decodeLine(path, bytes, version);
    if (typeof seen !== "number") throw damagedFile(path, "it says no time");
    return seen as Instant;
  }
}

function earlier(one: Instant, other: Instant | undefined): Instant {
  return other === undefined || one < other ? one : other;
}

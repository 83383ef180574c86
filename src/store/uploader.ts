// SPDX-License-Identifier: Apache-2.0
// Brings sealed segments to the object store at its own pace, a few at a time, cartridge by cartridge in turn. What
// fails is tried again for ever, with pauses. A segment waits until it is due, and all yield to drives that write fast
// while the upload buffer has room.

import { asError, type Duration, limits, milliseconds, type Timer } from "#base/index.ts";
import type { Entry } from "./directory-entry.ts";
import { eachOf } from "./object-work.ts";
import type { RecoveryPoints } from "./recovery-points.ts";
import type { RecyclingDisk } from "./recycling-disk.ts";
import { isSegmentDamage, type Salvaged, salvageSegment } from "./salvage.ts";
import { uploadSegment, type UploadWork } from "./segment-upload.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";

/** What the uploader needs. */
export interface UploaderOptions extends UploadWork {
  readonly disk: RecyclingDisk;
  readonly points: RecoveryPoints;
  /** The monotonic time before which a segment is left alone. Asked again after each `add` of its cartridge. */
  readonly dueAt: (cartridge: StoredCartridge, entry: Entry) => number;
  /** True while uploads should wait for drives. */
  readonly shouldYield: () => boolean;
  /** Called when a segment that only this machine has turns out to be damaged, and when what was left of it was saved. */
  readonly damaged: (cartridge: StoredCartridge, damage: UploadDamage) => void;
  /** Called after each segment that was stored. */
  readonly stored: (cartridge: StoredCartridge, entry: Entry) => void;
  /** Called when nothing of the cartridge waits any more. */
  readonly finished: (cartridge: StoredCartridge) => void;
}

/** A segment that cannot be uploaded as it was written. */
export interface UploadDamage {
  readonly segment: number;
  readonly what: string;
  /** What became of it; undefined while it may still come back. */
  readonly salvaged: Salvaged | undefined;
}

interface Job {
  readonly cartridge: StoredCartridge;
  readonly inFlight: Set<number>;
  /** After a failure: not before this monotonic time. */
  notBefore: number;
  /** Its next segment is not due before this monotonic time. */
  dueAt: number;
  /** Dead segments whose local files are gone already. */
  cleaned: readonly (readonly [number, number])[];
  /** Damaged segments that the others do not wait for: not before these monotonic times. */
  readonly setAside: Map<number, number>;
  /** Taken out of the queue. */
  isExcluded: boolean;
}

const yieldPause = milliseconds(250);

/** The workers that upload. */
export class Uploader {
  readonly #options: UploaderOptions;
  readonly #abort = new AbortController();
  readonly #jobs = new Map<StoredCartridge, Job>();
  readonly #running = new Set<Promise<void>>();
  #isPaused = false;
  #timer: { readonly at: number; readonly timer: Timer } | undefined;
  #failure: Error | undefined;
  /** When segments were first found damaged, by their path: the monotonic time. */
  readonly #damagedSince = new Map<string, number>();
  /** Bytes uploaded so far. */
  uploadedBytes = 0;

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** The last failure while something still waits. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The cartridge may have segments that wait, or dead ones to delete. */
  add(cartridge: StoredCartridge): void {
    const known = this.#jobs.get(cartridge);
    if (known !== undefined) known.dueAt = 0;
    else
      this.#jobs.set(cartridge, {
        cartridge,
        inFlight: new Set(),
        setAside: new Map(),
        cleaned: [],
        notBefore: 0,
        dueAt: 0,
        isExcluded: false,
      });
    this.#wake();
  }

  /** Leaves the cartridge alone; resolves when nothing of it is on its way. */
  async exclude(cartridge: StoredCartridge): Promise<void> {
    const job = this.#jobs.get(cartridge);
    if (job === undefined) return;
    job.isExcluded = true;
    this.#jobs.delete(cartridge);
    while (job.inFlight.size > 0) await Promise.race(this.#running);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake();
  }

  /** Aborts what is on its way and waits for it. */
  async close(): Promise<void> {
    this.#isPaused = true;
    this.#timer?.timer.cancel();
    this.#abort.abort(new Error("the store closes"));
    await Promise.allSettled(this.#running);
  }

  /** Uploads everything of one cartridge that is not in the queue. Rejects with the first failure. */
  async uploadAll(
    cartridge: StoredCartridge,
    signal: AbortSignal | undefined,
    progress: (done: number, total: number) => void,
  ): Promise<void> {
    const total = cartridge.head.count;
    const first = cartridge.head.storedCount;
    let done = first;
    const upload = async (index: number): Promise<void> => {
      const entry = await cartridge.directory.get(first + index);
      if (!entry.stored) await this.#upload(cartridge, entry, signal);
      done += 1;
      progress(done, total);
    };
    await eachOf(total - first, signal, upload, limits.uploadsInFlight);
  }

  #wake(): void {
    while (!this.#isPaused && this.#running.size < limits.uploadsInFlight) {
      const job = this.#nextJob();
      if (job === undefined) return;
      // It goes to the end of the queue, so that cartridges take turns.
      this.#jobs.delete(job.cartridge);
      this.#jobs.set(job.cartridge, job);
      const running = this.#run(job).finally(() => {
        this.#running.delete(running);
        this.#wake();
      });
      this.#running.add(running);
    }
  }

  /** A cartridge that may be worked on now; sets a timer when that will be later. */
  #nextJob(): Job | undefined {
    const { clock, shouldYield } = this.#options;
    if (this.#jobs.size === 0) return undefined;
    const now = clock.monotonic();
    if (shouldYield()) return this.#wakeAt(now + yieldPause);
    let earliest = Infinity;
    for (const job of this.#jobs.values()) {
      // One at a time per cartridge keeps its recovery point moving in order.
      if (job.inFlight.size > 0) continue;
      const start = Math.max(job.notBefore, job.dueAt);
      if (start <= now) return job;
      earliest = Math.min(earliest, start);
    }
    return earliest === Infinity ? undefined : this.#wakeAt(earliest);
  }

  #wakeAt(at: number): undefined {
    const { clock } = this.#options;
    if (this.#timer !== undefined && this.#timer.at <= at) return undefined;
    this.#timer?.timer.cancel();
    const timer = clock.setTimer((at - clock.monotonic()) as Duration, () => {
      this.#timer = undefined;
      this.#wake();
    });
    this.#timer = { at, timer };
    return undefined;
  }

  async #run(job: Job): Promise<void> {
    const { cartridge } = job;
    const { signal } = this.#abort;
    const { points } = this.#options;
    job.inFlight.add(0);
    try {
      await this.#removeDeadFiles(job);
      await this.#forgetDead(job);
      const entry = await this.#nextUnstored(job);
      if (entry === undefined) {
        await points.take(cartridge, { signal });
        this.#finish(job);
        return;
      }
      job.dueAt = Math.max(this.#options.dueAt(cartridge, entry), job.setAside.get(entry.segment) ?? 0);
      if (job.dueAt > this.#options.clock.monotonic()) {
        if (points.isDue(cartridge)) await points.take(cartridge, { signal });
        return;
      }
      await this.#uploadOrSetAside(job, entry);
      if (points.isDue(cartridge)) await points.take(cartridge, { signal });
    } catch (error) {
      if (signal.aborted) return;
      this.#failure = asError(error);
      job.notBefore = this.#options.clock.monotonic() + limits.uploadBackoffMax;
      this.#options.log.warn("an upload failed and is tried again later", {
        cartridge: cartridge.id,
        error: asError(error).message,
      });
    } finally {
      job.inFlight.delete(0);
    }
  }

  /** Damaged segments that were cut off are nobody's business any more. */
  async #forgetDead({ cartridge, setAside }: Job): Promise<void> {
    for (const segment of setAside.keys()) {
      if ((await cartridge.find(segment)) !== undefined) continue;
      setAside.delete(segment);
      this.#damagedSince.delete(cartridge.segmentPath(segment));
      this.#options.damaged(cartridge, { segment, what: "", salvaged: { kind: "dead" } });
    }
  }

  async #uploadOrSetAside(job: Job, entry: Entry): Promise<void> {
    const { cartridge } = job;
    try {
      await this.#upload(cartridge, entry, this.#abort.signal);
      job.setAside.delete(entry.segment);
      this.#failure = undefined;
    } catch (error) {
      // Whatever keeps a damaged one back, a full disk for what is left of it too, keeps no other one back.
      if (!this.#damagedSince.has(cartridge.segmentPath(entry.segment))) throw error;
      job.setAside.set(entry.segment, this.#options.clock.monotonic() + limits.uploadBackoffMax);
    }
  }

  /**
   * Uploads a segment. One whose file is damaged is a fault until it has been so for a while; then what is left of it is
   * uploaded.
   */
  async #upload(cartridge: StoredCartridge, entry: Entry, signal: AbortSignal | undefined): Promise<void> {
    const path = cartridge.segmentPath(entry.segment);
    try {
      await uploadSegment(this.#options, cartridge, entry, signal);
    } catch (error) {
      if (!isSegmentDamage(error, path)) throw error;
      const left = await this.#salvage(cartridge, entry, asError(error));
      if (left === undefined) return;
      await uploadSegment(this.#options, cartridge, left, signal);
    }
    if (this.#damagedSince.delete(path)) {
      this.#options.damaged(cartridge, {
        segment: entry.segment,
        what: "it can be read again",
        salvaged: { kind: "whole" },
      });
    }
    this.#noteStored(cartridge, entry);
  }

  /** What is left of a segment; undefined when it is dead. Throws the fault while the file may still come back. */
  async #salvage(cartridge: StoredCartridge, entry: Entry, fault: Error): Promise<Entry | undefined> {
    const { clock, damaged } = this.#options;
    const path = cartridge.segmentPath(entry.segment);
    const now = clock.monotonic();
    const since = this.#damagedSince.get(path);
    if (since === undefined) {
      this.#damagedSince.set(path, now);
      damaged(cartridge, { segment: entry.segment, what: fault.message, salvaged: undefined });
    }
    if (since === undefined || now - since < limits.damageConfirm) throw fault;
    const salvaged = await salvageSegment(this.#options, cartridge, entry);
    if (salvaged.kind === "whole") return entry;
    this.#damagedSince.delete(path);
    damaged(cartridge, { segment: entry.segment, what: fault.message, salvaged });
    return salvaged.kind === "dead" ? undefined : salvaged.entry;
  }

  /** The next segment that waits; damaged ones come in their time, and the others do not wait for them. */
  async #nextUnstored({ cartridge, setAside }: Job): Promise<Entry | undefined> {
    const { clock } = this.#options;
    let later: Entry | undefined;
    for (let index = cartridge.head.storedCount; index < cartridge.head.count; index++) {
      const entry = await cartridge.directory.get(index);
      if (entry.stored) continue;
      if ((setAside.get(entry.segment) ?? 0) <= clock.monotonic()) return entry;
      later ??= entry;
    }
    return later;
  }

  /** The disk gets its room back even while the object store cannot be reached. */
  async #removeDeadFiles(job: Job): Promise<void> {
    const { cartridge } = job;
    const { garbage } = cartridge.head;
    if (garbage === job.cleaned) return;
    for (const [first, end] of garbage) {
      const { signal } = this.#abort;
      await eachOf(end - first, signal, (index) => this.#options.disk.retire(cartridge.segmentPath(first + index)));
    }
    job.cleaned = garbage;
  }

  #finish(job: Job): void {
    const { cartridge } = job;
    // More may have been sealed meanwhile.
    if (job.isExcluded || cartridge.head.storedCount < cartridge.head.count) return;
    this.#jobs.delete(cartridge);
    this.#options.finished(cartridge);
  }

  #noteStored(cartridge: StoredCartridge, entry: Entry): void {
    this.uploadedBytes += entry.fileSize;
    this.#options.stored(cartridge, entry);
  }
}

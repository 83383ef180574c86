// SPDX-License-Identifier: Apache-2.0
// How much room the local disk has, and whether drives may write: not when less than the reserve is left, so that what
// they have written already, and the small facts about it, always find a place. It asks the disk when segments begin,
// and again and again while there is too little room.

import { assert, type Clock, isFault, limits, type Log, type Timer } from "#base/index.ts";
import type { Disk } from "./disk.ts";
import type { UploadGate } from "./writer.ts";

/** What watching a disk needs. */
export interface DiskRoomOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  /** Drives stop writing when fewer bytes than this are free. */
  readonly reserveBytes: number;
  /** Called when there is little room: local copies should go. */
  readonly tight: () => void;
}

/** Above the reserve by this part of it, drives write again: so that they do not stop and go with every segment. */
const slack = 1 / 4;

/** Open while the disk has room. */
export class DiskRoom implements UploadGate {
  readonly reason = "the disk of the data folder is full";
  readonly #options: DiskRoomOptions;
  #free: number | undefined;
  #isOpen = true;
  #isStopped = false;
  #asking: Promise<void> | undefined;
  #timer: Timer | undefined;
  #waiting: (() => void)[] = [];

  constructor(options: DiskRoomOptions) {
    assert(options.reserveBytes >= 0, "a reserve of some bytes");
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Bytes that were free when the disk was last asked, less what was announced since; undefined before `refresh`. */
  get freeBytes(): number | undefined {
    return this.#free;
  }

  get reserveBytes(): number {
    return this.#options.reserveBytes;
  }

  /** Bytes that local copies should give up, so that drives need not stop. */
  get missingBytes(): number {
    const { reserveBytes } = this.#options;
    if (this.#free === undefined) return 0;
    return Math.max(2 * reserveBytes - this.#free, this.#free === 0 ? limits.segmentSize : 0);
  }

  async opened(): Promise<void> {
    while (!this.#isOpen) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** So many bytes are going to be written. */
  announce(byteCount: number): void {
    if (this.#options.reserveBytes === 0) return;
    if (this.#free !== undefined) this.#set(this.#free - byteCount);
    void this.refresh();
  }

  /** Something found no room. */
  foundFull(): void {
    this.#set(0);
    this.#askAgain();
  }

  /** Asks the disk; one question at a time. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** Nobody is told anything any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #ask(): Promise<void> {
    const { disk, log } = this.#options;
    try {
      this.#set(await disk.freeBytes());
    } catch (error) {
      if (!isFault(error)) throw error;
      log.warn("the disk does not say how much room it has", { error: error.message });
    }
    this.#askAgain();
  }

  #set(free: number): void {
    const { reserveBytes, tight } = this.#options;
    this.#free = free;
    const needed = this.#isOpen ? reserveBytes : reserveBytes * (1 + slack);
    this.#isOpen = free >= Math.max(needed, 1);
    if (this.missingBytes > 0) tight();
    if (this.#isOpen) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** While there is too little room, the disk is asked again and again. */
  #askAgain(): void {
    if (this.#isOpen || this.#isStopped || this.#timer !== undefined) return;
    this.#timer = this.#options.clock.setTimer(limits.diskFullPause, () => {
      this.#timer = undefined;
      void this.refresh();
    });
  }
}

/** Open when all of several gates are. */
export function allGates(gates: readonly UploadGate[]): UploadGate {
  const closed = (): UploadGate | undefined => gates.find((gate) => !gate.isOpen);
  return {
    get isOpen() {
      return closed() === undefined;
    },
    get reason() {
      return closed()?.reason ?? "";
    },
    opened: async () => {
      for (let gate = closed(); gate !== undefined; gate = closed()) await gate.opened();
    },
  };
}

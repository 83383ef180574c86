// SPDX-License-Identifier: Apache-2.0
// What a drive remembers while its store takes nothing: since when, for how long it answers BUSY, and how much of the
// interrupted command was done. A command that was answered BUSY comes again as it was; without this memory its repetition
// would write a second time what of it was written already.

import { equalBytes, limits, minutes } from "#base/index.ts";
import type { UnitTask } from "./unit-task.ts";

interface Interruption {
  readonly nexus: UnitTask["nexus"];
  readonly cdb: Uint8Array;
  /** Object number behind what was done. */
  readonly position: number;
  readonly done: number;
}

/** Hosts repeat what was answered BUSY at once: after such a pause the next answer begins a new wait. */
const pauseMax = minutes(2);

/** The memory of one drive. Times are monotonic. */
export class DrivePressure {
  #since: number | undefined;
  #last = 0;
  #interruption: Interruption | undefined;
  #wasNoted = false;

  /** The last answer was given under pressure. */
  get isOn(): boolean {
    return this.#since !== undefined;
  }

  /** A command finds the store under pressure at `now`: is that still a passing thing? */
  note(now: number): "passing" | "lasting" {
    if (this.#since === undefined || now - this.#last > pauseMax) this.#since = now;
    this.#last = now;
    this.#wasNoted = true;
    return now - this.#since < limits.pressureMax ? "passing" : "lasting";
  }

  /** True once after each `note`: what waits behind the command must not be done before it. */
  takeNoted(): boolean {
    const wasNoted = this.#wasNoted;
    this.#wasNoted = false;
    return wasNoted;
  }

  /** A command was carried out. */
  end(): void {
    this.#since = undefined;
    this.#interruption = undefined;
  }

  /** The command that was interrupted began at object `base`; the drive is at `position` now. */
  interrupt(task: UnitTask, base: number, position: number): void {
    this.#interruption = { nexus: task.nexus, cdb: task.cdb.slice(), position, done: position - base };
  }

  /** How many objects of this command were written before it was interrupted; 0 for any other. */
  doneOf(task: UnitTask, position: number): number {
    const found = this.#interruption;
    this.#interruption = undefined;
    const isSame = found?.nexus === task.nexus && found.position === position && equalBytes(found.cdb, task.cdb);
    return isSame ? found.done : 0;
  }
}

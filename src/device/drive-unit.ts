// SPDX-License-Identifier: Apache-2.0
// A tape drive as a logical unit: SSC-5 commands on the medium that is loaded.

import { Bug } from "#base/index.ts";
import type { DriveOptions, DriveState, DriveStatistics, InsertedCartridge, RemoveAnswer } from "./drive-options.ts";
import type { LogicalUnit, UnitNexus, UnitTask } from "./unit-task.ts";

/** A tape drive. */
export class DriveUnit implements LogicalUnit {
  readonly #options: DriveOptions;

  constructor(options: DriveOptions) {
    this.#options = options;
  }

  get state(): DriveState {
    return { kind: "empty" };
  }

  /** Counters for metrics. */
  get statistics(): DriveStatistics {
    throw new Bug(`not built yet ${this.#options.serial}`);
  }

  /** Some host prevents removal of the cartridge. */
  get isRemovalPrevented(): boolean {
    return false;
  }

  get placeableBytes(): number {
    return 0;
  }

  /**
   * A cartridge was in the bay when the process started and its data is being opened: state `loading`, commands that
   * need a medium answer 02/04/01 until `insert`. `undefined`: it could not be opened, the drive is empty.
   */
  expect(_barcode: string | undefined): void {
    throw new Bug("not built yet");
  }

  /**
   * A cartridge is put in: at the beginning of the partition and ready when this returns; every nexus gets unit
   * attention 28/00 once. A Bug when the drive is not empty.
   */
  insert(_cartridge: InsertedCartridge): void {
    throw new Bug("not built yet");
  }

  /**
   * Takes the cartridge out, after running commands, once its data is durable. Its history is counted up. `force` takes
   * it out even when a host prevents that or its data cannot be saved.
   */
  remove(_options?: { readonly force?: boolean }): Promise<RemoveAnswer> {
    throw new Bug("not built yet");
  }

  nexusOpened(_nexus: UnitNexus): void {
    throw new Bug("not built yet");
  }

  nexusClosed(_nexus: UnitNexus, _how: "logout" | "lost"): Promise<void> {
    throw new Bug("not built yet");
  }

  accept(_task: UnitTask): void {
    throw new Bug("not built yet");
  }

  abort(_task: UnitTask): Promise<void> {
    throw new Bug("not built yet");
  }

  manage(_function: "abort-task-set" | "clear-task-set" | "reset", _nexus: UnitNexus | undefined): Promise<void> {
    throw new Bug("not built yet");
  }
}

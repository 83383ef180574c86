// SPDX-License-Identifier: Apache-2.0
// A media changer as a logical unit: SMC-3 commands on the elements of a library.

import { Bug } from "#base/index.ts";
import type { ChangerOptions } from "./changer-options.ts";
import type { LogicalUnit, UnitNexus, UnitTask } from "./unit-task.ts";

/** A media changer. */
export class ChangerUnit implements LogicalUnit {
  readonly #options: ChangerOptions;

  constructor(options: ChangerOptions) {
    this.#options = options;
  }

  /** Some host prevents that an operator opens the mail slots. */
  get isRemovalPrevented(): boolean {
    return false;
  }

  /** Commands since it was made. */
  get commandCount(): number {
    throw new Bug(`not built yet ${this.#options.serial}`);
  }

  get placeableBytes(): number {
    return 0;
  }

  /** An operator changed what is in the mail slots (import, export by API): unit attention 28/01 for every nexus. */
  mailSlotsAccessed(): void {
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

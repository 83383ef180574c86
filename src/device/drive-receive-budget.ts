// SPDX-License-Identifier: Apache-2.0
// Memory for write data that is not received into its final place, and its limit: so that a host that sends many large
// fixed-mode writes at once cannot take all memory.

import type { UnitTask } from "./unit-task.ts";

/** Limits in bytes: of one transfer, and of all that are held. */
export interface ReceiveLimits {
  readonly each: number;
  readonly all: number;
}

/** Hands out memory until its limit. */
export class ReceiveBudget {
  readonly #limits: ReceiveLimits;
  #held = 0;

  constructor(limits: ReceiveLimits) {
    this.#limits = limits;
  }

  /** Bytes that are held. */
  get heldBytes(): number {
    return this.#held;
  }

  /** Memory for `size` bytes; undefined when one transfer may not be so large, or when too much is held. */
  place(size: number): UnitTask["place"] {
    if (size === 0 || size > this.#limits.each || this.#held + size > this.#limits.all) return undefined;
    this.#held += size;
    let isHeld = true;
    return {
      bytes: new Uint8Array(size),
      release: () => {
        if (isHeld) this.#held -= size;
        isHeld = false;
      },
    };
  }
}

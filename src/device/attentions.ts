// SPDX-License-Identifier: Apache-2.0
// Pending unit attentions of one nexus: SPC-4. No duplicates; a reset supersedes everything that is older, because
// it tells the host to ask for everything again; otherwise first come, first served.

import { senseTable, type AttentionName } from "#scsi/index.ts";

/** ASC of power on, resets and nexus loss. */
const resetCode = senseTable["power-on"].asc;

/** What one nexus has not been told yet. */
export class Attentions {
  #pending: AttentionName[] = [];

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** In the order of delivery. */
  get pending(): readonly AttentionName[] {
    return this.#pending;
  }

  add(name: AttentionName): void {
    if (senseTable[name].asc === resetCode) this.#pending = [name];
    else if (!this.#pending.includes(name)) this.#pending.push(name);
  }

  /** The next one to deliver; it is not pending any more. */
  take(): AttentionName | undefined {
    return this.#pending.shift();
  }

  /** It was told in another way. */
  clear(name: AttentionName): void {
    this.#pending = this.#pending.filter((other) => other !== name);
  }
}

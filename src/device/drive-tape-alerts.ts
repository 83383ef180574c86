// SPDX-License-Identifier: Apache-2.0
// TapeAlert flags of a drive: SSC-4, TapeAlert. Only conditions that this drive can really have. Reading log page 2Eh
// clears them, page 12h does not; flags that speak of the medium go with it.

import { indexByCode } from "#codec/index.ts";
import { tapeAlertCount, tapeAlertFlags, type TapeAlertName } from "#scsi/index.ts";

const names = indexByCode<TapeAlertName, number, number>(tapeAlertFlags, (number) => number);

/** The flags of one drive. */
export class TapeAlerts {
  readonly #raised = new Set<TapeAlertName>();

  raise(name: TapeAlertName): void {
    this.#raised.add(name);
  }

  /** True when the flag of this number (1 … 64) is raised. */
  isRaised(flag: number): boolean {
    const name = names.get(flag);
    return name !== undefined && this.#raised.has(name);
  }

  /** Eight bytes with flag 1 in the highest bit of the first: log page 12h, MAM 0002h. */
  bitmap(): Uint8Array {
    const bytes = new Uint8Array(tapeAlertCount / 8);
    for (const name of this.#raised) {
      const bit = tapeAlertFlags[name] - 1;
      const index = Math.floor(bit / 8);
      bytes[index] = (bytes[index] ?? 0) | (1 << (7 - (bit % 8)));
    }
    return bytes;
  }

  clear(): void {
    this.#raised.clear();
  }
}

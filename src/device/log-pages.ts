// SPDX-License-Identifier: Apache-2.0
// The machinery of LOG SENSE and LOG SELECT over a table of pages.

import type { UnitNexus } from "./unit-task.ts";

/** One parameter of a log page with its value at this moment. */
export interface LogParameter {
  /** Parameter code. */
  readonly code: number;
  /** The value: big-endian number, bytes or text, as the page's table says. */
  readonly value: Uint8Array;
  /** FORMAT AND LINKING of the control byte: SPC-4 table 318. */
  readonly format: "counter" | "ascii" | "binary-counter" | "binary";
}

/** One log page of a unit. */
export interface LogPage {
  readonly code: number;
  readonly subcode: number;
  readonly name: string;
  /** The parameters in ascending order, computed when asked. */
  parameters(nexus: UnitNexus): readonly LogParameter[];
  /** LOG SENSE has delivered the page to this nexus (TapeAlert clears its flags). */
  delivered?(nexus: UnitNexus): void;
  /** LOG SELECT resets the page's counters; absent when it has none that can be reset. */
  reset?(): void;
}

/** The log pages of one unit. */
export class LogPages {
  readonly pages: readonly LogPage[];

  constructor(pages: readonly LogPage[]) {
    this.pages = pages;
  }
}

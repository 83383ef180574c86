// SPDX-License-Identifier: Apache-2.0
// Faults as hosts see them: which sense a Fault becomes that reaches a logical unit.

import { isFault, type Fault } from "#base/index.ts";
import type { CommandRow, SenseName } from "#scsi/index.ts";
import { bareStatus, check, type Check, type Outcome } from "./outcome.ts";

/** Faults whose sense does not depend on what the command did. */
const byFault: Readonly<Record<string, SenseName>> = {
  "store.record-damaged": "read-error",
  "store.segment-missing": "read-error",
  "store.object-store-unreachable": "read-error",
  "store.object-frozen": "read-error",
  "store.segment-thawing": "becoming-ready",
  "store.segment-not-retrieved": "intervention-needed",
  "store.object-corrupt": "read-error",
  "store.disk-full": "write-error",
  "store.fenced": "write-protected",
};

/** Commands that ask for recorded data without a data-in phase, and those that move cartridges. */
const byCommand: Readonly<Record<string, SenseName>> = {
  "SPACE(6)": "read-error",
  "SPACE(16)": "read-error",
  "LOCATE(10)": "read-error",
  "LOCATE(16)": "read-error",
  "VERIFY(6)": "read-error",
  "MOVE MEDIUM": "positioning-error",
  "EXCHANGE MEDIUM": "positioning-error",
};

/** What cannot be read yet, and is no failure: hosts come again, after an operator did something or by themselves. */
export function checkOfLater(error: unknown): Check | undefined {
  if (isFault(error, "store.segment-thawing")) return check("becoming-ready");
  return isFault(error, "store.segment-not-retrieved") ? check("intervention-needed") : undefined;
}

/**
 * The answer to a command that ran into a fault. Commands that end buffered writes (REWIND, LOAD UNLOAD) could not store.
 * What passes by itself is BUSY.
 */
export function outcomeOfFault(fault: Fault, row: CommandRow): Outcome {
  if (fault.code === "store.under-pressure") return bareStatus("busy");
  return check(byFault[fault.code] ?? byCommand[row.name] ?? (row.data === "in" ? "read-error" : "write-error"));
}

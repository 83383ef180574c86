// SPDX-License-Identifier: Apache-2.0
// Answers that several drive commands share: wrong CDB fields, refused and failed writes, damaged records, and turning
// what a store throws into sense. Anything that is neither a Fault nor expected passes through: it is a Bug.

import { Fault } from "#base/index.ts";
import type { Eventually, WriteRefusal } from "#tape/index.ts";
import type { DriveCore } from "./drive-core.ts";
import { check } from "./outcome.ts";
import type { Check, Outcome } from "./outcome.ts";

/** A write that the medium does not allow. */
export function refusedWrite(core: DriveCore, refusal: WriteRefusal): Check {
  if (refusal === "write-once") {
    core.alerts.raise("write-once-overwrite-attempted");
    return check("write-once");
  }
  core.alerts.raise("write-protect");
  return check(core.loaded?.isReadOnlyHere ? "cannot-write-format" : "write-protected");
}

/** The store failed while writing; `residue` bytes, blocks or filemarks are not safe. Throws what is not a Fault. */
export function failedWrite(core: DriveCore, error: unknown, residue?: number): Check {
  if (!(error instanceof Fault)) throw error;
  core.counters.writeErrors++;
  core.mount.writeErrors++;
  core.alerts.raise("hard-error");
  core.alerts.raise("write-failure");
  core.log.error(
    "a write to the loaded cartridge failed",
    { barcode: core.inserted?.barcode, fault: error.code },
    error,
  );
  return check("write-error", residue === undefined ? {} : { information: residue });
}

/** A record cannot be read; `residue` bytes or blocks were not read. Throws what is not a Fault. */
export function damagedRead(core: DriveCore, error: unknown, residue: number): Check {
  noteFailedRead(core, error);
  return check("read-error", { information: residue });
}

/** What lies between here and there cannot be asked. Throws what is not a Fault. */
export function motionFailed(core: DriveCore, error: unknown): Check {
  noteFailedRead(core, error);
  return check("read-error");
}

function noteFailedRead(core: DriveCore, error: unknown): void {
  if (!(error instanceof Fault)) throw error;
  core.counters.readErrors++;
  core.mount.readErrors++;
  core.alerts.raise("hard-error");
  core.alerts.raise("read-failure");
  core.log.error(
    "a read of the loaded cartridge failed",
    { barcode: core.inserted?.barcode, fault: error.code },
    error,
  );
}

/** Runs `act`; a Fault, thrown at once or later, becomes the answer of a failed write. */
export function guard(core: DriveCore, act: () => Eventually<Outcome>, residue?: number): Eventually<Outcome> {
  try {
    const outcome = act();
    return outcome instanceof Promise ? outcome.catch((error: unknown) => failedWrite(core, error, residue)) : outcome;
  } catch (error) {
    return failedWrite(core, error, residue);
  }
}

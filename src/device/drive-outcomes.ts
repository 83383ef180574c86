// SPDX-License-Identifier: Apache-2.0
// Answers that several drive commands share: wrong CDB fields, refused and failed writes, damaged records, and turning
// what a store throws into sense. Anything that is neither a Fault nor expected passes through: it is a Bug.

import { Fault, isFault } from "#base/index.ts";
import { after } from "#tape/index.ts";
import type { Eventually, Medium, WriteRefusal } from "#tape/index.ts";
import type { DriveCore } from "./drive-core.ts";
import { checkOfLater } from "./fault-sense.ts";
import { bareStatus, check } from "./outcome.ts";
import type { UnitTask } from "./unit-task.ts";
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
export function failedWrite(core: DriveCore, error: unknown, residue?: number): Outcome {
  if (!(error instanceof Fault)) throw error;
  if (isPressure(error)) return underPressure(core, error);
  // Another machine has taken the gateway over: nothing of this command was written, and what was before is safe here.
  if (error.code === "store.fenced") return refusedWrite(core, "write-protected");
  core.hasLostWrites = true;
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

/** The store takes nothing for the moment, and has lost nothing. */
export function isPressure(error: unknown): boolean {
  return isFault(error, "store.under-pressure");
}

/**
 * Nothing was done, and the same command may succeed later: BUSY, which drivers of operating systems answer by sending
 * it again. When that has gone on for long, NOT READY, MANUAL INTERVENTION REQUIRED: somebody must make room.
 */
function underPressure(core: DriveCore, fault: Fault): Outcome {
  if (core.pressure.note(core.clock.monotonic()) === "passing") return bareStatus("busy");
  core.log.error("a drive waits for an operator", { barcode: core.inserted?.barcode, fault: fault.code }, fault);
  return check("intervention-needed");
}

/**
 * Runs a writing command that may be interrupted by pressure. What of it was done by then is not done again when the
 * host repeats it: `act` is told how many blocks or filemarks that are. Anything else that the host asks for forgets it.
 */
export function resumable(
  core: DriveCore,
  medium: Medium,
  task: UnitTask,
  act: (done: number) => Eventually<Outcome>,
): Eventually<Outcome> {
  const done = core.pressure.doneOf(task, medium.objectNumber);
  const base = medium.objectNumber - done;
  return after(act(done), (outcome) => {
    if (core.pressure.isOn) core.pressure.interrupt(task, base, medium.objectNumber);
    return outcome;
  });
}

/** A record cannot be read; `residue` bytes or blocks were not read. Throws what is not a Fault. */
export function damagedRead(core: DriveCore, error: unknown, residue: number): Outcome {
  if (error instanceof Fault && isPressure(error)) return underPressure(core, error);
  const later = checkOfLater(error);
  if (later !== undefined) return later;
  noteFailedRead(core, error);
  return check("read-error", { information: residue });
}

/** What lies between here and there cannot be asked. Throws what is not a Fault. */
export function motionFailed(core: DriveCore, error: unknown): Outcome {
  if (error instanceof Fault && isPressure(error)) return underPressure(core, error);
  const later = checkOfLater(error);
  if (later !== undefined) return later;
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
    const outcome = after(act(), (done) => {
      core.pressure.end();
      return done;
    });
    return outcome instanceof Promise ? outcome.catch((error: unknown) => failedWrite(core, error, residue)) : outcome;
  } catch (error) {
    return failedWrite(core, error, residue);
  }
}

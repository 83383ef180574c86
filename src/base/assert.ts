// SPDX-License-Identifier: Apache-2.0
// Assertions. A broken assertion is a Bug: we were wrong, as opposed to a Fault (the world failed in an expected way)
// or an Outcome (an answer of the SCSI protocol). Whoever catches a Bug poisons the smallest owner of the state.

/** An invariant of our own code does not hold. Never thrown for bad input. */
export class Bug extends Error {
  override readonly name = "Bug";
}

/** Throws a Bug unless `condition` holds. `expectation` says what was expected. */
export function assert(condition: unknown, expectation: string): asserts condition {
  if (!condition) throw new Bug(expectation);
}

/** Returns `value`, or throws a Bug when it is undefined or null. */
export function defined<T>(value: T | undefined | null, expectation: string): T {
  if (value === undefined || value === null) throw new Bug(expectation);
  return value;
}

/** For the end of a switch over a union: compiles only when every case was handled. */
export function unreachable(value: never): never {
  throw new Bug(`unexpected value ${JSON.stringify(value)}`);
}

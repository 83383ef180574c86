// SPDX-License-Identifier: Apache-2.0
// What a checker throws: something that must be true is not. Ends the run.

/** A promise to a host was broken, or an invariant of the house. */
export class CheckFailure extends Error {
  override readonly name = "CheckFailure";
}

/** Throws a CheckFailure unless `condition` holds. */
export function expect(condition: unknown, problem: string): asserts condition {
  if (!condition) throw new CheckFailure(problem);
}

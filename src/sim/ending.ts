// SPDX-License-Identifier: Apache-2.0
// What happens to a gateway after the last look at it. Each ending is a family of runs: the same seeds as without it,
// and then this.

/**
 * `lost-machine`: nothing is left but bucket and keys. `two-gateways`: the machine was not lost, and wakes. `rot`: some
 * of what lies there while nothing runs is damaged, on the disk or in the bucket.
 */
export const endings = ["none", "lost-machine", "two-gateways", "rot"] as const;
/** One of them. */
export type Ending = (typeof endings)[number];

/** The ending of that name; undefined when there is none. */
export function endingNamed(name: string | undefined): Ending | undefined {
  return endings.find((ending) => ending === name);
}

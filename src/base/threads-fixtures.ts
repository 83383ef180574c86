// SPDX-License-Identifier: Apache-2.0
// Functions for the tests of the Threads port, in a file of their own because a worker loads them by its name.

/** Functions that do little. */
export const trialJobs = {
  reversed: ({ bytes }: { readonly bytes: Uint8Array }): { readonly bytes: Uint8Array } => ({
    bytes: bytes.toReversed(),
  }),
  failing: ({ reason }: { readonly reason: string }): never => {
    throw new Error(reason);
  },
  /** Never comes back. */
  endless: ({ step }: { readonly step: number }): number => {
    for (let value = 0; ; value += step) if (value < 0) return value;
  },
  /** Fills the memory of its thread. */
  greedy: ({ count }: { readonly count: number }): number => {
    const kept: number[][] = [];
    while (kept.length < count) kept.push(Array.from({ length: 1000 }, (_, index) => index / 3));
    return kept.length;
  },
};

/** What a worker looks for. */
export const jobs = trialJobs;

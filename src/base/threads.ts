// SPDX-License-Identifier: Apache-2.0
// Port: threads that compute beside the event loop. What runs there are pure functions with names: values go in and come
// out, memory changes hands. The real adapter has workers, the simulated one is here and runs them inline.

import { faultsOf } from "./fault.ts";

/** Pure functions by name. What they take and give can be copied between threads. */
export type ThreadJobs = Readonly<Record<string, (input: never) => unknown>>;

/** Runs functions of one table. */
export interface Threads<Jobs extends ThreadJobs> {
  /** The machine has less to give than it is asked for: work that may be left undone should be. */
  readonly isBusy: boolean;
  /** Jobs that are worked on at the same time; more wait. */
  readonly count: number;
  /**
   * The result of one function. The memory in `transfer` belongs to the thread from now on, and so does memory in the
   * result to the caller. Fault `thread.lost` when the thread died: the input may be gone, and asking again may help.
   */
  run<Name extends keyof Jobs & string>(
    name: Name,
    input: Parameters<Jobs[Name]>[0],
    transfer?: readonly ArrayBufferLike[],
  ): Promise<ReturnType<Jobs[Name]>>;
}

/** Faults of the threads port. */
export const threadFault = faultsOf("thread", {
  lost: { text: "a thread ended in the middle of its work: {reason}", retry: "backoff", http: 500, exit: 1 },
});

/** Runs everything at once, in the thread of the caller: for simulations, tools and tests. */
export class InlineThreads<Jobs extends ThreadJobs> implements Threads<Jobs> {
  readonly count = 1;
  readonly #jobs: Jobs;
  readonly #isBusy: () => boolean;

  constructor(jobs: Jobs, isBusy: () => boolean = () => false) {
    this.#jobs = jobs;
    this.#isBusy = isBusy;
  }

  get isBusy(): boolean {
    return this.#isBusy();
  }

  async run<Name extends keyof Jobs & string>(
    name: Name,
    input: Parameters<Jobs[Name]>[0],
  ): Promise<ReturnType<Jobs[Name]>> {
    const job = this.#jobs[name] as ((given: typeof input) => ReturnType<Jobs[Name]>) | undefined;
    if (job === undefined) throw new TypeError(`no job ${name}`);
    return job(input);
  }
}

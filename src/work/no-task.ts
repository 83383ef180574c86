// SPDX-License-Identifier: Apache-2.0
// A task context for unit tests of jobs: nothing is recorded, nothing waits on people.

import type { TaskContext } from "./task.ts";

/** A context without a task. `signal` lets a test abort. */
export function noTask(signal: AbortSignal = new AbortController().signal): TaskContext {
  const counter = { add(): void {}, set(): void {}, setTotal(): void {} };
  return {
    signal,
    counter: () => counter,
    phase() {},
    warn() {},
    log() {},
    waitFor: (_reason, promise) => promise,
    refuseCancel: () => signal.throwIfAborted(),
    checkpoint: () => signal.throwIfAborted(),
  };
}

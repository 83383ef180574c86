// SPDX-License-Identifier: Apache-2.0
// Faults of tasks.

import { faultsOf } from "#base/index.ts";

/** Faults of work. */
export const workFault = faultsOf("work", {
  "task-unknown": {
    text: "there is no task {id}; it may be so old that its record was dropped (`capstan task list` shows the rest)",
    retry: "never",
    http: 404,
    exit: 3,
  },
  "task-ended": { text: "task {id} has already ended ({state})", retry: "never", http: 409, exit: 4 },
  "cannot-cancel": { text: "task {id} cannot be canceled any more: {reason}", retry: "never", http: 409, exit: 4 },
  canceled: { text: "canceled by {who}", retry: "never", http: 409, exit: 1 },
  stopping: {
    text: "Capstan is stopping; the work continues at the next start",
    retry: "backoff",
    http: 503,
    exit: 1,
  },
});

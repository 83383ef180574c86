// SPDX-License-Identifier: Apache-2.0
// Faults of the command line. What the server met comes with its own code and exit code.

import { faultsOf } from "#base/index.ts";

/** Faults of cli. */
export const cliFault = faultsOf("cli", {
  usage: { text: "{reason}", retry: "never", http: 400, exit: 2 },
  "answer-strange": {
    text: "{address} answers with something that is no answer of Capstan (status {status}); is it the right address?",
    retry: "operator",
    http: 502,
    exit: 6,
  },
  "task-failed": { text: "task {id} ended as {state}: {reason}", retry: "operator", http: 500, exit: 1 },
  "stream-ended": {
    text: "the server ended the event stream; the task goes on, look again with `capstan task show {id}`",
    retry: "backoff",
    http: 503,
    exit: 6,
  },
});

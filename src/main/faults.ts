// SPDX-License-Identifier: Apache-2.0
// Faults of the doors: what can be wrong with the start, the command line and the demonstration.

import { faultsOf } from "#base/index.ts";

/** Faults of this room. */
export const mainFault = faultsOf("main", {
  "file-changed": {
    text: "{path} changed its size while it was read; run again when nobody writes to it",
    retry: "backoff",
    http: 409,
    exit: 1,
  },
  "tar-damaged": { text: "the tar stream is damaged: {reason}", retry: "never", http: 500, exit: 8 },
});

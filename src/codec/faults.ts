// SPDX-License-Identifier: Apache-2.0
// Faults of decoding.

import { faultsOf } from "#base/index.ts";

/** Faults of codec. */
export const codecFault = faultsOf("codec", {
  truncated: {
    text: "{what} needs {size} bytes, only {actual} are there",
    retry: "never",
    http: 400,
    exit: 8,
  },
});

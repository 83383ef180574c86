// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a tape file.

import { faultsOf } from "#base/index.ts";

/** Faults of what is on a tape. */
export const formatFault = faultsOf("format", {
  damaged: { text: "{what} is damaged: {reason}", retry: "never", http: 422, exit: 8 },
  "no-end-marker": {
    text: "{what} has no end: writing it was interrupted",
    retry: "never",
    http: 422,
    exit: 8,
  },
  "unexpected-content": {
    text: "there is {actual} where {expected} should be",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "cartridge-full": {
    text: "the cartridge is full: {what} does not fit any more",
    retry: "operator",
    http: 507,
    exit: 7,
  },
});

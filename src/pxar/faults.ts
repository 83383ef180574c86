// SPDX-License-Identifier: Apache-2.0
// What can be wrong with an archive, or with what shall be put into one.

import { faultsOf } from "#base/index.ts";

/** Faults of pxar archives and catalogs. */
export const pxarFault = faultsOf("pxar", {
  damaged: {
    text: "{what} is damaged at byte {offset}: {reason}",
    retry: "never",
    http: 422,
    exit: 8,
  },
  "content-size": {
    text: "{name} has {actual} bytes and not the {expected} bytes that were announced for it",
    retry: "never",
    http: 422,
    exit: 1,
  },
  "bad-name": {
    text: "{name} cannot be the name of a member of an archive: {reason}",
    retry: "never",
    http: 422,
    exit: 2,
  },
  "not-found": {
    text: "{path} is not in {what}",
    retry: "never",
    http: 404,
    exit: 3,
  },
});

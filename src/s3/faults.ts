// SPDX-License-Identifier: Apache-2.0
// Faults of the S3 adapter that are no faults of its port: a URL that is none, a store that cannot do the least.

import { faultsOf } from "#base/index.ts";

/** Faults of this room. */
export const s3Fault = faultsOf("s3", {
  "url-bad": { text: "{url} is not the place of an object store: {reason}", retry: "never", http: 422, exit: 2 },
  "store-unfit": {
    text: "{url} cannot be used as an object store: it fails at {missing}; see `capstan store probe`",
    retry: "operator",
    http: 502,
    exit: 1,
  },
});

// SPDX-License-Identifier: Apache-2.0
// Faults of decoding what a device or a host sent.

import { faultsOf } from "#base/index.ts";

/** Faults of scsi. */
export const scsiFault = faultsOf("scsi", {
  "not-sense-data": {
    text: "sense data starts with response code {code}; 70h to 73h is expected",
    retry: "never",
    http: 502,
    exit: 8,
  },
});

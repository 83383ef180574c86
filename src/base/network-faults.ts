// SPDX-License-Identifier: Apache-2.0
// Faults of the ports that base owns; thrown by their adapters.

import { faultsOf } from "./fault.ts";

/** Faults of the network port. */
export const networkFault = faultsOf("network", {
  "address-in-use": {
    text: "{address} is already in use by another process; choose another address or stop that process",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "address-unavailable": {
    text: "{address} is not an address of this machine",
    retry: "operator",
    http: 422,
    exit: 2,
  },
  denied: {
    text: "this user may not listen on {address}; ports below 1024 need privileges",
    retry: "operator",
    http: 403,
    exit: 5,
  },
  unreachable: { text: "cannot connect to {address}: {reason}", retry: "backoff", http: 502, exit: 6 },
});

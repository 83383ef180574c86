// SPDX-License-Identifier: Apache-2.0
// Faults of the iSCSI room. The target answers its peer with status codes and Reject PDUs and throws none of these;
// they are what the initiator tells its caller.

import { faultsOf } from "#base/index.ts";

/** Faults of iscsi. */
export const iscsiFault = faultsOf("iscsi", {
  "login-refused": {
    text: "{target} at {address} refused the login: {reason} (status {status})",
    retry: "operator",
    http: 502,
    exit: 1,
  },
  "target-unavailable": {
    text: "{target} at {address} cannot serve now: {reason} (status {status})",
    retry: "backoff",
    http: 503,
    exit: 6,
  },
  "authentication-failed": {
    text: "authentication with {target} at {address} failed: {reason}; check CHAP names and secrets on both sides",
    retry: "operator",
    http: 403,
    exit: 5,
  },
  "target-not-found": {
    text: "{address} knows no target {target}",
    retry: "operator",
    http: 404,
    exit: 3,
  },
  "protocol-error": {
    text: "{target} broke the iSCSI protocol: {reason}",
    retry: "backoff",
    http: 502,
    exit: 1,
  },
  "session-lost": {
    text: "the session with {target} is gone: {reason}",
    retry: "backoff",
    http: 502,
    exit: 6,
  },
  "command-timeout": {
    text: "{target} did not answer command {command} within {seconds} s",
    retry: "operator",
    http: 503,
    exit: 6,
  },
  "command-rejected": {
    text: "{target} rejected a request: {reason}",
    retry: "never",
    http: 502,
    exit: 1,
  },
});

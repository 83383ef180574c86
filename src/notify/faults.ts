// SPDX-License-Identifier: Apache-2.0
// What can go wrong when people are told something.

import { faultsOf } from "#base/index.ts";

/** Faults of notices. */
export const notifyFault = faultsOf("notify", {
  "bad-target": {
    text: "the notification target {name} cannot be set up: {reason}",
    retry: "never",
    http: 422,
    exit: 2,
  },
  "bad-matcher": { text: "the matcher {name} cannot be set up: {reason}", retry: "never", http: 422, exit: 2 },
  "bad-template": { text: 'the template "{text}" cannot be filled: {reason}', retry: "never", http: 422, exit: 2 },
  unknown: { text: 'there is no {what} "{name}" (known: {known})', retry: "never", http: 404, exit: 3 },
  exists: { text: 'there is a {what} "{name}" already', retry: "never", http: 409, exit: 4 },
  "in-use": {
    text: "the notification target {name} is named by the matcher {matcher}",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  damaged: { text: "the file {file} is damaged: {reason}", retry: "operator", http: 500, exit: 8 },
  undelivered: { text: "nothing could be delivered to {target}: {reason}", retry: "backoff", http: 502, exit: 6 },
});

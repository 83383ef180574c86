// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a datastore.

import { faultsOf } from "#base/index.ts";

/** Faults of datastores. */
export const datastoreFault = faultsOf("datastore", {
  "file-missing": { text: "{path} is not there", retry: "never", http: 404, exit: 3 },
  "file-failed": { text: "{path} cannot be used: {reason}", retry: "operator", http: 500, exit: 1 },
  "disk-full": { text: "there is no room for {path}", retry: "operator", http: 507, exit: 7 },
  damaged: { text: "{what} is damaged: {reason}", retry: "never", http: 422, exit: 8 },
  "key-needed": {
    text: "{what} is encrypted; reading it takes the key of its client",
    retry: "operator",
    http: 403,
    exit: 5,
  },
  "chunk-missing": { text: "the chunk {digest} is missing", retry: "never", http: 422, exit: 8 },
  "chunk-conflict": {
    text: "the chunk {digest} is there in another form: {reason}",
    retry: "never",
    http: 409,
    exit: 4,
  },
  "bad-name": { text: "{text} is not {expected}", retry: "never", http: 422, exit: 2 },
  "snapshot-exists": { text: "the snapshot {snapshot} is there already", retry: "never", http: 409, exit: 4 },
  "snapshot-missing": { text: "there is no snapshot {snapshot}", retry: "never", http: 404, exit: 3 },
  "group-owned": {
    text: "the group {group} belongs to {owner}, not to {asked}",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  protected: { text: "{snapshot} is protected", retry: "operator", http: 409, exit: 4 },
});

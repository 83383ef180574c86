// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a key.

import { faultsOf } from "#base/index.ts";

/** Faults of keys. */
export const keyFault = faultsOf("keys", {
  "wrong-passphrase": {
    text: "the passphrase does not open the key {fingerprint}",
    retry: "operator",
    http: 403,
    exit: 5,
  },
  "bad-passphrase": {
    text: "a passphrase has at least {min} bytes",
    retry: "operator",
    http: 422,
    exit: 2,
  },
  "bad-key": { text: "this is not a key: {reason}", retry: "never", http: 422, exit: 2 },
  "wrong-key": {
    text: "the key {actual} is not the one that is needed, {expected}",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  unknown: {
    text: "there is no key {fingerprint} here; import it, or restore it from a tape of its set",
    retry: "operator",
    http: 404,
    exit: 3,
  },
  "none-on-tape": {
    text: "the cartridge {label} names no key: its set is not encrypted",
    retry: "never",
    http: 404,
    exit: 3,
  },
  exists: { text: "there is a key {fingerprint} already", retry: "never", http: 409, exit: 4 },
});

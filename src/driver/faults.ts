// SPDX-License-Identifier: Apache-2.0
// What can go wrong between the manager and a drive or a changer.

import { faultsOf } from "#base/index.ts";

/** Faults of drives and changers. */
export const driverFault = faultsOf("driver", {
  "command-failed": {
    text: "{device} answers {command} with {answer}{advice}",
    retry: "operator",
    http: 502,
    exit: 1,
  },
  "was-disturbed": {
    text: "{device} was disturbed: {answer}; nobody knows what became of the last command, so nothing more is written",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "not-ready": { text: "{device} is not ready: {answer}", retry: "operator", http: 503, exit: 6 },
  "bad-block": { text: "{device}: a block cannot be read: {reason}", retry: "never", http: 422, exit: 8 },
  "no-such-file": { text: "{device}: the cartridge has no tape file {fileNumber}", retry: "never", http: 404, exit: 3 },
  "no-encryption": { text: "{device} cannot encrypt: {reason}", retry: "never", http: 422, exit: 1 },
  "wrong-device": { text: "{device} is {actual}, not {expected}", retry: "never", http: 422, exit: 2 },
  "cartridge-missing": {
    text: "the cartridge {label} is not in {changer}",
    retry: "operator",
    http: 404,
    exit: 3,
  },
  "cartridge-elsewhere": {
    text: "the cartridge {label} is in {place} of {changer}; another job may be using it there",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "cartridge-exported": {
    text: "the cartridge {label} is in {place} of {changer}; put it into a storage slot first",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "no-cleaning": {
    text: "{changer} has no cleaning cartridge in a storage slot; its barcode begins with CLN",
    retry: "operator",
    http: 404,
    exit: 3,
  },
  "no-such-slot": {
    text: "{changer} has no slot {number}; the last one is {last}",
    retry: "never",
    http: 404,
    exit: 3,
  },
  "slot-empty": { text: "slot {number} of {changer} is empty", retry: "operator", http: 409, exit: 4 },
  "slot-full": { text: "slot {number} of {changer} is not empty", retry: "operator", http: 409, exit: 4 },
  "no-position": {
    text: "{device} does not tell where its tape is (READ POSITION, long form), so nothing can be appended with it",
    retry: "never",
    http: 422,
    exit: 1,
  },
  "no-free-slot": { text: "{changer} has no free {kind}", retry: "operator", http: 507, exit: 7 },
});

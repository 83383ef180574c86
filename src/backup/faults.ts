// SPDX-License-Identifier: Apache-2.0
// What can go wrong in the manager's jobs.

import { faultsOf } from "#base/index.ts";

/** Faults of jobs. */
export const backupFault = faultsOf("backup", {
  "wrong-cartridge": {
    text: "the cartridge in {drive} is {actual}, not {expected}",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "not-empty": {
    text: "the cartridge in {drive} is not empty: {content}; erase it first",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "label-in-use": { text: "there is a cartridge with the label {label} already", retry: "never", http: 409, exit: 4 },
  "drive-alerts": {
    text: "{drive} raises alerts with the cartridge {label}: {alerts}; the cartridge is marked as damaged",
    retry: "operator",
    http: 409,
    exit: 8,
  },
  "catalog-disagrees": {
    text: "the cartridge {label} and its catalog disagree: {reason}; restore the catalog from tape",
    retry: "operator",
    http: 409,
    exit: 8,
  },
  "does-not-fit": { text: "{what} does not fit on an empty cartridge", retry: "operator", http: 507, exit: 7 },
  "copy-differs": {
    text: "what was read back from {to} is not what was copied from {from}; erase {to} and use another cartridge",
    retry: "operator",
    http: 422,
    exit: 8,
  },
  "tape-damaged": {
    text: "{count} problems were found on {what}; see the warnings",
    retry: "never",
    http: 422,
    exit: 8,
  },
  "no-empty-cartridge": {
    text: "{drive} has no empty cartridge left to copy to; put more into its library",
    retry: "operator",
    http: 507,
    exit: 7,
  },
  "no-label": { text: "the cartridge in {drive} is empty: it has no label", retry: "operator", http: 409, exit: 4 },
  "clean-by-hand": { text: "{drive} has to be cleaned by hand", retry: "operator", http: 409, exit: 4 },
  "clean-alerts": { text: "{drive} raises alerts after cleaning: {alerts}", retry: "operator", http: 502, exit: 8 },
  "drive-busy": {
    text: "{drive} is in use; `capstan task list` shows by what",
    retry: "backoff",
    http: 409,
    exit: 4,
  },
  "no-device": { text: "{drive} is {kind}, which has no {what}", retry: "never", http: 422, exit: 2 },
  "not-online": { text: "the cartridge {label} is not in {changer}", retry: "operator", http: 404, exit: 3 },
  "is-member": {
    text: "the cartridge {label} belongs to a media set; say so if the inventory shall forget it all the same",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "not-found": { text: "there is no cartridge {label} in the inventory", retry: "never", http: 404, exit: 3 },
  "key-in-use": { text: "the key {fingerprint} is needed by {user}", retry: "operator", http: 409, exit: 4 },
  "empty-image": { text: "{path} is empty: there is no image to back up", retry: "never", http: 422, exit: 2 },
  "set-in-use": { text: "another job uses the media set {set}", retry: "backoff", http: 409, exit: 4 },
  "bad-mapping": { text: '"{text}" is no mapping of datastores: {reason}', retry: "never", http: 422, exit: 2 },
  "bad-filter": { text: '"{text}" is no filter of groups: {reason}', retry: "never", http: 422, exit: 2 },
  "with-errors": {
    text: "the job ended with errors in {count} snapshots; see the warnings",
    retry: "operator",
    http: 500,
    exit: 1,
  },
  "bad-config": { text: "{what} cannot be set up: {reason}", retry: "never", http: 422, exit: 2 },
  unknown: { text: 'there is no {what} "{name}" (known: {known})', retry: "never", http: 404, exit: 3 },
  "job-runs": { text: "the backup job {name} runs already: task {task}", retry: "operator", http: 409, exit: 4 },
  exists: { text: 'there is a {what} "{name}" already', retry: "never", http: 409, exit: 4 },
  "chunks-missing": {
    text: "{count} chunks of {snapshot} are on no cartridge of the set",
    retry: "never",
    http: 422,
    exit: 8,
  },
});

// SPDX-License-Identifier: Apache-2.0
// Faults of the store and of its ports (disk, object store).

import { faultsOf } from "#base/index.ts";

/** Faults of this room. */
export const storeFault = faultsOf("store", {
  "disk-full": {
    text: "no space left on the disk for {path}; free space or move the data folder to a larger disk",
    retry: "operator",
    http: 507,
    exit: 7,
  },
  "disk-failed": { text: "{operation} {path}: {reason}; check the disk", retry: "operator", http: 500, exit: 1 },
  "disk-denied": {
    text: "{operation} {path}: not permitted; check owner and mode of the data folder",
    retry: "operator",
    http: 500,
    exit: 5,
  },
  "file-missing": { text: "{path} does not exist", retry: "never", http: 500, exit: 3 },
  "file-exists": { text: "{path} exists already", retry: "never", http: 409, exit: 4 },
  "format-newer": {
    text: "{path} has format version {version}; this release reads up to {supported}: use a newer release",
    retry: "operator",
    http: 500,
    exit: 1,
  },
  "file-damaged": {
    text: "{path} is damaged at byte {offset}: {reason}; restore the file or the cartridge from a copy",
    retry: "operator",
    http: 500,
    exit: 8,
  },
  "record-damaged": {
    text: "object {object} of cartridge {cartridge} is damaged: {reason}",
    retry: "never",
    http: 500,
    exit: 8,
  },
  "segment-missing": {
    text: "segment {segment} of cartridge {cartridge} is neither on the disk nor in the object store",
    retry: "operator",
    http: 500,
    exit: 8,
  },
  "flush-timeout": {
    text: "data of cartridge {cartridge} could not be stored within {seconds} s: {reason}",
    retry: "operator",
    http: 503,
    exit: 6,
  },
  "cartridge-missing": { text: "the store holds no cartridge {cartridge}", retry: "never", http: 404, exit: 3 },
  "cartridge-exists": { text: "the store holds cartridge {cartridge} already", retry: "never", http: 409, exit: 4 },
  "cartridge-busy": {
    text: "cartridge {cartridge} is in use: {reason}; try again later",
    retry: "backoff",
    http: 409,
    exit: 4,
  },
  "cartridge-unloaded": {
    text: "cartridge {cartridge} was unloaded and must be loaded again",
    retry: "never",
    http: 409,
    exit: 4,
  },
  closed: { text: "the store is closed", retry: "never", http: 503, exit: 1 },
  "object-store-unreachable": {
    text: "{operation} {key}: the object store cannot be reached: {reason}",
    retry: "backoff",
    http: 502,
    exit: 6,
  },
  "object-missing": { text: "the object store holds no {key}", retry: "never", http: 404, exit: 3 },
  "object-exists": { text: "the object store holds {key} already", retry: "never", http: 409, exit: 4 },
  "object-changed": {
    text: "{key} was changed by someone else since it was read last",
    retry: "never",
    http: 409,
    exit: 4,
  },
  "object-locked": { text: "{key} is locked: {reason}", retry: "operator", http: 409, exit: 4 },
  "object-store-lacks": {
    text: "{key}: this object store has no {ability}; `capstan store probe` shows what it can do",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "tier-unsupported": {
    text: "{key} is in {class}, which cannot be thawed by {tier}; choose {tiers}",
    retry: "never",
    http: 422,
    exit: 2,
  },
  "object-frozen": {
    text: "{key} is in a cold class and must be thawed before it can be read",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "object-corrupt": {
    text: "the content of {key} has checksum {actual}, not {expected}",
    retry: "backoff",
    http: 500,
    exit: 8,
  },
  "object-short": {
    text: "{key} ends after {actual} bytes, not {expected}; it was changed by someone else",
    retry: "never",
    http: 500,
    exit: 8,
  },
  "object-conflict": {
    text: "{key} exists in the object store with other content; another gateway may own this cartridge",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "object-damaged": {
    text: "{key} is damaged or was changed by someone else: {reason}",
    retry: "never",
    http: 500,
    exit: 8,
  },
  "key-unavailable": {
    text: "the key provider {provider} cannot be asked for key {key}: {reason}",
    retry: "backoff",
    http: 502,
    exit: 6,
  },
  "key-unknown": {
    text: "the key provider {provider} does not give key {key}: {reason}; bring it back, what it wrapped opens with no other",
    retry: "operator",
    http: 500,
    exit: 5,
  },
  "key-refused": {
    text: "key {key} of the key provider {provider} does not open the data key of {context}: it is another key, or the wrapped data key was changed",
    retry: "operator",
    http: 500,
    exit: 8,
  },
  "key-missing": {
    text: "the object store holds no data key of {owner}: what was sealed for it cannot be opened",
    retry: "operator",
    http: 500,
    exit: 8,
  },
  "key-provider-none": {
    text: "the data key of {owner} cannot be wrapped: no key provider is configured",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "owner-plain": {
    text: "{owner} was begun without encryption; allow-plain under [store.encryption] lets it go on so",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "key-file-bad": {
    text: "the key file {path} cannot be used: {reason}; restore it from the copy that was kept elsewhere",
    retry: "operator",
    http: 500,
    exit: 5,
  },
  "passphrase-short": {
    text: "a passphrase has at least {length} characters",
    retry: "operator",
    http: 422,
    exit: 2,
  },
  "object-key": { text: "{key} is not the key of an object: {reason}", retry: "never", http: 422, exit: 2 },
});

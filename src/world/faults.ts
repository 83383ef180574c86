// SPDX-License-Identifier: Apache-2.0
// Faults of the adapters that are not the fault of a port: the data folder, its lock, its files, certificates.

import { faultsOf } from "#base/index.ts";

/** Faults of this room. */
export const worldFault = faultsOf("world", {
  "folder-unusable": {
    text: "the data folder {folder} cannot be used: {reason}; choose another one with --home",
    retry: "operator",
    http: 500,
    exit: 5,
  },
  "folder-foreign": {
    text: "{folder} is not empty and not a data folder of Capstan; choose an empty folder with --home",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "folder-newer": {
    text:
      "the data folder {folder} was written by a newer version (format {found}, this version knows {known}); " +
      "upgrade Capstan or choose another folder with --home",
    retry: "operator",
    http: 409,
    exit: 8,
  },
  "folder-damaged": {
    text: "the data folder {folder} is damaged: {reason}; restore the file from a backup",
    retry: "operator",
    http: 500,
    exit: 8,
  },
  "folder-locked": {
    text: "another Capstan {owner}uses the data folder {folder}; stop it or choose another folder with --home",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "file-unreadable": {
    text: "cannot read {file}: {reason}",
    retry: "operator",
    http: 500,
    exit: 5,
  },
  "file-unwritable": {
    text: "cannot write {file}: {reason}",
    retry: "operator",
    http: 500,
    exit: 5,
  },
  "openssl-missing": {
    text:
      "the openssl program is needed to make a certificate and was not found; install it (Debian: apt install " +
      "openssl) or name your own files under [api] certificate and key",
    retry: "operator",
    http: 500,
    exit: 1,
  },
  "openssl-failed": {
    text: "openssl could not make a certificate: {reason}",
    retry: "operator",
    http: 500,
    exit: 1,
  },
});

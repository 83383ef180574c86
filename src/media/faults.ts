// SPDX-License-Identifier: Apache-2.0
// What can be wrong with media pools, the inventory and catalogs.

import { faultsOf } from "#base/index.ts";

/** Faults of the librarian. */
export const mediaFault = faultsOf("media", {
  damaged: { text: "{what} is damaged: {reason}", retry: "never", http: 422, exit: 8 },
  "bad-event": { text: '"{text}" is no calendar event: {reason}', retry: "never", http: 422, exit: 2 },
  "bad-span": { text: '"{text}" is no time span: {reason}', retry: "never", http: 422, exit: 2 },
  "no-media": {
    text: "the pool {pool} has no cartridge that can be written: {reason}; label one for it, or let one expire",
    retry: "operator",
    http: 507,
    exit: 7,
  },
  "unknown-cartridge": { text: "there is no cartridge {text} in the inventory", retry: "never", http: 404, exit: 3 },
  "ambiguous-label": {
    text: "{count} cartridges have the label {text}; name one by its UUID",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "unknown-set": { text: "there is no media set {text} in the inventory", retry: "never", http: 404, exit: 3 },
  "incomplete-set": {
    text: "the media set {set} lacks cartridge number {missing}; read its label first",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "state-failed": { text: "{path} cannot be used: {reason}", retry: "operator", http: 500, exit: 1 },
  "catalog-missing": {
    text: "there is no catalog of the cartridge {label}; restore it from tape first",
    retry: "operator",
    http: 409,
    exit: 4,
  },
});

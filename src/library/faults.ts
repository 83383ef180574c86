// SPDX-License-Identifier: Apache-2.0
// Faults of the library room: what an operator asked for cannot be.

import { faultsOf } from "#base/index.ts";

/** Faults of the library room. */
export const libraryFault = faultsOf("library", {
  "bad-shape": { text: "these elements cannot make a library: {reason}", retry: "never", http: 422, exit: 2 },
  "no-element": { text: "the library has no element {address}", retry: "never", http: 404, exit: 3 },
  "element-full": {
    text: "element {address} holds cartridge {barcode}; choose another or move it away first",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "element-in-use": {
    text: "element {address} would go away but holds cartridge {barcode}; move it away first",
    retry: "operator",
    http: 409,
    exit: 4,
  },
  "duplicate-barcode": {
    text: "cartridge {barcode} is already in the library, at element {address}",
    retry: "never",
    http: 409,
    exit: 4,
  },
  "bad-barcode": {
    text: "{barcode} cannot be a barcode: 1 to 32 capital letters and digits",
    retry: "never",
    http: 422,
    exit: 2,
  },
  "no-room": { text: "the library has no free {kind}", retry: "operator", http: 409, exit: 7 },
});

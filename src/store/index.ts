// SPDX-License-Identifier: Apache-2.0
// The public face of store.

export * from "./cartridge-store.ts";
export type * from "./disk.ts";
export * from "./faults.ts";
export * from "./folder-object-store.ts";
export * from "./ledger.ts";
export type * from "./object-store.ts";
export type * from "./types.ts";

// SPDX-License-Identifier: Apache-2.0
// The public face of store.

export type { Fenced } from "./bucket-log.ts";
export * from "./bandwidth.ts";
export * from "./bucket-reader.ts";
export * from "./cartridge-store.ts";
export * from "./compression-gauge.ts";
export * from "./counted-objects.ts";
export * from "./crc32.ts";
export type * from "./demand-thaw.ts";
export type * from "./disk.ts";
export * from "./faults.ts";
export * from "./fill-gauge.ts";
export * from "./folder-object-store.ts";
export * from "./key-file.ts";
export type * from "./key-provider.ts";
export * from "./key-ring.ts";
export * from "./label-classes.ts";
export * from "./ledger.ts";
export * from "./object-key.ts";
export type * from "./object-locks.ts";
export * from "./object-sealer.ts";
export * from "./object-rules.ts";
export type * from "./object-store.ts";
export * from "./passphrase-keys.ts";
export * from "./seal-jobs.ts";
export { joinRanges } from "./segment-thaw.ts";
export type { Extent, FileRange } from "./segment-thaw.ts";
export * from "./thaw-record.ts";
export type * from "./types.ts";
export type { SealedOwner } from "./wrapped-key.ts";

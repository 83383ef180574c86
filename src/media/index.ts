// SPDX-License-Identifier: Apache-2.0
// The public face of media.

export * from "./calendar-event.ts";
export * from "./catalog.ts";
export {
  CatalogArchiveEnd,
  CatalogArchiveStart,
  CatalogLabel,
  CatalogSnapshot,
  type FileReference,
} from "./catalog-format.ts";
export * from "./faults.ts";
export * from "./inventory.ts";
export * from "./librarian.ts";
export * from "./locations.ts";
export * from "./pool.ts";
export * from "./set-name.ts";
export type * from "./state-files.ts";
export * from "./time-span.ts";
export * from "./zone.ts";

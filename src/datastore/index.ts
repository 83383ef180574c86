// SPDX-License-Identifier: Apache-2.0
// The public face of datastore.

export * from "./chunk-index.ts";
export * from "./chunk-store.ts";
export * from "./chunker.ts";
export * from "./data-blob.ts";
export * from "./datastore.ts";
export * from "./faults.ts";
export type * from "./files.ts";
export * from "./garbage-collection.ts";
export * from "./manifest.ts";
export * from "./names.ts";
export * from "./prune.ts";
export * from "./snapshot-content.ts";
export * from "./snapshot-create.ts";
export * from "./snapshot-restore.ts";
export * from "./snapshot-writer.ts";
export * from "./store-reader.ts";
export type * from "./trees.ts";
export * from "./verify.ts";

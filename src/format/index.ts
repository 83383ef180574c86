// SPDX-License-Identifier: Apache-2.0
// The public face of format.

export * from "./catalog-file.ts";
export * from "./chunk-file.ts";
export * from "./content-header.ts";
export * from "./faults.ts";
export * from "./labels.ts";
export type { TapeFileKind } from "./magics.ts";
export * from "./snapshot-file.ts";
export { StreamBlockHeader, streamBlockSize, streamPayloadSize } from "./stream-block.ts";
export * from "./stream-reader.ts";
export * from "./stream-writer.ts";
export type * from "./tape-drive.ts";

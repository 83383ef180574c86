// SPDX-License-Identifier: Apache-2.0
// The public face of tidy.

export * from "./completeness-rules.ts";
export * from "./format-page.ts";
export * from "./function-length.ts";
export * from "./import-rules.ts";
export * from "./module-rules.ts";
export type * from "./room-table.ts";
export * from "./source-file.ts";
export * from "./text-rules.ts";

// SPDX-License-Identifier: Apache-2.0
// The public face of tape.

export type * from "./image.ts";
export * from "./capacity.ts";
export * from "./eventually.ts";
export * from "./medium.ts";
export * from "./memory-image.ts";
export type * from "./motion.ts";
export * from "./protection.ts";
export * from "./read-rules.ts";
export * from "./encrypted-block.ts";

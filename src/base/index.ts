// SPDX-License-Identifier: Apache-2.0
// The public face of base.

export * from "./assert.ts";
export type * from "./brand.ts";
export * from "./byte-flow.ts";
export * from "./bytes.ts";
export * from "./fault.ts";
export * from "./json.ts";
export * from "./limits.ts";
export * from "./log.ts";
export * from "./network.ts";
export * from "./network-faults.ts";
export * from "./page-memory.ts";
export * from "./random.ts";
export * from "./scope.ts";
export * from "./threads.ts";
export * from "./time.ts";
export * from "./uuid.ts";

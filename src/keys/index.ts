// SPDX-License-Identifier: Apache-2.0
// The public face of keys.

export * from "./faults.ts";
export * from "./key-config.ts";
export * from "./key-ring.ts";
export * from "./paper-key.ts";
export * from "./raw-key.ts";

// SPDX-License-Identifier: Apache-2.0
// The public face of codec.

export * from "./cursor.ts";
export * from "./faults.ts";
export * from "./fields.ts";
export * from "./layout.ts";
export * from "./table.ts";

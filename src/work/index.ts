// SPDX-License-Identifier: Apache-2.0
// The public face of work.

export * from "./faults.ts";
export * from "./gate.ts";
export * from "./no-task.ts";
export * from "./task.ts";
export * from "./task-registry.ts";

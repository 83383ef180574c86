// SPDX-License-Identifier: Apache-2.0
// The public face of device.

export type * from "./changer-options.ts";
export type { CartridgeMemory } from "./cartridge-memory.ts";
export * from "./changer-unit.ts";
export * from "./command.ts";
export type * from "./drive-options.ts";
export * from "./drive-unit.ts";
export type * from "./identity.ts";
export * from "./log-pages.ts";
export * from "./missing-unit.ts";
export * from "./mode-pages.ts";
export * from "./outcome.ts";
export * from "./unit.ts";
export type * from "./unit-task.ts";

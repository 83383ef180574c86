// SPDX-License-Identifier: Apache-2.0
// The public face of the gateway.

export type { Alarm, AlarmSeverity } from "./alarms.ts";
export { cartridgeStates, type CartridgeState } from "./cartridge-life.ts";
export { Book } from "./book.ts";
export * from "./check-up.ts";
export type * from "./events.ts";
export type { CartridgeRecord, Fact } from "./facts.ts";
export { Gateway } from "./gateway.ts";
export { listPrices, type ClassPrices, type PriceTable, type ThawPrice } from "./prices.ts";
export * from "./recovery.ts";
export { presetViews } from "./presets.ts";
export * from "./mend-ledgers.ts";
export type * from "./requests.ts";
export { type ScrubSettings, usualScrub } from "./scrub-desk.ts";
export { defaultSettings, firstLibrary } from "./settings.ts";
export type { DefaultAccess, GatewayOptions, GatewaySettings, PortalSettings } from "./settings.ts";
export type * from "./views.ts";

// SPDX-License-Identifier: Apache-2.0
// The public face of sim: the simulated ports, for the tests of other rooms too.

export * from "./clock.ts";
export * from "./disk.ts";
export * from "./network.ts";
export * from "./object-store.ts";
export * from "./random.ts";
export * from "./store-files.ts";
export * from "./state-files.ts";
export * from "./tape-cartridge.ts";
export * from "./tape-station.ts";
export * from "./wire.ts";
export * from "./wire-fuzzer.ts";

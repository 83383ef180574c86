// SPDX-License-Identifier: Apache-2.0
// The public face of library.

export * from "./changer.ts";
export * from "./decide.ts";
export * from "./element.ts";
export * from "./faults.ts";
export * from "./shape.ts";

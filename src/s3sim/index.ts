// SPDX-License-Identifier: Apache-2.0
// The public face of s3sim.

export type * from "./call.ts";
export * from "./request-book.ts";
export type * from "./signature.ts";
export * from "./simulator.ts";
export type { HttpAnswer, HttpRequest } from "./wire.ts";

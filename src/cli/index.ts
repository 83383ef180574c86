// SPDX-License-Identifier: Apache-2.0
// The public face of cli.

export * from "./faults.ts";
export type * from "./ports.ts";
export { ProgressRenderer, barText } from "./progress.ts";
export { runCli } from "./run.ts";

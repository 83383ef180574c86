// SPDX-License-Identifier: Apache-2.0
// The public face of labels.

export * from "./faults.ts";
export * from "./label-rows.ts";
export * from "./label-sheet.ts";
export { papers, type PaperName } from "./sheet.ts";

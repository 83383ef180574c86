// SPDX-License-Identifier: Apache-2.0
// The public face of pxar.

export * from "./catalog.ts";
export * from "./decoder.ts";
export { nameProblem, PxarEncoder, type PxarEncoderOptions, shownName } from "./encoder.ts";
export * from "./faults.ts";
export { EntryItem, GoodbyeRow, ItemHeader } from "./items.ts";
export type { ArchiveSource } from "./item-reader.ts";
export type { FileContent, PxarMember } from "./member.ts";
export * from "./metadata.ts";
export * from "./tree.ts";

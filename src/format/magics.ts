// SPDX-License-Identifier: Apache-2.0
// Numbers by which tape files and their parts are known: each is the first 8 bytes of SHA-256 over a text. Both are
// written down here; a test holds them together. docs/TAPE-FORMATS.md.

import { bytesFromHex, hexFromBytes } from "#base/index.ts";

/** A number and the text it is made from. */
interface Magic {
  readonly hex: string;
  readonly text: string;
}

/** Of structures inside of tape files. */
export const structureMagics = {
  streamBlock: { hex: "dcbdafcaeba0a528", text: "Proxmox Tape Block Header v1.0" },
  contentHeader: { hex: "63ee149fcdf29b0c", text: "Proxmox Backup Content Header v1.0" },
  chunkEntry: { hex: "48576df2de428fdc", text: "Proxmox Backup Chunk Archive Entry v1.0" },
} as const satisfies Readonly<Record<string, Magic>>;

/** Of the kinds of tape files. Those that were never released are known so that they can be refused by name. */
export const contentMagics = {
  "cartridge-label": { hex: "2a05bf3cb030aa39", text: "Proxmox Backup Tape Label v1.0" },
  "set-label": { hex: "086063f92f9753d8", text: "Proxmox Backup MediaSet Label v1.0" },
  "chunk-file": { hex: "6d31636dd70283bf", text: "Proxmox Backup Chunk Archive v1.1" },
  "chunk-file-1.0": { hex: "3eada75f314c066e", text: "Proxmox Backup Chunk Archive v1.0" },
  "snapshot-file": { hex: "da1615d011e29a62", text: "Proxmox Backup Snapshot Archive v1.1" },
  "snapshot-file-1.0": { hex: "09b6021f7de87285", text: "Proxmox Backup Snapshot Archive v1.0" },
  "snapshot-file-with-namespace": { hex: "6210369bba10331d", text: "Proxmox Backup Snapshot Archive v1.2" },
  "catalog-file": { hex: "b7cfc7259e991e73", text: "Proxmox Backup Catalog Archive v1.0" },
  "catalog-file-with-namespaces": { hex: "b3ec71f0adec0260", text: "Proxmox Backup Catalog Archive v1.1" },
} as const satisfies Readonly<Record<string, Magic>>;

/** Of one of them. */
export type ContentMagic = keyof typeof contentMagics;

const byHex = new Map<string, ContentMagic>(
  Object.entries(contentMagics).map(([name, { hex }]) => [hex, name as ContentMagic] as const),
);

/** The name of a content magic; undefined when it is none. */
export const contentMagicOf = (bytes: Uint8Array): ContentMagic | undefined => byHex.get(hexFromBytes(bytes));

/** The bytes of a content magic. */
export const contentMagicBytes = (name: ContentMagic): Uint8Array => bytesFromHex(contentMagics[name].hex);

/** What a tape file is. */
export type TapeFileKind = "cartridge-label" | "set-label" | "chunk-file" | "snapshot-file" | "catalog-file";

/** The kind that a content magic stands for; undefined for kinds that are refused. */
export function tapeFileKindOf(magic: ContentMagic): TapeFileKind | undefined {
  switch (magic) {
    case "snapshot-file-with-namespace":
      return "snapshot-file";
    case "catalog-file-with-namespaces":
      return "catalog-file";
    case "chunk-file-1.0":
    case "snapshot-file-1.0":
      return undefined;
    case "cartridge-label":
    case "set-label":
    case "chunk-file":
    case "snapshot-file":
    case "catalog-file":
      return magic;
    default:
      return magic satisfies never;
  }
}

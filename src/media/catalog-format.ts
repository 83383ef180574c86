// SPDX-License-Identifier: Apache-2.0
// Bytes of a cartridge's catalog: a magic, then entries that are appended. Each is a type byte and a structure with the
// padding that a C compiler leaves, which is written as zeros and ignored. docs/TAPE-FORMATS.md.

import { assert, bytesFromHex, bytesFromText, bytesOfUuid, concatBytes, type Uuid } from "#base/index.ts";
import { bytes, layout, uint64Le, uintLe } from "#codec/index.ts";

/** Begins every catalog. */
export const catalogFileMagic = bytesFromHex("4c8ee8c120a88971");

/** Types of entries. */
export const catalogEntryTypes = {
  label: 0x4c,
  archiveStart: 0x41,
  chunk: 0x43,
  archiveEnd: 0x45,
  snapshot: 0x53,
} as const;

/** `L`: the labels in tape files 0 and 1. */
export const CatalogLabel = layout("catalog label entry", 32, {
  fileNumber: uint64Le(0),
  uuid: bytes(8, 16),
  setIndex: uint64Le(24),
});

/** `A`: a chunk file begins; the store's name follows. */
export const CatalogArchiveStart = layout("catalog archive start", 32, {
  fileNumber: uint64Le(0),
  uuid: bytes(8, 16),
  storeNameSize: uintLe(24, 1),
});

/** `E`: the chunk file ends. */
export const CatalogArchiveEnd = layout("catalog archive end", 24, { fileNumber: uint64Le(0), uuid: bytes(8, 16) });

/** `S`: a snapshot file; the store's name, a colon and the snapshot's path follow. */
export const CatalogSnapshot = layout("catalog snapshot entry", 32, {
  fileNumber: uint64Le(0),
  uuid: bytes(8, 16),
  storeNameSize: uintLe(24, 1),
  pathSize: uintLe(26, 2),
});

/** Bytes of a digest in `C`. */
export const digestSize = 32;

/** A tape file by number and identity. */
export interface FileReference {
  readonly fileNumber: number;
  readonly uuid: Uuid;
}

const typed = (type: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  concatBytes([Uint8Array.of(type), ...parts]);
const place = ({ fileNumber, uuid }: FileReference): { fileNumber: bigint; uuid: Uint8Array } => ({
  fileNumber: BigInt(fileNumber),
  uuid: bytesOfUuid(uuid),
});

/** A label entry: the cartridge in file 0, the set in file 1. */
export const encodeLabelEntry = (file: FileReference, setIndex: number): Uint8Array =>
  typed(catalogEntryTypes.label, CatalogLabel.encode({ ...place(file), setIndex: BigInt(setIndex) }));

/** A chunk file with its chunks. */
export function encodeArchiveEntries(file: FileReference, store: string, digests: readonly Uint8Array[]): Uint8Array {
  const name = bytesFromText(store);
  assert(name.byteLength < 256, "the name of a store is short");
  return concatBytes([
    typed(
      catalogEntryTypes.archiveStart,
      CatalogArchiveStart.encode({ ...place(file), storeNameSize: name.byteLength }),
      name,
    ),
    ...digests.map((digest) => typed(catalogEntryTypes.chunk, digest)),
    typed(catalogEntryTypes.archiveEnd, CatalogArchiveEnd.encode(place(file))),
  ]);
}

/** A snapshot file. */
export function encodeSnapshotEntry(file: FileReference, store: string, path: string): Uint8Array {
  const [name, text] = [bytesFromText(store), bytesFromText(path)];
  assert(name.byteLength < 256 && text.byteLength < 65_536, "the names of a snapshot are short");
  const sizes = { storeNameSize: name.byteLength, pathSize: text.byteLength };
  return typed(
    catalogEntryTypes.snapshot,
    CatalogSnapshot.encode({ ...place(file), ...sizes }),
    name,
    bytesFromText(":"),
    text,
  );
}

/** The begin of a catalog: the cartridge, and its set once it has one. */
export function encodeCatalogStart(
  cartridge: Uuid,
  set?: { readonly uuid: Uuid; readonly setIndex: number },
): Uint8Array {
  const first = encodeLabelEntry({ fileNumber: 0, uuid: cartridge }, 0);
  const second = set === undefined ? [] : [encodeLabelEntry({ fileNumber: 1, uuid: set.uuid }, set.setIndex)];
  return concatBytes([catalogFileMagic, first, ...second]);
}

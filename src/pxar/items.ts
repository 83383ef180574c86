// SPDX-License-Identifier: Apache-2.0
// The items that a pxar archive is made of: 16 bytes of header (type and full size), then content. Little-endian. The
// types are hashes of names; they are a table here, with nothing that follows from them. docs/TAPE-FORMATS.md.

import { int64Le, layout, type ValueOf, uint64Le, uintLe } from "#codec/index.ts";

/** The types of items. */
export const itemTypes = {
  formatVersion: 0x730f6c75df16a40dn,
  prelude: 0xe309d79d9f7b771bn,
  entry: 0xd5956474e588acefn,
  entryV1: 0x11da850a1c1cceffn,
  filename: 0x16701121063917b3n,
  symlink: 0x27f971e7dbf5dc5fn,
  device: 0x9fc9e906586d5ce9n,
  xattr: 0x0dab0229b57dcd03n,
  aclUser: 0x2ce8540a457d55b8n,
  aclGroup: 0x136e3eceb04c03abn,
  aclGroupObject: 0x10868031e9582876n,
  aclDefault: 0xbbbb13415a6896f5n,
  aclDefaultUser: 0xc89357b40532cd1fn,
  aclDefaultGroup: 0xf90a8a5816038ffen,
  fileCapabilities: 0x2da9dd9db5f7fb67n,
  quotaProject: 0xe07540e82f7d1cbbn,
  hardlink: 0x51269c8422bd7275n,
  payload: 0x28147a1b0b7c1a25n,
  payloadReference: 0x419d3d6bc4ba977en,
  goodbye: 0x2fec4fa642d5731dn,
  payloadStart: 0x834c68c2194a4ed2n,
  payloadTail: 0x6c72b78b984c81b5n,
} as const;

/** The name of a type. */
export type ItemKind = keyof typeof itemTypes;

/** In the place of a hash: the last row of a goodbye table. */
export const goodbyeTailMarker = 0xef5eed5b753e1555n;

const kinds = new Map<bigint, ItemKind>(
  Object.entries(itemTypes).map(([kind, type]) => [type, kind as ItemKind] as const),
);

/** The name of a type; undefined when there is none. */
export const itemKindOf = (type: bigint): ItemKind | undefined => kinds.get(type);

/** Begins every item. */
export const ItemHeader = layout("pxar item header", 16, {
  type: uint64Le(0),
  /** Bytes of the whole item, this header included. */
  fullSize: uint64Le(8),
});

/** Content of ENTRY: what stat tells of a file. */
export const EntryItem = layout("pxar entry", 40, {
  mode: uint64Le(0),
  /** Attributes as of chattr and FAT; 0 where they are not used. */
  flags: uint64Le(8),
  uid: uintLe(16, 4),
  gid: uintLe(20, 4),
  mtimeSeconds: int64Le(24),
  mtimeNanoseconds: uintLe(32, 4),
});
export type EntryItem = ValueOf<typeof EntryItem>;

/** Content of ENTRY in the oldest archives. */
export const EntryItemV1 = layout("pxar entry of the first version", 32, {
  mode: uint64Le(0),
  flags: uint64Le(8),
  uid: uintLe(16, 4),
  gid: uintLe(20, 4),
  /** Nanoseconds since 1970. */
  mtime: uint64Le(24),
});

/** One row of a goodbye table. */
export const GoodbyeRow = layout("pxar goodbye row", 24, {
  /** Hash of the name, or the tail marker. */
  hash: uint64Le(0),
  /** From the member's FILENAME to the table; in the tail, from the directory's ENTRY. */
  offset: uint64Le(8),
  /** Bytes of the member; in the tail, of the whole GOODBYE item. */
  size: uint64Le(16),
});
export type GoodbyeRow = ValueOf<typeof GoodbyeRow>;

/** Two numbers: what DEVICE, PAYLOAD_REF and the entries of ACLs hold. */
export const NumberPair = layout("pxar pair of numbers", 16, { first: uint64Le(0), second: uint64Le(8) });

/** One number: FORMAT_VERSION, QUOTA_PROJID, ACL_GROUP_OBJ and the distance of HARDLINK. */
export const SingleNumber = layout("pxar number", 8, { value: uint64Le(0) });

/** Content of ACL_DEFAULT; a mask of all ones means that there is none. */
export const AclDefaultItem = layout("pxar default ACL", 32, {
  userObject: uint64Le(0),
  groupObject: uint64Le(8),
  other: uint64Le(16),
  mask: uint64Le(24),
});

/** The size of a header. */
export const itemHeaderSize = ItemHeader.size;

/** One item. */
export function encodeItem(kind: ItemKind, content: Uint8Array): Uint8Array {
  const item = new Uint8Array(itemHeaderSize + content.byteLength);
  ItemHeader.encodeInto(item, 0, { type: itemTypes[kind], fullSize: BigInt(item.byteLength) });
  item.set(content, itemHeaderSize);
  return item;
}

/** Header of an item whose content of `contentSize` bytes follows by itself. */
export function encodeItemHeader(kind: ItemKind, contentSize: number): Uint8Array {
  return ItemHeader.encode({ type: itemTypes[kind], fullSize: BigInt(itemHeaderSize + contentSize) });
}

/** One number as content. */
export const numberContent = (value: bigint): Uint8Array => SingleNumber.encode({ value });
/** Two numbers as content. */
export const pairContent = (first: bigint, second: bigint): Uint8Array => NumberPair.encode({ first, second });

/** Bytes with a zero behind them. */
export function zeroTerminated(text: Uint8Array): Uint8Array {
  const content = new Uint8Array(text.byteLength + 1);
  content.set(text);
  return content;
}

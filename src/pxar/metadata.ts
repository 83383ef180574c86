// SPDX-License-Identifier: Apache-2.0
// What an archive tells of a member besides its name and content: mode, owner, times, extended attributes, access control
// lists. Written as ENTRY and the attribute items behind it, in the order that the grammar asks for.

import { assert, concatBytes } from "#base/index.ts";
import { AclDefaultItem, EntryItem, encodeItem, numberContent, pairContent } from "./items.ts";

/** A permission for a user or group of an access control list. */
export interface AclEntry {
  /** uid or gid. */
  readonly id: bigint;
  /** Bits as of rwx: 4, 2, 1. */
  readonly permissions: bigint;
}

/** The default access control list of a directory. */
export interface AclDefault {
  readonly userObject: bigint;
  readonly groupObject: bigint;
  readonly other: bigint;
  /** All ones: there is none. */
  readonly mask: bigint;
}

/** An access control list, as far as the mode does not say it. */
export interface Acl {
  readonly users: readonly AclEntry[];
  readonly groups: readonly AclEntry[];
  readonly groupObject: bigint | undefined;
  readonly default: AclDefault | undefined;
  readonly defaultUsers: readonly AclEntry[];
  readonly defaultGroups: readonly AclEntry[];
}

/** An extended attribute. */
export interface Xattr {
  readonly name: Uint8Array;
  readonly value: Uint8Array;
}

/** Metadata of one member. */
export interface PxarMetadata {
  /** Type and permissions as in stat. */
  readonly mode: number;
  readonly flags: bigint;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, rounded down, and nanoseconds. */
  readonly mtimeSeconds: bigint;
  readonly mtimeNanoseconds: number;
  readonly xattrs: readonly Xattr[];
  readonly acl: Acl;
  readonly fileCapabilities: Uint8Array | undefined;
  readonly quotaProject: bigint | undefined;
}

/** What a member is. */
export type MemberType = "file" | "directory" | "symlink" | "block-device" | "char-device" | "fifo" | "socket";

/** The bits of a mode that say what it is. */
const typeMask = 0o170000;
const typeBits: Readonly<Record<MemberType, number>> = {
  fifo: 0o010000,
  "char-device": 0o020000,
  directory: 0o040000,
  "block-device": 0o060000,
  file: 0o100000,
  symlink: 0o120000,
  socket: 0o140000,
};
const typesByBits = new Map(Object.entries(typeBits).map(([type, bits]) => [bits, type as MemberType] as const));

/** What a mode says; undefined when it is none of the known types. */
export const memberTypeOf = (mode: number): MemberType | undefined => typesByBits.get(mode & typeMask);

/** A mode of this type with these permissions. */
export const modeOf = (type: MemberType, permissions: number): number => typeBits[type] | (permissions & 0o7777);

/** No access control list. */
export const noAcl: Acl = {
  users: [],
  groups: [],
  groupObject: undefined,
  default: undefined,
  defaultUsers: [],
  defaultGroups: [],
};

/** Metadata with nothing but a mode and what is given. */
export function plainMetadata(mode: number, rest: Partial<PxarMetadata> = {}): PxarMetadata {
  return {
    mode,
    flags: 0n,
    uid: 0,
    gid: 0,
    mtimeSeconds: 0n,
    mtimeNanoseconds: 0,
    xattrs: [],
    acl: noAcl,
    fileCapabilities: undefined,
    quotaProject: undefined,
    ...rest,
  };
}

function aclItems(acl: Acl): Uint8Array[] {
  const entries = (kind: Parameters<typeof encodeItem>[0], list: readonly AclEntry[]): Uint8Array[] =>
    list.map(({ id, permissions }) => encodeItem(kind, pairContent(id, permissions)));
  return [
    ...entries("aclUser", acl.users),
    ...entries("aclGroup", acl.groups),
    ...(acl.groupObject === undefined ? [] : [encodeItem("aclGroupObject", numberContent(acl.groupObject))]),
    ...(acl.default === undefined ? [] : [encodeItem("aclDefault", AclDefaultItem.encode(acl.default))]),
    ...entries("aclDefaultUser", acl.defaultUsers),
    ...entries("aclDefaultGroup", acl.defaultGroups),
  ];
}

/** ENTRY and all attribute items. */
export function encodeMetadata(metadata: PxarMetadata): Uint8Array {
  const { mode, flags, uid, gid, mtimeSeconds, mtimeNanoseconds } = metadata;
  assert(memberTypeOf(mode) !== undefined, "the mode of a member says what it is");
  assert(mtimeNanoseconds < 1e9, "nanoseconds are less than a second");
  const entry = EntryItem.encode({ mode: BigInt(mode), flags, uid, gid, mtimeSeconds, mtimeNanoseconds });
  const xattrs = metadata.xattrs.map(({ name, value }) =>
    encodeItem("xattr", concatBytes([name, Uint8Array.of(0), value])),
  );
  const { fileCapabilities, quotaProject } = metadata;
  return concatBytes([
    encodeItem("entry", entry),
    ...xattrs,
    ...aclItems(metadata.acl),
    ...(fileCapabilities === undefined ? [] : [encodeItem("fileCapabilities", fileCapabilities)]),
    ...(quotaProject === undefined ? [] : [encodeItem("quotaProject", numberContent(quotaProject))]),
  ]);
}

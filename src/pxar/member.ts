// SPDX-License-Identifier: Apache-2.0
// Reads one member of an archive: FILENAME, ENTRY with its attributes, and what follows by the type in the mode. Contents
// of files and of directories are left where they are.

import { limits } from "#base/index.ts";
import type { FoundItem, ItemReader } from "./item-reader.ts";
import { AclDefaultItem, EntryItem, EntryItemV1, type ItemKind, NumberPair, SingleNumber } from "./items.ts";
import { nameProblem } from "./encoder.ts";
import { type Acl, type AclEntry, memberTypeOf, noAcl, type PxarMetadata, type Xattr } from "./metadata.ts";

/** Where the content of a file lies. */
export type FileContent =
  /** In this archive, right behind; `start` is the place of its first byte. */
  | { readonly where: "inline"; readonly start: number; readonly sizeBytes: number }
  /** In the payload stream; `start` is the place of its PAYLOAD item there. */
  | { readonly where: "payload"; readonly start: number; readonly sizeBytes: number };

interface Common {
  readonly name: Uint8Array;
  /** Where FILENAME begins; 0 for the root. */
  readonly start: number;
}

/** A member as the archive describes it. */
export type PxarMember = Common &
  (
    | { readonly type: "directory"; readonly metadata: PxarMetadata; readonly entryStart: number }
    | { readonly type: "file"; readonly metadata: PxarMetadata; readonly content: FileContent }
    | { readonly type: "symlink"; readonly metadata: PxarMetadata; readonly target: Uint8Array }
    | {
        readonly type: "block-device" | "char-device";
        readonly metadata: PxarMetadata;
        readonly major: bigint;
        readonly minor: bigint;
      }
    | { readonly type: "fifo" | "socket"; readonly metadata: PxarMetadata }
    /** `targetStart` is where FILENAME of the earlier member begins, `path` its path from the root. */
    | { readonly type: "hardlink"; readonly targetStart: number; readonly path: Uint8Array }
  );

/** Text with exactly one zero, at its end. */
function withoutZero(items: ItemReader, item: FoundItem, content: Uint8Array): Uint8Array {
  if (content.indexOf(0) !== content.byteLength - 1) throw items.damaged("a text does not end with a zero", item.start);
  return content.subarray(0, -1);
}

/** Reads the name that begins a member. */
export async function readName(items: ItemReader): Promise<{ name: Uint8Array; start: number }> {
  const item = await items.next();
  if (item.kind !== "filename") throw items.damaged(`there is ${item.kind} instead of a name`, item.start);
  const name = withoutZero(items, item, await items.content(item, limits.pxarName + 1));
  const problem = nameProblem(name);
  if (problem !== undefined) throw items.damaged(`a name cannot be: ${problem}`, item.start);
  return { name, start: item.start };
}

/** Reads a member whose name is the next item. */
export async function readMember(items: ItemReader): Promise<PxarMember> {
  const { name, start } = await readName(items);
  const next = await items.peek();
  if (next?.kind === "hardlink") return readHardlink(items, name, start);
  return readEntry(items, name, start);
}

async function readHardlink(items: ItemReader, name: Uint8Array, start: number): Promise<PxarMember> {
  const item = await items.next();
  const content = await items.content(item, SingleNumber.size + limits.pxarPath + 1);
  const { value } = SingleNumber.decode(content);
  if (value === 0n || value > BigInt(start)) throw items.damaged("a hard link points outside", item.start);
  const path = withoutZero(items, item, content.subarray(SingleNumber.size));
  return { type: "hardlink", name, start, targetStart: start - Number(value), path };
}

/** Reads ENTRY and what belongs to it. Used for the root, which has no name, and by `readMember`. */
export async function readEntry(items: ItemReader, name: Uint8Array, start: number): Promise<PxarMember> {
  const entry = await items.next();
  const metadata = await readMetadata(items, entry);
  const type = memberTypeOf(metadata.mode);
  const common = { name, start, metadata };
  switch (type) {
    case "directory":
      return { type, ...common, entryStart: entry.start };
    case "file":
      return { type, ...common, content: await readContentPlace(items) };
    case "symlink": {
      const item = await expect(items, "symlink");
      return { type, ...common, target: withoutZero(items, item, await items.content(item, limits.pxarPath + 1)) };
    }
    case "block-device":
    case "char-device": {
      const item = await expect(items, "device");
      const { first, second } = NumberPair.decode(await exactContent(items, item, NumberPair.size));
      return { type, ...common, major: first, minor: second };
    }
    case "fifo":
    case "socket":
      return { type, ...common };
    case undefined:
      throw items.damaged(`the mode ${metadata.mode.toString(8)} has no known type`, entry.start);
    default:
      throw items.damaged(`the mode ${metadata.mode.toString(8)} has no known type`, (type satisfies never, 0));
  }
}

async function readContentPlace(items: ItemReader): Promise<FileContent> {
  const item = await items.next();
  if (item.kind === "payload") return { where: "inline", start: items.position, sizeBytes: item.contentSize };
  if (item.kind !== "payloadReference") throw items.damaged(`there is ${item.kind} instead of a content`, item.start);
  const { first, second } = NumberPair.decode(await exactContent(items, item, NumberPair.size));
  if (first > BigInt(Number.MAX_SAFE_INTEGER) || second > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw items.damaged("a content lies further away than can be", item.start);
  }
  return { where: "payload", start: Number(first), sizeBytes: Number(second) };
}

async function expect(items: ItemReader, kind: ItemKind): Promise<FoundItem> {
  const item = await items.next();
  if (item.kind !== kind) throw items.damaged(`there is ${item.kind} instead of ${kind}`, item.start);
  return item;
}

async function exactContent(items: ItemReader, item: FoundItem, size: number): Promise<Uint8Array> {
  if (item.contentSize !== size) {
    throw items.damaged(`${item.kind} has ${item.contentSize} bytes, not ${size}`, item.start);
  }
  return items.content(item, size);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What is gathered from the items behind ENTRY. */
interface Gathered {
  readonly xattrs: Xattr[];
  readonly acl: Mutable<Acl> & { users: AclEntry[]; groups: AclEntry[] };
  fileCapabilities: Uint8Array | undefined;
  quotaProject: bigint | undefined;
}

async function readMetadata(items: ItemReader, entry: FoundItem): Promise<PxarMetadata> {
  const stat = await readStat(items, entry);
  const gathered: Gathered = {
    xattrs: [],
    acl: { ...noAcl, users: [], groups: [] },
    fileCapabilities: undefined,
    quotaProject: undefined,
  };
  for (let count = 0; ; count++) {
    const item = await items.peek();
    if (item === undefined || !attributeKinds.has(item.kind)) break;
    if (count >= limits.pxarAttributes) throw items.damaged("a member has too many attributes", item.start);
    await items.next();
    gather(items, item, await items.content(item, limits.pxarAttribute), gathered);
  }
  return { ...stat, ...gathered };
}

async function readStat(
  items: ItemReader,
  entry: FoundItem,
): Promise<Omit<PxarMetadata, "xattrs" | "acl" | "fileCapabilities" | "quotaProject">> {
  if (entry.kind === "entryV1") {
    const { mtime, mode, ...rest } = EntryItemV1.decode(await exactContent(items, entry, EntryItemV1.size));
    return {
      ...rest,
      mode: modeNumber(items, entry, mode),
      mtimeSeconds: mtime / 1_000_000_000n,
      mtimeNanoseconds: Number(mtime % 1_000_000_000n),
    };
  }
  if (entry.kind !== "entry") throw items.damaged(`there is ${entry.kind} instead of an entry`, entry.start);
  const { mode, ...rest } = EntryItem.decode(await exactContent(items, entry, EntryItem.size));
  if (rest.mtimeNanoseconds >= 1e9) throw items.damaged("a time has more than a second of nanoseconds", entry.start);
  return { ...rest, mode: modeNumber(items, entry, mode) };
}

function modeNumber(items: ItemReader, entry: FoundItem, mode: bigint): number {
  if (mode > 0o177777n) throw items.damaged(`there is no mode ${mode.toString(8)}`, entry.start);
  return Number(mode);
}

const attributeKinds: ReadonlySet<ItemKind> = new Set([
  "xattr",
  "aclUser",
  "aclGroup",
  "aclGroupObject",
  "aclDefault",
  "aclDefaultUser",
  "aclDefaultGroup",
  "fileCapabilities",
  "quotaProject",
]);

function gather(items: ItemReader, item: FoundItem, content: Uint8Array, gathered: Gathered): void {
  const { acl } = gathered;
  const sized = (size: number): Uint8Array => {
    if (content.byteLength !== size) throw items.damaged(`${item.kind} does not have ${size} bytes`, item.start);
    return content;
  };
  const aclEntry = (): AclEntry => {
    const { first, second } = NumberPair.decode(sized(NumberPair.size));
    return { id: first, permissions: second };
  };
  const single = (): bigint => SingleNumber.decode(sized(SingleNumber.size)).value;
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- only attributes come here
  switch (item.kind) {
    case "xattr": {
      const end = content.indexOf(0);
      if (end <= 0) throw items.damaged("an extended attribute has no name", item.start);
      gathered.xattrs.push({ name: content.slice(0, end), value: content.slice(end + 1) });
      return;
    }
    case "aclUser":
      acl.users.push(aclEntry());
      return;
    case "aclGroup":
      acl.groups.push(aclEntry());
      return;
    case "aclDefaultUser":
      acl.defaultUsers = [...acl.defaultUsers, aclEntry()];
      return;
    case "aclDefaultGroup":
      acl.defaultGroups = [...acl.defaultGroups, aclEntry()];
      return;
    case "aclGroupObject":
      acl.groupObject = single();
      return;
    case "aclDefault":
      acl.default = AclDefaultItem.decode(sized(AclDefaultItem.size));
      return;
    case "fileCapabilities":
      gathered.fileCapabilities = content.slice();
      return;
    case "quotaProject":
      gathered.quotaProject = single();
      return;
    default:
      throw items.damaged(`${item.kind} is no attribute`, item.start);
  }
}

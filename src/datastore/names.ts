// SPDX-License-Identifier: Apache-2.0
// Names in a datastore: namespaces, groups (type and id), snapshots (with a time), and the paths that they stand for.

import { type EpochSeconds, epochSeconds, instantFromIso, instantOf, isoText, limits } from "#base/index.ts";
import { datastoreFault } from "./faults.ts";

/** The types of backups. */
export const backupTypes = ["ct", "host", "vm"] as const;
export type BackupType = (typeof backupTypes)[number];

/** A namespace: its components from the root, which has none. */
export type Namespace = readonly string[];

/** A group: all snapshots of one machine or host. */
export interface BackupGroup {
  readonly type: BackupType;
  readonly id: string;
}

/** A snapshot of a group. */
export interface SnapshotId extends BackupGroup {
  readonly time: EpochSeconds;
}

/** A snapshot with its namespace. */
export interface SnapshotPlace {
  readonly namespace: Namespace;
  readonly snapshot: SnapshotId;
}

/** The root namespace. */
export const rootNamespace: Namespace = [];

const safeName = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;
const timeText = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const namespaceTextMax = 256;

/** True for what may be an id, or a component of a namespace. */
export const isSafeName = (text: string): boolean => safeName.test(text) && text.length <= namespaceTextMax;

const isBackupType = (text: string | undefined): text is BackupType => backupTypes.some((type) => type === text);

/** A time as the name of a folder: UTC, whole seconds. */
export const snapshotTimeText = (time: EpochSeconds): string => isoText(instantOf(time)).replace(".000Z", "Z");

/** The time that a folder's name stands for; undefined when it is none. */
export function parseSnapshotTime(text: string): EpochSeconds | undefined {
  if (!timeText.test(text)) return undefined;
  try {
    const time = epochSeconds(instantFromIso(text));
    return time >= 1 && snapshotTimeText(time) === text ? time : undefined;
  } catch {
    // A date that no calendar has.
    return undefined;
  }
}

/** `a/b`; the root is the empty text. */
export const namespaceText = (namespace: Namespace): string => namespace.join("/");

/** Reads `a/b`. Fault `datastore.bad-name`. */
export function parseNamespace(text: string): Namespace {
  const parts = text === "" ? [] : text.split("/");
  const isGood = parts.every(isSafeName) && parts.length <= limits.namespaceDepth && text.length <= namespaceTextMax;
  if (!isGood) throw datastoreFault("bad-name", { text, expected: "a namespace such as a/b" });
  return parts;
}

/** Where a namespace lies in the datastore: `ns/a/ns/b`; the root is the empty text. */
export const namespacePath = (namespace: Namespace): string => namespace.map((part) => `ns/${part}`).join("/");

const joined = (namespace: Namespace, rest: string): string =>
  namespace.length === 0 ? rest : `${namespacePath(namespace)}/${rest}`;

/** `type/id`. */
export const groupText = ({ type, id }: BackupGroup): string => `${type}/${id}`;
/** Where a group lies in the datastore. */
export const groupPath = (namespace: Namespace, group: BackupGroup): string => joined(namespace, groupText(group));
/** `type/id/time`. */
export const snapshotText = (id: SnapshotId): string => `${groupText(id)}/${snapshotTimeText(id.time)}`;
/** Where a snapshot lies in the datastore; on tape it has this name. */
export const snapshotPath = (namespace: Namespace, id: SnapshotId): string => joined(namespace, snapshotText(id));

/** Reads `type/id`; undefined when it is no group. */
export function parseGroup(text: string): BackupGroup | undefined {
  const [type, id, ...rest] = text.split("/");
  if (!isBackupType(type) || id === undefined || !isSafeName(id) || rest.length > 0) return undefined;
  return { type, id };
}

/** Reads `[ns/a/ns/b/]type/id/time`; undefined when it is no snapshot. */
export function parseSnapshotPath(path: string): SnapshotPlace | undefined {
  const parts = path.split("/");
  const namespace: string[] = [];
  while (parts[0] === "ns") {
    parts.shift();
    namespace.push(parts.shift() ?? "");
  }
  const [type, id, time, ...rest] = parts;
  const group = parseGroup(`${type}/${id}`);
  const seconds = time === undefined ? undefined : parseSnapshotTime(time);
  const isGood = namespace.every(isSafeName) && namespace.length <= limits.namespaceDepth && rest.length === 0;
  if (!isGood || group === undefined || seconds === undefined) return undefined;
  return { namespace, snapshot: { ...group, time: seconds } };
}

/** The order of groups: by type, then ids that are numbers by value, then the others by text. */
export function compareGroups(left: BackupGroup, right: BackupGroup): number {
  if (left.type !== right.type) return left.type < right.type ? -1 : 1;
  const [leftNumber, rightNumber] = [left.id, right.id].map((id) => (/^\d+$/.test(id) ? BigInt(id) : undefined));
  if (leftNumber !== undefined && rightNumber !== undefined && leftNumber !== rightNumber) {
    return leftNumber < rightNumber ? -1 : 1;
  }
  if ((leftNumber === undefined) !== (rightNumber === undefined)) return leftNumber === undefined ? 1 : -1;
  return left.id < right.id ? -1 : left.id > right.id ? 1 : 0;
}

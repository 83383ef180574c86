// SPDX-License-Identifier: Apache-2.0
// Which groups a job takes: `[include:|exclude:]type:vm`, `group:vm/100` or `regex:…`. A group is taken when it matches an
// include filter, or there is none, and matches no exclude filter.

import { type BackupGroup, groupText, parseGroup } from "#datastore/index.ts";
import { backupFault } from "./faults.ts";

/** One filter. */
export interface GroupFilter {
  readonly isExclude: boolean;
  matches(group: BackupGroup): boolean;
}

/** Reads a filter. Fault `backup.bad-filter`. */
export function parseGroupFilter(text: string): GroupFilter {
  const bad = (reason: string): Error => backupFault("bad-filter", { text, reason });
  const [, prefix, kind, value] = /^(include:|exclude:)?(type|group|regex):(.+)$/s.exec(text) ?? [];
  if (kind === undefined || value === undefined) throw bad("it begins with type:, group: or regex:");
  const isExclude = prefix === "exclude:";
  if (kind === "type") {
    if (!["vm", "ct", "host"].includes(value)) throw bad("the types are vm, ct and host");
    return { isExclude, matches: ({ type }) => type === value };
  }
  if (kind === "group") {
    if (parseGroup(value) === undefined) throw bad("a group is a type and an id, such as vm/100");
    return { isExclude, matches: (group) => groupText(group) === value };
  }
  let pattern: RegExp;
  try {
    pattern = new RegExp(value, "u");
  } catch {
    throw bad("its regular expression cannot be read");
  }
  return { isExclude, matches: (group) => pattern.test(groupText(group)) };
}

/** True when the filters take the group. */
export function isTaken(group: BackupGroup, filters: readonly GroupFilter[]): boolean {
  const includes = filters.filter(({ isExclude }) => !isExclude);
  const excludes = filters.filter(({ isExclude }) => isExclude);
  const isIncluded = includes.length === 0 || includes.some((filter) => filter.matches(group));
  return isIncluded && !excludes.some((filter) => filter.matches(group));
}

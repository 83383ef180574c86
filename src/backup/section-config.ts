// SPDX-License-Identifier: Apache-2.0
// Section files of Proxmox: a line `type: id`, then lines `key value` that are set in, until the next section. A key may come
// several times; values may be quoted.

import { backupFault } from "./faults.ts";

/** One section. */
export interface ConfigSection {
  readonly type: string;
  readonly id: string;
  /** Values by key, in the order of the file. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Number of the line that it begins with. */
  readonly line: number;
}

/** Reads a file of sections. Fault `backup.bad-config` names the line. */
export function parseSections(file: string, text: string): readonly ConfigSection[] {
  const sections: { type: string; id: string; values: Map<string, string[]>; line: number }[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const bad = (reason: string): Error => backupFault("bad-config", { what: `${file}, line ${index + 1},`, reason });
    if (line.trim() === "" || line.startsWith("#")) continue;
    const head = /^([A-Za-z][\w-]*):\s*(\S*)\s*$/.exec(line);
    if (head !== null) {
      const [, type = "", id = ""] = head;
      if (id === "") throw bad(`a section of type ${type} has no name`);
      if (sections.some((other) => other.id === id && other.type === type)) throw bad(`${type} ${id} is there twice`);
      sections.push({ type, id, values: new Map(), line: index + 1 });
      continue;
    }
    const pair = /^\s+(\S+)(?:\s+(.*?))?\s*$/.exec(line);
    const section = sections.at(-1);
    if (pair === null || section === undefined) throw bad("it is neither the begin of a section nor a property of one");
    const [, key = "", raw = ""] = pair;
    const value = /^".*"$/.test(raw) ? raw.slice(1, -1) : raw;
    section.values.set(key, [...(section.values.get(key) ?? []), value]);
  }
  return sections;
}

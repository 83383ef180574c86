// SPDX-License-Identifier: Apache-2.0
// Where the datastores on tape are restored to: `source=target` for one, a bare `target` for all others.

import { backupFault } from "./faults.ts";

/** A mapping of datastores. */
export interface StoreMap {
  /** The name of the target of a datastore; undefined: it is not restored. */
  target(source: string): string | undefined;
  /** Names of all targets. */
  readonly targets: readonly string[];
}

/** Reads a mapping, `a=b,c`. Fault `backup.bad-mapping`. */
export function parseStoreMap(text: string): StoreMap {
  const bad = (reason: string): Error => backupFault("bad-mapping", { text, reason });
  const named = new Map<string, string>();
  let rest: string | undefined;
  for (const item of text.split(",")) {
    const [left = "", right, ...more] = item.split("=");
    if (left === "" || right === "" || more.length > 0) throw bad("an item is source=target, or a target");
    if (right === undefined) {
      if (rest !== undefined) throw bad("there is more than one target for all others");
      rest = left;
    } else {
      if (named.has(left)) throw bad(`${left} has two targets`);
      named.set(left, right);
    }
  }
  const targets = new Set([...named.values(), ...(rest === undefined ? [] : [rest])]);
  return { target: (source) => named.get(source) ?? rest, targets: [...targets] };
}

// SPDX-License-Identifier: Apache-2.0
// Puts retention locks and legal holds on the objects of a cartridge: on everything below its prefix, for what lies there
// is what reading it takes. May be repeated; a lock that is there already costs a request and changes nothing.

import { limits } from "#base/index.ts";
import { cartridgePrefix } from "./object-keys.ts";
import type { BypassOptions, ObjectKey, Retention } from "./object-store.ts";
import { eachOf, type ObjectWork, retried } from "./object-work.ts";
import type { CartridgeId, WorkOptions } from "./types.ts";

/** What is to hold the objects of a cartridge. */
export interface CartridgeLocks extends BypassOptions {
  /** Undefined: as it is. */
  readonly retention?: Retention;
  /** Undefined: as it is. */
  readonly legalHold?: boolean;
  /** Only what describes the cartridge, not its segments, which are locked already. */
  readonly onlyDescription?: boolean;
}

/** Locks every object of the cartridge. Fault `store.object-locked` when that would make a lock weaker. */
export async function lockObjects(
  work: ObjectWork & { readonly options: WorkOptions },
  id: CartridgeId,
  locks: CartridgeLocks,
): Promise<void> {
  const { objects, clock, options } = work;
  const prefix = cartridgePrefix(id);
  let done = 0;
  for (let after: string | undefined; ;) {
    const from = after;
    const keys = await retried(clock, options.signal, () => objects.list(prefix, from, limits.listObjects));
    const wanted = locks.onlyDescription === true ? keys.filter((key) => !isSegment(prefix, key)) : keys;
    await eachOf(wanted.length, options.signal, async (index) => {
      const key = wanted[index];
      if (key !== undefined) await lockObject(work, key, locks);
      done += 1;
      options.progress?.({ phase: "lock", done, total: done });
    });
    after = keys.at(-1);
    if (keys.length < limits.listObjects) return;
  }
}

const isSegment = (prefix: string, key: string): boolean => key.startsWith(`${prefix}segments/`);

async function lockObject(
  { objects, clock, options }: ObjectWork & { readonly options: WorkOptions },
  key: ObjectKey,
  { retention, legalHold, bypassGovernance = false }: CartridgeLocks,
): Promise<void> {
  if (retention !== undefined) {
    await retried(clock, options.signal, () => objects.setRetention(key, retention, { bypassGovernance }));
  }
  if (legalHold !== undefined) await retried(clock, options.signal, () => objects.setLegalHold(key, legalHold));
}

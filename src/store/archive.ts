// SPDX-License-Identifier: Apache-2.0
// The steps by which a cartridge goes to the shelf, behind its last recovery point, and comes back: class, thaw. Each may be repeated; what is
// done already costs a request and changes nothing.

import type { Duration } from "#base/index.ts";
import type { Entry } from "./directory-entry.ts";
import { segmentKey } from "./object-keys.ts";
import type { StorageClass, ThawState, ThawTier } from "./object-store.ts";
import { eachOf, type ObjectWork, retried } from "./object-work.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { WorkOptions } from "./types.ts";

/** What the steps need. */
export interface ArchiveWork extends ObjectWork {
  readonly cartridge: StoredCartridge;
  readonly options: WorkOptions;
}

/** Moves all segments to the class. */
export async function changeClass(work: ArchiveWork, storageClass: StorageClass): Promise<void> {
  const { cartridge, objects } = work;
  // Objects are put into STANDARD, and another class is noted before the first leaves it.
  if (storageClass === "STANDARD" && cartridge.head.storageClass === "STANDARD") return;
  await cartridge.note({ storageClass });
  await eachSegment(work, "class", (entry) => objects.changeClass(segmentKey(cartridge.id, entry), storageClass));
}

/** Asks for all segments to become readable. */
export function thawSegments(work: ArchiveWork, tier: ThawTier, keep: Duration): Promise<void> {
  const { cartridge, objects } = work;
  return eachSegment(work, "thaw", (entry) => objects.thaw(segmentKey(cartridge.id, entry), tier, keep));
}

/** The state of the least ready segment. Ends at the first that is frozen. */
export async function thawStateOf(work: ArchiveWork): Promise<ThawState> {
  const { cartridge, objects, clock } = work;
  const states: ThawState[] = [];
  let isFrozen = false;
  await eachOf(cartridge.head.count, work.options.signal, async (index) => {
    if (isFrozen) return;
    const entry = await cartridge.directory.get(index);
    const info = await retried(clock, undefined, () => objects.head(segmentKey(cartridge.id, entry)));
    isFrozen ||= info?.thaw.kind === "frozen";
    if (info !== undefined) merge(states, info.thaw);
  });
  return states[0] ?? { kind: "warm" };
}

const readiness = { frozen: 0, thawing: 1, thawed: 2, warm: 3 } as const;

/** Keeps the least ready state in `states[0]`: latest `readyAt`, earliest `until`. */
function merge(states: ThawState[], next: ThawState): void {
  const [current] = states;
  if (current === undefined || readiness[next.kind] < readiness[current.kind]) {
    states[0] = next;
  } else if (next.kind === "thawing" && current.kind === "thawing") {
    const isLater = next.readyAt === undefined || (current.readyAt !== undefined && next.readyAt > current.readyAt);
    if (isLater) states[0] = next;
  } else if (next.kind === "thawed" && current.kind === "thawed" && next.until < current.until) {
    states[0] = next;
  }
}

async function eachSegment(
  work: ArchiveWork,
  phase: "class" | "thaw",
  request: (entry: Entry) => Promise<void>,
): Promise<void> {
  const { cartridge, clock, options } = work;
  const total = cartridge.head.count;
  let done = 0;
  await eachOf(total, options.signal, async (index) => {
    const entry = await cartridge.directory.get(index);
    await retried(clock, options.signal, () => request(entry));
    done += 1;
    options.progress?.({ phase, done, total });
  });
}

// SPDX-License-Identifier: Apache-2.0
// Thaws segments of a cartridge by ranges of its directory: which segments hold which tape files, asking for them, and
// how far they are. Where a cartridge has copies in several stores, what need not be thawed anywhere is not thawed.

import type { Duration } from "#base/index.ts";
import type { Copies, Copy } from "./copies.ts";
import type { ThawCount } from "./counted-objects.ts";
import { type Entry, objectBytesOf } from "./directory-entry.ts";
import { segmentKey } from "./object-keys.ts";
import type { ObjectInfo, ObjectKey, ThawState, ThawTier } from "./object-store.ts";
import { eachOf, type ObjectWork, retried } from "./object-work.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { SegmentRange, WorkOptions } from "./types.ts";

/** What thawing needs. */
export interface ThawWork extends ObjectWork {
  /** Told of each segment that was asked for. */
  readonly asked?: (count: ThawCount) => void;
  /** Other stores that have the segments too; none unless given. */
  readonly copies?: Copies;
  readonly cartridge: StoredCartridge;
  readonly options: WorkOptions;
}

/** A range of tape files, by the number of filemarks before them, both ends included. */
export interface FileRange {
  readonly first: number;
  readonly last: number;
}

/** Segments of a cartridge. */
export interface Extent {
  readonly ranges: readonly SegmentRange[];
  readonly segments: number;
  readonly bytes: number;
}

/** The object of a segment. */
export const keyOfEntry = (cartridge: StoredCartridge, entry: Entry): ObjectKey =>
  segmentKey(cartridge.ownerOf(entry.segment).id, entry);

/** The segments that hold those tape files, or all. */
export async function extentOf(cartridge: StoredCartridge, files: FileRange | undefined): Promise<Extent> {
  const { directory, head } = cartridge;
  if (files === undefined) return extentOfRanges(cartridge, head.count === 0 ? [] : [[0, head.count]]);
  const before = await directory.findLast(head.count, (entry) => entry.firstFile + entry.filemarks < files.first);
  const last = await directory.findLast(head.count, (entry) => entry.firstFile <= files.last);
  const range: SegmentRange = [before === undefined ? 0 : before.index + 1, last === undefined ? 0 : last.index + 1];
  return extentOfRanges(cartridge, range[0] < range[1] ? [range] : []);
}

/** How much lies in some ranges. */
export async function extentOfRanges(cartridge: StoredCartridge, ranges: readonly SegmentRange[]): Promise<Extent> {
  let segments = 0;
  let bytes = 0;
  for (const [first, end] of ranges) {
    segments += end - first;
    for (let index = first; index < end; index++) {
      const entry = await cartridge.directory.get(index);
      bytes += entry.stored ? objectBytesOf(entry) : entry.fileSize;
    }
  }
  return { ranges, segments, bytes };
}

/** Ranges in order, joined where they touch. */
export function joinRanges(ranges: readonly SegmentRange[]): readonly SegmentRange[] {
  const joined: SegmentRange[] = [];
  for (const range of ranges.toSorted(([left], [right]) => left - right)) {
    const last = joined.at(-1);
    if (last !== undefined && range[0] <= last[1]) joined[joined.length - 1] = [last[0], Math.max(last[1], range[1])];
    else if (range[0] < range[1]) joined.push(range);
  }
  return joined;
}

/** Asks for the segments of these ranges to become readable. */
export async function thawRanges(
  work: ThawWork,
  ranges: readonly SegmentRange[],
  request: { readonly tier: ThawTier; readonly keep: Duration; readonly isExtension?: boolean },
): Promise<void> {
  const { tier, keep, isExtension = false } = request;
  const { clock, options, cartridge } = work;
  const total = ranges.reduce((sum, [first, end]) => sum + end - first, 0);
  let done = 0;
  for (const [first, end] of ranges) {
    await eachOf(end - first, options.signal, async (index) => {
      const entry = await cartridge.directory.get(first + index);
      const copy = await copyToThaw(work, entry);
      const asked = tierOf(copy, tier);
      await retried(clock, options.signal, () => copy.objects.thaw(keyOfEntry(cartridge, entry), asked, keep));
      const { storageClass } = copy;
      if (!isExtension) work.asked?.({ storageClass, tier: asked, segments: 1, bytes: objectBytesOf(entry) });
      done += 1;
      options.progress?.({ phase: "thaw", done, total });
    });
  }
}

/** The state of the least ready segment: latest `readyAt`, earliest `until`. Ends at the first that is frozen. */
export async function thawStateOfRanges(work: ThawWork, ranges: readonly SegmentRange[]): Promise<ThawState> {
  const { cartridge, options } = work;
  const states: ThawState[] = [];
  let isFrozen = false;
  for (const [first, end] of ranges) {
    await eachOf(end - first, options.signal, async (index) => {
      if (isFrozen) return;
      const info = await headOf(work, await cartridge.directory.get(first + index));
      isFrozen ||= info?.thaw.kind === "frozen";
      if (info !== undefined) merge(states, info.thaw);
    });
  }
  return states[0] ?? { kind: "warm" };
}

/** What is known of a segment where it is most readable; undefined: no store that answers has it. */
export async function headOf(work: ThawWork, entry: Entry): Promise<ObjectInfo | undefined> {
  return (await mostReadable(work, entry))?.info;
}

function copiesOf({ objects, copies, cartridge }: ThawWork, entry: Entry): readonly Copy[] {
  const { id, storageClass } = cartridge.ownerOf(entry.segment);
  const first = { store: undefined, objects, storageClass };
  return copies?.of(id, storageClass, keyOfEntry(cartridge, entry)) ?? [first];
}

/** The tier that was wanted, or the usual one where the class of a second copy does not have it. */
function tierOf({ store, objects, storageClass }: Copy, wanted: ThawTier): ThawTier {
  const tiers = store === undefined ? undefined : objects.abilities.thaw[storageClass];
  return tiers === undefined || tiers.includes(wanted) ? wanted : "Standard";
}

/** A copy that is thawed or about to be stays the one that is thawed. Of one copy alone nothing is asked. */
async function copyToThaw(work: ThawWork, entry: Entry): Promise<Copy> {
  const all = copiesOf(work, entry);
  const found = all.length === 1 ? undefined : await mostReadable(work, entry);
  const { storageClass } = work.cartridge.ownerOf(entry.segment);
  // Where nobody has it, the first store is the one that says so.
  return found?.copy ?? { store: undefined, objects: work.objects, storageClass };
}

/** Asks one copy after the other, until one is not frozen. Rejects with the fault of the first when none answers. */
async function mostReadable(
  work: ThawWork,
  entry: Entry,
): Promise<{ readonly copy: Copy; readonly info: ObjectInfo } | undefined> {
  const { clock, cartridge, options, copies } = work;
  const key = keyOfEntry(cartridge, entry);
  let best: { readonly copy: Copy; readonly info: ObjectInfo } | undefined;
  let fault: unknown;
  for (const copy of copiesOf(work, entry)) {
    try {
      const info = await retried(clock, options.signal, () => copy.objects.head(key));
      if (info === undefined) continue;
      if (best === undefined || readiness[info.thaw.kind] > readiness[best.info.thaw.kind]) best = { copy, info };
      if (info.thaw.kind !== "frozen") break;
    } catch (error) {
      if (options.signal?.aborted === true || copies?.failed(copy, key, error) !== true) throw error;
      fault ??= error;
    }
  }
  if (best === undefined && fault !== undefined) throw fault;
  return best;
}

const readiness = { frozen: 0, thawing: 1, thawed: 2, warm: 3 } as const;

/** Keeps the least ready state in `states[0]`. */
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

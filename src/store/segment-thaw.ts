// SPDX-License-Identifier: Apache-2.0
// Thaws segments of a cartridge by ranges of its directory: which segments hold which tape files, asking for them, and
// how far they are.

import type { Duration } from "#base/index.ts";
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
  const { objects, clock, options, cartridge } = work;
  const total = ranges.reduce((sum, [first, end]) => sum + end - first, 0);
  let done = 0;
  for (const [first, end] of ranges) {
    await eachOf(end - first, options.signal, async (index) => {
      const entry = await cartridge.directory.get(first + index);
      await retried(clock, options.signal, () => objects.thaw(keyOfEntry(cartridge, entry), tier, keep));
      const { storageClass } = cartridge.ownerOf(entry.segment);
      if (!isExtension) work.asked?.({ storageClass, tier, segments: 1, bytes: objectBytesOf(entry) });
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

/** What the object store tells of a segment. */
export function headOf(
  { objects, clock, cartridge, options }: ThawWork,
  entry: Entry,
): Promise<ObjectInfo | undefined> {
  return retried(clock, options.signal, () => objects.head(keyOfEntry(cartridge, entry)));
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

// SPDX-License-Identifier: Apache-2.0
// Which objects of a cartridge cannot be read any more, as ranges in order. Only a few are kept apart: beyond that,
// neighbours are told as one, so that what is told may be more than what is gone, and never less.

import { limits } from "#base/index.ts";
import type { LostRange } from "./types.ts";

/** These too. */
export function withLost(known: readonly LostRange[] = [], more: readonly LostRange[]): readonly LostRange[] {
  const all: LostRange[] = [];
  for (const range of [...known, ...more].toSorted((left, right) => left.first - right.first)) {
    const last = all.at(-1);
    if (last === undefined || last.end < range.first) all.push(range);
    else if (last.end < range.end) all[all.length - 1] = { ...last, end: range.end };
  }
  while (all.length > limits.lostRanges) {
    const at = narrowestGap(all);
    const [left, right] = [all[at], all[at + 1]];
    if (left === undefined || right === undefined) break;
    all.splice(at, 2, { ...left, end: right.end });
  }
  return all;
}

/** What is left of them behind a cut; the field of a head. */
export function lostBefore(
  known: readonly LostRange[] | undefined,
  objects: number,
): { readonly lost?: readonly LostRange[] } {
  if (known === undefined) return {};
  const left = known.filter(({ first }) => first < objects);
  return { lost: left.map((range) => (range.end > objects ? ({ ...range, end: objects } as LostRange) : range)) };
}

function narrowestGap(ranges: readonly LostRange[]): number {
  let best = { at: 0, gap: Infinity };
  for (const [at, { end }] of ranges.entries()) {
    const gap = (ranges[at + 1]?.first ?? Infinity) - end;
    if (gap < best.gap) best = { at, gap };
  }
  return best.at;
}

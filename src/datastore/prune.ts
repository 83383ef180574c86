// SPDX-License-Identifier: Apache-2.0
// Which snapshots of a group stay: a decision without effects. The rules are those of Proxmox: `last` counts snapshots,
// the others count periods, in which the newest snapshot stays; each rule goes on where the one before ended.

import { type EpochSeconds, instantOf, isoText } from "#base/index.ts";

/** How many snapshots stay, by rule; a rule that is left out keeps none. */
export interface KeepRules {
  readonly last?: number;
  readonly hourly?: number;
  readonly daily?: number;
  readonly weekly?: number;
  readonly monthly?: number;
  readonly yearly?: number;
}

/** A snapshot as the decision sees it. */
export interface PruneCandidate {
  readonly time: EpochSeconds;
  readonly isFinished: boolean;
  readonly isProtected: boolean;
}

/** What becomes of a snapshot, and why. */
export interface PruneDecision<Candidate> {
  readonly candidate: Candidate;
  readonly isKept: boolean;
  readonly reason: string;
}

const daySeconds = 86_400;
/** 1970-01-01 was a Thursday: weeks that begin on Monday are shifted by three days. */
const mondayShift = 3;

/** The period of UTC in which a time lies, per rule. */
const periods: Readonly<Record<Exclude<keyof KeepRules, "last">, (time: EpochSeconds) => string>> = {
  hourly: (time) => isoText(instantOf(time)).slice(0, 13),
  daily: (time) => isoText(instantOf(time)).slice(0, 10),
  weekly: (time) => String(Math.floor((Math.floor(time / daySeconds) + mondayShift) / 7)),
  monthly: (time) => isoText(instantOf(time)).slice(0, 7),
  yearly: (time) => isoText(instantOf(time)).slice(0, 4),
};

/** True when the rules keep nothing at all: then nothing is removed either. */
export const keepsNothing = (rules: KeepRules): boolean => Object.values(rules).every((count) => !count);

/** Decides about the snapshots of one group. */
export function prune<Candidate extends PruneCandidate>(
  candidates: readonly Candidate[],
  rules: KeepRules,
): readonly PruneDecision<Candidate>[] {
  const newestFirst = candidates.toSorted((left, right) => right.time - left.time);
  const newest = newestFirst[0];
  const kept = new Map<Candidate, string>();
  for (const candidate of newestFirst) {
    if (candidate.isProtected) kept.set(candidate, "it is protected");
    // One that is not finished may be in the making, if it is the newest.
    else if (!candidate.isFinished && candidate === newest) kept.set(candidate, "it may be in the making");
  }
  if (keepsNothing(rules)) {
    return newestFirst.map((candidate) => ({ candidate, isKept: true, reason: "no rule removes anything" }));
  }
  const finished = newestFirst.filter(({ isFinished, isProtected }) => isFinished && !isProtected);
  mark(kept, finished, { rule: "last", count: rules.last ?? 0, periodOf: ({ time }) => String(time) });
  for (const rule of ["hourly", "daily", "weekly", "monthly", "yearly"] as const) {
    mark(kept, finished, { rule, count: rules[rule] ?? 0, periodOf: ({ time }) => periods[rule](time) });
  }
  return newestFirst.map((candidate) => {
    const reason = kept.get(candidate);
    return { candidate, isKept: reason !== undefined, reason: reason ?? "no rule keeps it" };
  });
}

interface Rule {
  readonly rule: string;
  readonly count: number;
  readonly periodOf: (candidate: PruneCandidate) => string;
}

function mark<Candidate extends PruneCandidate>(
  kept: Map<Candidate, string>,
  newestFirst: readonly Candidate[],
  { rule, count, periodOf }: Rule,
): void {
  // Periods in which an earlier rule keeps a snapshot are served already.
  const served = new Set(newestFirst.filter((candidate) => kept.has(candidate)).map(periodOf));
  const taken = new Set<string>();
  for (const candidate of newestFirst) {
    if (taken.size >= count) return;
    const period = periodOf(candidate);
    if (kept.has(candidate) || served.has(period) || taken.has(period)) continue;
    taken.add(period);
    kept.set(candidate, `keep-${rule}`);
  }
}

// SPDX-License-Identifier: Apache-2.0
// Which snapshots stay.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type EpochSeconds, epochSeconds, instantFromIso } from "#base/index.ts";
import { type KeepRules, prune, type PruneCandidate } from "./prune.ts";

const at = (text: string): EpochSeconds => epochSeconds(instantFromIso(text));
const candidate = (text: string, rest: Partial<PruneCandidate> = {}): PruneCandidate => ({
  time: at(text),
  isFinished: true,
  isProtected: false,
  ...rest,
});

const times = [
  "2026-03-10T08:00:00Z",
  "2026-03-10T07:30:00Z",
  "2026-03-10T07:00:00Z",
  "2026-03-09T20:00:00Z",
  "2026-03-08T20:00:00Z",
  "2026-03-02T20:00:00Z",
  "2026-02-20T20:00:00Z",
  "2025-12-31T20:00:00Z",
  "2024-01-01T20:00:00Z",
];

const kept = (rules: KeepRules, candidates = times.map((time) => candidate(time))): string[] =>
  prune(candidates, rules).flatMap(({ candidate: { time }, isKept, reason }) =>
    isKept ? [`${new Map(times.map((text) => [at(text), text])).get(time)} ${reason}`] : [],
  );

test("each rule goes on where the one before it ended", () => {
  assert.deepEqual(kept({ last: 1, hourly: 1, daily: 2, weekly: 1, monthly: 1, yearly: 1 }), [
    "2026-03-10T08:00:00Z keep-last",
    "2026-03-10T07:30:00Z keep-hourly",
    "2026-03-09T20:00:00Z keep-daily",
    "2026-03-08T20:00:00Z keep-daily",
    "2026-02-20T20:00:00Z keep-weekly",
    "2025-12-31T20:00:00Z keep-monthly",
    "2024-01-01T20:00:00Z keep-yearly",
  ]);
});

test("without a rule everything stays", () => {
  assert.equal(kept({}).length, times.length);
  assert.equal(kept({ last: 0 }).length, times.length);
});

test("what is protected stays and counts for no rule; what is not finished goes unless it is the newest", () => {
  const candidates = [
    candidate(times[0] ?? "", { isFinished: false }),
    candidate(times[1] ?? "", { isProtected: true }),
    candidate(times[2] ?? "", { isFinished: false }),
    candidate(times[3] ?? ""),
    candidate(times[4] ?? ""),
  ];
  assert.deepEqual(kept({ last: 1 }, candidates), [
    "2026-03-10T08:00:00Z it may be in the making",
    "2026-03-10T07:30:00Z it is protected",
    "2026-03-09T20:00:00Z keep-last",
  ]);
});

// SPDX-License-Identifier: Apache-2.0
// What a seed draws for simulated managers: drives, cartridges, pools, and how badly things go.

import { type Duration, hours, minutes, seconds } from "#base/index.ts";
import type { BookPool } from "./manager-book.ts";
import type { SeededRandom } from "./random.ts";

/** Everything that a seed decides before the run begins. */
export interface ManagerScenario {
  readonly drives: number;
  readonly cartridges: number;
  readonly mailSlots: number;
  readonly stores: readonly string[];
  readonly pools: readonly (BookPool & { readonly isEncrypted: boolean })[];
  /** Blocks that a cartridge takes before early warning, at least and at most; each draws its own. */
  readonly blocks: readonly [low: number, high: number];
  /** Blocks between early warning and the end. */
  readonly reserve: number;
  /** Bytes after which a job commits. */
  readonly commitAfterBytes: number;
  /** Largest content of a snapshot, and largest chunk. */
  readonly snapshotMax: number;
  readonly chunkMax: number;
  /** What people do. */
  readonly actions: number;
  /** Jobs at once, at most. */
  readonly jobs: number;
  /** Longest time between two actions. */
  readonly pause: Duration;
  /** Steps of each life of the manager; when there are no more, it dies of nothing. */
  readonly lives: readonly number[];
  readonly failures: number;
  readonly pauses: number;
  /** Chances, for each action. */
  readonly takeAway: number;
  readonly breakDrive: number;
  readonly alert: number;
  readonly powerLoss: number;
  /** In the end nothing is left but the tapes. */
  readonly losesMachine: boolean;
}

/** Draws a scenario. */
export function drawManagerScenario(random: SeededRandom): ManagerScenario {
  const drives = random.pick([1, 1, 2, 3]);
  const low = random.pick([10, 14, 24]);
  const pools = Array.from({ length: random.between(1, 3) }, (_, index) => ({
    name: `pool${index}`,
    allocation: random.pick(["continue", "continue", "always"] as const),
    protectSeconds: random.chance(0.25) ? undefined : random.pick([0, 600, 86_400]),
    isEncrypted: random.chance(0.3),
  }));
  return {
    drives,
    cartridges: random.between(4, 10),
    mailSlots: random.between(1, 4),
    stores: random.pick([["store1"], ["store1", "store2"]]),
    pools,
    blocks: [low, low + random.pick([0, 3, 20])],
    reserve: random.pick([7, 8, 12]),
    commitAfterBytes: random.pick([1, 600_000, 1_500_000, 1e12]),
    snapshotMax: random.pick([60_000, 400_000, 1_200_000]),
    chunkMax: random.pick([20_000, 120_000, 500_000]),
    actions: random.between(10, 30),
    jobs: random.between(1, drives + 2),
    pause: random.pick([seconds(2), minutes(10), hours(4)]),
    lives: Array.from({ length: random.between(0, 5) }, () =>
      random.pick([random.between(1, 60), random.between(1, 600)]),
    ),
    failures: random.pick([0, 0, 0.003, 0.03]),
    pauses: random.pick([0, 0.05, 0.4]),
    takeAway: random.pick([0, 0.1, 0.3]),
    breakDrive: random.pick([0, 0, 0.1]),
    alert: random.pick([0, 0, 0.05]),
    powerLoss: random.pick([0, 0.5, 1]),
    losesMachine: random.chance(0.3),
  };
}

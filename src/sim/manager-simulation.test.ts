// SPDX-License-Identifier: Apache-2.0
// The simulation of managers: seeds pass, runs repeat, and managers that are broken on purpose are caught.

import assert from "node:assert/strict";
import { test } from "node:test";
import { managerCanaries } from "./manager-canaries.ts";
import { drawManagerScenario } from "./manager-scenario.ts";
import { simulateManager } from "./manager-simulation.ts";
import { SeededRandom } from "./random.ts";
import type { Verdict } from "./simulation.ts";

/** Seeds that every run of the tests takes; `npm run sim -- --family manager --seeds 500` takes more. */
const smokeSeeds = 25;
/** Seeds in which each canary must be caught at least once. */
const canarySeeds = 40;

const story = ({ summary, failure, tail }: Verdict): string => [summary, String(failure), ...tail].join("\n");

for (let seed = 1; seed <= smokeSeeds; seed++) {
  test(`managers of seed ${seed} keep every promise`, async () => {
    const verdict = await simulateManager(seed);
    assert.ok(verdict.failure === undefined, story(verdict));
  });
}

test("the same seed gives the same managers, event by event; another seed others", async () => {
  const [first, again, other] = [await simulateManager(7), await simulateManager(7), await simulateManager(8)];
  assert.equal(first.hash, again.hash);
  assert.notEqual(first.hash, other.hash);
});

for (const [name, canary] of Object.entries(managerCanaries)) {
  test(`the canary ${name} is caught: a manager that ${canary.title}`, async () => {
    for (let seed = 1; seed <= canarySeeds; seed++) {
      const { failure } = await simulateManager(seed, { canary });
      if (failure !== undefined) return;
    }
    assert.fail(`no seed up to ${canarySeeds} has caught it`);
  });
}

test("cartridges have room for labels and catalogs, and most seeds kill managers", () => {
  let deaths = 0;
  for (let seed = 0; seed < 500; seed++) {
    const { blocks, lives, cartridges, drives } = drawManagerScenario(new SeededRandom(seed).fork("scenario"));
    assert.ok(blocks[0] >= 10 && blocks[0] <= blocks[1] && cartridges >= 4 && drives >= 1);
    if (lives.length > 0) deaths += 1;
  }
  assert.ok(deaths > 350, `${deaths}`);
});

// SPDX-License-Identifier: Apache-2.0
// The simulation itself: seeds pass, runs repeat, and gateways that are broken on purpose are caught.

import assert from "node:assert/strict";
import { test } from "node:test";
import { canaries } from "./canaries.ts";
import { SeededRandom } from "./random.ts";
import { drawScenario } from "./scenario.ts";
import { simulate, type Verdict } from "./simulation.ts";

/** Seeds that every run of the tests takes; `npm run sim -- --seeds 500` takes more. */
const smokeSeeds = 12;
/** The same for each ending. */
const endingSeeds = 3;
/** Seeds in which each canary must be caught at least once. */
const canarySeeds = 12;

const story = ({ summary, failure, tail }: Verdict): string => [summary, String(failure), ...tail].join("\n");

for (let seed = 1; seed <= smokeSeeds; seed++) {
  test(`seed ${seed} keeps every promise`, async () => {
    const verdict = await simulate(seed);
    assert.ok(verdict.failure === undefined, story(verdict));
  });
}

for (const ending of ["lost-machine", "two-gateways", "rot"] as const) {
  for (let seed = 1; seed <= endingSeeds; seed++) {
    test(`seed ${seed} keeps every promise that can be kept: ${ending}`, async () => {
      const verdict = await simulate(seed, { ending });
      assert.ok(verdict.failure === undefined, story(verdict));
    });
  }
}

test("the same seed gives the same run, event by event; another seed another", async () => {
  const [first, again, other] = [await simulate(21), await simulate(21), await simulate(22)];
  assert.equal(first.hash, again.hash);
  assert.notEqual(first.hash, other.hash);
});

for (const [name, canary] of Object.entries(canaries)) {
  test(`the canary ${name} is caught: a gateway that ${canary.title}`, async () => {
    for (let seed = 1; seed <= canarySeeds; seed++) {
      const { failure } = await simulate(seed, { canary });
      if (failure !== undefined) return;
    }
    assert.fail(`no seed up to ${canarySeeds} has caught it`);
  });
}

test("every seed has a crash or a cut", () => {
  for (let seed = 0; seed < 2000; seed++) {
    const { crashes, cuts } = drawScenario(new SeededRandom(seed).fork("scenario"));
    assert.ok(crashes.length + cuts > 0, `seed ${seed}`);
  }
});

test("scenarios leave room for every cartridge and for the largest block", () => {
  for (let seed = 0; seed < 2000; seed++) {
    const scenario = drawScenario(new SeededRandom(seed).fork("scenario"));
    assert.ok(scenario.storageSlots >= scenario.cartridges);
    assert.ok(scenario.cartridges >= scenario.drives);
    assert.ok(scenario.ringSize >= 2 * scenario.blockLengthMax);
    assert.ok(scenario.segmentSize > scenario.blockLengthMax);
  }
});

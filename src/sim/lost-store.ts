// SPDX-License-Identifier: Apache-2.0
// What second copies are for: at the end of a run the first store is dead, or has lost part of what it held, and what is
// on the shelf must come back nevertheless. What the copies hold is looked up in the stores, not asked for.

import { equalBytes } from "#base/index.ts";
import { compareKeys } from "#store/index.ts";
import { expect } from "./check-failure.ts";
import type { CartridgeBook } from "./library-book.ts";
import type { SeededRandom } from "./random.ts";
import type { World } from "./world.ts";

/** What it needs. */
export interface LostStoreOptions {
  readonly world: World;
  /** Those that must come back. */
  readonly shelved: readonly CartridgeBook[];
  readonly random: SeededRandom;
}

const nothing = (): void => {};

/** The first store is dead, or has lost objects, until what it resolves with is called. When no task runs any more. */
export async function loseFirstStore({ world, shelved, random }: LostStoreOptions): Promise<() => void> {
  if (world.scenario.mirror === undefined) return nothing;
  await checkCopies(world);
  return random.chance(0.5) ? die(world) : loseSome(world, random, shelved);
}

/** All that was archived is in both stores, byte by byte; what was deleted is in neither. */
async function checkCopies(world: World): Promise<void> {
  const views = await world.call((gateway) => gateway.listCartridges());
  const ids = new Set<string>(views.map(({ id }) => id));
  for (const key of world.mirror.keys) {
    const [, id = ""] = key.split("/");
    expect(ids.has(id), `${key} is in the second store, and its cartridge is deleted`);
  }
  for (const { barcode, id, copies, state } of views) {
    if (state !== "ARCHIVED" && state !== "RETRIEVED") continue;
    expect(copies[0]?.state === "complete", `the copy of ${barcode} is complete when all tasks have ended`);
    for (const key of segmentsOf(world, id)) {
      const [first, second] = [world.objects.contentOf(key), world.mirror.contentOf(key)];
      const isSame = first !== undefined && second !== undefined && equalBytes(first, second);
      expect(isSame, `${key} of ${barcode} is the same in both stores`);
    }
  }
}

const segmentsOf = ({ objects }: World, id: string): readonly string[] =>
  objects.keys.filter((key) => key.startsWith(`cartridges/${id}/segments/`)).toSorted(compareKeys);

function die(world: World): () => void {
  world.trace.event("world", "loses the first store");
  world.objects.options.refuse = () => true;
  return () => {
    delete world.objects.options.refuse;
  };
}

function loseSome(world: World, random: SeededRandom, shelved: readonly CartridgeBook[]): () => void {
  const keys = shelved.flatMap(({ id }) => segmentsOf(world, id)).filter(() => random.chance(0.5));
  world.trace.event("world", `loses ${keys.length} segments of the first store`);
  const back = keys.map((key) => world.objects.lose(key));
  return () => back.forEach((restore) => restore());
}

// SPDX-License-Identifier: Apache-2.0
// The object stores as the parts of an open store use them: within the bandwidth, and what changes something behind the fence.

import { Copies, type CopiesOptions } from "./copies.ts";
import { GuardedObjects } from "./guarded-objects.ts";
import type { ObjectStore } from "./object-store.ts";
import { type Pace, PacedObjects } from "./paced-objects.ts";
import type { StorePorts } from "./types.ts";

/** The stores. */
export interface OpenStores {
  /** The first one. */
  readonly objects: ObjectStore;
  /** Those of second copies, by name. */
  readonly mirrors: ReadonlyMap<string, ObjectStore>;
  /** What can be read where. */
  readonly copies: Copies;
}

/** How they are used. */
export interface StoresUse {
  /** One for all of them. */
  readonly pace: Pace;
  /** Rejects when the bucket is not ours any more. */
  readonly confirm: () => Promise<void>;
  readonly placesOf: CopiesOptions["placesOf"] | undefined;
}

/** Wraps the stores of the ports. */
export function openStores(
  {
    clock,
    log,
    objects: first,
    mirrors: others = new Map(),
  }: Pick<StorePorts, "clock" | "log" | "objects" | "mirrors">,
  { pace, confirm, placesOf = () => [] }: StoresUse,
): OpenStores {
  const paced = new Map([...others].map(([name, each]) => [name, new PacedObjects(each, pace)]));
  const mirrors = new Map([...paced].map(([name, each]) => [name, new GuardedObjects(each, confirm)]));
  const objects = new GuardedObjects(new PacedObjects(first, pace), confirm);
  // A copy is there for when the first store, and so the fence, does not answer: thawing it changes nothing.
  return { objects, mirrors, copies: new Copies({ clock, log, first: objects, mirrors: paced, placesOf }) };
}

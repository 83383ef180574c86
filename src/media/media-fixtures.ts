// SPDX-License-Identifier: Apache-2.0
// Cartridges, pools and views for tests of the librarian's decisions.

import { type EpochSeconds, parseUuid, type Uuid } from "#base/index.ts";
import type { SetLabel } from "#format/index.ts";
import { type CartridgeRecord, type GivenState, Inventory, type Location, offline } from "./inventory.ts";
import { type MediaPool, parseAllocation, parseRetention, type PoolView } from "./pool.ts";
import { utcZone } from "./zone.ts";

/** A UUID that is recognised by its number. */
export function uuidOf(number: number): Uuid {
  const uuid = parseUuid(number.toString(16).padStart(32, "0"));
  if (uuid === undefined) throw new RangeError(`no UUID ${number}`);
  return uuid;
}

/** Brands a number of seconds. */
export const at = (seconds: number): EpochSeconds => seconds as EpochSeconds;

/** Online in the changer `lib`. */
export const inLibrary: Location = { kind: "online", changer: "lib" };

/** What a test says of a cartridge. */
export interface CartridgeSketch {
  readonly number: number;
  readonly labelText?: string;
  readonly ctime?: number;
  readonly labelPool?: string;
  /** Number of the set, place in it, and when it joined. */
  readonly set?: readonly [set: number, setIndex: number, ctime: number];
  readonly setPool?: string;
  readonly key?: string;
  readonly location?: Location;
  readonly state?: GivenState;
}

/** A record of the inventory. */
export function cartridge(sketch: CartridgeSketch): CartridgeRecord {
  const { number, labelText = `TAPE${number}`, ctime = number, labelPool, setPool = "p1", key, state } = sketch;
  const set: SetLabel | undefined = sketch.set && {
    pool: setPool,
    uuid: uuidOf(sketch.set[0]),
    setIndex: sketch.set[1],
    ctime: at(sketch.set[2]),
    key: key === undefined ? undefined : { fingerprint: key, config: undefined },
  };
  return {
    label: { uuid: uuidOf(number), labelText, ctime: at(ctime), pool: labelPool },
    set,
    location: sketch.location ?? offline,
    state,
    bytesUsed: undefined,
  };
}

/** A pool `p1`. */
export function pool(allocation = "continue", retention = "keep", encryption?: string): MediaPool {
  return {
    name: "p1",
    allocation: parseAllocation(allocation),
    retention: parseRetention(retention),
    encryption,
    template: "%c",
  };
}

/** What a decision looks at. */
export function view(
  sketches: readonly CartridgeSketch[],
  now: number,
  rest: Partial<Omit<PoolView, "now" | "inventory">> = {},
): PoolView {
  return {
    pool: pool(),
    inventory: new Inventory(sketches.map(cartridge)),
    now: at(now),
    zone: utcZone,
    changer: undefined,
    lockedSets: new Set(),
    ...rest,
  };
}

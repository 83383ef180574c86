// SPDX-License-Identifier: Apache-2.0
// A state that was recovered from a log of which parts are missing: what its facts name and none of them makes is made
// again, as far as the name tells, and a cartridge is either in an element or on the shelf.

import type { Instant } from "#base/index.ts";
import type { CartridgeRecord } from "./facts.ts";
import type { GatewayState } from "./state.ts";
import type { ObjectId } from "./views.ts";

/** Class of a pool of which only the name is left: the one from which everything can be read, after a while. */
const classOfUnknown = "GLACIER";
const nowhere = "" as ObjectId;

/** Makes the state one that a gateway can start with. */
export function settleRecovered(state: GatewayState, now: Instant): void {
  for (const cartridge of state.cartridges.values()) {
    settlePool(state, cartridge);
    settlePlace(state, cartridge, now);
  }
}

function settlePool(state: GatewayState, { pool: name, shelfClass = classOfUnknown }: CartridgeRecord): void {
  if (state.pools.has(name)) return;
  // Locks are on the cartridges, and on their objects; only new ones would not be locked.
  state.apply({ kind: "pool", pool: { name, storageClass: shelfClass, lock: "NONE", retentionDays: 0 } });
}

function settlePlace(state: GatewayState, cartridge: CartridgeRecord, now: Instant): void {
  const { barcode, pool } = cartridge;
  const library = state.libraries.get(cartridge.library);
  const belongsInside = cartridge.state === "AVAILABLE" || cartridge.state === "RETRIEVED";
  const isInside = library?.changer.find(barcode) !== undefined;
  if (isInside && !belongsInside) state.apply({ kind: "taken", library: cartridge.library, barcode });
  if (!belongsInside || isInside) return;
  // What is on it comes back from the shelf, into a library that there is.
  const shelfClass = cartridge.shelfClass ?? state.pools.get(pool)?.storageClass ?? classOfUnknown;
  const home = library === undefined ? nowhere : cartridge.library;
  const shelved = {
    ...cartridge,
    state: "ARCHIVED",
    library: home,
    shelfClass,
    archivedAt: now,
    changedAt: now,
  } as const;
  state.apply({ kind: "cartridge", cartridge: shelved });
}

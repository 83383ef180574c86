// SPDX-License-Identifier: Apache-2.0
// Compares ledger and store at start. A crash between the two writes of a creation leaves a blank cartridge in the store
// that the ledger does not know: it is removed. Anything else that differs is damage and is left for a person.

import { asError, type Log } from "#base/index.ts";
import type { CartridgeStore } from "#store/index.ts";
import { isWhole, wholeIdOf } from "./cartridge-parts.ts";
import type { GatewayState } from "./state.ts";

/** Removes blank cartridges that nobody knows; logs every other difference. */
export async function reconcile(state: GatewayState, store: CartridgeStore, log: Log): Promise<void> {
  const known = new Set<string>();
  for (const { id } of state.cartridges.values()) known.add(id);
  for (const id of store.ids()) {
    if (known.has(id) || known.has(wholeIdOf(id))) continue;
    const { objects, storedBytes } = store.usage(id);
    if (objects > 0 || storedBytes > 0) {
      log.error(`the store holds cartridge ${id} with ${objects} objects, which the ledger does not know`, {
        cartridge: id,
      });
      continue;
    }
    try {
      await store.remove(id);
    } catch (error) {
      log.warn(`a blank cartridge that nobody knows could not be removed: ${asError(error).message}`, {
        cartridge: id,
      });
    }
  }
  for (const cartridge of state.cartridges.values()) {
    if (isWhole(store, cartridge) || cartridge.state === "DELETING") continue;
    log.error(`the data of cartridge ${cartridge.barcode} is not in the store`, { barcode: cartridge.barcode });
  }
}

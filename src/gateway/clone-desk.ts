// SPDX-License-Identifier: Apache-2.0
// Clones: writable copies of archived cartridges that share their data until it is written over. What a clone reads of the
// original is thawed when it is read. The original, its class and its lock stay as they are.

import { defaultPoolFor, planCartridges } from "./cartridge-plan.ts";
import { createdFacts, description } from "./created-facts.ts";
import { partIds } from "./cartridge-parts.ts";
import type { CartridgeRecord, RetrievalRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import type { LibraryDesk } from "./library-desk.ts";
import type { GatewayParts } from "./parts.ts";
import type { Actor, CartridgeRequest, CloneRequest } from "./requests.ts";
import { checkRetrieve, checkTier } from "./retrieval.ts";
import type { Shelf } from "./shelf.ts";
import type { GatewayState } from "./state.ts";

/** Makes clones. */
export class CloneDesk {
  readonly #parts: GatewayParts;
  readonly #libraries: LibraryDesk;
  readonly #shelf: Shelf;

  constructor(parts: GatewayParts, libraries: LibraryDesk, shelf: Shelf) {
    this.#parts = parts;
    this.#libraries = libraries;
    this.#shelf = shelf;
  }

  /**
   * Barcode of the clone. Faults `gateway.cartridge-unknown`, `gateway.cartridge-state`, `gateway.cartridge-busy`,
   * `gateway.library-unknown`, `gateway.tier-unsupported`, and those of making a cartridge.
   */
  async clone(request: CloneRequest, actor: Actor): Promise<string> {
    const { barcode, library } = request;
    const { book, feed, log } = this.#parts;
    const host = this.#libraries.named(library);
    checkRetrieve(request);
    const made = await book.change(async (state) => {
      const origin = archived(state, barcode);
      this.#shelf.checkIdle(barcode);
      checkTier(origin, request.tier ?? "Standard", this.#parts.abilities);
      const planned = this.#plan(state, origin, request);
      const { cartridge } = planned;
      await this.#cloneInStore(origin, cartridge);
      return { facts: createdFacts(host, [planned]), result: cartridge };
    });
    if (request.into === "mail-slot") host.changer.mailSlotsAccessed();
    const text = `${actor.who} cloned cartridge ${barcode}: ${made.barcode} is in library ${library}`;
    log.info(text, { barcode, clone: made.barcode });
    feed.publish("cartridge.created", made.barcode, text);
    return made.barcode;
  }

  #plan(
    state: GatewayState,
    origin: CartridgeRecord,
    request: CloneRequest,
  ): ReturnType<typeof planCartridges>[number] {
    const { library, as, barcodePrefix, into, pool = origin.pool, tier = "Standard", moneyLimit } = request;
    const { random, clock, abilities } = this.#parts;
    const wanted: CartridgeRequest = {
      library,
      count: 1,
      sizeBytes: origin.sizeBytes,
      pool,
      ...(as === undefined ? {} : { barcode: as }),
      ...(barcodePrefix === undefined ? {} : { barcodePrefix }),
      ...(into === undefined ? {} : { into }),
    };
    const place = state.library(this.#libraries.named(library).id);
    const options = { random, now: clock.now(), defaultPool: defaultPoolFor(abilities) };
    const [planned] = planCartridges(state, place, wanted, options);
    if (planned === undefined) throw gatewayFault("no-free-element", { library, free: 0, kind: "slots", count: 1 });
    const limit = moneyLimit === undefined ? {} : { moneyLimit };
    const retrieval: RetrievalRecord = { kind: "demand", ranges: [], spent: 0, ...limit };
    const { shelfClass, memory } = origin;
    const from = {
      clonedFrom: origin.barcode,
      tier,
      retrieval,
      ...(shelfClass === undefined ? {} : { shelfClass }),
      ...(memory === undefined ? {} : { memory }),
    };
    return { ...planned, cartridge: { ...planned.cartridge, ...from } };
  }

  /** Partition by partition; all or none. */
  async #cloneInStore(origin: CartridgeRecord, cartridge: CartridgeRecord): Promise<void> {
    const { store } = this.#parts;
    const says = { ...description(cartridge), clonedFrom: origin.barcode };
    const ids = partIds(cartridge);
    try {
      for (const [index, part] of partIds(origin).entries()) {
        const id = ids[index];
        if (id !== undefined) await store.clone(part, id, says);
      }
    } catch (error) {
      for (const id of ids) if (store.has(id)) await store.remove(id);
      throw error;
    }
  }
}

function archived(state: GatewayState, barcode: string): CartridgeRecord {
  const cartridge = state.cartridges.get(barcode);
  if (cartridge === undefined) throw gatewayFault("cartridge-unknown", { barcode });
  if (cartridge.state === "ARCHIVED") return cartridge;
  throw gatewayFault("cartridge-state", { barcode, state: cartridge.state, action: "a clone", needed: "ARCHIVED" });
}

// SPDX-License-Identifier: Apache-2.0
// What operators do to have cartridges back: retrieve as a whole, some tape files, or on demand; hasten, ask for more,
// cancel. Every method checks, makes the change durable and then starts what follows from it.

import type { Instant } from "#base/index.ts";
import { joinRanges, type Extent, type FileRange, type ThawTier } from "#store/index.ts";
import type { TaskRecord } from "#work/index.ts";
import { isPartial, type DemandDesk } from "./demand.ts";
import { storeId } from "./cartridge-parts.ts";
import type { CartridgeChange, CartridgeRecord, RetrievalRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import type { LibraryDesk } from "./library-desk.ts";
import { lifeFacts } from "./life-facts.ts";
import type { GatewayParts } from "./parts.ts";
import type { Actor, RetrieveMoreRequest, RetrieveRequest } from "./requests.ts";
import { checkRetrieve, checkTier, costOf, isFaster, moneyText, newRetrieval, withMore } from "./retrieval.ts";
import type { Shelf } from "./shelf.ts";
import type { ObjectId } from "./views.ts";

/** Parts of the gateway that retrieving needs. */
export interface RetrieveNeeds {
  readonly libraries: LibraryDesk;
  readonly shelf: Shelf;
  readonly demand: DemandDesk;
}

/** Retrieving. */
export class RetrieveDesk {
  readonly #parts: GatewayParts;
  readonly #needs: RetrieveNeeds;

  constructor(parts: GatewayParts, needs: RetrieveNeeds) {
    this.#parts = parts;
    this.#needs = needs;
  }

  /**
   * Begins, or hastens what runs. Faults `gateway.cartridge-state`, `gateway.cartridge-busy`, `gateway.library-unknown`,
   * `gateway.tier-unsupported`, `gateway.tier-slower`, `gateway.retrieval-bad`, `gateway.retrieval-too-dear`.
   */
  async retrieve(request: RetrieveRequest, actor: Actor): Promise<TaskRecord> {
    const { barcode, tier } = request;
    const { shelf } = this.#needs;
    const host = this.#needs.libraries.named(request.library);
    checkRetrieve(request);
    checkTier(this.#named(barcode), tier ?? "Standard", this.#parts.abilities);
    if (this.#named(barcode).state !== "RETRIEVING") {
      shelf.checkIdle(barcode);
      await this.#begin(request, host.id);
    } else if (tier !== undefined) await this.#hasten(barcode, tier);
    return shelf.begin(barcode, actor.who).record();
  }

  /** Fault `gateway.cartridge-state`. */
  async cancel(barcode: string, actor: Actor): Promise<void> {
    const input = { kind: "cancel-retrieve" } as const;
    lifeFacts(this.#parts.book.state, { barcode: this.#named(barcode).barcode, input, at: this.#now() });
    await this.#needs.shelf.cancel(barcode, actor.who);
    if (this.#named(barcode).state !== "RETRIEVING") return;
    await this.#parts.book.change((state) => ({
      facts: lifeFacts(state, { barcode, input, at: this.#now() }),
      result: undefined,
    }));
    this.#changed(barcode);
  }

  /**
   * Allows more money, another tier, or more tape files of what is RETRIEVED in part. Faults `gateway.retrieval-whole`,
   * `gateway.retrieval-bad`, `gateway.retrieval-too-dear`, `gateway.tier-unsupported`.
   */
  async more(request: RetrieveMoreRequest, actor: Actor): Promise<void> {
    const { barcode, tier, files, moneyLimit } = request;
    checkRetrieve(request);
    const { state, retrieval } = this.#named(barcode);
    const isHere = state === "RETRIEVED" || state === "AVAILABLE";
    if (!isHere || !isPartial(retrieval)) throw gatewayFault("retrieval-whole", { barcode, state });
    if (tier !== undefined) checkTier(this.#named(barcode), tier, this.#parts.abilities);
    const extent = files === undefined ? undefined : await this.#extent(barcode, files);
    await this.#parts.book.change((now) => {
      const cartridge = now.cartridge(barcode);
      if (!isPartial(cartridge.retrieval)) throw gatewayFault("retrieval-whole", { barcode, state: cartridge.state });
      const limited = moneyLimit === undefined ? cartridge.retrieval : { ...cartridge.retrieval, moneyLimit };
      const next =
        extent === undefined ? limited : this.#withMore({ ...cartridge, ...(tier && { tier }) }, limited, extent);
      const change: CartridgeChange = { retrieval: next, ...(tier === undefined ? {} : { tier }) };
      return { facts: [{ kind: "cartridge-changed", barcode, at: this.#now(), change }], result: undefined };
    });
    this.#needs.demand.forget(barcode);
    this.#changed(barcode);
    if (extent !== undefined) this.#thawMore(barcode, extent, actor);
  }

  async #begin(request: RetrieveRequest, library: ObjectId): Promise<void> {
    const { barcode, files, onDemand = false, moneyLimit, tier = "Standard" } = request;
    const { prices } = this.#parts.settings;
    const isWhole = files === undefined && !onDemand;
    const mustCount = !onDemand && (!isWhole || moneyLimit !== undefined);
    const isArchived = this.#named(barcode).state === "ARCHIVED";
    const extent = mustCount && isArchived ? await this.#extent(barcode, files) : nothing;
    await this.#parts.book.change((state) => {
      if (!state.libraries.has(library))
        throw gatewayFault("library-unknown", { name: request.library, known: "others" });
      const cost = costOf(prices, state.cartridge(barcode), { tier, amount: extent });
      const retrieval = newRetrieval(request, extent, { cost, currency: prices.currency });
      const change = { library, tier, ...(isWhole && moneyLimit === undefined ? {} : { retrieval }) };
      const facts = lifeFacts(state, { barcode, input: { kind: "retrieve" }, at: this.#now(), change });
      return { facts, result: undefined };
    });
    this.#changed(barcode);
  }

  async #hasten(barcode: string, tier: ThawTier): Promise<void> {
    await this.#parts.book.change((state) => {
      const { tier: from = "Standard", state: life } = state.cartridge(barcode);
      if (from === tier || life !== "RETRIEVING") return { facts: [], result: undefined };
      if (!isFaster(from, tier)) throw gatewayFault("tier-slower", { barcode, from });
      const change = { tier, isHastened: true };
      return { facts: [{ kind: "cartridge-changed", barcode, at: this.#now(), change }], result: undefined };
    });
    this.#changed(barcode);
  }

  /** The segments of tape files, and the first one, which every host reads to know what it has. */
  async #extent(barcode: string, files: FileRange | undefined): Promise<Extent> {
    const { store } = this.#parts;
    const id = storeId(this.#named(barcode));
    if (files === undefined) return store.shelf.extent(id);
    const [wanted, labels] = await Promise.all([
      store.shelf.extent(id, files),
      store.shelf.extent(id, { first: 0, last: 0 }),
    ]);
    const [[, first] = [0, 0]] = labels.ranges;
    const ranges = joinRanges([...wanted.ranges, ...(first > 0 ? [[0, 1] as const] : [])]);
    return store.shelf.extentOf(id, ranges);
  }

  #withMore(cartridge: CartridgeRecord, retrieval: RetrievalRecord, extent: Extent): RetrievalRecord {
    const { prices } = this.#parts.settings;
    const { barcode, tier = "Standard" } = cartridge;
    const cost = costOf(prices, cartridge, { tier, amount: extent });
    const next = withMore(retrieval, extent, { cost, isAsked: true });
    if (typeof next !== "string") return next;
    const { spent, moneyLimit = 0 } = retrieval;
    if (next === "no-money") {
      const details = { cost: moneyText(spent + cost), limit: moneyText(moneyLimit), currency: prices.currency };
      throw gatewayFault("retrieval-too-dear", { barcode, ...details });
    }
    throw gatewayFault("retrieval-bad", { barcode, reason: "it is in too many pieces; retrieve it as a whole" });
  }

  /** Thaws what was asked for; a start or a read does the same should it not come to its end. */
  #thawMore(barcode: string, { ranges }: Extent, actor: Actor): void {
    const { store, settings, tasks } = this.#parts;
    const { tier = "Standard" } = this.#named(barcode);
    const id = storeId(this.#named(barcode));
    const request = { tier, keep: settings.thawKeep, ranges };
    tasks.start({ operation: "cartridge.retrieve-more", subject: barcode, who: actor.who }, async (context) => {
      context.phase("thawing");
      await store.shelf.thaw(id, request, { signal: context.signal });
    });
  }

  #named(barcode: string): CartridgeRecord {
    const cartridge = this.#parts.book.state.cartridges.get(barcode);
    if (cartridge === undefined) throw gatewayFault("cartridge-unknown", { barcode });
    return cartridge;
  }

  #now(): Instant {
    return this.#parts.clock.now();
  }

  #changed(barcode: string): void {
    const { state, pool } = this.#named(barcode);
    this.#parts.feed.publish("cartridge.changed", barcode, `cartridge ${barcode} is ${state}, pool ${pool}`);
  }
}

const nothing: Extent = { ranges: [], segments: 0, bytes: 0 };

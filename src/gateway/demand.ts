// SPDX-License-Identifier: Apache-2.0
// Who pays for what a drive reads of a cartridge that was retrieved in part: each thaw is approved against the limit of
// the retrieval and written down before it is asked for. When the money is gone, or something is read that was not asked
// for, the drive says that an operator is needed, and so do an event and the log.

import { limits } from "#base/index.ts";
import type { DemandPolicy, Extent } from "#store/index.ts";
import type { CartridgeRecord, RetrievalRecord } from "./facts.ts";
import type { GatewayParts } from "./parts.ts";
import { costOf, moneyText, withMore } from "./retrieval.ts";

/** The policies of all cartridges in drives. */
export class DemandDesk {
  readonly #parts: GatewayParts;
  /** Cartridges whose operator was told already. */
  readonly #told = new Set<string>();

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** How a cartridge is thawed when it is read; undefined: it was retrieved as a whole, or never archived. */
  policyFor({ barcode, state, retrieval, clonedFrom }: CartridgeRecord): DemandPolicy | undefined {
    const isReadHere = state === "RETRIEVED" || (state === "AVAILABLE" && clonedFrom !== undefined);
    if (!isReadHere || !isPartial(retrieval)) return undefined;
    const { thawKeep, thawPoll } = this.#parts.settings;
    return {
      tier: () => this.#cartridge(barcode)?.tier ?? "Standard",
      keep: thawKeep,
      poll: thawPoll,
      aheadBytes: retrieval.kind === "demand" ? (retrieval.aheadBytes ?? limits.thawAhead) : 0,
      approve: (extent) => this.#approve(barcode, extent),
    };
  }

  /** An operator did something about it. */
  forget(barcode: string): void {
    this.#told.delete(barcode);
  }

  async #approve(barcode: string, extent: Extent): Promise<boolean> {
    const { book, settings, clock } = this.#parts;
    const answer = await book.change((state) => {
      const cartridge = state.cartridge(barcode);
      const { retrieval, tier = "Standard" } = cartridge;
      if (!isPartial(retrieval)) return { facts: [], result: "not-asked-for" as const };
      const cost = costOf(settings.prices, cartridge, { tier, amount: extent });
      const next = withMore(retrieval, extent, { cost, isAsked: false });
      if (typeof next === "string") return { facts: [], result: next };
      const fact = { kind: "cartridge-changed", barcode, at: clock.now(), change: { retrieval: next } } as const;
      return { facts: [fact], result: "approved" as const };
    });
    if (answer === "approved") this.#told.delete(barcode);
    else this.#alarm(barcode, answer);
    return answer === "approved";
  }

  #alarm(barcode: string, why: "not-asked-for" | "no-money" | "too-scattered"): void {
    if (this.#told.has(barcode)) return;
    this.#told.add(barcode);
    const text = `a host reads what was not retrieved of cartridge ${barcode}: ${this.#reason(barcode, why)}`;
    this.#parts.log.warn(text, { barcode });
    this.#parts.feed.publish("cartridge.alarm", barcode, text);
  }

  #reason(barcode: string, why: "not-asked-for" | "no-money" | "too-scattered"): string {
    const more = `\`capstan cartridge retrieve-more ${barcode}\``;
    const { currency } = this.#parts.settings.prices;
    const { spent = 0, moneyLimit = 0 } = this.#cartridge(barcode)?.retrieval ?? {};
    switch (why) {
      case "not-asked-for":
        return `ask for more tape files with ${more}`;
      case "no-money":
        return `${moneyText(spent)} of ${moneyText(moneyLimit)} ${currency} are spent; allow more with ${more}`;
      case "too-scattered":
        return "it is read in too many places; retrieve it as a whole";
      default:
        return why satisfies never;
    }
  }

  #cartridge(barcode: string): CartridgeRecord | undefined {
    return this.#parts.book.state.cartridges.get(barcode);
  }
}

/** True for a retrieval that leaves something frozen. */
export function isPartial(retrieval: RetrievalRecord | null | undefined): retrieval is RetrievalRecord {
  return retrieval !== undefined && retrieval !== null && retrieval.kind !== "whole";
}

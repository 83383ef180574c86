// SPDX-License-Identifier: Apache-2.0
// Retrieving a cartridge in part: what is asked for, what it costs, and what the limit of its money allows. Pure.

import { limits } from "#base/index.ts";
import { joinRanges, type Extent, type ObjectStoreAbilities, type SegmentRange, type ThawTier } from "#store/index.ts";
import type { CartridgeRecord, RetrievalRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { thawCost, type Amount, type PriceTable } from "./prices.ts";
import type { RetrieveRequest } from "./requests.ts";
import { readClass } from "./retention.ts";

const speed: Readonly<Record<ThawTier, number>> = { Bulk: 0, Standard: 1, Expedited: 2 };

/** True when `to` thaws faster than `from`. */
export const isFaster = (from: ThawTier, to: ThawTier): boolean => speed[to] > speed[from];

/** Throws Fault `gateway.tier-unsupported` when what lies in the class cannot be thawed that way. */
export function checkTier(
  { barcode, shelfClass }: Pick<CartridgeRecord, "barcode" | "shelfClass">,
  tier: ThawTier,
  { thaw }: ObjectStoreAbilities,
): void {
  const tiers = shelfClass === undefined ? undefined : thaw[shelfClass];
  if (tiers === undefined || tiers.includes(tier)) return;
  const details = { barcode, tier, class: shelfClass ?? "", tiers: tiers.join(" or ") };
  throw gatewayFault("tier-unsupported", details);
}

/** Throws Fault `gateway.retrieval-bad` for what contradicts itself. */
export function checkRetrieve({ barcode, files, onDemand, moneyLimit, aheadBytes }: Partial<RetrieveRequest>): void {
  const bad = (reason: string): Error => gatewayFault("retrieval-bad", { barcode: barcode ?? "", reason });
  if (files !== undefined && onDemand === true) throw bad("tape files or on demand, not both");
  if (files !== undefined) {
    const { first, last } = files;
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || last < first) {
      throw bad(`tape files ${first} to ${last} are none; they are numbered from 0`);
    }
  }
  if (moneyLimit !== undefined && !(moneyLimit >= 0 && Number.isFinite(moneyLimit))) throw bad("money is 0 or more");
  if (aheadBytes === undefined) return;
  if (!Number.isSafeInteger(aheadBytes) || aheadBytes < 0 || aheadBytes > limits.thawAheadMax) {
    throw bad(`0 to ${limits.thawAheadMax} bytes are thawed ahead`);
  }
}

/** What thawing an amount of a cartridge costs, where it costs the least. */
export function costOf(
  prices: PriceTable,
  cartridge: Pick<CartridgeRecord, "shelfClass" | "copies">,
  { tier, amount }: { readonly tier: ThawTier; readonly amount: Amount },
): number {
  if (cartridge.shelfClass === undefined) return 0;
  return thawCost(prices, { storageClass: readClass(cartridge), tier, amount });
}

/** A retrieval that begins. `extent`: what is thawed at once. Fault `gateway.retrieval-too-dear`. */
export function newRetrieval(
  request: RetrieveRequest,
  extent: Extent,
  { cost, currency }: { readonly cost: number; readonly currency: string },
): RetrievalRecord {
  const { barcode, files, onDemand = false, moneyLimit, aheadBytes } = request;
  const kind = onDemand ? "demand" : files === undefined ? "whole" : "files";
  const spent = kind === "demand" ? 0 : cost;
  if (moneyLimit !== undefined && spent > moneyLimit) {
    throw gatewayFault("retrieval-too-dear", {
      barcode,
      cost: moneyText(spent),
      limit: moneyText(moneyLimit),
      currency,
    });
  }
  return {
    kind,
    ranges: kind === "files" ? extent.ranges : [],
    spent,
    ...(files === undefined ? {} : { files }),
    ...(moneyLimit === undefined ? {} : { moneyLimit }),
    ...(aheadBytes === undefined ? {} : { aheadBytes }),
  };
}

/** The retrieval after more was asked for, or why that may not be. */
export function withMore(
  retrieval: RetrievalRecord,
  extent: Extent,
  { cost, isAsked }: { readonly cost: number; readonly isAsked: boolean },
): RetrievalRecord | "not-asked-for" | "no-money" | "too-scattered" {
  const ranges = joinRanges([...retrieval.ranges, ...extent.ranges]);
  const isNew = !isCovered(retrieval.ranges, extent.ranges);
  if (isNew && retrieval.kind === "files" && !isAsked) return "not-asked-for";
  const spent = retrieval.spent + cost;
  if (retrieval.moneyLimit !== undefined && spent > retrieval.moneyLimit) return "no-money";
  return ranges.length > limits.retrievedRanges ? "too-scattered" : { ...retrieval, ranges, spent };
}

/** True when `ranges` lie within `all`, which are joined. */
function isCovered(all: readonly SegmentRange[], ranges: readonly SegmentRange[]): boolean {
  return ranges.every(([first, end]) => all.some(([from, to]) => from <= first && end <= to));
}

/** Money for people: four digits behind the point, for requests are cheap. */
export const moneyText = (money: number): string => money.toFixed(4);

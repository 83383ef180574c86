// SPDX-License-Identifier: Apache-2.0
// What something on the shelf would cost and how long it would take, before anybody does it; and what was asked of the
// object store so far. By the price table; nothing is changed and no object is touched.

import { between, days, limits } from "#base/index.ts";
import { storeId } from "./cartridge-parts.ts";
import type { CartridgeRecord, MirrorRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { copyIn } from "./mirror-desk.ts";
import { readClass } from "./retention.ts";
import type { GatewayParts } from "./parts.ts";
import { poolNamed } from "./pools.ts";
import {
  earlyDeletionFee,
  listPrices,
  putCost,
  readCost,
  requestCost,
  storagePerMonth,
  thawCost,
  thawedCopiesCost,
  totalCost,
  type Amount,
  type PriceTable,
} from "./prices.ts";
import type { EstimateRequest, ShelfClass } from "./requests.ts";
import { checkRetrieve, checkTier } from "./retrieval.ts";
import type { CostsView, EstimateView } from "./views.ts";

/** What an estimate goes by. */
interface Ground {
  readonly prices: PriceTable;
  readonly cartridge: CartridgeRecord;
  /** All of the cartridge. */
  readonly all: Amount;
  /** Where its objects are. */
  readonly from: ShelfClass;
  readonly to: ShelfClass;
  /** The second copy that is to be made. */
  readonly mirror: MirrorRecord | undefined;
  /** Days that they have been there. */
  readonly heldDays: number;
  readonly keepDays: number;
}

type Sums = Omit<EstimateView, "barcode" | "action" | "storageClass" | "currency" | "areListPrices" | "total">;

/** Estimates. Faults `gateway.cartridge-unknown`, `gateway.pool-unknown`, `gateway.tier-unsupported`, `gateway.retrieval-bad`. */
export async function estimate(parts: GatewayParts, request: EstimateRequest): Promise<EstimateView> {
  const { barcode, action } = request;
  const ground = await groundOf(parts, request);
  const sums = await sumsOf(parts, request, ground);
  const { prices } = ground;
  const total =
    sums.requestCost + sums.thawCost + sums.earlyDeletionFee + sums.copiesCost + sums.readCost + sums.mirrorCost;
  const { currency } = prices;
  const areListPrices = prices === listPrices;
  return { barcode, action, storageClass: ground.to, ...sums, total, currency, areListPrices };
}

async function groundOf({ book, store, settings, clock }: GatewayParts, request: EstimateRequest): Promise<Ground> {
  const { barcode, pool } = request;
  const cartridge = book.state.cartridges.get(barcode);
  if (cartridge === undefined) throw gatewayFault("cartridge-unknown", { barcode });
  const id = storeId(cartridge);
  const all = store.has(id) ? await store.shelf.extent(id) : { segments: 0, bytes: 0 };
  const from = cartridge.shelfClass ?? "STANDARD";
  const { storageClass: to, mirror: wanted } = poolNamed(book.state, pool ?? cartridge.pool);
  const mirror = wanted && copyIn(cartridge, wanted.store)?.at === undefined ? wanted : undefined;
  const since = cartridge.classSince ?? cartridge.archivedAt ?? cartridge.createdAt;
  const heldDays = between(since, clock.now()) / days(1);
  return { prices: settings.prices, cartridge, all, from, to, mirror, heldDays, keepDays: settings.thawKeep / days(1) };
}

async function sumsOf(parts: GatewayParts, request: EstimateRequest, ground: Ground): Promise<Sums> {
  switch (request.action) {
    case "archive":
      return archiveSums(ground);
    case "move":
      return moveSums(ground);
    case "delete":
      return deleteSums(ground);
    case "retrieve":
      return retrieveSums(parts, request, ground);
    default:
      return request.action satisfies never;
  }
}

const noSums: Omit<Sums, "segments" | "bytes"> = {
  storagePerMonth: 0,
  requests: 0,
  requestCost: 0,
  thawCost: 0,
  earlyDeletionFee: 0,
  copiesCost: 0,
  readCost: 0,
  mirrorStoragePerMonth: 0,
  mirrorCost: 0,
  hoursFrom: 0,
  hoursTo: 0,
};

/** The second copy: read where it is, which may take a thaw, and put there; out of the provider, as far as is known. */
function mirrorSums({ prices, all, from, mirror, keepDays }: Ground): Partial<Sums> {
  if (mirror === undefined) return {};
  const { storageClass } = mirror;
  const { segments, bytes } = all;
  const read = readCost(prices, { storageClass: from, bytes, requests: Math.ceil(bytes / limits.fetchSize) });
  const isCold = prices.classes[from].thaw.Bulk !== undefined;
  const thaw = thawCost(prices, { storageClass: from, tier: "Bulk", amount: all });
  const copies = isCold ? thawedCopiesCost(prices, all, keepDays) : 0;
  const mirrorCost =
    read.requests + read.retrieval + read.egress + thaw + copies + putCost(prices, storageClass, segments);
  return { mirrorStoragePerMonth: storagePerMonth(prices, storageClass, all), mirrorCost };
}

function archiveSums(ground: Ground): Sums {
  const { prices, all, from, to } = ground;
  const requests = from === to ? 0 : all.segments;
  const { segments, bytes } = all;
  const monthly = storagePerMonth(prices, to, all);
  const requestCosts = putCost(prices, to, requests);
  const sums = { segments, bytes, storagePerMonth: monthly, requests, requestCost: requestCosts };
  return { ...noSums, ...sums, ...mirrorSums(ground) };
}

function moveSums(ground: Ground): Sums {
  const { prices, all, from, to, heldDays, keepDays } = ground;
  if (from === to) return archiveSums(ground);
  const thaw = prices.classes[from].thaw.Bulk;
  const [hoursFrom, hoursTo] = thaw?.hours ?? [0, 0];
  return {
    ...archiveSums(ground),
    requests: all.segments * (thaw === undefined ? 1 : 2),
    thawCost: thawCost(prices, { storageClass: from, tier: "Bulk", amount: all }),
    copiesCost: thaw === undefined ? 0 : thawedCopiesCost(prices, all, keepDays),
    earlyDeletionFee: earlyDeletionFee(prices, { storageClass: from, amount: all, heldDays }),
    hoursFrom,
    hoursTo,
  };
}

function deleteSums({ prices, all, from, heldDays }: Ground): Sums {
  const fee = earlyDeletionFee(prices, { storageClass: from, amount: all, heldDays });
  return { ...noSums, segments: all.segments, bytes: all.bytes, requests: all.segments, earlyDeletionFee: fee };
}

async function retrieveSums(
  { store, abilities }: GatewayParts,
  request: EstimateRequest,
  { prices, cartridge, all, to, keepDays }: Ground,
): Promise<Sums> {
  const { files, tier = "Standard" } = request;
  checkRetrieve(request);
  checkTier(cartridge, tier, abilities);
  const storageClass = cartridge.shelfClass === undefined ? to : readClass(cartridge);
  const amount = files === undefined ? all : await store.shelf.extent(storeId(cartridge), files);
  const { segments, bytes } = amount;
  const thaw = prices.classes[storageClass].thaw[tier];
  const [hoursFrom, hoursTo] = thaw?.hours ?? [0, 0];
  const reads = Math.ceil(bytes / limits.fetchSize);
  const read = readCost(prices, { storageClass, bytes, requests: reads });
  return {
    ...noSums,
    segments,
    bytes,
    storagePerMonth: storagePerMonth(prices, cartridge.shelfClass ?? to, all),
    requests: (thaw === undefined ? 0 : segments) + reads,
    requestCost: read.requests,
    thawCost: thawCost(prices, { storageClass, tier, amount }),
    copiesCost: thaw === undefined ? 0 : thawedCopiesCost(prices, amount, keepDays),
    readCost: read.retrieval + read.egress,
    hoursFrom,
    hoursTo,
  };
}

/** What was asked of the object stores. */
export function costsView({ costs, settings }: Pick<GatewayParts, "costs" | "settings">): CostsView {
  const { prices } = settings;
  const { counter, since } = costs;
  const { counts } = counter;
  const requests = counts.requests.map((count) => ({ ...count, cost: requestCost(prices, count) }));
  const thawed = counts.thawed.map(({ storageClass, tier, segments, bytes }) => {
    const cost = thawCost(prices, { storageClass, tier, amount: { segments, bytes } });
    return { storageClass, tier, segments, bytes, cost };
  });
  const { currency } = prices;
  return { since, currency, areListPrices: prices === listPrices, requests, thawed, total: totalCost(prices, counts) };
}

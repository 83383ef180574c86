// SPDX-License-Identifier: Apache-2.0
// What an object store charges, as a table, and what work on the shelf comes to by it: pure arithmetic. The numbers are
// list prices of a large provider; they change, and whoever decides by them checks them first. `capstan.toml` replaces
// them. One GiB is what providers call a GB.

import type { Extent, RequestCount, StorageClass, StoreCounts, ThawTier } from "#store/index.ts";

/** Prices of thawing with one tier, and how long it takes. */
export interface ThawPrice {
  /** Per 1,000 requests, and per GiB. */
  readonly requests: number;
  readonly gib: number;
  /** Hours that it typically takes, at least and at most. */
  readonly hours: readonly [from: number, to: number];
}

/** Prices of one storage class. */
export interface ClassPrices {
  /** Per GiB and month. */
  readonly storage: number;
  /** Per 1,000 uploads and class changes into it. */
  readonly put: number;
  /** Per 1,000 reads, and per GiB that is read. */
  readonly get: number;
  readonly read: number;
  /** Days that are paid for at least. */
  readonly minimumDays: number;
  /** Bytes that each object takes beside its content: in this class, and in STANDARD. */
  readonly overhead: readonly [own: number, standard: number];
  readonly thaw: Readonly<Partial<Record<ThawTier, ThawPrice>>>;
}

/** All prices. */
export interface PriceTable {
  /** For people. */
  readonly currency: string;
  /** Per GiB that leaves the provider. */
  readonly egress: number;
  readonly classes: Readonly<Record<StorageClass, ClassPrices>>;
}

const KiB = 1024;
const GiB = 1024 ** 3;
const daysPerMonth = 30;
const coldOverhead = [32 * KiB, 8 * KiB] as const;
const none = [0, 0] as const;

/** List prices of Amazon S3 in its first region. To be checked before they are relied on. */
export const listPrices: PriceTable = {
  currency: "USD",
  egress: 0.09,
  classes: {
    STANDARD: { storage: 0.023, put: 0.005, get: 0.0004, read: 0, minimumDays: 0, overhead: none, thaw: {} },
    STANDARD_IA: { storage: 0.0125, put: 0.01, get: 0.001, read: 0.01, minimumDays: 30, overhead: none, thaw: {} },
    GLACIER_IR: { storage: 0.004, put: 0.02, get: 0.01, read: 0.03, minimumDays: 90, overhead: none, thaw: {} },
    GLACIER: {
      storage: 0.0036,
      put: 0.03,
      get: 0.0004,
      read: 0,
      minimumDays: 90,
      overhead: coldOverhead,
      thaw: {
        Expedited: { requests: 10, gib: 0.03, hours: [1 / 60, 5 / 60] },
        Standard: { requests: 0.05, gib: 0.01, hours: [3, 5] },
        Bulk: { requests: 0, gib: 0, hours: [5, 12] },
      },
    },
    DEEP_ARCHIVE: {
      storage: 0.00099,
      put: 0.05,
      get: 0.0004,
      read: 0,
      minimumDays: 180,
      overhead: coldOverhead,
      thaw: {
        Standard: { requests: 0.1, gib: 0.02, hours: [9, 12] },
        Bulk: { requests: 0.025, gib: 0.0025, hours: [12, 48] },
      },
    },
  },
};

/** How many objects and bytes. */
export type Amount = Pick<Extent, "segments" | "bytes">;

/** What storing something costs per month. */
export function storagePerMonth(prices: PriceTable, storageClass: StorageClass, { segments, bytes }: Amount): number {
  const { storage, overhead } = prices.classes[storageClass];
  const standard = prices.classes.STANDARD.storage;
  return ((bytes + segments * overhead[0]) / GiB) * storage + ((segments * overhead[1]) / GiB) * standard;
}

/** What moving objects into a class costs, or uploading them there: one request each. */
export function putCost(prices: PriceTable, storageClass: StorageClass, requests: number): number {
  return (requests / 1000) * prices.classes[storageClass].put;
}

/** What is still to be paid for when something leaves a class that it was in for so many days. */
export function earlyDeletionFee(
  prices: PriceTable,
  {
    storageClass,
    amount,
    heldDays,
  }: { readonly storageClass: StorageClass; readonly amount: Amount; readonly heldDays: number },
): number {
  const left = Math.max(prices.classes[storageClass].minimumDays - Math.max(heldDays, 0), 0);
  return (left / daysPerMonth) * storagePerMonth(prices, storageClass, amount);
}

/** What thawing costs: requests and bytes. Nothing for a class that needs no thaw. */
export function thawCost(
  prices: PriceTable,
  {
    storageClass,
    tier,
    amount,
  }: { readonly storageClass: StorageClass; readonly tier: ThawTier; readonly amount: Amount },
): number {
  const price = prices.classes[storageClass].thaw[tier];
  if (price === undefined) return 0;
  return (amount.segments / 1000) * price.requests + (amount.bytes / GiB) * price.gib;
}

/** What the copies cost that a thaw makes for so many days: they lie in STANDARD, beside the frozen ones. */
export function thawedCopiesCost(prices: PriceTable, amount: Amount, keepDays: number): number {
  return (keepDays / daysPerMonth) * storagePerMonth(prices, "STANDARD", amount);
}

/** What reading costs: requests of some size, bytes where the class charges for them, and the way out. */
export function readCost(
  prices: PriceTable,
  {
    storageClass,
    bytes,
    requests,
  }: { readonly storageClass: StorageClass; readonly bytes: number; readonly requests: number },
): { readonly requests: number; readonly retrieval: number; readonly egress: number } {
  const { get, read } = prices.classes[storageClass];
  return { requests: (requests / 1000) * get, retrieval: (bytes / GiB) * read, egress: (bytes / GiB) * prices.egress };
}

/** What one kind of request cost so far. LIST is charged like an upload to STANDARD, HEAD like a read; deletes are free. */
export function requestCost(prices: PriceTable, { kind, storageClass, requests, bytes }: RequestCount): number {
  const { put, get, read } = prices.classes[storageClass ?? "STANDARD"];
  switch (kind) {
    case "put":
    case "copy":
    case "list":
    case "lock":
      return (requests / 1000) * put;
    case "get":
      return (requests / 1000) * get + (bytes / GiB) * read;
    case "head":
      return (requests / 1000) * get;
    // Thaws are paid for with the bytes, see `thawCost`.
    case "thaw":
    case "delete":
      return 0;
    default:
      return kind satisfies never;
  }
}

/** What all requests and thaws cost so far. */
export function totalCost(prices: PriceTable, { requests, thawed }: StoreCounts): number {
  const asked = requests.reduce((sum, count) => sum + requestCost(prices, count), 0);
  return thawed.reduce((sum, { storageClass, tier, ...amount }) => {
    return sum + thawCost(prices, { storageClass, tier, amount });
  }, asked);
}

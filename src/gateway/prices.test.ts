// SPDX-License-Identifier: Apache-2.0
// The arithmetic of prices, against sums that the reference works out: 1 TiB in segments of several sizes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestCounter } from "#store/index.ts";
import {
  earlyDeletionFee,
  listPrices,
  putCost,
  readCost,
  storagePerMonth,
  thawCost,
  thawedCopiesCost,
  totalCost,
} from "./prices.ts";

const GiB = 1024 ** 3;
const TiB = 1024 * GiB;
const cents = (money: number): number => Math.round(money * 100) / 100;

// Segment size in MiB; uploads to STANDARD, moves to DEEP_ARCHIVE, thaw requests there; US dollars.
const rows = [
  [1, 5.24, 52.43, 104.86],
  [16, 0.33, 3.28, 6.55],
  [64, 0.08, 0.82, 1.64],
  [256, 0.02, 0.2, 0.41],
] as const;

for (const [size, put, move, thaw] of rows) {
  test(`1 TiB in segments of ${size} MiB costs ${put}, ${move} and ${thaw} for its requests`, () => {
    const segments = TiB / (size * 1024 * 1024);
    assert.equal(cents(putCost(listPrices, "STANDARD", segments)), put);
    assert.equal(cents(putCost(listPrices, "DEEP_ARCHIVE", segments)), move);
    const requests = thawCost(listPrices, {
      storageClass: "DEEP_ARCHIVE",
      tier: "Standard",
      amount: { segments, bytes: 0 },
    });
    assert.equal(cents(requests), thaw);
  });
}

test("1 TiB in DEEP_ARCHIVE costs about 1.01 a month, and its objects take 40 KiB each beside", () => {
  assert.equal(cents(storagePerMonth(listPrices, "DEEP_ARCHIVE", { segments: 0, bytes: TiB })), 1.01);
  const overhead = storagePerMonth(listPrices, "DEEP_ARCHIVE", { segments: 32 * 1024, bytes: 0 });
  assert.equal(overhead, 0.00099 + 0.25 * 0.023);
});

test("what leaves a class early is paid for until its least days are over", () => {
  const amount = { segments: 0, bytes: 1000 * GiB };
  const fee = (heldDays: number): number =>
    cents(earlyDeletionFee(listPrices, { storageClass: "GLACIER", amount, heldDays }));
  assert.equal(fee(0), cents(3 * 3.6));
  assert.equal(fee(60), 3.6);
  assert.equal(fee(90), 0);
  assert.equal(fee(400), 0);
  assert.equal(cents(earlyDeletionFee(listPrices, { storageClass: "STANDARD", amount, heldDays: 0 })), 0);
});

test("thawing costs by tier, and nothing where no thaw is needed; copies lie in STANDARD meanwhile", () => {
  const amount = { segments: 1600, bytes: 100 * GiB };
  const cost = (tier: "Expedited" | "Standard" | "Bulk"): number =>
    cents(thawCost(listPrices, { storageClass: "GLACIER", tier, amount }));
  assert.deepEqual([cost("Expedited"), cost("Standard"), cost("Bulk")], [19, 1.08, 0]);
  assert.equal(thawCost(listPrices, { storageClass: "GLACIER_IR", tier: "Standard", amount }), 0);
  assert.equal(cents(thawedCopiesCost(listPrices, amount, 30)), 2.3);
  const read = readCost(listPrices, { storageClass: "GLACIER_IR", bytes: 100 * GiB, requests: 1000 });
  assert.deepEqual([read.requests, cents(read.retrieval), cents(read.egress)], [0.01, 3, 9]);
});

test("counted requests cost what the table says", () => {
  const counter = new RequestCounter();
  for (let index = 0; index < 1000; index++) {
    counter.note("put", { storageClass: "STANDARD", bytes: 5 });
    counter.note("copy", { storageClass: "GLACIER" });
    counter.note("head");
    counter.note("thaw", { tier: "Standard" });
    counter.note("delete");
  }
  counter.noteThawed({ storageClass: "GLACIER", tier: "Standard", segments: 1000, bytes: 10 * GiB });
  assert.equal(cents(totalCost(listPrices, counter.counts) * 100), cents((0.005 + 0.03 + 0.0004 + 0.05 + 0.1) * 100));
  assert.equal(counter.counts.requests.find(({ kind }) => kind === "put")?.bytes, 5000);
});

// SPDX-License-Identifier: Apache-2.0
// The prices in capstan.toml: what it says takes the place of the list prices, number by number.

import * as z from "zod";
import { listPrices, type ClassPrices as ClassPriceTable, type PriceTable } from "#gateway/index.ts";
import type { ThawTier } from "#store/index.ts";

const price = z.number().nonnegative();
const ThawPrice = z.strictObject({ requests: price.optional(), gib: price.optional() });
const ClassPrices = z.strictObject({
  storage: price.optional(),
  put: price.optional(),
  get: price.optional(),
  read: price.optional(),
  "minimum-days": z.int().nonnegative().optional(),
  Expedited: ThawPrice.optional(),
  Standard: ThawPrice.optional(),
  Bulk: ThawPrice.optional(),
});
/** `[store.prices]`. */
export const Prices = z.strictObject({
  currency: z.string().min(1).optional(),
  egress: price.optional(),
  STANDARD: ClassPrices.optional(),
  STANDARD_IA: ClassPrices.optional(),
  GLACIER_IR: ClassPrices.optional(),
  GLACIER: ClassPrices.optional(),
  DEEP_ARCHIVE: ClassPrices.optional(),
});

/** List prices with what the file says in their place. */
export function pricesFrom({ currency, egress, ...classes }: z.output<typeof Prices>): PriceTable {
  const { classes: known } = listPrices;
  return {
    currency: currency ?? listPrices.currency,
    egress: egress ?? listPrices.egress,
    classes: {
      STANDARD: classPrices(known.STANDARD, classes.STANDARD),
      STANDARD_IA: classPrices(known.STANDARD_IA, classes.STANDARD_IA),
      GLACIER_IR: classPrices(known.GLACIER_IR, classes.GLACIER_IR),
      GLACIER: classPrices(known.GLACIER, classes.GLACIER),
      DEEP_ARCHIVE: classPrices(known.DEEP_ARCHIVE, classes.DEEP_ARCHIVE),
    },
  };
}

function classPrices(known: ClassPriceTable, said: z.output<typeof ClassPrices> = {}): ClassPriceTable {
  const thaw = Object.entries(known.thaw).map(([tier, list]) => {
    const { requests, gib } = said[tier as ThawTier] ?? {};
    return [tier, { ...list, requests: requests ?? list.requests, gib: gib ?? list.gib }];
  });
  return {
    ...known,
    storage: said.storage ?? known.storage,
    put: said.put ?? known.put,
    get: said.get ?? known.get,
    read: said.read ?? known.read,
    minimumDays: said["minimum-days"] ?? known.minimumDays,
    thaw: Object.fromEntries(thaw) as ClassPriceTable["thaw"],
  };
}

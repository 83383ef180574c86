// SPDX-License-Identifier: Apache-2.0
// Barcodes: what they look like and how new ones are made up. A barcode is never given twice, not even after deletion.
// Made-up ones have 6 characters and the suffix of the medium's generation, the form that all backup software takes.

import { gatewayFault } from "./faults.ts";

const bodyLength = 6;

/** Throws Fault `gateway.barcode-bad` unless the text is 5 … 16 of A-Z and 0-9. */
export function checkBarcode(barcode: string): void {
  if (!/^[A-Z0-9]{5,16}$/.test(barcode)) throw gatewayFault("barcode-bad", { barcode });
}

/** What to make up. */
export interface BarcodeSeries {
  readonly prefix: string;
  readonly suffix: string;
  readonly count: number;
}

/**
 * The next `count` barcodes of a series, in order, past those that are or were used. Faults
 * `gateway.barcode-prefix-bad`, `gateway.barcodes-exhausted`.
 */
export function nextBarcodes(series: BarcodeSeries, isSpent: (barcode: string) => boolean): readonly string[] {
  const { prefix, suffix, count } = series;
  if (!/^[A-Z0-9]{1,5}$/.test(prefix)) throw gatewayFault("barcode-prefix-bad", { prefix });
  const digits = bodyLength - prefix.length;
  const last = 10 ** digits - 1;
  const found: string[] = [];
  for (let number = 1; number <= last && found.length < count; number++) {
    const barcode = `${prefix}${String(number).padStart(digits, "0")}${suffix}`;
    if (!isSpent(barcode)) found.push(barcode);
  }
  if (found.length < count) throw gatewayFault("barcodes-exhausted", { prefix, free: found.length, count });
  return found;
}

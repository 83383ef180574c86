// SPDX-License-Identifier: Apache-2.0
// What the simulated S3 would bill: requests by kind and class, bytes in and out. Prices are list prices of us-east-1 in US
// dollars, as of 2026; they show orders of magnitude and are nobody's invoice.

/** Kinds of requests as they are billed: writes and lists, reads, restores by tier, and what costs nothing. */
export type RequestKind =
  | "put"
  | "copy"
  | "list"
  | "get"
  | "head"
  | "delete"
  | "restore-Expedited"
  | "restore-Standard"
  | "restore-Bulk";

/** A line of the book. */
export interface RequestLine {
  readonly kind: RequestKind;
  readonly storageClass: string;
  readonly count: number;
  /** Bytes that came in with them, and that went out. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Dollars for a thousand writes (put, copy, list and parts) and for a thousand reads, by class. */
const perThousand: Readonly<Record<string, { readonly write: number; readonly read: number }>> = {
  STANDARD: { write: 0.005, read: 0.0004 },
  STANDARD_IA: { write: 0.01, read: 0.001 },
  GLACIER_IR: { write: 0.02, read: 0.01 },
  GLACIER: { write: 0.03, read: 0.0004 },
  DEEP_ARCHIVE: { write: 0.05, read: 0.0004 },
};

/** Dollars for a thousand restores, by class and tier. */
const restores: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  GLACIER: { "restore-Expedited": 10, "restore-Standard": 0.05, "restore-Bulk": 0 },
  DEEP_ARCHIVE: { "restore-Standard": 0.1, "restore-Bulk": 0.025 },
};

/** Counts requests. */
export class RequestBook {
  readonly #lines = new Map<string, RequestLine>();

  /** One more request. */
  note(kind: RequestKind, storageClass: string, { bytesIn = 0, bytesOut = 0 } = {}): void {
    const name = `${kind} ${storageClass}`;
    const old = this.#lines.get(name) ?? { kind, storageClass, count: 0, bytesIn: 0, bytesOut: 0 };
    this.#lines.set(name, {
      ...old,
      count: old.count + 1,
      bytesIn: old.bytesIn + bytesIn,
      bytesOut: old.bytesOut + bytesOut,
    });
  }

  /** All lines, by name. */
  get lines(): readonly RequestLine[] {
    return [...this.#lines.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, line]) => line);
  }

  /** How many requests of a kind, of one class or of all. */
  count(kind: RequestKind, storageClass?: string): number {
    const fitting = this.lines.filter(
      (line) => line.kind === kind && (storageClass === undefined || line.storageClass === storageClass),
    );
    return fitting.reduce((sum, { count }) => sum + count, 0);
  }

  /** Dollars for all requests; what is stored and what leaves the region is not in it. */
  get dollars(): number {
    return this.lines.reduce((sum, line) => sum + (priceOf(line) * line.count) / 1000, 0);
  }

  /** Begins anew. */
  clear(): void {
    this.#lines.clear();
  }
}

function priceOf({ kind, storageClass }: RequestLine): number {
  const prices = perThousand[storageClass] ?? perThousand["STANDARD"];
  if (kind === "delete" || prices === undefined) return 0;
  if (kind === "get" || kind === "head") return prices.read;
  if (kind === "put" || kind === "copy") return prices.write;
  if (kind === "list") return perThousand["STANDARD"]?.write ?? 0;
  return restores[storageClass]?.[kind] ?? 0;
}

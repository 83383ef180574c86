// SPDX-License-Identifier: Apache-2.0
// Which requests the processes of one data folder have sent to the object stores, kept independently of what the gateway
// counts for the bill: it must have counted each of them once, but those that a crash came right after.

import { minutes } from "#base/index.ts";
import type { CostsView } from "#gateway/index.ts";
import type { RequestKind } from "#store/index.ts";
import { expect } from "./check-failure.ts";
import type { ProcessObjects } from "./process-objects.ts";

/** What was sent so long before a crash has been written down; longer than the gateway says. */
const keptWithin = minutes(2);

type Sent = Pick<ProcessObjects, "log" | "times">;

/** The book of one data folder. */
export class RequestBook {
  /** Of processes that have ended. */
  #sent = new Map<RequestKind, number>();
  /** As many of these may be missing on the bill. */
  #perhapsLost = new Map<RequestKind, number>();
  /** What is missing since the process that runs began. */
  #missing = new Map<RequestKind, number>();
  #boot = 0;

  /** A process has ended. `lossFrom`: what was sent since then, by the monotonic clock, may be lost. */
  ended(stores: readonly Sent[], lossFrom: number): void {
    for (const { log, times } of stores) {
      for (const [kind, count] of log) add(this.#sent, kind, count);
      for (const [kind, at] of times) if (at >= lossFrom) add(this.#perhapsLost, kind, 1);
    }
  }

  /** A process has crashed. `mayFailDisk`: it may not have written anything down since it began. */
  crashed(stores: readonly Sent[], now: number, mayFailDisk: boolean): void {
    this.ended(stores, mayFailDisk ? 0 : now - keptWithin);
  }

  /** There is another data folder, which counts anew. */
  forget(): void {
    this.#sent = new Map();
    this.#perhapsLost = new Map();
    this.#missing = new Map();
  }

  /** Compares the bill with what was sent; `boot` tells processes apart. */
  check({ requests }: CostsView, running: readonly Sent[], boot: number): void {
    const sent = new Map(this.#sent);
    for (const { log } of running) for (const [kind, count] of log) add(sent, kind, count);
    const billed = new Map<RequestKind, number>();
    for (const { kind, requests: count } of requests) add(billed, kind, count);
    const isFirst = boot !== this.#boot;
    this.#boot = boot;
    for (const kind of new Set([...billed.keys(), ...sent.keys()])) {
      const [bill, log] = [billed.get(kind) ?? 0, sent.get(kind) ?? 0];
      const text = `${bill} requests of kind ${kind} are counted, and ${log} were sent`;
      const most = this.#perhapsLost.get(kind) ?? 0;
      expect(bill <= log && log - bill <= most, `${text}, of which at most ${most} may be lost`);
      // While a process runs, none is lost.
      const missing = this.#missing.get(kind) ?? 0;
      expect(isFirst || log - bill === missing, `${text}; ${missing} were missing before`);
      this.#missing.set(kind, log - bill);
    }
  }
}

function add(counts: Map<RequestKind, number>, kind: RequestKind, count: number): void {
  counts.set(kind, (counts.get(kind) ?? 0) + count);
}

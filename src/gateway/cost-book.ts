// SPDX-License-Identifier: Apache-2.0
// What was asked of the object stores since the data folder was made, for the bill: counted in memory, and written into a
// ledger of its own a moment after it changed and at an orderly stop. A crash takes what was counted in that moment; nothing
// else ever counts less than it was. What is written is a help for people: nothing is kept from working because of it.

import { asError, type Clock, type Instant, limits, type Log, type Timer } from "#base/index.ts";
import { type Disk, Ledger, type RequestCount, RequestCounter, type ThawCount } from "#store/index.ts";

/** What was counted at some time. */
interface CostFact {
  readonly kind: "costs";
  /** When counting began. */
  readonly since: Instant;
  readonly requests: readonly RequestCount[];
  readonly thawed: readonly ThawCount[];
}

/** What it works with. */
export interface CostBookOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
}

const path = "costs.ledger";

/** The counts, kept. */
export class CostBook {
  readonly counter: RequestCounter;
  readonly since: Instant;
  readonly #options: CostBookOptions;
  readonly #ledger: Ledger<CostFact> | undefined;
  #timer: Timer | undefined;
  #isChanged = false;
  #isClosed = false;

  /** Goes on where the last process left. What cannot be read is put aside, and counting begins anew. */
  static async open(options: CostBookOptions): Promise<CostBook> {
    const { disk, log } = options;
    try {
      return new CostBook(options, await Ledger.open({ disk, log, path, decode }));
    } catch (error) {
      log.warn(`requests are counted from now on, for the earlier counts cannot be read: ${asError(error).message}`);
    }
    try {
      await disk.rename(path, `${path}.damaged`);
      return new CostBook(options, await Ledger.open({ disk, log, path, decode }));
    } catch (error) {
      log.warn(`the counts of requests are not kept: ${asError(error).message}`);
      return new CostBook(options, undefined);
    }
  }

  private constructor(options: CostBookOptions, ledger: Ledger<CostFact> | undefined) {
    this.#options = options;
    this.#ledger = ledger;
    const earlier = ledger?.replayed.at(-1);
    ledger?.forgetReplayed();
    this.since = earlier?.since ?? options.clock.now();
    this.counter = new RequestCounter(earlier, () => this.#changed());
  }

  /** Writes what was counted last. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#keep();
    await this.#ledger?.close();
  }

  #changed(): void {
    this.#isChanged = true;
    if (this.#isClosed || this.#ledger === undefined) return;
    this.#timer ??= this.#options.clock.setTimer(limits.costsEvery, () => {
      this.#timer = undefined;
      void this.#keep();
    });
  }

  async #keep(): Promise<void> {
    if (!this.#isChanged || this.#ledger === undefined) return;
    this.#isChanged = false;
    const fact: CostFact = { kind: "costs", since: this.since, ...this.counter.counts };
    const ledger = this.#ledger;
    try {
      const isLong = ledger.failure !== undefined || ledger.factCount >= limits.costsHistory;
      await (isLong ? ledger.compact([fact]) : ledger.append([fact]));
    } catch (error) {
      this.#options.log.warn(`the counts of requests could not be written: ${asError(error).message}`);
      if (!this.#isClosed) this.#changed();
    }
  }
}

function decode(value: unknown): CostFact {
  if (isCostFact(value)) return value;
  throw new TypeError("it is no count of requests");
}

function isCostFact(value: unknown): value is CostFact {
  if (typeof value !== "object" || value === null || !("kind" in value) || value.kind !== "costs") return false;
  return "requests" in value && Array.isArray(value.requests) && "thawed" in value && Array.isArray(value.thawed);
}

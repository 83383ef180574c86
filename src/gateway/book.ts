// SPDX-License-Identifier: Apache-2.0
// The book of the gateway: its ledger and the state that the ledger's facts come to. Every change goes through
// `change`: one at a time it looks at the state, decides, makes its facts durable, and only then makes them true. So
// nothing is ever shown or acted on that a crash could take back.

import { asError, limits, type Log } from "#base/index.ts";
import { Ledger, type Disk } from "#store/index.ts";
import { Gate } from "#work/index.ts";
import { isFact, isTold, type Fact } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { GatewayState } from "./state.ts";

/** What a change comes to: facts to make true (none: nothing changes) and a result. */
export interface Decision<T> {
  readonly facts: readonly Fact[];
  readonly result: T;
}

/** Ledger and state. */
export class Book {
  readonly state: GatewayState;
  readonly #ledger: Ledger<Fact>;
  readonly #log: Log;
  readonly #gate = new Gate();
  #snapshotSize: number;
  /** Told of facts that the bucket should know, once they are true here. */
  tell: (facts: readonly Fact[], sequence: number) => void = () => {};
  /** Throws the Fault that keeps this gateway from changing anything that the bucket should know. */
  checkChange: () => void = () => {};

  /** Opens the ledger and replays it. Faults of the store's ledger, `gateway.ledger-unreadable`. */
  static async open(disk: Disk, log: Log): Promise<Book> {
    const ledger = await Ledger.open({ disk, path: "gateway.ledger", log, decode });
    return new Book(ledger, log);
  }

  private constructor(ledger: Ledger<Fact>, log: Log) {
    this.#ledger = ledger;
    this.#log = log;
    this.state = new GatewayState();
    for (const fact of ledger.replayed) this.state.apply(fact);
    ledger.forgetReplayed();
    this.#snapshotSize = this.state.factCount;
  }

  /**
   * Runs `decide` when no other change is under way; it throws a Fault to refuse. Resolves when its facts are durable and
   * true. `decide` is short: it waits for nothing but what belongs to the change itself.
   */
  change<T>(decide: (state: GatewayState) => Decision<T> | Promise<Decision<T>>): Promise<T> {
    return this.#gate.run(async () => {
      const { facts, result } = await decide(this.state);
      if (facts.length > 0) {
        const told = facts.filter(isTold);
        if (told.some(({ kind }) => kind !== "clock")) this.checkChange();
        // After a failure, which a full disk may be: without what was refused then, though the disk may have it.
        if (this.#ledger.failure !== undefined) await this.#ledger.compact(this.state.snapshot());
        await this.#ledger.append(facts);
        for (const fact of facts) this.state.apply(fact);
        if (told.length > 0) this.tell(told, this.#ledger.sequence);
        await this.#compact();
      }
      return result;
    });
  }

  /** Counts every fact that was ever true. */
  get sequence(): number {
    return this.#ledger.sequence;
  }

  /** Facts that give the state again, as far as the bucket should know it. */
  toldFacts(): readonly Fact[] {
    return this.state.snapshot().filter(isTold);
  }

  /** Waits for the change that is under way, then closes. */
  close(): Promise<void> {
    return this.#gate.run(() => this.#ledger.close());
  }

  /** A ledger that is mostly history is written anew. */
  async #compact(): Promise<void> {
    if (this.#ledger.factCount < limits.ledgerHistory + 4 * this.#snapshotSize) return;
    const snapshot = this.state.snapshot();
    this.#snapshotSize = snapshot.length;
    try {
      await this.#ledger.compact(snapshot);
    } catch (error) {
      // The change itself is durable. If the ledger takes no more, the next one says so.
      this.#log.warn(`the ledger could not be written anew: ${asError(error).message}`);
    }
  }
}

function decode(value: unknown): Fact {
  if (isFact(value)) return value;
  const text = JSON.stringify(value) ?? String(value);
  throw gatewayFault("ledger-unreadable", { fact: text.slice(0, 120) });
}

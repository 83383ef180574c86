// SPDX-License-Identifier: Apache-2.0
// How tasks of the shelf take a step: against the store until it is done, and in the book so that it is durable. A task
// that meets an object store that is down waits and tries again; only what no repetition can mend ends it.

import { isFault, limits, milliseconds, sleep, type Duration, type Instant } from "#base/index.ts";
import type { WorkProgress } from "#store/index.ts";
import { Gate, type TaskContext } from "#work/index.ts";
import type { Decision } from "./book.ts";
import type { CartridgeChange, CartridgeRecord, PoolRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import type { GatewayParts } from "./parts.ts";
import type { GatewayState } from "./state.ts";

/** What store work is given. */
export interface StoreWork {
  readonly signal: AbortSignal;
  readonly progress: (progress: WorkProgress) => void;
}

/** How a step is repeated. */
export interface PersistOptions {
  /** Told of each failure that the step waits for. */
  readonly failed?: (error: Error) => void;
  /** After so many attempts the last failure is thrown; as many as it takes unless given. */
  readonly attempts?: number;
}

/** Steps of tasks that share one gate. */
export class ShelfSteps {
  readonly #parts: GatewayParts;
  readonly #gate: Gate;

  /** `atOnce`: how many tasks may work with the object store at the same time. */
  constructor(parts: GatewayParts, atOnce: number = limits.shelfTasks) {
    this.#parts = parts;
    this.#gate = new Gate(atOnce);
  }

  /** A few tasks at a time work with the object store; who waits for a thaw or for an operator is not in the way. */
  async inTurn<T>(context: TaskContext, work: () => Promise<T>): Promise<T> {
    const leave = this.#gate.isBusy
      ? await context.waitFor("other archive and retrieve tasks", this.#gate.enter(context.signal))
      : await this.#gate.enter(context.signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** Repeats store work until it is done or nothing can mend it; meanwhile the task waits and says why. */
  async persist<T>(
    context: TaskContext,
    work: (work: StoreWork) => Promise<T>,
    { failed, attempts = Infinity }: PersistOptions = {},
  ): Promise<T> {
    let delay: Duration = limits.shelfRetry;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work({ signal: context.signal, progress: (progress) => showProgress(context, progress) });
      } catch (error) {
        context.checkpoint();
        if (!isFault(error) || error.row.retry === "never" || attempt >= attempts) throw error;
        failed?.(error);
        context.log(error.message);
        await this.pause(context, error.message, delay);
        delay = milliseconds(Math.min(delay * 2, limits.uploadBackoffMax));
      }
    }
  }

  pause(context: TaskContext, why: string, duration: Duration = limits.shelfRetry): Promise<void> {
    return context.waitFor(why, sleep(this.#parts.clock, duration, context.signal));
  }

  /** A change of the book. On a full disk the task waits: what it has done so far is not to be in vain. */
  change<T>(context: TaskContext, decide: (state: GatewayState) => Decision<T>): Promise<T> {
    return this.persist(context, () => this.#parts.book.change(decide));
  }

  /** Writes down what became true of a cartridge. */
  async note(barcode: string, context: TaskContext, change: CartridgeChange): Promise<void> {
    const fact = { kind: "cartridge-changed", barcode, at: this.now(), change } as const;
    await this.change(context, () => ({ facts: [fact], result: undefined }));
  }

  cartridge(barcode: string): CartridgeRecord {
    return this.#parts.book.state.cartridge(barcode);
  }

  /** Fault `gateway.pool-unknown`. */
  pool(barcode: string): PoolRecord {
    const { pool } = this.cartridge(barcode);
    const record = this.#parts.book.state.pools.get(pool);
    if (record === undefined) throw gatewayFault("pool-unknown", { name: pool, known: "" });
    return record;
  }

  now(): Instant {
    return this.#parts.clock.now();
  }
}

function showProgress(context: TaskContext, { phase, done, total }: WorkProgress): void {
  const counter = context.counter(phase, phase === "upload" ? "bytes" : "objects", total);
  counter.set(done);
}

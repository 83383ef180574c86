// SPDX-License-Identifier: Apache-2.0
// What operators do with keys: see which there are and whether they open, check every data key, wrap all of them anew. A
// key that stops to open raises an alarm before a host finds out.

import { asError, isFault, limits, type Timer } from "#base/index.ts";
import type { KeyProbe, SealedOwner } from "#store/index.ts";
import type { JsonValue, TaskContext, TaskRecord } from "#work/index.ts";
import { gatewayFault } from "./faults.ts";
import type { GatewayParts } from "./parts.ts";
import type { Actor } from "./requests.ts";

/** The keys, for operators. */
export class KeyDesk {
  readonly #parts: GatewayParts;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** The keys that providers have now; each was asked to wrap and to open a canary. */
  list(): Promise<readonly KeyProbe[]> {
    return this.#parts.store.keys.probe();
  }

  /**
   * Wraps every data key with the current key, a new one when `renew` says so and the provider can make it. Nothing that
   * is sealed is touched; may be interrupted and begun again. Fault `gateway.key-provider-none`.
   */
  rotate(renew: boolean, actor: Actor): TaskRecord {
    const { store, tasks } = this.#parts;
    const { current } = store.keys.providers;
    if (current === undefined) throw gatewayFault("key-provider-none");
    const request = { operation: "key.rotate", subject: current.name, who: actor.who };
    return tasks
      .start(request, async (context) => {
        if (renew) await current.renew();
        context.log(`data keys are wrapped with ${await current.currentKeyId()}`);
        return this.#eachOwner(context, (owner) => store.keys.rewrap(owner, context.signal));
      })
      .record();
  }

  /** Opens every data key; the task fails when one does not open. */
  check(actor: Actor): TaskRecord {
    const { store, tasks } = this.#parts;
    const request = { operation: "key.check", subject: "keys", who: actor.who };
    return tasks
      .start(request, (context) =>
        this.#eachOwner(context, async (owner) => {
          const found = await store.keys.check(owner);
          if (found === undefined) return "none";
          return found.provider === "none" ? "plain" : `${found.provider} ${found.keyId}`;
        }),
      )
      .record();
  }

  /** Tries the keys, and goes on trying. */
  start(): void {
    if (this.#isStopped || this.#parts.store.keys.providers.current === undefined) return;
    void this.#look();
    this.#timer = this.#parts.clock.setTimer(limits.keyCheckEvery, () => this.start());
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const { alarms, log } = this.#parts;
    try {
      const bad = (await this.list()).find(({ problem }) => problem !== undefined);
      if (this.#isStopped) return;
      alarms.set("keys", {
        severity: bad === undefined ? undefined : bad.isCurrent ? "critical" : "warning",
        text: bad === undefined ? "the keys open" : `a key does not open: ${bad.problem}`,
        advice: "bring the key back; without it nothing more is uploaded, and what it wrapped cannot be read",
      });
    } catch (error) {
      if (!this.#isStopped) log.warn("the keys could not be tried", { error: asError(error).message });
    }
  }

  /** Does it for every owner, goes on behind failures, and counts the answers. */
  async #eachOwner(context: TaskContext, work: (owner: SealedOwner) => Promise<string>): Promise<JsonValue> {
    const owners = this.#parts.store.keyOwners();
    const counter = context.counter("owners", "owners", owners.length);
    const counts: Record<string, number> = {};
    let failure: Error | undefined;
    for (const owner of owners) {
      context.checkpoint();
      try {
        const answer = await work(owner);
        counts[answer] = (counts[answer] ?? 0) + 1;
      } catch (error) {
        if (!isFault(error) || context.signal.aborted) throw error;
        context.warn(`${owner}: ${error.message}`);
        failure = error;
      }
      counter.add(1);
    }
    if (failure !== undefined) throw failure;
    return counts;
  }
}

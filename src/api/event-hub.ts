// SPDX-License-Identifier: Apache-2.0
// One stream of what changes and how tasks go on, for any number of listeners. The last events are kept, so that a
// listener that was away can go on where it was; one that is too slow is told that it missed some.

import { isoText, limits, randomId, type Clock, type Random } from "#base/index.ts";
import type { Gateway, GatewayEvent } from "#gateway/index.ts";
import { apiFault } from "./faults.ts";
import { Task } from "./schemas.ts";

/** One event. */
export interface ApiEvent {
  /** Opaque; the next listen may begin behind it. */
  readonly id: string;
  /** `task`, or the kind of a change: `cartridge.moved` … `events.lost`: look at everything anew. */
  readonly kind: string;
  /** A task, or `{ subject, text, at }`. */
  readonly data: unknown;
}

/** What a hub is made of. */
export interface EventHubOptions {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly random: Random;
}

/** Gathers the events of the gateway and its tasks. */
export class EventHub {
  readonly #options: EventHubOptions;
  /** Tells the events of this process from those of an earlier one. */
  readonly #run: string;
  #events: { readonly number: number; readonly event: ApiEvent }[] = [];
  #lastNumber = 0;
  #wakers = new Set<() => void>();
  #listeners = 0;
  #isClosed = false;
  readonly #stop: () => void;

  constructor(options: EventHubOptions) {
    this.#options = options;
    this.#run = randomId(options.random).slice(0, 8);
    const events = options.gateway.subscribe();
    void this.#pump(events);
    const stopTasks = options.gateway.tasks.subscribe((changed) => {
      for (const record of changed) this.#add("task", Task.parse(record));
    });
    this.#stop = () => {
      stopTasks();
      void events.return?.();
    };
  }

  /** Ends all listeners. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stop();
    this.#wake();
  }

  /**
   * Events from now on, or those behind the event `after` if they are still kept. Ends with `signal` or the hub. Fault
   * `api.too-many-streams`, thrown at once.
   */
  listen(options: { readonly after?: string | undefined; readonly signal: AbortSignal }): AsyncIterable<ApiEvent> {
    if (this.#listeners >= limits.eventStreams) throw apiFault("too-many-streams", { max: limits.eventStreams });
    this.#listeners++;
    return this.#follow(this.#positionAfter(options.after), options.signal);
  }

  async *#follow(start: number | "lost", signal: AbortSignal): AsyncGenerator<ApiEvent> {
    let position = start;
    const onAbort = (): void => this.#wake();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      while (!signal.aborted && !this.#isClosed) {
        const oldest = this.#events[0]?.number ?? this.#lastNumber + 1;
        if (position === "lost" || position < oldest - 1) {
          position = this.#lastNumber;
          yield this.#lostEvent();
          continue;
        }
        const next = this.#events[position - oldest + 1];
        if (next === undefined) {
          await new Promise<void>((resolve) => this.#wakers.add(resolve));
          continue;
        }
        position = next.number;
        yield next.event;
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#listeners--;
    }
  }

  #positionAfter(id: string | undefined): number | "lost" {
    if (id === undefined) return this.#lastNumber;
    const [run, number] = id.split("-");
    if (run !== this.#run || number === undefined || !/^\d{1,15}$/.test(number)) return "lost";
    return Number(number) > this.#lastNumber ? "lost" : Number(number);
  }

  #lostEvent(): ApiEvent {
    const text = "events were missed; look at everything anew";
    return {
      id: `${this.#run}-${this.#lastNumber}`,
      kind: "events.lost",
      data: { subject: "", text, at: isoText(this.#options.clock.now()) },
    };
  }

  async #pump(events: AsyncIterable<GatewayEvent>): Promise<void> {
    for await (const { kind, subject, text, at } of events) {
      this.#add(kind, { subject, text, at: isoText(at) });
    }
    this.close();
  }

  #add(kind: string, data: unknown): void {
    this.#lastNumber++;
    const event = { id: `${this.#run}-${this.#lastNumber}`, kind, data };
    this.#events.push({ number: this.#lastNumber, event });
    if (this.#events.length > limits.eventsQueued) this.#events = this.#events.slice(-limits.eventsQueued / 2);
    this.#wake();
  }

  #wake(): void {
    const wakers = this.#wakers;
    this.#wakers = new Set();
    for (const wake of wakers) wake();
  }
}

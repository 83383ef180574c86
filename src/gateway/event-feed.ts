// SPDX-License-Identifier: Apache-2.0
// Hands events to subscribers and to the log. Each subscriber has a bounded queue; who does not keep up loses the oldest and is told once.

import { limits, type Clock, type Log } from "#base/index.ts";
import type { EventSubscription, GatewayEvent } from "./events.ts";
import { gatewayFault } from "./faults.ts";

/** Kinds that come in crowds, or that another line of the log tells of already. */
const frequent: ReadonlySet<GatewayEvent["kind"]> = new Set([
  "cartridge.created",
  "session.opened",
  "session.closed",
  "drive.changed",
]);

/** A source of events for many subscribers. */
export class EventFeed {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #subscribers = new Set<Subscriber>();
  #number = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Tells every subscriber. */
  publish(kind: GatewayEvent["kind"], subject: string, text: string): void {
    const fields = { event: kind, subject };
    if (frequent.has(kind)) this.#log.debug(text, fields);
    else this.#log.info(text, fields);
    this.#number += 1;
    const event = { number: this.#number, at: this.#clock.now(), kind, subject, text };
    for (const subscriber of this.#subscribers) subscriber.push(event);
  }

  /** Events from now on. Fault `gateway.too-many-listeners`. */
  subscribe(): EventSubscription {
    if (this.#subscribers.size >= limits.eventStreams) {
      throw gatewayFault("too-many-listeners", { max: limits.eventStreams });
    }
    const subscriber = new Subscriber(() => this.#subscribers.delete(subscriber));
    this.#subscribers.add(subscriber);
    return subscriber;
  }

  /** Ends all subscriptions. */
  close(): void {
    for (const subscriber of this.#subscribers) void subscriber.return();
  }
}

class Subscriber implements AsyncIterableIterator<GatewayEvent> {
  readonly #leave: () => void;
  readonly #queue: GatewayEvent[] = [];
  #waiting: ((result: IteratorResult<GatewayEvent>) => void)[] = [];
  #lost: GatewayEvent | undefined;
  #isOver = false;

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  push(event: GatewayEvent): void {
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) return waiting({ done: false, value: event });
    this.#queue.push(event);
    if (this.#queue.length <= limits.eventsQueued) return;
    const dropped = this.#queue.shift();
    if (dropped !== undefined) {
      this.#lost = {
        ...dropped,
        kind: "events.lost",
        subject: "",
        text: "events were dropped; look at everything anew",
      };
    }
  }

  next(): Promise<IteratorResult<GatewayEvent>> {
    const lost = this.#lost;
    this.#lost = undefined;
    const event = lost ?? this.#queue.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<GatewayEvent>> {
    this.#isOver = true;
    this.#leave();
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

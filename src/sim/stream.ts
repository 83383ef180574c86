// SPDX-License-Identifier: Apache-2.0
// One end of a simulated connection. Bytes that are sent wait until the simulated kernel takes them (and copies them,
// as late as it can, so that memory changed too early shows up as wrong data); they travel for a while, and arrive cut
// into pieces at any boundary. Used by the simulated network only.

import { assert, type ByteStream, type Duration, type Endpoint, type StreamReceiver, type Timer } from "#base/index.ts";
import type { SimClock } from "./clock.ts";
import type { NetworkBehaviour } from "./network.ts";
import type { SeededRandom } from "./random.ts";

/** What both ends of a connection share. */
export interface StreamSetting {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly behaviour: NetworkBehaviour;
  /** Time that bytes travel at least. */
  readonly latency: Duration;
  /** Bytes that are under way in one direction at most. */
  readonly window: number;
  /** Whether the receiver is asked for room right after each read, or only when bytes are there. */
  readonly asksEarly: boolean;
  /** Called for each delivery, and when an end is over. */
  readonly trace: (text: string) => void;
}

interface Waiting {
  parts: Uint8Array[];
  readonly sent: (() => void) | undefined;
}

interface Travelling {
  readonly bytes: Uint8Array;
  offset: number;
  readonly readyAt: number;
}

const unsettled = 0 as Duration;

/** One end. `connectStreams` makes two and joins them. */
export class SimStream implements ByteStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #setting: StreamSetting;
  #receiver: StreamReceiver | undefined;
  #peer: SimStream | undefined;
  /** `open`; `closing` until everything that was sent is taken; `over`. */
  #state: "open" | "closing" | "over" = "open";
  #deaf = false;
  /** Set while the connection is over and this end does not know: tells it at once. */
  #tellNow: (() => void) | undefined;
  #paused = false;
  /** Memory that was asked for before the bytes are there, as adapters do that start a read early. */
  #room: Uint8Array | undefined;
  #waiting: Waiting[] = [];
  #queuedBytes = 0;
  /** Bytes on their way to this end. */
  #arriving: Travelling[] = [];
  #arrivingBytes = 0;
  #endsAfterArriving = false;
  #takeTimer: Timer | undefined;
  #deliverTimer: Timer | undefined;

  constructor(setting: StreamSetting, local: Endpoint, remote: Endpoint) {
    this.#setting = setting;
    this.local = local;
    this.remote = remote;
  }

  /** Joins the two ends of a connection. */
  static join(one: SimStream, other: SimStream): void {
    one.#peer = other;
    other.#peer = one;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get isOver(): boolean {
    return this.#state === "over";
  }

  /** Who gets the bytes; they wait until it is known. */
  attach(receiver: StreamReceiver): void {
    this.#receiver = receiver;
    this.#scheduleDelivery();
  }

  send(parts: readonly Uint8Array[], sent?: () => void): void {
    if (this.#state !== "open") {
      this.#soon(() => sent?.());
      return;
    }
    const kept = parts.filter((part) => part.byteLength > 0);
    for (const part of kept) this.#queuedBytes += part.byteLength;
    this.#waiting.push({ parts: kept, sent });
    this.#scheduleTake();
  }

  renewRoom(): void {
    this.#room = undefined;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#scheduleDelivery();
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#scheduleTake();
  }

  destroy(reason?: Error): void {
    if (this.#state === "over") {
      this.#tellNow?.();
      return;
    }
    this.finish(reason, unsettled);
    this.#peer?.finish(new Error("connection reset by the other side"), this.#setting.latency);
  }

  /** The connection breaks: this end learns of it `after` a while. What travels to it is lost. */
  finish(reason: Error | undefined, after: Duration): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#takeTimer?.cancel();
    this.#deliverTimer?.cancel();
    this.#arriving = [];
    const unsent = this.#waiting.splice(0);
    this.#queuedBytes = 0;
    const tell = (): void => {
      this.#tellNow = undefined;
      if (this.#deaf) return;
      this.#setting.trace(`closed ${this.local.port}`);
      for (const { sent } of unsent) sent?.();
      this.#receiver?.closed(reason);
    };
    const timer = this.#setting.clock.setTimer(after, tell);
    this.#tellNow = () => {
      this.#tellNow = undefined;
      timer.cancel();
      this.#setting.clock.setTimer(unsettled, tell);
    };
  }

  /** The process of this end is gone: it is never called again. */
  deafen(): void {
    this.#deaf = true;
    this.#state = "over";
    this.#takeTimer?.cancel();
    this.#deliverTimer?.cancel();
  }

  #soon(action: () => void): void {
    this.#setting.clock.setTimer(unsettled, () => {
      if (!this.#deaf) action();
    });
  }

  #scheduleTake(): void {
    if (this.#takeTimer !== undefined || this.#state === "over") return;
    const { clock, random } = this.#setting;
    this.#takeTimer = clock.setTimer((random.below(50) / 1000) as Duration, () => {
      this.#takeTimer = undefined;
      this.#take();
    });
  }

  /** The kernel takes what there is room for, and says so. */
  #take(): void {
    const peer = this.#peer;
    if (peer === undefined || this.#state === "over") return;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const room = this.#setting.window - peer.#arrivingBytes;
      if (first.parts.length > 0 && room <= 0) return;
      this.#queuedBytes -= peer.#accept(first, room);
      if (first.parts.length > 0) return;
      this.#waiting.shift();
      first.sent?.();
      if (this.isOver) return;
    }
    if (this.#state === "closing") {
      peer.#endsAfterArriving = true;
      peer.#scheduleDelivery();
      this.finish(undefined, unsettled);
    }
  }

  /** Copies up to `room` bytes out of `item`; returns how many. */
  #accept(item: Waiting, room: number): number {
    const { clock, random, latency } = this.#setting;
    let left = room;
    while (left > 0) {
      const part = item.parts[0];
      if (part === undefined) break;
      const count = Math.min(part.byteLength, left);
      const jitter = random.chance(0.1) ? random.below(3000) / 1000 : 0;
      const earliest = this.#arriving.at(-1)?.readyAt ?? 0;
      const readyAt = Math.max(earliest, clock.monotonic() + latency + jitter);
      this.#arriving.push({ bytes: part.slice(0, count), offset: 0, readyAt });
      if (count === part.byteLength) item.parts.shift();
      else item.parts[0] = part.subarray(count);
      left -= count;
    }
    this.#arrivingBytes += room - left;
    this.#scheduleDelivery();
    return room - left;
  }

  #scheduleDelivery(): void {
    const isWanted = this.#receiver !== undefined && !this.#paused && this.#state !== "over";
    if (!isWanted || this.#deliverTimer !== undefined) return;
    const first = this.#arriving[0];
    if (first === undefined && !this.#endsAfterArriving) return;
    const { clock, latency } = this.#setting;
    const wait = first === undefined ? latency : Math.max(first.readyAt - clock.monotonic(), 0);
    this.#deliverTimer = clock.setTimer(wait as Duration, () => {
      this.#deliverTimer = undefined;
      this.#deliver();
    });
  }

  #deliver(): void {
    const receiver = this.#receiver;
    if (receiver === undefined || this.#paused || this.#state === "over") return;
    if (this.#arriving.length === 0 && this.#endsAfterArriving) {
      this.finish(undefined, unsettled);
      return;
    }
    if (this.#setting.random.chance(this.#setting.behaviour.cutChance)) {
      this.destroy(new Error("connection reset by the network"));
      return;
    }
    let budget = this.#pieceSize(this.#readyBytes());
    this.#setting.trace(`deliver ${this.local.port} ${budget}`);
    while (budget > 0 && !this.#paused && !this.isOver) {
      const place = this.#room ?? receiver.want();
      this.#room = undefined;
      assert(place.byteLength > 0, "a receiver that wants at least one byte");
      const count = this.#copyOut(place.subarray(0, Math.min(place.byteLength, budget)));
      budget -= count;
      receiver.received(count);
    }
    if (this.#setting.asksEarly && !this.#paused && !this.isOver) this.#room ??= receiver.want();
    if (this.#peer !== undefined) this.#peer.#scheduleTake();
    this.#scheduleDelivery();
  }

  /** How many of the bytes that are there this delivery brings: mostly all, often some, at times a few. */
  #pieceSize(ready: number): number {
    const { random, behaviour } = this.#setting;
    if (random.chance(behaviour.crumbChance)) return Math.min(ready, random.between(1, 60));
    if (random.chance(behaviour.splitChance)) return random.between(1, ready);
    return ready;
  }

  #readyBytes(): number {
    const now = this.#setting.clock.monotonic();
    let count = 0;
    for (const chunk of this.#arriving) {
      if (chunk.readyAt > now) break;
      count += chunk.bytes.byteLength - chunk.offset;
    }
    return count;
  }

  #copyOut(place: Uint8Array): number {
    let filled = 0;
    while (filled < place.byteLength) {
      const chunk = this.#arriving[0];
      assert(chunk !== undefined, "bytes that have arrived");
      const count = Math.min(chunk.bytes.byteLength - chunk.offset, place.byteLength - filled);
      place.set(chunk.bytes.subarray(chunk.offset, chunk.offset + count), filled);
      chunk.offset += count;
      filled += count;
      if (chunk.offset === chunk.bytes.byteLength) this.#arriving.shift();
    }
    this.#arrivingBytes -= filled;
    return filled;
  }
}

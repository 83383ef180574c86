// SPDX-License-Identifier: Apache-2.0
// Object stores that are used no faster than the bandwidth limits allow, all together. Uploads go evenly, a few pages at a
// time; downloads are held back range by range, so that their rate is right over a few of them. Requests without data are
// not counted.

import { type Clock, type Duration, limits, roundDown, type Timer } from "#base/index.ts";
import { bandwidthAt, type BandwidthLimit, type BandwidthSettings } from "./bandwidth.ts";
import { ForwardedObjects } from "./forwarded-objects.ts";
import type { ObjectKey, ObjectStore, ObjectVersion, PutOptions } from "./object-store.ts";
import { pageSize } from "./segment-format.ts";
import { TokenBucket } from "./token-bucket.ts";

const bitsPerByte = 8;

/** The bandwidth limits at work: what all stores may send and fetch together. */
export class Pace {
  readonly #clock: Clock;
  readonly #up: TokenBucket;
  readonly #down: TokenBucket;
  #settings: BandwidthSettings;
  #timer: Timer | undefined;

  constructor(clock: Clock, settings: BandwidthSettings) {
    this.#clock = clock;
    this.#up = new TokenBucket(clock);
    this.#down = new TokenBucket(clock);
    this.#settings = settings;
    this.#follow();
  }

  get settings(): BandwidthSettings {
    return this.#settings;
  }

  /** The limit that holds now, in bits per second. */
  get limit(): BandwidthLimit {
    return bandwidthAt(this.#settings, this.#clock.now());
  }

  /** New limits; they count at once, also for what is under way. */
  change(settings: BandwidthSettings): void {
    this.#settings = settings;
    this.#follow();
  }

  /** The schedule is followed no more, and nothing is held back. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#up.setRate(undefined);
    this.#down.setRate(undefined);
  }

  /** Resolves when so many bytes may come. */
  down(byteCount: number): Promise<void> {
    return this.#down.take(byteCount);
  }

  /** The content, piece by piece as it may go. */
  async *up(content: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    for await (const piece of content) {
      for (let offset = 0; offset < piece.byteLength;) {
        const even = Math.max(roundDown(Math.min(this.#up.evenBytes, piece.byteLength), pageSize), pageSize);
        const part = piece.subarray(offset, offset + even);
        await this.#up.take(part.byteLength);
        signal?.throwIfAborted();
        yield part;
        offset += part.byteLength;
      }
    }
  }

  /** Sets the rates, and looks again when the next minute begins: time zones and clocks may do as they like. */
  #follow(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { up, down } = this.limit;
    this.#up.setRate(up === undefined ? undefined : up / bitsPerByte);
    this.#down.setRate(down === undefined ? undefined : down / bitsPerByte);
    if (this.#settings.schedule.length === 0) return;
    const minute = limits.bandwidthLook;
    const rest = (minute - (this.#clock.now() % minute) + 1) as Duration;
    this.#timer = this.#clock.setTimer(rest, () => this.#follow());
  }
}

/** An `ObjectStore` with bandwidth limits. */
export class PacedObjects extends ForwardedObjects {
  readonly #pace: Pace;

  constructor(objects: ObjectStore, pace: Pace) {
    super(objects);
    this.#pace = pace;
  }

  override put(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion> {
    return super.put(key, sizeBytes, this.#pace.up(content, options.signal), options);
  }

  override async get(key: ObjectKey, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    await this.#pace.down(length);
    signal?.throwIfAborted();
    return super.get(key, offset, length, signal);
  }
}

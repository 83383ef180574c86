// SPDX-License-Identifier: Apache-2.0
// What one loaded cartridge fetches from the object store. Whoever reads forward is gone ahead of, to the end of the
// segment and into those behind it, so that the object store never waits for the reader at a border. Nothing is thawed for
// that, and nothing is asked for twice.

import { asError, limits } from "#base/index.ts";
import type { DemandThaw } from "./demand-thaw.ts";
import type { Entry } from "./directory-entry.ts";
import { type Fetched, FetchLane, type FetchOptions, SegmentFetch } from "./segment-fetch.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";

/** The fetches of one cartridge. */
export class FetchStream {
  readonly #options: FetchOptions;
  readonly #fetched: Fetched;
  /** Per segment, least recently used first. */
  readonly #fetches = new Map<number, SegmentFetch>();
  /** The segment that is read forward. */
  #reading: Entry | undefined;
  /** That segment and those behind it, as far as they are to be fetched now. */
  #ahead: readonly SegmentFetch[] = [];
  #planning: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: FetchOptions, cartridge: StoredCartridge, demand: DemandThaw | undefined) {
    this.#options = options;
    this.#fetched = { cartridge, demand, lane: new FetchLane(() => this.#pump()) };
  }

  /** The bytes of a stored segment. */
  open(entry: Entry): SegmentFetch {
    const fetch = this.#fetchOf(entry);
    if (this.#fetches.size > limits.segmentFilesOpen + this.#ahead.length) this.#giveUpOldest(fetch);
    return fetch;
  }

  /** Somebody reads forward and is in this segment. */
  goAhead(entry: Entry): void {
    this.#reading = entry;
    this.#planning = this.#planning.then(() => this.#plan(entry));
  }

  /** Nobody reads forward any more: nothing new is asked for but what somebody waits for. */
  rest(): void {
    this.#reading = undefined;
    this.#ahead = [];
  }

  /** Gives up what is not complete. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.rest();
    await this.#planning;
    for (const fetch of this.#fetches.values()) await fetch.close();
    this.#fetches.clear();
  }

  async #plan(reading: Entry): Promise<void> {
    try {
      const ahead = await this.#wantedFrom(reading);
      if (this.#reading !== reading || this.#isClosed) return;
      this.#ahead = ahead.map((entry) => this.#fetchOf(entry));
      for (const fetch of this.#ahead) void this.#prepare(fetch);
    } catch (error) {
      this.#gaveUp(error);
    }
  }

  /** The segment that is read and those behind it that have to be fetched, and can be without thawing anything. */
  async #wantedFrom(reading: Entry): Promise<readonly Entry[]> {
    const { cartridge, demand } = this.#fetched;
    const found = await cartridge.find(reading.segment);
    if (found === undefined) return [];
    const wanted: Entry[] = [];
    const end = Math.min(found.index + 1 + limits.segmentsFetchedAhead, cartridge.head.count);
    for (let index = found.index; index < end; index++) {
      const entry = await cartridge.directory.get(index);
      if (entry.local) continue;
      if (!entry.stored || (demand !== undefined && !(await demand.isReadable(entry)))) break;
      wanted.push(entry);
    }
    return wanted;
  }

  async #prepare(fetch: SegmentFetch): Promise<void> {
    try {
      await fetch.prepare();
      this.#pump();
    } catch (error) {
      this.#gaveUp(error);
    }
  }

  /** Asks for as much as may be under way, what is wanted first before the rest. */
  #pump(): void {
    for (const fetch of this.#ahead) if (!fetch.fetchAhead()) return;
  }

  /** Whoever reads on meets the error itself. */
  #gaveUp(error: unknown): void {
    if (this.#isClosed) return;
    const { id } = this.#fetched.cartridge;
    this.#options.log.warn("nothing is fetched ahead", { cartridge: id, error: asError(error).message });
  }

  #fetchOf(entry: Entry): SegmentFetch {
    const fetch = this.#fetches.get(entry.segment) ?? new SegmentFetch(this.#options, this.#fetched, entry);
    this.#fetches.delete(entry.segment);
    this.#fetches.set(entry.segment, fetch);
    return fetch;
  }

  /** Closes the fetch that was used least recently, other than `wanted` and those that somebody reads or will read. */
  #giveUpOldest(wanted: SegmentFetch): void {
    for (const [segment, fetch] of this.#fetches) {
      if (fetch === wanted || fetch.isBusy || this.#ahead.includes(fetch)) continue;
      this.#fetches.delete(segment);
      void fetch.close().catch(() => {});
      return;
    }
  }
}

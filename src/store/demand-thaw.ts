// SPDX-License-Identifier: Apache-2.0
// A cartridge in a drive whose segments are thawed only when they are read. Before a segment is fetched it is asked
// whether it can be: when not, it is asked for, with some that follow, and whoever reads is told to come again. Nothing is
// asked for that the owner of the money does not approve.

import { asError, between, type Clock, type Duration, limits, type Log, type Timer } from "#base/index.ts";
import type { Copies } from "./copies.ts";
import type { Entry } from "./directory-entry.ts";
import { storeFault } from "./faults.ts";
import type { ObjectStore, ThawState, ThawTier } from "./object-store.ts";
import { type Extent, extentOfRanges, headOf, joinRanges, thawRanges, type ThawWork } from "./segment-thaw.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { SegmentRange } from "./types.ts";

/** How segments are thawed on demand. */
export interface DemandPolicy {
  readonly tier: () => ThawTier;
  /** How long they stay thawed. */
  readonly keep: Duration;
  /** Pause between looks whether something thawed. */
  readonly poll: Duration;
  /** Bytes of segments behind the one that is read that are thawed with it. */
  readonly aheadBytes: number;
  /** True: these may be thawed, and whoever pays knows. */
  readonly approve: (extent: Extent) => Promise<boolean>;
}

/** What it works with. */
export interface DemandOptions {
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly cartridge: StoredCartridge;
  readonly policy: DemandPolicy;
  readonly copies: Copies;
  readonly asked: NonNullable<ThawWork["asked"]>;
}

/** A thawed segment is asked about again when it would freeze before this. */
const margin = limits.shelfRetry;

/** Thawing on demand, of one loaded cartridge. */
export class DemandThaw {
  readonly #options: DemandOptions;
  readonly #work: ThawWork;
  readonly #abort = new AbortController();
  /** By index in the directory; oldest first. */
  readonly #states = new Map<number, ThawState & { readonly learned: number }>();
  #last: Promise<unknown> = Promise.resolve();
  /** What a reader was sent away from. */
  #wanted: number | undefined;
  #timer: Timer | undefined;

  constructor(options: DemandOptions) {
    const { objects, clock, cartridge, copies, asked } = options;
    this.#options = options;
    this.#work = { objects, clock, cartridge, copies, asked, options: { signal: this.#abort.signal } };
  }

  /** What was read last is on its way: reading it works in a while. */
  get isBringing(): boolean {
    return this.#wanted !== undefined && this.#states.get(this.#wanted)?.kind === "thawing";
  }

  /**
   * Resolves when the segment can be fetched. Faults `store.segment-thawing`: come again; `store.segment-not-retrieved`:
   * it may not be thawed.
   */
  async ready(entry: Entry): Promise<void> {
    const found = await this.#options.cartridge.find(entry.segment);
    if (found === undefined || this.#isReadable(found.index)) return;
    const looked = this.#last.then(() => this.#lookAt(found.index));
    this.#last = looked.catch(() => {});
    await looked;
  }

  /** True when nothing need be thawed to read it, as far as is known. Asks nobody. */
  async isReadable(entry: Entry): Promise<boolean> {
    if (entry.local) return true;
    const found = await this.#options.cartridge.find(entry.segment);
    return found !== undefined && this.#isReadable(found.index);
  }

  /** The object store says that it is not what it was thought to be. */
  async forget(entry: Entry): Promise<void> {
    const found = await this.#options.cartridge.find(entry.segment);
    if (found !== undefined) this.#states.delete(found.index);
  }

  close(): void {
    this.#timer?.cancel();
    this.#abort.abort(new Error("the cartridge was unloaded"));
  }

  #isReadable(index: number): boolean {
    const state = this.#states.get(index);
    if (state?.kind === "warm") return true;
    if (state?.kind !== "thawed") return false;
    const { clock } = this.#options;
    // The object store has just said so: how long it lasts by this machine's clock, which may be wrong, does not matter yet.
    const isFresh = clock.monotonic() - state.learned < margin;
    return isFresh || between(clock.now(), state.until) > margin;
  }

  async #lookAt(index: number): Promise<void> {
    if (this.#isReadable(index)) return;
    if (this.#states.get(index)?.kind !== "thawing") {
      const state = await this.#learn(index);
      if (state === "frozen") await this.#ask(index);
    }
    if (this.#isReadable(index)) return;
    this.#wanted = index;
    const { cartridge } = this.#options;
    const { segment } = await cartridge.directory.get(index);
    throw storeFault("segment-thawing", { segment, cartridge: cartridge.id });
  }

  async #learn(index: number): Promise<ThawState["kind"]> {
    const info = await headOf(this.#work, await this.#options.cartridge.directory.get(index));
    // A missing object is the reader's to find out.
    const state = info?.thaw ?? ({ kind: "warm" } as const);
    this.#note(index, state);
    return state.kind;
  }

  #note(index: number, state: ThawState): void {
    this.#states.delete(index);
    this.#states.set(index, { ...state, learned: this.#options.clock.monotonic() });
    if (state.kind === "thawing") this.#startPolling();
    const [oldest] = this.#states.keys();
    if (this.#states.size > limits.thawsRemembered && oldest !== undefined) this.#states.delete(oldest);
  }

  /** Asks for a segment and those that follow; only for itself when the rest is not approved. */
  async #ask(index: number): Promise<void> {
    const { cartridge, policy } = this.#options;
    const window = await this.#window(index);
    const one: SegmentRange = [index, index + 1];
    const isApproved = (await this.#askFor(joinRanges(window))) || (window.length > 1 && (await this.#askFor([one])));
    if (isApproved) return;
    const { segment } = await cartridge.directory.get(index);
    this.#states.delete(index);
    this.#wanted = undefined;
    throw storeFault("segment-not-retrieved", { segment, cartridge: cartridge.id, tier: policy.tier() });
  }

  async #askFor(ranges: readonly SegmentRange[]): Promise<boolean> {
    const { cartridge, policy } = this.#options;
    if (!(await policy.approve(await extentOfRanges(cartridge, ranges)))) return false;
    await thawRanges(this.#work, ranges, { tier: policy.tier(), keep: policy.keep });
    for (const [first, end] of ranges) {
      for (let index = first; index < end; index++) this.#note(index, { kind: "thawing", readyAt: undefined });
    }
    return true;
  }

  /** The segment and the frozen ones right behind it, within the bytes to go ahead. */
  async #window(index: number): Promise<SegmentRange[]> {
    const { cartridge, policy } = this.#options;
    const window: SegmentRange[] = [[index, index + 1]];
    let bytes = 0;
    for (let next = index + 1; next < cartridge.head.count; next++) {
      bytes += (await cartridge.directory.get(next)).fileSize;
      if (bytes > policy.aheadBytes || this.#states.has(next) || (await this.#learn(next)) !== "frozen") break;
      window.push([next, next + 1]);
    }
    return window;
  }

  #startPolling(): void {
    if (this.#timer !== undefined || this.#abort.signal.aborted) return;
    const { clock, policy, log } = this.#options;
    this.#timer = clock.setTimer(policy.poll, () => {
      this.#poll().catch((error: unknown) => {
        if (this.#abort.signal.aborted) return;
        log.warn(`whether segments have thawed could not be asked: ${asError(error).message}`);
        this.#timer = undefined;
        this.#startPolling();
      });
    });
  }

  async #poll(): Promise<void> {
    const waiting = [...this.#states].filter(([, state]) => state.kind === "thawing").map(([index]) => index);
    for (const index of waiting) await this.#learn(index);
    this.#timer = undefined;
    if ([...this.#states.values()].some(({ kind }) => kind === "thawing")) this.#startPolling();
  }
}

// SPDX-License-Identifier: Apache-2.0
// What goes wrong in a run beside the small things: the gateway is killed or loses power and starts again, connections are
// cut. Each disaster waits for its share of the hosts' steps, and then strikes at some instant in the middle of one.

import { days, type Duration, hours, milliseconds, seconds, sleep } from "#base/index.ts";
import type { LibraryBook } from "./library-book.ts";
import type { SeededRandom } from "./random.ts";
import type { CrashKind } from "./scenario.ts";
import type { World } from "./world.ts";

type Disaster = CrashKind | "cut" | "full-disk" | "leap";

/** What disasters need. */
export interface DisastersOptions {
  readonly world: World;
  readonly book: LibraryBook;
  readonly random: SeededRandom;
  /** Steps that all hosts take together. */
  readonly totalSteps: number;
}

/** Strikes while hosts take their steps. */
export class Disasters {
  readonly #options: DisastersOptions;
  readonly #plan: { readonly what: Disaster; readonly afterSteps: number }[];
  #steps = 0;
  #wake: (() => void) | undefined;

  constructor(options: DisastersOptions) {
    this.#options = options;
    const { world, random, totalSteps } = options;
    const { crashes, cuts, fullDisks, clockLeaps } = world.scenario;
    const whats: Disaster[] = [
      ...crashes,
      ...Array.from({ length: cuts }, () => "cut" as const),
      ...Array.from({ length: fullDisks }, () => "full-disk" as const),
      ...Array.from({ length: clockLeaps }, () => "leap" as const),
    ];
    this.#plan = whats
      .map((what) => ({ what, afterSteps: random.below(Math.max(totalSteps - 1, 1)) }))
      .toSorted((left, right) => left.afterSteps - right.afterSteps);
  }

  /** A host took a step. */
  stepped(): void {
    this.#steps += 1;
    this.#wake?.();
  }

  /** Strikes each disaster in its turn; returns when all have struck and the gateway is up. */
  async run(): Promise<void> {
    const { world, random } = this.#options;
    for (const { what, afterSteps } of this.#plan) {
      while (this.#steps < afterSteps) await new Promise<void>((resolve) => (this.#wake = resolve));
      await sleep(world.clock, this.#pause(world.scenario.disasterEvery));
      if (what === "cut") this.#cut();
      else if (what === "leap") this.#leap();
      else if (what === "full-disk") await this.#fillDisk();
      else await this.#crash(what, random.chance(0.2));
    }
  }

  /** The gateway dies and starts again; at times it dies again while it starts. */
  async #crash(what: CrashKind, again: boolean): Promise<void> {
    const { world, book, random } = this.#options;
    world.crash(what);
    book.crashed();
    await sleep(world.clock, this.#pause(seconds(3)));
    // A machine that was off may come back in another year.
    if (world.scenario.clockLeaps > 0 && random.chance(0.5)) this.#leap();
    if (!again) return world.boot();
    const starting = world.boot();
    // It is awaited below; until then its failure is nobody's.
    starting.catch(() => {});
    await sleep(world.clock, this.#pause(milliseconds(200)));
    world.crash(random.pick(["kill", "power"] as const));
    book.crashed();
    await starting;
    await world.boot();
  }

  /** The time of day of the gateway's machine leaps, or is set right again. */
  #leap(): void {
    const { world, random } = this.#options;
    world.setClockWrong(
      random.pick([0, days(40), days(5 * 365), days(50 * 365), hours(-1), days(-40), days(-20 * 365)]),
    );
  }

  #cut(): void {
    const { world, random } = this.#options;
    const count = random.between(1, 3);
    for (let index = 0; index < count; index++) {
      // Told at once, soon, or so late that only pings find out.
      if (world.network.cutOne(seconds(random.pick([0, 3, 300])))) world.trace.event("network", "cuts a connection");
    }
  }

  /** The disk fills up to the brim, or almost, and has room again after a while. */
  async #fillDisk(): Promise<void> {
    const { world, book, random } = this.#options;
    world.fillDisk(random.pick([0, 4096, 100_000, 1_000_000]));
    await sleep(world.clock, this.#pause(world.scenario.fullDiskMax));
    if (random.chance(0.7)) return world.makeRoom();
    const how = random.pick(["kill", "power"] as const);
    world.crash(how);
    book.crashed();
    world.makeRoom();
    await world.boot();
  }

  #pause(longest: Duration): Duration {
    return milliseconds(this.#options.random.fraction() * longest);
  }
}

// SPDX-License-Identifier: Apache-2.0
// One simulated run of managers, from seed to verdict: jobs over a library whose drives fail, whose cartridges end anywhere
// and are carried away, with a manager that is killed at any step; then calm, in which every job has to be done, and a look at
// everything that was ever promised.

import { asError, days, minutes, seconds, sleep } from "#base/index.ts";
import { CheckFailure, expect } from "./check-failure.ts";
import { Stalled } from "./clock.ts";
import { ManagerJobs } from "./manager-jobs.ts";
import {
  type LivingManager,
  ManagerWorld,
  type ManagerWorldOptions,
  passphrase,
  simulatedKey,
} from "./manager-world.ts";
import type { SeededRandom } from "./random.ts";
import type { Verdict } from "./simulation.ts";

/** A run that is not over by then hangs. */
const runWithin = days(60);

/** Runs one seed. Never throws for a failed check. */
export async function simulateManager(seed: number, options: ManagerWorldOptions = {}): Promise<Verdict> {
  const world = new ManagerWorld(seed, options);
  let failure: Error | undefined;
  const simulation = new ManagerSimulation(world);
  try {
    await world.clock.runUntil(simulation.run(), runWithin);
  } catch (error) {
    failure = error instanceof Stalled ? new CheckFailure(`jobs are lost: ${simulation.waiting}`) : asError(error);
  }
  failure ??= world.book.failure;
  const { drives, cartridges, pools, lives } = world.scenario;
  const { events } = world.clock;
  const days_ = (world.clock.monotonic() / 86_400_000).toFixed(1);
  const shape = `${drives} drives, ${cartridges} cartridges, ${pools.length} pools, ${lives.length} deaths`;
  const summary = `seed ${seed}: ${shape}; ${events} events in ${days_} virtual days`;
  return { seed, failure, hash: world.trace.hash, tail: world.trace.tail, summary };
}

/** One run. */
class ManagerSimulation {
  readonly #world: ManagerWorld;
  readonly #random: SeededRandom;
  #living: LivingManager | undefined;
  #jobs: ManagerJobs | undefined;
  /** The library was labelled once. */
  #isSetUp = false;
  /** The machine was lost: keys come from tape, not from people. */
  #isLost = false;

  constructor(world: ManagerWorld) {
    this.#world = world;
    this.#random = world.random.fork("people");
  }

  async run(): Promise<void> {
    const { scenario, library } = this.#world;
    const [low, high] = scenario.blocks;
    for (let number = 0; number < scenario.cartridges; number++) {
      const blocksBeforeWarning = this.#random.between(low, high);
      library.add(labelOf("C", number), { blocksBeforeWarning, blocksOfReserve: scenario.reserve });
    }
    for (const steps of [...scenario.lives, Number.POSITIVE_INFINITY]) {
      if (!(await this.#start(steps))) continue;
      const { failures, pauses } = scenario;
      library.troubles = { failures, pauses };
      const share = Math.ceil(scenario.actions / (scenario.lives.length + 1));
      if (!(await this.#untilDeath(this.#people(share)))) this.#died();
      else break;
    }
    await this.#calm();
  }

  /** What jobs wait for. */
  get waiting(): string {
    return this.#jobs?.waiting.join("; ") ?? "";
  }

  get #now(): { readonly living: LivingManager; readonly jobs: ManagerJobs } {
    const [living, jobs] = [this.#living, this.#jobs];
    expect(living !== undefined && jobs !== undefined, "a manager lives");
    return { living, jobs };
  }

  /** Starts a manager; false when it died at once. */
  async #start(steps: number): Promise<boolean> {
    const world = this.#world;
    const before = [...world.records.keys()];
    const living = await world.boot(steps);
    if (living === undefined) return false;
    this.#living = living;
    this.#jobs = new ManagerJobs(world, living);
    world.trace.event("world", `a manager starts with ${steps} steps to live`);
    for (const id of before) {
      const { state } = living.tasks.get(id);
      expect(["done", "failed", "interrupted", "canceled"].includes(state), `the task ${id} is over: ${state}`);
    }
    if (!(await this.#untilDeath(this.#setUp(living)))) {
      this.#died();
      return false;
    }
    await this.#checkCatalogs();
    return true;
  }

  #died(): void {
    const world = this.#world;
    world.trace.event("world", `the manager dies at: ${this.#living?.life.lastStep}`);
    world.book.crashed();
    if (this.#random.chance(world.scenario.powerLoss)) world.library.losePower();
    this.#living = undefined;
    this.#jobs = undefined;
  }

  /** True when the work was done; false when the manager died meanwhile. */
  async #untilDeath(work: Promise<void>): Promise<boolean> {
    const { living, jobs } = this.#now;
    const ended = await Promise.race([
      work.then(() => "done" as const),
      living.life.died.then(() => "died" as const),
      jobs.broken,
    ]);
    if (ended instanceof Error) throw ended;
    // What a dead manager had begun never ends; nobody waits for it.
    work.catch(() => {});
    if (this.#world.book.failure !== undefined) throw this.#world.book.failure;
    return ended === "done" && living.life.isAlive;
  }

  /** Sets up what is not set up: whoever died in the middle of it begins again. */
  async #setUp({ manager }: LivingManager): Promise<void> {
    const { scenario, canary } = this.#world;
    const { config } = manager;
    const isNew = (list: readonly { readonly name: string }[], name: string): boolean =>
      list.every((item) => item.name !== name);
    for (const name of scenario.stores) {
      if (isNew(config.datastores, name)) await manager.addStore({ name, path: `/${name}` });
    }
    for (let number = 0; number < scenario.drives; number++) {
      const name = `drive${number}`;
      if (!isNew(manager.config.drives, name)) continue;
      const targets = { changerTarget: "changer", changerLun: 0, driveTarget: name, driveLun: 0 };
      const settings = { exportSlots: [], ejectsBeforeUnload: false };
      await manager.addDrive({ kind: "library", name, portal: "library:3260", ...targets, ...settings });
    }
    if (this.#isLost) return;
    const { key, config: keyConfig } = simulatedKey();
    if (scenario.pools.some((pool) => pool.isEncrypted) && manager.keys.configs.length === 0) {
      await manager.takeKey(key, keyConfig);
    }
    for (const { name, allocation, protectSeconds, isEncrypted } of scenario.pools) {
      if (!isNew(manager.config.pools, name)) continue;
      const asked = protectSeconds === undefined ? "keep" : protectSeconds === 0 ? "overwrite" : `${protectSeconds}s`;
      const encryption = isEncrypted ? keyConfig.fingerprint : undefined;
      await manager.addPool({ name, allocation, retention: canary?.retention ?? asked, encryption, template: "%c" });
    }
  }

  /** What people do. */
  async #people(actions: number): Promise<void> {
    const { jobs } = this.#now;
    if (!this.#isSetUp) {
      jobs.label(this.#random.chance(0.3) ? this.#pool() : undefined, this.#drive());
      await jobs.all();
      this.#isSetUp = true;
    } else if (this.#random.chance(0.5)) jobs.inventory(this.#drive(), this.#random.chance(0.5));
    for (let action = 0; action < actions; action++) {
      await this.#disturb();
      await this.#act(jobs);
      await this.#world.pass();
    }
    await this.#attended(jobs.all());
  }

  /** People bring what is missing for as long as somebody works. */
  async #attended(work: Promise<void>): Promise<void> {
    let isDone = false;
    const watched = work.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      this.#world.library.bringBack();
      await Promise.race([watched, sleep(this.#world.clock, minutes(10))]);
    }
    return watched;
  }

  async #act(jobs: ManagerJobs): Promise<void> {
    const world = this.#world;
    const { scenario, book } = world;
    const isBusy = jobs.count >= scenario.jobs;
    switch (
      this.#random.weighted({ snapshot: 4, backup: isBusy ? 0 : 6, restore: isBusy ? 0 : 2, label: 1, wait: 1 })
    ) {
      case "snapshot":
        await world.makeSnapshot(this.#random.pick(scenario.stores));
        return;
      case "backup": {
        const atEnd = this.#random.weighted({ stay: 5, unload: 2, export: 1 });
        const isForced = this.#random.chance(0.15);
        return jobs.backup({
          store: this.#random.pick(scenario.stores),
          pool: this.#pool(),
          drive: this.#drive(),
          atEnd,
          isForced,
        });
      }
      case "restore": {
        const sets = book.whole;
        if (sets.length === 0) return;
        return this.#restore(jobs, this.#random.pick(sets));
      }
      case "label":
        if (!isBusy) jobs.label(this.#random.chance(0.5) ? this.#pool() : undefined, this.#drive());
        return;
      case "wait":
        return sleep(world.clock, minutes(this.#random.between(1, 600)));
    }
  }

  #restore(jobs: ManagerJobs, set: string): void {
    const { book } = this.#world;
    // Sets of two stores have snapshots of the same name: those are restored one store at a time.
    const names = [...(book.promised.get(set) ?? [])];
    const store = this.#random.pick(this.#world.scenario.stores);
    const some = names.filter((name) => name.startsWith(`${store}:`) && this.#random.chance(0.7));
    const isSingle = this.#world.scenario.stores.length > 1 || this.#random.chance(0.5);
    if (names.length === 0 || (isSingle && some.length === 0)) return;
    jobs.restore(set, this.#drive(), isSingle ? some : []);
  }

  async #disturb(): Promise<void> {
    const { scenario, library, trace } = this.#world;
    if (this.#random.chance(scenario.takeAway)) trace.event("person", `takes ${library.takeAway() ?? "nothing"} away`);
    if (this.#random.chance(0.3)) trace.event("person", `brings ${library.bringBack()} cartridges`);
    if (this.#random.chance(scenario.breakDrive)) library.breakDrive(minutes(this.#random.between(1, 60)));
    if (this.#random.chance(scenario.alert)) library.alert(["media"]);
    else if (this.#random.chance(0.5)) library.alert([]);
  }

  #pool(): string {
    return this.#random.pick(this.#world.scenario.pools).name;
  }

  #drive(): string {
    return `drive${this.#random.below(this.#world.scenario.drives)}`;
  }

  /** All troubles are over: every job has to be done, and everything that was promised has to be there. */
  async #calm(): Promise<void> {
    const world = this.#world;
    const { library, scenario, trace } = world;
    trace.event("world", "calms down");
    library.mend();
    const { jobs, living } = this.#now;
    living.life.spare();
    await this.#work(this.#attended(jobs.all()));
    jobs.isCalm = true;
    // Jobs that were under way may have exported some.
    library.bringBack();
    for (let number = 0; number < 2 * scenario.pools.length + 2; number++) library.add(labelOf("F", number), {});
    jobs.label(undefined, this.#drive());
    await this.#work(jobs.all());
    await sleep(world.clock, seconds(5));
    for (const { name: pool } of scenario.pools) {
      for (const store of scenario.stores) {
        jobs.backup({ store, pool, drive: this.#drive(), atEnd: "stay", isForced: false });
      }
    }
    await this.#work(jobs.all());
    await this.#checkCatalogs();
    if (scenario.losesMachine) await this.#loseMachine();
    await this.#lastLook();
  }

  async #work(work: Promise<void>): Promise<void> {
    expect(await this.#untilDeath(work), "nothing kills the manager any more");
  }

  /** Every set that is whole comes back, at once or in parts. */
  async #lastLook(): Promise<void> {
    const { book, scenario } = this.#world;
    const { jobs } = this.#now;
    for (const set of book.whole) {
      const names = [...(book.promised.get(set) ?? [])];
      if (names.length === 0) continue;
      if (scenario.stores.length === 1) jobs.restore(set, this.#drive());
      for (const store of scenario.stores) {
        const own = names.filter((name) => name.startsWith(`${store}:`));
        if (own.length > 0) jobs.restore(set, this.#drive(), own);
      }
      await this.#work(this.#world.turns(3).then(() => jobs.all()));
    }
  }

  /** Nothing is left but tapes and a passphrase. */
  async #loseMachine(): Promise<void> {
    const world = this.#world;
    world.trace.event("world", "the machine is lost");
    world.loseMachine();
    this.#isLost = true;
    expect(await this.#start(Number.POSITIVE_INFINITY), "a new manager starts");
    const { living, jobs } = this.#now;
    jobs.isCalm = true;
    // Keys come before catalogs: those are encrypted too.
    jobs.inventory("drive0", false);
    await this.#work(jobs.all());
    const { inventory } = living.manager.librarian;
    const encrypted = inventory.records.find(({ set }) => set?.key !== undefined);
    if (encrypted !== undefined) jobs.restoreKey(encrypted.label.labelText, "drive0", passphrase);
    await this.#work(jobs.all());
    jobs.inventory("drive0", true);
    await this.#work(jobs.all());
    await this.#checkCatalogs();
  }

  /** Catalogs name nothing that is not on tape. */
  async #checkCatalogs(): Promise<void> {
    const { book, library } = this.#world;
    const { librarian } = this.#now.living.manager;
    for (const { label, cartridge } of library.cartridges) {
      const record = librarian.inventory.records.find(({ label: { labelText } }) => labelText === label);
      const catalog = record === undefined ? undefined : await librarian.catalog(record.label.uuid);
      if (catalog !== undefined) await book.checkCatalog(label, cartridge, catalog);
    }
  }
}

const labelOf = (prefix: string, number: number): string => `${prefix}${String(number).padStart(5, "0")}L8`;

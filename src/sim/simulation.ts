// SPDX-License-Identifier: Apache-2.0
// One simulated run, from seed to verdict: a gateway, hosts, an operator, disasters; then calm, and a last look at
// everything that was ever promised.

import { asError, days, type Duration, milliseconds, minutes, seconds, sleep } from "#base/index.ts";
import type { LibraryView } from "#gateway/index.ts";
import { Aftermath } from "./aftermath.ts";
import { ChangerDriver } from "./changer-driver.ts";
import { expect } from "./check-failure.ts";
import { Decay } from "./decay.ts";
import { Disasters } from "./disasters.ts";
import { HostSession, makeInitiator } from "./host-session.ts";
import { type CartridgeBook, LibraryBook, shelf } from "./library-book.ts";
import { cartridgeSize, libraryName, Operator, poolName, poolOf } from "./operator.ts";
import { loseFirstStore } from "./lost-store.ts";
import { TapeDriver } from "./tape-driver.ts";
import { TapeHost } from "./tape-host.ts";
import { World, type WorldOptions } from "./world.ts";

/** What became of a run. */
export interface Verdict {
  readonly seed: number;
  /** Undefined when everything that was promised was kept. */
  readonly failure: Error | undefined;
  /** The same for the same seed and the same code. */
  readonly hash: string;
  /** The last events. */
  readonly tail: readonly string[];
  /** One line: what the seed drew and what happened. */
  readonly summary: string;
}

/** A run that is not over by then hangs. */
const runWithin: Duration = days(60);
/** Cartridges that are brought back from the shelf at the end. */
const retrievedAtEnd = 2;

/** Runs one seed. Never throws for a failed check. */
export async function simulate(seed: number, options: WorldOptions = {}): Promise<Verdict> {
  const world = new World(seed, options);
  let failure: Error | undefined;
  try {
    await world.clock.runUntil(new Simulation(world).run(), runWithin);
    world.nonces.check();
  } catch (error) {
    failure = asError(error);
  }
  const { drives, cartridges, crashes, cuts } = world.scenario;
  const shape = `${drives} drives, ${cartridges} cartridges, ${crashes.length} crashes, ${cuts} cuts`;
  const { events } = world.clock;
  const hours = (world.clock.monotonic() / 3_600_000).toFixed(1);
  const summary = `seed ${seed}: ${shape}; ${events} events in ${hours} virtual hours`;
  return { seed, failure, hash: world.trace.hash, tail: world.trace.tail, summary };
}

/** One run. */
export class Simulation {
  readonly #world: World;
  #blocks = 0;
  #isOver = false;

  constructor(world: World) {
    this.#world = world;
  }

  async run(): Promise<void> {
    const world = this.#world;
    await world.boot();
    const library = await this.#makeLibrary();
    const book = new LibraryBook(await this.#firstInventory(library));
    expect(book.cartridges.size === world.scenario.cartridges, "the first inventory shows every cartridge");
    for (const { barcode, id } of await world.call((gateway) => gateway.listCartridges())) {
      const cartridge = book.cartridges.get(barcode);
      if (cartridge !== undefined) cartridge.id = id;
    }
    const { steps } = world.scenario;
    const disasters = new Disasters({
      world,
      book,
      random: world.random.fork("disasters"),
      totalSteps: steps * library.drives.length,
    });
    const stepped = (): void => disasters.stepped();
    const hosts = library.drives.map((_, index) => this.#makeHost({ library, book, index, stepped }));
    const operator = new Operator({ world, book, random: world.random.fork("operator") });
    const operating = operator.run(() => this.#isOver);
    await Promise.all([this.#work(hosts, disasters), operating]);
    await this.#lastLook(book, operator, hosts);
    if (world.ending === "none") return;
    const rest = { world, book, random: world.random.fork("aftermath"), operator, hosts };
    if (world.ending === "rot") return new Decay(rest).run();
    await new Aftermath({
      ...rest,
      witness: ({ driveAddress }) => {
        const view = library.drives.find(({ element }) => element === driveAddress);
        expect(view !== undefined, "each host has a drive");
        return new TapeDriver(world, this.#session({ target: view.target, lun: view.lun, number: 101 }));
      },
      nextBlock: () => ++this.#blocks,
    }).run();
  }

  async #work(hosts: readonly TapeHost[], disasters: Disasters): Promise<void> {
    const { steps } = this.#world.scenario;
    await Promise.all([...hosts.map((host) => host.run(steps)), disasters.run()]);
    this.#isOver = true;
    this.#world.calm();
    this.#world.trace.event("world", "calms down");
  }

  async #makeLibrary(): Promise<LibraryView> {
    const { drives, storageSlots, mailSlots, topology, cartridges, durability } = this.#world.scenario;
    await this.#world.call((gateway) =>
      gateway.createLibrary({ name: libraryName, drives, storageSlots, mailSlots, topology, durability }),
    );
    await this.#world.call((gateway) => gateway.createPool(poolOf(this.#world.scenario)));
    const request = { library: libraryName, count: cartridges, sizeBytes: cartridgeSize, pool: poolName };
    await this.#world.call((gateway) => gateway.createCartridges(request));
    return this.#world.call((gateway) => gateway.getLibrary(libraryName));
  }

  async #firstInventory(library: LibraryView): ReturnType<ChangerDriver["inventory"]> {
    const changer = new ChangerDriver(this.#session({ target: library.changerTarget, lun: 0, number: 99 }));
    await changer.session.connect();
    const found = await changer.inventory();
    await changer.session.logout();
    return found;
  }

  #makeHost(parts: {
    readonly library: LibraryView;
    readonly book: LibraryBook;
    readonly index: number;
    readonly stepped: () => void;
  }): TapeHost {
    const { library, book, index, stepped } = parts;
    const view = library.drives[index];
    expect(view !== undefined, "the library has as many drives as asked for");
    const world = this.#world;
    const drive = this.#session({ target: view.target, lun: view.lun, number: index * 2 + 1 });
    const changer = this.#session({ target: library.changerTarget, lun: 0, number: index * 2 + 2 });
    return new TapeHost({
      world,
      book,
      random: world.random.fork(`host ${index}`),
      name: `host ${index + 1}`,
      driveAddress: view.element,
      drive: new TapeDriver(world, drive),
      changer: new ChangerDriver(changer),
      nextBlock: () => ++this.#blocks,
      stepped,
    });
  }

  #session(parts: { readonly target: string; readonly lun: number; readonly number: number }): HostSession {
    const { target, lun, number } = parts;
    return new HostSession({
      world: this.#world,
      random: this.#world.random.fork(`session ${number}`),
      initiator: makeInitiator(this.#world, number),
      target,
      lun,
      isid: `8000000000${number.toString(16).padStart(2, "0")}`,
      who: `session ${number}`,
    });
  }

  /** Everything that was promised, once more, after a last loss of power or an orderly restart. */
  async #lastLook(book: LibraryBook, operator: Operator, hosts: readonly TapeHost[]): Promise<void> {
    const world = this.#world;
    const random = world.random.fork("last look");
    for (const host of hosts) await host.logout();
    await sleep(world.clock, milliseconds(random.between(0, 60_000)));
    if (random.chance(0.5)) world.crash("power");
    else await world.stop();
    book.crashed();
    world.loseSegments();
    await world.boot();
    const [inspector] = hosts;
    expect(inspector !== undefined, "a library has a drive");
    await operator.look();
    for (const cartridge of book.cartridges.values()) {
      if (cartridge.place !== shelf) await inspector.inspect(cartridge);
    }
    await operator.waitForTasks();
    await operator.look();
    for (const cartridge of book.shelved().slice(0, 1)) await operator.hold(cartridge);
    await operator.waitForTasks();
    const shelved = book.shelved().slice(0, retrievedAtEnd);
    const restore = await loseFirstStore({ world, shelved, random });
    for (const cartridge of shelved) {
      await operator.retrieve(cartridge);
      await inspector.inspect(cartridge);
    }
    restore();
    await operator.waitForTasks();
    await operator.look();
    this.#checkShelf(book);
    await inspector.logout();
    await sleep(world.clock, minutes(1));
    await world.stop();
    await sleep(world.clock, seconds(30));
  }

  #checkShelf(book: LibraryBook): void {
    const users = [...book.cartridges.values()].filter((cartridge: CartridgeBook) => cartridge.user !== undefined);
    expect(users.length === 0, "nobody uses a cartridge at the end");
  }
}

// SPDX-License-Identifier: Apache-2.0
// An operator who works through the gateway's own operations: makes cartridges, brings some back from the shelf, deletes
// some, and looks whether what the gateway shows agrees with the books. Goes on where a crash left things.

import { days, type Duration, hours, isFault, milliseconds, minutes, seconds, sleep } from "#base/index.ts";
import type { CartridgeView, Gateway, GatewayStatus, PoolRequest } from "#gateway/index.ts";
import type { TaskRecord } from "#work/index.ts";
import type { ElementFound } from "./changer-driver.ts";
import { CheckFailure, expect } from "./check-failure.ts";
import { CartridgeBook, type LibraryBook, shelf } from "./library-book.ts";
import { LockBook } from "./lock-book.ts";
import type { SeededRandom } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import { GatewayDown, mirrorName, type World } from "./world.ts";

/** Name of the simulated library. */
export const libraryName = "sim";
/** Size of its cartridges: the smallest there is. */
export const cartridgeSize = 16 * 1024 * 1024;
/** Refusals that another look makes clear. */
const passing = [
  "gateway.not-running",
  "gateway.cartridge-state",
  "gateway.cartridge-busy",
  "gateway.no-free-element",
  // In a world whose disk is full for a while.
  "store.disk-full",
] as const;
const endStates: readonly string[] = ["done", "failed", "canceled", "interrupted"];
const actor = { who: "operator" };
/** A page of a segment: its footer is one. */
const pageSize = 4096;
const bypassing = { ...actor, bypassGovernance: true };
/** The shelf pool of all cartridges. */
export const poolName = "sim-shelf";
/** Longest time between an undelete and the delete before it. */
const regret: Duration = minutes(20);

/** That pool, as a seed has drawn it. */
export function poolOf({ lock, deleteDelayDays, mirror }: Scenario): PoolRequest {
  const retentionDays = lock === "NONE" ? 0 : 1;
  const pool = { name: poolName, storageClass: "GLACIER", lock, retentionDays, deleteDelayDays } as const;
  if (mirror === undefined) return pool;
  const mirrorDays = mirror.lock === "NONE" ? 0 : 2;
  const { storageClass, lock: mirrorLock } = mirror;
  return { ...pool, mirror: { store: mirrorName, storageClass, lock: mirrorLock, retentionDays: mirrorDays } };
}
/** What a clock may be ahead because it was marked while it was right. */
const clockTolerance: Duration = minutes(1);
/** Longest virtual time that the shelf may take for anything: thawing, and an object store that fails often. */
const shelfWithin: Duration = hours(72);

/** What an operator works with. */
export interface OperatorOptions {
  readonly world: World;
  readonly book: LibraryBook;
  readonly random: SeededRandom;
}

/** One operator. */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #locks: LockBook;
  /** Of the second copies. */
  readonly #mirrorLocks: LockBook;
  /** Deleted for good, after their delay. */
  readonly #deleted = new Set<string>();

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#locks = new LockBook(options.world.objects);
    this.#mirrorLocks = new LockBook(options.world.mirror);
  }

  /** Works until `isOver`. */
  async run(isOver: () => boolean): Promise<void> {
    const { world, random } = this.#options;
    while (!isOver()) {
      await sleep(world.clock, milliseconds(random.between(1, 3000)));
      await this.#step(random.weighted({ look: 5, retrieve: 4, create: 1, delete: 1, hold: 1 }));
    }
  }

  /** Brings a cartridge back from the shelf; returns when it is in a mail slot. */
  async retrieve(cartridge: CartridgeBook): Promise<void> {
    const { world } = this.#options;
    cartridge.user = "operator";
    const { barcode } = cartridge;
    const deadline = world.clock.monotonic() + shelfWithin;
    for (;;) {
      const view = await this.#view(barcode);
      if (world.clock.monotonic() >= deadline) {
        const tasks = await this.#untilUp((gateway) => gateway.tasks.list({ subject: barcode }));
        const story = `${barcode} is ${view?.state} after ${shelfWithin} ms; its tasks: ${tasks.map(taskText).join("; ")}`;
        throw new CheckFailure(`did not come back from the shelf: ${story}`);
      }
      if (view === undefined) throw new CheckFailure(`${barcode} is on the shelf, and the gateway does not know it`);
      if (view.state === "RETRIEVED") return this.#retrieved(cartridge, view);
      expect(view.place.kind === "shelf", `${barcode} is ${view.state} and should be on the shelf`);
      if (view.state === "ARCHIVED") {
        const onDemand = this.#options.random.chance(world.scenario.onDemand);
        const request = {
          barcode,
          library: libraryName,
          onDemand,
          aheadBytes: onDemand ? world.scenario.segmentSize : 0,
        };
        await this.#ask((gateway) => gateway.retrieveCartridge(request, actor));
        world.trace.event("operator", `asks for ${barcode}${onDemand ? ", on demand" : ""}`);
      }
      await sleep(world.clock, seconds(20));
    }
  }

  /** Waits until no task runs any more. */
  async waitForTasks(): Promise<void> {
    const { world } = this.#options;
    const deadline = world.clock.monotonic() + shelfWithin;
    for (;;) {
      const tasks = await this.#untilUp((gateway) =>
        gateway.tasks.list().filter(({ state }) => !endStates.includes(state)),
      );
      if (tasks.length === 0) break;
      const late = tasks.map(taskText).join("; ");
      expect(world.clock.monotonic() < deadline, `tasks did not end in ${shelfWithin} ms: ${late}`);
      await sleep(world.clock, minutes(1));
    }
    for (const barcode of this.#deleted) {
      expect((await this.#view(barcode)) === undefined, `${barcode} was deleted a day ago and is still there`);
    }
  }

  /** An object was damaged where it lies. */
  forgetObject(key: string): void {
    this.#locks.forgetObject(key);
  }

  /** Looks at everything that the gateway shows, and compares. */
  async look(): Promise<void> {
    const { book } = this.#options;
    const before = new Map([...book.cartridges.values()].map((cartridge) => [cartridge, cartridge.moves]));
    const seen = await this.#ask((gateway) => ({
      cartridges: gateway.listCartridges(),
      elements: gateway.listElements(libraryName),
      status: gateway.status(),
      money: this.#options.world.checkMoney(gateway.costs()),
    }));
    if (seen === undefined) return;
    this.#checkClock(seen.status);
    this.#checkLocks(seen.cartridges);
    const isStill = (cartridge: CartridgeBook): boolean =>
      cartridge.user === undefined && before.get(cartridge) === cartridge.moves;
    const found = seen.elements.flatMap(({ address, kind, cartridge }): ElementFound[] =>
      kind === "picker" ? [] : [{ address, kind: kind === "drive" ? "drive-bay" : kind, barcode: cartridge }],
    );
    book.compare(found, isStill);
    for (const cartridge of book.cartridges.values()) {
      const views = seen.cartridges.filter(({ barcode }) => barcode === cartridge.barcode);
      expect(views.length === 1, `the gateway shows cartridge ${cartridge.barcode} ${views.length} times`);
      if (views[0] !== undefined && isStill(cartridge)) comparePlace(cartridge, views[0]);
    }
    const { uploadBufferUsed, uploadBufferSize } = seen.status.store;
    const { drives, segmentSize, ringSize } = this.#options.world.scenario;
    // What was in the rings when the buffer became full still goes into segments, each with its footer and a last page
    // that is not full: seed 1433 has several small ones.
    const segments = Math.ceil(ringSize / segmentSize) + 2;
    const most = uploadBufferSize + drives * (ringSize + 2 * segmentSize + segments * 2 * pageSize);
    expect(uploadBufferUsed <= most, `the upload buffer holds ${uploadBufferUsed} bytes of ${uploadBufferSize}`);
  }

  async #step(what: "look" | "retrieve" | "create" | "delete" | "hold"): Promise<void> {
    const { book, random } = this.#options;
    if (what === "look") return this.look();
    if (what === "create") return this.#create();
    const shelved = book.shelved();
    if (shelved.length === 0) return;
    const cartridge = random.pick(shelved);
    if (what === "delete") return this.#delete(cartridge);
    if (what === "hold") return this.hold(cartridge);
    // A cartridge comes back into a mail slot; nobody else may be about to fill the last one.
    const [slot] = book.freeElements("mail-slot");
    if (slot === undefined) return;
    slot.claimedBy = "operator";
    await this.retrieve(cartridge);
    slot.claimedBy = undefined;
  }

  #retrieved(cartridge: CartridgeBook, view: CartridgeView): void {
    const { book, world } = this.#options;
    const { place } = view;
    expect(place.kind === "element", `${cartridge.barcode} is RETRIEVED and in an element`);
    expect(place.element === "mail-slot", `${cartridge.barcode} came back in a ${place.element}`);
    expect(book.elements.get(place.address)?.kind === "mail-slot", `element ${place.address} is a mail slot`);
    world.trace.event("operator", `has ${cartridge.barcode} back in ${place.address}`);
    cartridge.place = place.address;
    cartridge.isReadOnly = true;
    cartridge.moves += 1;
    cartridge.user = undefined;
  }

  async #create(): Promise<void> {
    const { book, world } = this.#options;
    // Every cartridge has a slot to come back to, also those on the shelf.
    if (book.cartridges.size >= world.scenario.storageSlots) return;
    const request = { library: libraryName, count: 1, sizeBytes: cartridgeSize, pool: poolName };
    await this.#ask((gateway) => gateway.createCartridges(request));
    const views = await this.#untilUp((gateway) => gateway.listCartridges());
    // What waits for its deletion is in no book any more, and still shown: on the shelf.
    const isNew = ({ barcode }: CartridgeView): boolean => !book.cartridges.has(barcode) && !this.#deleted.has(barcode);
    for (const { barcode, place, id } of views.filter(isNew)) {
      expect(place.kind === "element", `the new cartridge ${barcode} is in the library`);
      world.trace.event("operator", `makes ${barcode} in ${place.address}`);
      const cartridge = new CartridgeBook(barcode, place.address);
      cartridge.id = id;
      book.cartridges.set(barcode, cartridge);
    }
  }

  /** Whatever its machine's clock says, the time that locks go by is never ahead of the true one. */
  #checkClock({ trustedTime }: GatewayStatus): void {
    const ahead = trustedTime - this.#options.world.clock.now();
    expect(
      ahead <= clockTolerance,
      `locks are reckoned by a time that is ${(ahead / hours(1)).toFixed(1)} hours ahead`,
    );
  }

  #checkLocks(views: readonly CartridgeView[]): void {
    const { world } = this.#options;
    const now = world.clock.now();
    for (const view of views) {
      this.#locks.note(view, now);
      for (const copy of view.copies) this.#mirrorLocks.note({ ...view, ...copy, state: view.state }, now);
      const { ejectedAt } = this.#options.book.cartridges.get(view.barcode) ?? {};
      if (ejectedAt === undefined || view.lockedUntil === undefined || view.state !== "ARCHIVED") continue;
      // What passed while the gateway was down does not count for it: minutes in all.
      const least = ejectedAt + days(1) - hours(1);
      expect(view.lockedUntil >= least, `${view.barcode} is locked until ${view.lockedUntil}, not ${least} at least`);
    }
    this.#locks.check(now);
    this.#mirrorLocks.check(now);
  }

  /** Puts a cartridge under a hold, looks that nobody deletes it, and releases it after a while. */
  async hold(cartridge: CartridgeBook): Promise<void> {
    const { world, random } = this.#options;
    const { barcode } = cartridge;
    cartridge.user = "operator";
    world.trace.event("operator", `puts ${barcode} under a hold`);
    for (let isHeld = false; !isHeld; await sleep(world.clock, seconds(5))) {
      await this.#ask((gateway) => gateway.setLegalHold(barcode, true, actor));
      isHeld = (await this.#view(barcode))?.legalHold === true;
    }
    await sleep(world.clock, milliseconds(random.between(1, 60_000)));
    const view = await this.#view(barcode);
    if (view?.state === "ARCHIVED" && view.task === undefined) {
      this.#checkLocks([view]);
      await this.#refused(barcode, ["gateway.cartridge-held"]);
    }
    this.#locks.forget(barcode);
    this.#mirrorLocks.forget(barcode);
    for (let isHeld = true; isHeld; await sleep(world.clock, seconds(5))) {
      await this.#ask((gateway) => gateway.setLegalHold(barcode, false, actor));
      isHeld = (await this.#view(barcode))?.legalHold === true;
    }
    cartridge.user = undefined;
  }

  /** A deletion, even by who may bypass GOVERNANCE, is refused with one of these faults, and nothing changes. */
  async #refused(barcode: string, codes: readonly string[]): Promise<void> {
    const request = (gateway: Gateway): Promise<string> =>
      gateway.deleteCartridge(barcode, { ...actor, bypassGovernance: true }).then(
        () => "nothing",
        (error: unknown) => (isFault(error) ? error.code : String(error)),
      );
    const code = await this.#ask(request);
    const mayBe = [...codes, ...passing, undefined];
    expect(mayBe.includes(code), `deleting ${barcode} is refused with ${codes.join(" or ")}, and not with ${code}`);
  }

  async #delete(cartridge: CartridgeBook): Promise<void> {
    const { book, world } = this.#options;
    const { barcode } = cartridge;
    cartridge.user = "operator";
    const view = await this.#view(barcode);
    if (view?.state !== "ARCHIVED") {
      cartridge.user = undefined;
      return;
    }
    const now = world.clock.now();
    const locks = [view, ...view.copies];
    if (locks.some(({ lock, lockedUntil = 0 }) => lock === "COMPLIANCE" && lockedUntil > now + minutes(1))) {
      await this.#refused(barcode, ["gateway.cartridge-locked"]);
      cartridge.user = undefined;
      return;
    }
    world.trace.event("operator", `deletes ${barcode}`);
    this.#locks.forget(barcode);
    this.#mirrorLocks.forget(barcode);
    if (world.scenario.deleteDelayDays > 0) return this.#deleteLater(cartridge);
    book.cartridges.delete(barcode);
    const deadline = world.clock.monotonic() + shelfWithin;
    for (let left = await this.#view(barcode); left !== undefined; left = await this.#view(barcode)) {
      expect(world.clock.monotonic() < deadline, `${barcode} was not deleted in ${shelfWithin} ms`);
      if (left.state === "ARCHIVED") await this.#ask((gateway) => gateway.deleteCartridge(barcode, bypassing));
      await sleep(world.clock, seconds(20));
    }
  }

  /** Deletes with a delay: regrets it soon, or it happens by itself. */
  async #deleteLater(cartridge: CartridgeBook): Promise<void> {
    const { book, world, random } = this.#options;
    const { barcode } = cartridge;
    for (let state: string | undefined; state !== "DELETING"; state = (await this.#view(barcode))?.state) {
      await this.#ask((gateway) => gateway.deleteCartridge(barcode, bypassing));
    }
    if (random.chance(0.5)) {
      book.cartridges.delete(barcode);
      this.#deleted.add(barcode);
      return;
    }
    await sleep(world.clock, milliseconds(random.fraction() * regret));
    for (let state: string | undefined; state !== "ARCHIVED"; state = (await this.#view(barcode))?.state) {
      await this.#ask((gateway) => gateway.undeleteCartridge(barcode, actor));
      await sleep(world.clock, seconds(1));
    }
    world.trace.event("operator", `takes the deletion of ${barcode} back`);
    cartridge.user = undefined;
  }

  /** Undefined when the gateway does not know it. */
  #view(barcode: string): Promise<CartridgeView | undefined> {
    return this.#untilUp((gateway) => gateway.listCartridges().find((view) => view.barcode === barcode));
  }

  /** Asks once. Undefined when the gateway died, is not ready, or refuses because something else has happened since. */
  async #ask<T>(request: (gateway: Gateway) => T | Promise<T>): Promise<T | undefined> {
    try {
      return await this.#options.world.call(request);
    } catch (error) {
      const isPassing = error instanceof GatewayDown || passing.some((code) => isFault(error, code));
      if (!isPassing) throw error;
      return undefined;
    }
  }

  /** Asks until the gateway is up and answers. */
  async #untilUp<T>(request: (gateway: Gateway) => T): Promise<T> {
    const { world } = this.#options;
    for (;;) {
      try {
        return await world.call(request);
      } catch (error) {
        if (!(error instanceof GatewayDown) && !isFault(error, "gateway.not-running")) throw error;
        await sleep(world.clock, seconds(1));
      }
    }
  }
}

/** A task in one line: what it does, how it stands, and what it said last. */
function taskText({ operation, subject, state, phase, waitingFor, lines }: TaskRecord): string {
  return [operation, subject, state, phase, waitingFor, lines.at(-1)?.text].filter(Boolean).join(", ");
}

function comparePlace(cartridge: CartridgeBook, view: CartridgeView): void {
  const place = view.place.kind === "element" ? view.place.address : shelf;
  expect(place === cartridge.place, `${cartridge.barcode} is shown in ${place} and was put in ${cartridge.place}`);
  if (cartridge.isReadOnly && place !== shelf) {
    expect(view.state === "RETRIEVED", `${cartridge.barcode} came back from the shelf and is ${view.state}`);
  }
}

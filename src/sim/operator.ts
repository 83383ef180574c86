// SPDX-License-Identifier: Apache-2.0
// An operator who works through the gateway's own operations: makes cartridges, brings some back from the shelf, deletes
// some, and looks whether what the gateway shows agrees with the books. Goes on where a crash left things.

import { type Duration, hours, isFault, milliseconds, minutes, seconds, sleep } from "#base/index.ts";
import type { CartridgeView, Gateway } from "#gateway/index.ts";
import type { TaskRecord } from "#work/index.ts";
import type { ElementFound } from "./changer-driver.ts";
import { CheckFailure, expect } from "./check-failure.ts";
import { CartridgeBook, type LibraryBook, shelf } from "./library-book.ts";
import type { SeededRandom } from "./random.ts";
import { GatewayDown, type World } from "./world.ts";

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

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /** Works until `isOver`. */
  async run(isOver: () => boolean): Promise<void> {
    const { world, random } = this.#options;
    while (!isOver()) {
      await sleep(world.clock, milliseconds(random.between(1, 3000)));
      await this.#step(random.weighted({ look: 5, retrieve: 4, create: 1, delete: 1 }));
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
        await this.#ask((gateway) => gateway.retrieveCartridge({ barcode, library: libraryName }, actor));
        world.trace.event("operator", `asks for ${barcode}`);
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
      if (tasks.length === 0) return;
      const late = tasks.map(taskText).join("; ");
      expect(world.clock.monotonic() < deadline, `tasks did not end in ${shelfWithin} ms: ${late}`);
      await sleep(world.clock, minutes(1));
    }
  }

  /** Looks at everything that the gateway shows, and compares. */
  async look(): Promise<void> {
    const { book } = this.#options;
    const before = new Map([...book.cartridges.values()].map((cartridge) => [cartridge, cartridge.moves]));
    const seen = await this.#ask((gateway) => ({
      cartridges: gateway.listCartridges(),
      elements: gateway.listElements(libraryName),
      status: gateway.status(),
    }));
    if (seen === undefined) return;
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
    // What was in the rings when the buffer became full still goes into segments.
    const most = uploadBufferSize + drives * (ringSize + 2 * segmentSize);
    expect(uploadBufferUsed <= most, `the upload buffer holds ${uploadBufferUsed} bytes of ${uploadBufferSize}`);
  }

  async #step(what: "look" | "retrieve" | "create" | "delete"): Promise<void> {
    const { book, random } = this.#options;
    if (what === "look") return this.look();
    if (what === "create") return this.#create();
    const shelved = book.shelved();
    if (shelved.length === 0) return;
    const cartridge = random.pick(shelved);
    if (what === "delete") return this.#delete(cartridge);
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
    const request = { library: libraryName, count: 1, sizeBytes: cartridgeSize };
    await this.#ask((gateway) => gateway.createCartridges(request));
    const views = await this.#untilUp((gateway) => gateway.listCartridges());
    for (const { barcode, place } of views.filter((view) => !book.cartridges.has(view.barcode))) {
      expect(place.kind === "element", `the new cartridge ${barcode} is in the library`);
      world.trace.event("operator", `makes ${barcode} in ${place.address}`);
      book.cartridges.set(barcode, new CartridgeBook(barcode, place.address));
    }
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
    world.trace.event("operator", `deletes ${barcode}`);
    book.cartridges.delete(barcode);
    const deadline = world.clock.monotonic() + shelfWithin;
    for (let left = await this.#view(barcode); left !== undefined; left = await this.#view(barcode)) {
      expect(world.clock.monotonic() < deadline, `${barcode} was not deleted in ${shelfWithin} ms`);
      if (left.state === "ARCHIVED") await this.#ask((gateway) => gateway.deleteCartridge(barcode, actor));
      await sleep(world.clock, seconds(20));
    }
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

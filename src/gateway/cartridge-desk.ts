// SPDX-License-Identifier: Apache-2.0
// What operators do with cartridges in a library: create, find, move, eject. Every method checks, makes the change
// durable and then starts what follows from it.

import type { Instant } from "#base/index.ts";
import { decideMove, type Element } from "#library/index.ts";
import type { TaskRecord } from "#work/index.ts";
import { isInLibrary } from "./cartridge-life.ts";
import { defaultPoolFor, planCartridges, type PlannedCartridge } from "./cartridge-plan.ts";
import { storeId } from "./cartridge-parts.ts";
import { createdFacts, description } from "./created-facts.ts";
import { freePlace } from "./elements.ts";
import type { CartridgeRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import type { LibraryDesk } from "./library-desk.ts";
import type { LibraryHost } from "./library-host.ts";
import { driveName } from "./naming.ts";
import type { GatewayParts } from "./parts.ts";
import type { Actor, CartridgeRequest, PlaceRequest } from "./requests.ts";
import { failureText, type MoveFailure } from "./robot.ts";
import type { Shelf } from "./shelf.ts";
import type { GatewayState } from "./state.ts";

/** The cartridges. */
export class CartridgeDesk {
  readonly #parts: GatewayParts;
  readonly #libraries: LibraryDesk;
  readonly #shelf: Shelf;

  constructor(parts: GatewayParts, libraries: LibraryDesk, shelf: Shelf) {
    this.#parts = parts;
    this.#libraries = libraries;
    this.#shelf = shelf;
  }

  /** Fault `gateway.cartridge-unknown`. */
  named(barcode: string): CartridgeRecord {
    const cartridge = this.#state.cartridges.get(barcode);
    if (cartridge === undefined) throw gatewayFault("cartridge-unknown", { barcode });
    return cartridge;
  }

  /** Faults of `planCartridges`, `gateway.library-unknown`, faults of the store. */
  async create(request: CartridgeRequest): Promise<readonly CartridgeRecord[]> {
    const { book, feed } = this.#parts;
    const host = this.#libraries.named(request.library);
    const planned = await book.change(async (state) => {
      const library = state.library(host.id);
      const { random, abilities } = this.#parts;
      const options = { random, now: this.#now(), defaultPool: defaultPoolFor(abilities) };
      const plan = planCartridges(state, library, request, options);
      await this.#createInStore(plan);
      return { facts: createdFacts(host, plan), result: plan };
    });
    if (request.into === "mail-slot") host.changer.mailSlotsAccessed();
    for (const { cartridge } of planned) {
      feed.publish(
        "cartridge.created",
        cartridge.barcode,
        `cartridge ${cartridge.barcode} is in library ${request.library}`,
      );
    }
    const fields = { count: planned.length, library: request.library };
    this.#parts.log.info(`${planned.length} cartridges were made in library ${request.library}`, fields);
    return planned.map(({ cartridge }) => cartridge);
  }

  /**
   * Moves as the robot would. Faults `gateway.cartridge-unknown`, `gateway.cartridge-state`, `gateway.element-…`,
   * `gateway.no-free-element`, `gateway.removal-prevented`, `gateway.move-failed`.
   */
  async move(barcode: string, to: PlaceRequest, actor: Actor): Promise<void> {
    const { host } = this.#whereabouts(barcode, "a move");
    await this.#carry(host, barcode, { destination: freePlace(this.#state.library(host.id), to), who: actor.who });
  }

  /** Out of a mail slot. Fault `gateway.cartridge-not-in-mail-slot` and those of `move`. */
  async import(barcode: string, slot: number | undefined, actor: Actor): Promise<void> {
    const { element } = this.#whereabouts(barcode, "an import");
    if (element.kind !== "mail-slot") throw gatewayFault("cartridge-not-in-mail-slot", { barcode });
    await this.move(barcode, { kind: "storage-slot", ...(slot === undefined ? {} : { number: slot }) }, actor);
  }

  /** Out of a drive, home. Fault `gateway.cartridge-not-in-drive` and those of `move`. */
  async unload(barcode: string, actor: Actor): Promise<void> {
    const { host, element } = this.#whereabouts(barcode, "an unload");
    if (element.kind !== "drive-bay") throw gatewayFault("cartridge-not-in-drive", { barcode });
    const library = this.#state.library(host.id);
    const home = element.cameFrom === undefined ? undefined : library.changer.elementAt(element.cameFrom);
    const destination =
      home?.occupant === undefined && home !== undefined ? home : freePlace(library, { kind: "storage-slot" });
    await this.#carry(host, barcode, { destination, who: actor.who });
  }

  /** A cartridge that lost its end is as it should be from now on. Fault `gateway.cartridge-in-drive`. */
  async acceptLoss(barcode: string): Promise<void> {
    const cartridge = this.named(barcode);
    const library = this.#state.libraries.get(cartridge.library);
    const element = library?.changer.find(barcode);
    if (library !== undefined && element?.kind === "drive-bay") {
      const drive = driveName(element.address - library.changer.shape["drive-bay"].first + 1);
      throw gatewayFault("cartridge-in-drive", { barcode, drive, library: library.record.name });
    }
    await this.#parts.store.acceptLoss(storeId(cartridge));
    this.#parts.feed.publish("cartridge.changed", barcode, `what cartridge ${barcode} lost is accepted`);
  }

  /** Onto the shelf through a mail slot. Faults of `move`. */
  async eject(barcode: string, actor: Actor): Promise<TaskRecord> {
    const { state } = this.named(barcode);
    if (state !== "IN_TRANSIT" && state !== "ARCHIVING") await this.move(barcode, { kind: "mail-slot" }, actor);
    return this.#shelf.begin(barcode, actor.who).record();
  }

  /** Faults `gateway.cartridge-state`, `gateway.no-free-element`, `work.cannot-cancel`. */
  async cancelArchive(barcode: string, actor: Actor): Promise<void> {
    this.named(barcode);
    this.#shelf.checkCancelArchive(barcode);
    await this.#shelf.cancel(barcode, actor.who);
    if (this.named(barcode).state === "IN_TRANSIT") await this.#shelf.backIntoSlot(barcode);
  }

  get #state(): GatewayState {
    return this.#parts.book.state;
  }

  #now(): Instant {
    return this.#parts.clock.now();
  }

  /** All or none; blank ones that a crash leaves behind are removed at the next start. */
  async #createInStore(plan: readonly PlannedCartridge[]): Promise<void> {
    const { store } = this.#parts;
    const ids = plan.map(({ cartridge }) => storeId(cartridge));
    const made = await Promise.allSettled(
      plan.map(({ cartridge }) => store.create(storeId(cartridge), description(cartridge))),
    );
    const failed = made.find((result) => result.status === "rejected");
    if (failed === undefined) return;
    for (const id of ids) {
      if (store.has(id)) await store.remove(id);
    }
    throw failed.reason;
  }

  /** The element of a cartridge that is in a library. Faults `gateway.cartridge-unknown`, `gateway.cartridge-state`. */
  #whereabouts(barcode: string, action: string): { readonly host: LibraryHost; readonly element: Element } {
    const { library, state } = this.named(barcode);
    const host = this.#libraries.withId(library);
    const element = host === undefined ? undefined : this.#state.library(library).changer.find(barcode);
    if (host === undefined || element === undefined || !isInLibrary(state)) {
      throw gatewayFault("cartridge-state", { barcode, state, action, needed: "AVAILABLE or RETRIEVED" });
    }
    return { host, element };
  }

  async #carry(
    host: LibraryHost,
    barcode: string,
    { destination, who }: { readonly destination: Element; readonly who: string },
  ): Promise<void> {
    const { changer } = this.#state.library(host.id);
    const source = changer.find(barcode);
    if (source === undefined)
      throw gatewayFault("move-failed", { barcode, reason: "it has left the library just now" });
    const decision = decideMove(changer, { source: source.address, destination: destination.address });
    if (decision.kind === "nothing") return;
    const answer = decision.kind === "move" ? await host.robot.carry([decision.move], who) : decision;
    if (answer.kind === "refused") throw moveFault(barcode, answer);
    const slots = [source.kind, destination.kind];
    if (slots.includes("mail-slot")) host.changer.mailSlotsAccessed();
  }
}

const reasons = {
  "bad-address": "there is no such element",
  "source-empty": "it has left its element just now",
  "destination-full": "the element was filled just now; try again",
  "removal-prevented": "a host prevents its removal",
  "not-accessible": "the element cannot be reached",
  failed: "the failure is in the log",
} as const satisfies Record<MoveFailure["reason"], string>;

function moveFault(barcode: string, failure: MoveFailure): Error {
  if (failure.reason === "removal-prevented") return gatewayFault("removal-prevented", { barcode });
  const reason = failure.cause === undefined ? reasons[failure.reason] : failureText(failure);
  return gatewayFault("move-failed", { barcode, reason }, failure.cause);
}

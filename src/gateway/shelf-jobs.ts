// SPDX-License-Identifier: Apache-2.0
// What the tasks of the shelf do: archive, retrieve, delete, change the storage class. Each step changes the state of the
// cartridge through its machine, durably, before the next begins. A task that meets an object store that is down waits
// and tries again; only what no repetition can mend ends it.

import { between, isFault, isoText, later, milliseconds, type Duration, type Instant } from "#base/index.ts";
import type { CartridgeId, SegmentRange, StorageClass, ThawTier } from "#store/index.ts";
import type { TaskContext } from "#work/index.ts";
import { cartridgeStep, type CartridgeInput } from "./cartridge-life.ts";
import { isPartial } from "./demand.ts";
import { partIds, possibleIds, storeId, thawAll, thawStateOfAll } from "./cartridge-parts.ts";
import type { CartridgeChange, CartridgeRecord, Fact, ObjectLocks } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { lifeFacts, type LifeStep } from "./life-facts.ts";
import type { MirrorDesk } from "./mirror-desk.ts";
import type { GatewayParts } from "./parts.ts";
import { areLocksDue, holdChanging, isHoldDue, lockOrder, poolRetention, stricter, wantedLocks } from "./retention.ts";
import { ShelfSteps } from "./shelf-steps.ts";
import type { GatewayState } from "./state.ts";
import type { ObjectId } from "./views.ts";

/** The jobs of the shelf. */
export class ShelfJobs {
  readonly #parts: GatewayParts;
  readonly #slotsChanged: (library: ObjectId) => void;
  readonly #steps: ShelfSteps;
  readonly #mirrors: MirrorDesk;

  constructor(parts: GatewayParts, mirrors: MirrorDesk, slotsChanged: (library: ObjectId) => void) {
    this.#parts = parts;
    this.#mirrors = mirrors;
    this.#steps = new ShelfSteps(parts);
    this.#slotsChanged = slotsChanged;
  }

  /** IN_TRANSIT or ARCHIVING to ARCHIVED; canceled while IN_TRANSIT: back to AVAILABLE. */
  async archive(barcode: string, context: TaskContext): Promise<void> {
    if (this.#steps.cartridge(barcode).state === "IN_TRANSIT") {
      context.phase("uploading");
      await this.#moveTo(barcode, "STANDARD", context);
      context.refuseCancel("all data is uploaded and its storage class changes");
      await this.#step(barcode, context, { kind: "uploaded" });
    }
    context.refuseCancel("the storage class changes");
    await this.#mirrors.attempt(barcode, context);
    const { storageClass } = this.#steps.pool(barcode);
    context.phase(`moving to ${storageClass}`);
    await this.#moveTo(barcode, storageClass, context);
    await this.#startRetention(barcode, context);
    await this.lock(barcode, context);
    await this.#step(
      barcode,
      context,
      { kind: "archived" },
      { shelfClass: storageClass, classSince: this.#steps.now() },
    );
  }

  /** RETRIEVING to RETRIEVED, in a mail slot; canceled: back to ARCHIVED. */
  async retrieve(barcode: string, context: TaskContext): Promise<void> {
    const { clock, settings, book } = this.#parts;
    for (;;) {
      // On demand, nothing is thawed before it is read.
      if (this.#steps.cartridge(barcode).retrieval?.kind !== "demand") await this.#thaw(barcode, context);
      // Who waits long must not find the thaw expired: together with the renewals of the shelf, none ends in between.
      const lookAgainAt = clock.monotonic() + settings.thawKeep / 4;
      context.phase("waiting for a mail slot");
      while (clock.monotonic() < lookAgainAt) {
        if (await this.#intoMailSlot(barcode, context)) return;
        const library = book.state.library(this.#steps.cartridge(barcode).library).record.name;
        await this.#steps.pause(context, `a free mail slot in library ${library}`);
      }
    }
  }

  /** A task was canceled, wherever it was: its cartridge goes back to where it came from. */
  async canceled(barcode: string): Promise<void> {
    const { state } = this.#steps.cartridge(barcode);
    if (state === "IN_TRANSIT") await this.backIntoSlot(barcode);
    if (state === "RETRIEVING") await this.#backOnShelf(barcode);
    if (state === "DELETING") await this.undelete(barcode);
  }

  /** DELETING to gone, once the deletion cannot be taken back any more; canceled before: as it was. */
  async remove(barcode: string, context: TaskContext): Promise<void> {
    await this.#untilErasable(barcode, context);
    context.refuseCancel("the cartridge is already deleted");
    await this.#mirrors.cancel(barcode, "system");
    await this.#beginErasing(barcode, context);
    const cartridge = this.#steps.cartridge(barcode);
    await this.#eraseObjects(cartridge, context);
    await this.#steps.persist(context, async () => {
      for (const id of possibleIds(cartridge)) {
        try {
          await this.#parts.store.remove(id);
        } catch (error) {
          if (!isFault(error, "store.cartridge-missing")) throw error;
        }
      }
    });
    await this.#mirrors.erase(barcode, context);
    await this.#steps.change(context, () => ({ facts: [{ kind: "cartridge-gone", barcode }], result: undefined }));
    this.#parts.feed.publish("cartridge.deleted", barcode, `cartridge ${barcode} is deleted`);
  }

  /** An ARCHIVED cartridge goes to the class of the pool it was assigned to. */
  async changeClass(barcode: string, context: TaskContext): Promise<void> {
    context.refuseCancel("the cartridge is already in its new pool");
    const { storageClass } = this.#steps.pool(barcode);
    await this.#thaw(barcode, context, "Bulk");
    context.phase(`moving to ${storageClass}`);
    await this.#moveTo(barcode, storageClass, context);
    await this.#steps.note(barcode, context, { shelfClass: storageClass, classSince: this.#steps.now() });
    await this.lock(barcode, context);
  }

  /** A retrieved cartridge was ejected again: its data is on the shelf all along, local copies go. */
  async dropCopies(barcode: string, context: TaskContext): Promise<void> {
    context.refuseCancel("the cartridge is archived already");
    const { shelfClass } = this.#steps.cartridge(barcode);
    await this.#moveTo(barcode, shelfClass ?? this.#steps.pool(barcode).storageClass, context);
    await this.#relockDescription(barcode, context);
    if (this.#steps.cartridge(barcode).isReturned === true)
      await this.#steps.note(barcode, context, { isReturned: false });
  }

  /** Puts the lock and the hold of a cartridge on its objects, where they are not yet. */
  async lock(barcode: string, context: TaskContext): Promise<void> {
    const cartridge = this.#steps.cartridge(barcode);
    const wanted = this.#wantedLocks(cartridge);
    const { objectLocks } = cartridge;
    if (!areLocksDue(objectLocks, wanted)) return;
    context.refuseCancel("its objects are being locked");
    context.phase("locking");
    const locks = lockOrder(objectLocks, wanted);
    if (isHoldDue(objectLocks, wanted)) {
      await this.#steps.note(barcode, context, { objectLocks: holdChanging(objectLocks) });
    }
    await this.#steps.persist(context, (work) =>
      this.#steps.inTurn(context, () =>
        this.#forEachPart(cartridge, (id) => this.#parts.store.shelf.lock(id, locks, work)),
      ),
    );
    await this.#steps.note(barcode, context, { objectLocks: wanted });
  }

  #wantedLocks(cartridge: CartridgeRecord): ObjectLocks {
    const { abilities, trusted } = this.#parts;
    return wantedLocks(cartridge, this.#steps.pool(cartridge.barcode), { abilities, now: trusted.now() });
  }

  /** What was written about a cartridge since its objects were locked is locked too. */
  async #relockDescription(barcode: string, context: TaskContext): Promise<void> {
    const cartridge = this.#steps.cartridge(barcode);
    const { objectLocks } = cartridge;
    if (objectLocks === undefined) return;
    const { retention, legalHold } = objectLocks;
    const isLocked = retention !== undefined && retention.until > this.#parts.trusted.now();
    if (!isLocked && !legalHold) return;
    const locks = { ...(isLocked ? { retention } : {}), ...(legalHold ? { legalHold } : {}), onlyDescription: true };
    await this.#steps.persist(context, (work) =>
      this.#forEachPart(cartridge, (id) => this.#parts.store.shelf.lock(id, locks, work)),
    );
  }

  /** Seals, uploads and moves the objects of a cartridge. Done work is not done again. */
  #moveTo(barcode: string, storageClass: StorageClass, context: TaskContext): Promise<void> {
    const cartridge = this.#steps.cartridge(barcode);
    const { store } = this.#parts;
    return this.#steps.persist(context, (work) =>
      this.#steps.inTurn(context, () => this.#forEachPart(cartridge, (id) => store.archive(id, storageClass, work))),
    );
  }

  /**
   * Until all that is wanted is readable, and for a while: what would expire soon is extended. By one tier, or by that of
   * the retrieval, which may become a faster one meanwhile.
   */
  async #thaw(barcode: string, context: TaskContext, fixedTier?: ThawTier): Promise<void> {
    const { store, settings } = this.#parts;
    const { thawKeep } = settings;
    const cartridge = this.#steps.cartridge(barcode);
    const rangesOf = fixedTier === undefined ? retrievedRanges(cartridge) : undefined;
    const ask = async (isExtension: boolean): Promise<void> => {
      const tier = fixedTier ?? this.#steps.cartridge(barcode).tier ?? "Standard";
      const request = { tier, keep: thawKeep, isExtension };
      await this.#steps.persist(context, (work) =>
        this.#steps.inTurn(context, () => thawAll(store, cartridge, { request, ranges: rangesOf, work })),
      );
    };
    for (;;) {
      context.phase("thawing");
      const thaw = await this.#steps.persist(context, () => thawStateOfAll(store, cartridge, rangesOf));
      if (thaw.kind === "warm") return;
      if (thaw.kind === "thawed") {
        if (between(this.#steps.now(), thaw.until) < (thawKeep * 7) / 8) await ask(true);
        return;
      }
      const isHastened = fixedTier === undefined && this.#steps.cartridge(barcode).isHastened === true;
      if (thaw.kind === "frozen" || isHastened) {
        await ask(false);
        if (isHastened) await this.#steps.note(barcode, context, { isHastened: false });
        continue;
      }
      const why = thaw.readyAt === undefined ? "the thaw" : `the thaw, expected at ${isoText(thaw.readyAt)}`;
      await this.#steps.pause(context, why, this.#untilThawed(thaw.readyAt));
    }
  }

  #untilThawed(readyAt: Instant | undefined): Duration {
    const { thawPoll } = this.#parts.settings;
    const left = readyAt === undefined ? 0 : between(this.#steps.now(), readyAt);
    // By this machine's clock, which may be wrong, it should have been ready: then it is only asked now and then.
    return left > 0 ? milliseconds(Math.min(thawPoll, left)) : thawPoll;
  }

  /** True when the cartridge stands in a mail slot now; false when none is free. */
  async #intoMailSlot(barcode: string, context: TaskContext): Promise<boolean> {
    const done = await this.#steps.change(context, (state) => {
      const { library } = state.cartridge(barcode);
      const slot = state.library(library).changer.firstEmpty("mail-slot");
      if (slot === undefined) return { facts: [], result: false };
      const step = { barcode, input: { kind: "retrieved" }, at: this.#steps.now(), slot } as const;
      return { facts: lifeFacts(state, step), result: true };
    });
    if (done) this.#appeared(barcode);
    return done;
  }

  /** Objects that are locked go while the cartridge is known, so that somebody hears when the store keeps them. */
  async #eraseObjects(cartridge: CartridgeRecord, context: TaskContext): Promise<void> {
    const { store } = this.#parts;
    if (cartridge.objectLocks === undefined || !store.has(storeId(cartridge))) return;
    const bypassGovernance = cartridge.deletion?.bypassGovernance === true;
    context.phase("erasing");
    await this.#steps.persist(context, ({ signal }) =>
      this.#forEachPart(cartridge, (id) => store.shelf.eraseObjects(id, { signal, bypassGovernance })),
    );
  }

  /** Partition by partition; what was done of it before is not done again by the store. */
  async #forEachPart(cartridge: CartridgeRecord, work: (id: CartridgeId) => Promise<void>): Promise<void> {
    for (const id of partIds(cartridge)) await work(id);
  }

  /** The time to take the deletion back passes by the clock of locks: a leap of the system's clock does not end it. */
  async #untilErasable(barcode: string, context: TaskContext): Promise<void> {
    for (;;) {
      const { deletion } = this.#steps.cartridge(barcode);
      const left = deletion?.isErasing === false ? between(this.#parts.trusted.now(), deletion.at) : 0;
      if (left <= 0) return;
      const at = isoText(later(this.#steps.now(), milliseconds(left)));
      await this.#steps.pause(context, `${at}; until then the deletion can be taken back`, milliseconds(left));
    }
  }

  async #beginErasing(barcode: string, context: TaskContext): Promise<void> {
    await this.#steps.change(context, (state) => {
      const { deletion } = state.cartridge(barcode);
      if (deletion === undefined || deletion === null || deletion.isErasing) return { facts: [], result: undefined };
      const change = { deletion: { ...deletion, isErasing: true } };
      return { facts: [{ kind: "cartridge-changed", barcode, at: this.#steps.now(), change }], result: undefined };
    });
  }

  /** DELETING to what it was. Faults `gateway.cartridge-state`, `gateway.cartridge-erasing`, `gateway.no-free-element`. */
  async undelete(barcode: string): Promise<void> {
    await this.#parts.book.change((state) => ({ facts: this.undeleteFacts(state, barcode), result: undefined }));
    const { state } = this.#steps.cartridge(barcode);
    if (state === "AVAILABLE") this.#appeared(barcode);
    else this.#parts.feed.publish("cartridge.changed", barcode, `cartridge ${barcode} is ${state}`);
  }

  /** Facts by which a deletion did not happen. Faults as `undelete`. */
  undeleteFacts(state: GatewayState, barcode: string): readonly Fact[] {
    const { deletion } = state.cartridge(barcode);
    // Deletions of older releases could not be taken back.
    const { from, isErasing } = deletion ?? { from: "ARCHIVED", isErasing: true };
    const input = { kind: "undelete", from, isErasing } as const;
    return this.#backFacts(state, { barcode, input, change: { deletion: null } });
  }

  async #backOnShelf(barcode: string): Promise<void> {
    const step = { barcode, input: { kind: "cancel-retrieve" }, at: this.#steps.now() } as const;
    await this.#parts.book.change((state) => ({ facts: lifeFacts(state, step), result: undefined }));
    this.#parts.feed.publish(
      "cartridge.changed",
      barcode,
      `cartridge ${barcode} is ${this.#steps.cartridge(barcode).state}`,
    );
  }

  /** IN_TRANSIT to AVAILABLE. Faults `gateway.cartridge-state`, `gateway.no-free-element`. */
  async backIntoSlot(barcode: string): Promise<void> {
    await this.#parts.book.change((state) => ({ facts: this.cancelArchiveFacts(state, barcode), result: undefined }));
    this.#appeared(barcode);
  }

  /** Facts by which a cartridge IN_TRANSIT is back in a slot. Faults `gateway.cartridge-state`, `gateway.no-free-element`. */
  cancelArchiveFacts(state: GatewayState, barcode: string): readonly Fact[] {
    return this.#backFacts(state, { barcode, input: { kind: "cancel-archive" } });
  }

  /** Facts of a step that may bring a cartridge back into a slot of its library. */
  #backFacts(state: GatewayState, step: Omit<LifeStep, "at" | "slot">): readonly Fact[] {
    const at = this.#steps.now();
    const life = state.cartridge(step.barcode);
    const comesBack = cartridgeStep(life.state, step.input);
    if (comesBack.kind === "refused" || !comesBack.effects.includes("enter-element")) {
      return lifeFacts(state, { ...step, at });
    }
    const library = state.libraries.get(life.library);
    const slot = library?.changer.firstEmpty("mail-slot") ?? library?.changer.firstEmpty("storage-slot");
    if (slot !== undefined) return lifeFacts(state, { ...step, at, slot });
    const name = library?.record.name ?? "that it was in";
    throw gatewayFault("no-free-element", { library: name, free: 0, kind: "slots", count: 1 });
  }

  /** The lock that the pool puts on what is archived; it is there before anybody is told that the cartridge is. */
  async #startRetention(barcode: string, context: TaskContext): Promise<void> {
    const cartridge = this.#steps.cartridge(barcode);
    const { trusted } = this.#parts;
    const start = cartridge.archivedAt ?? trusted.lockStart();
    const retention = stricter(cartridge.retention, poolRetention(this.#steps.pool(barcode), start));
    if (retention === undefined || cartridge.retention !== undefined) return;
    await this.#steps.persist(context, () => trusted.mark());
    await this.#steps.note(barcode, context, { retention });
  }

  #appeared(barcode: string): void {
    const { library, state } = this.#steps.cartridge(barcode);
    this.#slotsChanged(library);
    this.#parts.feed.publish("cartridge.changed", barcode, `cartridge ${barcode} is ${state}, in a slot`);
  }

  async #step(
    barcode: string,
    context: TaskContext,
    input: CartridgeInput,
    change: CartridgeChange = {},
  ): Promise<void> {
    await this.#steps.change(context, (state) => {
      return { facts: lifeFacts(state, { barcode, input, at: this.#steps.now(), change }), result: undefined };
    });
    this.#parts.feed.publish(
      "cartridge.changed",
      barcode,
      `cartridge ${barcode} is ${this.#steps.cartridge(barcode).state}`,
    );
  }
}

/** The segments that a retrieval thaws; undefined: all. */
export function retrievedRanges({ retrieval }: CartridgeRecord): readonly SegmentRange[] | undefined {
  return isPartial(retrieval) ? retrieval.ranges : undefined;
}

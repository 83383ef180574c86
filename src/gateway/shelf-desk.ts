// SPDX-License-Identifier: Apache-2.0
// What operators do with cartridges for the shelf's sake: assign a pool, hold, lock, delete, undelete. Every
// method checks, makes the change durable and then starts what follows from it.

import { days, isoText, later, type Instant } from "#base/index.ts";
import type { TaskRecord } from "#work/index.ts";
import type { CartridgeRecord, DeletionRecord, Fact, RetentionRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import type { LibraryDesk } from "./library-desk.ts";
import { lifeFacts, lockedFault } from "./life-facts.ts";
import { driveName } from "./naming.ts";
import type { GatewayParts } from "./parts.ts";
import { poolNamed, retentionDaysMax } from "./pools.ts";
import type { Actor, RetentionRequest } from "./requests.ts";
import {
  holdingLock,
  isWarmer,
  lastLock,
  poolRetention,
  retentionOf,
  retentionRefusal,
  stricter,
} from "./retention.ts";
import type { Shelf } from "./shelf.ts";
import type { GatewayState } from "./state.ts";

/** The shelf, for operators. */
export class ShelfDesk {
  readonly #parts: GatewayParts;
  readonly #libraries: LibraryDesk;
  readonly #shelf: Shelf;

  constructor(parts: GatewayParts, libraries: LibraryDesk, shelf: Shelf) {
    this.#parts = parts;
    this.#libraries = libraries;
    this.#shelf = shelf;
  }

  /** Faults `gateway.cartridge-state`, `gateway.pool-unknown`, `gateway.pool-warmer`, `gateway.cartridge-locked`. */
  async assignPool(barcode: string, name: string, actor: Actor): Promise<void> {
    this.#named(barcode);
    this.#shelf.checkIdle(barcode);
    const mustMove = await this.#parts.book.change((state) => {
      const facts = this.#poolFacts(state, barcode, name);
      const { state: life, shelfClass } = state.cartridge(barcode);
      return { facts, result: life === "ARCHIVED" && shelfClass !== poolNamed(state, name).storageClass };
    });
    this.#changed(barcode);
    if (mustMove) this.#shelf.begin(barcode, actor.who);
    else this.#shelf.beginLock(barcode, actor.who);
  }

  /** Faults `gateway.cartridge-in-drive`, `gateway.cartridge-state`: what is being deleted can only be undeleted. */
  async setLegalHold(barcode: string, legalHold: boolean, actor: Actor): Promise<void> {
    const host = this.#libraries.withId(this.#named(barcode).library);
    const change = (): Promise<void> => this.#note(barcode, (state) => holdFacts(state, barcode, legalHold));
    await (host === undefined ? change() : host.exclusive(change));
    this.#shelf.beginLock(barcode, actor.who);
    const text = `${actor.who} ${legalHold ? "put cartridge" : "took cartridge"} ${barcode} ${legalHold ? "under" : "out of"} legal hold`;
    this.#audit("cartridge.held", barcode, text);
  }

  /**
   * Sets or extends the lock of a cartridge that was archived. Faults `gateway.cartridge-not-archived`,
   * `gateway.retention-bad`, `gateway.retention-shorter`, `gateway.retention-weaker`, `gateway.cartridge-state`.
   */
  async retain(request: RetentionRequest, actor: Actor): Promise<void> {
    const { barcode } = request;
    this.#named(barcode);
    const next = await this.#parts.book.change((state) => {
      const retention = this.#newRetention(state, request);
      const at = this.#now();
      return { facts: [{ kind: "cartridge-changed", barcode, at, change: { retention } }], result: retention };
    });
    this.#shelf.beginLock(barcode, actor.who);
    const text = `${actor.who} locked cartridge ${barcode} (${next.mode}) until ${isoText(next.until)}`;
    this.#audit("cartridge.retained", barcode, text);
  }

  /** Faults `gateway.cartridge-…` as the life of a cartridge says. */
  async delete(barcode: string, options: Actor & { readonly bypassGovernance?: boolean }): Promise<TaskRecord> {
    if (this.#named(barcode).state !== "DELETING") {
      if (this.#named(barcode).state === "ARCHIVED") this.#shelf.checkIdle(barcode);
      const host = this.#libraries.withId(this.#named(barcode).library);
      const change = (): Promise<void> =>
        this.#note(barcode, (state) => this.#deleteFacts(state, barcode, options.bypassGovernance ?? false));
      await (host === undefined ? change() : host.exclusive(change));
      this.#changed(barcode);
    }
    return this.#shelf.begin(barcode, options.who).record();
  }

  /** Takes a deletion back. Faults `gateway.cartridge-state`, `gateway.cartridge-erasing`, `gateway.no-free-element`. */
  async undelete(barcode: string, actor: Actor): Promise<void> {
    this.#named(barcode);
    this.#shelf.checkUndelete(barcode);
    await this.#shelf.cancel(barcode, actor.who);
    if (this.#named(barcode).state === "DELETING") await this.#shelf.undelete(barcode);
    this.#audit("cartridge.undeleted", barcode, `${actor.who} took the deletion of cartridge ${barcode} back`);
  }

  get #state(): GatewayState {
    return this.#parts.book.state;
  }

  #now(): Instant {
    return this.#parts.clock.now();
  }

  #named(barcode: string): CartridgeRecord {
    const cartridge = this.#state.cartridges.get(barcode);
    if (cartridge === undefined) throw gatewayFault("cartridge-unknown", { barcode });
    return cartridge;
  }

  #note(barcode: string, decide: (state: GatewayState) => readonly Fact[]): Promise<void> {
    return this.#parts.book.change((state) => {
      if (!state.cartridges.has(barcode)) throw gatewayFault("cartridge-unknown", { barcode });
      return { facts: decide(state), result: undefined };
    });
  }

  #changed(barcode: string): void {
    const { state, pool } = this.#named(barcode);
    this.#parts.feed.publish("cartridge.changed", barcode, `cartridge ${barcode} is ${state}, pool ${pool}`);
  }

  #audit(kind: "cartridge.held" | "cartridge.retained" | "cartridge.undeleted", barcode: string, text: string): void {
    this.#parts.log.info(text, { barcode, audit: kind });
    this.#parts.feed.publish(kind, barcode, text);
  }

  #deleteFacts(state: GatewayState, barcode: string, bypassGovernance: boolean): readonly Fact[] {
    const { trusted, settings } = this.#parts;
    const cartridge = state.cartridge(barcode);
    const clone = [...state.cartridges.values()].find(({ clonedFrom }) => clonedFrom === barcode);
    if (clone !== undefined) throw gatewayFault("cartridge-shared", { barcode, clone: clone.barcode });
    const element = state.libraries.get(cartridge.library)?.changer.find(barcode);
    const pool = poolNamed(state, cartridge.pool);
    const now = trusted.now();
    const lock = holdingLock(cartridge, pool, { now, bypassGovernance });
    const input = { kind: "delete", inDrive: element?.kind === "drive-bay", lock } as const;
    const delay = pool.deleteDelayDays === undefined ? settings.deleteDelay : days(pool.deleteDelayDays);
    const from = cartridge.state === "AVAILABLE" ? "AVAILABLE" : "ARCHIVED";
    const deletion: DeletionRecord = { at: later(now, delay), from, isErasing: false, bypassGovernance };
    const task = this.#shelf.taskOf(barcode);
    return lifeFacts(state, { barcode, input, at: this.#now(), change: { deletion }, task });
  }

  #newRetention(state: GatewayState, request: RetentionRequest): RetentionRecord {
    const { barcode, bypassGovernance = false } = request;
    const cartridge = state.cartridge(barcode);
    if (cartridge.archivedAt === undefined) {
      throw gatewayFault("cartridge-not-archived", { barcode, state: cartridge.state });
    }
    if (cartridge.state === "DELETING") throw stateFault(cartridge, "a retention lock");
    const now = this.#parts.trusted.now();
    const from = retentionOf(cartridge, poolNamed(state, cartridge.pool));
    const mode = request.mode ?? from?.mode ?? "GOVERNANCE";
    const to = { mode, until: this.#newEnd(request) };
    const refusal = retentionRefusal(from, to, { now, bypassGovernance });
    if (refusal === undefined || from === undefined) return to;
    const [until, asked] = [isoText(from.until), isoText(to.until)];
    if (refusal === "weaker") throw gatewayFault("retention-weaker", { barcode, until });
    throw gatewayFault("retention-shorter", { barcode, lock: from.mode, until, asked });
  }

  #newEnd({ barcode, until, days: count }: RetentionRequest): Instant {
    const bad = (): Error => gatewayFault("retention-bad", { barcode, max: retentionDaysMax });
    const start = this.#parts.trusted.lockStart();
    const longest = later(start, days(retentionDaysMax));
    if (until !== undefined && count === undefined && until > start && until <= longest) return until;
    if (until !== undefined || count === undefined) throw bad();
    if (!Number.isInteger(count) || count < 1 || count > retentionDaysMax) throw bad();
    return later(start, days(count));
  }

  #poolFacts(state: GatewayState, barcode: string, name: string): readonly Fact[] {
    const cartridge = state.cartridge(barcode);
    const next = poolNamed(state, name);
    const at = this.#now();
    if (cartridge.state !== "AVAILABLE" && cartridge.state !== "ARCHIVED") throw stateFault(cartridge, "another pool");
    if (cartridge.pool === name) return [];
    const { shelfClass, archivedAt } = cartridge;
    if (shelfClass !== undefined && isWarmer(shelfClass, next.storageClass)) {
      throw gatewayFault("pool-warmer", { barcode, from: shelfClass, to: next.storageClass, pool: name });
    }
    const pool = poolNamed(state, cartridge.pool);
    const retention = retentionOf(cartridge, pool);
    const last = lastLock(cartridge, pool);
    if (last !== undefined && last.until > this.#parts.trusted.now()) throw lockedFault(barcode, pool, last);
    // The clock of the new lock started when the cartridge was archived for the first time.
    const locked = archivedAt === undefined ? undefined : stricter(retention, poolRetention(next, archivedAt));
    const change = { pool: name, ...(locked === undefined ? {} : { retention: locked }) };
    return [{ kind: "cartridge-changed", barcode, at, change }];
  }
}

function stateFault({ barcode, state }: CartridgeRecord, action: string): Error {
  return gatewayFault("cartridge-state", { barcode, state, action, needed: "AVAILABLE or ARCHIVED" });
}

function holdFacts(state: GatewayState, barcode: string, legalHold: boolean): readonly Fact[] {
  const cartridge = state.cartridge(barcode);
  if (cartridge.state === "DELETING") throw stateFault(cartridge, "a legal hold");
  const library = state.libraries.get(cartridge.library);
  const element = library?.changer.find(barcode);
  if (library !== undefined && element?.kind === "drive-bay") {
    const drive = driveName(element.address - library.changer.shape["drive-bay"].first + 1);
    throw gatewayFault("cartridge-in-drive", { barcode, drive, library: library.record.name });
  }
  if ((cartridge.legalHold === true) === legalHold) return [];
  return [{ kind: "cartridge-changed", barcode, at: cartridge.changedAt, change: { legalHold } }];
}

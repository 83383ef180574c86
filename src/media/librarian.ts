// SPDX-License-Identifier: Apache-2.0
// The librarian keeps the inventory and the catalogs in their files, and gives out cartridges. Every change of the
// inventory is durable before anybody acts on it. What it gives out follows from the decisions in `pool.ts`.

import {
  type ByteSource,
  bytesFromText,
  type Clock,
  epochSeconds,
  newUuid,
  type Random,
  type Uuid,
} from "#base/index.ts";
import type { CartridgeLabels, SetLabel } from "#format/index.ts";
import { CartridgeCatalog, type CatalogRead, readCatalogAsFar } from "./catalog.ts";
import { mediaFault } from "./faults.ts";
import { GivenUp } from "./given-up.ts";
import { type CartridgeRecord, Inventory, isMember, type MediaSet } from "./inventory.ts";
import { decideSet, type MediaPool, pickNext, type PoolView, type SetDecision } from "./pool.ts";
import type { StateFiles } from "./state-files.ts";
import type { Zone } from "./zone.ts";

const inventoryName = "inventory.json";
const givenUpName = "given-up.json";
const catalogName = (cartridge: Uuid): string => `${cartridge}.log`;

/** What a librarian needs. */
export interface LibrarianOptions {
  readonly files: StateFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly zone: Zone;
}

/** A set that a backup writes: it has its UUID before it has cartridges (B-SET-5). */
export interface WriteSet {
  readonly uuid: Uuid;
  readonly decision: SetDecision;
}

/** A cartridge that was given out for writing. */
export interface Allocation {
  readonly record: CartridgeRecord;
  /** What its set label is, or has to become. */
  readonly set: SetLabel;
  /** True: it joined the set just now, and its tape has to be written from the set label on. */
  readonly isNew: boolean;
  /** Sets that may still be on its tape, and that were given up for this one. */
  readonly givenUp: readonly Uuid[];
}

/** Keeps the inventory and the catalogs. */
export class Librarian {
  readonly #options: LibrarianOptions;
  #inventory: Inventory;
  #givenUp: GivenUp;
  readonly #lockedSets = new Set<Uuid>();
  /** Who waits for a set. */
  readonly #waiting = new Map<Uuid, (() => void)[]>();
  /** Ends with the last change of the inventory that was asked for. */
  #lastChange: Promise<unknown> = Promise.resolve();

  private constructor(options: LibrarianOptions, inventory: Inventory, givenUp: GivenUp) {
    this.#options = options;
    this.#inventory = inventory;
    this.#givenUp = givenUp;
  }

  /** Reads the inventory. Fault `media.damaged`. */
  static async open(options: LibrarianOptions): Promise<Librarian> {
    const text = async (name: string): Promise<string | undefined> => {
      const bytes = await options.files.read(name);
      return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
    };
    const inventory = Inventory.parse(await text(inventoryName));
    return new Librarian(options, inventory, GivenUp.parse(await text(givenUpName)));
  }

  get inventory(): Inventory {
    return this.#inventory;
  }

  get zone(): Zone {
    return this.#options.zone;
  }

  /** Changes the inventory, behind all changes that were asked for before; it is durable when this resolves. */
  update(change: (inventory: Inventory) => Inventory): Promise<void> {
    return this.#inTurn(() => this.#change(change));
  }

  async #change(change: (inventory: Inventory) => Inventory): Promise<void> {
    const changed = change(this.#inventory);
    await this.#options.files.write(inventoryName, bytesFromText(changed.text()));
    this.#inventory = changed;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#lastChange.then(work);
    // One that fails fails for who asked for it; the next one goes on with what is there.
    this.#lastChange = result.catch(() => {});
    return result;
  }

  /** What decisions about a pool look at, now. */
  view(pool: MediaPool, changer: string | undefined): PoolView {
    const { clock, zone } = this.#options;
    const now = epochSeconds(clock.now());
    return { pool, inventory: this.#inventory, now, zone, changer, lockedSets: this.#lockedSets };
  }

  /** Holds a set: its cartridges are not given to others. False when somebody holds it already. */
  lockSet(uuid: Uuid): boolean {
    if (this.#lockedSets.has(uuid)) return false;
    this.#lockedSets.add(uuid);
    return true;
  }

  unlockSet(uuid: Uuid): void {
    this.#lockedSets.delete(uuid);
    for (const wake of this.#waiting.get(uuid) ?? []) wake();
    this.#waiting.delete(uuid);
  }

  /** True when somebody holds the set. */
  isLocked(uuid: Uuid | undefined): boolean {
    return uuid !== undefined && this.#lockedSets.has(uuid);
  }

  /** Resolves when who holds the set lets it go; others may be faster. */
  unlocked(uuid: Uuid): Promise<void> {
    if (!this.#lockedSets.has(uuid)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(uuid, [...(this.#waiting.get(uuid) ?? []), resolve]));
  }

  /** Decides which set a backup writes. */
  beginSet(view: PoolView, options: { readonly isForced: boolean }): WriteSet {
    const decision = decideSet(view, options);
    return { uuid: decision.kind === "continue" ? decision.set.uuid : newUuid(this.#options.random), decision };
  }

  /**
   * Gives out the cartridge on which a set is continued. A new one begins an empty catalog, and joins the set in the
   * inventory, before its tape is touched (B-PICK-6): whoever is in the set has its catalog. Fault `media.no-media`.
   */
  allocate(view: PoolView, set: Uuid, key: SetLabel["key"]): Promise<Allocation> {
    return this.#inTurn(() => this.#allocate(view, set, key));
  }

  async #allocate(view: PoolView, set: Uuid, key: SetLabel["key"]): Promise<Allocation> {
    const present = this.#inventory.set(set);
    const pick = pickNext({ ...view, inventory: this.#inventory }, present);
    if ("reason" in pick) throw mediaFault("no-media", { pool: view.pool.name, reason: pick.reason });
    const { record, source } = pick;
    if (source === "current" && record.set !== undefined)
      return { record, set: record.set, isNew: false, givenUp: this.#givenUp.of(record.label.uuid) };
    const label: SetLabel = {
      pool: view.pool.name,
      uuid: set,
      setIndex: present?.members.length ?? 0,
      ctime: epochSeconds(this.#options.clock.now()),
      key,
    };
    const { uuid } = record.label;
    if (isMember(record)) await this.#changeGivenUp((sets) => sets.with(uuid, record.set.uuid));
    await this.startCatalog(uuid, label);
    await this.#change((inventory) =>
      inventory.withLabels({ label: record.label, set: label }, { dropsState: true }).withBytesUsed(uuid, undefined),
    );
    return { record: this.#inventory.get(uuid), set: label, isNew: true, givenUp: this.#givenUp.of(uuid) };
  }

  /** The tape of a cartridge has the labels that the inventory names: nothing else is on it any more. */
  settle(cartridge: Uuid): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#givenUp.of(cartridge).length > 0) await this.#changeGivenUp((sets) => sets.without(cartridge));
    });
  }

  async #changeGivenUp(change: (sets: GivenUp) => GivenUp): Promise<void> {
    const changed = change(this.#givenUp);
    await this.#options.files.write(givenUpName, bytesFromText(changed.text()));
    this.#givenUp = changed;
  }

  /**
   * Takes the labels that were read from a cartridge into the inventory; a catalog of another set is dropped (B-RDL-1).
   * False, and nothing is done, when somebody holds one of its sets: who does knows better what will be on the tape.
   */
  takeLabels(labels: CartridgeLabels): Promise<boolean> {
    return this.#inTurn(async () => {
      const { uuid } = labels.label;
      if (this.isLocked(labels.set?.uuid) || this.isLocked(this.#inventory.find(uuid)?.set?.uuid)) return false;
      await this.#change((inventory) => inventory.withLabels(labels));
      if (this.#givenUp.of(uuid).length > 0) await this.#changeGivenUp((sets) => sets.without(uuid));
      const catalog = await this.catalog(uuid);
      if (catalog !== undefined && catalog.set?.uuid !== labels.set?.uuid) await this.removeCatalog(uuid);
      return true;
    });
  }

  /** A set that must be there. Fault `media.unknown-set`. */
  set(uuid: Uuid): MediaSet {
    const set = this.#inventory.set(uuid);
    if (set === undefined) throw mediaFault("unknown-set", { text: uuid });
    return set;
  }

  /** The members of a set in order. Fault `media.incomplete-set`. */
  members(uuid: Uuid): readonly CartridgeRecord[] {
    const { members } = this.set(uuid);
    return members.map((member, missing) => {
      if (member === undefined) throw mediaFault("incomplete-set", { set: uuid, missing });
      return member;
    });
  }

  /** Begins an empty catalog in the place of any other. */
  async startCatalog(
    cartridge: Uuid,
    set?: { readonly uuid: Uuid; readonly setIndex: number },
  ): Promise<CartridgeCatalog> {
    const catalog = new CartridgeCatalog(cartridge, set && { uuid: set.uuid, setIndex: set.setIndex });
    await this.#options.files.write(catalogName(cartridge), catalog.start);
    return catalog;
  }

  /**
   * The catalog of a cartridge; undefined when there is none. One whose last entry was torn in a crash ends behind the
   * last whole one, on disk too: what the torn one names is on tape and is written again. Fault `media.damaged`.
   */
  async catalog(cartridge: Uuid): Promise<CartridgeCatalog | undefined> {
    const source = await this.#options.files.open(catalogName(cartridge));
    if (source === undefined) return undefined;
    let found: CatalogRead;
    try {
      found = await readCatalogAsFar(source, `the catalog of ${cartridge}`);
    } finally {
      await source.close();
    }
    if (found.isCut) await this.#shortenCatalog(cartridge, found.wholeBytes);
    return found.catalog;
  }

  async #shortenCatalog(cartridge: Uuid, sizeBytes: number): Promise<void> {
    const source = await this.#options.files.open(catalogName(cartridge));
    if (source === undefined) return;
    let left = sizeBytes;
    const start: ByteSource = {
      read: async (into) => {
        const count = await source.read(into.subarray(0, Math.min(left, into.byteLength)));
        left -= count;
        return count;
      },
    };
    try {
      await this.replaceCatalog(cartridge, start);
    } finally {
      await source.close();
    }
  }

  /** The bytes of a catalog, for tape; whoever opens them closes them. Fault `media.catalog-missing`. */
  async catalogSource(record: CartridgeRecord): Promise<ByteSource & { close(): Promise<void> }> {
    const source = await this.#options.files.open(catalogName(record.label.uuid));
    if (source === undefined) throw mediaFault("catalog-missing", { label: record.label.labelText });
    return source;
  }

  /** Adds entries; they are durable when this resolves. */
  appendCatalog(cartridge: Uuid, entries: Uint8Array): Promise<void> {
    return this.#options.files.append(catalogName(cartridge), entries);
  }

  /** Replaces a catalog by one that was read from tape, or rebuilt. */
  replaceCatalog(cartridge: Uuid, content: ByteSource): Promise<void> {
    return this.#options.files.writeFrom(catalogName(cartridge), content);
  }

  /** Forgets a cartridge and its catalog. */
  async forget(cartridge: Uuid): Promise<void> {
    await this.update((inventory) => inventory.without(cartridge));
    await this.removeCatalog(cartridge);
  }

  removeCatalog(cartridge: Uuid): Promise<void> {
    return this.#options.files.remove(catalogName(cartridge));
  }
}

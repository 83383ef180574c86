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
import type { SetLabel } from "#format/index.ts";
import { CartridgeCatalog, readCatalog } from "./catalog.ts";
import { mediaFault } from "./faults.ts";
import { type CartridgeRecord, Inventory, type MediaSet } from "./inventory.ts";
import { decideSet, type MediaPool, pickNext, type PoolView, type SetDecision } from "./pool.ts";
import type { StateFiles } from "./state-files.ts";
import type { Zone } from "./zone.ts";

const inventoryName = "inventory.json";
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
  /** The set label that it had before, as far as the inventory knew. */
  readonly previous: SetLabel | undefined;
}

/** Keeps the inventory and the catalogs. */
export class Librarian {
  readonly #options: LibrarianOptions;
  #inventory: Inventory;
  readonly #lockedSets = new Set<Uuid>();

  private constructor(options: LibrarianOptions, inventory: Inventory) {
    this.#options = options;
    this.#inventory = inventory;
  }

  /** Reads the inventory. Fault `media.damaged`. */
  static async open(options: LibrarianOptions): Promise<Librarian> {
    const bytes = await options.files.read(inventoryName);
    const text = bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
    return new Librarian(options, Inventory.parse(text));
  }

  get inventory(): Inventory {
    return this.#inventory;
  }

  get zone(): Zone {
    return this.#options.zone;
  }

  /** Changes the inventory; the change is durable when this resolves. */
  async update(change: (inventory: Inventory) => Inventory): Promise<void> {
    const changed = change(this.#inventory);
    await this.#options.files.write(inventoryName, bytesFromText(changed.text()));
    this.#inventory = changed;
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
  }

  /** Decides which set a backup writes. */
  beginSet(view: PoolView, options: { readonly isForced: boolean }): WriteSet {
    const decision = decideSet(view, options);
    return { uuid: decision.kind === "continue" ? decision.set.uuid : newUuid(this.#options.random), decision };
  }

  /**
   * Gives out the cartridge on which a set is continued. A new one joins the set in the inventory, and begins an empty
   * catalog, before its tape is touched (B-PICK-6). Fault `media.no-media`.
   */
  async allocate(view: PoolView, set: Uuid, key: SetLabel["key"]): Promise<Allocation> {
    const present = this.#inventory.set(set);
    const pick = pickNext({ ...view, inventory: this.#inventory }, present);
    if ("reason" in pick) throw mediaFault("no-media", { pool: view.pool.name, reason: pick.reason });
    const { record, source } = pick;
    if (source === "current" && record.set !== undefined)
      return { record, set: record.set, isNew: false, previous: record.set };
    const label: SetLabel = {
      pool: view.pool.name,
      uuid: set,
      setIndex: present?.members.length ?? 0,
      ctime: epochSeconds(this.#options.clock.now()),
      key,
    };
    await this.update((inventory) =>
      inventory
        .withLabels({ label: record.label, set: label }, { dropsState: true })
        .withBytesUsed(record.label.uuid, undefined),
    );
    await this.startCatalog(record.label.uuid, label);
    return { record: this.#inventory.get(record.label.uuid), set: label, isNew: true, previous: record.set };
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

  /** The catalog of a cartridge; undefined when there is none. Fault `media.damaged`. */
  async catalog(cartridge: Uuid): Promise<CartridgeCatalog | undefined> {
    const source = await this.#options.files.open(catalogName(cartridge));
    if (source === undefined) return undefined;
    try {
      return await readCatalog(source, `the catalog of ${cartridge}`);
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

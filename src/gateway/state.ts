// SPDX-License-Identifier: Apache-2.0
// The state of the gateway: what the facts of the ledger come to. Changed by `apply` and nothing else; `apply` decides
// nothing and asks nobody, so the same facts always give the same state.

import { assert, defined, type Instant } from "#base/index.ts";
import { Changer, type Placement } from "#library/index.ts";
import type { BandwidthSettings } from "#store/index.ts";
import type { TaskRecord } from "#work/index.ts";
import type { CartridgeRecord, ChapRecord, Fact, LibraryRecord, MoveStep, PoolRecord, CreationRule } from "./facts.ts";
import type { ObjectId } from "./views.ts";

/** A library and what is in its elements. */
export interface LibraryState {
  readonly record: LibraryRecord;
  /** One object as long as the library lives. */
  readonly changer: Changer;
}

/** Pools that are always there. */
export const builtInPools: readonly PoolRecord[] = [
  { name: "glacier", storageClass: "GLACIER", lock: "NONE", retentionDays: 0 },
  { name: "deep-archive", storageClass: "DEEP_ARCHIVE", lock: "NONE", retentionDays: 0 },
  { name: "standard", storageClass: "STANDARD", lock: "NONE", retentionDays: 0 },
];

/** Placements of one fact in a snapshot: at most some 200 bytes each, far below `limits.ledgerFact`. */
const placementsEach = 1000;

/** The facts, come to a state. */
export class GatewayState {
  instance: { readonly name: string; readonly createdAt: Instant } | undefined;
  readonly libraries = new Map<ObjectId, LibraryState>();
  /** By barcode. */
  readonly cartridges = new Map<string, CartridgeRecord>();
  /** Those with copies in other stores, by id. */
  readonly mirrored = new Map<string, CartridgeRecord>();
  /** Barcodes in order; made when somebody asks, forgotten when one comes or goes. */
  #sorted: readonly string[] | undefined;
  /** Barcodes of deleted cartridges. */
  readonly spentBarcodes = new Set<string>();
  /** By name, the built-in ones included. */
  readonly pools = new Map(builtInPools.map((pool) => [pool.name, pool]));
  /** Rules of automatic creation by library; never an empty list. */
  readonly rules = new Map<ObjectId, readonly CreationRule[]>();
  /** Allow-lists by target name; never an empty one. */
  readonly allow = new Map<string, readonly string[]>();
  /** By target name, then by initiator. */
  readonly chap = new Map<string, Map<string, ChapRecord>>();
  /** Initiators that a restart would take by surprise, by target name. */
  readonly present = new Map<string, readonly string[]>();
  readonly tasks = new Map<string, TaskRecord>();
  /** Bandwidth limits that were set through the API. */
  bandwidth: BandwidthSettings | undefined;
  /** How far the trusted clock has come. */
  clockMark: Instant | undefined;

  /** Makes the fact true. A Bug when it contradicts the facts before it. */
  apply(fact: Fact): void {
    switch (fact.kind) {
      case "instance":
        this.instance = { name: fact.name, createdAt: fact.createdAt };
        return;
      case "library":
        return this.#setLibrary(fact.library);
      case "library-gone":
        this.libraries.delete(fact.id);
        this.rules.delete(fact.id);
        return;
      case "cartridge":
        this.#setCartridge(fact.cartridge);
        this.#sorted = undefined;
        return;
      case "cartridge-changed":
        this.#setCartridge({ ...this.cartridge(fact.barcode), ...fact.change, changedAt: fact.at });
        return;
      case "cartridge-gone":
        this.mirrored.delete(this.cartridges.get(fact.barcode)?.id ?? "");
        this.cartridges.delete(fact.barcode);
        this.#sorted = undefined;
        this.spentBarcodes.add(fact.barcode);
        return;
      case "placed":
        return this.#place(fact.library, fact.placements);
      case "moved":
        return this.#move(fact.library, fact.steps);
      case "taken":
        return this.#take(fact.library, fact.barcode);
      case "pool":
        this.pools.set(fact.pool.name, fact.pool);
        return;
      case "bandwidth":
        this.bandwidth = fact.bandwidth;
        return;
      case "bandwidth-gone":
        this.bandwidth = undefined;
        return;
      case "pool-gone":
        this.pools.delete(fact.name);
        return;
      case "rules":
        if (fact.rules.length === 0) this.rules.delete(fact.library);
        else this.rules.set(fact.library, fact.rules);
        return;
      case "allow":
        return setList(this.allow, fact.target, fact.initiators);
      case "chap":
        return this.#setChap(fact.chap);
      case "chap-gone":
        return this.#removeChap(fact.target, fact.initiator);
      case "present":
        return setList(this.present, fact.target, fact.initiators);
      case "clock":
        this.clockMark = Math.max(this.clockMark ?? fact.at, fact.at) as Instant;
        return;
      case "task":
        this.tasks.set(fact.task.id, fact.task);
        return;
      case "task-gone":
        this.tasks.delete(fact.id);
        return;
      default:
        fact satisfies never;
    }
  }

  /** Barcodes of all cartridges, in order. */
  get sortedBarcodes(): readonly string[] {
    this.#sorted ??= [...this.cartridges.keys()].toSorted((left, right) => (left < right ? -1 : 1));
    return this.#sorted;
  }

  /** A library that facts name. */
  library(id: ObjectId): LibraryState {
    return defined(this.libraries.get(id), `library ${id} exists`);
  }

  /** A cartridge that facts name. */
  cartridge(barcode: string): CartridgeRecord {
    return defined(this.cartridges.get(barcode), `cartridge ${barcode} exists`);
  }

  /** About how many facts `snapshot` gives: those that can be many are counted. */
  get factCount(): number {
    return this.libraries.size + this.cartridges.size + this.spentBarcodes.size + this.tasks.size;
  }

  /** Facts that give this state, as few as possible. */
  snapshot(): readonly Fact[] {
    const facts: Fact[] = [];
    if (this.instance !== undefined) facts.push({ kind: "instance", ...this.instance });
    for (const { record } of this.libraries.values()) facts.push({ kind: "library", library: record });
    for (const cartridge of this.cartridges.values()) facts.push({ kind: "cartridge", cartridge });
    for (const [library, { changer }] of this.libraries) {
      const placements = changer.placements();
      for (let first = 0; first < placements.length; first += placementsEach) {
        facts.push({ kind: "placed", library, placements: placements.slice(first, first + placementsEach) });
      }
    }
    for (const barcode of this.spentBarcodes) facts.push({ kind: "cartridge-gone", barcode });
    if (this.bandwidth !== undefined) facts.push({ kind: "bandwidth", bandwidth: this.bandwidth });
    for (const pool of this.pools.values()) {
      if (!builtInPools.includes(pool)) facts.push({ kind: "pool", pool });
    }
    for (const [library, rules] of this.rules) facts.push({ kind: "rules", library, rules });
    for (const [target, initiators] of this.allow) facts.push({ kind: "allow", target, initiators });
    for (const records of this.chap.values()) {
      for (const chap of records.values()) facts.push({ kind: "chap", chap });
    }
    for (const [target, initiators] of this.present) facts.push({ kind: "present", target, initiators });
    if (this.clockMark !== undefined) facts.push({ kind: "clock", at: this.clockMark });
    for (const task of this.tasks.values()) facts.push({ kind: "task", task });
    return facts;
  }

  #setCartridge(cartridge: CartridgeRecord): void {
    this.cartridges.set(cartridge.barcode, cartridge);
    if (cartridge.copies !== undefined) this.mirrored.set(cartridge.id, cartridge);
  }

  #setChap(chap: ChapRecord): void {
    const records = this.chap.get(chap.target) ?? new Map<string, ChapRecord>();
    records.set(chap.initiator, chap);
    this.chap.set(chap.target, records);
  }

  #removeChap(target: string, initiator: string): void {
    const records = this.chap.get(target);
    records?.delete(initiator);
    if (records?.size === 0) this.chap.delete(target);
  }

  #setLibrary(record: LibraryRecord): void {
    const known = this.libraries.get(record.id);
    if (known === undefined) {
      this.libraries.set(record.id, { record, changer: new Changer(record.shape) });
      return;
    }
    known.changer.reshape(record.shape);
    this.libraries.set(record.id, { record, changer: known.changer });
  }

  #place(library: ObjectId, placements: readonly Placement[]): void {
    const state = this.library(library);
    for (const placement of placements) state.changer.restore(placement);
  }

  #move(library: ObjectId, steps: readonly MoveStep[]): void {
    const { changer } = this.library(library);
    changer.apply(
      ...steps.map(({ barcode, from, to }) => {
        const source = defined(changer.elementAt(from), `element ${from} exists`);
        const destination = defined(changer.elementAt(to), `element ${to} exists`);
        const occupant = defined(source.occupant, `element ${from} holds ${barcode}`);
        assert(occupant.barcode === barcode, `element ${from} holds ${barcode}, not ${occupant.barcode}`);
        return { occupant, source, destination };
      }),
    );
  }

  #take(library: ObjectId, barcode: string): void {
    const { changer } = this.library(library);
    const element = defined(changer.find(barcode), `${barcode} is in an element`);
    changer.remove(element.address);
  }
}

/** Keeps no empty lists. */
function setList(lists: Map<string, readonly string[]>, name: string, list: readonly string[]): void {
  if (list.length === 0) lists.delete(name);
  else lists.set(name, list);
}

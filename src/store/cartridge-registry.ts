// SPDX-License-Identifier: Apache-2.0
// Which cartridges the store has, in the store's ledger. It opens none of them.

import { assert, hexFromBytes, type Instant, type Log, type Random } from "#base/index.ts";
import type { Disk } from "./disk.ts";
import { storeFault } from "./faults.ts";
import type { LogMemory, LogPosition } from "./bucket-log.ts";
import { Ledger } from "./ledger.ts";
import type { RecoveryPoint, StoreLogFact } from "./log-entry.ts";
import { blankUsage, decodeStoreFact, type RestState, type StoreFact, storeFactsVersion } from "./store-facts.ts";
import type { CartridgeDescription, CartridgeId, CartridgeLoss, CartridgeUsage } from "./types.ts";

/** What is known of a cartridge without opening it. */
export interface CartridgeRecord {
  readonly id: CartridgeId;
  readonly tag: string;
  readonly description: CartridgeDescription;
  /** As it was when the cartridge was last put to rest. */
  readonly usage: CartridgeUsage;
  readonly state: RestState;
  /** The last state that is complete in the bucket. */
  readonly point?: RecoveryPoint;
  /** What was lost, until somebody has taken note. */
  readonly loss?: CartridgeLoss;
  /** When somebody took note of objects in the middle that are gone. */
  readonly lostNoted?: Instant;
}

/** The cartridges and the ledger that remembers them. It also remembers what the bucket's log was told. */
export class CartridgeRegistry implements LogMemory {
  readonly #random: Random;
  readonly #ledger: Ledger<StoreFact>;
  readonly #records = new Map<CartridgeId, CartridgeRecord>();
  readonly #removing = new Set<CartridgeId>();
  #position: LogPosition | undefined;
  #isBehind = false;
  #format = 1;
  /** Told of what the bucket should know. */
  tell: (fact: StoreLogFact) => void = () => {};
  #compacting: Promise<void> | undefined;

  private constructor(random: Random, ledger: Ledger<StoreFact>) {
    this.#random = random;
    this.#ledger = ledger;
    for (const fact of ledger.replayed) this.#apply(fact);
    ledger.forgetReplayed();
  }

  /** Replays the ledger at `path`. */
  static async open(options: { disk: Disk; log: Log; random: Random; path: string }): Promise<CartridgeRegistry> {
    const { disk, log, path } = options;
    const ledger = await Ledger.open({ disk, log, path, decode: decodeStoreFact });
    const registry = new CartridgeRegistry(options.random, ledger);
    // From here on an older release refuses the ledger, instead of failing at what it does not know.
    if (registry.#format < storeFactsVersion) await registry.#add({ kind: "format", version: storeFactsVersion });
    return registry;
  }

  get records(): ReadonlyMap<CartridgeId, CartridgeRecord> {
    return this.#records;
  }

  get position(): LogPosition | undefined {
    return this.#position;
  }

  /** True when something happened that no entry of the bucket's log tells. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  keep(position: LogPosition): Promise<void> {
    return this.#add({ kind: "log", position });
  }

  /** What the bucket should know of all cartridges. */
  logFacts(): readonly StoreLogFact[] {
    return [...this.#records.values()].map(({ id, tag, point }) => ({
      kind: "cartridge",
      id,
      tag,
      point: point ?? null,
    }));
  }

  /** Removed cartridges whose bytes may still be somewhere. */
  get removing(): ReadonlySet<CartridgeId> {
    return this.#removing;
  }

  /** Fault `store.cartridge-missing`. */
  get(id: CartridgeId): CartridgeRecord {
    const record = this.#records.get(id);
    if (record === undefined) throw storeFault("cartridge-missing", { cartridge: id });
    return record;
  }

  /** `tag`: that of the cartridge whose records it will have; drawn unless given. */
  async create(
    id: CartridgeId,
    description: CartridgeDescription,
    tag: string = hexFromBytes(this.#random.bytes(8)),
  ): Promise<void> {
    assert(/^[A-Za-z0-9_-]{1,64}$/.test(id), `a name of letters, digits, - and _, not ${JSON.stringify(id)}`);
    if (this.#records.has(id) || this.#removing.has(id)) throw storeFault("cartridge-exists", { cartridge: id });
    try {
      this.tell({ kind: "cartridge", id, tag, point: null });
      await this.#add({ kind: "cartridge", id, tag, description, usage: blankUsage, state: "rest" });
    } catch (error) {
      this.#records.delete(id);
      this.tell({ kind: "gone", id });
      throw error;
    }
  }

  describe(id: CartridgeId, description: CartridgeDescription): Promise<void> {
    return this.#add({ kind: "cartridge", ...this.get(id), description });
  }

  /** What the cartridge holds now, and how far that can be relied on. */
  async note(id: CartridgeId, usage: CartridgeUsage, state: RestState): Promise<void> {
    const record = this.get(id);
    // What memory says and the disk may not is written again.
    const isDurable = this.#ledger.failure === undefined;
    if (isDurable && record.state === state && JSON.stringify(record.usage) === JSON.stringify(usage)) return;
    await this.#add({ kind: "cartridge", ...record, usage, state });
  }

  /** The bucket has a manifest of that name. */
  async notePoint(id: CartridgeId, point: RecoveryPoint): Promise<void> {
    const record = this.#records.get(id);
    if (record === undefined) return;
    this.tell({ kind: "point", id, point });
    await this.#add({ kind: "cartridge", ...record, point });
  }

  /** Something was lost; undefined: somebody has taken note. */
  noteLoss(id: CartridgeId, loss: CartridgeLoss | undefined): Promise<void> {
    const { loss: _, ...record } = this.get(id);
    return this.#add({ kind: "cartridge", ...record, ...(loss === undefined ? {} : { loss }) });
  }

  /** Somebody has taken note of objects in the middle that are gone. */
  noteLost(id: CartridgeId, lostNoted: Instant): Promise<void> {
    return this.#add({ kind: "cartridge", ...this.get(id), lostNoted });
  }

  remove(id: CartridgeId): Promise<void> {
    this.get(id);
    this.tell({ kind: "gone", id });
    return this.#add({ kind: "removing", id });
  }

  /** Nothing of a removed cartridge is left. */
  forget(id: CartridgeId): Promise<void> {
    return this.#add({ kind: "removed", id });
  }

  async close(): Promise<void> {
    await this.#compacting?.catch(() => {});
    await this.#ledger.close();
  }

  async #add(fact: StoreFact): Promise<void> {
    this.#apply(fact);
    // After a failure, which a full disk may be, memory is written as a whole.
    const isHealing = this.#ledger.failure !== undefined;
    if (!isHealing) await this.#ledger.append([fact]);
    const size = this.#records.size + this.#removing.size;
    if (isHealing) await this.#ledger.compact(this.#snapshot());
    else if (this.#ledger.factCount > 2 * size + 1000 && this.#compacting === undefined) {
      this.#compacting = this.#ledger.compact(this.#snapshot()).finally(() => {
        this.#compacting = undefined;
      });
      await this.#compacting;
    }
  }

  #apply(fact: StoreFact): void {
    switch (fact.kind) {
      case "cartridge": {
        const known = this.#records.get(fact.id);
        this.#isBehind ||= known === undefined || known.point?.number !== fact.point?.number;
        // The fact itself: a copy without its kind would be another object for each cartridge.
        this.#records.set(fact.id, fact);
        return;
      }
      case "removing":
        this.#isBehind = true;
        this.#records.delete(fact.id);
        this.#removing.add(fact.id);
        return;
      case "removed":
        this.#removing.delete(fact.id);
        return;
      case "log":
        this.#position = fact.position;
        this.#isBehind = fact.position.isBehind;
        return;
      case "format":
        this.#format = fact.version;
        return;
      default:
        fact satisfies never;
    }
  }

  #logFact(position: LogPosition): StoreFact {
    return { kind: "log", position: { ...position, isBehind: this.#isBehind } };
  }

  #snapshot(): readonly StoreFact[] {
    return [
      { kind: "format", version: storeFactsVersion },
      ...[...this.#records.values()].map((record) => ({ kind: "cartridge" as const, ...record })),
      ...[...this.#removing].map((id) => ({ kind: "removing" as const, id })),
      ...(this.#position === undefined ? [] : [this.#logFact(this.#position)]),
    ];
  }
}

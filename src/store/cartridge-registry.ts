// SPDX-License-Identifier: Apache-2.0
// Which cartridges the store has, in the store's ledger. It opens none of them.

import { assert, hexFromBytes, type Log, type Random } from "#base/index.ts";
import type { Disk } from "./disk.ts";
import { storeFault } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { blankUsage, decodeStoreFact, type RestState, type StoreFact } from "./store-facts.ts";
import type { CartridgeDescription, CartridgeId, CartridgeUsage } from "./types.ts";

/** What is known of a cartridge without opening it. */
export interface CartridgeRecord {
  readonly id: CartridgeId;
  readonly tag: string;
  readonly description: CartridgeDescription;
  /** As it was when the cartridge was last put to rest. */
  readonly usage: CartridgeUsage;
  readonly state: RestState;
}

/** The cartridges and the ledger that remembers them. */
export class CartridgeRegistry {
  readonly #random: Random;
  readonly #ledger: Ledger<StoreFact>;
  readonly #records = new Map<CartridgeId, CartridgeRecord>();
  readonly #removing = new Set<CartridgeId>();
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
    return new CartridgeRegistry(options.random, await Ledger.open({ disk, log, path, decode: decodeStoreFact }));
  }

  get records(): ReadonlyMap<CartridgeId, CartridgeRecord> {
    return this.#records;
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

  async create(id: CartridgeId, description: CartridgeDescription): Promise<void> {
    assert(/^[A-Za-z0-9_-]{1,64}$/.test(id), `a name of letters, digits, - and _, not ${JSON.stringify(id)}`);
    if (this.#records.has(id) || this.#removing.has(id)) throw storeFault("cartridge-exists", { cartridge: id });
    const tag = hexFromBytes(this.#random.bytes(8));
    try {
      await this.#add({ kind: "cartridge", id, tag, description, usage: blankUsage, state: "rest" });
    } catch (error) {
      this.#records.delete(id);
      throw error;
    }
  }

  describe(id: CartridgeId, description: CartridgeDescription): Promise<void> {
    return this.#add({ kind: "cartridge", ...this.get(id), description });
  }

  /** What the cartridge holds now, and how far that can be relied on. */
  async note(id: CartridgeId, usage: CartridgeUsage, state: RestState): Promise<void> {
    const record = this.get(id);
    if (record.state === state && JSON.stringify(record.usage) === JSON.stringify(usage)) return;
    await this.#add({ kind: "cartridge", ...record, usage, state });
  }

  remove(id: CartridgeId): Promise<void> {
    this.get(id);
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
    const { id } = fact;
    if (fact.kind === "cartridge") {
      const { tag, description, usage, state } = fact;
      this.#records.set(id, { id, tag, description, usage, state });
    } else if (fact.kind === "removing") {
      this.#records.delete(id);
      this.#removing.add(id);
    } else this.#removing.delete(id);
  }

  #snapshot(): readonly StoreFact[] {
    return [
      ...[...this.#records.values()].map((record) => ({ kind: "cartridge" as const, ...record })),
      ...[...this.#removing].map((id) => ({ kind: "removing" as const, id })),
    ];
  }
}

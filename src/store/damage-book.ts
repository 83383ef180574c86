// SPDX-License-Identifier: Apache-2.0
// What is known of damaged copies of segments since the start: counted, logged, told on; and which cartridges have lost
// objects that nobody has taken note of.

import { limits, type Log } from "#base/index.ts";
import type { CartridgeRecord } from "./cartridge-registry.ts";
import type { CartridgeId, DamageTotals, SegmentDamage } from "./types.ts";

/** The book of one store. */
export class DamageBook {
  readonly #log: Log;
  readonly #tell: (damage: SegmentDamage) => void;
  readonly #counts = { found: 0, healed: 0, lost: 0 };
  /** By file. */
  readonly #waiting = new Map<string, SegmentDamage>();
  readonly #ids = new Set<CartridgeId>();

  constructor(log: Log, tell: (damage: SegmentDamage) => void) {
    this.#log = log;
    this.#tell = tell;
  }

  /** What the store's ledger knows at the start. */
  begin(records: Iterable<CartridgeRecord>): void {
    for (const { id, usage, lostNoted } of records) {
      if ((usage.lost ?? []).some(({ at }) => at > (lostNoted ?? -Infinity))) this.#ids.add(id);
    }
  }

  get totals(): DamageTotals {
    return { ...this.#counts, waiting: [...this.#waiting.values()] };
  }

  /** Cartridges that lost something, maybe: a cut may have made it good. */
  get ids(): readonly CartridgeId[] {
    return [...this.#ids];
  }

  note(damage: SegmentDamage): void {
    const { id, subject, what, outcome, lost } = damage;
    this.#counts[outcome] += 1;
    if (outcome === "found" && this.#waiting.size < limits.findings) this.#waiting.set(subject, damage);
    else this.#waiting.delete(subject);
    if (outcome === "lost") this.#ids.add(id);
    const fields = { cartridge: id, segment: damage.segment, subject, what };
    if (outcome === "healed") this.#log.warn("a damaged copy of a segment was made anew", fields);
    else if (outcome === "found") this.#log.error("a copy of a segment is damaged", fields);
    else {
      const objects = lost.map(([first, end]) => `${first} to ${end - 1}`).join(", ");
      this.#log.error("objects of a cartridge are lost: they were damaged before they were uploaded", {
        ...fields,
        objects,
      });
    }
    this.#tell(damage);
  }

  /** The segment is dead: nobody needs it any more. */
  forget(subject: string): void {
    this.#waiting.delete(subject);
  }

  /** Somebody has taken note. */
  accept(id: CartridgeId): void {
    this.#ids.delete(id);
  }
}

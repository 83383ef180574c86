// SPDX-License-Identifier: Apache-2.0
// Automatic creation of cartridges, by rules. A rule counts the cartridges whose barcode begins with its prefix and that
// stand in mail slots of its library. When one of them is moved from there to a drive or a storage slot, the count falls,
// and new ones are made up to the minimum. What is ejected neither counts nor starts anything.

import { asError, isFault, limits } from "#base/index.ts";
import { Gate } from "#work/index.ts";
import type { CartridgeDesk } from "./cartridge-desk.ts";
import { checkCreation, defaultPoolFor } from "./cartridge-plan.ts";
import { freeElements } from "./elements.ts";
import type { CreationRule } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import type { LibraryDesk } from "./library-desk.ts";
import { checkNumber } from "./library-plan.ts";
import type { GatewayParts } from "./parts.ts";
import type { Actor, CreationRuleRequest } from "./requests.ts";
import type { GatewayState, LibraryState } from "./state.ts";
import type { CreationRuleView, ObjectId } from "./views.ts";

/** How many cartridges a rule counts. */
export function countedBy({ changer }: LibraryState, { prefix }: CreationRule): number {
  return changer.elements("mail-slot").filter(({ occupant }) => occupant?.barcode.startsWith(prefix) === true).length;
}

/** The rules of all libraries. */
export class CreationDesk {
  readonly #parts: GatewayParts;
  readonly #libraries: LibraryDesk;
  readonly #cartridges: CartridgeDesk;
  readonly #gate = new Gate();

  constructor(parts: GatewayParts, libraries: LibraryDesk, cartridges: CartridgeDesk) {
    this.#parts = parts;
    this.#libraries = libraries;
    this.#cartridges = cartridges;
  }

  /** All rules, or those of one library. Fault `gateway.library-unknown`. */
  views(library?: string): readonly CreationRuleView[] {
    const { state } = this.#parts.book;
    const only = library === undefined ? undefined : this.#libraries.named(library).id;
    return [...state.rules].flatMap(([id, rules]) => {
      if (only !== undefined && id !== only) return [];
      const place = state.library(id);
      return rules.map((rule) => ({ library: place.record.name, ...rule, available: countedBy(place, rule) }));
    });
  }

  /**
   * Sets or replaces the rule of a prefix and makes what it asks for. Faults `gateway.library-unknown`,
   * `gateway.bad-number`, `gateway.too-many-rules`, and those of making such cartridges.
   */
  async set(request: CreationRuleRequest, actor: Actor): Promise<void> {
    const host = this.#libraries.named(request.library);
    await this.#parts.book.change((state) => {
      const library = state.library(host.id);
      const rule = newRule(state, library, { ...request, defaultPool: defaultPoolFor(this.#parts.abilities) });
      const others = (state.rules.get(host.id) ?? []).filter(({ prefix }) => prefix !== rule.prefix);
      const max = limits.creationRules;
      if (others.length >= max) throw gatewayFault("too-many-rules", { library: request.library, max });
      return { facts: [{ kind: "rules", library: host.id, rules: [...others, rule] }], result: undefined };
    });
    this.#tell(request.library, `${actor.who} set the creation rule ${request.prefix} of library ${request.library}`);
    await this.follow(host.id);
  }

  /** Faults `gateway.library-unknown`, `gateway.rule-unknown`. */
  async remove(library: string, prefix: string, actor: Actor): Promise<void> {
    const { id } = this.#libraries.named(library);
    await this.#parts.book.change((state) => {
      const rules = state.rules.get(id) ?? [];
      const left = rules.filter((rule) => rule.prefix !== prefix);
      if (left.length === rules.length) throw gatewayFault("rule-unknown", { library, prefix });
      return { facts: [{ kind: "rules", library: id, rules: left }], result: undefined };
    });
    this.#tell(library, `${actor.who} deleted the creation rule ${prefix} of library ${library}`);
  }

  /** At a start: what rules ask for in all libraries. */
  async followAll(): Promise<void> {
    for (const id of this.#parts.book.state.rules.keys()) await this.follow(id);
  }

  /** Makes what the rules of a library ask for, as far as mail slots are free. A rule that cannot be followed is told. */
  follow(library: ObjectId): Promise<void> {
    return this.#gate.run(async () => {
      for (const rule of this.#parts.book.state.rules.get(library) ?? []) await this.#followRule(library, rule);
    });
  }

  async #followRule(library: ObjectId, rule: CreationRule): Promise<void> {
    const { book, alarms } = this.#parts;
    const place = book.state.libraries.get(library);
    if (place === undefined) return;
    const { name } = place.record;
    const alarm = `creation ${name} ${rule.prefix}`;
    const advice = `see \`capstan rule list\``;
    const missing = rule.minimum - countedBy(place, rule);
    const count = Math.min(missing, freeElements(place.changer, "mail-slot").length, limits.cartridgesPerCreate);
    if (missing <= 0) return alarms.set(alarm, { severity: undefined, text: "there are enough cartridges", advice });
    try {
      if (count > 0) await this.#make(name, rule, count);
      const text = `library ${name} has no free mail slot for ${missing - count} more cartridges ${rule.prefix}…`;
      alarms.set(alarm, { severity: count < missing ? "notice" : undefined, text, advice });
    } catch (error) {
      if (!isFault(error)) throw error;
      const text = `cartridges ${rule.prefix}… could not be made in library ${name}: ${asError(error).message}`;
      alarms.set(alarm, { severity: "warning", text, advice });
    }
  }

  async #make(library: string, rule: CreationRule, count: number): Promise<void> {
    const { prefix, pool, sizeBytes, writeOnce } = rule;
    const request = { library, count, into: "mail-slot", barcodePrefix: prefix, pool, sizeBytes, writeOnce } as const;
    await this.#cartridges.create(request);
  }

  #tell(library: string, text: string): void {
    this.#parts.log.info(text, { library });
    this.#parts.feed.publish("library.changed", library, text);
  }
}

function newRule(
  state: GatewayState,
  library: LibraryState,
  request: CreationRuleRequest & { readonly defaultPool: string },
): CreationRule {
  const { prefix, minimum = 1, writeOnce = false } = request;
  const { record } = library;
  const most = Math.min(limits.creationMinimum, record.shape["mail-slot"].count);
  checkNumber(`the minimum of ${prefix} in library ${record.name}`, minimum, { min: 1, max: most });
  const { pool, sizeBytes } = checkCreation(state, library, { ...request, barcodePrefix: prefix, writeOnce });
  return { prefix, pool, sizeBytes, minimum, writeOnce };
}

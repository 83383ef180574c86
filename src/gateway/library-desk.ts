// SPDX-License-Identifier: Apache-2.0
// The libraries of a gateway: makes, changes and deletes them, and finds the one that a name means.

import { defined } from "#base/index.ts";
import type { Fact, LibraryRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { kindTitle, shownKind } from "./elements.ts";
import { LibraryHost, type LibraryHostOptions } from "./library-host.ts";
import { planLibrary, replanLibrary } from "./library-plan.ts";
import { driveName } from "./naming.ts";
import type { GatewayParts } from "./parts.ts";
import type { LibraryChange, LibraryRequest } from "./requests.ts";
import type { GatewayState, LibraryState } from "./state.ts";
import type { ObjectId } from "./views.ts";
import type { TargetUnits } from "./target-unit.ts";

/** What libraries need from the rest of the gateway. */
export type LibraryNeeds = Pick<LibraryHostOptions, "naming" | "watcher" | "tellsPowerOn" | "moved" | "policyFor">;

/** The libraries. */
export class LibraryDesk {
  readonly #parts: GatewayParts;
  readonly #needs: LibraryNeeds;
  readonly #hosts = new Map<ObjectId, LibraryHost>();

  constructor(parts: GatewayParts, needs: LibraryNeeds) {
    this.#parts = parts;
    this.#needs = needs;
    for (const id of this.#state.libraries.keys()) this.#hosts.set(id, this.#newHost(id));
  }

  /** In the order of their making. */
  hosts(): readonly LibraryHost[] {
    return [...this.#hosts.values()];
  }

  /** Fault `gateway.library-unknown`. */
  named(name: string): LibraryHost {
    const host = this.hosts().find(({ record }) => record.name === name);
    if (host !== undefined) return host;
    const known = this.hosts().map(({ record }) => record.name);
    throw gatewayFault("library-unknown", { name, known: known.length === 0 ? "none" : known.join(", ") });
  }

  withId(id: ObjectId): LibraryHost | undefined {
    return this.#hosts.get(id);
  }

  /** All targets with their libraries. */
  targets(): readonly { readonly target: TargetUnits; readonly host: LibraryHost }[] {
    return this.hosts().flatMap((host) => [...host.targets.values()].map((target) => ({ target, host })));
  }

  /** The target of this name. */
  target(name: string): { readonly target: TargetUnits; readonly host: LibraryHost } | undefined {
    for (const host of this.#hosts.values()) {
      const target = host.targets.get(name);
      if (target !== undefined) return { target, host };
    }
    return undefined;
  }

  /** Faults of `planLibrary`, `gateway.library-exists`. */
  async create(request: LibraryRequest): Promise<LibraryHost> {
    const { book, random, clock, feed } = this.#parts;
    const id = await book.change((state) => {
      const library = planLibrary(request, random, clock.now());
      for (const { record } of state.libraries.values()) {
        if (record.name === library.name) throw gatewayFault("library-exists", { name: library.name });
      }
      return { facts: [{ kind: "library", library }], result: library.id };
    });
    const host = this.#newHost(id);
    this.#hosts.set(id, host);
    feed.publish("library.created", request.name, `library ${request.name} is there`);
    return host;
  }

  /** Faults of `replanLibrary`, `gateway.library-shrink`, `gateway.library-in-use`, `gateway.topology-fixed`. */
  async change(name: string, change: LibraryChange): Promise<LibraryHost> {
    const host = this.named(name);
    await host.exclusive(async () => {
      await this.#parts.book.change((state) => {
        const current = state.library(host.id);
        const library = replanLibrary(current.record, change, this.#parts.random);
        checkShrink(current, library);
        checkSessions(host, library);
        return { facts: [{ kind: "library", library }], result: undefined };
      });
      await host.follow();
    });
    this.#parts.feed.publish("library.changed", name, `library ${name} has other elements`);
    return host;
  }

  /** Faults `gateway.library-unknown`, `gateway.library-occupied`, `gateway.library-in-use`. */
  async delete(name: string): Promise<void> {
    const host = this.named(name);
    await host.exclusive(async () => {
      const targets = [...host.targets.values()];
      const busy = targets.find(({ nexusCount }) => nexusCount > 0);
      if (busy !== undefined) throw gatewayFault("library-busy", { name, target: busy.name });
      await this.#parts.book.change((state) => {
        checkEmpty(state, host);
        const facts: Fact[] = targets.flatMap((target) => rulesGone(state, target.name));
        return { facts: [...facts, { kind: "library-gone", id: host.id }], result: undefined };
      });
      this.#hosts.delete(host.id);
    });
    this.#parts.feed.publish("library.deleted", name, `library ${name} is deleted`);
  }

  get #state(): GatewayState {
    return this.#parts.book.state;
  }

  #newHost(id: ObjectId): LibraryHost {
    const { clock, random, log, book, store } = this.#parts;
    const { name } = this.#state.library(id).record;
    return new LibraryHost({ clock, random, log: log.child({ library: name }), book, store, id, ...this.#needs });
  }
}

/** Refuses to take away an element that holds a cartridge. */
function checkShrink({ record, changer }: LibraryState, next: LibraryRecord): void {
  for (const kind of ["storage-slot", "mail-slot", "drive-bay"] as const) {
    const { first, count } = next.shape[kind];
    const occupied = changer
      .elements(kind)
      .find(({ address, occupant }) => address >= first + count && occupant !== undefined);
    if (occupied === undefined) continue;
    throw gatewayFault("library-shrink", {
      what: kindTitle(shownKind(kind)),
      number: occupied.address - first + 1,
      name: record.name,
      barcode: defined(occupied.occupant, "an occupant").barcode,
    });
  }
}

/** Refuses to take away a drive that hosts are logged in to. */
function checkSessions(host: LibraryHost, next: LibraryRecord): void {
  const { name, topology } = host.record;
  for (const { record } of host.drives.slice(next.drives.length)) {
    const { target } = host.drivePlace(record.number);
    if ((host.targets.get(target)?.nexusCount ?? 0) === 0) continue;
    if (topology === "single-target") throw gatewayFault("topology-fixed", { name });
    throw gatewayFault("library-in-use", { name, drive: driveName(record.number) });
  }
}

/** Refuses while cartridges are in the library or will come (back) to it. */
function checkEmpty(state: GatewayState, host: LibraryHost): void {
  const here = [...state.cartridges.values()].filter(
    ({ library, state: life }) =>
      library === host.id && life !== "ARCHIVED" && life !== "ARCHIVING" && life !== "DELETING",
  );
  const [first] = here;
  if (first === undefined) return;
  throw gatewayFault("library-occupied", { name: host.record.name, count: here.length, barcode: first.barcode });
}

function rulesGone(state: GatewayState, target: string): readonly Fact[] {
  const allow: readonly Fact[] = state.allow.has(target) ? [{ kind: "allow", target, initiators: [] }] : [];
  const chap = [...(state.chap.get(target)?.keys() ?? [])].map((initiator): Fact => ({
    kind: "chap-gone",
    target,
    initiator,
  }));
  return [...allow, ...chap, { kind: "present", target, initiators: [] }];
}

// SPDX-License-Identifier: Apache-2.0
// Targets, their access rules and their sessions: what operators set and see, and what the portals ask. Changed rules
// reach sessions that are open: those that the new rules would not let in are closed.

import { asError, limits, type Endpoint } from "#base/index.ts";
import type { Nexus, SessionRegistry } from "#iscsi/index.ts";
import { decideAccess, isOpenPortal, type AccessRules, type DirectorySource } from "./access.ts";
import { checkAllowList, checkChap, rulesOf } from "./access-rules.ts";
import type { Fact } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import type { LibraryDesk } from "./library-desk.ts";
import { matchesInitiator } from "./naming.ts";
import type { GatewayParts } from "./parts.ts";
import type { ChapRequest } from "./requests.ts";
import type { PortalSettings } from "./settings.ts";
import { sessionView, targetView } from "./show.ts";
import type { NexusWatcher, TargetUnits } from "./target-unit.ts";
import type { SessionView, TargetView } from "./views.ts";

/** A portal that listens. */
export interface OpenPortal {
  readonly settings: PortalSettings;
  readonly endpoint: Endpoint;
}

/** Targets, rules and sessions. */
export class AccessDesk implements DirectorySource, NexusWatcher {
  readonly #parts: GatewayParts;
  readonly #registry: SessionRegistry;
  readonly #libraries: () => LibraryDesk;
  readonly #portals: OpenPortal[] = [];
  /** Initiators that the end of the last process took by surprise, by target. */
  readonly #surprised: ReadonlyMap<string, readonly string[]>;
  #serving = true;

  constructor(parts: GatewayParts, registry: SessionRegistry, libraries: () => LibraryDesk) {
    this.#parts = parts;
    this.#registry = registry;
    this.#libraries = libraries;
    this.#surprised = new Map(parts.book.state.present);
  }

  // DirectorySource.

  *targets(): Iterable<TargetUnits> {
    for (const { target } of this.#libraries().targets()) yield target;
  }

  target(name: string): TargetUnits | undefined {
    return this.#libraries().target(name)?.target;
  }

  rules(target: string): AccessRules {
    return rulesOf(this.#parts.book.state, this.#parts.settings.access, target);
  }

  isServing(): boolean {
    return this.#serving;
  }

  portals(): readonly OpenPortal[] {
    return this.#portals;
  }

  /** A portal listens from now on. */
  addPortal(portal: OpenPortal): void {
    this.#portals.push(portal);
  }

  /** No session is let in any more. */
  stopServing(): void {
    this.#serving = false;
  }

  // Sessions.

  /** True for an initiator that did not log out of this target before the process ended. */
  tellsPowerOn(target: string, initiator: string): boolean {
    return this.#surprised.get(target)?.includes(initiator) ?? false;
  }

  opened(nexus: Nexus): void {
    const { targetName, initiatorName, remoteAddress } = nexus;
    this.#note(targetName, (present) => withNewest(present, initiatorName));
    this.#parts.feed.publish("session.opened", targetName, `${initiatorName} at ${remoteAddress} has logged in`);
  }

  closed(nexus: Nexus, how: "logout" | "lost"): void {
    const { targetName, initiatorName } = nexus;
    const isHereStill = this.sessions().some(
      (session) => session.target === targetName && session.initiator === initiatorName && session.isid !== nexus.isid,
    );
    if (how === "logout" && !isHereStill) {
      this.#note(targetName, (present) => present.filter((name) => name !== initiatorName));
    }
    const text = how === "logout" ? "has logged out" : "is gone without a logout";
    this.#parts.feed.publish("session.closed", targetName, `${initiatorName} ${text}`);
  }

  /** All sessions, or those of one target. */
  sessions(target?: string): readonly SessionView[] {
    const views = this.#registry.list().flatMap(sessionView);
    return target === undefined ? views : views.filter((session) => session.target === target);
  }

  /** Fault `gateway.session-unknown`. */
  async disconnect(id: number): Promise<void> {
    const ended = await this.#registry.drop((session) => session.id === id, "disconnected by an operator");
    if (ended === 0) throw gatewayFault("session-unknown", { id });
  }

  // Targets and rules.

  /** All targets, or those of one library. */
  views(library?: string): readonly TargetView[] {
    if (library !== undefined) this.#libraries().named(library);
    const sessions = this.sessions();
    return this.#libraries()
      .targets()
      .filter(({ host }) => library === undefined || host.record.name === library)
      .map(({ target, host }) => this.#view(target.name, host, sessions));
  }

  /** Fault `gateway.target-unknown`. */
  view(name: string): TargetView {
    const found = this.#libraries().target(name);
    if (found === undefined) throw gatewayFault("target-unknown", { name });
    return this.#view(name, found.host, this.sessions());
  }

  /** Faults `gateway.target-unknown`, `gateway.initiator-bad`. */
  async setAllowList(target: string, initiators: readonly string[]): Promise<void> {
    this.view(target);
    checkAllowList(initiators);
    await this.#change({ kind: "allow", target, initiators: [...new Set(initiators)] });
    await this.#dropUnwanted(target);
  }

  /** Faults `gateway.target-unknown`, `gateway.initiator-bad`, `gateway.chap-…`. */
  async setChap(request: ChapRequest): Promise<void> {
    this.view(request.target);
    await this.#change({ kind: "chap", chap: checkChap(request) });
    await this.#dropPair(request.target, request.initiator);
    await this.#dropUnwanted(request.target);
  }

  /** Faults `gateway.target-unknown`, `gateway.chap-unknown`. */
  async removeChap(target: string, initiator: string): Promise<void> {
    this.view(target);
    await this.#parts.book.change((state) => {
      if (state.chap.get(target)?.has(initiator) !== true) throw gatewayFault("chap-unknown", { target, initiator });
      return { facts: [{ kind: "chap-gone", target, initiator }], result: undefined };
    });
    this.#parts.feed.publish("access.changed", target, `the access rules of ${target} have changed`);
    await this.#dropPair(target, initiator);
  }

  async #change(fact: Fact & { readonly kind: "allow" | "chap" }): Promise<void> {
    await this.#parts.book.change(() => ({ facts: [fact], result: undefined }));
    const target = fact.kind === "allow" ? fact.target : fact.chap.target;
    this.#parts.feed.publish("access.changed", target, `the access rules of ${target} have changed`);
  }

  /** Sessions that were made with credentials that changed are closed. */
  async #dropPair(target: string, pattern: string): Promise<void> {
    await this.#registry.drop(
      (session) => session.targetName === target && matchesInitiator(pattern, session.initiatorName),
      "the CHAP credentials have changed",
    );
  }

  async #dropUnwanted(target: string): Promise<void> {
    const rules = this.rules(target);
    await this.#registry.drop((session) => {
      const portal = this.#portals.find(({ endpoint }) => endpoint.port === session.portal.port);
      const isOpen = portal !== undefined && isOpenPortal(portal.settings);
      return session.targetName === target && decideAccess(rules, session.initiatorName, { isOpen }).kind === "refused";
    }, "the access rules have changed");
  }

  #view(name: string, host: ReturnType<LibraryDesk["named"]>, sessions: readonly SessionView[]): TargetView {
    const portals = this.#portals.map(({ settings, endpoint }) => settings.advertise ?? endpoint);
    return targetView({ host, name, rules: this.rules(name), portals, sessions });
  }

  /** Remembers who is logged in. Sessions do not wait for it; a failure of the ledger shows at the next change. */
  #note(target: string, change: (present: readonly string[]) => readonly string[]): void {
    this.#parts.book
      .change((state) => {
        const present = state.present.get(target) ?? [];
        const initiators = change(present);
        const isSame = initiators.length === present.length && initiators.at(-1) === present.at(-1);
        return { facts: isSame ? [] : [{ kind: "present", target, initiators }], result: undefined };
      })
      .catch((error: unknown) => {
        const reason = asError(error).message;
        this.#parts.log.warn("a session could not be noted in the ledger", { target, reason });
      });
  }
}

/** The list with `name` in it; without the oldest names when it grows too long. */
function withNewest(names: readonly string[], name: string): readonly string[] {
  return names.includes(name) ? names : [...names, name].slice(-limits.presentInitiators);
}

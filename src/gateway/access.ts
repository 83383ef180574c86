// SPDX-License-Identifier: Apache-2.0
// Who may use a target: a pure decision over the rules, and the answers to the questions of the iscsi room.
//
//   allow-list, not matched                       refused
//   credentials of this initiator                 granted after CHAP
//   allow-list, matched                           granted
//   credentials, but of other initiators only     refused
//   no rules at all                               granted on a loopback portal, or one that lets anyone in
//
// A target's own allow-list and credentials each replace the default ones.

import { bytesFromText, isLoopback, type Endpoint } from "#base/index.ts";
import {
  chapAlgorithms,
  type AccessRequest,
  type ChapAlgorithm,
  type ChapPolicy,
  type TargetAddress,
  type TargetDirectory,
  type TargetGrant,
  type TargetListing,
  type TargetRefusal,
} from "#iscsi/index.ts";
import { sessionsPerTarget } from "./library-host.ts";
import { matchesInitiator } from "./naming.ts";
import type { PortalSettings } from "./settings.ts";
import type { TargetUnits } from "./target-unit.ts";

/** Credentials as a decision needs them. */
export interface AccessCredentials {
  readonly initiator: string;
  /** Undefined: the initiator's name. */
  readonly user?: string;
  readonly secret: string;
  readonly mutual?: { readonly user?: string; readonly secret: string };
}

/** The rules that hold for a target. */
export interface AccessRules {
  readonly allow: readonly string[];
  readonly chap: readonly AccessCredentials[];
}

/** What the rules say. `credentials` empty: CHAP is not asked. */
export type AccessDecision =
  | { readonly kind: "granted"; readonly credentials: readonly AccessCredentials[] }
  | { readonly kind: "refused"; readonly why: "not-on-allow-list" | "no-credentials" | "portal-closed" };

/** Decides whether an initiator may use a target. `isOpen`: the portal lets in whom no rule is about. */
export function decideAccess(
  rules: AccessRules,
  initiator: string,
  { isOpen }: { readonly isOpen: boolean },
): AccessDecision {
  const isAllowed = rules.allow.some((pattern) => matchesInitiator(pattern, initiator));
  if (rules.allow.length > 0 && !isAllowed) return { kind: "refused", why: "not-on-allow-list" };
  const credentials = rules.chap.filter((record) => matchesInitiator(record.initiator, initiator));
  if (credentials.length > 0) return { kind: "granted", credentials };
  if (isAllowed) return { kind: "granted", credentials: [] };
  if (rules.chap.length > 0) return { kind: "refused", why: "no-credentials" };
  return isOpen ? { kind: "granted", credentials: [] } : { kind: "refused", why: "portal-closed" };
}

/** CHAP for an initiator with these credentials. */
export function chapPolicy(
  credentials: readonly AccessCredentials[],
  names: { readonly initiator: string; readonly target: string },
  { isRequired }: { readonly isRequired: boolean },
): ChapPolicy {
  const of = (chapName: string): AccessCredentials | undefined =>
    credentials.find((record) => (record.user ?? names.initiator) === chapName);
  return {
    isRequired,
    algorithms: algorithmNames,
    initiatorSecret(chapName) {
      const record = of(chapName);
      return record === undefined ? undefined : bytesFromText(record.secret);
    },
    targetCredentials(chapName) {
      const mutual = of(chapName)?.mutual;
      return mutual === undefined
        ? undefined
        : { name: mutual.user ?? names.target, secret: bytesFromText(mutual.secret) };
    },
  };
}

const algorithmNames: readonly ChapAlgorithm[] = ["sha3-256", "sha256", "sha1", "md5"].filter(
  (name): name is ChapAlgorithm => Object.hasOwn(chapAlgorithms, name),
);

/** True when a portal's address alone keeps strangers out, or its settings say that none need be kept out. */
export const isOpenPortal = (portal: PortalSettings): boolean =>
  isLoopback(portal.listen.host) || portal.allowAnyone === true;

/** What a directory looks things up in. */
export interface DirectorySource {
  /** All targets there are, in order. */
  targets(): Iterable<TargetUnits>;
  /** By name, lower case. */
  target(name: string): TargetUnits | undefined;
  rules(target: string): AccessRules;
  /** True while the gateway takes new sessions. */
  isServing(): boolean;
  /** All portals that listen, for discovery. */
  portals(): readonly { readonly settings: PortalSettings; readonly endpoint: Endpoint }[];
}

/** Portal group tag of all portals: sessions have one connection, so a finer division would say nothing. */
export const portalGroupTag = 1;

/** The targets as one portal shows them. */
export class PortalDirectory implements TargetDirectory {
  readonly #source: DirectorySource;
  readonly #portal: PortalSettings;

  constructor(source: DirectorySource, portal: PortalSettings) {
    this.#source = source;
    this.#portal = portal;
  }

  find(name: string, request: AccessRequest): TargetGrant | { readonly kind: "refused"; readonly why: TargetRefusal } {
    if (!this.#source.isServing()) return { kind: "refused", why: "serviceUnavailable" };
    const target = this.#source.target(name.toLowerCase());
    if (target === undefined) return { kind: "refused", why: "notFound" };
    const decision = this.#decide(target.name, request);
    if (decision.kind === "refused") return { kind: "refused", why: "authorizationFailure" };
    const { credentials } = decision;
    const names = { initiator: request.initiatorName, target: target.name };
    return {
      kind: "granted",
      device: target,
      alias: undefined,
      portalGroupTag,
      chap: credentials.length === 0 ? undefined : chapPolicy(credentials, names, { isRequired: true }),
      sessionsMax: sessionsPerTarget,
    };
  }

  /** Everybody may look, and sees what the rules let it use. Who has credentials may prove that it knows them. */
  discovery(
    request: AccessRequest,
  ): { readonly kind: "granted"; readonly chap: ChapPolicy | undefined } | { readonly kind: "refused" } {
    const credentials = [...this.#source.targets()].flatMap(({ name }) => {
      const decision = this.#decide(name, request);
      return decision.kind === "granted" ? decision.credentials : [];
    });
    if (credentials.length === 0) return { kind: "granted", chap: undefined };
    const names = { initiator: request.initiatorName, target: "discovery" };
    return { kind: "granted", chap: chapPolicy(credentials, names, { isRequired: false }) };
  }

  list(request: AccessRequest): readonly TargetListing[] {
    const addresses = this.#addresses(request);
    return [...this.#source.targets()]
      .filter(({ name }) => this.#decide(name, request).kind === "granted")
      .map(({ name }) => ({ name, addresses }));
  }

  #decide(target: string, request: AccessRequest): AccessDecision {
    return decideAccess(this.#source.rules(target), request.initiatorName, { isOpen: isOpenPortal(this.#portal) });
  }

  /** The address the initiator used comes first; other portals follow where it can reach them. */
  #addresses(request: AccessRequest): readonly TargetAddress[] {
    const here = this.#portal.advertise ?? request.local;
    const others = this.#source
      .portals()
      .filter(({ settings }) => settings !== this.#portal)
      .map(({ settings, endpoint }) => settings.advertise ?? endpoint)
      .filter(({ host }) => !isAnyAddress(host) && isLoopback(host) === isLoopback(request.local.host));
    return [here, ...others].map((endpoint) => ({ endpoint, portalGroupTag }));
  }
}

const isAnyAddress = (host: string): boolean => host === "0.0.0.0" || host === "::";

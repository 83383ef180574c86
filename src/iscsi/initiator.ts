// SPDX-License-Identifier: Apache-2.0
// The initiator's side: finds targets and logs in to them. One object per initiator name; sessions are InitiatorSession.

import { parseEndpoint, type Clock, type Endpoint, type Log, type Network, type Random } from "#base/index.ts";
import { hexFromBytes } from "#base/index.ts";
import { iscsiFault } from "./faults.ts";
import { InitiatorLink } from "./initiator-link.ts";
import { logIn, type InitiatorSettings } from "./initiator-login.ts";
import { defaultPingAfter, InitiatorSession } from "./initiator-session.ts";
import { serialNumber } from "./serial-number.ts";

/** What an initiator needs. */
export interface IscsiInitiatorOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** iSCSI name: `iqn.…`, `eui.…` or `naa.…`. */
  readonly name: string;
  readonly alias?: string;
}

/** A target that SendTargets told of. */
export interface DiscoveredTarget {
  readonly name: string;
  readonly addresses: readonly { readonly endpoint: Endpoint; readonly portalGroupTag: number }[];
}

/** An iSCSI initiator. */
export class IscsiInitiator {
  readonly #options: IscsiInitiatorOptions;

  constructor(options: IscsiInitiatorOptions) {
    this.#options = options;
  }

  /** Logs in to the discovery session of a portal, asks for all targets, logs out. Faults as `login`. */
  async discover(portal: Endpoint, settings: InitiatorSettings = {}): Promise<readonly DiscoveredTarget[]> {
    const session = await this.#open(portal, undefined, settings);
    const pairs = await session.text([["SendTargets", "All"]]);
    await session.logout();
    const targets: { name: string; addresses: { endpoint: Endpoint; portalGroupTag: number }[] }[] = [];
    for (const [key, value] of pairs) {
      if (key === "TargetName") targets.push({ name: value, addresses: [] });
      if (key !== "TargetAddress") continue;
      const address = parseTargetAddress(value);
      if (address === undefined) {
        throw iscsiFault("protocol-error", { target: "the discovery session", reason: `TargetAddress=${value}` });
      }
      targets.at(-1)?.addresses.push(address);
    }
    return targets;
  }

  /**
   * Logs in to a target. Faults: `network.unreachable`, `iscsi.login-refused`, `iscsi.target-unavailable`,
   * `iscsi.target-not-found`, `iscsi.authentication-failed`, `iscsi.protocol-error`, `iscsi.session-lost`.
   */
  login(portal: Endpoint, targetName: string, settings: InitiatorSettings = {}): Promise<InitiatorSession> {
    return this.#open(portal, targetName, settings);
  }

  async #open(
    portal: Endpoint,
    targetName: string | undefined,
    settings: InitiatorSettings,
  ): Promise<InitiatorSession> {
    const { network, clock, random, log, name, alias } = this.#options;
    const links: InitiatorLink[] = [];
    await network.connect(portal, (stream) => {
      const link = new InitiatorLink(stream);
      links.push(link);
      return link;
    });
    const [link] = links;
    if (link === undefined) throw iscsiFault("session-lost", { target: targetName ?? "", reason: "no connection" });
    const firstCmdSn = serialNumber(1);
    // Format 10b, random: RFC 7143 section 11.12.5.
    const isid = settings.isid ?? `80${hexFromBytes(random.bytes(5))}`;
    const login = await logIn({
      link,
      clock,
      random,
      initiatorName: name,
      alias,
      targetName,
      portal,
      settings,
      isid,
      firstCmdSn,
    });
    return new InitiatorSession({
      link,
      clock,
      log,
      target: targetName ?? "the discovery session",
      login,
      firstCmdSn,
      pingAfter: settings.pingAfter ?? defaultPingAfter,
    });
  }
}

/** `host:port,tag` or `host,tag` (port 3260): RFC 7143 section 13.8. */
export function parseTargetAddress(text: string): { endpoint: Endpoint; portalGroupTag: number } | undefined {
  const match = /^(.*),(\d{1,5})$/.exec(text);
  const address = match?.[1];
  if (address === undefined) return undefined;
  const endpoint = parseEndpoint(address) ?? parseEndpoint(`${address}:3260`);
  return endpoint === undefined ? undefined : { endpoint, portalGroupTag: Number(match?.[2]) };
}

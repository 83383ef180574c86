// SPDX-License-Identifier: Apache-2.0
// The initiator's side: finds targets and logs in to them. One object per initiator name; sessions are InitiatorSession.

import { Bug, type Clock, type Duration, type Endpoint, type Log, type Network, type Random } from "#base/index.ts";
import type { ChapAlgorithm, ChapCredentials } from "./chap-policy.ts";
import type { InitiatorSession } from "./initiator-session.ts";
import type { DigestName } from "./settings.ts";

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

/** CHAP of the initiator's side. */
export interface InitiatorChap {
  /** How we prove ourselves. */
  readonly credentials: ChapCredentials;
  /** Set: the target has to prove itself with this name and secret (mutual CHAP). */
  readonly target?: ChapCredentials;
  /** Offered in this order; all known ones by default, the strongest first. */
  readonly algorithms?: readonly ChapAlgorithm[];
}

/** What a login offers; everything left out has a default that suits a tape drive. Sizes in bytes. */
export interface InitiatorSettings {
  readonly chap?: InitiatorChap;
  readonly headerDigest?: readonly DigestName[];
  readonly dataDigest?: readonly DigestName[];
  readonly initialR2t?: boolean;
  readonly immediateData?: boolean;
  readonly firstBurst?: number;
  readonly maxBurst?: number;
  readonly maxReceiveSegment?: number;
  readonly outstandingR2t?: number;
  /** 12 hexadecimal digits; the same ISID and name reinstate a session. Default: random. */
  readonly isid?: string;
  readonly loginTimeout?: Duration;
  /** A silent target is pinged after this time, and given up when it stays silent as long again. */
  readonly pingAfter?: Duration;
}

/** A target that SendTargets told of. */
export interface DiscoveredTarget {
  readonly name: string;
  readonly addresses: readonly { readonly endpoint: Endpoint; readonly portalGroupTag: number }[];
}

/** An iSCSI initiator. */
export class IscsiInitiator {
  readonly options: IscsiInitiatorOptions;

  constructor(options: IscsiInitiatorOptions) {
    this.options = options;
  }

  /** Logs in to the discovery session of a portal, asks for all targets, logs out. Faults as `login`. */
  discover(_portal: Endpoint, _settings: InitiatorSettings = {}): Promise<readonly DiscoveredTarget[]> {
    throw new Bug("not built yet");
  }

  /**
   * Logs in to a target. Faults: `network.unreachable`, `iscsi.login-refused`, `iscsi.target-unavailable`,
   * `iscsi.target-not-found`, `iscsi.authentication-failed`, `iscsi.protocol-error`, `iscsi.session-lost`.
   */
  login(_portal: Endpoint, _targetName: string, _settings: InitiatorSettings = {}): Promise<InitiatorSession> {
    throw new Bug("not built yet");
  }
}

// SPDX-License-Identifier: Apache-2.0
// What the API shows of a session: identity, addresses, what was negotiated, counters. A snapshot; no behaviour.

import type { Endpoint, Instant } from "#base/index.ts";

/** How the initiator was authenticated. */
export type SessionAuthentication = "none" | "chap" | "mutual-chap";

/** One iSCSI session, which has exactly one connection here (MaxConnections=1). */
export interface SessionDescription {
  /** Unique in this process. */
  readonly id: number;
  readonly type: "normal" | "discovery";
  readonly initiatorName: string;
  readonly initiatorAlias: string | undefined;
  /** 12 hexadecimal digits. */
  readonly isid: string;
  readonly tsih: number;
  /** Undefined for discovery. */
  readonly targetName: string | undefined;
  readonly portalGroupTag: number | undefined;
  readonly portal: Endpoint;
  readonly remote: Endpoint;
  readonly authentication: SessionAuthentication;
  readonly headerDigest: boolean;
  readonly dataDigest: boolean;
  /** The outcome of the negotiation: key to value in the words of RFC 7143. */
  readonly negotiated: Readonly<Record<string, string>>;
  readonly since: Instant;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly commands: number;
  /** Commands that have not been answered yet. */
  readonly outstanding: number;
}

// SPDX-License-Identifier: Apache-2.0
// What one side offers in a negotiation and how patient it is. Defaults come from the limits of the house.

import { limits, type Duration } from "#base/index.ts";

/** Digests by the names of RFC 7143 section 13.1. */
export type DigestName = "None" | "CRC32C";

/** What a target offers and demands. All sizes in bytes. */
export interface TargetSettings {
  readonly maxReceiveSegment: number;
  readonly firstBurst: number;
  readonly maxBurst: number;
  readonly outstandingR2t: number;
  readonly initialR2t: boolean;
  readonly immediateData: boolean;
  /** What is accepted; the first of the initiator's list that is here is taken. */
  readonly headerDigests: readonly DigestName[];
  readonly dataDigests: readonly DigestName[];
  readonly commandWindow: number;
  readonly loginTimeout: Duration;
  readonly pingAfter: Duration;
  readonly pingTimeout: Duration;
  /** Above this many queued bytes the connection stops reading. */
  readonly sendQueue: number;
}

/** The settings of the house. */
export const defaultTargetSettings: TargetSettings = {
  maxReceiveSegment: limits.receiveSegmentMax,
  firstBurst: limits.firstBurst,
  maxBurst: limits.maxBurst,
  outstandingR2t: limits.outstandingR2t,
  initialR2t: false,
  immediateData: true,
  headerDigests: ["None", "CRC32C"],
  dataDigests: ["None", "CRC32C"],
  commandWindow: limits.commandWindow,
  loginTimeout: limits.loginTimeout,
  pingAfter: limits.pingAfter,
  pingTimeout: limits.pingTimeout,
  sendQueue: limits.sendQueue,
};

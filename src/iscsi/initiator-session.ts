// SPDX-License-Identifier: Apache-2.0
// A session of our initiator in full-feature phase: sends commands, several at a time, and gathers their answers.
// It never retries and never reconnects: what to do after a loss is for those who know what the commands meant.

import { Bug, type Duration } from "#base/index.ts";

/** A command for a logical unit. */
export interface ScsiRequest {
  readonly lun: number;
  /** 1 … 16 bytes (padded), or more as an extended CDB. */
  readonly cdb: Uint8Array;
  /** Data for the unit. Must stay unchanged until the promise settles. */
  readonly dataOut?: Uint8Array;
  /** How many bytes the unit may send; 0 by default. */
  readonly dataInLength?: number;
  /** Memory for data-in, at least `dataInLength` long; made when left out. */
  readonly dataInTo?: Uint8Array;
  /** SAM-5 task attribute code; simple (1) by default. */
  readonly attribute?: number;
  /** Default: 15 minutes. */
  readonly timeout?: Duration;
  /** Aborts the task. The promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How a command ended. A status other than GOOD is an answer, not an error. */
export interface ScsiAnswer {
  readonly status: number;
  /** Empty unless the status came with sense data. */
  readonly sense: Uint8Array;
  /** What arrived, also beside CHECK CONDITION. */
  readonly dataIn: Uint8Array;
  /**
   * What the target reported: positive, so many bytes fewer than expected were transferred (underflow); negative, so
   * many more would have been (overflow).
   */
  readonly residual: number;
}

/** A logged-in session. */
export class InitiatorSession {
  /** The outcome of the negotiation: key to value in the words of RFC 7143. */
  get negotiated(): Readonly<Record<string, string>> {
    throw new Bug("not built yet");
  }

  /** Resolves, with the reason, when the session is over for whatever reason. */
  get ended(): Promise<Error> {
    throw new Bug("not built yet");
  }

  /**
   * Sends a command and resolves with its answer. Commands are sent in the order of the calls. Rejects with Fault
   * `iscsi.session-lost` (nobody knows whether it ran), `iscsi.command-timeout` (it was aborted) or
   * `iscsi.command-rejected`.
   */
  execute(_request: ScsiRequest): Promise<ScsiAnswer> {
    throw new Bug("not built yet");
  }

  /** LOGICAL UNIT RESET. Resolves with the response code of RFC 7143 section 11.6.1. */
  resetLun(_lun: number): Promise<number> {
    throw new Bug("not built yet");
  }

  /** NOP-Out with `data`; resolves when the answer is there. */
  ping(_data?: Uint8Array): Promise<void> {
    throw new Bug("not built yet");
  }

  /** Text request of a normal session; resolves with the pairs of the answer. */
  text(_pairs: readonly (readonly [key: string, value: string])[]): Promise<readonly (readonly [string, string])[]> {
    throw new Bug("not built yet");
  }

  /** Logs out and closes. Commands still running are aborted by the target. */
  logout(): Promise<void> {
    throw new Bug("not built yet");
  }

  /** Drops the connection without a word, as a crash would. */
  destroy(): void {
    throw new Bug("not built yet");
  }
}

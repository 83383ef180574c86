// SPDX-License-Identifier: Apache-2.0
// The live sessions of this process: for reinstatement by initiator name and ISID, for limits, and for the API.
// One per gateway, shared by all portals.

import { assert } from "#base/index.ts";
import type { LoginStatusName } from "./codes.ts";
import type { SessionDescription } from "./session-description.ts";
import type { SessionIdentity, SessionLookup } from "./target-login.ts";

/** A session as the registry holds it. */
export interface LiveSession {
  readonly identity: SessionIdentity;
  readonly cid: number;
  describe(): Omit<SessionDescription, "id" | "tsih">;
  /** Ends the session as if its connection was lost. Resolves when none of its tasks is running any more. */
  end(reason: string): Promise<void>;
}

interface Entry {
  readonly id: number;
  readonly tsih: number;
  readonly session: LiveSession;
}

const tsihMax = 0xffff;

const isSame = (left: SessionIdentity, right: SessionIdentity): boolean =>
  left.isid === right.isid &&
  left.initiatorName.toLowerCase() === right.initiatorName.toLowerCase() &&
  left.targetName?.toLowerCase() === right.targetName?.toLowerCase();

/** The live sessions of a process. */
export class SessionRegistry implements SessionLookup {
  readonly #entries = new Map<LiveSession, Entry>();
  #lastId = 0;
  #lastTsih = 0;
  #lastNexusId = 0;

  /** Snapshots of all sessions, oldest first. */
  list(): readonly SessionDescription[] {
    return [...this.#entries.values()].map(({ id, tsih, session }) => ({ id, tsih, ...session.describe() }));
  }

  /**
   * Ends the sessions that `which` picks, as if their connection was lost: when a target goes, or its access changes.
   * Resolves with their number when none of their tasks is running any more. `reason` goes to the log.
   */
  async drop(which: (session: SessionDescription) => boolean, reason: string): Promise<number> {
    const picked = [...this.#entries.values()].filter(({ id, tsih, session }) => {
      return which({ id, tsih, ...session.describe() });
    });
    await Promise.all(picked.map(({ session }) => session.end(reason)));
    return picked.length;
  }

  /** See SessionLookup. */
  refuseJoin(identity: SessionIdentity, tsih: number, cid: number): LoginStatusName | undefined {
    const entry = [...this.#entries.values()].find((candidate) => candidate.tsih === tsih);
    if (entry === undefined || !isSame(entry.session.identity, identity)) return "sessionDoesNotExist";
    return entry.session.cid === cid ? undefined : "tooManyConnections";
  }

  /** Ends the session that a login with this identity replaces: RFC 7143 section 6.3.5. */
  async endPredecessor(identity: SessionIdentity): Promise<void> {
    for (;;) {
      const entry = [...this.#entries.values()].find(({ session }) => isSame(session.identity, identity));
      if (entry === undefined) return;
      await entry.session.end("the initiator logged in again");
      // A session that has ended is gone from here; asking again could not end it better.
      assert(!this.#entries.has(entry.session), "an ended session to be out of the registry");
    }
  }

  /** How many sessions a target has. */
  countOf(targetName: string): number {
    const name = targetName.toLowerCase();
    let count = 0;
    for (const session of this.#entries.keys()) if (session.identity.targetName?.toLowerCase() === name) count++;
    return count;
  }

  /** An identifier that no other nexus of this process has. */
  newNexusId(): number {
    return ++this.#lastNexusId;
  }

  /** Adds a session and gives it a TSIH: the one it asks for (reinstatement of a connection) or a new one. */
  add(session: LiveSession, wantedTsih: number): number {
    const tsih = wantedTsih === 0 ? this.#freeTsih() : wantedTsih;
    this.#entries.set(session, { id: ++this.#lastId, tsih, session });
    return tsih;
  }

  /** Takes a session out. Idempotent. */
  remove(session: LiveSession): void {
    this.#entries.delete(session);
  }

  #freeTsih(): number {
    const used = new Set([...this.#entries.values()].map(({ tsih }) => tsih));
    assert(used.size < tsihMax, "fewer sessions than handles");
    do this.#lastTsih = (this.#lastTsih % tsihMax) + 1;
    while (used.has(this.#lastTsih));
    return this.#lastTsih;
  }
}

// SPDX-License-Identifier: Apache-2.0
// The live sessions of this process: for reinstatement by initiator name and ISID, for limits, and for the API.
// One per gateway, shared by all portals.

import { Bug } from "#base/index.ts";
import type { SessionDescription } from "./session-description.ts";

/** The live sessions of a process. */
export class SessionRegistry {
  /** Snapshots of all sessions, oldest first. */
  list(): readonly SessionDescription[] {
    throw new Bug("not built yet");
  }

  /**
   * Ends the sessions that `which` picks, as if their connection was lost: when a target goes, or its access changes.
   * Resolves with their number when none of their tasks is running any more. `reason` goes to the log.
   */
  drop(_which: (session: SessionDescription) => boolean, _reason: string): Promise<number> {
    throw new Bug("not built yet");
  }
}

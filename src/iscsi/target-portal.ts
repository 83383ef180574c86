// SPDX-License-Identifier: Apache-2.0
// An address where initiators connect: listens, gives each connection its TargetConnection, keeps the list of them,
// and stops in good order. All rules of the protocol are in the connection.

import { Bug, type Clock, type Duration, type Endpoint, type Log, type Network, type Random } from "#base/index.ts";
import type { SessionRegistry } from "./session-registry.ts";
import type { TargetSettings } from "./settings.ts";
import type { TargetDirectory } from "./target-directory.ts";

/** What a portal needs. */
export interface TargetPortalOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly directory: TargetDirectory;
  readonly registry: SessionRegistry;
  /** Differences from `defaultTargetSettings`. */
  readonly settings?: Partial<TargetSettings>;
}

/** A listening portal. */
export class TargetPortal {
  /** Listens. Rejects with the faults of `Network.listen`. */
  static open(_endpoint: Endpoint, _options: TargetPortalOptions): Promise<TargetPortal> {
    throw new Bug("not built yet");
  }

  /** The endpoint that is really bound. */
  get endpoint(): Endpoint {
    throw new Bug("not built yet");
  }

  /** Connections, logged in or not. */
  get connectionCount(): number {
    throw new Bug("not built yet");
  }

  /**
   * Accepts nobody any more, asks the initiators to log out (asynchronous logout request), drops after `grace` who has
   * not, and resolves when no task of any session is running. Idempotent.
   */
  close(_grace: Duration): Promise<void> {
    throw new Bug("not built yet");
  }
}

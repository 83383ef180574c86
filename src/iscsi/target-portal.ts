// SPDX-License-Identifier: Apache-2.0
// An address where initiators connect: listens, gives each connection its TargetConnection, keeps the list of them,
// and stops in good order. All rules of the protocol are in the connection.

import { limits, type Clock, type Duration, type Endpoint, type Listener, type Log } from "#base/index.ts";
import { defined, type ByteStream, type Network, type Random, type StreamReceiver } from "#base/index.ts";
import type { SessionRegistry } from "./session-registry.ts";
import type { TargetSettings } from "./settings.ts";
import { TargetConnection } from "./target-connection.ts";
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
  readonly #options: TargetPortalOptions;
  readonly #connections = new Set<TargetConnection>();
  #listener: Listener | undefined;
  #closing: Promise<void> | undefined;
  #becameEmpty: () => void = () => {};

  private constructor(options: TargetPortalOptions) {
    this.#options = options;
  }

  /** Listens. Rejects with the faults of `Network.listen`. */
  static async open(endpoint: Endpoint, options: TargetPortalOptions): Promise<TargetPortal> {
    const portal = new TargetPortal(options);
    portal.#listener = await options.network.listen(endpoint, (stream) => portal.#accept(stream));
    return portal;
  }

  /** The endpoint that is really bound. */
  get endpoint(): Endpoint {
    return defined(this.#listener, "a portal that listens").endpoint;
  }

  /** Connections, logged in or not. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /**
   * Accepts nobody any more, asks the initiators to log out (asynchronous logout request), drops after `grace` who has
   * not, and resolves when no task of any session is running. Idempotent.
   */
  close(grace: Duration): Promise<void> {
    this.#closing ??= this.#close(grace);
    return this.#closing;
  }

  #accept(stream: ByteStream): StreamReceiver {
    const { network: _, ...options } = this.#options;
    const isFull = this.#connections.size >= limits.connectionsPerPortal || this.#closing !== undefined;
    const connection: TargetConnection = new TargetConnection({
      ...options,
      stream,
      ended: () => {
        this.#connections.delete(connection);
        if (this.#connections.size === 0) this.#becameEmpty();
      },
    });
    this.#connections.add(connection);
    if (isFull) connection.drop("the portal takes no more connections");
    return connection;
  }

  async #close(grace: Duration): Promise<void> {
    await this.#listener?.close();
    if (this.#connections.size === 0) return;
    const empty = new Promise<void>((resolve) => (this.#becameEmpty = resolve));
    const seconds = Math.ceil(grace / 1000);
    if (grace > 0) for (const connection of this.#connections) connection.askToLeave(seconds);
    const timer = this.#options.clock.setTimer(grace, () => {
      for (const connection of this.#connections) connection.drop("the portal closes");
    });
    await empty;
    timer.cancel();
  }
}

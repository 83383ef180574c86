// SPDX-License-Identifier: Apache-2.0
// What the parts of a running gateway share. Made once by the gateway's start.

import type { Clock, Log, Random } from "#base/index.ts";
import type { CartridgeStore, ObjectStore, ObjectStoreAbilities } from "#store/index.ts";
import type { TaskRegistry } from "#work/index.ts";
import type { AlarmBoard } from "./alarms.ts";
import type { Book } from "./book.ts";
import type { CostBook } from "./cost-book.ts";
import type { EventFeed } from "./event-feed.ts";
import type { GatewaySettings } from "./settings.ts";
import type { TrustedClock } from "./trusted-clock.ts";

/** The common parts. */
export interface GatewayParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly settings: GatewaySettings;
  readonly book: Book;
  readonly store: CartridgeStore;
  /** What the object store can do. */
  readonly abilities: ObjectStoreAbilities;
  /** Stores that pools may mirror to, by name. */
  readonly mirrors: ReadonlyMap<string, Pick<ObjectStore, "abilities">>;
  readonly tasks: TaskRegistry;
  readonly feed: EventFeed;
  readonly alarms: AlarmBoard;
  /** Requests and thaws, for the bill. */
  readonly costs: CostBook;
  /** Time for locks. */
  readonly trusted: TrustedClock;
}

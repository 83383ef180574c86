// SPDX-License-Identifier: Apache-2.0
// What changed, for event streams. A subscriber that does not keep up loses the oldest events and is told so; it never
// slows the gateway down.

import type { Instant } from "#base/index.ts";

/** A change. `subject` is the name of the thing: library, barcode, pool, target, drive. */
export interface GatewayEvent {
  /** Rises by one with each event of this process. */
  readonly number: number;
  readonly at: Instant;
  readonly kind:
    | "library.created"
    | "library.changed"
    | "library.deleted"
    | "cartridge.created"
    | "cartridge.changed"
    | "cartridge.moved"
    | "cartridge.deleted"
    /** A legal hold was set or cleared, a lock was set or extended, a deletion was taken back: for the audit. */
    | "cartridge.held"
    | "cartridge.retained"
    | "cartridge.undeleted"
    /** Somebody must do something about a cartridge. */
    | "cartridge.alarm"
    | "pool.created"
    | "pool.deleted"
    | "access.changed"
    | "session.opened"
    | "session.closed"
    | "drive.changed"
    | "gateway.changed"
    | "gateway.clock"
    /** Something needs an operator, or no longer does. */
    | "alarm.raised"
    | "alarm.cleared"
    /** Something that the cartridge held is gone, or a copy of it is damaged. */
    | "cartridge.damaged"
    /** A copy of something that the cartridge holds was damaged, and was made anew from the other copy. */
    | "cartridge.healed"
    /** Another machine has taken over; nothing can be changed here any more. */
    | "gateway.fenced"
    /** Events were dropped because the subscriber is too slow; look at everything anew. */
    | "events.lost";
  readonly subject: string;
  /** A sentence for people. */
  readonly text: string;
}

/** A subscription: an async iterator of events that ends when it is returned or the gateway stops. */
export type EventSubscription = AsyncIterableIterator<GatewayEvent>;

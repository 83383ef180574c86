// SPDX-License-Identifier: Apache-2.0
// An append-only journal of small facts.

import { Bug } from "#base/index.ts";
import type { Log } from "#base/index.ts";
import type { Disk } from "./disk.ts";

/** What a ledger needs. */
export interface LedgerOptions<Fact> {
  readonly disk: Disk;
  /** Path of the file; its folder is made when absent. */
  readonly path: string;
  readonly log: Log;
  /** Checks a parsed fact; throws when it is none. A fact that was written by a newer release may be refused here. */
  readonly decode: (value: unknown) => Fact;
}

/**
 * A journal of JSON facts. `open` replays; `append` resolves when the facts survive a crash; facts of one append
 * survive together or not at all; facts come back in the order of the calls. After a failed append every further one
 * is refused with the same fault.
 */
export class Ledger<Fact> {
  /** The facts that were found by `open`, oldest first. Emptied by `forgetReplayed`. */
  readonly replayed: readonly Fact[] = [];

  /** Opens or creates. Faults: `store.file-damaged` (with file and offset), `store.format-newer`, disk faults. */
  static open<Fact>(_options: LedgerOptions<Fact>): Promise<Ledger<Fact>> {
    throw new Bug("not built yet");
  }

  /** Facts in the file: when it is much more than a snapshot would have, it is time to compact. */
  get factCount(): number {
    throw new Bug("not built yet");
  }

  append(_facts: readonly Fact[]): Promise<void> {
    throw new Bug("not built yet");
  }

  /** Replaces all facts by `snapshot`, atomically. Appends that are called later come behind it. */
  compact(_snapshot: readonly Fact[]): Promise<void> {
    throw new Bug("not built yet");
  }

  close(): Promise<void> {
    throw new Bug("not built yet");
  }
}

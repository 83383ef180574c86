// SPDX-License-Identifier: Apache-2.0
// The kernel of a logical unit. `Unit` is what DriveUnit and ChangerUnit extend; it owns everything that all units have
// in common, so that a unit's own code is its handlers.
//
// HOW TO BUILD A UNIT
//
//   class ChangerUnit extends Unit<typeof smcCommands> {
//     constructor(options: ChangerOptions) {
//       super(smcCommands, { identity, luns, clock, log });
//     }
//     protected override readonly modes = new ModePages([...]);      // mode-pages.ts
//     protected override readonly logs = new LogPages([...]);        // log-pages.ts
//     protected override handlers(): Handlers<typeof smcCommands> {  // one per row, typed
//       return { moveMedium: (command) => this.#move(command), … };
//     }
//     protected override readiness(): Check | undefined { … }        // undefined = ready
//   }
//
// WHAT THE KERNEL DOES BEFORE A HANDLER RUNS (scsi-iscsi: order of checks of SAM-5)
//   poisoned → 04/44/00 · pending unit attention · RESERVE and persistent reservation by the row's flags · opcode and
//   service action known · reserved bits, fixed fields and control byte of the CDB (field pointer from the layout) ·
//   `readiness()` unless the row says `whileNotReady` · data-out not shorter than `parameterListLength` (05/1A/00).
// WHAT IT DOES AFTERWARDS
//   cuts data-in to the CDB's `allocationLength` if the row has such a field · releases the task's place · turns a thrown
//   Fault into sense (fault-sense.ts) and anything else thrown into a poisoned unit · encodes sense in the format of the
//   control mode page · sets `transferLength` to `parameterListLength` for parameter lists.
//
// A handler returns an Outcome or a promise of one; while the promise is pending the unit runs nothing else, so a handler
// may change the unit's state without locks. Outside of handlers use `exclusive()` for that.
// Handlers of spcCommands are here; a unit adds to them through the hooks below, not by handlers of its own.

import { Bug, type Clock, type Log } from "#base/index.ts";
import type { AttentionName, CommandTable, Sense } from "#scsi/index.ts";
import type { Handlers } from "./command.ts";
import type { UnitIdentity } from "./identity.ts";
import type { LogPages } from "./log-pages.ts";
import type { ModePages } from "./mode-pages.ts";
import type { Check } from "./outcome.ts";
import type { LogicalUnit, UnitNexus, UnitTask } from "./unit-task.ts";

/** What every unit needs. */
export interface UnitOptions {
  readonly identity: UnitIdentity;
  /** Logical unit numbers of the target it is reached through, for REPORT LUNS. */
  readonly luns: () => readonly number[];
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Whether the first nexus of an initiator since this process started is told so (29/01). Say no for initiators that
   * were not logged in when the last process ended: some hosts answer 29/01 with I/O errors. Default: everyone is told.
   */
  readonly tellsPowerOn?: (nexus: UnitNexus) => boolean;
}

/** A logical unit: task set, checks, unit attentions, reservations, and the commands that all units have. */
export abstract class Unit<Own extends CommandTable> implements LogicalUnit {
  /** Its own table, beside the commands of every unit. */
  protected readonly own: Own;
  protected readonly options: UnitOptions;

  constructor(own: Own, options: UnitOptions) {
    this.own = own;
    this.options = options;
  }

  // What a unit must give.

  /** The handlers of its own commands; asked once, at the first command. */
  protected abstract handlers(): Handlers<Own>;
  /** Undefined when commands that need a medium can run; otherwise what TEST UNIT READY answers. */
  protected abstract readiness(nexus: UnitNexus): Check | undefined;
  protected abstract readonly modes: ModePages;
  protected abstract readonly logs: LogPages;

  // What a unit may give.

  /** VPD pages beyond 00h, 80h, 83h, 86h, 87h and 88h: page code to the bytes behind the 4-byte header. */
  protected vpdPages(): ReadonlyMap<number, Uint8Array> {
    return new Map();
  }
  /** What REQUEST SENSE tells when no unit attention is pending: progress of a running operation, or why not ready. */
  protected currentSense(_nexus: UnitNexus): Sense | undefined {
    return undefined;
  }
  /** Room for data-out of a command that has just arrived; undefined lets the transport take memory of its own. */
  protected placeFor(_task: UnitTask): UnitTask["place"] {
    return undefined;
  }
  /** LUN reset, after tasks are quiet and reservations, PREVENT and mode pages are back to default. Keeps the medium. */
  protected onReset(): void | Promise<void> {}
  /** SEND DIAGNOSTIC with SELFTEST: undefined when all is well. */
  protected selfTest(): Check | undefined | Promise<Check | undefined> {
    return undefined;
  }

  // What a unit can use.

  /** Some nexus prevents removal of the medium. */
  get isRemovalPrevented(): boolean {
    return false;
  }
  /** Commands that arrived since it was made. */
  get commandCount(): number {
    return 0;
  }
  /** The unit stopped after a Bug; it answers 04/44/00 until `restart`. */
  get isPoisoned(): boolean {
    return false;
  }
  /** An operator starts a poisoned unit again: 29/04 for every nexus. */
  restart(): void {
    throw new Bug("not built yet");
  }
  /** Queues a unit attention for every nexus, or for every one but `except`. */
  protected attention(_name: AttentionName, _except?: UnitNexus): void {
    throw new Bug("not built yet");
  }
  /** Runs `work` between two commands, as if it were one: nothing else runs on this unit meanwhile. */
  protected exclusive<T>(_work: () => T | Promise<T>): Promise<T> {
    throw new Bug("not built yet");
  }

  // LogicalUnit.

  get placeableBytes(): number {
    return Number.MAX_SAFE_INTEGER;
  }
  nexusOpened(_nexus: UnitNexus): void {
    throw new Bug("not built yet");
  }
  nexusClosed(_nexus: UnitNexus, _how: "logout" | "lost"): Promise<void> {
    throw new Bug("not built yet");
  }
  accept(_task: UnitTask): void {
    throw new Bug("not built yet");
  }
  abort(_task: UnitTask): Promise<void> {
    throw new Bug("not built yet");
  }
  manage(_function: "abort-task-set" | "clear-task-set" | "reset", _nexus: UnitNexus | undefined): Promise<void> {
    throw new Bug("not built yet");
  }
}

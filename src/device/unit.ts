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

import { defined, isFault, type Clock, type Log } from "#base/index.ts";
import {
  senseTable,
  spcCommands,
  type AttentionName,
  type CommandTable,
  type Sense,
  type SenseName,
} from "#scsi/index.ts";
import { Command, type Handler, type Handlers } from "./command.ts";
import { commonHandlers, reservationRules, type CommonHost } from "./common-handlers.ts";
import { checkCdb, Dispatch, type Entry } from "./dispatch.ts";
import { outcomeOfFault } from "./fault-sense.ts";
import type { UnitIdentity } from "./identity.ts";
import type { LogPages } from "./log-pages.ts";
import type { ModePages } from "./mode-pages.ts";
import { Nexuses } from "./nexus-state.ts";
import { bareStatus, check, encodeOutcome, truncated, type Check, type Outcome } from "./outcome.ts";
import { isPort, Reservations } from "./reservations.ts";
import { TaskSet } from "./task-set.ts";
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

/** Rules for an operation code that nobody knows: it conflicts before it is refused. */
const unknownRules = { underReserve: "conflict", underPersistent: "write" } as const;
const conflict = bareStatus("reservation-conflict");

/** A logical unit: task set, checks, unit attentions, reservations, and the commands that all units have. */
export abstract class Unit<Own extends CommandTable> implements LogicalUnit {
  protected readonly options: UnitOptions;
  readonly #own: Own;
  readonly #tasks: TaskSet;
  readonly #nexuses: Nexuses;
  readonly #reservations = new Reservations();
  #dispatch: Dispatch | undefined;
  #commandCount = 0;
  #isPoisoned = false;

  constructor(own: Own, options: UnitOptions) {
    this.#own = own;
    this.options = options;
    this.#nexuses = new Nexuses(options.tellsPowerOn ?? (() => true));
    this.#tasks = new TaskSet({
      execute: (task) => this.#execute(task),
      placeFor: (task) => this.placeFor(task),
      log: options.log,
    });
  }

  // What a unit must give.

  /** The handlers of its own commands; asked once, at the first command. */
  protected abstract handlers(): Handlers<Own>;
  /** Undefined when commands that need a medium can run; otherwise what TEST UNIT READY answers. */
  protected abstract readiness(nexus: UnitNexus): Check | undefined;
  /** What TEST UNIT READY answers, where that is more than what commands need. */
  protected testReadiness(nexus: UnitNexus): Check | undefined {
    return this.readiness(nexus);
  }
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
  /** Asked after each command: the ones that its nexus sent behind it are to be answered BUSY. */
  protected refusesWaiting(): boolean {
    return false;
  }
  /** SEND DIAGNOSTIC with SELFTEST: undefined when all is well. */
  protected selfTest(): Check | undefined | Promise<Check | undefined> {
    return undefined;
  }

  // What a unit can use.

  /** Some nexus prevents removal of the medium. */
  get isRemovalPrevented(): boolean {
    return this.#nexuses.isRemovalPrevented;
  }
  /** Commands that arrived since it was made. */
  get commandCount(): number {
    return this.#commandCount;
  }
  /** The unit stopped after a Bug; it answers 04/44/00 until `restart`. */
  get isPoisoned(): boolean {
    return this.#isPoisoned;
  }
  /** An operator starts a poisoned unit again: 29/04 for every nexus. */
  restart(): void {
    this.#isPoisoned = false;
    this.attention("internal-reset");
  }
  /** Queues a unit attention for every nexus, or for every one but `except`. */
  protected attention(name: AttentionName, except?: UnitNexus): void {
    this.#nexuses.tell(name, except);
  }
  /** Queues a unit attention for the nexuses that it concerns. */
  protected attentionWhere(name: AttentionName, concerns: (nexus: UnitNexus) => boolean): void {
    this.#nexuses.tellWhere(name, concerns);
  }
  /** Runs `work` between two commands, as if it were one: nothing else runs on this unit meanwhile. */
  protected exclusive<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#tasks.exclusive(work);
  }

  // LogicalUnit.

  get placeableBytes(): number {
    return Number.MAX_SAFE_INTEGER;
  }

  lunsChanged(): void {
    this.attention("luns-changed");
  }

  nexusOpened(nexus: UnitNexus): void {
    this.#nexuses.open(nexus);
    this.#tasks.open(nexus);
  }

  async nexusClosed(nexus: UnitNexus, how: "logout" | "lost"): Promise<void> {
    if (this.#tasks.holds(nexus)) this.#nexuses.stateOf(nexus).wasInterrupted = true;
    const quiet = this.#tasks.close(nexus);
    this.#nexuses.close(nexus, how);
    this.#reservations.release(nexus);
    await quiet;
  }

  accept(task: UnitTask): void {
    this.#commandCount += 1;
    this.#nexuses.stateOf(task.nexus).wasInterrupted = false;
    this.#tasks.accept(task);
  }

  abort(task: UnitTask): Promise<void> {
    const quiet = this.#tasks.abort(task);
    if (quiet === undefined) return Promise.resolve();
    if (this.#nexuses.has(task.nexus)) this.#nexuses.stateOf(task.nexus).wasInterrupted = true;
    return quiet;
  }

  async manage(function_: "abort-task-set" | "clear-task-set" | "reset", nexus: UnitNexus | undefined): Promise<void> {
    await this.#tasks.endAll(function_ === "abort-task-set" ? defined(nexus, "the nexus that asks") : "all");
    if (function_ === "reset") await this.#tasks.exclusive(() => this.#reset());
  }

  async #reset(): Promise<void> {
    this.#reservations.reservedBy = undefined;
    this.#nexuses.allowRemoval();
    this.modes.reset();
    await this.onReset();
    this.attention("unit-reset");
  }

  // One command.

  #execute(task: UnitTask): void | Promise<void> {
    const entry = this.#table.find(task.cdb);
    try {
      const outcome = this.#perform(task, entry);
      if (outcome instanceof Promise) return this.#wait(task, entry, outcome);
      this.#finish(task, entry, outcome);
    } catch (error) {
      this.#finish(task, entry, this.#failed(error, entry));
    }
  }

  async #wait(task: UnitTask, entry: Entry | undefined, pending: Promise<Outcome>): Promise<void> {
    let outcome: Outcome;
    try {
      outcome = await pending;
    } catch (error) {
      outcome = this.#failed(error, entry);
    }
    this.#finish(task, entry, outcome);
  }

  /** The order of checks of SAM-5 and SPC-4; the first that has something to say answers. */
  #perform(task: UnitTask, entry: Entry | undefined): Outcome | Promise<Outcome> {
    const { nexus, cdb } = task;
    if (entry?.row.whileAttention !== true) {
      if (this.#isPoisoned) return check("target-failure");
      const { attentions } = this.#nexuses.stateOf(nexus);
      const attention = attentions.isEmpty ? undefined : attentions.take();
      if (attention !== undefined) return check(attention);
    }
    const rules = entry === undefined ? unknownRules : reservationRules(entry.row, cdb);
    if (this.#reservations.conflicts(nexus, rules)) return conflict;
    if (entry === undefined) return this.#table.refusal(cdb);
    const { row } = entry;
    const refused = checkCdb(row, cdb) ?? (row.whileNotReady ? undefined : this.readiness(nexus));
    if (refused !== undefined) return refused;
    const listLength = entry.parameterListLength?.(cdb) ?? 0;
    const command = new Command(row, task);
    if (command.dataOut.byteLength < listLength) return check("parameter-list-length");
    return entry.handler(command);
  }

  #finish(task: UnitTask, entry: Entry | undefined, outcome: Outcome): void {
    task.place?.release();
    const allocationLength = entry?.allocationLength?.(task.cdb);
    const cut = allocationLength === undefined ? outcome : truncated(outcome, allocationLength);
    const result = encodeOutcome(cut, this.modes.wantsDescriptorSense ? "descriptor" : "fixed");
    const transferLength = takenLength(task, entry);
    task.finish(transferLength === undefined ? result : { transferLength, ...result });
    if (this.refusesWaiting()) this.#tasks.refuse(task.nexus);
  }

  /** What a thrown error becomes. Anything but a Fault is a Bug: the unit stops until an operator restarts it. */
  #failed(error: unknown, entry: Entry | undefined): Outcome {
    const { log } = this.options;
    const name = entry?.row.name ?? "a command";
    if (isFault(error) && entry !== undefined) {
      log.error(`${name} failed`, { code: error.code }, error);
      return outcomeOfFault(error, entry.row);
    }
    this.#isPoisoned = true;
    log.error(`${name} met a bug; the unit stops until it is restarted`, {}, error);
    return check("target-failure");
  }

  get #table(): Dispatch {
    this.#dispatch ??= this.#makeDispatch();
    return this.#dispatch;
  }

  #makeDispatch(): Dispatch {
    const handlers = { ...commonHandlers(this.#host()), ...this.handlers() };
    // Each handler takes the command of its own row. That row and handler belong together was checked by `Handlers`;
    // the dispatcher hands a handler nothing but commands of its row, so the types may be forgotten here.
    return new Dispatch([spcCommands, this.#own], handlers as unknown as Readonly<Record<string, Handler>>);
  }

  /** The unit as the commands of every unit see it. */
  #host(): CommonHost {
    const { options } = this;
    return {
      identity: options.identity,
      modes: this.modes,
      logs: this.logs,
      dispatch: () => this.#table,
      reservations: this.#reservations,
      vpdBodies: () => this.vpdPages(),
      luns: (nexus) => {
        // The new list is the answer to the attention: SPC-4.
        this.#nexuses.stateOf(nexus).attentions.clear("luns-changed");
        return options.luns();
      },
      now: () => options.clock.now(),
      readiness: (nexus) => this.testReadiness(nexus),
      takeSense: (nexus) => this.#takeSense(nexus),
      setPrevented: (nexus, isPrevented) => {
        this.#nexuses.stateOf(nexus).prevents = isPrevented;
      },
      tellOthers: (name, except) => this.attention(name, except),
      selfTest: () => this.selfTest(),
      tell: (port, name, except) => {
        for (const [nexus, state] of this.#nexuses.all) {
          if (nexus !== except && isPort(port, nexus)) state.attentions.add(name);
        }
      },
      endTasks: (port, except) => {
        for (const [nexus] of this.#nexuses.all) {
          // The running task is the one that asks; it is not theirs.
          if (nexus !== except && isPort(port, nexus)) void this.#tasks.endAll(nexus);
        }
      },
    };
  }

  #takeSense(nexus: UnitNexus): Sense {
    const attention = this.#nexuses.stateOf(nexus).attentions.take();
    if (attention !== undefined) return senseOf(attention);
    if (this.#isPoisoned) return senseOf("target-failure");
    return this.currentSense(nexus) ?? senseOf("no-sense");
  }
}

/** Bytes of data-out that the command takes as its CDB says; undefined where only its handler knows. */
function takenLength(task: UnitTask, entry: Entry | undefined): number | undefined {
  if (entry === undefined) return undefined;
  if (entry.row.data !== "out") return task.expectedDataOut > 0 ? 0 : undefined;
  return entry.parameterListLength?.(task.cdb);
}

function senseOf(name: SenseName): Sense {
  const { key, asc, ascq } = senseTable[name];
  return { key, asc, ascq };
}

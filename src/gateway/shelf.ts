// SPDX-License-Identifier: Apache-2.0
// The shelf at work: which cartridges are on their way to it or back, as tasks. At most one task works on a cartridge.
// Every job begins by looking at the cartridge's state, so that a start continues what a crash or a stop cut off.

import { asError, defined, isFault, milliseconds, type Timer } from "#base/index.ts";
import type { RunningTask, TaskContext, TaskRecord } from "#work/index.ts";
import { thawAll } from "./cartridge-parts.ts";
import type { CartridgeState } from "./cartridge-life.ts";
import type { CartridgeRecord } from "./facts.ts";
import { gatewayFault } from "./faults.ts";
import { MirrorDesk } from "./mirror-desk.ts";
import type { GatewayParts } from "./parts.ts";
import type { ShelfClass } from "./requests.ts";
import { areLocksDue, wantedLocks } from "./retention.ts";
import { retrievedRanges, ShelfJobs } from "./shelf-jobs.ts";
import type { ObjectId } from "./views.ts";

/** Kinds of shelf work. */
export type ShelfWork = "archive" | "retrieve" | "delete" | "change-class" | "lock" | "drop-copies";

/** The tasks of the shelf. */
export class Shelf {
  readonly #parts: GatewayParts;
  readonly #jobs: ShelfJobs;
  /** The second copies. */
  readonly mirrors: MirrorDesk;
  /** By barcode. */
  readonly #tasks = new Map<
    string,
    { readonly task: RunningTask; readonly work: ShelfWork; readonly from: CartridgeState }
  >();
  #renewTimer: Timer | undefined;
  #isStopped = false;

  /** `slotsChanged`: a cartridge appeared in a mail slot of this library without the robot. */
  constructor(parts: GatewayParts, slotsChanged: (library: ObjectId) => void) {
    this.#parts = parts;
    this.mirrors = new MirrorDesk(parts);
    this.#jobs = new ShelfJobs(parts, this.mirrors, slotsChanged);
  }

  /** Identifier of the task that works on a cartridge. */
  taskOf(barcode: string): string | undefined {
    return this.#tasks.get(barcode)?.task.id;
  }

  /** Fault `gateway.cartridge-busy` while a task works on the cartridge. */
  checkIdle(barcode: string): void {
    const task = this.taskOf(barcode);
    if (task === undefined) return;
    throw gatewayFault("cartridge-busy", { barcode, state: this.#parts.book.state.cartridge(barcode).state, task });
  }

  /** Starts the work that the state of a cartridge calls for; a task that runs already is given instead. */
  begin(barcode: string, who: string): RunningTask {
    const running = this.#tasks.get(barcode);
    if (running !== undefined) return running.task;
    const work = defined(this.#workFor(barcode), `${barcode} needs work`);
    const request = { operation: `cartridge.${work}`, subject: barcode, who };
    const task = this.#parts.tasks.start(request, (context) => this.#run(barcode, work, context));
    const from = this.#parts.book.state.cartridge(barcode).state;
    this.#tasks.set(barcode, { task, work, from });
    void task.ended.then(({ state }) => this.#ended(barcode, { work, from }, state));
    return task;
  }

  /** Starts locking the objects of a cartridge, if they are to be locked otherwise than they are. */
  beginLock(barcode: string, who: string): void {
    if (this.#workFor(barcode) === "lock") this.begin(barcode, who);
    this.mirrors.begin(barcode, who);
  }

  /** What became due while the task ran is done by the next: also other locks than those that it began with. */
  #ended(
    barcode: string,
    { work, from }: { readonly work: ShelfWork; readonly from: CartridgeState },
    state: TaskRecord["state"],
  ): void {
    this.#tasks.delete(barcode);
    if (this.#isStopped || state !== "done" || !this.#parts.book.state.cartridges.has(barcode)) return;
    this.mirrors.begin(barcode, "system");
    const due = this.#workFor(barcode);
    // Local copies are due when a cartridge was ejected meanwhile, and not whenever it is on the shelf.
    const isOther = due !== work || due === "lock";
    const isDue = due === "drop-copies" ? from === "RETRIEVED" : due !== undefined && isOther;
    if (isDue) this.begin(barcode, "system");
  }

  /** Continues what the last process left undone. */
  resume(): void {
    for (const { barcode, isReturned } of this.#parts.book.state.cartridges.values()) {
      const work = this.#workFor(barcode);
      if (work !== undefined && (work !== "drop-copies" || isReturned === true)) this.begin(barcode, "system");
    }
    this.mirrors.resume();
    void this.#renewThaws();
  }

  /** Renews no thaws any more. Its tasks are stopped with all others. */
  stop(): void {
    this.#isStopped = true;
    this.mirrors.stop();
    this.#renewTimer?.cancel();
  }

  /** Cancels the task of a cartridge, if one runs, and resolves when it has ended. */
  async cancel(barcode: string, who: string): Promise<void> {
    const running = this.#tasks.get(barcode);
    if (running !== undefined) await this.#parts.tasks.cancel(running.task.id, who);
  }

  /** Throws the Fault that canceling the archive of a cartridge would meet now. */
  checkCancelArchive(barcode: string): void {
    this.#jobs.cancelArchiveFacts(this.#parts.book.state, barcode);
  }

  /** Throws the Fault that taking a deletion back would meet now. */
  checkUndelete(barcode: string): void {
    this.#jobs.undeleteFacts(this.#parts.book.state, barcode);
  }

  /** Takes the deletion of a cartridge back on which no task works. */
  undelete(barcode: string): Promise<void> {
    return this.#jobs.undelete(barcode);
  }

  /** Brings a cartridge IN_TRANSIT on which no task works back into a slot. */
  backIntoSlot(barcode: string): Promise<void> {
    return this.#jobs.backIntoSlot(barcode);
  }

  async #run(barcode: string, work: ShelfWork, context: TaskContext): Promise<void> {
    try {
      await this.#job(work)(barcode, context);
    } catch (error) {
      if (isFault(error, "work.canceled")) await this.#jobs.canceled(barcode);
      throw error;
    }
  }

  #workFor(barcode: string): ShelfWork | undefined {
    const { state } = this.#parts.book;
    const cartridge = state.cartridge(barcode);
    const { abilities, trusted } = this.#parts;
    const pool = state.pools.get(cartridge.pool);
    const wanted = pool && wantedLocks(cartridge, pool, { abilities, now: trusted.now() });
    const isLockDue = wanted !== undefined && areLocksDue(cartridge.objectLocks, wanted);
    return dueWork(cartridge, pool?.storageClass, isLockDue);
  }

  #job(work: ShelfWork): (barcode: string, context: TaskContext) => Promise<void> {
    const jobs = this.#jobs;
    switch (work) {
      case "archive":
        return (barcode, context) => jobs.archive(barcode, context);
      case "retrieve":
        return (barcode, context) => jobs.retrieve(barcode, context);
      case "delete":
        return (barcode, context) => jobs.remove(barcode, context);
      case "change-class":
        return (barcode, context) => jobs.changeClass(barcode, context);
      case "lock":
        return (barcode, context) => jobs.lock(barcode, context);
      case "drop-copies":
        return (barcode, context) => jobs.dropCopies(barcode, context);
      default:
        return work satisfies never;
    }
  }

  /** A thawed copy expires; while a cartridge is in a library, it must not. */
  async #renewThaws(): Promise<void> {
    const { book, store, settings, clock, log } = this.#parts;
    for (const cartridge of book.state.cartridges.values()) {
      if (this.#isStopped) return;
      const isClone = cartridge.state === "AVAILABLE" && cartridge.clonedFrom !== undefined;
      if (cartridge.state !== "RETRIEVED" && !isClone) continue;
      try {
        const ranges = retrievedRanges(cartridge);
        const tier = cartridge.tier ?? "Standard";
        const request = { tier, keep: settings.thawKeep, isExtension: true };
        await thawAll(store, cartridge, { request, ranges });
      } catch (error) {
        if (!isFault(error)) throw error;
        const { barcode } = cartridge;
        log.warn(`the thaw of ${barcode} could not be extended: ${asError(error).message}`, { barcode });
      }
    }
    if (this.#isStopped) return;
    this.#renewTimer = clock.setTimer(milliseconds(settings.thawKeep / 2), () => void this.#renewThaws());
  }
}

/** The work that the state of a cartridge calls for, given the class of its pool. Done work may be done again. */
export function dueWork(
  { state, shelfClass }: Pick<CartridgeRecord, "state" | "shelfClass">,
  poolClass: ShelfClass | undefined,
  isLockDue: boolean,
): ShelfWork | undefined {
  switch (state) {
    case "AVAILABLE":
      return undefined;
    case "RETRIEVED":
      return isLockDue ? "lock" : undefined;
    case "IN_TRANSIT":
    case "ARCHIVING":
      return "archive";
    case "RETRIEVING":
      return "retrieve";
    case "DELETING":
      return "delete";
    case "ARCHIVED":
      if (shelfClass !== poolClass) return "change-class";
      return isLockDue ? "lock" : "drop-copies";
    default:
      return state satisfies never;
  }
}

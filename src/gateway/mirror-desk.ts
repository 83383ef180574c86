// SPDX-License-Identifier: Apache-2.0
// The second copies of what is on the shelf. A copy is made while a cartridge is archived, when its objects can be read
// for nothing; what fails then comes later, in a task of its own, and thaws what it has to. So a store that does not
// answer delays the copies in it and nothing else. Every task begins by looking what is missing, so that a start goes on
// where a crash or a stop cut it off.

import { asError, isFault, limits, type Duration } from "#base/index.ts";
import type { CartridgeId, ObjectStore } from "#store/index.ts";
import type { RunningTask, TaskContext } from "#work/index.ts";
import { partIds, possibleIds } from "./cartridge-parts.ts";
import type { CartridgeRecord, CopyRecord, MirrorRecord, ObjectLocks } from "./facts.ts";
import type { GatewayParts } from "./parts.ts";
import { areLocksDue, copyRetention, holdChanging, isHoldDue, lockOrder, wantedCopyLocks } from "./retention.ts";
import { ShelfSteps, type StoreWork } from "./shelf-steps.ts";

/** States in which a cartridge is, as a whole, in the object store. */
const shelved: readonly CartridgeRecord["state"][] = ["ARCHIVED", "RETRIEVING", "RETRIEVED"];

/** The copies, and the tasks that make them: at most one per cartridge, beside whatever the shelf does with it. */
export class MirrorDesk {
  readonly #parts: GatewayParts;
  readonly #steps: ShelfSteps;
  /** By barcode. */
  readonly #tasks = new Map<string, RunningTask>();
  #isStopped = false;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#steps = new ShelfSteps(parts, limits.mirrorTasks);
  }

  /** Identifier of the task that makes or locks the copies of a cartridge. */
  taskOf(barcode: string): string | undefined {
    return this.#tasks.get(barcode)?.id;
  }

  /** Starts what is to be done for the copies of a cartridge, if anything is. */
  begin(barcode: string, who: string): void {
    if (this.#isStopped || this.#tasks.has(barcode) || !this.#isDue(barcode)) return;
    const request = { operation: "cartridge.mirror", subject: barcode, who };
    const task = this.#parts.tasks.start(request, (context) => this.#run(barcode, context));
    this.#tasks.set(barcode, task);
    void task.ended.then(({ state }) => {
      this.#tasks.delete(barcode);
      // Another lock may have become due meanwhile.
      if (state === "done" && this.#parts.book.state.cartridges.has(barcode)) this.begin(barcode, "system");
    });
  }

  /** Goes on with what the last process left undone. */
  resume(): void {
    for (const barcode of this.#parts.book.state.cartridges.keys()) this.begin(barcode, "system");
  }

  /** Its tasks are stopped with all others. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Stops the task of a cartridge, if one runs, and resolves when it has ended. */
  async cancel(barcode: string, who: string): Promise<void> {
    const running = this.#tasks.get(barcode);
    if (running !== undefined) await this.#parts.tasks.cancel(running.id, who);
  }

  /** A step of the archive task: copies while nothing need be thawed for it. What fails is left for later. */
  async attempt(barcode: string, context: TaskContext): Promise<void> {
    const { mirror } = this.#steps.pool(barcode);
    if (mirror === undefined || this.#storeOf(mirror) === undefined) return;
    try {
      await this.#copyAll(barcode, mirror, { context, attempts: limits.mirrorAttempts });
    } catch (error) {
      context.checkpoint();
      if (!isFault(error)) throw error;
      context.log(`the copy in ${mirror.store} comes later: ${error.message}`);
      this.#alarm(mirror.store, error);
    }
  }

  /** Deletes all copies of a cartridge that is being deleted. Waits for stores that do not answer. */
  async erase(barcode: string, context: TaskContext): Promise<void> {
    const cartridge = this.#steps.cartridge(barcode);
    const bypassGovernance = cartridge.deletion?.bypassGovernance === true;
    const { shelf } = this.#parts.store;
    for (const { store, objectLocks } of cartridge.copies ?? []) {
      context.phase(`erasing the copy in ${store}`);
      for (const id of objectLocks === undefined ? possibleIds(cartridge) : partIds(cartridge)) {
        await this.#persist(store, context, ({ signal }) => shelf.eraseCopy(id, store, { signal, bypassGovernance }));
      }
    }
  }

  async #run(barcode: string, context: TaskContext): Promise<void> {
    const { mirror } = this.#steps.pool(barcode);
    if (mirror !== undefined && this.#isCopyDue(barcode, mirror)) await this.#copyAll(barcode, mirror, { context });
    for (const { store } of this.#steps.cartridge(barcode).copies ?? []) await this.#lock(barcode, store, context);
  }

  #isDue(barcode: string): boolean {
    const { state } = this.#parts.book;
    const cartridge = state.cartridge(barcode);
    if (!shelved.includes(cartridge.state)) return false;
    const { mirror } = state.pools.get(cartridge.pool) ?? {};
    if (mirror !== undefined && this.#storeOf(mirror) !== undefined && this.#isCopyDue(barcode, mirror)) return true;
    return (cartridge.copies ?? []).some((copy) => this.#isLockDue(cartridge, copy));
  }

  #isCopyDue(barcode: string, { store }: MirrorRecord): boolean {
    return copyIn(this.#steps.cartridge(barcode), store)?.at === undefined;
  }

  #isLockDue(cartridge: CartridgeRecord, copy: CopyRecord): boolean {
    const wanted = this.#wantedLocks(cartridge, copy);
    return copy.at !== undefined && wanted !== undefined && areLocksDue(copy.objectLocks, wanted);
  }

  /** Undefined: the store is not configured any more. */
  #wantedLocks(cartridge: CartridgeRecord, copy: CopyRecord): ObjectLocks | undefined {
    const { trusted, book } = this.#parts;
    const pool = book.state.pools.get(cartridge.pool);
    const abilities = this.#storeOf(copy)?.abilities;
    if (pool === undefined || abilities === undefined) return undefined;
    return wantedCopyLocks(copy, { cartridge, pool }, { abilities, now: trusted.now() });
  }

  #storeOf({ store }: Pick<MirrorRecord, "store">): Pick<ObjectStore, "abilities"> | undefined {
    return this.#parts.mirrors.get(store);
  }

  /** What a clone shares is copied before it: a copy is whole in its store. */
  async #copyAll(barcode: string, mirror: MirrorRecord, how: CopyingOptions): Promise<void> {
    const { clonedFrom } = this.#steps.cartridge(barcode);
    if (clonedFrom !== undefined) await this.#copyAll(clonedFrom, mirror, how);
    if (this.#isCopyDue(barcode, mirror)) await this.#copy(barcode, mirror, how);
  }

  async #copy(barcode: string, { store, storageClass }: MirrorRecord, how: CopyingOptions): Promise<void> {
    const { context, attempts = Infinity } = how;
    // Known before the first object is there, so that a deletion finds it.
    await this.#noteCopy(barcode, context, { store, storageClass });
    context.phase(`copying to ${store}`);
    const keep = this.#parts.settings.thawKeep;
    for (const id of partIds(this.#steps.cartridge(barcode))) {
      await this.#persist(store, context, (work) => this.#copyPart(id, { store, storageClass, keep }, work), attempts);
    }
    const at = this.#steps.now();
    await this.#noteCopy(barcode, context, { store, storageClass, at });
    this.#parts.alarms.set(alarmName(store), { severity: undefined, text: "copies succeed", advice: "" });
    this.#parts.feed.publish("cartridge.changed", barcode, `cartridge ${barcode} has a copy in ${store}`);
  }

  /** In its turn; who waits for a thaw is not in the way of others. */
  async #copyPart(
    id: CartridgeId,
    request: { readonly store: string; readonly storageClass: CopyRecord["storageClass"]; readonly keep: Duration },
    work: CopyWork,
  ): Promise<void> {
    const { context, ...options } = work;
    await this.#steps.inTurn(context, () => this.#parts.store.shelf.mirror(id, request, options));
  }

  async #lock(barcode: string, store: string, context: TaskContext): Promise<void> {
    const cartridge = this.#steps.cartridge(barcode);
    const copy = copyIn(cartridge, store);
    const wanted = copy && this.#wantedLocks(cartridge, copy);
    if (copy === undefined || wanted === undefined || !this.#isLockDue(cartridge, copy)) return;
    const pool = this.#steps.pool(barcode);
    const retention = copyRetention(copy, cartridge, pool);
    // Its end is written down before anybody is told of it: nothing that happens to the pool makes it earlier.
    const locked = retention === undefined ? copy : { ...copy, retention };
    if (retention !== undefined) await this.#noteCopy(barcode, context, locked);
    const locks = lockOrder(copy.objectLocks, wanted);
    if (isHoldDue(copy.objectLocks, wanted)) {
      await this.#noteCopy(barcode, context, { ...locked, objectLocks: holdChanging(copy.objectLocks) });
    }
    context.phase(`locking the copy in ${store}`);
    for (const id of partIds(cartridge)) {
      await this.#persist(store, context, (work) => this.#parts.store.shelf.lockCopy(id, store, locks, work));
    }
    await this.#noteCopy(barcode, context, { ...locked, objectLocks: wanted });
  }

  /** Takes the place of what was written down about the copy in that store. */
  async #noteCopy(barcode: string, context: TaskContext, copy: CopyRecord): Promise<void> {
    await this.#steps.change(context, (state) => {
      const { copies = [] } = state.cartridge(barcode);
      const others = copies.filter(({ store }) => store !== copy.store);
      const before = copies.find(({ store }) => store === copy.store);
      const change = { copies: [...others, { ...before, ...copy }] };
      return { facts: [{ kind: "cartridge-changed", barcode, at: this.#steps.now(), change }], result: undefined };
    });
  }

  #persist<T>(
    store: string,
    context: TaskContext,
    work: (work: CopyWork) => Promise<T>,
    attempts: number = Infinity,
  ): Promise<T> {
    const failed = (error: Error): void => {
      // What is thawing is on its way.
      if (!isFault(error, "store.object-frozen")) this.#alarm(store, error);
    };
    return this.#steps.persist(context, (given) => work({ ...given, context }), { failed, attempts });
  }

  #alarm(store: string, error: unknown): void {
    this.#parts.alarms.set(alarmName(store), {
      severity: "warning",
      text: `copies in ${store} wait: ${asError(error).message}`,
      advice: "see whether that store answers and its credentials are valid; what is archived has one copy meanwhile",
    });
  }
}

interface CopyingOptions {
  readonly context: TaskContext;
  /** As many as it takes unless given. */
  readonly attempts?: number;
}

interface CopyWork extends StoreWork {
  readonly context: TaskContext;
}

const alarmName = (store: string): string => `mirror-${store}`;

/** The copy of a cartridge in a store. */
export function copyIn({ copies = [] }: CartridgeRecord, store: string): CopyRecord | undefined {
  return copies.find((copy) => copy.store === store);
}

// SPDX-License-Identifier: Apache-2.0
// The task set of one logical unit: SAM-5. One task runs at a time. A task runs when it is at the head of its nexus'
// queue and its data is complete; while one nexus' head waits for data, the ready head of another may run. Nexuses take
// turns. HEAD OF QUEUE tasks go to the front of their nexus' queue; ORDERED and SIMPLE mean the same here.
// It does not know what a task does: `execute` carries it out, finishes it, and never throws or rejects.

import { assert, limits, type Log } from "#base/index.ts";
import { scsiStatus, taskAttributes } from "#scsi/index.ts";
import type { UnitNexus, UnitTask } from "./unit-task.ts";

/** Carries out a task; a promise holds the unit until it resolves. */
export type Execute = (task: UnitTask) => void | Promise<void>;

/** Which tasks a management function ends: those of one nexus or all. */
export type TaskFilter = UnitNexus | "all";

/** What a task set works with. */
export interface TaskSetOptions {
  readonly execute: Execute;
  /** Room for the data of a task that has just arrived; undefined leaves it to the transport. */
  readonly placeFor: (task: UnitTask) => UnitTask["place"];
  readonly log: Log;
}

/** The tasks of one logical unit. */
export class TaskSet {
  readonly #options: TaskSetOptions;
  /** Waiting tasks by nexus; the order of the map is whose turn it is. */
  readonly #queues = new Map<UnitNexus, UnitTask[]>();
  readonly #exclusive: (() => Promise<void>)[] = [];
  #waiting = 0;
  #isBusy = false;
  /** The task that runs and the promise that it holds the unit by. */
  #running: { readonly task: UnitTask; readonly ended: Promise<void> } | undefined;

  constructor(options: TaskSetOptions) {
    this.#options = options;
  }

  /** Tasks that wait or run. */
  get size(): number {
    return this.#waiting + (this.#running === undefined ? 0 : 1);
  }

  open(nexus: UnitNexus): void {
    assert(!this.#queues.has(nexus), "a nexus is opened once");
    this.#queues.set(nexus, []);
  }

  has(nexus: UnitNexus): boolean {
    return this.#queues.has(nexus);
  }

  /** True when tasks of the nexus wait or run. */
  holds(nexus: UnitNexus): boolean {
    return this.#running?.task.nexus === nexus || (this.#queues.get(nexus)?.length ?? 0) > 0;
  }

  /** Drops the nexus and its waiting tasks; resolves when none of them runs any more. */
  close(nexus: UnitNexus): Promise<void> {
    const quiet = this.endAll(nexus);
    this.#queues.delete(nexus);
    return quiet;
  }

  /** Takes a task; runs it in this turn of the event loop when it can run. */
  accept(task: UnitTask): void {
    const queue = this.#queues.get(task.nexus);
    assert(queue !== undefined, "a task comes by an open nexus");
    if (this.#waiting >= limits.tasksPerUnit) {
      task.finish({ status: scsiStatus["task-set-full"] });
      return;
    }
    if (task.expectedDataOut > 0) task.place = this.#options.placeFor(task);
    if (!this.#isBusy && queue.length === 0 && task.dataComplete) {
      this.#run(task);
      this.#pump();
      return;
    }
    if (task.attribute === taskAttributes["head-of-queue"]) queue.unshift(task);
    else queue.push(task);
    this.#waiting += 1;
    if (!task.dataComplete) task.onDataComplete = () => this.#pump();
    this.#pump();
  }

  /**
   * Takes a task back. Resolves when it has no effect any more: it did not start, or it has ended. Undefined when it is
   * not in the set: it had ended before.
   */
  abort(task: UnitTask): Promise<void> | undefined {
    if (this.#running?.task === task) return this.#running.ended;
    return this.#remove(task) ? Promise.resolve() : undefined;
  }

  /**
   * Ends waiting tasks with TASK ABORTED (their transport ignores that for tasks that it aborted itself). Resolves when
   * the running task, if it is one of them, has ended.
   */
  endAll(filter: TaskFilter): Promise<void> {
    for (const nexus of this.#queues.keys()) {
      if (filter === "all" || filter === nexus) this.#empty(nexus, scsiStatus["task-aborted"]);
    }
    const running = this.#running;
    return running !== undefined && (filter === "all" || filter === running.task.nexus)
      ? running.ended
      : Promise.resolve();
  }

  /** Answers BUSY to what waits of a nexus. */
  refuse(nexus: UnitNexus): void {
    this.#empty(nexus, scsiStatus.busy);
  }

  #empty(nexus: UnitNexus, status: number): void {
    for (const task of this.#queues.get(nexus)?.splice(0) ?? []) {
      this.#waiting -= 1;
      drop(task);
      task.finish({ status });
    }
  }

  /** Runs `work` between two tasks, before those that wait. */
  exclusive<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#exclusive.push(async () => {
        try {
          resolve(await work());
        } catch (error) {
          reject(error);
        }
      });
      this.#pump();
    });
  }

  #remove(task: UnitTask): boolean {
    const queue = this.#queues.get(task.nexus);
    const index = queue?.indexOf(task) ?? -1;
    if (index < 0) return false;
    queue?.splice(index, 1);
    this.#waiting -= 1;
    drop(task);
    this.#pump();
    return true;
  }

  /** Runs what can run, until something holds the unit or nothing is ready. */
  #pump(): void {
    while (!this.#isBusy) {
      const work = this.#exclusive.shift();
      if (work !== undefined) {
        this.#hold(work());
        return;
      }
      const task = this.#waiting === 0 ? undefined : this.#next();
      if (task === undefined) return;
      this.#run(task);
    }
  }

  /** The ready head whose turn it is, taken off its queue. */
  #next(): UnitTask | undefined {
    for (const [nexus, queue] of this.#queues) {
      const head = queue[0];
      if (head === undefined || !head.dataComplete) continue;
      queue.shift();
      this.#waiting -= 1;
      // To the end of the map: the others come first next time.
      if (this.#waiting > 0) {
        this.#queues.delete(nexus);
        this.#queues.set(nexus, queue);
      }
      head.onDataComplete = undefined;
      return head;
    }
    return undefined;
  }

  #run(task: UnitTask): void {
    if (task.aborted) {
      drop(task);
      return;
    }
    this.#isBusy = true;
    const pending = this.#options.execute(task);
    if (pending === undefined) {
      this.#isBusy = false;
      return;
    }
    const ended = pending.then(() => {
      this.#running = undefined;
    });
    this.#running = { task, ended };
    this.#hold(ended);
  }

  #hold(pending: Promise<void>): void {
    this.#isBusy = true;
    const next = (): void => {
      this.#isBusy = false;
      this.#pump();
    };
    pending.then(next, (error: unknown) => {
      this.#running = undefined;
      this.#options.log.error("a task ended with an error nobody handled", {}, error);
      next();
    });
  }
}

function drop(task: UnitTask): void {
  task.onDataComplete = undefined;
  task.place?.release();
}

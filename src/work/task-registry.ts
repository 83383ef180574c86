// SPDX-License-Identifier: Apache-2.0
// The registry of tasks: starts jobs, shows them, cancels them, and tells listeners about changes at a bounded rate.
// It does not queue or lock: a job that must wait for another says so with `waitFor`.

import {
  asError,
  isFault,
  limits,
  randomId,
  type Clock,
  type Instant,
  type Log,
  type Random,
  type Timer,
} from "#base/index.ts";
import { workFault } from "./faults.ts";
import {
  isFinal,
  type Counter,
  type JsonValue,
  type RunningTask,
  type TaskContext,
  type TaskFilter,
  type TaskId,
  type TaskKeeper,
  type TaskLine,
  type TaskRecord,
  type TaskRequest,
  type TaskState,
} from "./task.ts";

/** What a registry is made of. */
export interface TaskRegistryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly keeper: TaskKeeper;
  /** Records of an earlier run, in any order; those that were not final become `interrupted`. */
  readonly earlier: readonly TaskRecord[];
}

/** Called with the tasks that changed since the last call. Must not throw. */
export type TaskListener = (changed: readonly TaskRecord[]) => void;

interface Entry {
  readonly id: TaskId;
  readonly request: Required<TaskRequest>;
  readonly controller: AbortController;
  readonly createdAt: Instant;
  readonly counters: Map<string, { name: string; unit: string; value: number; total: number | undefined }>;
  readonly warnings: string[];
  readonly lines: TaskLine[];
  state: TaskState;
  phase: string | undefined;
  waitingFor: string[];
  /** Why it cannot be canceled any more. */
  noCancel: string | undefined;
  result: JsonValue | undefined;
  error: { readonly code: string; readonly text: string } | undefined;
  startedAt: Instant | undefined;
  endedAt: Instant | undefined;
}

/** What changes when a task ends. */
type Ending = Pick<Entry, "state" | "result" | "error" | "waitingFor" | "endedAt">;

/** All tasks of this process and the kept records of earlier ones. */
export class TaskRegistry {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Log;
  readonly #keeper: TaskKeeper;
  /** Oldest first. */
  readonly #entries = new Map<TaskId, Entry>();
  readonly #running = new Map<TaskId, Promise<TaskRecord>>();
  readonly #listeners = new Set<TaskListener>();
  readonly #changed = new Set<TaskId>();
  #publishTimer: Timer | undefined;
  #stopping = false;

  constructor(options: TaskRegistryOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#log = options.log;
    this.#keeper = options.keeper;
    for (const record of options.earlier.toSorted((left, right) => left.createdAt - right.createdAt)) {
      this.#adopt(record);
    }
    this.#dropOldest();
  }

  /** Starts a job at once. After `stop` it throws Fault `work.stopping`. */
  start(request: TaskRequest, job: (context: TaskContext) => Promise<JsonValue | void>): RunningTask {
    if (this.#stopping) throw workFault("stopping");
    const entry = this.#newEntry(request);
    this.#entries.set(entry.id, entry);
    this.#dropOldest();
    const ended = this.#run(entry, job);
    this.#running.set(entry.id, ended);
    return { id: entry.id, ended, record: () => recordOf(entry) };
  }

  /** Newest first. */
  list(filter: TaskFilter = {}): readonly TaskRecord[] {
    return [...this.#entries.values()]
      .filter(
        (entry) =>
          (filter.state === undefined || entry.state === filter.state) &&
          (filter.operation === undefined || entry.request.operation === filter.operation) &&
          (filter.subject === undefined || entry.request.subject === filter.subject),
      )
      .map(recordOf)
      .toReversed();
  }

  /** Fault `work.task-unknown` when there is none. */
  get(id: string): TaskRecord {
    return recordOf(this.#find(id));
  }

  /** Resolves with the final record of a task, at once when it has ended. Fault `work.task-unknown`. */
  ended(id: string): Promise<TaskRecord> {
    const entry = this.#find(id);
    return this.#running.get(entry.id) ?? Promise.resolve(recordOf(entry));
  }

  /**
   * Asks a task to stop and resolves with its final record; the job decides where it can. Faults `work.task-unknown`,
   * `work.task-ended`, `work.cannot-cancel`.
   */
  async cancel(id: string, who: string): Promise<TaskRecord> {
    const entry = this.#find(id);
    const running = this.#running.get(entry.id);
    if (running === undefined) throw workFault("task-ended", { id, state: entry.state });
    if (entry.noCancel !== undefined) throw workFault("cannot-cancel", { id, reason: entry.noCancel });
    entry.controller.abort(workFault("canceled", { who }));
    return running;
  }

  /** Calls `listener` with changed tasks, at most every `limits.progressEvery`. Returns how to stop that. */
  subscribe(listener: TaskListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#publishTimer?.cancel();
      this.#publishTimer = undefined;
      this.#changed.clear();
    };
  }

  /** Aborts all jobs and resolves when they have ended; they end as `interrupted`. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const id of this.#running.keys()) this.#entries.get(id)?.controller.abort(workFault("stopping"));
    await Promise.all(this.#running.values());
    this.#publish();
  }

  async #run(entry: Entry, job: (context: TaskContext) => Promise<JsonValue | void>): Promise<TaskRecord> {
    entry.state = "running";
    entry.startedAt = this.#clock.now();
    this.#touch(entry);
    await this.#save(entry);
    const end = await this.#outcomeOf(entry, job);
    // Only when its record is kept has a task ended: who sees the end finds that its owner has seen it too.
    await this.#save({ ...entry, ...end });
    Object.assign(entry, end);
    this.#running.delete(entry.id);
    this.#touch(entry);
    return recordOf(entry);
  }

  async #outcomeOf(entry: Entry, job: (context: TaskContext) => Promise<JsonValue | void>): Promise<Ending> {
    const ending = (state: TaskState, result?: JsonValue, error?: Entry["error"]): Ending => {
      return { state, result, error, waitingFor: [], endedAt: this.#clock.now() };
    };
    try {
      const result = await job(this.#contextOf(entry));
      return ending("done", result === undefined ? undefined : result);
    } catch (thrown) {
      const { message } = asError(thrown);
      const code = isFault(thrown) ? thrown.code : "work.bug";
      const state = code === "work.stopping" ? "interrupted" : code === "work.canceled" ? "canceled" : "failed";
      if (state === "failed") this.#logFailure(entry, thrown);
      return ending(state, undefined, { code, text: message });
    }
  }

  #logFailure(entry: Entry, thrown: unknown): void {
    const { operation, subject } = entry.request;
    const fields = { task: entry.id, operation, subject };
    const { message } = asError(thrown);
    if (isFault(thrown)) this.#log.warn(`task failed: ${message}`, { ...fields, code: thrown.code });
    else this.#log.error("task failed by a bug", fields, thrown);
  }

  #contextOf(entry: Entry): TaskContext {
    const touch = (): void => this.#touch(entry);
    const line = (level: TaskLine["level"], text: string): void => {
      entry.lines.push({ at: this.#clock.now(), level, text });
      if (entry.lines.length > limits.taskLogLines) entry.lines.shift();
      touch();
    };
    return {
      signal: entry.controller.signal,
      counter: (name, unit, total) => counterOf(entry, { name, unit, total }, touch),
      phase: (name) => {
        entry.phase = name;
        touch();
      },
      warn: (text) => {
        if (entry.warnings.length < limits.taskLogLines) entry.warnings.push(text);
        line("warning", text);
      },
      log: (text) => line("info", text),
      waitFor: (reason, promise) => this.#waitFor(entry, reason, promise),
      refuseCancel: (reason) => {
        entry.controller.signal.throwIfAborted();
        entry.noCancel = reason;
      },
      checkpoint: () => entry.controller.signal.throwIfAborted(),
    };
  }

  async #waitFor<T>(entry: Entry, reason: string, promise: Promise<T>): Promise<T> {
    entry.waitingFor.push(reason);
    entry.state = "waiting";
    this.#touch(entry);
    try {
      return await abortable(promise, entry.controller.signal);
    } finally {
      entry.waitingFor.splice(entry.waitingFor.indexOf(reason), 1);
      if (entry.waitingFor.length === 0) entry.state = "running";
      this.#touch(entry);
    }
  }

  #newEntry(request: TaskRequest): Entry {
    return {
      id: randomId(this.#random) as TaskId,
      request: { who: "system", ...request },
      controller: new AbortController(),
      createdAt: this.#clock.now(),
      counters: new Map(),
      warnings: [],
      lines: [],
      state: "queued",
      phase: undefined,
      waitingFor: [],
      noCancel: undefined,
      result: undefined,
      error: undefined,
      startedAt: undefined,
      endedAt: undefined,
    };
  }

  /** A task that was under way when the last process ended is over now: nobody works on it any more. */
  #adopt(record: TaskRecord): void {
    const isOver = isFinal(record.state);
    const entry: Entry = {
      id: record.id,
      request: { operation: record.operation, subject: record.subject, who: record.who },
      controller: new AbortController(),
      createdAt: record.createdAt,
      counters: new Map(record.counters.map((counter) => [counter.name, { ...counter }])),
      warnings: [...record.warnings],
      lines: [...record.lines],
      state: isOver ? record.state : "interrupted",
      phase: record.phase,
      waitingFor: [],
      noCancel: undefined,
      result: record.result,
      error: record.error,
      startedAt: record.startedAt,
      endedAt: isOver ? record.endedAt : this.#clock.now(),
    };
    this.#entries.set(entry.id, entry);
  }

  /** Final tasks beyond the limit go, oldest first; running ones stay. */
  #dropOldest(): void {
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= limits.tasksKept) return;
      if (!isFinal(entry.state)) continue;
      this.#entries.delete(entry.id);
      this.#keeper.forget(entry.id).catch((error: unknown) => this.#logKeeper(entry, error));
    }
  }

  #find(id: string): Entry {
    const entry = this.#entries.get(id as TaskId);
    if (entry === undefined) throw workFault("task-unknown", { id });
    return entry;
  }

  async #save(entry: Entry): Promise<void> {
    try {
      await this.#keeper.save(recordOf(entry));
    } catch (error) {
      this.#logKeeper(entry, error);
    }
  }

  #logKeeper(entry: Entry, error: unknown): void {
    this.#log.warn("the record of a task could not be kept", { task: entry.id, reason: asError(error).message });
  }

  #touch(entry: Entry): void {
    if (this.#listeners.size === 0) return;
    this.#changed.add(entry.id);
    this.#publishTimer ??= this.#clock.setTimer(limits.progressEvery, () => this.#publish());
  }

  #publish(): void {
    this.#publishTimer?.cancel();
    this.#publishTimer = undefined;
    const records = [...this.#changed].flatMap((id) => {
      const entry = this.#entries.get(id);
      return entry === undefined ? [] : [recordOf(entry)];
    });
    this.#changed.clear();
    if (records.length === 0) return;
    for (const listener of this.#listeners) listener(records);
  }
}

function counterOf(
  entry: Entry,
  options: { readonly name: string; readonly unit: string; readonly total: number | undefined },
  touch: () => void,
): Counter {
  const known = entry.counters.get(options.name);
  const counter = known ?? { ...options, value: 0 };
  if (known === undefined) entry.counters.set(options.name, counter);
  else if (options.total !== undefined) counter.total = options.total;
  return {
    add: (count) => {
      counter.value += count;
      touch();
    },
    set: (value) => {
      counter.value = value;
      touch();
    },
    setTotal: (total) => {
      counter.total = total;
      touch();
    },
  };
}

function recordOf(entry: Entry): TaskRecord {
  return Object.freeze({
    id: entry.id,
    ...entry.request,
    state: entry.state,
    phase: entry.phase,
    waitingFor: entry.waitingFor.at(-1),
    counters: [...entry.counters.values()].map((counter) => ({ ...counter })),
    warnings: [...entry.warnings],
    lines: [...entry.lines],
    result: entry.result,
    error: entry.error,
    createdAt: entry.createdAt,
    startedAt: entry.startedAt,
    endedAt: entry.endedAt,
  });
}

/** `promise`, or a rejection with the signal's reason as soon as it is aborted. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) {
      promise.catch(() => {});
      return onAbort();
    }
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

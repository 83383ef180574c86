// SPDX-License-Identifier: Apache-2.0
// What a task is: the record that people and faces see, and what job code is given to speak through. House plan,
// section 13. Nothing here knows tapes, files or time sources.

import type { Brand, Instant } from "#base/index.ts";

/** Identifier of a task: 32 hexadecimal digits. */
export type TaskId = Brand<string, "TaskId">;

/** A value that survives JSON. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** `interrupted`: it ran when the process ended. The last four are final. */
export type TaskState = "queued" | "running" | "waiting" | "done" | "failed" | "canceled" | "interrupted";

/** A number that a job adds to. `total` is known, or not. */
export interface TaskCounter {
  readonly name: string;
  /** `bytes`, `cartridges`, … */
  readonly unit: string;
  readonly value: number;
  readonly total: number | undefined;
}

/** One line of a task's log. */
export interface TaskLine {
  readonly at: Instant;
  readonly level: "info" | "warning";
  readonly text: string;
}

/** A task as it is now. Frozen; a later look gives a new record. */
export interface TaskRecord {
  readonly id: TaskId;
  /** Name of the operation, `cartridge.archive`. */
  readonly operation: string;
  /** What it works on, `CAP001L8`. */
  readonly subject: string;
  /** Who asked: a token's name, `system`, or a host's initiator name. */
  readonly who: string;
  readonly state: TaskState;
  readonly phase: string | undefined;
  /** Why it waits, while the state is `waiting`. */
  readonly waitingFor: string | undefined;
  readonly counters: readonly TaskCounter[];
  readonly warnings: readonly string[];
  /** The last `limits.taskLogLines` lines. */
  readonly lines: readonly TaskLine[];
  readonly result: JsonValue | undefined;
  readonly error: { readonly code: string; readonly text: string } | undefined;
  readonly createdAt: Instant;
  readonly startedAt: Instant | undefined;
  readonly endedAt: Instant | undefined;
}

/** A counter in the hands of a job. */
export interface Counter {
  add(count: number): void;
  set(value: number): void;
  setTotal(total: number): void;
}

/** What job code speaks through. Nothing in a job prints. */
export interface TaskContext {
  /** Aborted by cancel (reason: Fault `work.canceled`) and by stop (reason: Fault `work.stopping`). */
  readonly signal: AbortSignal;
  /** The counter of this name; made when it is new. */
  counter(name: string, unit: string, total?: number): Counter;
  phase(name: string): void;
  warn(text: string): void;
  log(text: string): void;
  /** State `waiting` with this reason until `promise` settles or the signal is aborted. */
  waitFor<T>(reason: string, promise: Promise<T>): Promise<T>;
  /**
   * From here on the task cannot be canceled, and cancel is refused with `reason`; stop still aborts it. Throws the
   * signal's reason when it is aborted already.
   */
  refuseCancel(reason: string): void;
  /** Throws the signal's reason when it is aborted. Called where stopping leaves a state the next run continues from. */
  checkpoint(): void;
}

/** What to start. */
export interface TaskRequest {
  readonly operation: string;
  readonly subject: string;
  /** Default `system`. */
  readonly who?: string;
}

/** A started task. */
export interface RunningTask {
  readonly id: TaskId;
  /** The record at this moment. */
  record(): TaskRecord;
  /** Resolves with the final record; never rejects. */
  readonly ended: Promise<TaskRecord>;
}

/** Which tasks to list; all given conditions hold. */
export interface TaskFilter {
  readonly state?: TaskState;
  readonly operation?: string;
  readonly subject?: string;
}

/**
 * Port: where records outlive the process. `save` is called at start and at the end of a task, not for progress; a
 * failure is logged and does not stop the task.
 */
export interface TaskKeeper {
  save(record: TaskRecord): Promise<void>;
  /** The task is too old to be kept. */
  forget(id: TaskId): Promise<void>;
}

/** True for a state that does not change any more. */
export function isFinal(state: TaskState): boolean {
  return state === "done" || state === "failed" || state === "canceled" || state === "interrupted";
}

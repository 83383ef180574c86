// SPDX-License-Identifier: Apache-2.0
// Follows a task over the event stream until it has ended.

import { assert, Bug } from "#base/index.ts";
import { operations } from "#api/index.ts";
import { call, listen } from "./client.ts";
import { cliFault } from "./faults.ts";
import type { Server, Terminal } from "./ports.ts";
import { progressLine, ProgressRenderer, type ShownTask } from "./progress.ts";

/** A task as the server shows it; more is passed through. */
export interface WatchedTask extends ShownTask {
  readonly error?: { readonly code: string; readonly text: string } | undefined;
}

const finalStates = new Set(["done", "failed", "canceled", "interrupted"]);

/** Shows progress until the task ends and resolves with its last record. Fault `cli.stream-ended`. */
export async function watchTask(server: Server, id: string, terminal: Terminal): Promise<WatchedTask> {
  const show = operations.find((entry) => entry.name === "task.show");
  assert(show !== undefined, "task.show is an operation");
  const renderer = new ProgressRenderer(terminal);
  const stop = new AbortController();
  try {
    // The stream begins before the first look, so that no change falls between the two.
    const events = listen(server, stop.signal);
    const first = events.next();
    first.catch(() => {});
    let task = taskOf(await call(server, show, { id }));
    renderer.show(progressLine(task));
    let event = first;
    while (!finalStates.has(task.state)) {
      const next = await event;
      if (next.done === true) throw cliFault("stream-ended", { id });
      if (next.value.kind === "events.lost") task = taskOf(await call(server, show, { id }));
      else if (next.value.kind === "task") task = newer(task, next.value.data);
      renderer.show(progressLine(task));
      // Asked for only while it is waited for: nothing may come any more once the task has ended.
      if (!finalStates.has(task.state)) event = events.next();
    }
    return task;
  } finally {
    stop.abort(new Error("the task was watched to its end"));
    renderer.end();
  }
}

function newer(task: WatchedTask, data: unknown): WatchedTask {
  const other = taskOf(data);
  return other.id === task.id ? other : task;
}

function taskOf(value: unknown): WatchedTask {
  if (!isTask(value)) throw new Bug("the server answers a task with its id and state");
  return value;
}

function isTask(value: unknown): value is WatchedTask {
  return typeof value === "object" && value !== null && "id" in value && "state" in value && "counters" in value;
}

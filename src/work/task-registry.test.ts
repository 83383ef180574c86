// SPDX-License-Identifier: Apache-2.0
// Tests of the task registry, on the simulated clock.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, milliseconds, seconds, silentLog, sleep } from "#base/index.ts";
import { SeededRandom, SimClock } from "#sim/index.ts";
import { noTask } from "./no-task.ts";
import { TaskRegistry, type TaskRegistryOptions } from "./task-registry.ts";
import type { TaskId, TaskRecord } from "./task.ts";

interface Bench {
  readonly clock: SimClock;
  readonly registry: TaskRegistry;
  readonly kept: Map<string, TaskRecord>;
}

function bench(options: Partial<TaskRegistryOptions> = {}): Bench {
  const clock = new SimClock();
  const kept = new Map<string, TaskRecord>();
  const keeper = {
    save: (record: TaskRecord) => Promise.resolve(void kept.set(record.id, record)),
    forget: (id: TaskId) => Promise.resolve(void kept.delete(id)),
  };
  const random = new SeededRandom(1);
  const registry = new TaskRegistry({ clock, random, log: silentLog, keeper, earlier: [], ...options });
  return { clock, registry, kept };
}

const request = { operation: "cartridge.archive", subject: "CAP001L8", who: "ann" };
const never = (): Promise<never> => new Promise(() => {});

test("a task runs, counts, ends with its result, and is kept at start and end", async () => {
  const { clock, registry, kept } = bench();
  const task = registry.start(request, async (context) => {
    context.phase("uploading");
    const counter = context.counter("data", "bytes", 100);
    counter.add(30);
    counter.add(20);
    context.log("half of it");
    await sleep(clock, seconds(5));
    return { uploaded: 50 };
  });
  await clock.settle();
  assert.equal(kept.get(task.id)?.state, "running");
  assert.deepEqual(task.record().counters, [{ name: "data", unit: "bytes", value: 50, total: 100 }]);
  const record = await clock.runUntil(task.ended);
  assert.equal(record.state, "done");
  assert.equal(record.phase, "uploading");
  assert.deepEqual(record.result, { uploaded: 50 });
  assert.deepEqual(record.lines, [{ at: record.createdAt, level: "info", text: "half of it" }]);
  assert.equal(Number(record.endedAt) - Number(record.startedAt), 5000);
  assert.deepEqual(kept.get(task.id), record);
  assert.deepEqual(registry.get(task.id), record);
});

test("a task that throws has failed, with the fault's code and text", async () => {
  const { clock, registry } = bench();
  const task = registry.start(request, () => Promise.reject(new Error("the lid is closed")));
  const record = await clock.runUntil(task.ended);
  assert.equal(record.state, "failed");
  assert.deepEqual(record.error, { code: "work.bug", text: "the lid is closed" });
});

test("a waiting task says what it waits for", async () => {
  const { clock, registry } = bench();
  const task = registry.start(request, (context) => context.waitFor("a free mail slot", sleep(clock, seconds(9))));
  await clock.settle();
  assert.equal(task.record().state, "waiting");
  assert.equal(task.record().waitingFor, "a free mail slot");
  const record = await clock.runUntil(task.ended);
  assert.equal(record.state, "done");
  assert.equal(record.waitingFor, undefined);
});

test("cancel aborts the signal, waits for the job, and says who did it", async () => {
  const { clock, registry } = bench();
  let cleaned = false;
  const task = registry.start(request, async (context) => {
    try {
      await context.waitFor("the thaw", never());
    } finally {
      cleaned = true;
    }
  });
  await clock.settle();
  const record = await clock.runUntil(registry.cancel(task.id, "bob"));
  assert.equal(record.state, "canceled");
  assert.equal(record.error?.text, "canceled by bob");
  assert.equal(cleaned, true);
});

test("cancel of a task that ended, that refuses, or that is not known is refused", async () => {
  const { clock, registry } = bench();
  const ended = registry.start(request, () => Promise.resolve());
  await clock.runUntil(ended.ended);
  await assert.rejects(registry.cancel(ended.id, "bob"), { code: "work.task-ended" });
  await assert.rejects(registry.cancel("0".repeat(32), "bob"), { code: "work.task-unknown" });
  const stubborn = registry.start(request, (context) => {
    context.refuseCancel("the class changes");
    return never();
  });
  await clock.settle();
  await assert.rejects(registry.cancel(stubborn.id, "bob"), { code: "work.cannot-cancel" });
});

test("a job that was canceled before it refuses cancel ends as canceled", async () => {
  const { clock, registry } = bench();
  const task = registry.start(request, async (context) => {
    await sleep(clock, seconds(1));
    context.refuseCancel("too late");
  });
  await clock.settle();
  const canceled = registry.cancel(task.id, "bob");
  assert.equal((await clock.runUntil(canceled)).state, "canceled");
});

test("stop ends running tasks as interrupted, and no task starts afterwards", async () => {
  const { clock, registry, kept } = bench();
  const task = registry.start(request, (context) => context.waitFor("the thaw", never()));
  await clock.settle();
  await clock.runUntil(registry.stop());
  assert.equal(kept.get(task.id)?.state, "interrupted");
  assert.throws(() => registry.start(request, () => Promise.resolve()), { code: "work.stopping" });
});

test("after a restart a task that was running is interrupted and one that was done is done", async () => {
  const first = bench();
  const running = first.registry.start(request, () => never());
  const done = first.registry.start({ ...request, subject: "CAP002L8" }, () => Promise.resolve());
  await first.clock.runUntil(done.ended);
  const second = bench({ earlier: [...first.kept.values()] });
  assert.equal(second.registry.get(running.id).state, "interrupted");
  assert.notEqual(second.registry.get(running.id).endedAt, undefined);
  assert.equal(second.registry.get(done.id).state, "done");
  await assert.rejects(second.registry.cancel(running.id, "bob"), { code: "work.task-ended" });
});

test("listeners hear of changes at most twice a second, and the last state always", async () => {
  const { clock, registry } = bench();
  const heard: TaskRecord[][] = [];
  const leave = registry.subscribe((records) => heard.push([...records]));
  const task = registry.start(request, async (context) => {
    const counter = context.counter("data", "bytes");
    for (let step = 0; step < 100; step++) {
      counter.add(1);
      await sleep(clock, milliseconds(20));
    }
  });
  await clock.runUntil(task.ended);
  await clock.advance(limits.progressEvery);
  assert.ok(heard.length >= 4 && heard.length <= 6, `${heard.length} calls in two seconds`);
  assert.equal(heard.at(-1)?.at(-1)?.state, "done");
  leave();
  registry.start(request, () => Promise.resolve());
  await clock.advance(seconds(2));
  assert.ok(heard.length <= 6);
});

test("only so many tasks are kept, the oldest ended ones go first and running ones stay", async () => {
  const { clock, registry, kept } = bench();
  const running = registry.start(request, () => never());
  for (let count = 0; count < limits.tasksKept + 5; count++) {
    await clock.runUntil(registry.start({ ...request, subject: `T${count}` }, () => Promise.resolve()).ended);
  }
  assert.equal(registry.list().length, limits.tasksKept);
  assert.equal(registry.get(running.id).state, "running");
  assert.equal(registry.list({ subject: "T0" }).length, 0);
  assert.equal(registry.list().at(0)?.subject, `T${limits.tasksKept + 4}`);
  await clock.settle();
  assert.equal(kept.size, limits.tasksKept);
});

test("only so many log lines are kept, the last ones", async () => {
  const { clock, registry } = bench();
  const task = registry.start(request, (context) => {
    for (let line = 0; line < limits.taskLogLines + 3; line++) context.warn(`line ${line}`);
    return Promise.resolve();
  });
  const record = await clock.runUntil(task.ended);
  assert.equal(record.lines.length, limits.taskLogLines);
  assert.equal(record.lines.at(-1)?.text, `line ${limits.taskLogLines + 2}`);
  assert.equal(record.lines.at(-1)?.level, "warning");
  assert.equal(record.warnings.length, limits.taskLogLines);
});

test("a keeper that fails does not stop a task", async () => {
  const keeper = {
    save: () => Promise.reject(new Error("disk full")),
    forget: () => Promise.reject(new Error("disk full")),
  };
  const { clock, registry } = bench({ keeper });
  const record = await clock.runUntil(registry.start(request, () => Promise.resolve("fine")).ended);
  assert.equal(record.result, "fine");
});

test("lists filter by state, operation and subject", async () => {
  const { clock, registry } = bench();
  await clock.runUntil(registry.start(request, () => Promise.resolve()).ended);
  registry.start({ operation: "cartridge.delete", subject: "CAP002L8" }, () => never());
  await clock.settle();
  assert.equal(registry.list({ state: "running" }).length, 1);
  assert.equal(registry.list({ operation: "cartridge.archive" }).length, 1);
  assert.equal(registry.list({ subject: "CAP002L8" }).at(0)?.who, "system");
});

test("the context for unit tests records nothing and can be aborted", async () => {
  const stop = new AbortController();
  const context = noTask(stop.signal);
  context.counter("a", "bytes").add(1);
  assert.equal(await context.waitFor("nothing", Promise.resolve(3)), 3);
  context.checkpoint();
  stop.abort(new Error("stop"));
  assert.throws(() => context.checkpoint(), /stop/);
});

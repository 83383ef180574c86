// SPDX-License-Identifier: Apache-2.0
// Worker threads keep the contract of the port, and a worker that dies is replaced.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isFault } from "#base/index.ts";
import { threadsConformance, type TrialJobs } from "../base/threads-conformance.ts";
import { WorkerThreads } from "./threads.ts";

const url = new URL("../base/threads-fixtures.ts", import.meta.url);

threadsConformance("worker threads", () => {
  const threads = new WorkerThreads<TrialJobs>({ url, count: 2 });
  return { threads, close: () => threads.close() };
});

test("what a thread was at when the pool closes is lost, and nobody waits for ever", async () => {
  const threads = new WorkerThreads<TrialJobs>({ url, count: 1 });
  const running = [threads.run("endless", { step: 0 }), threads.run("reversed", { bytes: Uint8Array.of(1) })];
  const results = Promise.allSettled(running);
  await threads.close();
  for (const result of await results) {
    assert.ok(result.status === "rejected" && isFault(result.reason, "thread.lost"));
  }
  await assert.rejects(threads.run("reversed", { bytes: Uint8Array.of(1) }), /closed/);
});

test("a thread that runs out of memory is replaced", async () => {
  const threads = new WorkerThreads<TrialJobs>({ url, count: 1 });
  await assert.rejects(threads.run("greedy", { count: Infinity }), (error) => isFault(error, "thread.lost"));
  assert.deepEqual((await threads.run("reversed", { bytes: Uint8Array.of(1, 2) })).bytes, Uint8Array.of(2, 1));
  await threads.close();
});

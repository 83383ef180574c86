// SPDX-License-Identifier: Apache-2.0
// What every adapter of the Threads port must do. An adapter's test calls `threadsConformance` once.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { trialJobs } from "./threads-fixtures.ts";
import type { Threads } from "./threads.ts";

/** The functions that an adapter under test has. */
export type TrialJobs = typeof trialJobs;

/** An adapter over them. */
export interface ThreadsSubject {
  readonly threads: Threads<TrialJobs>;
  readonly close: () => Promise<void>;
}

/** Registers the suite for one adapter. */
export function threadsConformance(name: string, make: () => ThreadsSubject): void {
  const check = (title: string, body: (threads: ThreadsSubject["threads"]) => Promise<void>): void => {
    void test(`${name}: ${title}`, async () => {
      const { threads, close } = make();
      try {
        await body(threads);
      } finally {
        await close();
      }
    });
  };
  check("a function gives what it gives", async (threads) => {
    assert.deepEqual(await threads.run("reversed", { bytes: Uint8Array.of(1, 2, 3) }), {
      bytes: Uint8Array.of(3, 2, 1),
    });
    assert.ok(threads.count >= 1);
  });
  check("many jobs at once each get their own answer", async (threads) => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => threads.run("reversed", { bytes: Uint8Array.of(index, 7) })),
    );
    for (const [index, { bytes }] of answers.entries()) assert.deepEqual(bytes, Uint8Array.of(7, index));
  });
  check("memory can change hands, there and back", async (threads) => {
    const bytes = Uint8Array.of(5, 6);
    const answer = await threads.run("reversed", { bytes }, [bytes.buffer]);
    assert.deepEqual(answer.bytes, Uint8Array.of(6, 5));
  });
  check("a function that throws rejects, and the next one runs", async (threads) => {
    await assert.rejects(threads.run("failing", { reason: "on purpose" }), /on purpose/);
    assert.deepEqual((await threads.run("reversed", { bytes: Uint8Array.of(1) })).bytes, Uint8Array.of(1));
  });
}

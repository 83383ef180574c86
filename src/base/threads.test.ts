// SPDX-License-Identifier: Apache-2.0
// Inline threads keep the contract of the port.

import assert from "node:assert/strict";
import { test } from "node:test";
import { threadsConformance } from "./threads-conformance.ts";
import { trialJobs } from "./threads-fixtures.ts";
import { InlineThreads } from "./threads.ts";

threadsConformance("inline", () => ({ threads: new InlineThreads(trialJobs), close: () => Promise.resolve() }));

test("inline threads are busy when they are told so", () => {
  assert.equal(new InlineThreads(trialJobs).isBusy, false);
  assert.equal(new InlineThreads(trialJobs, () => true).isBusy, true);
});

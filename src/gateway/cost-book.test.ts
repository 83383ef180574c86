// SPDX-License-Identifier: Apache-2.0
// The bill goes on over restarts: after a stop nothing is missing, after a crash no more than the last moment.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits, minutes, silentLog } from "#base/index.ts";
import { SeededRandom, SimClock, SimDisk } from "#sim/index.ts";
import { CostBook } from "./cost-book.ts";
import { listPrices, requestCost } from "./prices.ts";

function world() {
  const clock = new SimClock();
  const disk = new SimDisk({ random: new SeededRandom("costs") });
  const open = (): Promise<CostBook> =>
    clock.runUntil(CostBook.open({ disk: disk.attach(), clock: clock.process(), log: silentLog }));
  return { clock, disk, open };
}

const gets = (book: CostBook): number => book.counter.counts.requests.find(({ kind }) => kind === "get")?.requests ?? 0;

test("after an orderly stop counting goes on where it was, and since when is told", async () => {
  const { clock, disk, open } = world();
  const first = await open();
  first.counter.note("get", { storageClass: "GLACIER_IR", bytes: 4096 });
  first.counter.noteThawed({ storageClass: "GLACIER", tier: "Bulk", segments: 2, bytes: 10 });
  await clock.runUntil(first.close());
  disk.kill();
  await clock.advance(minutes(60));
  const second = await open();
  assert.deepEqual(second.counter.counts, first.counter.counts);
  assert.equal(second.since, first.since);
  second.counter.note("get", { storageClass: "GLACIER_IR", bytes: 4096 });
  assert.equal(gets(second), 2);
});

test("a crash takes what was counted in the last moment, and nothing before", async () => {
  const { clock, disk, open } = world();
  const first = await open();
  for (let number = 0; number < limits.costsHistory + 5; number++) {
    first.counter.note("get");
    await clock.advance(limits.costsEvery);
  }
  await clock.advance(limits.costsEvery);
  first.counter.note("get");
  disk.crash();
  assert.equal(gets(await open()), limits.costsHistory + 5);
});

test("counts that cannot be read are put aside, and counting begins anew", async () => {
  const { clock, disk, open } = world();
  const first = await open();
  first.counter.note("get");
  await clock.runUntil(first.close());
  const file = await clock.runUntil(disk.attach().open("costs.ledger", { mode: "write" }));
  await clock.runUntil(file.write(0, [new Uint8Array(64).fill(7)]));
  await clock.runUntil(file.close());
  assert.equal(gets(await open()), 0);
});

test("reading what a class charges for is counted by the byte", () => {
  const GiB = 1024 ** 3;
  const count = { kind: "get", tier: undefined, requests: 1000, bytes: 2 * GiB } as const;
  assert.equal(requestCost(listPrices, { ...count, storageClass: "GLACIER_IR" }), 0.01 + 2 * 0.03);
  assert.equal(requestCost(listPrices, { ...count, storageClass: "STANDARD" }), 0.0004);
});

// SPDX-License-Identifier: Apache-2.0
// The limit of memory for fixed-mode writes, and what a host sees at it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "#base/index.ts";
import { Write6 } from "#scsi/index.ts";
import { ReceiveBudget } from "./drive-receive-budget.ts";
import { DriveBench, seen } from "./drive-test-kit.ts";
import { deliver, makeTask, toReply } from "./test-host.ts";
import type { Reply } from "./test-host.ts";

test("memory is given until the limit, and again when it was released", () => {
  const budget = new ReceiveBudget({ each: 60, all: 100 });
  const first = budget.place(60);
  assert.equal(first?.bytes.byteLength, 60);
  assert.equal(budget.place(41), undefined);
  assert.equal(budget.place(61), undefined);
  assert.notEqual(budget.place(40), undefined);
  first?.release();
  first?.release();
  assert.equal(budget.heldBytes, 40);
  assert.notEqual(budget.place(60), undefined);
});

test("a fixed-mode write larger than a parameter list is received whole", async () => {
  const bench = await DriveBench.open();
  await bench.select(65_536);
  const dataOut = new Uint8Array(64 * 65_536).map((_, index) => index >> 16);
  assert.deepEqual(await bench.writeData(dataOut, 64, true), { answer: "good" });
  await bench.locate(63);
  assert.deepEqual((await bench.readReply(65_536)).data, new Uint8Array(65_536).fill(63));
});

test("fixed-mode writes that wait beyond the limit are answered TASK SET FULL, the others are written", async () => {
  const bench = await DriveBench.open({ cartridge: { capacityBytes: 2 ** 40 } });
  const size = limits.fixedTransferMax / 2;
  await bench.select(size / 4);
  const replies: Promise<Reply>[] = [];
  const tasks = Array.from({ length: 5 }, () => {
    const cdb = Write6.encode({ fixed: true, transferLength: 4 });
    let finish: (reply: Reply) => void = () => {};
    replies.push(new Promise((resolve) => (finish = resolve)));
    const task = makeTask(bench.host.nexus, cdb, {
      expectedDataOut: size,
      expectedDataIn: 0,
      lun: 0,
      finish: (result) => finish(toReply(result, { expected: size, isOut: true })),
    });
    bench.drive.accept(task);
    return task;
  });
  const data = new Uint8Array(size);
  for (const task of tasks) deliver(task, data);
  const answers = (await Promise.all(replies)).map((reply) => seen(reply).answer);
  assert.deepEqual(answers, ["good", "good", "good", "good", "task-set-full"]);
  assert.equal(bench.image.endOfData, 16);
});

// SPDX-License-Identifier: Apache-2.0
// The order of tasks in a unit: queues per nexus, data that is late, aborts, limits.

import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "#base/index.ts";
import { scsiStatus, senseName, taskAttributes } from "#scsi/index.ts";
import { good } from "./outcome.ts";
import { cdbs, goodStatus, probeWithHosts, statusOf, submit, type Pending } from "./probe-harness.ts";
import { deliver, TestHost } from "./test-host.ts";

const arrive = (pending: Pending): void => deliver(pending.task, new Uint8Array(4));

/** A promise and its resolver. */
function gate() {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

test("tasks of one nexus run in order, also when the data of a later one is there first", () => {
  const { unit, hosts } = probeWithHosts(1);
  const nexus = hosts[0]?.nexus ?? assert.fail();
  const first = submit(unit, nexus, cdbs.write, { expectedDataOut: 4 });
  const second = submit(unit, nexus, cdbs.write, { expectedDataOut: 4 });
  const third = submit(unit, nexus, cdbs.rewind);
  arrive(second);
  assert.deepEqual([first, second, third].map(statusOf), [undefined, undefined, undefined]);
  arrive(first);
  assert.deepEqual([first, second, third].map(statusOf), [goodStatus, goodStatus, goodStatus]);
  assert.deepEqual(unit.ran, ["write", "write", "rewind"]);
});

test("another nexus does not wait for the data of the first", () => {
  const { unit, hosts } = probeWithHosts(2);
  const [first, second] = hosts;
  const slow = submit(unit, first?.nexus ?? assert.fail(), cdbs.write, { expectedDataOut: 4 });
  const quick = submit(unit, second?.nexus ?? assert.fail(), cdbs.rewind);
  assert.deepEqual([statusOf(slow), statusOf(quick)], [undefined, goodStatus]);
});

test("one task runs at a time, and nexuses take turns", async () => {
  const { unit, hosts } = probeWithHosts(2);
  const [first, second] = hosts.map(({ nexus }) => nexus);
  const { open, opened } = gate();
  unit.answer = () => opened.then(() => good());
  const busy = submit(unit, first ?? assert.fail(), cdbs.rewind);
  const waiting = [
    submit(unit, first ?? assert.fail(), cdbs.read),
    submit(unit, first ?? assert.fail(), cdbs.read),
    submit(unit, second ?? assert.fail(), cdbs.rewind),
  ];
  assert.deepEqual(unit.ran, ["rewind"]);
  unit.answer = () => good();
  open();
  await opened;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(statusOf(busy), goodStatus);
  assert.deepEqual(waiting.map(statusOf), [goodStatus, goodStatus, goodStatus]);
  assert.deepEqual(unit.ran, ["rewind", "read", "rewind", "read"]);
});

test("HEAD OF QUEUE goes in front of the tasks of its nexus", () => {
  const { unit, hosts } = probeWithHosts(1);
  const nexus = hosts[0]?.nexus ?? assert.fail();
  const late = submit(unit, nexus, cdbs.write, { expectedDataOut: 4 });
  submit(unit, nexus, cdbs.read);
  const urgent = submit(unit, nexus, cdbs.rewind, { attribute: taskAttributes["head-of-queue"] });
  assert.equal(statusOf(urgent), goodStatus);
  arrive(late);
  assert.deepEqual(unit.ran, ["rewind", "write", "read"]);
});

test("a task that is aborted while it waits never runs and gives its place back", async () => {
  const { unit, hosts } = probeWithHosts(1);
  const nexus = hosts[0]?.nexus ?? assert.fail();
  unit.hasPlaces = true;
  const first = submit(unit, nexus, cdbs.write, { expectedDataOut: 4 });
  const second = submit(unit, nexus, cdbs.rewind);
  await unit.abort(first.task);
  assert.deepEqual([statusOf(first), statusOf(second)], [undefined, goodStatus]);
  assert.deepEqual(unit.released, ["place"]);
  arrive(first);
  assert.deepEqual(unit.ran, ["rewind"]);
});

test("aborting the running task waits for its end", async () => {
  const { unit, hosts } = probeWithHosts(1);
  const { open, opened } = gate();
  unit.answer = () => opened.then(() => good());
  const running = submit(unit, hosts[0]?.nexus ?? assert.fail(), cdbs.rewind);
  let isQuiet = false;
  const quiet = unit.abort(running.task).then(() => (isQuiet = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isQuiet, false);
  open();
  await quiet;
  assert.equal(statusOf(running), goodStatus);
});

test("ABORT TASK SET ends the waiting tasks of one nexus, CLEAR TASK SET those of all", async () => {
  const { unit, hosts } = probeWithHosts(2);
  const [first, second] = hosts.map(({ nexus }) => nexus);
  const mine = submit(unit, first ?? assert.fail(), cdbs.write, { expectedDataOut: 4 });
  const theirs = submit(unit, second ?? assert.fail(), cdbs.write, { expectedDataOut: 4 });
  await unit.manage("abort-task-set", first);
  assert.deepEqual([statusOf(mine), statusOf(theirs)], [scsiStatus["task-aborted"], undefined]);
  await unit.manage("clear-task-set", first);
  assert.equal(statusOf(theirs), scsiStatus["task-aborted"]);
  assert.deepEqual(unit.ran, []);
});

test("a full task set says so and takes nothing", () => {
  const { unit, hosts } = probeWithHosts(1);
  const nexus = hosts[0]?.nexus ?? assert.fail();
  const waiting = Array.from({ length: limits.tasksPerUnit }, () =>
    submit(unit, nexus, cdbs.write, { expectedDataOut: 4 }),
  );
  const more = submit(unit, nexus, cdbs.write, { expectedDataOut: 4 });
  assert.equal(statusOf(more), scsiStatus["task-set-full"]);
  for (const pending of waiting) arrive(pending);
  assert.equal(unit.ran.length, limits.tasksPerUnit);
  assert.equal(statusOf(submit(unit, nexus, cdbs.rewind)), goodStatus);
});

test("work between two commands runs alone and gives its result or its error", async () => {
  const { unit, hosts } = probeWithHosts(1);
  const nexus = hosts[0]?.nexus ?? assert.fail();
  const { open, opened } = gate();
  const work = unit.between(() => opened.then(() => "done"));
  const waiting = submit(unit, nexus, cdbs.rewind);
  assert.equal(statusOf(waiting), undefined);
  open();
  assert.equal(await work, "done");
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(statusOf(waiting), goodStatus);
  await assert.rejects(
    unit.between(() => Promise.reject(new Error("made by the test"))),
    /made by the test/,
  );
  assert.equal(statusOf(submit(unit, nexus, cdbs.rewind)), goodStatus);
});

test("a session that is lost with commands under way leaves a nexus loss for its port", async () => {
  const { unit, hosts } = probeWithHosts(1);
  const nexus = hosts[0]?.nexus ?? assert.fail();
  const pending = submit(unit, nexus, cdbs.write, { expectedDataOut: 4 });
  await unit.abort(pending.task);
  await unit.nexusClosed(nexus, "lost");
  const next = new TestHost(unit, { ...nexus });
  const { sense } = await next.send(cdbs.testUnitReady);
  assert.equal(sense && senseName(sense.key, sense.asc, sense.ascq), "nexus-loss");
});

for (const [how, what] of [
  ["logout", "a clean logout"],
  ["lost", "a session that is lost while nothing runs"],
] as const) {
  test(`${what} leaves nothing to tell`, async () => {
    const { unit, hosts } = probeWithHosts(1);
    const [host] = hosts;
    const nexus = host?.nexus ?? assert.fail();
    await host?.send(cdbs.rewind);
    await unit.nexusClosed(nexus, how);
    const next = new TestHost(unit, { ...nexus });
    assert.equal((await next.send(cdbs.testUnitReady)).status, "good");
  });
}

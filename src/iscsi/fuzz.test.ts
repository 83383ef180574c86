// SPDX-License-Identifier: Apache-2.0
// 100,000 mutated PDUs against the target. Whatever comes, nothing is thrown, nothing hangs, memory is bounded, no task
// is left behind, and the next session works.

import assert from "node:assert/strict";
import { test } from "node:test";
import { milliseconds } from "#base/index.ts";
import { ErrorLog, fuzz, SeededRandom, SimClock } from "#sim/index.ts";
import type { Nexus, ScsiTask, TargetDevice, TaskResult } from "./scsi-task.ts";
import { fakeCdb, fakeOpcodes, fakeSense, FakeDevice } from "./session-harness.ts";
import { makeWorld, FakeWire } from "./wire-harness.ts";
import { ScsiCommand, ScsiResponse } from "./pdu-layouts.ts";

/** A unit that answers at once, later or never, moves its places, and keeps count of its tasks. */
class RestlessDevice extends FakeDevice implements TargetDevice {
  readonly tasks = new Set<ScsiTask>();
  readonly nexuses = new Set<Nexus>();
  most = 0;
  readonly #random: SeededRandom;
  readonly #clock: SimClock;

  constructor(random: SeededRandom, clock: SimClock) {
    super();
    this.#random = random;
    this.#clock = clock;
  }

  override nexusOpened(nexus: Nexus): void {
    this.nexuses.add(nexus);
  }

  override nexusClosed(nexus: Nexus): Promise<void> {
    assert.ok(this.nexuses.delete(nexus), "a nexus is closed once");
    const left = [...this.tasks].filter((task) => task.nexus === nexus);
    assert.deepEqual(left, [], "all tasks of a nexus were aborted before it closes");
    return Promise.resolve();
  }

  override accept(task: ScsiTask): void {
    this.tasks.add(task);
    this.most = Math.max(this.most, this.tasks.size);
    assert.ok(this.nexuses.has(task.nexus), "a task of an open nexus");
    assert.ok(task.cdb.byteLength >= 16);
    const wanted = Math.min(task.expectedDataOut, 4096 + (task.cdb[3] ?? 0));
    if (wanted > 0 && this.#random.chance(0.8)) task.place = this.#place(wanted);
    const run = (): void => {
      if (this.#random.chance(0.1)) return;
      if (this.#random.chance(0.6)) return this.#end(task);
      this.#clock.setTimer(milliseconds(this.#random.below(1000)), () => this.#end(task));
    };
    if (task.dataComplete || this.#random.chance(0.1)) run();
    else task.onDataComplete = run;
  }

  #place(size: number): { bytes: Uint8Array; release(): void; onMoved?: (() => void) | undefined } {
    const place = {
      bytes: new Uint8Array(size),
      release() {},
      onMoved: undefined as (() => void) | undefined,
    };
    if (this.#random.chance(0.1)) {
      this.#clock.setTimer(milliseconds(1), () => {
        place.bytes = place.bytes.slice();
        place.onMoved?.();
      });
    }
    return place;
  }

  #end(task: ScsiTask): void {
    if (task.aborted || !this.tasks.delete(task)) return;
    task.place?.release();
    task.finish(this.#result());
  }

  #result(): TaskResult {
    const bytes = new Uint8Array(this.#random.pick([0, 1, 500, 5000]));
    const dataIn = { bytes, release: () => {} };
    if (this.#random.chance(0.3)) return { status: 2, sense: fakeSense, dataIn };
    return this.#random.chance(0.5) ? { status: 0, dataIn } : { status: 0, transferLength: this.#random.below(10_000) };
  }

  override async abort(task: ScsiTask): Promise<void> {
    if (this.#random.chance(0.2)) await Promise.resolve();
    this.tasks.delete(task);
  }

  override manage(): Promise<boolean> {
    for (const task of this.tasks) if (task.aborted) this.tasks.delete(task);
    return Promise.resolve(this.#random.chance(0.9));
  }
}

const cdbs = [fakeCdb(fakeOpcodes.nothing), fakeCdb(fakeOpcodes.write, 512), fakeCdb(fakeOpcodes.read, 4096)];

async function run(seed: string, pduCount: number): Promise<void> {
  const random = new SeededRandom(seed);
  const clock = new SimClock();
  const device = new RestlessDevice(random, clock);
  const log = new ErrorLog();
  const world = makeWorld({ sendQueue: 100_000 }, { seed, clock, device, log });
  const result = await fuzz({
    world,
    sessionCount: () => world.registry.list().length,
    sendQueue: 100_000,
    random,
    pduCount,
    cdbs,
    between: () => {
      assert.deepEqual(log.errors, []);
      assert.equal(device.nexuses.size, 0, "every nexus is closed");
      assert.equal(device.tasks.size, 0, "no task is left behind");
    },
  });
  assert.ok(device.most <= 128 + 16, `${device.most} tasks at once`);
  assert.ok(result.loggedIn > result.sessions / 2, "most sessions get past the login");
  assert.ok(result.answers > result.pdus / 50, "the target answers");
  const next = new FakeWire(makeWorld({}, { registry: world.registry }));
  await next.logInDirectly();
  next.send(ScsiCommand.encode({ isFinal: true, initiatorTaskTag: 1, cmdSn: 1, cdb: fakeCdb(fakeOpcodes.nothing) }));
  assert.equal(ScsiResponse.decode((await next.takeOne()).header).status, 0);
}

for (let part = 0; part < 10; part++) {
  test(`10,000 mutated PDUs of seed ${part} do no harm`, () => run(`fuzz ${part}`, 10_000));
}

test("memory does not grow while broken PDUs come in", async () => {
  const used = (): number => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  await run("memory, first", 3000);
  const before = used();
  await run("memory, second", 20_000);
  assert.ok(used() - before < 100 * 1024 * 1024, `${Math.round((used() - before) / 1048576)} MiB more`);
});

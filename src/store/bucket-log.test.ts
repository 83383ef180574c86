// SPDX-License-Identifier: Apache-2.0
// The log in the bucket: what was noted is told, in order, whatever fails; and of two writers only one goes on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hours, isFault, limits, milliseconds, minutes, seconds, silentLog } from "#base/index.ts";
import { SeededRandom, SimClock, SimObjectStore } from "#sim/index.ts";
import { BucketLog, type Fenced, type LogMemory, type LogPosition } from "./bucket-log.ts";
import { decodeLogEntry } from "./log-entry.ts";
import { objectKey } from "./object-key.ts";
import { plainSealer } from "./small-sealer.ts";
import type { CartridgeId } from "./types.ts";

/** What a data folder remembers, and may be copied as a virtual machine is. */
class Memory implements LogMemory {
  position: LogPosition | undefined;
  isBehind = false;

  keep(position: LogPosition): Promise<void> {
    this.position = position;
    this.isBehind = position.isBehind;
    return Promise.resolve();
  }

  copy(): Memory {
    const copy = new Memory();
    copy.position = this.position;
    copy.isBehind = this.isBehind;
    return copy;
  }
}

class Bed {
  readonly clock = new SimClock();
  readonly random: SeededRandom;
  readonly objects: SimObjectStore;
  /** Everything that is true, for snapshots. */
  readonly facts: number[] = [];
  readonly fenced: Fenced[] = [];
  unanswered = 0;

  constructor(seed = 1) {
    this.random = new SeededRandom(seed);
    const thaw = seconds(1);
    this.objects = new SimObjectStore({
      clock: this.clock,
      random: this.random.fork("objects"),
      thawDelay: { Expedited: thaw, Standard: thaw, Bulk: thaw },
    });
  }

  open(memory: LogMemory): BucketLog {
    return new BucketLog({
      objects: this.objects,
      sealer: plainSealer,
      clock: this.clock,
      log: silentLog,
      gateway: "bed",
      host: "tester",
      draw: () => Buffer.from(this.random.bytes(8)).toString("hex"),
      memory,
      snapshot: () => ({ store: [], gateway: [...this.facts] }),
      fenced: (fenced) => this.fenced.push(fenced),
      unanswered: () => (this.unanswered += 1),
    });
  }

  run<T>(work: Promise<T>): Promise<T> {
    return this.clock.runUntil(work);
  }

  note(log: BucketLog, fact: number): void {
    this.facts.push(fact);
    log.note({ gateway: [fact] }, this.facts.length);
  }

  /** What a reader makes of the bucket, by the rules of docs/FORMATS.md. */
  read(): unknown[] {
    const entryOf = (key: string) => decodeLogEntry(objectKey(key), this.objects.contentOf(key) ?? new Uint8Array());
    const keys = this.objects.keys.filter((key) => key.startsWith("gateways/bed/log/"));
    const last = entryOf(keys.at(-1) ?? "");
    const entries = keys.map(entryOf).filter(({ number }) => number >= last.snapshot);
    assert.deepEqual(
      entries.map(({ number }) => number),
      entries.map((_, index) => last.snapshot + index),
      "entries follow each other",
    );
    return entries.flatMap(({ parts, gateway }) => {
      if (parts === null) return gateway;
      return parts.flatMap(({ key }): unknown[] => {
        const part: { gateway: unknown[] } = JSON.parse(Buffer.from(this.objects.contentOf(key) ?? []).toString());
        return part.gateway;
      });
    });
  }
}

const isFenced = (error: unknown): boolean => isFault(error, "store.fenced");

test("what is noted is in the bucket, once and in order, after any failures and restarts", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const bed = new Bed(seed);
    const chances = { put: 0.2, get: 0.2, head: 0.2, list: 0.2, delete: 0.2 };
    bed.objects.options.failBefore = chances;
    bed.objects.options.failAfter = chances;
    const memory = new Memory();
    let log = bed.open(memory);
    for (let fact = 0; fact < 60; fact++) {
      bed.note(log, fact);
      if (bed.random.chance(0.3)) await bed.clock.advance(seconds(bed.random.between(1, 90)));
      if (bed.random.chance(0.1)) {
        // A crash: nobody hears of what is under way, and what was noted last is known by the ledger alone.
        await bed.run(log.close(milliseconds(1)));
        log = bed.open(memory);
        log.foundBehind(bed.facts.length);
        log.start();
      }
    }
    await bed.clock.advance(hours(1));
    assert.deepEqual(bed.read(), bed.facts, `seed ${seed}`);
    assert.equal(bed.fenced.length, 0);
    await bed.run(log.close(seconds(5)));
  }
});

test("a log that became long begins anew with a snapshot, and what lies before goes", async () => {
  const bed = new Bed();
  const log = bed.open(new Memory());
  for (let round = 0; round < 60; round++) {
    for (let fact = 0; fact < 200; fact++) bed.note(log, fact);
    await bed.clock.advance(seconds(5));
  }
  await bed.clock.advance(minutes(1));
  assert.deepEqual(bed.read(), bed.facts);
  const entries = bed.objects.keys.filter((key) => key.includes("/log/"));
  assert.ok(entries.length < 40, `${entries.length} entries are left`);
  assert.equal(new Set(bed.objects.keys.flatMap((key) => /snapshots\/\d+/.exec(key) ?? [])).size, 1);
});

test("a copy of a data folder is fenced at its next look, and the other goes on", async () => {
  const bed = new Bed();
  const memory = new Memory();
  const log = bed.open(memory);
  bed.note(log, 1);
  await bed.run(log.commit());
  const copied = bed.open(memory.copy());
  bed.note(log, 2);
  await bed.run(log.commit());
  await assert.rejects(bed.run(copied.confirm()), isFenced);
  await assert.rejects(bed.run(copied.commit()), isFenced);
  assert.deepEqual(
    bed.fenced.map(({ host, epoch }) => ({ host, epoch })),
    [{ host: "tester", epoch: 1 }],
  );
  bed.note(log, 3);
  await bed.run(log.commit());
  assert.deepEqual(bed.read(), [1, 2, 3]);
});

test("of two writers that were confirmed just now, the one that comes second writes nothing", async () => {
  const bed = new Bed();
  const memory = new Memory();
  const first = bed.open(memory);
  bed.note(first, 1);
  await bed.run(first.commit());
  const second = bed.open(memory.copy());
  await bed.run(second.confirm());
  first.note({ gateway: ["first"] });
  second.note({ gateway: ["second"] });
  const outcomes = await bed.run(Promise.allSettled([first.commit(), second.commit()]));
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["fulfilled", "rejected"],
  );
  assert.deepEqual(bed.read(), [1, "first"]);
});

test("a sleeper whose next number was freed again is told by what lies behind", async () => {
  const bed = new Bed();
  const memory = new Memory();
  const log = bed.open(memory);
  bed.note(log, 0);
  await bed.run(log.commit());
  const sleeper = bed.open(memory.copy());
  await bed.run(sleeper.confirm());
  // The log goes on until the sleeper's next number is deleted as old.
  for (let round = 0; round < 40; round++) {
    for (let fact = 0; fact < 400; fact++) bed.note(log, fact);
    await bed.run(log.commit());
  }
  await bed.clock.advance(seconds(1));
  assert.ok(!bed.objects.keys.includes("gateways/bed/log/000000000002"), "the number is free");
  sleeper.note({ gateway: ["late"] });
  await assert.rejects(bed.run(sleeper.commit()), isFenced);
  assert.ok(!bed.read().includes("late"));
});

test("an entry that a dead process had sent may arrive late and fences nobody", async () => {
  const bed = new Bed();
  const memory = new Memory();
  const first = bed.open(memory);
  bed.note(first, 1);
  await bed.run(first.commit());
  bed.objects.options.delay = (method) => (method === "put" ? minutes(1) : seconds(0));
  bed.note(first, 2);
  void first.commit().catch(() => {});
  await bed.clock.advance(seconds(30));
  // It dies here, and its request is on its way.
  bed.objects.options.delay = () => seconds(0);
  const second = bed.open(memory);
  second.foundBehind(bed.facts.length);
  await bed.run(second.confirm());
  bed.objects.options.delay = (method) => (method === "put" ? minutes(2) : seconds(0));
  bed.note(second, 3);
  await bed.run(second.commit());
  assert.equal(second.fenced, undefined);
  assert.deepEqual(bed.read(), [1, 2, 3]);
});

test("a data folder that never wrote does not take a name that is taken", async () => {
  const bed = new Bed();
  const log = bed.open(new Memory());
  bed.note(log, 1);
  await bed.run(log.commit());
  const stranger = bed.open(new Memory());
  await assert.rejects(bed.run(stranger.confirm()), isFenced);
  assert.equal(stranger.epoch, 0);
});

test("facts of the store are told like those of the gateway", async () => {
  const bed = new Bed();
  const log = bed.open(new Memory());
  await bed.run(log.commit());
  const fact = { kind: "cartridge", id: "TAPE01" as CartridgeId, tag: "0011223344556677", point: null } as const;
  log.note({ store: [fact] });
  await bed.run(log.commit());
  const key = bed.objects.keys.findLast((each) => each.includes("/log/")) ?? "";
  assert.deepEqual(decodeLogEntry(objectKey(key), bed.objects.contentOf(key) ?? new Uint8Array()).store, [fact]);
});

test("a gateway that changes nothing knows within seconds that it was taken over, for one cheap request each", async () => {
  const bed = new Bed();
  const memory = new Memory();
  const first = bed.open(memory);
  bed.note(first, 1);
  await bed.run(first.commit());
  first.watch();
  const copy = memory.copy();
  const before = new Map(bed.objects.requests);
  await bed.clock.advance(minutes(10));
  assert.equal((bed.objects.requests.get("head") ?? 0) - (before.get("head") ?? 0), 60);
  assert.equal(bed.objects.requests.get("list"), before.get("list"));
  const second = bed.open(copy);
  bed.facts.push(2);
  second.note({ gateway: [2] }, 2);
  await bed.run(second.commit());
  assert.equal(bed.fenced.length, 0);
  await bed.clock.advance(limits.fenceWatch);
  assert.equal(bed.fenced.length, 1);
  assert.ok(first.fenced !== undefined);
  await bed.run(first.close(seconds(1)));
  await bed.run(second.close(seconds(1)));
});

test("a bucket that does not answer is told of, and fences nobody", async () => {
  const bed = new Bed();
  const log = bed.open(new Memory());
  bed.note(log, 1);
  await bed.run(log.commit());
  log.watch();
  await bed.clock.advance(minutes(1));
  assert.ok(log.silence <= limits.fenceWatch);
  bed.objects.options.failBefore = { head: 1 };
  await bed.clock.advance(minutes(7));
  assert.ok(log.silence >= minutes(7));
  assert.ok(bed.unanswered >= 30, `${bed.unanswered} times`);
  assert.equal(log.fenced, undefined);
  bed.objects.options.failBefore = {};
  await bed.clock.advance(limits.fenceWatch);
  assert.ok(log.silence <= limits.fenceWatch);
  await bed.run(log.close(seconds(1)));
});

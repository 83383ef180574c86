// SPDX-License-Identifier: Apache-2.0
// Backup jobs and their scheduler, on a simulated clock.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  days,
  type EpochSeconds,
  hours,
  type Instant,
  isFault,
  later,
  limits,
  milliseconds,
  minutes,
} from "#base/index.ts";
import { nextEvent, parseCalendarEvent, utcZone } from "#media/index.ts";
import { bedStart, ManagerBed } from "./manager-bed.ts";
import { dueOf, freshMemory, type JobMemory, memoriesText, nextRunOf, parseMemories } from "./tape-job.ts";

const jobs = (bed: ManagerBed) => {
  assert.ok(bed.manager !== undefined);
  return bed.manager.jobs;
};

test("a job begins by itself when its event comes, once, and remembers how it ended", async () => {
  const bed = await ManagerBed.make();
  await bed.addCartridges("T001L8");
  await bed.addSnapshot(1000);
  await jobs(bed).create(bed.job({ schedule: "02:30" }));
  jobs(bed).begin();
  const listed = jobs(bed).show("nightly");
  assert.equal(listed.nextRun, bedStart + 2.5 * 3_600_000);
  assert.equal(listed.nextMedia, "T001L8");
  await bed.pass(hours(2));
  assert.equal(bed.runs().length, 0);
  await bed.pass(minutes(31));
  const [run] = bed.runs();
  assert.ok(run !== undefined);
  assert.deepEqual([run.state, run.error], ["done", undefined]);
  assert.equal(run.createdAt, bedStart + 2.5 * 3_600_000);
  assert.deepEqual((run.result as { cartridges: string[] }).cartridges, ["T001L8"]);
  const after = jobs(bed).show("nightly");
  assert.equal(after.state, "idle");
  assert.equal(after.lastRun?.state, "done");
  assert.equal(after.lastRun.task, run.id);
  assert.equal(after.nextRun, bedStart + 26.5 * 3_600_000);
  await bed.pass(hours(20));
  assert.equal(bed.runs().length, 1);
});

test("events that come while no process runs make one run at the next start", async () => {
  const bed = await ManagerBed.make();
  await bed.addCartridges("T001L8");
  await jobs(bed).create(bed.job({ schedule: "hourly" }));
  jobs(bed).stop();
  await bed.clock.advance(days(3));
  await bed.restart();
  jobs(bed).begin();
  await bed.pass(minutes(1));
  assert.equal(bed.runs().length, 1);
  assert.equal(bed.runs()[0]?.state, "done");
});

test("a new job does not make up for events before it, and neither does a new schedule", async () => {
  const bed = await ManagerBed.make();
  await jobs(bed).create(bed.job({ schedule: "00:00" }));
  jobs(bed).begin();
  await bed.pass(hours(12));
  assert.equal(bed.runs().length, 0);
  await jobs(bed).replace(bed.job({ schedule: "06:00" }));
  await bed.pass(hours(1));
  assert.equal(bed.runs().length, 0);
});

test("a change that leaves the schedule alone does not move the next run (quirk 6)", async () => {
  const bed = await ManagerBed.make();
  await bed.addCartridges("T001L8");
  await jobs(bed).create(bed.job({ schedule: "hourly" }));
  await bed.clock.advance(hours(5));
  await jobs(bed).replace(bed.job({ schedule: "hourly", comment: "every hour" }));
  jobs(bed).begin();
  await bed.pass(minutes(1));
  assert.equal(bed.runs().length, 1);
});

test("a run that a killed process cut off is taken up again at the start, some times, and then with its schedule", async () => {
  const bed = await ManagerBed.make();
  await bed.addSnapshot(1000);
  await jobs(bed).create(bed.job({ schedule: "hourly" }));
  // Nothing is labelled, so the run waits for a cartridge until the process is killed.
  jobs(bed).begin();
  await bed.clock.advance(hours(1));
  assert.equal(bed.runs()[0]?.state, "waiting");
  for (let resume = 1; resume <= limits.jobResumes; resume++) {
    await bed.restart();
    const { lastRun } = jobs(bed).show("nightly");
    assert.ok(lastRun !== undefined && lastRun.state === undefined);
    jobs(bed).begin();
    await bed.clock.advance(minutes(2));
    assert.equal(bed.runs().length, 1 + resume);
    assert.equal(bed.runs()[0]?.state, "waiting");
  }
  await bed.restart();
  jobs(bed).begin();
  await bed.clock.advance(minutes(2));
  assert.equal(bed.runs()[0]?.state, "interrupted");
  await bed.clock.advance(hours(1));
  assert.equal(bed.runs()[0]?.state, "waiting");
});

test("a job is not started twice, and jobs of one pool come after each other", async () => {
  const bed = await ManagerBed.make();
  await bed.addSnapshot(1000);
  await jobs(bed).create(bed.job({ schedule: undefined }));
  await jobs(bed).create(bed.job({ name: "other", schedule: undefined }));
  const first = await jobs(bed).run("nightly", "ann");
  await bed.clock.settle();
  await assert.rejects(jobs(bed).run("nightly", "ann"), (error) => isFault(error, "backup.job-runs"));
  await jobs(bed).run("other", "ann");
  await bed.clock.settle();
  assert.equal(jobs(bed).show("other").state, "waiting");
  assert.equal(jobs(bed).show("other").waitingFor, "another job writes on the pool p1");
  await bed.tasks.cancel(first.id, "ann");
  await bed.clock.settle();
  assert.match(jobs(bed).show("other").waitingFor ?? "", /please put/);
  assert.equal(jobs(bed).show("nightly").lastRun?.state, "canceled");
});

test("a job whose datastore is gone fails as a task, where people look", async () => {
  const bed = await ManagerBed.make();
  await jobs(bed).create(bed.job({ schedule: "hourly" }));
  await bed.manager?.remove("datastores", "store1");
  jobs(bed).begin();
  await bed.pass(hours(1));
  assert.equal(bed.runs()[0]?.state, "failed");
  assert.match(jobs(bed).show("nightly").lastRun?.error ?? "", /there is no datastore "store1"/);
});

test("what a job names has to exist, and its schedule and filters have to be some", async () => {
  const bed = await ManagerBed.make();
  const refused = async (rest: Parameters<typeof bed.job>[0], code: string): Promise<void> =>
    assert.rejects(jobs(bed).create(bed.job(rest)), (error) => isFault(error, code));
  await refused({ store: "nowhere" }, "backup.unknown");
  await refused({ pool: "none" }, "backup.unknown");
  await refused({ drive: "none" }, "backup.unknown");
  await refused({ schedule: "25:00" }, "media.bad-event");
  await refused({ filters: "type:vm colour:red" }, "backup.bad-filter");
  await refused({ name: "../x" }, "backup.bad-config");
  assert.deepEqual(jobs(bed).jobs, []);
  await jobs(bed).create(bed.job());
  await refused({}, "backup.exists");
});

test("a clock that was set back does not keep jobs waiting until it is there again", async () => {
  const bed = await ManagerBed.make();
  await bed.addCartridges("T001L8");
  await jobs(bed).create(bed.job({ schedule: "hourly" }));
  const ahead: JobMemory = freshMemory((bedStart + days(3650)) as Instant);
  bed.state.files.set("tape-job-state.json", Buffer.from(memoriesText(new Map([["nightly", ahead]]))));
  await bed.restart();
  jobs(bed).begin();
  await bed.pass(hours(1));
  assert.equal(bed.runs().length, 1);
});

test("jobs and what they remember survive their files, whatever they are", async () => {
  const bed = await ManagerBed.make();
  const job = bed.job({ schedule: "sat 18:15", depth: 0, filters: "type:vm", atEnd: "export", ifNoMedia: "fail" });
  await jobs(bed).create(job);
  await bed.restart();
  assert.deepEqual(jobs(bed).jobs, [job]);
  const text = fc.string();
  const time = fc.nat();
  const plain = { noNullPrototype: true };
  const run = fc.record(
    {
      task: text,
      began: time,
      ended: fc.option(time, { nil: undefined }),
      state: fc.option(text, { nil: undefined }),
      error: fc.option(text, { nil: undefined }),
    },
    plain,
  );
  const memory = fc.record({ reference: time, lastRun: fc.option(run, { nil: undefined }), resumes: fc.nat(9) }, plain);
  const memories = fc.array(fc.tuple(fc.stringMatching(/^[a-z]{2,9}$/), memory));
  fc.assert(
    fc.property(memories, (entries) => {
      const map = new Map(entries) as unknown as Map<string, JobMemory>;
      assert.deepEqual(parseMemories(memoriesText(map)), map);
    }),
  );
});

test("the next run is the first event behind the reference, and due exactly when it is past", async () => {
  const bed = await ManagerBed.make();
  const events = ["hourly", "mon..fri 12:00", "*-*-1", "*:0/7", "sat 18:15", "2026-02-29"];
  const at = fc.integer({ min: 1_700_000_000, max: 1_900_000_000 });
  fc.assert(
    fc.property(fc.constantFrom(...events), at, fc.nat(10_000_000), (schedule, reference, span) => {
      const job = bed.job({ schedule });
      const memory = freshMemory((reference * 1000) as Instant);
      const next = nextRunOf(job, memory, utcZone);
      assert.equal(next, nextEvent(parseCalendarEvent(schedule), reference as EpochSeconds, utcZone));
      const now = (reference + span) as EpochSeconds;
      assert.equal(dueOf(job, memory, now, utcZone), next !== undefined && next <= now ? "event" : "not-due");
    }),
  );
});

test("a job that needs a cartridge says so, tells people, reminds them, and goes on when one arrives", async () => {
  const bed = await ManagerBed.make();
  await bed.addSnapshot(1000);
  await jobs(bed).create(bed.job({ schedule: "hourly" }));
  jobs(bed).begin();
  await bed.clock.advance(hours(1));
  const { state, waitingFor } = jobs(bed).show("nightly");
  assert.equal(state, "waiting");
  const asked =
    /^please put a cartridge that the pool p1 can use into the changer lib: .*none in lib is empty or expired/;
  assert.match(waitingFor ?? "", asked);
  assert.deepEqual(
    bed.notices.map(({ type, severity, title }) => [type, severity, title]),
    [["tape-load", "notice", "A cartridge is needed for the pool p1"]],
  );
  // Reminders come after one hour, then after two more, then four.
  for (const [span, count] of [
    [59, 1],
    [2, 2],
    [117, 2],
    [5, 3],
    [240, 4],
  ] as const) {
    await bed.clock.advance(minutes(span));
    assert.equal(bed.notices.length, count, `after ${span} minutes more`);
  }
  assert.equal(bed.notices.at(-1)?.severity, "warning");
  // While the job waits, its drive is free: somebody labels new cartridges with it.
  bed.station.add("T001L8");
  const label = bed.manager?.tapes.labelByBarcode({ pool: "p1", drive: undefined }, "ann");
  assert.equal((await bed.tasks.ended(label?.id ?? "")).state, "done");
  await bed.clock.advance(minutes(1));
  const ended = await bed.tasks.ended(bed.runs()[0]?.id ?? "");
  assert.deepEqual([ended.state, ended.error], ["done", undefined]);
});

test("a job that shall fail without a cartridge fails", async () => {
  const bed = await ManagerBed.make();
  await bed.addSnapshot(1000);
  await jobs(bed).create(bed.job({ schedule: "hourly", ifNoMedia: "fail" }));
  jobs(bed).begin();
  await bed.pass(hours(1));
  assert.equal(bed.runs()[0]?.state, "failed");
  assert.equal(bed.runs()[0]?.error?.code, "media.no-media");
});

test("a named cartridge that is away is asked for, and the job goes on when it is back", async () => {
  const bed = await ManagerBed.make();
  await bed.addCartridges("T001L8");
  await bed.addSnapshot(1000);
  await jobs(bed).create(bed.job({ schedule: undefined }));
  // The robot cannot give it, though the inventory says that it is there.
  const listed = await bed.station.labels();
  bed.station.labels = () => Promise.resolve(listed);
  await bed.station.unload();
  const cartridge = bed.station.shelf.get("T001L8");
  bed.station.shelf.delete("T001L8");
  const run = await jobs(bed).run("nightly", "ann");
  await bed.clock.advance(minutes(1));
  assert.match(jobs(bed).show("nightly").waitingFor ?? "", /^please put the cartridge T001L8 into the changer lib: /);
  assert.equal(bed.notices.length, 1);
  assert.equal(bed.notices[0]?.fields["label-text"], "T001L8");
  assert.ok(cartridge !== undefined);
  bed.station.shelf.set("T001L8", cartridge);
  await bed.clock.advance(minutes(1));
  assert.equal((await bed.tasks.ended(run.id)).state, "done");
});

test("people are told how a backup ended, with the job, the snapshots and the cartridges, and why it failed", async () => {
  const bed = await ManagerBed.make();
  await bed.addCartridges("T001L8");
  await bed.addSnapshot(1000);
  await jobs(bed).create(bed.job({ schedule: undefined }));
  const run = await jobs(bed).run("nightly", "ann");
  await bed.tasks.ended(run.id);
  const [done] = bed.notices;
  assert.deepEqual([done?.type, done?.severity], ["tape-backup", "info"]);
  assert.equal(done?.title, "Tape backup job nightly of the datastore store1 was successful");
  assert.match(
    done?.text ?? "",
    /Cartridges: T001L8\n\n1 snapshots were written.*\n {2}host\/demo\/1970-01-01T00:16:40Z/,
  );
  assert.equal(done?.fields["job-id"], "nightly");
  bed.station.load = () => Promise.reject(new RangeError("the arm is stuck"));
  await bed.addSnapshot(2000);
  await bed.tasks.ended((await jobs(bed).run("nightly", "ann")).id);
  const failed = bed.notices.at(-1);
  assert.deepEqual([failed?.severity, failed?.fields["media-pool"]], ["error", "p1"]);
  assert.match(failed?.text ?? "", /the arm is stuck$/);
});

test("a timer that fires a moment early does not make a job wait for the next minute", async () => {
  const bed = await ManagerBed.make();
  await bed.addCartridges("T001L8");
  await jobs(bed).create(bed.job({ schedule: "hourly" }));
  await bed.clock.advance(milliseconds(3_600_000 - 1));
  // The clock goes on while the scheduler looks: the second time it is asked, the hour is there.
  const real = bed.clock.now.bind(bed.clock);
  let reads = 0;
  bed.clock.now = () => (real() === bedStart + 3_600_000 - 1 && reads++ > 0 ? later(real(), milliseconds(1)) : real());
  jobs(bed).begin();
  await bed.pass(milliseconds(100));
  assert.equal(bed.runs().length, 1);
});

// SPDX-License-Identifier: Apache-2.0
// Alarms: severities with hysteresis, what is published, and what the store's numbers come to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { milliseconds, minutes, silentLog } from "#base/index.ts";
import { SimClock } from "#sim/index.ts";
import { type CartridgeId, storeFault, type StoreTotals } from "#store/index.ts";
import { AlarmBoard, type AlarmSeverity, severityOf } from "./alarms.ts";
import { EventFeed } from "./event-feed.ts";
import { bucketAlarm, damageAlarm, damageText, diskAlarm, uploadBufferAlarm, uploadsAlarm } from "./store-alarms.ts";

const giB = 1024 ** 3;
const totals: StoreTotals = {
  cartridges: 1,
  loaded: 1,
  uploadBufferUsed: 0,
  uploadBufferSize: 100 * giB,
  cacheUsed: 0,
  cacheSize: 0,
  uploadedBytes: 0,
  fetchedBytes: 0,
  evictedBytes: 0,
  uploadsPaused: false,
  uploadLag: 0,
  bucketSilence: milliseconds(0),
  uploadFailure: undefined,
  diskFree: 1000 * giB,
  diskReserve: giB,
  isDiskFull: false,
  cacheHits: 0,
  cacheMisses: 0,
};

test("an alarm rises at 70, 85 and 95 percent and falls 5 below", () => {
  const seen: (AlarmSeverity | undefined)[] = [];
  let severity: AlarmSeverity | undefined;
  for (const percent of [69, 70, 66, 64, 85, 81, 80, 79, 95, 91, 90, 89, 100, 10]) {
    severity = severityOf(percent, severity);
    seen.push(severity);
  }
  const [n, w, c] = ["notice", "warning", "critical"] as const;
  assert.deepEqual(seen, [undefined, n, n, undefined, w, w, w, n, c, c, c, w, c, undefined]);
});

test("only a change of severity is published; the list has the worst first", async () => {
  const clock = new SimClock();
  const feed = new EventFeed(clock, silentLog);
  const events = feed.subscribe();
  const board = new AlarmBoard({ clock, log: silentLog, feed });
  const state = (severity: AlarmSeverity | undefined) => ({ severity, text: "so it is", advice: "do this" });
  board.set("a", state(undefined));
  board.set("a", state("notice"));
  const since = board.list()[0]?.since;
  await clock.advance(minutes(1));
  board.set("a", state("notice"));
  assert.equal(board.list()[0]?.since, since);
  board.set("b", state("critical"));
  assert.deepEqual(
    board.list().map(({ name }) => name),
    ["b", "a"],
  );
  board.set("a", state(undefined));
  const kinds: string[] = [];
  for (let count = 0; count < 3; count++) {
    const { value } = await events.next();
    kinds.push(`${value.kind} ${value.subject}`);
  }
  assert.deepEqual(kinds, ["alarm.raised a", "alarm.raised b", "alarm.cleared a"]);
});

test("the upload buffer and the disk are alarms long before drives wait", () => {
  const buffer = (used: number) => uploadBufferAlarm({ ...totals, uploadBufferUsed: used * giB }, undefined).severity;
  assert.deepEqual([50, 71, 86, 96].map(buffer), [undefined, "notice", "warning", "critical"]);
  const disk = (free: number) => diskAlarm({ ...totals, diskFree: free * giB }, undefined).severity;
  assert.deepEqual([100, 4, 2.4, 1.4, 0].map(disk), [undefined, "notice", "warning", "critical", "critical"]);
  assert.equal(diskAlarm({ ...totals, isDiskFull: true }, undefined).severity, "critical");
  assert.equal(diskAlarm({ ...totals, diskFree: undefined }, undefined).severity, undefined);
});

test("uploads that fail are told at once, and are a warning when data has waited for long", () => {
  const uploadFailure = storeFault("object-missing", { key: "k" });
  assert.equal(uploadsAlarm(totals).severity, undefined);
  assert.equal(uploadsAlarm({ ...totals, uploadFailure }).severity, "notice");
  assert.equal(uploadsAlarm({ ...totals, uploadFailure, uploadLag: minutes(20) }).severity, "warning");
  assert.equal(uploadsAlarm({ ...totals, uploadLag: milliseconds(1e9) }).severity, undefined);
});

test("a bucket that is silent for long is an alarm, and one that has another gateway is a worse one", () => {
  assert.equal(bucketAlarm(totals, undefined).severity, undefined);
  const silent = bucketAlarm({ ...totals, bucketSilence: minutes(7) }, undefined);
  assert.equal(silent.severity, "warning");
  assert.match(silent.text, /not answered for 7 minutes/);
  const taken = bucketAlarm(totals, "spare has taken over at noon (epoch 2)");
  assert.equal(taken.severity, "critical");
  assert.match(taken.text, /spare has taken over/);
});

test("damage is told by name, to the block", () => {
  const damage = {
    id: "c1" as CartridgeId,
    segment: 3,
    copy: "local",
    subject: "c1/3.segment",
    what: "it is cut",
  } as const;
  assert.match(
    damageText("TAPE01", { ...damage, outcome: "found", lost: [] }),
    /TAPE01: c1\/3.segment is damaged: it is cut/,
  );
  assert.match(damageText("TAPE01", { ...damage, outcome: "healed", lost: [] }), /was made anew/);
  const lost = damageText("TAPE01", {
    ...damage,
    outcome: "lost",
    lost: [
      [4, 5],
      [7, 10],
    ],
  });
  assert.match(lost, /objects 4, 7 to 9 are lost/);
  assert.equal(damageAlarm([], []).severity, undefined);
  const alarm = damageAlarm(["TAPE01"], [{ ...damage, outcome: "found", lost: [] }]);
  assert.equal(alarm.severity, "critical");
  assert.match(
    alarm.text,
    /objects of 1 cartridges .* TAPE01; 1 segments are damaged and not mended yet: c1\/3.segment/,
  );
});

// SPDX-License-Identifier: Apache-2.0
// Calendar events against systemd-analyze: for everything that both grammars have, the next five events are the same.
// What only Proxmox accepts (ranges of weekdays that wrap, `*/n`) is held against its own tests in src/media.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { type EpochSeconds, epochSeconds, instantFromIso, isoText, instantOf } from "#base/index.ts";
import { namedZone, nextEvent, parseCalendarEvent } from "#media/index.ts";
import { SeededRandom } from "#sim/index.ts";

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;
const iterations = 5;

/** The next events by systemd, in the zone of `TZ`; empty when it never comes. */
function bySystemd(event: string, base: EpochSeconds, zone: string): readonly string[] {
  const baseText = isoText(instantOf(base)).replace("T", " ").replace(".000Z", " UTC");
  const args = ["calendar", `--base-time=${baseText}`, `--iterations=${iterations}`, event];
  const { status, stdout, stderr } = spawnSync("systemd-analyze", args, { env: { ...process.env, TZ: zone } });
  assert.equal(status, 0, `${event}: ${String(stderr)}`);
  const text = String(stdout);
  // Outside of UTC each time is followed by the same in UTC.
  const pattern = zone === "UTC" ? /(?:Next elapse|Iter\. #\d+): \w+ (\S+ \S+) UTC/g : /\(in UTC\): \w+ (\S+ \S+) UTC/g;
  return Array.from(text.matchAll(pattern), (match) => `${(match[1] ?? "").replace(" ", "T")}.000Z`);
}

function byUs(event: string, base: EpochSeconds, zone: string): readonly string[] {
  const parsed = parseCalendarEvent(event);
  const found: string[] = [];
  let last = base;
  for (let count = 0; count < iterations; count++) {
    const next = nextEvent(parsed, last, namedZone(zone));
    if (next === undefined) break;
    found.push(isoText(instantOf(next)));
    last = next;
  }
  return found;
}

const random = new SeededRandom(2026);
const pick = <T>(choices: readonly T[]): T => choices[random.below(choices.length)] ?? assert.fail();

/** A list of numbers, ranges and repetitions below `limit`. */
function field(first: number, limit: number): string {
  const item = (): string => {
    const start = first + random.below(limit - first);
    // systemd refuses a range of one value, and a repetition whose first step leaves the field.
    const room = limit - 1 - start;
    if (room === 0) return `${start}`;
    return pick([`${start}`, `${start}..${start + 1 + random.below(room)}`, `${start}/${1 + random.below(room)}`]);
  };
  return pick(["*", item(), item(), `${item()},${item()}`]);
}

function randomEvent(): string {
  const weekdays = pick(["", "", "mon ", "Tue,thu ", "mon..fri ", "Saturday,sun "]);
  const date = pick(["", "", `*-${field(1, 13)}-${field(1, 29)} `, `${field(1, 13)}-${field(1, 29)} `]);
  const seconds = pick(["", "", `:${field(0, 60)}`]);
  return `${weekdays}${date}${field(0, 24)}:${field(0, 60)}${seconds}`;
}

const options = hasSystemd ? {} : { skip: "systemd-analyze is not installed" };

test("three hundred random calendar events come when systemd says that they come", options, () => {
  for (let count = 0; count < 300; count++) {
    const event = randomEvent();
    const base = (1_600_000_000 + random.below(400_000_000)) as EpochSeconds;
    assert.deepEqual(byUs(event, base, "UTC"), bySystemd(event, base, "UTC"), `${event} after ${base}`);
  }
});

test("keywords and fixed dates come when systemd says", options, () => {
  const base = epochSeconds(instantFromIso("2026-11-27T12:34:56Z"));
  const events = [
    "minutely",
    "hourly",
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "semiannually",
    "yearly",
    "annually",
  ];
  for (const event of [...events, "02-29", "2027-01-01", "Fri 2026-12-04 10:00:00", "*-12-31 23:59:59"]) {
    assert.deepEqual(byUs(event, base, "UTC"), bySystemd(event, base, "UTC"), event);
  }
});

test("local time is the same away from the nights in which clocks change", options, () => {
  for (let count = 0; count < 60; count++) {
    const event = `${pick(["", "mon..fri ", "sun "])}${6 + random.below(16)}:${random.below(60)}`;
    const base = (1_700_000_000 + random.below(100_000_000)) as EpochSeconds;
    for (const zone of ["Europe/Vienna", "America/New_York", "Asia/Kolkata"]) {
      assert.deepEqual(byUs(event, base, zone), bySystemd(event, base, zone), `${event} after ${base} in ${zone}`);
    }
  }
});

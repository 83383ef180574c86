// SPDX-License-Identifier: Apache-2.0
// Calendar events, time spans and zones. Times come from Proxmox's own tests (proxmox-time) where nothing else is said.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type EpochSeconds, epochSeconds, instantFromIso, isFault } from "#base/index.ts";
import { nextEvent, parseCalendarEvent } from "./calendar-event.ts";
import { parseTimeSpan } from "./time-span.ts";
import { dateOf, dayNumber, localZone, namedZone, utcZone, weekdayOf } from "./zone.ts";

const at = (seconds: number): EpochSeconds => seconds as EpochSeconds;
const next = (text: string, last: number): number | undefined => nextEvent(parseCalendarEvent(text), at(last), utcZone);

test("the next event is the one that Proxmox finds", () => {
  const day = 86_400;
  const july = 1_596_153_600;
  const vectors: readonly (readonly [string, number, number | undefined])[] = [
    ["0", 0, 3600],
    ["*", 0, 60],
    ["*:3:5", 0, 185],
    ["mon *:*", 0, 345_600],
    ["mon 2:50", 0, 355_800],
    ["4..10/2:0", 0, 14_400],
    ["4..10/2:0", 18_000, 21_600],
    ["4..10/2:0", 39_600, 100_800],
    ["10,5:8,4", 0, 18_240],
    ["6,4..10:23,5/5", 0, 14_700],
    ["daily", 0, day],
    ["monthly", 0, 2_678_400],
    ["2020-07-31", 0, july],
    ["02-29", 0, 68_169_600],
    ["02-30", 0, undefined],
    ["2021-02-29", 0, undefined],
    ["sat", july, july + day],
    ["fri", july, july + 7 * day],
    ["2020,2021-12-31", july, 1_609_372_800],
    ["*/5", 0, 300],
    ["12:05", 0, 43_500],
    ["*-05", 0, 345_600],
    ["Sat *-1..7 15:00", 0, 226_800],
    ["fri..mon 3:30", 0, 99_000],
    ["*:*:*/15", 0, 15],
    ["2..4/2:0,30", 0, 7200],
  ];
  for (const [text, last, expected] of vectors) assert.equal(next(text, last), expected, text);
});

test("what Proxmox accepts is accepted, what it rejects is rejected", () => {
  for (const text of [
    "*",
    "1,2:3",
    "mon..fri 8..17,22:0/15",
    "dailyUTC",
    "daily  UTC",
    "Mon",
    "2020-01-01 00:00:00",
    "1-1",
  ]) {
    assert.ok(parseCalendarEvent(text).text === text);
  }
  const wrong = ["", "UTC", "*/0", "10..5:00", "0:0:0:0", "mon, tue", " daily", "Daily", "mun", "25:00", "60", "1-32"];
  for (const text of [...wrong, "13-1", "1:2 1-1", "a..b..c", "~1", "@0", "mon..tue..wed", "1-2-3-4", "2300-1-1"]) {
    assert.throws(
      () => parseCalendarEvent(text),
      (error) => isFault(error, "media.bad-event"),
      text,
    );
  }
});

test("the keywords are what systemd says they are", () => {
  const vectors: readonly (readonly [string, string])[] = [
    ["minutely", "2026-11-27T12:35:00Z"],
    ["hourly", "2026-11-27T13:00:00Z"],
    ["daily", "2026-11-28T00:00:00Z"],
    ["weekly", "2026-11-30T00:00:00Z"],
    ["monthly", "2026-12-01T00:00:00Z"],
    ["quarterly", "2027-01-01T00:00:00Z"],
    ["semiannually", "2027-01-01T00:00:00Z"],
    ["semi-annually", "2027-01-01T00:00:00Z"],
    ["yearly", "2027-01-01T00:00:00Z"],
    ["annually", "2027-01-01T00:00:00Z"],
  ];
  const last = epochSeconds(instantFromIso("2026-11-27T12:34:56Z"));
  for (const [text, expected] of vectors) {
    assert.equal(next(text, last), epochSeconds(instantFromIso(expected)), text);
  }
});

test("an event is always later, and nothing between matches", () => {
  const fields = fc.constantFrom("*", "*/7", "3", "1,4", "2..8", "5/3");
  fc.assert(
    fc.property(fields, fields, fc.integer({ min: 0, max: 4_000_000_000 }), (hour, minute, last) => {
      const text = `${hour}:${minute}`;
      const found = next(text, last);
      assert.ok(found !== undefined && found > last);
      assert.equal(next(text, found - 1), found);
      assert.ok(found - last <= 86_400 + 3600);
    }),
  );
});

test("local time goes through the change of the clock", () => {
  const vienna = namedZone("Europe/Vienna");
  const event = parseCalendarEvent("02:30");
  const iso = (text: string): EpochSeconds => epochSeconds(instantFromIso(text));
  // On 2026-03-29 the clock goes from 02:00 to 03:00: 02:30 is moved.
  assert.equal(nextEvent(event, iso("2026-03-28T12:00:00Z"), vienna), iso("2026-03-29T01:30:00Z"));
  assert.equal(nextEvent(event, iso("2026-03-29T01:30:00Z"), vienna), iso("2026-03-30T00:30:00Z"));
  // On 2026-10-25 it goes from 03:00 to 02:00: 02:30 comes twice, and counts once.
  const first = iso("2026-10-25T00:30:00Z");
  assert.equal(nextEvent(event, iso("2026-10-24T12:00:00Z"), vienna), first);
  assert.equal(nextEvent(event, iso("2026-10-25T01:30:00Z"), vienna), iso("2026-10-26T01:30:00Z"));
  assert.equal(
    nextEvent(parseCalendarEvent("02:30 UTC"), iso("2026-03-28T12:00:00Z"), vienna),
    iso("2026-03-29T02:30:00Z"),
  );
  assert.throws(() => namedZone("Nowhere/At all"), RangeError);
  const here = namedZone(new Intl.DateTimeFormat().resolvedOptions().timeZone);
  const time = at(1_790_000_000);
  assert.deepEqual(localZone().read(time), here.read(time));
  assert.equal(localZone().second(here.read(time)), time);
});

test("dates and day numbers lead to each other", () => {
  fc.assert(
    fc.property(fc.integer({ min: -700_000, max: 2_000_000 }), (days) => {
      const { year, month, day } = dateOf(days);
      assert.equal(dayNumber(year, month, day), days);
      assert.ok(month >= 1 && month <= 12 && day >= 1 && day <= 31);
    }),
  );
  assert.deepEqual(utcZone.read(at(1_700_000_000)), {
    year: 2023,
    month: 11,
    day: 14,
    hour: 22,
    minute: 13,
    second: 20,
  });
  assert.equal(weekdayOf({ year: 2026, month: 11, day: 27, hour: 0, minute: 0, second: 0 }), 4);
});

test("time spans are sums of numbers with units", () => {
  const vectors: readonly (readonly [string, number])[] = [
    ["7days", 604_800],
    ["2 weeks", 1_209_600],
    ["1y 12month", 31_557_600 + 12 * 2_630_016],
    ["48hr", 172_800],
    ["300ms20s 5day", 432_020.3],
    [" 2s 2 s 2", 6],
    ["55s500ms", 55.5],
    ["1M", 2_630_016],
    ["1m", 60],
    ["5us", 5e-6],
    ["5µs 3ns", 5.003e-6],
  ];
  for (const [text, seconds] of vectors) {
    assert.ok(Math.abs(parseTimeSpan(text) - seconds) < 1e-9, `${text}: ${parseTimeSpan(text)}`);
  }
  for (const text of ["", "  ", "-1s", "1.5h", "day", "1 fortnight", "1D"]) {
    assert.throws(
      () => parseTimeSpan(text),
      (error) => isFault(error, "media.bad-span"),
      text,
    );
  }
});

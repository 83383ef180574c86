// SPDX-License-Identifier: Apache-2.0
// The name of a media set: the pool's template, filled with the time at which the set began.

import type { MediaSet } from "./inventory.ts";
import { dayNumber, type CalendarTime, weekdayOf, type Zone } from "./zone.ts";

const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const two = (value: number): string => String(value).padStart(2, "0");

/** The directives of strftime that templates use. */
const directives: Readonly<Record<string, (time: CalendarTime) => string>> = {
  a: (time) => weekdays[weekdayOf(time)] ?? "",
  b: ({ month }) => months[month - 1] ?? "",
  c: (time) => {
    const { year, day, hour, minute, second } = time;
    const clock = [hour, minute, second].map(two).join(":");
    return `${weekdays[weekdayOf(time)]} ${months[time.month - 1]} ${String(day).padStart(2)} ${clock} ${year}`;
  },
  d: ({ day }) => two(day),
  F: ({ year, month, day }) => [year, two(month), two(day)].join("-"),
  H: ({ hour }) => two(hour),
  j: ({ year, month, day }) => String(dayNumber(year, month, day) - dayNumber(year, 1, 1) + 1).padStart(3, "0"),
  M: ({ minute }) => two(minute),
  m: ({ month }) => two(month),
  S: ({ second }) => two(second),
  T: ({ hour, minute, second }) => [hour, minute, second].map(two).join(":"),
  u: (time) => String(weekdayOf(time) + 1),
  V: (time) => two(isoWeek(time)),
  Y: ({ year }) => String(year),
  y: ({ year }) => two(year % 100),
  "%": () => "%",
};

/** The week of ISO 8601: the one with the year's first Thursday is the first. */
function isoWeek(time: CalendarTime): number {
  const thursday = dayNumber(time.year, time.month, time.day) - weekdayOf(time) + 3;
  const year = [time.year - 1, time.year, time.year + 1].findLast(
    (candidate) => dayNumber(candidate, 1, 1) <= thursday,
  );
  return Math.floor((thursday - dayNumber(year ?? time.year, 1, 1)) / 7) + 1;
}

/** The name of a set (B-SET-3); its UUID when nobody knows when it began. An unknown directive stays as it is. */
export function setName(set: MediaSet, template: string, zone: Zone): string {
  if (set.start === undefined) return set.uuid;
  const time = zone.read(set.start);
  const text = template.replaceAll("%id%", set.uuid);
  return text.replaceAll(/%([A-Za-z%])/g, (whole, name: string) => directives[name]?.(time) ?? whole);
}

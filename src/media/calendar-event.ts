// SPDX-License-Identifier: Apache-2.0
// Calendar events: when something happens again, in the grammar that Proxmox accepts (a part of systemd's). Each field is
// any value, or a list of values, ranges and repetitions.
//
//   event    = keyword | [weekdays] [date] [time], and " UTC" perhaps
//   weekdays = mon,wed..fri       date = [year-]month-day       time = [hour:]minute[:second]
//
// An hour that is out of range is refused here, where Proxmox takes it for a minute.

import type { EpochSeconds } from "#base/index.ts";
import { mediaFault } from "./faults.ts";
import { type CalendarTime, dateOf, dayNumber, utcZone, weekdayOf, type Zone } from "./zone.ts";

/** Values of a field: all of its range, or those that match an item. */
type FieldValues = readonly Item[] | "any";

/** `start`, `start..end`, `start/step`, `start..end/step`. */
interface Item {
  readonly start: number;
  /** Undefined: to the end of the field. */
  readonly end: number | undefined;
  /** Undefined: only `start`, or every value up to `end`. */
  readonly step: number | undefined;
}

/** A calendar event. */
export interface CalendarEvent {
  readonly text: string;
  /** Days of the week, 0 is Monday; undefined: any. */
  readonly weekdays: ReadonlySet<number> | undefined;
  readonly year: FieldValues;
  readonly month: FieldValues;
  readonly day: FieldValues;
  readonly hour: FieldValues;
  readonly minute: FieldValues;
  readonly second: FieldValues;
  /** True: in UTC whatever the zone. */
  readonly isUtc: boolean;
}

interface FieldRange {
  readonly first: number;
  readonly last: number;
}

const ranges = {
  year: { first: 0, last: 2199 },
  month: { first: 1, last: 12 },
  day: { first: 1, last: 31 },
  hour: { first: 0, last: 23 },
  minute: { first: 0, last: 59 },
  second: { first: 0, last: 59 },
} as const satisfies Readonly<Record<string, FieldRange>>;
type FieldName = keyof typeof ranges;

const keywords: Readonly<Record<string, string>> = {
  minutely: "*:*:00",
  hourly: "*:00:00",
  daily: "00:00:00",
  weekly: "mon 00:00:00",
  monthly: "*-*-1 00:00:00",
  quarterly: "*-1,4,7,10-1 00:00:00",
  semiannually: "*-1,7-1 00:00:00",
  "semi-annually": "*-1,7-1 00:00:00",
  yearly: "*-1-1 00:00:00",
  annually: "*-1-1 00:00:00",
};

const weekdayNames = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/** Longest search for the next event: fields that are advanced. Then it never comes. */
const roundsMax = 1000;

const bad = (text: string, reason: string): Error => mediaFault("bad-event", { text, reason });

/** Reads a calendar event. Fault `media.bad-event`. */
export function parseCalendarEvent(text: string): CalendarEvent {
  const zoned = /^(.*?) *UTC$/s.exec(text);
  const body = zoned?.[1] ?? text;
  const expanded = Object.hasOwn(keywords, body) ? (keywords[body] ?? body) : body;
  if (expanded.trim() === "" || expanded.startsWith(" ")) throw bad(text, "it says nothing");
  const parts = expanded.split(/ +/).filter((part) => part !== "");
  const event = { text, weekdays: undefined, ...anyDate, hour: zero, minute: zero, second: zero };
  const isUtc = zoned !== null;
  const [head = "", ...rest] = parts;
  const hasWeekdays = /^[a-z]/i.test(head);
  const weekdays = hasWeekdays ? parseWeekdays(text, head) : undefined;
  const others = hasWeekdays ? rest : parts;
  const dates = others.filter((part) => part.includes("-"));
  const times = others.filter((part) => !part.includes("-"));
  const isOrdered = others.every((part, index) => part.includes("-") === index < dates.length);
  if (dates.length > 1 || times.length > 1 || !isOrdered) throw bad(text, "its parts are weekdays, date and time");
  const date = dates[0] === undefined ? {} : parseDate(text, dates[0]);
  const time = times[0] === undefined ? {} : parseTime(text, times[0]);
  return { ...event, weekdays, ...date, ...time, isUtc };
}

const zero: FieldValues = [{ start: 0, end: undefined, step: undefined }];
const anyDate = { year: "any", month: "any", day: "any" } as const;

function parseWeekdays(text: string, part: string): ReadonlySet<number> {
  const dayOf = (name: string): number => {
    const lower = name.toLowerCase();
    const index = weekdayNames.findIndex((day) => day === lower || day.slice(0, 3) === lower);
    if (index === -1) throw bad(text, `"${name}" is no day of the week`);
    return index;
  };
  const days = part.split(",").flatMap((item) => {
    const [from = "", to, ...more] = item.split("..");
    if (more.length > 0) throw bad(text, `"${item}" is no range of days`);
    const first = dayOf(from);
    const count = to === undefined ? 1 : ((dayOf(to) - first + 7) % 7) + 1;
    return Array.from({ length: count }, (_, index) => (first + index) % 7);
  });
  return new Set(days);
}

function parseDate(text: string, part: string): Pick<CalendarEvent, "year" | "month" | "day"> {
  const fields = part.split("-");
  const [year, month, day] = fields.length === 2 ? ["*", ...fields] : fields;
  if (year === undefined || month === undefined || day === undefined || fields.length > 3) {
    throw bad(text, `"${part}" is no date`);
  }
  return {
    year: parseField(text, "year", year),
    month: parseField(text, "month", month),
    day: parseField(text, "day", day),
  };
}

function parseTime(text: string, part: string): Pick<CalendarEvent, "hour" | "minute" | "second"> {
  const fields = part.split(":");
  if (fields.length > 3) throw bad(text, `"${part}" is no time`);
  // A number alone is a minute, two are hour and minute.
  const [hour = "*", minute = "0", second = "0"] = fields.length === 1 ? ["*", ...fields] : fields;
  return {
    hour: parseField(text, "hour", hour),
    minute: parseField(text, "minute", minute),
    second: parseField(text, "second", second),
  };
}

function parseField(text: string, name: FieldName, part: string): FieldValues {
  if (part === "*") return "any";
  const { first, last } = ranges[name];
  const every = /^\*\/(\d+)$/.exec(part);
  if (every !== null) {
    const step = Number(every[1]);
    if (step === 0) throw bad(text, "a step of 0 leads nowhere");
    return [{ start: first, end: undefined, step }];
  }
  return part.split(",").map((item) => {
    const match = /^(\d+)(?:\.\.(\d+))?(?:\/(\d+))?$/.exec(item);
    if (match === null) throw bad(text, `"${item}" is no ${name}`);
    const [start, end, step] = match.slice(1).map((digits) => (digits === undefined ? undefined : Number(digits)));
    if (start === undefined || Math.max(start, end ?? 0, step ?? 0) > last) {
      throw bad(text, `"${item}" is beyond the last ${name}, ${last}`);
    }
    if (end !== undefined && end < start) throw bad(text, `"${item}" ends before it begins`);
    return { start, end, step: step === 0 ? undefined : step };
  });
}

function matches(values: FieldValues, value: number): boolean {
  if (values === "any") return true;
  return values.some(({ start, end, step }) => {
    if (step === undefined) return end === undefined ? value === start : value >= start && value <= end;
    return value >= start && value <= (end ?? Infinity) && (value - start) % step === 0;
  });
}

/** The smallest value from `from` on that matches; undefined when none does. */
function nextValue(values: FieldValues, from: number, last: number): number | undefined {
  for (let value = from; value <= last; value++) if (matches(values, value)) return value;
  return undefined;
}

/** The first event strictly after `last`; undefined: it never comes. */
export function nextEvent(event: CalendarEvent, last: EpochSeconds, zone: Zone): EpochSeconds | undefined {
  const own = event.isUtc ? utcZone : zone;
  let time = own.read((last + 1) as EpochSeconds);
  for (let round = 0; round < roundsMax; round++) {
    const adjusted = adjust(event, time);
    if (adjusted === undefined) return undefined;
    if (adjusted === time) {
      const found = own.second(time);
      // A time that does not exist was moved; one that comes twice may lie before `last`.
      if (found > last) return found;
      time = normal({ ...time, second: time.second + 1 });
      continue;
    }
    time = adjusted;
  }
  return undefined;
}

/** The same time when everything matches; else a later one where the first field that does not match may match. */
function adjust(event: CalendarEvent, time: CalendarTime): CalendarTime | undefined {
  if (!matches(event.year, time.year)) {
    const year = nextValue(event.year, time.year, ranges.year.last);
    return year === undefined ? undefined : { ...midnight, year, month: 1, day: 1 };
  }
  const { year, month, day, hour, minute, second } = time;
  if (year > ranges.year.last) return undefined;
  if (!matches(event.month, month)) {
    const next = nextValue(event.month, month, ranges.month.last);
    return { ...midnight, year: next === undefined ? year + 1 : year, month: next ?? 1, day: 1 };
  }
  if (!matches(event.day, day)) {
    const next = nextValue(event.day, day, ranges.day.last);
    // Day 31 of a month with 30 leads into the next month, and is looked at again there.
    return normal({ ...midnight, year, month: next === undefined ? month + 1 : month, day: next ?? 1 });
  }
  const { weekdays } = event;
  if (weekdays !== undefined && !weekdays.has(weekdayOf(time))) {
    return normal({ ...midnight, year, month, day: day + 1 });
  }
  if (!matches(event.hour, hour)) {
    const next = nextValue(event.hour, hour, ranges.hour.last);
    return normal({ ...time, day: next === undefined ? day + 1 : day, hour: next ?? 0, minute: 0, second: 0 });
  }
  if (!matches(event.minute, minute)) {
    const next = nextValue(event.minute, minute, ranges.minute.last);
    return normal({ ...time, hour: next === undefined ? hour + 1 : hour, minute: next ?? 0, second: 0 });
  }
  if (!matches(event.second, second)) {
    const next = nextValue(event.second, second, ranges.second.last);
    return normal({ ...time, minute: next === undefined ? minute + 1 : minute, second: next ?? 0 });
  }
  return time;
}

const midnight = { hour: 0, minute: 0, second: 0 } as const;

/** Carries fields that exceed their range into the next larger one. */
function normal(time: CalendarTime): CalendarTime {
  const minutes = time.minute + Math.floor(time.second / 60);
  const hours = time.hour + Math.floor(minutes / 60);
  const date = dateOf(dayNumber(time.year, time.month, time.day) + Math.floor(hours / 24));
  return { ...date, hour: hours % 24, minute: minutes % 60, second: time.second % 60 };
}

// SPDX-License-Identifier: Apache-2.0
// Local time: what a clock on the wall shows at a second, and which second that is. Plain numbers of the calendar, since
// calendar events count in years, days and hours.

import type { EpochSeconds } from "#base/index.ts";

/** A time as a calendar and a clock show it. */
export interface CalendarTime {
  readonly year: number;
  /** 1 … 12 */
  readonly month: number;
  /** 1 … 31; larger numbers lead into the next month. */
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** A zone of time. */
export interface Zone {
  read(time: EpochSeconds): CalendarTime;
  /** The second of a calendar time; one that does not exist is moved, the earlier one of two is taken. */
  second(time: CalendarTime): EpochSeconds;
}

const daySeconds = 86_400;

/** Days from 1970-01-01 to a date of the Gregorian calendar; months and days may exceed their range. */
export function dayNumber(year: number, month: number, day: number): number {
  const months = year * 12 + month - 1;
  const normalYear = Math.floor(months / 12);
  const normalMonth = (months % 12) + 1;
  // Years that begin in March have their leap day at the end.
  const shifted = normalMonth <= 2 ? normalYear - 1 : normalYear;
  const monthOfYear = (normalMonth + 9) % 12;
  const leaps = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400);
  return shifted * 365 + leaps + Math.floor((153 * monthOfYear + 2) / 5) + day - 1 - 719_468;
}

/** The date of a day number. */
export function dateOf(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthOfYear = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthOfYear < 10 ? monthOfYear + 3 : monthOfYear - 9;
  const day = dayOfYear - Math.floor((153 * monthOfYear + 2) / 5) + 1;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** Day of the week of a date; 0 is Monday. */
export const weekdayOf = ({ year, month, day }: CalendarTime): number =>
  (((dayNumber(year, month, day) + 3) % 7) + 7) % 7;

/** Seconds of a calendar time in UTC. */
function utcSecond({ year, month, day, hour, minute, second }: CalendarTime): number {
  return dayNumber(year, month, day) * daySeconds + hour * 3600 + minute * 60 + second;
}

/** UTC. */
export const utcZone: Zone = {
  read: (time) => {
    const days = Math.floor(time / daySeconds);
    const rest = time - days * daySeconds;
    const minutes = Math.floor(rest / 60);
    return { ...dateOf(days), hour: Math.floor(minutes / 60), minute: minutes % 60, second: rest % 60 };
  },
  second: (time) => utcSecond(time) as EpochSeconds,
};

/** A zone by its name in the database of time zones, such as `Europe/Vienna`; RangeError for one that is unknown. */
export function namedZone(name: string): Zone {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: name,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const read = (time: EpochSeconds): CalendarTime => {
    const parts = new Map(format.formatToParts(time * 1000).map(({ type, value }) => [type, Number(value)] as const));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return {
      year: part("year"),
      month: part("month"),
      day: part("day"),
      hour: part("hour"),
      minute: part("minute"),
      second: part("second"),
    };
  };
  const offsetAt = (time: number): number => utcSecond(read(time as EpochSeconds)) - time;
  return {
    read,
    second: (time) => {
      const wall = utcSecond(time);
      // The offsets a day before and after are all that can apply, whatever changes in between.
      const offsets = [offsetAt(wall - daySeconds), offsetAt(wall + daySeconds)];
      const fitting = offsets.map((offset) => wall - offset).filter((at) => at + offsetAt(at) === wall);
      const moved = wall - Math.min(...offsets);
      return (fitting.length === 0 ? moved : Math.min(...fitting)) as EpochSeconds;
    },
  };
}

/** The zone of this machine. It is looked up when it is first needed: that takes 30 ms and some memory. */
export function localZone(): Zone {
  let found: Zone | undefined;
  const zone = (): Zone => (found ??= namedZone(new Intl.DateTimeFormat().resolvedOptions().timeZone));
  return { read: (time) => zone().read(time), second: (time) => zone().second(time) };
}

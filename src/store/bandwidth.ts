// SPDX-License-Identifier: Apache-2.0
// Bandwidth limits: fixed ones, and a weekly schedule in the time zone of the gateway. Pure. The smallest limits and the
// inclusive end minute are those of AWS Storage Gateway, so that what was configured there can be configured here.

import { type Instant, limits } from "#base/index.ts";
import { storeFault } from "./faults.ts";

/** Bits per second; undefined: without a limit. */
export interface BandwidthLimit {
  readonly up?: number | undefined;
  readonly down?: number | undefined;
}

/** The days of a week, Monday first, as ISO 8601 numbers them from 1. */
export const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof weekdays)[number];

/** A part of some days: from a minute to another, both included, written HH:MM. */
export interface BandwidthInterval extends BandwidthLimit {
  readonly days: readonly Weekday[];
  readonly from: string;
  readonly to: string;
}

/** What an operator sets. */
export interface BandwidthSettings extends BandwidthLimit {
  /** Outside of these, `up` and `down` apply. They do not overlap. */
  readonly schedule: readonly BandwidthInterval[];
  /** IANA name of the time zone of the schedule. */
  readonly timeZone: string;
}

/** No limits at all. */
export const noBandwidthLimits: BandwidthSettings = { schedule: [], timeZone: "UTC" };

const minutesOfDay = 24 * 60;

/** Minutes since midnight. Fault `store.bandwidth-bad` for what is no time of day. */
export function minuteOf(text: string): number {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (match === null) throw bad(`${JSON.stringify(text)} is no time of day; write HH:MM, for example 22:00`);
  return Number(match[1]) * 60 + Number(match[2]);
}

/** Checks settings as a whole. Fault `store.bandwidth-bad` says what is wrong. */
export function checkBandwidth(settings: BandwidthSettings): BandwidthSettings {
  const { schedule, timeZone } = settings;
  checkLimit("the limit", settings);
  checkTimeZone(timeZone);
  if (schedule.length > limits.bandwidthIntervals) {
    throw bad(`a schedule has at most ${limits.bandwidthIntervals} intervals, not ${schedule.length}`);
  }
  const taken = new Map<number, string>();
  for (const interval of schedule) {
    const { days, from, to } = interval;
    const name = `${days.join(",")} ${from}-${to}`;
    checkLimit(`the interval ${name}`, interval);
    if (days.length === 0) throw bad(`the interval ${from}-${to} has no day`);
    if (minuteOf(from) > minuteOf(to)) {
      throw bad(`the interval ${name} ends before it begins; one over midnight is written as two`);
    }
    for (const day of days) {
      for (let minute = minuteOf(from); minute <= minuteOf(to); minute++) {
        const at = weekdays.indexOf(day) * minutesOfDay + minute;
        const other = taken.get(at);
        if (other !== undefined) throw bad(`the intervals ${other} and ${name} overlap`);
        taken.set(at, name);
      }
    }
  }
  return settings;
}

/** The limit that holds at an instant. */
export function bandwidthAt({ schedule, timeZone, up, down }: BandwidthSettings, now: Instant): BandwidthLimit {
  if (schedule.length === 0) return { up, down };
  const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(now)).toZonedDateTimeISO(timeZone);
  const day = weekdays[local.dayOfWeek - 1];
  const minute = local.hour * 60 + local.minute;
  const found = schedule.find(
    (interval) =>
      day !== undefined &&
      interval.days.includes(day) &&
      minute >= minuteOf(interval.from) &&
      minute <= minuteOf(interval.to),
  );
  return found === undefined ? { up, down } : { up: found.up, down: found.down };
}

function checkLimit(what: string, { up, down }: BandwidthLimit): void {
  for (const [name, value, min] of [
    ["up", up, limits.bandwidthUpMin],
    ["down", down, limits.bandwidthDownMin],
  ] as const) {
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < min) {
      throw bad(`${what} is ${value} bits per second ${name}; the smallest is ${min}`);
    }
  }
}

function checkTimeZone(timeZone: string): void {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timeZone);
  } catch (error) {
    throw bad(`${JSON.stringify(timeZone)} is no time zone; write for example Europe/Berlin or UTC`, error);
  }
}

function bad(reason: string, cause?: unknown): Error {
  return storeFault("bandwidth-bad", { reason }, cause);
}

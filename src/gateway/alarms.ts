// SPDX-License-Identifier: Apache-2.0
// What an operator should know before a host does: alarms with a severity, since when, and what to do. An alarm rises and
// falls at different values, so that it does not flicker. Pure but for the feed that is told of changes.

import type { Clock, Instant, Log } from "#base/index.ts";
import type { EventFeed } from "./event-feed.ts";

/** How bad it is. `notice`: look when you have time; `warning`: soon; `critical`: hosts wait or data is at risk. */
export type AlarmSeverity = "notice" | "warning" | "critical";

/** An alarm that is on. */
export interface Alarm {
  /** What it is about; one alarm per name. */
  readonly name: string;
  readonly severity: AlarmSeverity;
  /** When it came to this severity. */
  readonly since: Instant;
  readonly text: string;
  readonly advice: string;
}

/** How things stand with what an alarm is about; without a severity all is well. */
export interface AlarmState {
  readonly severity: AlarmSeverity | undefined;
  readonly text: string;
  readonly advice: string;
}

/** Percent at which each severity begins. */
export const alarmLevels = { notice: 70, warning: 85, critical: 95 } as const satisfies Record<AlarmSeverity, number>;
/** A severity ends so many percent below where it begins. */
export const alarmHysteresis = 5;

const severities = ["critical", "warning", "notice"] as const;

/** The severity of a fill in percent, given the one before. */
export function severityOf(percent: number, before: AlarmSeverity | undefined): AlarmSeverity | undefined {
  const rank = before === undefined ? severities.length : severities.indexOf(before);
  return severities.find((severity, index) => {
    const level = alarmLevels[severity];
    return percent >= (index >= rank ? level - alarmHysteresis : level);
  });
}

/** What a board needs. */
export interface AlarmBoardOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly feed: EventFeed;
}

/** The alarms that are on. */
export class AlarmBoard {
  readonly #options: AlarmBoardOptions;
  readonly #alarms = new Map<string, Alarm>();

  constructor(options: AlarmBoardOptions) {
    this.#options = options;
  }

  /** The worst first. */
  list(): readonly Alarm[] {
    const rank = ({ severity }: Alarm): number => severities.indexOf(severity);
    return [...this.#alarms.values()].toSorted((left, right) => rank(left) - rank(right));
  }

  severity(name: string): AlarmSeverity | undefined {
    return this.#alarms.get(name)?.severity;
  }

  /** Tells how things stand now. Only a change of severity is published and logged. */
  set(name: string, { severity, text, advice }: AlarmState): void {
    const { clock, log, feed } = this.#options;
    const before = this.#alarms.get(name);
    if (severity === undefined) {
      if (!this.#alarms.delete(name)) return;
      feed.publish("alarm.cleared", name, `${name} is over: ${text}`);
      return;
    }
    const isChanged = before?.severity !== severity;
    const since = isChanged ? clock.now() : before.since;
    this.#alarms.set(name, { name, severity, since, text, advice });
    if (!isChanged) return;
    const line = `${text}; ${advice}`;
    if (severity === "notice") log.info(line, { alarm: name, severity });
    else if (severity === "warning") log.warn(line, { alarm: name, severity });
    else log.error(line, { alarm: name, severity });
    feed.publish("alarm.raised", name, `${severity}: ${line}`);
  }
}

// SPDX-License-Identifier: Apache-2.0
// A backup job that is kept: what it does and when, what became of its last run, and when it is due. Decisions are pure; who
// acts on them is `job-desk.ts`.

import {
  type EpochSeconds,
  epochSeconds,
  type Instant,
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  limits,
  parseJson,
  prettyJson,
} from "#base/index.ts";
import { parseNamespace } from "#datastore/index.ts";
import { type CalendarEvent, nextEvent, parseCalendarEvent, type Zone } from "#media/index.ts";
import { backupFault } from "./faults.ts";
import { parseGroupFilter } from "./group-filter.ts";
import { checkName } from "./manager-config.ts";

/** A backup job. */
export interface TapeJob {
  /** Its id. */
  readonly name: string;
  readonly store: string;
  readonly pool: string;
  readonly drive: string;
  /** A calendar event; undefined: only when somebody asks. */
  readonly schedule: string | undefined;
  readonly comment: string | undefined;
  readonly namespace: string;
  /** Levels of namespaces below it; undefined: all. */
  readonly depth: number | undefined;
  readonly isLatestOnly: boolean;
  /** Filters of groups, separated by blanks. */
  readonly filters: string;
  readonly atEnd: "stay" | "unload" | "export";
  /** What becomes of a run whose pool has no cartridge left: it waits for one, or fails. */
  readonly ifNoMedia: "wait" | "fail";
}

/** A run of a job. */
export interface JobRun {
  readonly task: string;
  readonly began: Instant;
  readonly ended: Instant | undefined;
  /** Final state of its task; undefined: it runs, or the process ended under it. */
  readonly state: string | undefined;
  readonly error: string | undefined;
}

/** What a job remembers. */
export interface JobMemory {
  /** Events up to here are done with: the last run began, or the schedule was set. */
  readonly reference: EpochSeconds;
  readonly lastRun: JobRun | undefined;
  /** Times that runs which the end of a process cut off were taken up again, in a row. */
  readonly resumes: number;
}

/** Whether a job that does not run has to begin, and why. */
export type Due = "not-due" | "event" | "resume";

/** Checks a job by itself; whether what it names exists is for others. Faults `backup.bad-config`, `media.bad-event`, `backup.bad-filter`. */
export function checkJob(job: TapeJob): void {
  checkName("the job", job.name);
  if (job.schedule !== undefined) parseCalendarEvent(job.schedule);
  for (const filter of job.filters.split(/ +/)) if (filter !== "") parseGroupFilter(filter);
  parseNamespace(job.namespace);
}

/** When a job begins by itself the next time: at the first event after its reference; one that is past is made up for. */
export function nextRunOf(job: TapeJob, memory: JobMemory, zone: Zone): EpochSeconds | undefined {
  const event = eventOf(job);
  return event === undefined ? undefined : nextEvent(event, memory.reference, zone);
}

/**
 * Whether a job that does not run is due. Missed events make one run. A scheduled run that was cut off by the end of the process
 * is taken up again, but not for ever: a run that ends the process must not do so with each start.
 */
export function dueOf(job: TapeJob, memory: JobMemory, now: EpochSeconds, zone: Zone): Due {
  const next = nextRunOf(job, memory, zone);
  if (next === undefined) return "not-due";
  if (next <= now) return "event";
  const { lastRun, resumes } = memory;
  const isCutOff = lastRun !== undefined && (lastRun.state === undefined || lastRun.state === "interrupted");
  return isCutOff && resumes < limits.jobResumes ? "resume" : "not-due";
}

const eventOf = ({ schedule }: TapeJob): CalendarEvent | undefined =>
  schedule === undefined ? undefined : parseCalendarEvent(schedule);

/** The memory of a job that begins to be scheduled now. */
export const freshMemory = (now: Instant, lastRun?: JobRun): JobMemory => {
  return { reference: epochSeconds(now), lastRun, resumes: 0 };
};

/** The text of the file of jobs. */
export function jobsText(jobs: readonly TapeJob[]): string {
  return prettyJson({ jobs: jobs.map((job) => JSON.parse(JSON.stringify(job)) as Json) });
}

/** Reads the file of jobs; undefined: it is not there. Fault `backup.bad-config`. */
export function parseJobs(text: string | undefined): readonly TapeJob[] {
  if (text === undefined) return [];
  const json = parseJson(text);
  const rows = isJsonObject(json) ? json["jobs"] : undefined;
  if (rows === undefined || !isJsonArray(rows)) throw damaged("it has no list of jobs");
  return rows.map((row) => {
    if (!isJsonObject(row)) throw damaged("a job is not an object");
    const job = jobOf(row);
    checkJob(job);
    return job;
  });
}

function jobOf(row: JsonObject): TapeJob {
  const { depth } = row;
  return {
    name: needed(row, "name"),
    store: needed(row, "store"),
    pool: needed(row, "pool"),
    drive: needed(row, "drive"),
    schedule: optional(row, "schedule"),
    comment: optional(row, "comment"),
    namespace: optional(row, "namespace") ?? "",
    depth: typeof depth === "number" && Number.isSafeInteger(depth) ? depth : undefined,
    isLatestOnly: row["isLatestOnly"] === true,
    filters: optional(row, "filters") ?? "",
    atEnd: row["atEnd"] === "unload" || row["atEnd"] === "export" ? row["atEnd"] : "stay",
    ifNoMedia: row["ifNoMedia"] === "fail" ? "fail" : "wait",
  };
}

/** The text of the file of memories. */
export function memoriesText(memories: ReadonlyMap<string, JobMemory>): string {
  return prettyJson(JSON.parse(JSON.stringify(Object.fromEntries(memories))) as Json);
}

/** Reads the file of memories. What cannot be understood is forgotten: the job is then scheduled as if it were new. */
export function parseMemories(text: string | undefined): Map<string, JobMemory> {
  const json = text === undefined ? {} : parseJson(text);
  const memories = new Map<string, JobMemory>();
  for (const [name, value] of isJsonObject(json) ? Object.entries(json) : []) {
    if (!isJsonObject(value) || typeof value["reference"] !== "number") continue;
    const { reference, lastRun, resumes } = value;
    memories.set(name, {
      reference: reference as EpochSeconds,
      lastRun: isJsonObject(lastRun) ? runOf(lastRun) : undefined,
      resumes: typeof resumes === "number" ? resumes : 0,
    });
  }
  return memories;
}

function runOf(row: JsonObject): JobRun | undefined {
  const { task, began, ended } = row;
  if (typeof task !== "string" || typeof began !== "number") return undefined;
  return {
    task,
    began: began as Instant,
    ended: typeof ended === "number" ? (ended as Instant) : undefined,
    state: optional(row, "state"),
    error: optional(row, "error"),
  };
}

const damaged = (reason: string): Error => backupFault("bad-config", { what: "the file of backup jobs", reason });

function needed(row: JsonObject, key: string): string {
  const value = row[key];
  if (typeof value !== "string") throw damaged(`"${key}" of a job is not a text`);
  return value;
}

function optional(row: JsonObject, key: string): string | undefined {
  const value = row[key];
  return typeof value === "string" ? value : undefined;
}

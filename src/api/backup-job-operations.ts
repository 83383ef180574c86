// SPDX-License-Identifier: Apache-2.0
// Backup jobs: what is backed up to which pool, and when. Names of commands and options are those of Proxmox.

import * as z from "zod";
import { limits } from "#base/index.ts";
import type { JobListing, TapeJob } from "#backup/index.ts";
import { apiFault } from "./faults.ts";
import { managerOf } from "./handling.ts";
import { operation } from "./operation.ts";
import { Nothing, Task, time } from "./schemas.ts";

const id = z.string().describe("Id of the backup job");
const isAsked = (text: string) => z.boolean().optional().describe(text);

/** What can be changed of a job. */
const properties = {
  schedule: z.string().optional().describe("When it begins by itself: a calendar event, for example sat 18:15"),
  comment: z.string().max(256).optional().describe("One line for people"),
  ns: z.string().optional().describe("Namespace to begin with; the root when left out"),
  maxDepth: z.int().min(0).max(limits.namespaceDepth).optional().describe("Levels of namespaces below it"),
  latestOnly: isAsked("Only the latest snapshot of each group"),
  groupFilter: z.string().optional().describe("Filters of groups, separated by blanks: type:vm exclude:group:vm/100"),
  ejectMedia: isAsked("Take the cartridge out of the drive at the end"),
  exportMediaSet: isAsked("Move all cartridges of the set to mail slots at the end"),
  ifNoMedia: z
    .enum(["wait", "fail"])
    .optional()
    .describe("What a run does when the pool has no cartridge left: wait for one (when left out), or fail"),
};
/** Properties that can be taken away, as Proxmox names them. */
const removable = [
  "schedule",
  "comment",
  "ns",
  "max-depth",
  "latest-only",
  "group-filter",
  "eject-media",
  "export-media-set",
] as const;

const JobView = z.object({
  id: z.string(),
  store: z.string(),
  pool: z.string(),
  drive: z.string(),
  schedule: z.string().optional(),
  nextRun: time.optional(),
  nextMediaLabel: z.string().optional(),
  comment: z.string().optional(),
  state: z.string(),
  waitingFor: z.string().optional(),
  lastRunState: z.string().optional(),
  lastRunError: z.string().optional(),
  lastRunBegan: time.optional(),
  lastRunEnded: time.optional(),
  lastRunTask: z.string().optional(),
  ns: z.string().optional(),
  maxDepth: z.int().optional(),
  latestOnly: z.boolean(),
  groupFilter: z.string().optional(),
  ejectMedia: z.boolean(),
  exportMediaSet: z.boolean(),
  ifNoMedia: z.enum(["wait", "fail"]),
});

const orAbsent = (text: string): string | undefined => (text === "" ? undefined : text);

function viewOf(listing: JobListing) {
  const { job, lastRun, state, waitingFor, nextRun, nextMedia } = listing;
  const { name, store, pool, drive, schedule, comment, namespace, depth, isLatestOnly, filters, atEnd } = job;
  return {
    id: name,
    store,
    pool,
    drive,
    schedule,
    comment,
    state,
    waitingFor,
    nextRun,
    nextMediaLabel: nextMedia,
    lastRunState: lastRun === undefined || state !== "idle" ? undefined : (lastRun.state ?? "interrupted"),
    lastRunError: lastRun?.error,
    lastRunBegan: lastRun?.began,
    lastRunEnded: lastRun?.ended,
    lastRunTask: lastRun?.task,
    ns: orAbsent(namespace),
    maxDepth: depth,
    latestOnly: isLatestOnly,
    groupFilter: orAbsent(filters),
    ejectMedia: atEnd === "unload",
    exportMediaSet: atEnd === "export",
    ifNoMedia: job.ifNoMedia,
  };
}

type Properties = z.output<z.ZodObject<typeof properties>>;

/** `job` with the properties that were given; exporting takes precedence over taking out. */
function changed(job: TapeJob, given: Properties): TapeJob {
  const isExported = given.exportMediaSet ?? job.atEnd === "export";
  const isTakenOut = given.ejectMedia ?? job.atEnd === "unload";
  return {
    ...job,
    schedule: given.schedule ?? job.schedule,
    comment: given.comment ?? job.comment,
    namespace: given.ns ?? job.namespace,
    depth: given.maxDepth ?? job.depth,
    isLatestOnly: given.latestOnly ?? job.isLatestOnly,
    filters: given.groupFilter ?? job.filters,
    atEnd: isExported ? "export" : isTakenOut ? "unload" : "stay",
    ifNoMedia: given.ifNoMedia ?? job.ifNoMedia,
  };
}

/** `job` without the properties that are named. Fault `api.bad-input`. */
function without(job: TapeJob, names: string): TapeJob {
  const gone = new Set(names.split(/[, ]+/).filter((name) => name !== ""));
  const known: ReadonlySet<string> = new Set(removable);
  const unknown = Array.from(gone).filter((name) => !known.has(name));
  if (unknown.length > 0) {
    const problems = `delete: ${unknown.join(", ")}: it can be ${removable.join(", ")}`;
    throw apiFault("bad-input", { operation: "tape.backup-job.update", problems });
  }
  const isGone = (name: (typeof removable)[number]): boolean => gone.has(name);
  const endGone =
    (job.atEnd === "unload" && isGone("eject-media")) || (job.atEnd === "export" && isGone("export-media-set"));
  return {
    ...job,
    schedule: isGone("schedule") ? undefined : job.schedule,
    comment: isGone("comment") ? undefined : job.comment,
    namespace: isGone("ns") ? "" : job.namespace,
    depth: isGone("max-depth") ? undefined : job.depth,
    isLatestOnly: isGone("latest-only") ? false : job.isLatestOnly,
    filters: isGone("group-filter") ? "" : job.filters,
    atEnd: endGone ? "stay" : job.atEnd,
  };
}

const emptyJob: Omit<TapeJob, "name" | "store" | "pool" | "drive"> = {
  schedule: undefined,
  comment: undefined,
  namespace: "",
  depth: undefined,
  isLatestOnly: false,
  filters: "",
  atEnd: "stay",
  ifNoMedia: "wait",
};

const byId = [{ title: "By its id", input: { id: "nightly" } }];

/** Backup jobs. */
export const backupJobOperations = [
  operation({
    name: "tape.backup-job.create",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/tape/backup-jobs" },
    summary: "Set up a backup job",
    description:
      "A job with a schedule begins at the first event after it was set up. Events that come while nothing runs make one run later.",
    input: z.strictObject({
      id,
      store: z.string().describe("Name of the datastore"),
      pool: z.string().describe("Name of the media pool"),
      drive: z.string().describe("Name of the drive"),
      ...properties,
    }),
    output: JobView,
    positional: ["id"],
    examples: [
      {
        title: "Every Saturday evening",
        input: { id: "weekly", store: "store1", pool: "offsite", drive: "drive0", schedule: "sat 18:15" },
      },
    ],
    handler: async (context, { id: name, store, pool, drive, ...given }) => {
      const { jobs } = managerOf(context);
      await jobs.create(changed({ ...emptyJob, name, store, pool, drive }, given));
      return viewOf(jobs.show(name));
    },
  }),
  operation({
    name: "tape.backup-job.update",
    kind: "change",
    permission: "admin",
    route: { method: "put", path: "/tape/backup-jobs/{id}" },
    summary: "Change a backup job",
    description:
      "What is not given stays. A schedule that changes counts from now; any other change leaves the next run as it is.",
    input: z.strictObject({
      id,
      store: z.string().optional().describe("Name of the datastore"),
      pool: z.string().optional().describe("Name of the media pool"),
      drive: z.string().optional().describe("Name of the drive"),
      ...properties,
      delete: z
        .string()
        .optional()
        .describe(`Properties to take away, separated by commas: ${removable.join(", ")}`),
    }),
    output: JobView,
    positional: ["id"],
    examples: [
      { title: "Another schedule", input: { id: "weekly", schedule: "sun 02:00" } },
      { title: "No schedule any more", input: { id: "weekly", delete: "schedule" } },
    ],
    handler: async (context, input) => {
      const { jobs } = managerOf(context);
      const present = without(jobs.job(input.id), input.delete ?? "");
      const { store = present.store, pool = present.pool, drive = present.drive } = input;
      await jobs.replace(changed({ ...present, store, pool, drive }, input));
      return viewOf(jobs.show(input.id));
    },
  }),
  operation({
    name: "tape.backup-job.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/backup-jobs" },
    summary: "List the backup jobs, when they run next, and on which cartridge",
    input: z.strictObject({}),
    output: z.array(JobView),
    positional: [],
    columns: ["id", "store", "pool", "drive", "schedule", "nextRun", "nextMediaLabel", "comment"],
    examples: [{ title: "All of them", input: {} }],
    handler: (context) => managerOf(context).jobs.list().map(viewOf),
  }),
  operation({
    name: "tape.backup-job.status",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/backup-job-status" },
    summary: "List what backup jobs do now, what they wait for, and how their last runs ended",
    input: z.strictObject({}),
    output: z.array(JobView),
    positional: [],
    columns: ["id", "state", "waitingFor", "lastRunState", "lastRunEnded", "lastRunError", "nextRun", "lastRunTask"],
    examples: [{ title: "All of them", input: {} }],
    handler: (context) => managerOf(context).jobs.list().map(viewOf),
  }),
  operation({
    name: "tape.backup-job.show",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/tape/backup-jobs/{id}" },
    summary: "Show a backup job",
    input: z.strictObject({ id }),
    output: JobView,
    positional: ["id"],
    examples: byId,
    handler: (context, input) => viewOf(managerOf(context).jobs.show(input.id)),
  }),
  operation({
    name: "tape.backup-job.run",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/tape/backup-jobs/{id}/run" },
    summary: "Run a backup job now",
    input: z.strictObject({ id }),
    output: Task,
    positional: ["id"],
    examples: byId,
    handler: (context, input, caller) => managerOf(context).jobs.run(input.id, caller.name),
  }),
  operation({
    name: "tape.backup-job.remove",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/tape/backup-jobs/{id}" },
    summary: "Forget a backup job; a run that goes on goes on",
    input: z.strictObject({ id }),
    output: Nothing,
    positional: ["id"],
    examples: byId,
    handler: async (context, input) => {
      await managerOf(context).jobs.remove(input.id);
      return {};
    },
  }),
] as const;

// SPDX-License-Identifier: Apache-2.0
// What people ask of backup jobs, and the scheduler: once a minute it looks which jobs are due and starts them as tasks. What a job
// remembers of its runs outlives the process.

import {
  asError,
  bytesFromText,
  epochSeconds,
  type EpochSeconds,
  type Instant,
  instantOf,
  isFault,
  limits,
  type Log,
  milliseconds,
  type Timer,
} from "#base/index.ts";
import { pickNext, decideSet, type StateFiles } from "#media/index.ts";
import { Gate, type TaskRecord } from "#work/index.ts";
import { backupFault } from "./faults.ts";
import type { Manager } from "./manager.ts";
import { changerNameOf } from "./manager-config.ts";
import {
  checkJob,
  dueOf,
  freshMemory,
  type JobMemory,
  type JobRun,
  jobsText,
  memoriesText,
  nextRunOf,
  parseJobs,
  parseMemories,
  type TapeJob,
} from "./tape-job.ts";

/** A job as it is listed. */
export interface JobListing {
  readonly job: TapeJob;
  /** `idle`, or the state of the task that runs. */
  readonly state: string;
  readonly waitingFor: string | undefined;
  readonly lastRun: JobRun | undefined;
  readonly nextRun: Instant | undefined;
  /** Label of the cartridge that the next run will ask for first, as things are now; undefined: there is none. */
  readonly nextMedia: string | undefined;
}

/** What a desk of jobs needs. */
export interface JobDeskOptions {
  readonly state: StateFiles;
  readonly log: Log;
}

const jobsName = "tape-jobs.json";
const memoriesName = "tape-job-state.json";
const minute = 60_000;

/** Keeps jobs and starts them. */
export class JobDesk {
  readonly #manager: Manager;
  readonly #options: JobDeskOptions;
  readonly #memories: Map<string, JobMemory>;
  /** Tasks of runs that go on, by job. */
  readonly #running = new Map<string, string>();
  /** Files are written one at a time. */
  readonly #writing = new Gate();
  #jobs: readonly TapeJob[];
  #timer: Timer | undefined;
  #isStopped = false;

  private constructor(
    manager: Manager,
    options: JobDeskOptions,
    jobs: readonly TapeJob[],
    memories: Map<string, JobMemory>,
  ) {
    this.#manager = manager;
    this.#options = options;
    this.#jobs = jobs;
    this.#memories = memories;
  }

  /** Reads the jobs. Fault `backup.bad-config`. */
  static async open(manager: Manager, options: JobDeskOptions): Promise<JobDesk> {
    const text = async (name: string): Promise<string | undefined> => {
      const bytes = await options.state.read(name);
      return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
    };
    const jobs = parseJobs(await text(jobsName));
    return new JobDesk(manager, options, jobs, parseMemories(await text(memoriesName)));
  }

  get jobs(): readonly TapeJob[] {
    return this.#jobs;
  }

  /** A job by name. Fault `backup.unknown`. */
  job(name: string): TapeJob {
    const found = this.#jobs.find((job) => job.name === name);
    if (found !== undefined) return found;
    const known = this.#jobs.map((job) => job.name).join(", ");
    throw backupFault("unknown", { what: "backup job", name, known: known === "" ? "none" : known });
  }

  /** Sets up a job. Its schedule counts from now. Faults `backup.exists`, `backup.unknown`, and those of `checkJob`. */
  async create(job: TapeJob): Promise<void> {
    this.#check(job);
    if (this.#jobs.some(({ name }) => name === job.name)) {
      throw backupFault("exists", { what: "backup job", name: job.name });
    }
    this.#memories.set(job.name, freshMemory(this.#manager.clock.now()));
    await this.#saveMemories();
    await this.#saveJobs([...this.#jobs, job]);
  }

  /** Replaces a job of the same name. A schedule that changed counts from now; the last run stays known. */
  async replace(job: TapeJob): Promise<void> {
    const present = this.job(job.name);
    this.#check(job);
    if (present.schedule !== job.schedule) {
      this.#memories.set(job.name, freshMemory(this.#manager.clock.now(), this.#memory(job.name).lastRun));
      await this.#saveMemories();
    }
    await this.#saveJobs(this.#jobs.map((other) => (other.name === job.name ? job : other)));
  }

  /** Forgets a job. A run that goes on goes on. Fault `backup.unknown`. */
  async remove(name: string): Promise<void> {
    this.job(name);
    await this.#saveJobs(this.#jobs.filter((job) => job.name !== name));
    this.#memories.delete(name);
    await this.#saveMemories();
  }

  /** Runs a job now. Faults `backup.unknown`, `backup.job-runs`. */
  run(name: string, who: string): Promise<TaskRecord> {
    return this.#start(this.job(name), who, 0);
  }

  list(): readonly JobListing[] {
    return this.#jobs.map((job) => this.show(job.name));
  }

  /** One job with what became of it. Fault `backup.unknown`. */
  show(name: string): JobListing {
    const job = this.job(name);
    const memory = this.#memory(name);
    const task = this.#task(name);
    const nextRun = nextRunOf(job, memory, this.#manager.librarian.zone);
    return {
      job,
      state: task?.state ?? "idle",
      waitingFor: task?.waitingFor,
      lastRun: memory.lastRun,
      nextRun: nextRun === undefined ? undefined : instantOf(nextRun),
      nextMedia: this.#nextMedia(job, nextRun),
    };
  }

  /** Begins to look which jobs are due: at once, and with every minute. */
  begin(): void {
    if (this.#isStopped) return;
    // One time for both: read twice, an event could lie between what was looked at and the next look.
    const now = this.#manager.clock.now();
    void this.#look(epochSeconds(now));
    const rest = minute - (now % minute);
    this.#timer = this.#manager.clock.setTimer(milliseconds(rest), () => this.begin());
  }

  /** Starts nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #look(now: EpochSeconds): Promise<void> {
    const { librarian } = this.#manager;
    for (const job of this.#jobs) {
      const memory = this.#memory(job.name);
      // A clock that was set back must not keep jobs waiting until it is there again.
      if (memory.reference > now) await this.#remember(job.name, { ...memory, reference: now });
      if (this.#running.has(job.name)) continue;
      const due = dueOf(job, memory, now, librarian.zone);
      if (due === "not-due") continue;
      try {
        await this.#start(job, "schedule", due === "resume" ? memory.resumes + 1 : 0);
      } catch (error) {
        this.#options.log.warn("a backup job does not start", { job: job.name, reason: asError(error).message });
      }
    }
  }

  async #start(job: TapeJob, who: string, resumes: number): Promise<TaskRecord> {
    const { name } = job;
    const runs = this.#running.get(name);
    if (runs !== undefined) throw backupFault("job-runs", { name, task: runs });
    const { clock, tasks } = this.#manager;
    // Whatever is wrong with what the job names is said by the task, where people look for it.
    const task = this.#manager.start({ operation: "tape.backup-job", subject: name, who }, (context) =>
      this.#manager.tapes.runBackup({ ...job, isForced: false, job: name }, context),
    );
    this.#running.set(name, task.id);
    const began = clock.now();
    const run: JobRun = { task: task.id, began, ended: undefined, state: undefined, error: undefined };
    const memory: JobMemory = { reference: epochSeconds(began), lastRun: run, resumes };
    void tasks.ended(task.id).then(async ({ state, error, endedAt }) => {
      this.#running.delete(name);
      const ended = { ...run, ended: endedAt, state, error: error?.text };
      if (this.#jobs.some((kept) => kept.name === name)) {
        await this.#remember(name, { ...this.#memory(name), lastRun: ended });
      }
    });
    await this.#remember(name, memory);
    return tasks.get(task.id);
  }

  /** What the next run will write on first, as the inventory is now. */
  #nextMedia(job: TapeJob, nextRun: EpochSeconds | undefined): string | undefined {
    const { librarian, config, clock } = this.#manager;
    try {
      const drive = this.#manager.drive(job.drive);
      const changer = changerNameOf(config, drive);
      const now = nextRun ?? epochSeconds(clock.now());
      const view = { ...librarian.view(this.#manager.pool(job.pool), changer), now, lockedSets: new Set<never>() };
      const decision = decideSet(view, { isForced: false });
      const pick = pickNext(view, decision.kind === "continue" ? decision.set : undefined);
      return "reason" in pick ? undefined : pick.record.label.labelText;
    } catch (error) {
      // A drive or a pool that is gone has no next cartridge; the run itself says so.
      if (!isFault(error)) throw error;
      return undefined;
    }
  }

  #check(job: TapeJob): void {
    checkJob(job);
    this.#manager.store(job.store);
    this.#manager.pool(job.pool);
    this.#manager.drive(job.drive);
  }

  #task(name: string): TaskRecord | undefined {
    const id = this.#running.get(name);
    return id === undefined ? undefined : this.#manager.tasks.get(id);
  }

  #memory(name: string): JobMemory {
    const known = this.#memories.get(name);
    if (known !== undefined) return known;
    const fresh = freshMemory(this.#manager.clock.now());
    this.#memories.set(name, fresh);
    return fresh;
  }

  /** A state that cannot be written is told of; the job goes on. */
  async #remember(name: string, memory: JobMemory): Promise<void> {
    this.#memories.set(name, memory);
    try {
      await this.#saveMemories();
    } catch (error) {
      this.#options.log.warn("the state of a backup job cannot be kept", {
        job: name,
        reason: asError(error).message,
      });
    }
  }

  #saveMemories(): Promise<void> {
    return this.#writing.run(() =>
      this.#options.state.write(memoriesName, bytesFromText(memoriesText(this.#memories))),
    );
  }

  async #saveJobs(jobs: readonly TapeJob[]): Promise<void> {
    if (jobs.length > limits.backupJobs) {
      throw backupFault("bad-config", { what: "the job", reason: `there are ${limits.backupJobs} jobs already` });
    }
    await this.#writing.run(() => this.#options.state.write(jobsName, bytesFromText(jobsText(jobs))));
    this.#jobs = jobs;
  }
}

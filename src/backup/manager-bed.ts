// SPDX-License-Identifier: Apache-2.0
// For tests: a whole manager on a simulated machine, with a clock that stands still. Its process can be ended and started again.

import { type Duration, type EpochSeconds, type Instant, silentLog } from "#base/index.ts";
import { archiveTree, Datastore, SnapshotWriter } from "#datastore/index.ts";
import { utcZone } from "#media/index.ts";
import { SeededRandom, SimClock, SimFiles, SimStateFiles, SimStation, SimTree } from "#sim/index.ts";
import type { Notice } from "#notify/index.ts";
import { type TaskRecord, TaskRegistry } from "#work/index.ts";
import { Manager } from "./manager.ts";
import type { TapeJob } from "./tape-job.ts";

/** Midnight of a Thursday, in UTC. */
export const bedStart = 1_767_225_600_000 as Instant;

/** A manager with a datastore `store1`, a pool `p1` and a drive `drive0` in the library `lib`. */
export class ManagerBed {
  readonly clock = new SimClock({ start: bedStart });
  readonly random = new SeededRandom(7);
  readonly state = new SimStateFiles();
  readonly station = new SimStation();
  readonly records = new Map<string, TaskRecord>();
  /** What people were told. */
  readonly notices: Notice[] = [];
  readonly #folders = new Map<string, SimFiles>();
  tasks: TaskRegistry;
  manager: Manager | undefined;

  private constructor() {
    this.tasks = this.#registry();
  }

  static async make(): Promise<ManagerBed> {
    const bed = new ManagerBed();
    const manager = await bed.open();
    await manager.addStore({ name: "store1", path: "/store1" });
    await manager.addPool({
      name: "p1",
      allocation: "continue",
      retention: "keep",
      encryption: undefined,
      template: "%c",
    });
    await manager.addDrive({ kind: "folder", name: "lib", path: "/drive", sizeBytes: undefined });
    return bed;
  }

  /** Opens the manager, as at the start of a process. */
  async open(): Promise<Manager> {
    const { state, tasks, clock, random, station } = this;
    this.manager = await Manager.open({
      state,
      tasks,
      clock,
      random,
      zone: utcZone,
      notify: (notice) => void this.notices.push(notice),
      ports: {
        files: (path) => this.files(path),
        tree: () => new SimTree(),
        openStation: () => Promise.resolve({ station, close: () => Promise.resolve() }),
      },
    });
    return this.manager;
  }

  /** The process is killed and started again: tasks that ran are interrupted, and nobody could note that. */
  async restart(): Promise<Manager> {
    this.manager?.jobs.stop();
    this.tasks = this.#registry();
    return this.open();
  }

  files(path: string): SimFiles {
    const present = this.#folders.get(path) ?? new SimFiles(this.clock);
    this.#folders.set(path, present);
    return present;
  }

  /** Labels for pool `p1`. */
  async addCartridges(...labels: readonly string[]): Promise<void> {
    for (const label of labels) this.station.add(label);
    const task = this.manager?.tapes.labelByBarcode({ pool: "p1", drive: undefined }, "test");
    await this.tasks.ended(task?.id ?? "");
  }

  async addSnapshot(time: number): Promise<void> {
    const { clock, random } = this;
    const store = new Datastore("store1", this.files("/store1"));
    const place = { namespace: [], snapshot: { type: "host" as const, id: "demo", time: time as EpochSeconds } };
    const tree = new SimTree();
    tree.addFile("file", random.bytes(1000));
    const writer = await SnapshotWriter.begin({ store, place, owner: "root@pam", clock, random });
    await archiveTree(writer, tree, { file: () => {}, warn: () => {}, check: () => {} });
    await writer.finish();
  }

  job(rest: Partial<TapeJob> = {}): TapeJob {
    return {
      name: "nightly",
      store: "store1",
      pool: "p1",
      drive: "lib",
      schedule: "daily",
      comment: undefined,
      namespace: "",
      depth: undefined,
      isLatestOnly: false,
      filters: "",
      atEnd: "stay",
      ifNoMedia: "wait",
      ...rest,
    };
  }

  /** Runs of a job, newest first. */
  runs(name = "nightly"): readonly TaskRecord[] {
    return this.tasks.list({ operation: "tape.backup-job", subject: name });
  }

  /** Time passes; then all runs that do not wait come to their end. */
  async pass(span: Duration): Promise<void> {
    await this.clock.advance(span);
    for (const { id, state } of this.tasks.list()) if (state === "running") await this.tasks.ended(id);
  }

  #registry(): TaskRegistry {
    const keeper = {
      save: (record: TaskRecord) => Promise.resolve(void this.records.set(record.id, record)),
      forget: (id: string) => Promise.resolve(void this.records.delete(id)),
    };
    const { clock, random } = this;
    const earlier = [...this.records.values()];
    return new TaskRegistry({ clock, random, log: silentLog, keeper, earlier });
  }
}

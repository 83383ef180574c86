// SPDX-License-Identifier: Apache-2.0
// The jobs that people start on simulated managers, and what the book says about how each of them ends.

import { asError, isFault } from "#base/index.ts";
import { type Datastore, parseSnapshotPath, readWhole, snapshotPath, verifySnapshot } from "#datastore/index.ts";
import { limits } from "#base/index.ts";
import type { TaskId, TaskRecord } from "#work/index.ts";
import { expect } from "./check-failure.ts";
import type { SnapshotTruth } from "./manager-book.ts";
import type { LivingManager, ManagerWorld } from "./manager-world.ts";

/** What may end a job while drives fail and cartridges are away. Anything else is a bug, or data that is lost. */
const expectedFailures = [/^driver\./, /^media\.no-media$/, /^backup\.drive-alerts$/, /^work\.(?:canceled|stopping)$/];

interface Job {
  readonly what: string;
  readonly ended: (record: TaskRecord) => Promise<void> | void;
}

/** The jobs of one manager. */
export class ManagerJobs {
  readonly #world: ManagerWorld;
  readonly #living: LivingManager;
  readonly #jobs = new Map<TaskId, Job>();
  /** Resolves with the first check that failed. */
  readonly broken: Promise<Error>;
  #break: (error: Error) => void = () => {};
  /** From now on a job that fails is a failure of the run. */
  isCalm = false;

  constructor(world: ManagerWorld, living: LivingManager) {
    this.#world = world;
    this.#living = living;
    this.broken = new Promise((resolve) => {
      this.#break = resolve;
    });
  }

  get count(): number {
    return this.#jobs.size;
  }

  get ids(): readonly TaskId[] {
    return [...this.#jobs.keys()];
  }

  /** What jobs wait for. */
  get waiting(): readonly string[] {
    return this.ids.map((id) => {
      const { state, waitingFor } = this.#living.tasks.get(id);
      return `${this.#jobs.get(id)?.what} is ${state}: ${waitingFor ?? ""}`;
    });
  }

  /** Waits for all jobs that run. */
  async all(): Promise<void> {
    while (this.#jobs.size > 0) await Promise.all(this.ids.map((id) => this.#settled(id)));
  }

  /** Backs up a datastore; what it holds is on the set when the job ends well. */
  backup(request: {
    readonly store: string;
    readonly pool: string;
    readonly drive: string;
    readonly atEnd: "stay" | "unload" | "export";
    readonly isForced: boolean;
  }): void {
    const { store, pool, drive } = request;
    const { manager } = this.#living;
    const there = [...this.#world.book.snapshots.keys()].filter((name) => name.startsWith(`${store}:`));
    const record = manager.tapes.backup(
      { ...request, namespace: "", depth: 0, isLatestOnly: false, filters: "" },
      "operator",
    );
    this.#watch(record, `backup of ${store} to ${pool} on ${drive}`, ({ result }) => {
      const set = textIn(result, "mediaSet");
      this.#world.book.promise(set, there);
      expect(this.#world.book.poolOf(set) === pool || there.length === 0, `the set ${set} is one of ${pool}`);
    });
  }

  /** Restores a set, or snapshots of it, and compares them. */
  restore(set: string, drive: string, snapshots: readonly string[] = []): void {
    const { book } = this.#world;
    const { manager } = this.#living;
    const promised = [...(book.promised.get(set) ?? [])];
    const target = `back${this.#world.nextTarget()}`;
    const what = `restore of ${snapshots.length === 0 ? "the set" : `${snapshots.length} snapshots of the set`} ${set} on ${drive}`;
    void manager.addStore({ name: target, path: `/${target}` }).then(() => {
      if (!this.#living.life.isAlive) return;
      // Stores of one name each: snapshots of two stores may have the same path.
      const record = manager.tapes.restore(
        { mediaSet: set, store: target, snapshots: snapshots.join(" "), drive, owner: undefined },
        "operator",
      );
      book.reads(set, 1);
      this.#watch(
        record,
        what,
        async () => {
          const wanted = snapshots.length === 0 ? promised : snapshots;
          for (const name of wanted) await this.#compare(this.#world.store(target), name);
        },
        () => book.reads(set, -1),
      );
    });
  }

  /** Labels what has no label. */
  label(pool: string | undefined, drive: string): void {
    const record = this.#living.manager.tapes.labelByBarcode({ pool, drive }, "operator");
    this.#watch(record, `labels for ${pool ?? "any pool"} on ${drive}`, () => {});
  }

  /** Reads the labels of the library. */
  inventory(drive: string, catalogs: boolean): void {
    const record = this.#living.manager.tapes.inventory({ drive, catalogs }, "operator");
    this.#watch(record, `inventory on ${drive}`, () => {});
  }

  restoreKey(labelText: string, drive: string, passphrase: string): void {
    const record = this.#living.manager.tapes.restoreKey({ labelText, drive, passphrase }, "operator");
    this.#watch(record, `restores the key from ${labelText}`, () => {});
  }

  #watch(record: TaskRecord, what: string, done: Job["ended"], always: () => void = () => {}): void {
    const { trace } = this.#world;
    this.#jobs.set(record.id, { what, ended: done });
    trace.event("operator", `starts ${what}`);
    void this.#living.tasks.ended(record.id).then(async (ended) => {
      try {
        for (const { text } of ended.lines) trace.event("manager", `  ${text}`);
        trace.event("manager", `${what}: ${ended.state} ${ended.error?.text ?? ""}`);
        always();
        this.#judge(what, ended);
        if (ended.state === "done") await done(ended);
      } catch (error) {
        this.#break(asError(error));
      } finally {
        this.#jobs.delete(record.id);
      }
    });
  }

  #judge(what: string, { state, error, lines }: TaskRecord): void {
    if (state === "done") return;
    const isExpected = !this.isCalm && expectedFailures.some((pattern) => pattern.test(error?.code ?? ""));
    const story = lines.slice(-8).map(({ text }) => text);
    expect(isExpected, `${what} ended as ${state}: ${error?.code}: ${error?.text}; ${story.join(" | ")}`);
  }

  /** Resolves when a job, and what is checked behind it, is over. */
  async #settled(id: TaskId): Promise<void> {
    await this.#living.tasks.ended(id);
    while (this.#jobs.has(id)) await this.#world.turn();
  }

  async #compare(target: Datastore, name: string): Promise<void> {
    const truth = this.#world.book.snapshots.get(name);
    expect(truth !== undefined, `the book knows ${name}`);
    await compareSnapshot(target, truth);
  }
}

/** The snapshot is in the datastore, byte by byte, with all of its chunks. */
async function compareSnapshot(target: Datastore, truth: SnapshotTruth): Promise<void> {
  const { place, path, store, files } = truth;
  expect(parseSnapshotPath(path) !== undefined, `${path} is the path of a snapshot`);
  const problems = await verifySnapshot(target, place, { good: new Set(), check: () => {} });
  expect(problems.length === 0, `${store}:${path} came back with ${problems.join(", ")}`);
  for (const [file, bytes] of files) {
    const back = await readOrNothing(target, `${snapshotPath(place.namespace, place.snapshot)}/${file}`);
    expect(Buffer.compare(back, bytes) === 0, `${file} of ${store}:${path} came back as it was`);
  }
}

async function readOrNothing(store: Datastore, path: string): Promise<Uint8Array> {
  try {
    return await readWhole(store.files, path, limits.dataBlob);
  } catch (error) {
    if (isFault(error, "datastore.file-missing")) return new Uint8Array(0);
    throw error;
  }
}

function textIn(result: TaskRecord["result"], key: string): string {
  const value =
    typeof result === "object" && result !== null
      ? Object.entries(result).find(([name]) => name === key)?.[1]
      : undefined;
  expect(typeof value === "string", `a job tells its ${key}`);
  return value;
}

// SPDX-License-Identifier: Apache-2.0
// The world of simulated managers: what outlives them (state, records of tasks, datastores, the library), and the one that
// lives now, started, killed and started again.

import { bytesFromText, type EpochSeconds, milliseconds, seconds, silentLog, sleep } from "#base/index.ts";
import { Manager, type OpenStation } from "#backup/index.ts";
import { LibraryStation } from "#backup/index.ts";
import { Datastore, type SnapshotPlace, SnapshotWriter } from "#datastore/index.ts";
import { type KeyConfig, protectKey } from "#keys/index.ts";
import { type StateFiles, utcZone } from "#media/index.ts";
import { type TaskId, type TaskRecord, TaskRegistry } from "#work/index.ts";
import { SimClock, type ProcessClock } from "./clock.ts";
import { Lifetime, mortalFiles, mortalState } from "./lifetime.ts";
import { ManagerBook } from "./manager-book.ts";
import { ManagerLibrary } from "./manager-library.ts";
import { drawManagerScenario, type ManagerScenario } from "./manager-scenario.ts";
import { SeededRandom } from "./random.ts";
import { SimStateFiles } from "./state-files.ts";
import { SimFiles, SimTree } from "./store-files.ts";
import type { TapeObserver } from "./tape-cartridge.ts";
import { Trace } from "./trace.ts";

/** A manager that is broken on purpose. */
export interface ManagerCanary {
  readonly title: string;
  /** Changes how it sees its drives. */
  readonly station?: (opened: OpenStation) => OpenStation;
  /** Retention of all pools as it is set up, whatever was asked for. */
  readonly retention?: string;
}

/** How a run is made. */
export interface ManagerWorldOptions {
  readonly canary?: ManagerCanary;
  readonly onEvent?: (line: string) => void;
}

/** Passphrase of the only key. */
export const passphrase = "a simulated passphrase";

let protectedKey: { readonly key: Uint8Array; readonly config: KeyConfig } | undefined;

/** The key of all encrypted pools; protecting one takes long, so all runs share it. */
export function simulatedKey(): { readonly key: Uint8Array; readonly config: KeyConfig } {
  if (protectedKey !== undefined) return protectedKey;
  const random = new SeededRandom("the key of simulated managers");
  const key = random.bytes(32);
  const created = "2026-01-01T00:00:00+00:00";
  const config = protectKey(key, {
    passphrase,
    kind: "pbkdf2",
    random,
    created,
    modified: created,
    hint: "simulated",
  });
  protectedKey = { key, config };
  return protectedKey;
}

/** A manager that lives. */
export interface LivingManager {
  readonly manager: Manager;
  readonly tasks: TaskRegistry;
  readonly life: Lifetime;
  readonly clock: ProcessClock;
}

/** The world of one run. */
export class ManagerWorld {
  readonly clock = new SimClock();
  readonly random: SeededRandom;
  readonly scenario: ManagerScenario;
  readonly book: ManagerBook;
  readonly library: ManagerLibrary;
  readonly trace: Trace;
  readonly canary: ManagerCanary | undefined;
  readonly records = new Map<TaskId, TaskRecord>();
  #state = new SimStateFiles();
  readonly #files = new Map<string, SimFiles>();
  #starts = 0;
  #snapshots = 0;
  #targets = 0;

  constructor(seed: number, options: ManagerWorldOptions) {
    this.random = new SeededRandom(seed).fork("manager");
    this.scenario = drawManagerScenario(this.random.fork("scenario"));
    this.canary = options.canary;
    this.trace = new Trace(() => this.clock.monotonic(), options.onEvent);
    this.book = new ManagerBook(this.clock, this.scenario.pools);
    const observer: TapeObserver = this.book;
    const { drives, cartridges, mailSlots } = this.scenario;
    this.library = new ManagerLibrary({
      clock: this.clock,
      random: this.random.fork("library"),
      observer,
      drives,
      slots: cartridges + 20,
      mailSlots,
    });
  }

  /** What is on the disk of a datastore. */
  files(path: string): SimFiles {
    const present = this.#files.get(path);
    if (present !== undefined) return present;
    const made = new SimFiles(this.clock);
    this.#files.set(path, made);
    return made;
  }

  /** A datastore, as its server sees it. */
  store(name: string): Datastore {
    return new Datastore(name, this.files(`/${name}`));
  }

  /** Nothing is left of the manager but tapes. */
  loseMachine(): void {
    this.#state = new SimStateFiles();
    this.records.clear();
  }

  /** Starts a manager that lives for so many steps. Undefined when it died before it was there. */
  async boot(steps: number): Promise<LivingManager | undefined> {
    this.#starts += 1;
    const random = this.random.fork(`start ${this.#starts}`);
    const life = new Lifetime(random.fork("life"), steps);
    const clock = this.clock.process();
    void life.died.then(() => clock.kill());
    const tasks = new TaskRegistry({
      clock,
      random: random.fork("tasks"),
      log: silentLog,
      keeper: {
        save: (record) => life.step("save task", () => this.#keep(record)),
        forget: () => Promise.resolve(),
      },
      earlier: [...this.records.values()],
    });
    const opening = Manager.open({
      state: this.#watched(mortalState(this.#state, life, random.fork("torn"))),
      tasks,
      clock,
      random: random.fork("manager"),
      zone: utcZone,
      commitAfterBytes: this.scenario.commitAfterBytes,
      ports: {
        files: (path) => mortalFiles(this.files(path), life),
        tree: () => new SimTree(),
        openStation: async (drive, changer, robot) => {
          const number = Number(drive.name.slice("drive".length));
          const station = new LibraryStation({
            name: drive.name,
            changer: this.library.changer(changer ?? drive.name, life),
            driveNumber: number,
            robot,
            clock,
            openDrive: () => this.library.openDrive(number, life),
          });
          const opened = { station, close: () => Promise.resolve() };
          return this.canary?.station?.(opened) ?? opened;
        },
      },
    });
    const manager = await Promise.race([opening, life.died.then(() => undefined)]);
    if (manager === undefined) return undefined;
    return { manager, tasks, life, clock };
  }

  /** A client makes a snapshot of bytes that nobody has seen before, or of some that are there. */
  async makeSnapshot(name: string): Promise<SnapshotPlace> {
    const { snapshotMax, chunkMax } = this.scenario;
    this.#snapshots += 1;
    const random = this.random.fork(`snapshot ${this.#snapshots}`);
    const store = this.store(name);
    const time = (1_700_000_000 + this.#snapshots) as EpochSeconds;
    const id = random.pick(["a", "b"]);
    const place: SnapshotPlace = { namespace: [], snapshot: { type: "host", id, time } };
    const writer = await SnapshotWriter.begin({ store, place, owner: "root@pam", clock: this.clock, random });
    const average = 2 ** Math.floor(Math.log2(chunkMax / 2));
    const archive = await writer.dynamicFile("root.pxar.didx", { min: 1000, average, max: chunkMax });
    // Some content comes again in every snapshot of a group.
    await archive.sink(this.random.fork(`content ${id}`).bytes(random.between(0, 60_000)));
    await archive.sink(random.bytes(random.between(1, snapshotMax)));
    await archive.finish();
    await writer.blob("notes.blob", bytesFromText(`snapshot ${this.#snapshots}`));
    await writer.finish();
    const truth = await this.book.finished(store, place);
    this.trace.event("client", `makes ${name}:${truth.path} with ${truth.chunks.size} chunks`);
    return place;
  }

  /** A number for a datastore that is restored into. */
  nextTarget(): number {
    this.#targets += 1;
    return this.#targets;
  }

  /** Lets others have their turn, in no time. */
  turn(): Promise<void> {
    return sleep(this.clock, seconds(0));
  }

  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) await this.turn();
  }

  /** Lets some time pass. */
  async pass(): Promise<void> {
    await sleep(this.clock, (this.random.fraction() * this.scenario.pause) as ReturnType<typeof seconds>);
  }

  #keep(record: TaskRecord): Promise<void> {
    this.records.set(record.id, record);
    return Promise.resolve();
  }

  /** State whose changes take time, in which others have their turn, and of which the book knows. */
  #watched(state: StateFiles): StateFiles {
    const random = this.random.fork(`pauses ${this.#starts}`);
    return {
      ...state,
      write: async (name, content) => {
        if (random.chance(this.scenario.pauses)) await sleep(this.clock, milliseconds(random.between(1, 500)));
        if (name === "inventory.json") this.book.inventoryWritten(Buffer.from(content).toString("utf8"));
        return state.write(name, content);
      },
    };
  }
}

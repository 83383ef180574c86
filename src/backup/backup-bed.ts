// SPDX-License-Identifier: Apache-2.0
// For tests of jobs: a simulated station with labelled cartridges, a librarian, and datastores with snapshots.

import { bytesFromText, type EpochSeconds, limits } from "#base/index.ts";
import { archiveTree, Datastore, type SnapshotPlace, SnapshotWriter } from "#datastore/index.ts";
import { KeyRing } from "#keys/index.ts";
import { Librarian, type MediaPool, parseAllocation, parseRetention, utcZone } from "#media/index.ts";
import { SeededRandom, SimClock, SimFiles, SimStateFiles, SimStation, SimTree } from "#sim/index.ts";
import { noTask, type TaskContext } from "#work/index.ts";
import type { BackupOptions } from "./backup-job.ts";
import { labelByBarcode, type LabelOptions } from "./label-job.ts";
import type { RestoreOptions } from "./restore-job.ts";
import { parseStoreMap } from "./store-map.ts";

/** Everything a job needs, simulated. */
export class BackupBed {
  readonly clock = new SimClock();
  readonly random: SeededRandom;
  readonly station = new SimStation();
  readonly state = new SimStateFiles();
  readonly stores = new Map<string, Datastore>();
  readonly lines: string[] = [];
  keys = new KeyRing();
  librarian: Librarian;

  private constructor(random: SeededRandom, librarian: Librarian, state: SimStateFiles, clock: SimClock) {
    this.random = random;
    this.librarian = librarian;
    this.state = state;
    this.clock = clock;
  }

  static async make(seed = 1): Promise<BackupBed> {
    const random = new SeededRandom(seed);
    const files = new SimStateFiles();
    const clock = new SimClock();
    const librarian = await Librarian.open({ files, clock, random, zone: utcZone });
    return new BackupBed(random, librarian, files, clock);
  }

  /** As after a crash of the manager: only files remain. */
  async restart(): Promise<void> {
    const { state: files, clock, random } = this;
    this.librarian = await Librarian.open({ files, clock, random, zone: utcZone });
  }

  /** As after the loss of the manager: nothing remains but tapes. */
  async forgetEverything(): Promise<void> {
    this.state.files.clear();
    await this.restart();
  }

  get context(): TaskContext {
    const note = (text: string): void => void this.lines.push(text);
    return { ...noTask(), log: note, warn: note };
  }

  store(name: string): Datastore {
    const present = this.stores.get(name);
    if (present !== undefined) return present;
    const made = new Datastore(name, new SimFiles(this.clock));
    this.stores.set(name, made);
    return made;
  }

  /** A snapshot of random files. */
  async addSnapshot(store: string, time: number, sizes: readonly number[], id = "demo"): Promise<SnapshotPlace> {
    const place: SnapshotPlace = { namespace: [], snapshot: { type: "host", id, time: time as EpochSeconds } };
    const tree = new SimTree();
    for (const [index, size] of sizes.entries()) tree.addFile(`file${index}`, this.random.bytes(size));
    const { clock, random } = this;
    const writer = await SnapshotWriter.begin({ store: this.store(store), place, owner: "root@pam", clock, random });
    await archiveTree(writer, tree, { file: () => {}, warn: () => {}, check: () => {} });
    await writer.blob("notes.blob", bytesFromText(`note ${time}`));
    await writer.finish();
    return place;
  }

  get labelOptions(): LabelOptions {
    const { librarian, keys, station, clock, random, context } = this;
    return { librarian, keys, station, clock, random, context };
  }

  /** Puts cartridges on the shelf and labels them for pool `p1`. */
  async addCartridges(labels: readonly string[], blocksBeforeWarning?: number, blocksOfReserve = 6): Promise<void> {
    for (const label of labels) {
      this.station.add(label, blocksBeforeWarning === undefined ? {} : { blocksBeforeWarning, blocksOfReserve });
    }
    await labelByBarcode(this.labelOptions, "p1");
  }

  pool(rest: Partial<MediaPool> = {}): MediaPool {
    return {
      name: "p1",
      allocation: parseAllocation("continue"),
      retention: parseRetention("keep"),
      encryption: undefined,
      template: "%c",
      ...rest,
    };
  }

  backupOptions(rest: Partial<BackupOptions> = {}): BackupOptions {
    return {
      ...this.labelOptions,
      pool: this.pool(),
      isForced: false,
      commitAfterBytes: limits.commitAfter,
      store: this.store("store1"),
      namespace: [],
      depth: 7,
      isLatestOnly: false,
      filters: [],
      atEnd: "stay",
      changers: ["lib"],
      ...rest,
    };
  }

  restoreOptions(stores: string, rest: Partial<RestoreOptions> = {}): RestoreOptions {
    const set = this.librarian.inventory.currentSet("p1");
    if (set === undefined) throw new RangeError("there is no set to restore");
    return {
      ...this.labelOptions,
      set: set.uuid,
      stores: parseStoreMap(stores),
      openStore: (name) => this.store(name),
      owner: "root@pam",
      ...rest,
    };
  }
}

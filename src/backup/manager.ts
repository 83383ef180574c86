// SPDX-License-Identifier: Apache-2.0
// The manager assembled: what it is set up with, its librarian and its keys, and its jobs as tasks. Stations and folders come
// through ports. This file wires; the jobs are elsewhere.

import { bytesFromText, type Clock, defined, limits, type Log, type Random, silentLog } from "#base/index.ts";
import type { ScsiUnit, TapeChanger } from "#driver/index.ts";
import { Datastore, type Files, type SourceTree, type TargetTree } from "#datastore/index.ts";
import { fingerprintOf, type KeyConfig, KeyRing, parseFingerprint, protectKey } from "#keys/index.ts";
import { Librarian, type MediaPool, type StateFiles, type Zone } from "#media/index.ts";
import type { Notify } from "#notify/index.ts";
import { Gate, type JsonValue, type TaskContext, type TaskRecord, type TaskRegistry } from "#work/index.ts";
import { CareDesk } from "./care-desk.ts";
import { backupFault } from "./faults.ts";
import { DeviceDesk } from "./device-desk.ts";
import { type ImportOutcome, importProxmox } from "./import-desk.ts";
import { JobDesk } from "./job-desk.ts";
import { KeyDesk, keyTime } from "./key-desk.ts";
import type { LabelOptions } from "./label-job.ts";
import {
  changerNameOf,
  checkDrive,
  checkName,
  configText,
  type DriveConfig,
  type ManagerConfig,
  mediaPoolOf,
  parseConfig,
  type PoolConfig,
  type StoreConfig,
} from "./manager-config.ts";
import { SharedStation } from "./shared-station.ts";
import type { TapeStation } from "./station.ts";
import { StoreDesk } from "./store-desk.ts";
import { TapeDesk } from "./tape-desk.ts";

/** A station that is open. */
export interface OpenStation {
  readonly station: TapeStation;
  /** The drive as a unit, for what goes beyond reading and writing; undefined where there is no such thing. */
  readonly unit?: ScsiUnit;
  /** The changer, with the place of the drive in it. */
  readonly place?: { readonly changer: TapeChanger; readonly driveNumber: number; readonly robot: Gate };
  close(): Promise<void>;
}

/** What comes from outside. */
export interface ManagerPorts {
  /** The files below a folder of this machine. */
  files(path: string): Files;
  tree(path: string): SourceTree & TargetTree;
  /**
   * `changer`: the name by which the inventory knows its changer; undefined: the drive stands alone. `robot`: the same for all
   * drives of a changer.
   */
  openStation(drive: DriveConfig, changer: string | undefined, robot: Gate): Promise<OpenStation>;
}

/** What a manager needs. */
export interface ManagerOptions {
  readonly state: StateFiles;
  readonly ports: ManagerPorts;
  readonly tasks: TaskRegistry;
  readonly clock: Clock;
  readonly random: Random;
  readonly zone: Zone;
  readonly log?: Log;
  /** Tells people who are not looking. */
  readonly notify?: Notify;
  /** Bytes after which a backup commits; `limits.commitAfter` when left out. */
  readonly commitAfterBytes?: number;
}

const configName = "manager.json";
const keysName = "tape-encryption-keys.json";
const keyConfigsName = "tape-encryption-key-config.json";

/** One manager. */
export class Manager {
  readonly ports: ManagerPorts;
  readonly clock: Clock;
  readonly random: Random;
  readonly librarian: Librarian;
  /** What people ask of datastores, and of tapes. */
  readonly stores: StoreDesk;
  readonly tapes: TapeDesk;
  readonly care: CareDesk;
  readonly devices: DeviceDesk;
  readonly keyDesk: KeyDesk;
  readonly tasks: TaskRegistry;
  readonly #options: ManagerOptions;
  /** One job at a time on a drive, and on a pool. */
  readonly #driveGates = new Map<string, Gate>();
  readonly #poolGates = new Map<string, Gate>();
  /** Of changers: one cartridge is moved at a time. */
  readonly #robots = new Map<string, Gate>();
  /** Changes of what is kept are made one after the other: each begins with what the one before has left. */
  readonly #changes = new Gate();
  #jobs: JobDesk | undefined;
  #config: ManagerConfig;
  #keys: KeyRing;

  private constructor(options: ManagerOptions, librarian: Librarian, config: ManagerConfig, keys: KeyRing) {
    this.#options = options;
    this.ports = options.ports;
    this.tasks = options.tasks;
    this.clock = options.clock;
    this.random = options.random;
    this.librarian = librarian;
    this.#config = config;
    this.#keys = keys;
    this.stores = new StoreDesk(this);
    this.tapes = new TapeDesk(this);
    this.care = new CareDesk(this);
    this.devices = new DeviceDesk(this);
    this.keyDesk = new KeyDesk(this);
  }

  /** Reads the state. Faults `backup.bad-config`, `keys.bad-key`, `media.damaged`. */
  static async open(options: ManagerOptions): Promise<Manager> {
    const { state, clock, random, zone } = options;
    const text = async (name: string): Promise<string | undefined> => {
      const bytes = await state.read(name);
      return bytes === undefined ? undefined : Buffer.from(bytes).toString("utf8");
    };
    const config = parseConfig(await text(configName));
    const keys = KeyRing.parse({ keys: await text(keysName), configs: await text(keyConfigsName) });
    const librarian = await Librarian.open({ files: state, clock, random, zone });
    const manager = new Manager(options, librarian, config, keys);
    manager.#jobs = await JobDesk.open(manager, { state, log: options.log ?? silentLog });
    return manager;
  }

  /** Backup jobs, which begin by themselves once `begin` was called. */
  get jobs(): JobDesk {
    return defined(this.#jobs, "an open manager has its jobs");
  }

  /** Tells people who are not looking. */
  get notify(): Notify {
    return this.#options.notify ?? (() => {});
  }

  get commitAfterBytes(): number {
    return this.#options.commitAfterBytes ?? limits.commitAfter;
  }

  get config(): ManagerConfig {
    return this.#config;
  }

  get keys(): KeyRing {
    return this.#keys;
  }

  /** A datastore by name. Fault `backup.unknown`. */
  store(name: string): Datastore {
    const config = this.#find("datastore", this.#config.datastores, name);
    return new Datastore(name, this.ports.files(config.path));
  }

  /** A pool by name. Fault `backup.unknown`. */
  pool(name: string): MediaPool {
    return mediaPoolOf(this.#find("pool", this.#config.pools, name));
  }

  /** The drive of this name, or the only one there is. Fault `backup.unknown`. */
  drive(name: string | undefined): DriveConfig {
    const { drives } = this.#config;
    const [only] = drives;
    return name === undefined && only !== undefined && drives.length === 1
      ? only
      : this.#find("drive", drives, name ?? "");
  }

  /** Names of all changers. */
  get changers(): readonly string[] {
    const names = this.#config.drives.map((drive) => changerNameOf(this.#config, drive));
    return [...new Set(names.filter((name) => name !== undefined))];
  }

  /** Sets up a datastore; its folder is made where it is not there. Faults `backup.bad-config`, `backup.exists`. */
  async addStore(config: StoreConfig): Promise<void> {
    checkName("the datastore", config.name);
    await this.#change(async (present) => {
      expectNew("datastore", present.datastores, config.name);
      await this.ports.files(config.path).makeFolder("");
      return { ...present, datastores: [...present.datastores, config] };
    });
  }

  /** Sets up a drive. Faults `backup.bad-config`, `backup.exists`. */
  async addDrive(config: DriveConfig): Promise<void> {
    checkDrive(config);
    await this.#change((present) => {
      expectNew("drive", present.drives, config.name);
      return { ...present, drives: [...present.drives, config] };
    });
  }

  /** Sets up a pool; a key may be named with or without colons. Faults `backup.bad-config`, `backup.exists`, `keys.unknown`, and those of its policies. */
  async addPool(wanted: PoolConfig): Promise<PoolConfig> {
    const named = mediaPoolOf(wanted).encryption;
    const encryption = named === undefined ? undefined : (parseFingerprint(named) ?? named);
    if (encryption !== undefined) this.#keys.config(encryption);
    const config = { ...wanted, encryption };
    await this.#change((present) => {
      expectNew("pool", present.pools, wanted.name);
      return { ...present, pools: [...present.pools, config] };
    });
    return config;
  }

  /** Forgets a datastore, a drive or a pool; nothing of what it stands for is touched. Fault `backup.unknown`. */
  async remove(what: keyof ManagerConfig, name: string): Promise<void> {
    const others = <T extends { readonly name: string }>(list: readonly T[]): readonly T[] =>
      list.filter((item) => item.name !== name);
    await this.#change((present) => {
      const { datastores, drives, pools } = present;
      const list: readonly { readonly name: string }[] = present[what];
      this.#find(what.slice(0, -1), list, name);
      return {
        datastores: what === "datastores" ? others(datastores) : datastores,
        drives: what === "drives" ? others(drives) : drives,
        pools: what === "pools" ? others(pools) : pools,
      };
    });
  }

  /** Makes a key for tapes. Fault `keys.bad-passphrase`. */
  async createKey(options: { readonly passphrase: string; readonly hint: string }): Promise<KeyConfig> {
    const { random, clock } = this;
    const key = random.bytes(32);
    const now = keyTime(clock.now());
    const config = protectKey(key, { ...options, kind: "scrypt", random, created: now, modified: now });
    await this.takeKey(key, config);
    return config;
  }

  /** Takes a key in, or replaces how it is protected. */
  takeKey(key: Uint8Array, config: KeyConfig): Promise<void> {
    return this.#changeKeys((keys) => keys.with(key, config, { mayReplace: true }));
  }

  /** Takes a key in that must be new. Fault `keys.exists`. */
  async takeNewKey(key: Uint8Array, config: KeyConfig): Promise<KeyConfig> {
    await this.#changeKeys((keys) => keys.with(key, config, { mayReplace: false }));
    return this.#keys.config(fingerprintOf(key));
  }

  /** Forgets a key. Fault `keys.unknown`. */
  dropKey(fingerprint: string): Promise<void> {
    return this.#changeKeys((keys) => keys.without(fingerprint));
  }

  async #changeKeys(change: (keys: KeyRing) => KeyRing): Promise<void> {
    await this.#changes.run(async () => {
      const { state } = this.#options;
      const keys = change(this.#keys);
      await state.write(keysName, bytesFromText(keys.keysText()));
      await state.write(keyConfigsName, bytesFromText(keys.configsText()));
      this.#keys = keys;
    });
  }

  /** Starts a job as a task. */
  start(
    request: { readonly operation: string; readonly subject: string; readonly who: string },
    job: (context: TaskContext) => Promise<JsonValue | void>,
  ): TaskRecord {
    return this.#options.tasks.start(request, job).record();
  }

  /**
   * Writes on a pool, alone: waits until nobody else does, so that two jobs of one pool come after each other. A pool is entered
   * before a drive.
   */
  async withPool<T>(pool: string, context: TaskContext, use: () => Promise<T>): Promise<T> {
    const leave = await enter(this.#poolGates, pool, { context, reason: `another job writes on the pool ${pool}` });
    try {
      return await use();
    } finally {
      leave();
    }
  }

  /** Takes over what a Proxmox server has set up for tapes, from the folder of its configuration. Fault `backup.bad-config`. */
  importProxmox(options: { readonly path: string; readonly isDryRun: boolean }): Promise<readonly ImportOutcome[]> {
    return importProxmox(this, options);
  }

  /** True while a job uses the drive. */
  isBusy(drive: DriveConfig): boolean {
    return this.#driveGates.get(drive.name)?.isBusy === true;
  }

  /** Uses a drive, alone: waits until nobody else does, opens its station and closes it however that ends. */
  async withStation<T>(
    drive: DriveConfig,
    context: TaskContext,
    use: (options: LabelOptions, opened: OpenStation) => Promise<T>,
  ): Promise<T> {
    const reason = `the drive ${drive.name} is in use`;
    let leave: (() => void) | undefined = await enter(this.#driveGates, drive.name, { context, reason });
    const lend = async (wait: () => Promise<void>): Promise<void> => {
      leave?.();
      leave = undefined;
      await wait();
      leave = await enter(this.#driveGates, drive.name, { context, reason });
    };
    try {
      const opened = await this.#openStation(drive);
      try {
        const { librarian, clock, random, notify } = this;
        const station = new SharedStation(opened.station, () => this.#emptyIdleDrives(drive));
        const options = { librarian, keys: this.#keys, station, clock, random, context, notify, lend };
        return await use(options, opened);
      } finally {
        await opened.close();
      }
    } finally {
      leave?.();
    }
  }

  /** Empties the other drives of a library that no job uses. */
  async #emptyIdleDrives(drive: DriveConfig): Promise<void> {
    const changer = changerNameOf(this.#config, drive);
    if (changer === undefined) return;
    for (const other of this.#config.drives) {
      const gate = gateOf(this.#driveGates, other.name);
      if (other.name === drive.name || changerNameOf(this.#config, other) !== changer || gate.isBusy) continue;
      await gate.run(async () => {
        const opened = await this.#openStation(other);
        try {
          await opened.station.unload();
        } finally {
          await opened.close();
        }
      });
    }
  }

  #openStation(drive: DriveConfig): Promise<OpenStation> {
    const changer = changerNameOf(this.#config, drive);
    return this.ports.openStation(drive, changer, gateOf(this.#robots, changer ?? drive.name));
  }

  #find<T extends { readonly name: string }>(what: string, list: readonly T[], name: string): T {
    const found = list.find((item) => item.name === name);
    if (found !== undefined) return found;
    const known = list.map((item) => item.name).join(", ");
    throw backupFault("unknown", { what, name, known: known === "" ? "none" : known });
  }

  async #change(decide: (present: ManagerConfig) => ManagerConfig | Promise<ManagerConfig>): Promise<void> {
    await this.#changes.run(async () => {
      const changed = await decide(this.#config);
      await this.#options.state.write(configName, bytesFromText(configText(changed)));
      this.#config = changed;
    });
  }
}

function enter(
  gates: Map<string, Gate>,
  name: string,
  { context, reason }: { readonly context: TaskContext; readonly reason: string },
): Promise<() => void> {
  return context.waitFor(reason, gateOf(gates, name).enter(context.signal));
}

function gateOf(gates: Map<string, Gate>, name: string): Gate {
  const gate = gates.get(name) ?? new Gate();
  gates.set(name, gate);
  return gate;
}

function expectNew(what: string, list: readonly { readonly name: string }[], name: string): void {
  if (list.some((item) => item.name === name)) throw backupFault("exists", { what, name });
}

// SPDX-License-Identifier: Apache-2.0
// What people ask of tapes: lists of cartridges and of what is on them, and the jobs as tasks. A job waits until its drive is
// free.

import { type Instant, instantOf, isFault, limits, parseUuid, type Uuid } from "#base/index.ts";
import { parseNamespace } from "#datastore/index.ts";
import { addFolderCartridge } from "#driver/index.ts";
import { keyConfigOf, keyFault, openKey } from "#keys/index.ts";
import {
  type CartridgeRecord,
  isCleaningLabel,
  isExpired,
  isMember,
  locationText,
  mediaFault,
  poolOf,
  setName,
  stateOf,
} from "#media/index.ts";
import type { JsonValue, TaskContext, TaskRecord } from "#work/index.ts";
import { type BackupResult, refreshLocations, runBackup } from "./backup-job.ts";
import { parseGroupFilter } from "./group-filter.ts";
import {
  inventorize,
  labelByBarcode,
  labelCartridge,
  type LabelOptions,
  readLoadedLabels,
  restoreCatalog,
} from "./label-job.ts";
import type { Manager } from "./manager.ts";
import { checkName } from "./manager-config.ts";
import { parseWanted, restoreSet, restoreSnapshots } from "./restore-job.ts";
import { parseStoreMap } from "./store-map.ts";
import { telling } from "./backup-notice.ts";

/** A cartridge in a list. */
export interface CartridgeListing {
  readonly labelText: string;
  readonly pool: string | undefined;
  readonly mediaSetName: string | undefined;
  readonly mediaSetUuid: Uuid | undefined;
  readonly setIndex: number | undefined;
  /** Its state, or `expired`. */
  readonly status: string;
  readonly location: string;
  readonly catalog: "ok" | "missing";
  readonly bytesUsed: number | undefined;
  readonly uuid: Uuid;
}

/** A snapshot on a cartridge in a list. */
export interface ContentListing {
  readonly labelText: string;
  readonly pool: string;
  readonly setIndex: number;
  readonly store: string;
  readonly snapshot: string;
  readonly labelled: Instant;
  readonly mediaSetUuid: Uuid;
}

/** A backup as it is asked for. */
export interface BackupRequest {
  readonly store: string;
  readonly pool: string;
  readonly drive: string | undefined;
  readonly namespace: string;
  readonly depth: number | undefined;
  readonly isLatestOnly: boolean;
  /** Filters, separated by blanks. */
  readonly filters: string;
  readonly atEnd: "stay" | "unload" | "export";
  readonly isForced: boolean;
  /** What becomes of it when the pool has no cartridge left; it fails when left out. */
  readonly ifNoMedia?: "wait" | "fail";
  /** The backup job that it is a run of. */
  readonly job?: string;
}

/** A restore as it is asked for. */
export interface RestoreRequest {
  readonly mediaSet: string;
  /** A mapping of datastores. */
  readonly store: string;
  /** Snapshots, separated by blanks; empty: the whole set. */
  readonly snapshots: string;
  readonly drive: string | undefined;
  readonly owner: string | undefined;
}

const words = (text: string): readonly string[] => text.split(/ +/).filter((word) => word !== "");

function setUuid(text: string): Uuid {
  const uuid = parseUuid(text);
  if (uuid === undefined) throw mediaFault("unknown-set", { text });
  return uuid;
}

/** Answers for tapes. */
export class TapeDesk {
  readonly #manager: Manager;

  constructor(manager: Manager) {
    this.#manager = manager;
  }

  /** Labels every cartridge of a library that has no label. */
  labelByBarcode(
    options: { readonly pool: string | undefined; readonly drive: string | undefined },
    who: string,
  ): TaskRecord {
    const { pool, drive } = options;
    if (pool !== undefined) this.#manager.pool(pool);
    return this.#job({ operation: "tape.barcode-label", drive, who }, async (station) => {
      const labelled = await labelByBarcode(station, pool);
      await this.#refresh(station);
      return { labelled: [...labelled] };
    });
  }

  /**
   * Labels one empty cartridge. A library is asked for the one with this barcode; a folder gets a new one. Fault
   * `backup.bad-config` for a text that is no label.
   */
  label(
    options: { readonly labelText: string; readonly pool: string | undefined; readonly drive: string | undefined },
    who: string,
  ): TaskRecord {
    const { labelText, pool } = options;
    checkName("the cartridge", labelText);
    if (pool !== undefined) this.#manager.pool(pool);
    const drive = this.#manager.drive(options.drive);
    const request = { operation: "tape.label", drive: drive.name, who, subject: labelText };
    return this.#job(request, async (job) => {
      if (drive.kind === "folder") await addFolderCartridge(this.#manager.ports.files(drive.path), labelText);
      const { uuid } = await labelCartridge(job, await job.station.load(labelText), { labelText, pool });
      await this.#refresh(job);
      return { uuid };
    });
  }

  /** Reads the labels of all cartridges of a library; with `catalogs`, restores catalogs that are missing. */
  inventory(options: { readonly drive: string | undefined; readonly catalogs: boolean }, who: string): TaskRecord {
    return this.#job({ operation: "tape.inventory", drive: options.drive, who }, async (job) => {
      const labels = ((await job.station.labels()) ?? []).filter((label) => !isCleaningLabel(label));
      for (const label of labels) {
        job.context.checkpoint();
        try {
          await this.#readCartridge(job, label, options.catalogs);
        } catch (error) {
          // One cartridge that cannot be had, or read, keeps no other one from the inventory (B-INVU-1).
          const isOfThisOne = isFault(error) && /^(?:driver|format|codec)\.|^backup\.set-in-use$/.test(error.code);
          if (!isOfThisOne) throw error;
          job.context.warn(`${label} is not read: ${error.message}`);
        }
      }
      await job.station.unload();
      await this.#refresh(job);
      return { labels };
    });
  }

  backup(request: BackupRequest, who: string): TaskRecord {
    const subject = `${request.store}:${request.pool}`;
    const run = this.#prepareBackup(request);
    return this.#manager.start({ operation: "tape.backup", subject, who }, run);
  }

  /** The same as a part of a task that goes on. */
  async runBackup(request: BackupRequest, context: TaskContext): Promise<JsonValue> {
    return this.#prepareBackup(request)(context);
  }

  /** Checks what is asked for; the result does it. */
  #prepareBackup(request: BackupRequest): (context: TaskContext) => Promise<JsonValue> {
    const store = this.#manager.store(request.store);
    const pool = this.#manager.pool(request.pool);
    const filters = words(request.filters).map(parseGroupFilter);
    const namespace = parseNamespace(request.namespace);
    const { isForced, isLatestOnly, atEnd, depth = limits.namespaceDepth, ifNoMedia = "fail" } = request;
    const drive = this.#manager.drive(request.drive);
    const work = async (job: LabelOptions): Promise<BackupResult> => {
      const { changers, commitAfterBytes } = this.#manager;
      const wanted = { store, pool, isForced, namespace, depth, isLatestOnly, filters, atEnd, changers, ifNoMedia };
      return await runBackup({ ...job, ...wanted, commitAfterBytes });
    };
    const about = { store: store.name, pool: pool.name, drive: drive.name, job: request.job };
    return (context) =>
      telling(this.#manager, about, () =>
        this.#manager.withPool(pool.name, context, () => this.#manager.withStation(drive, context, work)),
      );
  }

  restore(request: RestoreRequest, who: string): TaskRecord {
    const set = setUuid(request.mediaSet);
    const stores = parseStoreMap(request.store);
    for (const target of stores.targets) this.#manager.store(target);
    const wanted = words(request.snapshots).map(parseWanted);
    const { drive, owner = "root@pam" } = request;
    return this.#job({ operation: "tape.restore", drive, who, subject: set }, async (job) => {
      const openStore = (name: string): ReturnType<Manager["store"]> => this.#manager.store(name);
      const options = { ...job, set, stores, openStore, owner };
      const result = await (wanted.length > 0 ? restoreSnapshots(options, wanted) : restoreSet(options));
      return { restored: [...result.restored], skipped: [...result.skipped] };
    });
  }

  /** Restores the catalog of a cartridge. */
  restoreCatalog(
    options: { readonly labelText: string; readonly drive: string | undefined; readonly isScan: boolean },
    who: string,
  ): TaskRecord {
    const { labelText, drive, isScan } = options;
    return this.#job({ operation: "tape.catalog", drive, who, subject: labelText }, async (job) => {
      return { found: await restoreCatalog(job, await job.station.load(labelText), { isScan }) };
    });
  }

  /** Takes the key of a set from a cartridge. */
  restoreKey(
    options: { readonly labelText: string; readonly drive: string | undefined; readonly passphrase: string },
    who: string,
  ): TaskRecord {
    const { labelText, drive, passphrase } = options;
    return this.#job({ operation: "tape.key.restore", drive, who, subject: labelText }, async ({ station }) => {
      const labels = await readLoadedLabels(await station.load(labelText));
      const onTape = labels?.set?.key?.config;
      if (onTape === undefined) throw keyFault("none-on-tape", { label: labelText });
      const config = keyConfigOf(onTape);
      await this.#manager.takeKey(openKey(config, passphrase), config);
      return { fingerprint: config.fingerprint ?? "" };
    });
  }

  /** The cartridges of a pool, or all. */
  async cartridges(pool: string | undefined): Promise<readonly CartridgeListing[]> {
    const { inventory } = this.#manager.librarian;
    const listed: CartridgeListing[] = [];
    for (const record of inventory.records) {
      if (pool === undefined || poolOf(record) === pool) listed.push(await this.#listing(record));
    }
    const order = ({ pool: name, mediaSetUuid, setIndex, labelText }: CartridgeListing): string =>
      [name ?? "", mediaSetUuid ?? "", String(setIndex ?? 0).padStart(6, "0"), labelText].join("\n");
    return listed.toSorted((left, right) => (order(left) < order(right) ? -1 : 1));
  }

  /** The snapshots on tape, by the catalogs. */
  async content(wanted: {
    readonly pool: string | undefined;
    readonly mediaSet: string | undefined;
  }): Promise<readonly ContentListing[]> {
    const { librarian } = this.#manager;
    const set = wanted.mediaSet === undefined ? undefined : setUuid(wanted.mediaSet);
    const listed: ContentListing[] = [];
    for (const record of librarian.inventory.records.filter(isMember)) {
      const { pool, uuid, setIndex } = record.set;
      if ((wanted.pool ?? pool) !== pool || (set ?? uuid) !== uuid) continue;
      const { labelText, ctime } = record.label;
      const catalog = await librarian.catalog(record.label.uuid);
      for (const { store, path } of catalog?.snapshots ?? []) {
        const labelled = instantOf(ctime);
        listed.push({ labelText, pool, setIndex, store, snapshot: path, labelled, mediaSetUuid: uuid });
      }
    }
    return listed;
  }

  async #listing(record: CartridgeRecord): Promise<CartridgeListing> {
    const { librarian, config } = this.#manager;
    const { inventory } = librarian;
    const name = poolOf(record);
    const pool = config.pools.some((candidate) => candidate.name === name) ? this.#manager.pool(name ?? "") : undefined;
    const current = name === undefined ? undefined : inventory.currentSet(name);
    // B-STAT-4: without its pool nobody knows; without any pool a cartridge is free.
    const unpooled = name === undefined ? "writable" : "unknown";
    const state = record.state ?? (pool === undefined ? unpooled : stateOf(record, pool.name, current));
    const isOver = pool !== undefined && isExpired(librarian.view(pool, undefined), record, current);
    const set = isMember(record) ? inventory.set(record.set.uuid) : undefined;
    return {
      labelText: record.label.labelText,
      pool: name,
      mediaSetName: set && setName(set, pool?.template ?? "%c", librarian.zone),
      mediaSetUuid: set?.uuid,
      setIndex: set === undefined ? undefined : record.set?.setIndex,
      status: isOver && state === "full" ? "expired" : state,
      location: locationText(record.location),
      catalog: (await librarian.catalog(record.label.uuid)) === undefined ? "missing" : "ok",
      bytesUsed: record.bytesUsed,
      uuid: record.label.uuid,
    };
  }

  async #readCartridge(job: LabelOptions, label: string, takesCatalogs: boolean): Promise<void> {
    const { station, librarian, context } = job;
    const tape = await station.load(label);
    const found = await readLoadedLabels(tape);
    if (found === undefined) return context.log(`${label} is empty`);
    if (found.label.labelText !== label) context.warn(`${label} has the label ${found.label.labelText} on tape`);
    const record = await inventorize(job, found);
    if (!takesCatalogs || !isMember(record)) return;
    if ((await librarian.catalog(record.label.uuid)) === undefined) await restoreCatalog(job, tape, { isScan: false });
  }

  #refresh(job: LabelOptions): Promise<void> {
    return refreshLocations({ ...job, changers: this.#manager.changers });
  }

  /** A task that has a drive for itself. */
  #job(
    request: {
      readonly operation: string;
      readonly drive: string | undefined;
      readonly who: string;
      readonly subject?: string;
    },
    work: (job: LabelOptions) => Promise<JsonValue>,
  ): TaskRecord {
    const drive = this.#manager.drive(request.drive);
    const { operation, who, subject = drive.name } = request;
    return this.#manager.start({ operation, subject, who }, (context) =>
      this.#manager.withStation(drive, context, work),
    );
  }
}

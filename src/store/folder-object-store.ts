// SPDX-License-Identifier: Apache-2.0
// An object store in a folder: the default one, with storage classes and thawing, for trials and for disks that are
// shared or backed up by other means. It belongs to one running gateway at a time: calls for one key wait for each
// other inside of this process, and nothing guards against a second process.

import { limits, randomId, type Clock, type Duration, type Random } from "#base/index.ts";
import { folderOf, unlessMissing } from "./disk-paths.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { storeFault } from "./faults.ts";
import { writeContent } from "./folder-object-content.ts";
import { decodeMeta, encodeMeta, keyOfPath, pathOfKey, type ObjectMeta } from "./folder-object-format.ts";
import { KeyTurns } from "./key-turns.ts";
import { LockClock } from "./lock-clock.ts";
import { compareKeys, objectKey } from "./object-key.ts";
import {
  allAbilities,
  checkCondition,
  checkPutAbilities,
  checkRetention,
  checkTier,
  checkUnlocked,
  expectedEnd,
} from "./object-rules.ts";
import type {
  BypassOptions,
  ContentEnd,
  ObjectInfo,
  ObjectKey,
  ObjectStore,
  ObjectStoreAbilities,
  ObjectVersion,
  PutOptions,
  Retention,
  StorageClass,
  ThawTier,
} from "./object-store.ts";
import { RingPool } from "./ring.ts";
import { readSmallFile, replaceSmallFile } from "./small-file.ts";
import { requestThaw, thawStateAt } from "./thaw-record.ts";

/** How the folder store behaves. */
export interface FolderObjectStoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** Folder on the disk that belongs to this store alone. */
  readonly folder: string;
  /** How long thawing takes per tier. */
  readonly thawDelay: Readonly<Record<ThawTier, Duration>>;
}

/** An `ObjectStore` of files in a folder. */
export class FolderObjectStore implements ObjectStore {
  readonly abilities: ObjectStoreAbilities = { ...allAbilities, lateEnd: true };
  readonly #locks: LockClock;
  readonly #options: FolderObjectStoreOptions;
  readonly #pages = new RingPool(limits.transferSize, limits.uploadsInFlight);
  readonly #turns = new KeyTurns();

  constructor(options: FolderObjectStoreOptions) {
    const { disk, clock, folder } = options;
    this.#options = options;
    this.#locks = new LockClock({ disk, clock, path: `${folder}/lock-clock` });
  }

  /** Makes the folders and removes what interrupted puts left. */
  async open(): Promise<void> {
    const { disk } = this.#options;
    await disk.makeFolder(this.#objects);
    await disk.makeFolder(this.#incoming);
    for (const name of await disk.list(this.#incoming)) await disk.remove(`${this.#incoming}/${name}`);
    await this.#locks.open();
  }

  put(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion> {
    return this.#turns.run(key, async () => {
      const path = this.#pathOf(key);
      checkPutAbilities(key, this.abilities, options);
      const old = await this.#meta(path);
      checkCondition(key, options.condition, old?.objectVersion);
      if (old !== undefined) checkUnlocked(key, old, this.#locks.now());
      const { disk, random } = this.#options;
      const { storageClass, retention, legalHold = false } = options;
      if (retention !== undefined) await this.#locks.begin();
      const objectVersion = randomId(random) as ObjectVersion;
      const incoming = `${this.#incoming}/${objectVersion}`;
      try {
        const end = await this.#writeContent(key, incoming, { sizeBytes, content, options });
        await disk.makeFolder(folderOf(path));
        const dataName = otherDataName(path, old);
        await disk.rename(incoming, `${folderOf(path)}/${dataName}`);
        const locks = { objectVersion, retention, legalHold };
        await this.#writeMeta(path, { dataName, ...end, storageClass, thaw: undefined, ...locks });
      } catch (error) {
        await disk.remove(incoming);
        throw error;
      }
      if (old !== undefined) await disk.remove(`${folderOf(path)}/${old.dataName}`);
      return objectVersion;
    });
  }

  async get(key: ObjectKey, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const path = this.#pathOf(key);
    const { file, meta } = await this.#openContent(key, path);
    try {
      const wanted = new Uint8Array(Math.max(0, Math.min(length, meta.sizeBytes - offset)));
      const count = wanted.byteLength === 0 ? 0 : await file.read(offset, wanted);
      if (count !== wanted.byteLength) {
        throw storeFault("file-damaged", { path, offset: offset + count, reason: "its content is cut off" });
      }
      return wanted;
    } finally {
      await file.close();
    }
  }

  async head(key: ObjectKey): Promise<ObjectInfo | undefined> {
    const meta = await this.#meta(this.#pathOf(key));
    if (meta === undefined) return undefined;
    const { sizeBytes, storageClass, crc32: sum, objectVersion: version, retention, legalHold } = meta;
    const thaw = thawStateAt(storageClass, meta.thaw, this.#options.clock.now());
    return { key, sizeBytes, storageClass, thaw, crc32: sum, version, retention, legalHold };
  }

  async list(prefix: string, after: string | undefined, limit: number): Promise<readonly ObjectKey[]> {
    const start = pathOfKey(prefix.slice(0, prefix.lastIndexOf("/") + 1)).replace(/\/$/, "");
    const found: ObjectKey[] = [];
    await this.#walk(start, (path) => {
      const key = keyOfPath(path);
      if (key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0)) found.push(key);
    });
    return found.toSorted(compareKeys).slice(0, limit);
  }

  delete(key: ObjectKey, options: BypassOptions = {}): Promise<void> {
    return this.#turns.run(key, async () => {
      const path = this.#pathOf(key);
      const { disk } = this.#options;
      const meta = await this.#meta(path);
      if (meta === undefined) return;
      await this.#locks.keep();
      checkUnlocked(key, meta, this.#locks.now(), options);
      // The meta file goes first and durably: content that no meta file names is overwritten by the next put.
      await disk.remove(`${path}.meta`);
      await disk.syncFolder(folderOf(path));
      for (const name of dataNames(path)) await disk.remove(`${folderOf(path)}/${name}`);
    });
  }

  changeClass(key: ObjectKey, storageClass: StorageClass): Promise<void> {
    return this.#turns.run(key, async () => {
      const path = this.#pathOf(key);
      const meta = await this.#existing(key, path);
      if (meta.storageClass === storageClass) return;
      this.#checkReadable(key, meta);
      await this.#writeMeta(path, { ...meta, storageClass, thaw: undefined });
    });
  }

  thaw(key: ObjectKey, tier: ThawTier, keep: Duration): Promise<void> {
    return this.#turns.run(key, async () => {
      const path = this.#pathOf(key);
      const meta = await this.#existing(key, path);
      const now = this.#options.clock.now();
      if (thawStateAt(meta.storageClass, meta.thaw, now).kind === "warm") return;
      checkTier(key, this.abilities, meta.storageClass, tier);
      const thaw = requestThaw(meta.thaw, { now, delay: this.#options.thawDelay[tier], keep });
      await this.#writeMeta(path, { ...meta, thaw });
    });
  }

  setRetention(key: ObjectKey, retention: Retention, options: BypassOptions = {}): Promise<void> {
    return this.#turns.run(key, async () => {
      const path = this.#pathOf(key);
      const meta = await this.#existing(key, path);
      await this.#locks.begin();
      checkRetention(key, { old: meta.retention, next: retention, now: this.#locks.now() }, options);
      await this.#writeMeta(path, { ...meta, retention });
    });
  }

  setLegalHold(key: ObjectKey, isHeld: boolean): Promise<void> {
    return this.#turns.run(key, async () => {
      const path = this.#pathOf(key);
      await this.#writeMeta(path, { ...(await this.#existing(key, path)), legalHold: isHeld });
    });
  }

  get #objects(): string {
    return `${this.#options.folder}/objects`;
  }

  get #incoming(): string {
    return `${this.#options.folder}/incoming`;
  }

  #pathOf(key: ObjectKey): string {
    return `${this.#objects}/${pathOfKey(objectKey(key))}`;
  }

  /** The content of a readable object; looks again when a put replaced it between the two reads. */
  async #openContent(key: ObjectKey, path: string): Promise<{ readonly file: DiskFile; readonly meta: ObjectMeta }> {
    for (let attempt = 1; ; attempt++) {
      const meta = await this.#existing(key, path);
      this.#checkReadable(key, meta);
      const dataPath = `${folderOf(path)}/${meta.dataName}`;
      const file = await unlessMissing(this.#options.disk.open(dataPath, { mode: "read" }));
      if (file !== undefined) return { file, meta };
      if (attempt === replacedReads) {
        throw storeFault("file-damaged", { path: dataPath, offset: 0, reason: "it is missing" });
      }
    }
  }

  async #meta(path: string): Promise<ObjectMeta | undefined> {
    const bytes = await readSmallFile(this.#options.disk, `${path}.meta`);
    return bytes === undefined ? undefined : decodeMeta(`${path}.meta`, bytes);
  }

  async #existing(key: ObjectKey, path: string): Promise<ObjectMeta> {
    const meta = await this.#meta(path);
    if (meta === undefined) throw storeFault("object-missing", { key });
    return meta;
  }

  #checkReadable(key: ObjectKey, meta: ObjectMeta): void {
    const { kind } = thawStateAt(meta.storageClass, meta.thaw, this.#options.clock.now());
    if (kind === "frozen" || kind === "thawing") throw storeFault("object-frozen", { key });
  }

  #writeMeta(path: string, meta: ObjectMeta): Promise<void> {
    const { disk } = this.#options;
    return replaceSmallFile(disk, `${path}.meta`, { content: encodeMeta(meta), temporary: `${path}.new` });
  }

  async #writeContent(
    key: ObjectKey,
    path: string,
    object: {
      readonly sizeBytes: number;
      readonly content: AsyncIterable<Uint8Array>;
      readonly options: PutOptions;
    },
  ): Promise<ContentEnd> {
    const { disk } = this.#options;
    const { signal } = object.options;
    return writeContent({ disk, pages: this.#pages, signal }, path, object.content, (actual) => {
      const expected = expectedEnd(this.abilities, object.sizeBytes, object.options);
      if (actual.sizeBytes === expected.sizeBytes && actual.crc32 === expected.crc32) return;
      const text = (end: ContentEnd): string => `${end.crc32.toString(16)} over ${end.sizeBytes} bytes`;
      throw storeFault("object-corrupt", { key, actual: text(actual), expected: text(expected) });
    });
  }

  /** Calls `visit` with the path of every object below a folder, relative to the store's folder, without its ending. */
  async #walk(folder: string, visit: (path: string) => void): Promise<void> {
    const prefix = folder === "" ? "" : `${folder}/`;
    for (const name of await this.#options.disk.list(`${this.#objects}/${folder}`.replace(/\/$/, ""))) {
      if (name.endsWith(".meta")) visit(prefix + name.slice(0, -".meta".length));
      else if (!/\.(data|new)$/.test(name)) await this.#walk(prefix + name, visit);
    }
  }
}

/** How often a read looks again when the object is replaced under it. */
const replacedReads = 3;

/** The two names that an object's content can have; a put takes the one that is free. */
function dataNames(path: string): readonly [string, string] {
  const stem = path.slice(folderOf(path).length + 1);
  return [`${stem}.1.data`, `${stem}.2.data`];
}

function otherDataName(path: string, old: ObjectMeta | undefined): string {
  const [first, second] = dataNames(path);
  return old?.dataName === first ? second : first;
}

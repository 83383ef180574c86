// SPDX-License-Identifier: Apache-2.0
// Storage classes that are only labels: a store without cold classes plays them with a second place, such as another
// bucket or folder. A small object, `labels/<key>`, says which class an object is in, and what became of its thaw; without
// one it is where the store itself has it. Writing or removing that label is what moves an object: before it the old place
// counts, after it the new one, and what is left behind in the other is deleted. Each question costs one request more.

import { type Clock, type Duration, type Instant, isFault, limits } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import { storeFault } from "./faults.ts";
import { KeyTurns } from "./key-turns.ts";
import { compareKeys, objectKey } from "./object-key.ts";
import {
  allAbilities,
  checkClass,
  checkCondition,
  checkPutAbilities,
  checkTier,
  checkUnlocked,
  coldTiers,
} from "./object-rules.ts";
import type {
  BypassOptions,
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
import { damagedFile, decodeLine, encodeLine } from "./small-file.ts";
import { requestThaw, thawStateAt, type ThawRecord } from "./thaw-record.ts";

/** Version of a label that this release writes, and the newest that it reads. */
const labelVersion = 1;

/** Labels are below this; no other object is. */
const labelPrefix = "labels/";

/** Where the objects of a class lie. */
export interface LabelPlace {
  readonly storageClass: StorageClass;
  readonly objects: ObjectStore;
}

/** What playing classes takes. */
export interface LabelClassesOptions {
  /** The store for everything else. */
  readonly objects: ObjectStore;
  /** A class each; places of their own, which hold nothing else. */
  readonly places: readonly LabelPlace[];
  readonly clock: Clock;
  /** How long thawing takes per tier; the objects are there all the time. */
  readonly thawDelay: Readonly<Record<ThawTier, Duration>>;
}

interface Label {
  readonly storageClass: StorageClass;
  readonly thaw: ThawRecord | undefined;
}

interface Found {
  readonly label: Label | undefined;
  readonly store: ObjectStore;
  readonly info: ObjectInfo;
}

/** An `ObjectStore` with classes that another one lacks. */
export class LabelClasses implements ObjectStore {
  readonly abilities: ObjectStoreAbilities;
  readonly #options: LabelClassesOptions;
  readonly #places: ReadonlyMap<StorageClass, ObjectStore>;
  readonly #turns = new KeyTurns();

  constructor(options: LabelClassesOptions) {
    this.#options = options;
    this.#places = new Map(options.places.map(({ storageClass, objects }) => [storageClass, objects]));
    this.abilities = abilitiesOf(options);
  }

  put(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion> {
    return this.#turns.run(key, async () => {
      checkPutAbilities(key, this.abilities, options);
      const { label, found } = await this.#find(key);
      checkCondition(key, options.condition, found?.info.version);
      if (found !== undefined) checkUnlocked(key, found.info, this.#options.clock.now());
      const place = this.#places.get(options.storageClass);
      const target = place ?? this.#options.objects;
      const next = place === undefined ? undefined : { storageClass: options.storageClass, thaw: undefined };
      // A new object has its label before it is there, so that what a crash leaves in the place is not forgotten.
      if (found === undefined && next !== undefined) await this.#writeLabel(key, next);
      const { condition, ...rest } = options;
      const isThere = found === undefined || found.store === target;
      const version = await target.put(key, sizeBytes, content, {
        ...rest,
        storageClass: place === undefined ? options.storageClass : "STANDARD",
        ...(isThere && condition !== undefined ? { condition } : {}),
      });
      if (found !== undefined || next === undefined) await this.#moveLabel(key, label, next);
      if (!isThere) await deleteUnlessLocked(found.store, key);
      return version;
    });
  }

  async get(key: ObjectKey, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const label = await this.#labelOf(key);
    if (label !== undefined && this.#isFrozen(label)) {
      if ((await this.#storeOf(label).head(key)) === undefined) throw storeFault("object-missing", { key });
      throw storeFault("object-frozen", { key });
    }
    return this.#storeOf(label).get(key, offset, length, signal);
  }

  async head(key: ObjectKey): Promise<ObjectInfo | undefined> {
    return (await this.#find(key)).found?.info;
  }

  async list(prefix: string, after: string | undefined, limit: number): Promise<readonly ObjectKey[]> {
    const stores = [this.#options.objects, ...this.#places.values()];
    const lists = await Promise.all(stores.map((store) => listWithoutLabels(store, prefix, { after, limit })));
    return [...new Set(lists.flat())].toSorted(compareKeys).slice(0, limit);
  }

  delete(key: ObjectKey, options?: BypassOptions): Promise<void> {
    return this.#turns.run(key, async () => {
      const label = await this.#labelOf(key);
      const current = this.#storeOf(label);
      // What counts goes last, and its label behind it.
      for (const store of [this.#options.objects, ...this.#places.values()]) {
        if (store !== current) await store.delete(key, options);
      }
      await current.delete(key, options);
      if (label !== undefined) await this.#options.objects.delete(labelKey(key));
    });
  }

  changeClass(key: ObjectKey, storageClass: StorageClass): Promise<void> {
    return this.#turns.run(key, async () => {
      checkClass(key, this.abilities, storageClass);
      const { label, store, info } = await this.#existing(key);
      if (info.storageClass === storageClass) return;
      if (info.thaw.kind === "frozen" || info.thaw.kind === "thawing") throw storeFault("object-frozen", { key });
      const place = this.#places.get(storageClass);
      const target = place ?? this.#options.objects;
      if (target === store) return store.changeClass(key, storageClass);
      await copy({ from: store, to: target, info, storageClass: place === undefined ? storageClass : "STANDARD" });
      await this.#moveLabel(key, label, place === undefined ? undefined : { storageClass, thaw: undefined });
      await deleteUnlessLocked(store, key);
    });
  }

  thaw(key: ObjectKey, tier: ThawTier, keep: Duration): Promise<void> {
    return this.#turns.run(key, async () => {
      const { label, store, info } = await this.#existing(key);
      if (info.thaw.kind === "warm") return;
      checkTier(key, this.abilities, info.storageClass, tier);
      if (label === undefined) return store.thaw(key, tier, keep);
      const { clock, thawDelay } = this.#options;
      const thaw = requestThaw(label.thaw, { now: clock.now(), delay: thawDelay[tier], keep });
      await this.#writeLabel(key, { ...label, thaw });
    });
  }

  setRetention(key: ObjectKey, retention: Retention, options?: BypassOptions): Promise<void> {
    return this.#turns.run(key, async () => (await this.#existing(key)).store.setRetention(key, retention, options));
  }

  setLegalHold(key: ObjectKey, isHeld: boolean): Promise<void> {
    return this.#turns.run(key, async () => (await this.#existing(key)).store.setLegalHold(key, isHeld));
  }

  async #find(key: ObjectKey): Promise<{ readonly label: Label | undefined; readonly found: Found | undefined }> {
    const label = await this.#labelOf(key);
    const store = this.#storeOf(label);
    const info = await store.head(key);
    if (info === undefined) return { label, found: undefined };
    if (label === undefined) return { label, found: { label, store, info } };
    const { storageClass, thaw } = label;
    const shown = { ...info, storageClass, thaw: thawStateAt(storageClass, thaw, this.#options.clock.now()) };
    return { label, found: { label, store, info: shown } };
  }

  async #existing(key: ObjectKey): Promise<Found> {
    const { found } = await this.#find(key);
    if (found === undefined) throw storeFault("object-missing", { key });
    return found;
  }

  #storeOf(label: Label | undefined): ObjectStore {
    if (label === undefined) return this.#options.objects;
    const place = this.#places.get(label.storageClass);
    if (place === undefined) {
      throw storeFault("object-store-lacks", {
        key: labelPrefix,
        ability: `place for the class ${label.storageClass}`,
      });
    }
    return place;
  }

  #isFrozen({ storageClass, thaw }: Label): boolean {
    const { kind } = thawStateAt(storageClass, thaw, this.#options.clock.now());
    return kind === "frozen" || kind === "thawing";
  }

  async #labelOf(key: ObjectKey): Promise<Label | undefined> {
    try {
      const bytes = await this.#options.objects.get(labelKey(key), 0, labelBytesMax);
      return labelFrom(labelKey(key), bytes);
    } catch (error) {
      if (isFault(error, "store.object-missing")) return undefined;
      throw error;
    }
  }

  #moveLabel(key: ObjectKey, old: Label | undefined, next: Label | undefined): Promise<void> {
    if (next !== undefined) return this.#writeLabel(key, next);
    return old === undefined ? Promise.resolve() : this.#options.objects.delete(labelKey(key));
  }

  async #writeLabel(key: ObjectKey, label: Label): Promise<void> {
    const bytes = encodeLine({ version: labelVersion, ...label });
    const options = { storageClass: "STANDARD", crc32: crc32(bytes) } as const;
    await this.#options.objects.put(labelKey(key), bytes.byteLength, once(bytes), options);
  }
}

/** A label is a line of a few fields. */
const labelBytesMax = 4096;

const labelKey = (key: ObjectKey): ObjectKey => objectKey(labelPrefix + key);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function labelFrom(path: string, bytes: Uint8Array): Label {
  const { storageClass: name, thaw } = decodeLine(path, bytes, labelVersion);
  const storageClass = allAbilities.classes.find((known) => known === name);
  if (storageClass === undefined) throw damagedFile(path, "it names no storage class");
  if (typeof thaw !== "object" || thaw === null || !("readyAt" in thaw) || !("until" in thaw)) {
    return { storageClass, thaw: undefined };
  }
  return { storageClass, thaw: { readyAt: Number(thaw.readyAt) as Instant, until: Number(thaw.until) as Instant } };
}

function abilitiesOf({ objects, places }: LabelClassesOptions): ObjectStoreAbilities {
  const stores = [objects, ...places.map((place) => place.objects)];
  const labels = places.map(({ storageClass }) => storageClass);
  const isCold = (name: StorageClass): boolean => coldTiers[name] !== undefined;
  return {
    createOnly: stores.every(({ abilities }) => abilities.createOnly),
    replaceOnly: stores.every(({ abilities }) => abilities.replaceOnly),
    classes: allAbilities.classes.filter((name) => objects.abilities.classes.includes(name) || labels.includes(name)),
    thaw: {
      ...objects.abilities.thaw,
      ...Object.fromEntries(labels.filter(isCold).map((name) => [name, coldTiers[name]])),
    },
    retention: objects.abilities.retention.filter((mode) =>
      stores.every(({ abilities }) => abilities.retention.includes(mode)),
    ),
    legalHold: stores.every(({ abilities }) => abilities.legalHold),
    lateEnd: stores.every(({ abilities }) => abilities.lateEnd === true),
  };
}

async function listWithoutLabels(
  store: ObjectStore,
  prefix: string,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly ObjectKey[]> {
  const keys: ObjectKey[] = [];
  let start = after;
  while (keys.length < limit) {
    const wanted = limit - keys.length;
    const page = await store.list(prefix, start, wanted);
    keys.push(...page.filter((key) => !key.startsWith(labelPrefix)));
    if (page.length < wanted) break;
    // Behind the last label there is nothing that begins like one.
    const last = page.at(-1);
    start = last?.startsWith(labelPrefix) === true ? `${labelPrefix.slice(0, -1)}0` : last;
  }
  return keys;
}

/** Copies an object with its locks, unless it is there already from an attempt before. */
async function copy(move: {
  readonly from: ObjectStore;
  readonly to: ObjectStore;
  readonly info: ObjectInfo;
  readonly storageClass: StorageClass;
}): Promise<void> {
  const { from, to, info, storageClass } = move;
  const { key, sizeBytes, crc32: sum, retention, legalHold } = info;
  const there = await to.head(key);
  if (there?.sizeBytes === sizeBytes && there.crc32 === sum && there.storageClass === storageClass) return;
  const content = async function* (): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < sizeBytes; offset += limits.fetchSize) {
      yield await from.get(key, offset, Math.min(limits.fetchSize, sizeBytes - offset));
    }
  };
  const locks = retention === undefined ? { legalHold } : { legalHold, retention };
  await to.put(key, sizeBytes, content(), { storageClass, crc32: sum, ...locks });
}

/** What a move left behind; what is locked stays until its lock ends, and nobody sees it. */
async function deleteUnlessLocked(store: ObjectStore, key: ObjectKey): Promise<void> {
  try {
    await store.delete(key);
  } catch (error) {
    if (!isFault(error, "store.object-locked")) throw error;
  }
}

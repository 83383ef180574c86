// SPDX-License-Identifier: Apache-2.0
// Recovery points: states of a cartridge that are complete in the bucket. One is taken when everything of a cartridge is
// uploaded, now and then while it is written, and for the shelf. In this order, so that at any moment the bucket's log
// names a manifest all of whose objects are there:
//
//   1. new parts of the directory, then the manifest, which names only what is stored
//   2. an entry of the log that names the manifest
//   3. segments that a cut made dead before 1, and the manifest before, are deleted

import { type Clock, isFault, limits, type Log } from "#base/index.ts";
import type { BucketLog } from "./bucket-log.ts";
import type { CartridgeRecord, CartridgeRegistry } from "./cartridge-registry.ts";
import type { RecoveryPoint } from "./log-entry.ts";
import { deleteSuperseded, type ManifestWork, readManifest, writeManifest } from "./manifest-files.ts";
import type { Manifest } from "./manifest.ts";
import { segmentOfKey, segmentsBefore, segmentsPrefix } from "./object-keys.ts";
import type { ObjectStore, StorageClass } from "./object-store.ts";
import type { RecyclingDisk } from "./recycling-disk.ts";
import { eachOf, type ObjectWork, retried } from "./object-work.ts";
import type { SmallSealers } from "./small-sealer.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { WorkOptions } from "./types.ts";

/** What recovery points need. */
export interface RecoveryPointsOptions {
  readonly disk: RecyclingDisk;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: CartridgeRegistry;
  readonly bucketLog: BucketLog;
  readonly sealers: SmallSealers;
}

/** How a recovery point is taken. */
export interface PointOptions extends WorkOptions {
  /** The class that the segments are in or about to be moved to; the present one unless given. */
  readonly storageClass?: StorageClass;
  /** Even if nothing has changed. */
  readonly force?: boolean;
}

/** Numbers that attempts which were interrupted may have taken. */
const maxTaken = 100;

/** Takes recovery points. */
export class RecoveryPoints {
  readonly #options: RecoveryPointsOptions;
  /** The last manifest of cartridges that are in use. */
  readonly #last = new WeakMap<StoredCartridge, Manifest>();
  /** When the last one of a cartridge was taken or first due, by the monotonic clock. */
  readonly #times = new WeakMap<StoredCartridge, number>();

  constructor(options: RecoveryPointsOptions) {
    this.#options = options;
  }

  /** A cartridge that still has segments to upload should get a recovery point before it goes on. */
  isDue(cartridge: StoredCartridge): boolean {
    const { storedCount, manifestCount } = cartridge.head;
    const fresh = storedCount - manifestCount;
    if (fresh <= 0) return false;
    const now = this.#options.clock.monotonic();
    const since = this.#times.get(cartridge);
    if (since === undefined) this.#times.set(cartridge, now);
    return fresh >= limits.pointSegments || now - (since ?? now) >= limits.pointEvery;
  }

  /** Brings the bucket up to what is stored, and deletes what is dead. Nothing of the cartridge may be on its way. */
  async take(cartridge: StoredCartridge, options: PointOptions = {}): Promise<void> {
    const record = this.#options.registry.records.get(cartridge.id);
    if (record === undefined) return;
    const { storageClass = cartridge.head.storageClass, force = false } = options;
    if (!force && isCurrent(cartridge, record, storageClass)) {
      return this.#deleteDead(cartridge, cartridge.head.garbage, options.signal);
    }
    for (;;) {
      const { garbage } = cartridge.head;
      const before = await this.#before(cartridge, options);
      const manifest = await this.#write(cartridge, record, { ...options, storageClass, before });
      // Cut while it was written: what is dead may have changed.
      if (manifest === undefined) continue;
      await this.#record(cartridge, manifest);
      await this.#options.bucketLog.commit(options.signal);
      await this.#deleteDead(cartridge, garbage, options.signal);
      const superseded = { manifest, before, signal: options.signal };
      await deleteSuperseded(this.#work(cartridge, options), cartridge.id, superseded).catch(ignoreLocked);
      return;
    }
  }

  async #write(
    cartridge: StoredCartridge,
    record: CartridgeRecord,
    options: PointOptions & { readonly storageClass: StorageClass; readonly before: Manifest | undefined },
  ): Promise<Manifest | undefined> {
    const { bucketLog } = this.#options;
    // Only who is the gateway has an epoch.
    await bucketLog.confirm();
    const { epoch } = bucketLog;
    const { storageClass, before } = options;
    const { description } = record;
    for (let number = cartridge.head.manifests + 1; ; number++) {
      try {
        const manifest = { name: { epoch, number }, description, storageClass, before };
        return await writeManifest(this.#work(cartridge, options), cartridge, manifest);
      } catch (error) {
        if (!isFault(error, "store.object-conflict") || number > cartridge.head.manifests + maxTaken) throw error;
      }
    }
  }

  async #record(cartridge: StoredCartridge, manifest: Manifest): Promise<void> {
    const { epoch, number, segments, generation } = manifest;
    this.#last.set(cartridge, manifest);
    this.#times.delete(cartridge);
    // After a cut it is not known here how many of the entries are still the same.
    const manifestCount = cartridge.head.generation === generation ? segments : 0;
    await cartridge.note({ manifests: number, manifestEpoch: epoch, manifestCount });
    await this.#options.registry.notePoint(cartridge.id, pointOf(manifest));
  }

  /** The last manifest; without one that can be read, everything is written anew. */
  async #before(cartridge: StoredCartridge, options: WorkOptions): Promise<Manifest | undefined> {
    const known = this.#last.get(cartridge);
    const { manifests: number, manifestEpoch: epoch } = cartridge.head;
    if (known !== undefined || number === 0) return known;
    try {
      return await readManifest(this.#work(cartridge, options), cartridge.id, { epoch, number });
    } catch (error) {
      if (!isFault(error) || error.row.retry === "backoff") throw error;
      this.#options.log.warn(`the last manifest cannot be read and is written anew: ${error.message}`, {
        cartridge: cartridge.id,
      });
      return undefined;
    }
  }

  /** Deletes segments that a cut made dead, here and there, whatever epoch they were put in. */
  async #deleteDead(
    cartridge: StoredCartridge,
    garbage: StoredCartridge["head"]["garbage"],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { disk } = this.#options;
    for (const [first, end] of garbage) {
      await eachOf(end - first, signal, (index) => disk.retire(cartridge.segmentPath(first + index)));
      await disk.syncFolder(cartridge.folder);
      await deleteSegments(this.#options, cartridge, { first, end, signal });
      const left = cartridge.head.garbage.flatMap(([from, to]) => {
        // A later cut may have made the range longer.
        if (from !== first) return [[from, to] as const];
        return to > end ? [[end, to] as const] : [];
      });
      await cartridge.note({ garbage: left });
    }
  }

  #work(cartridge: StoredCartridge, options: WorkOptions): ManifestWork {
    const { objects, clock, sealers } = this.#options;
    return { objects, clock, sealer: sealers.cartridge(cartridge.id), options };
  }
}

/** What is shown of a manifest, and told to the log. */
export function pointOf(manifest: Manifest): RecoveryPoint {
  const { epoch, number, at, objects, files, bytes, storedBytes, storageClass } = manifest;
  return { epoch, number, at, objects, files, bytes, storedBytes, storageClass };
}

/** The last manifest says all that is stored without a gap. */
function isCurrent({ head }: StoredCartridge, { point }: CartridgeRecord, storageClass: StorageClass): boolean {
  if (head.manifests === 0) return head.storedCount === 0;
  return (
    point?.number === head.manifests &&
    point.epoch === head.manifestEpoch &&
    point.storageClass === storageClass &&
    point.objects === head.storedObjects &&
    head.manifestCount === head.storedCount
  );
}

async function deleteSegments(
  work: ObjectWork,
  cartridge: StoredCartridge,
  range: { readonly first: number; readonly end: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { objects, clock } = work;
  const { first, end, signal } = range;
  for (let after = segmentsBefore(cartridge.id, first); ;) {
    const from = after;
    const list = (): ReturnType<ObjectStore["list"]> =>
      objects.list(segmentsPrefix(cartridge.id), from, Math.min(limits.listObjects, 2 * (end - first)));
    const keys = await retried(clock, signal, list);
    const dead = keys.filter((key) => (segmentOfKey(key)?.segment ?? end) < end);
    await eachOf(dead.length, signal, async (index) => {
      const key = dead[index];
      if (key !== undefined) await retried(clock, signal, () => objects.delete(key));
    });
    if (dead.length < keys.length || keys.length === 0) return;
    after = keys.at(-1) ?? after;
  }
}

function ignoreLocked(error: unknown): void {
  if (!isFault(error, "store.object-locked")) throw error;
}

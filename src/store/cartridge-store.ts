// SPDX-License-Identifier: Apache-2.0
// All stored cartridges: the face of the room. It wires the parts together and says who may do what when.

import { assert, isFault, limits, sleep } from "#base/index.ts";
import { type ActiveCartridge, activeUsage, takeUnreported, unstoredDataOf } from "./active-cartridges.ts";
import { type ArchiveWork, changeClass } from "./archive.ts";
import type { Fenced } from "./bucket-log.ts";
import { type BucketParts } from "./bucket-parts.ts";
import { type BandwidthLimit, type BandwidthSettings, checkBandwidth } from "./bandwidth.ts";
import { evict } from "./cache.ts";
import { DemandThaw } from "./demand-thaw.ts";
import { allGates } from "./disk-room.ts";
import { storeFault } from "./faults.ts";
import { StoredImage } from "./image.ts";
import type { KeyRing } from "./key-ring.ts";
import type { StorageClass } from "./object-store.ts";
import { checkpointDistance } from "./open-segment.ts";
import { type ReadCounts, SeenSegments } from "./read-sources.ts";
import type { Scrub } from "./scrub.ts";
import { eraseCartridge } from "./erase.ts";
import { cartridgePrefix } from "./object-keys.ts";
import { RingPool } from "./ring.ts";
import type { RingShape } from "./ring-plan.ts";
import { DamageBook } from "./damage-book.ts";
import { openParts, type StoreParts } from "./store-parts.ts";
import { StoreShelf } from "./store-shelf.ts";
import { pageSize } from "./segment-format.ts";
import type { ThawCount } from "./counted-objects.ts";
import { within } from "./within.ts";
import { isUnsettled, usagePointOf } from "./store-facts.ts";
import { gatewayOwner, storeSealing, type StoreSealing } from "./store-sealing.ts";
import type { SealedOwner } from "./wrapped-key.ts";
import type {
  CartridgeDescription,
  CartridgeId,
  CartridgeLoss,
  CartridgeUsage,
  DamageTotals,
  LoadedImage,
  LoadOptions,
  StorePorts,
  StoreSettings,
  StoreTotals,
  UnstoredData,
  WorkOptions,
} from "./types.ts";

/** Where the bytes of all cartridges live. Every method but the constructor needs `open` to have resolved. */
export class CartridgeStore {
  readonly #ports: StorePorts;
  readonly #settings: StoreSettings;
  readonly #folder: string;
  readonly #shape: RingShape;
  readonly #rings: RingPool;
  readonly #readMemory = new RingPool(limits.readAheadSize, limits.ringsKept);
  readonly #seen: SeenSegments | undefined;
  readonly #sealing: StoreSealing;
  #parts: StoreParts | undefined;
  readonly #reads: ReadCounts = { hits: 0, misses: 0 };
  /** What is done with cartridges in the object store alone. */
  readonly shelf: StoreShelf;
  readonly #asked: (count: ThawCount) => void;
  #fetchedBytes = 0;
  readonly #damage: DamageBook;

  constructor(ports: StorePorts, settings: StoreSettings) {
    this.#ports = ports;
    this.#asked = (count) => settings.thawed?.(count);
    this.shelf = new StoreShelf({
      clock: ports.clock,
      asked: this.#asked,
      objects: () => this.#open.objects,
      mirrors: () => this.#open.mirrors,
      copies: () => this.#open.copies,
      commit: (signal) => this.#open.bucketLog.commit(signal),
      withActive: (id, work) => this.#withActive(id, work),
    });
    this.#settings = settings;
    this.#damage = new DamageBook(ports.log, (damage) => settings.owner?.damaged(damage));
    this.#sealing = storeSealing(ports, this.#gatewayName);
    this.#folder = settings.folder ?? "cartridges";
    const { segmentSize = limits.segmentSize, ringSize = limits.ringSize } = settings;
    assert(segmentSize % pageSize === 0 && segmentSize >= 4 * pageSize, "a segment of whole pages");
    assert(ringSize % pageSize === 0 && ringSize >= 8 * pageSize, "a ring of whole pages");
    this.#shape = { segmentSize, ringSize };
    this.#rings = new RingPool(ringSize, limits.ringsKept);
    const isDirect = settings.directWrites !== false && ports.disk.directAlignment > 1;
    this.#seen = isDirect ? new SeenSegments() : undefined;
  }

  /** Reads what is there, recovers after a crash, starts uploading. */
  async open(): Promise<void> {
    this.#parts = await openParts({
      bucket: this.#bucketParts,
      settings: this.#settings,
      sealing: this.#sealing,
      folder: this.#folder,
      checkpointDistance: checkpointDistance(this.#shape.segmentSize),
      damage: this.#damage,
      fetched: (byteCount) => (this.#fetchedBytes += byteCount),
    });
    const { registry, room, upkeep, bucketLog, beacon } = this.#parts;
    this.#damage.begin(registry.records.values());
    await room.refresh();
    for (const id of registry.removing) upkeep.inBackground(this.#erase(id));
    const unsettled = [...registry.records.values()].filter(isUnsettled);
    for (const { id } of unsettled) await this.#resume(id);
    bucketLog.start();
    beacon.start();
  }

  /** These facts of the store's owner became true; the bucket is told soon. */
  tell(facts: readonly unknown[], sequence: number): void {
    this.#open.bucketLog.note({ gateway: facts }, sequence);
  }

  /** Who has taken over, if anybody has: then nothing can be changed any more. */
  get fenced(): Fenced | undefined {
    return this.#parts?.bucketLog.fenced;
  }

  /** Throws Fault `store.fenced` when somebody has. */
  checkChange(): void {
    if (this.fenced !== undefined) throw this.#open.bucketLog.fault;
  }

  /** Everything that happened so far is known in the bucket. Faults `store.fenced`, of the object store. */
  commit(signal?: AbortSignal): Promise<void> {
    return this.#open.bucketLog.commit(signal);
  }

  /** Whoever has a data key of its own: the gateway, and every cartridge. */
  keyOwners(): readonly SealedOwner[] {
    return [gatewayOwner(this.#gatewayName), ...this.ids().map(cartridgePrefix)];
  }

  /** The data keys of all owners, this store's cartridges and others. */
  get keys(): KeyRing {
    return this.#open.keys;
  }

  /** The cartridges, in the order of their making. */
  ids(): readonly CartridgeId[] {
    return [...this.#open.registry.records.keys()];
  }

  has(id: CartridgeId): boolean {
    return this.#open.registry.records.has(id);
  }

  /** A blank cartridge, durable when it resolves. Many calls at once share one disk sync. Fault `store.cartridge-exists`. */
  async create(id: CartridgeId, description: CartridgeDescription): Promise<void> {
    await this.#open.registry.create(id, description);
    this.#open.upkeep.touch(id);
  }

  /**
   * A new cartridge that has what another one has in the object store, without a copy: it shares the segments until it
   * writes over them. The other one must be archived and must not be removed as long as this one is there.
   */
  async clone(origin: CartridgeId, id: CartridgeId, description: CartridgeDescription): Promise<void> {
    const { registry, points } = this.#open;
    const source = await this.#take(origin, "it is being cloned");
    try {
      await registry.create(id, description, registry.get(origin).tag);
      const made = await this.#take(id, "it is being made");
      try {
        await made.cartridge.adopt(source.cartridge);
        // The bucket alone tells of it from now on.
        await points.take(made.cartridge, { force: true });
      } finally {
        await this.#giveBack(made);
      }
    } finally {
      await this.#giveBack(source);
    }
  }

  /** Changes the description that `archive` writes beside the data. */
  describe(id: CartridgeId, description: CartridgeDescription): Promise<void> {
    return this.#open.registry.describe(id, description);
  }

  /**
   * Opens for a drive; what is damaged is made anew from the bucket first. Faults `store.cartridge-missing`,
   * `store.cartridge-busy` (loaded, archiving), of the object store.
   */
  load(id: CartridgeId, options: LoadOptions = {}): Promise<LoadedImage> {
    return this.#mending(id, () => this.#load(id, options));
  }

  /** What a cartridge lost and nobody has taken note of. */
  lossOf(id: CartridgeId): CartridgeLoss | undefined {
    return this.#open.registry.get(id).loss;
  }

  /** Somebody has taken note of what a cartridge lost. */
  async acceptLoss(id: CartridgeId): Promise<void> {
    const { registry } = this.#open;
    await registry.noteLoss(id, undefined);
    if ((this.usage(id).lost ?? []).length === 0) return;
    await registry.noteLost(id, this.#ports.clock.now());
    this.#damage.accept(id);
  }

  /** Copies of segments that were damaged, and what became of them; counted since `open`. */
  get damage(): DamageTotals {
    const { waiting, ...counts } = this.#damage.totals;
    return { ...counts, waiting: waiting.filter(({ id }) => this.has(id)) };
  }

  /** Cartridges of which objects in the middle cannot be read any more, until somebody has taken note. */
  damagedIds(): readonly CartridgeId[] {
    return this.#damage.ids.filter((id) => this.has(id) && (this.usage(id).lost ?? []).length > 0);
  }

  async #load(id: CartridgeId, { durability, policy }: LoadOptions): Promise<LoadedImage> {
    const { objects, copies, fetcher, healer, recovery, upkeep, room } = this.#open;
    const active = await this.#take(id, "it is in a drive");
    const { cartridge } = active;
    this.#sealing.prepare(cartridge);
    try {
      const found = await recovery.takeIntoUse(active);
      const demand =
        policy && new DemandThaw({ ...this.#ports, objects, copies, cartridge, policy, asked: this.#asked });
      if (demand !== undefined) fetcher.thawOnDemand(cartridge, demand);
      const image = new StoredImage({
        ...this.#ports,
        checkChange: () => this.checkChange(),
        disk: active.disk,
        cartridge,
        found,
        rings: this.#rings,
        readMemory: this.#readMemory,
        seen: this.#seen,
        shape: this.#shape,
        gate: allGates([upkeep.budget, room]),
        remote: fetcher,
        demand,
        changed: () => upkeep.sealed(active),
        begun: (byteCount) => {
          active.openSince = this.#ports.clock.monotonic();
          this.#settings.active?.();
          room.announce(byteCount);
        },
        counts: this.#reads,
        damagedCopy: (entry, what) => upkeep.inBackground(healer.damagedCopy(cartridge, entry, what)),
        isRemote: () => durability?.() === "remote",
        stored: () => upkeep.allStored(active),
        takeUnreported: () => takeUnreported(active),
        giveUp: () => active.disk.giveUp(),
        unloaded: (failure) => this.#unloaded(active, failure),
      });
      active.image = image;
      if (this.#settings.owner !== undefined) this.#open.bucketLog.watch();
      return image;
    } catch (error) {
      await this.#giveBack(active);
      throw error;
    }
  }

  /** What is safe where. Fault `store.cartridge-missing`. */
  usage(id: CartridgeId): CartridgeUsage {
    const { registry, active } = this.#open;
    const { usage, point } = registry.get(id);
    const open = active.find(id);
    return { ...(open === undefined ? usage : activeUsage(open)), recoveryPoint: point && usagePointOf(point) };
  }

  /**
   * Seals, uploads everything, takes a recovery point (its objects stay in STANDARD), moves the objects to `storageClass`, gives up
   * local copies. May be repeated and resumed after any failure or crash; done work is not done again. Not while loaded.
   */
  archive(id: CartridgeId, storageClass: StorageClass, options: WorkOptions = {}): Promise<void> {
    return this.#mending(id, () => this.#archive(id, storageClass, options));
  }

  async #archive(id: CartridgeId, storageClass: StorageClass, options: WorkOptions): Promise<void> {
    const { points, upkeep, recovery } = this.#open;
    const active = await this.#take(id, "it is being archived");
    const { cartridge } = active;
    active.isShelved = true;
    try {
      await upkeep.stopUploading(active);
      await recovery.takeSealed(active);
      await upkeep.uploader.uploadAll(cartridge, options.signal, (done, total) => {
        options.progress?.({ phase: "upload", done, total });
      });
      const work = this.#workOn(active, options);
      await points.take(cartridge, { ...options, storageClass, force: true });
      await changeClass(work, storageClass);
      upkeep.evictedBytes += await evict(this.#open.disk, cartridge, Infinity);
      await recovery.putToRest(active);
    } finally {
      active.isShelved = false;
      await this.#giveBack(active);
    }
  }

  /** Forgets the cartridge, durably at once; local and remote bytes go in the background. Not while loaded. */
  async remove(id: CartridgeId): Promise<void> {
    const { registry, active: all, upkeep } = this.#open;
    const active = await this.#take(id, "it is being removed");
    try {
      await upkeep.stopUploading(active);
      await registry.remove(id);
    } finally {
      active.busy = undefined;
      await all.release(active);
    }
    upkeep.forget(id);
    upkeep.inBackground(this.#erase(id));
  }

  /** Reads everything back, and mends. */
  get scrub(): Scrub {
    return this.#open.scrub;
  }

  pauseUploads(): void {
    this.#open.upkeep.uploader.pause();
  }

  resumeUploads(): void {
    this.#open.upkeep.uploader.resume();
  }

  /** Numbers for people and monitoring. */
  totals(): StoreTotals {
    const { registry, active, upkeep, room, bucketLog } = this.#open;
    const { uploader } = upkeep;
    const now = this.#ports.clock.monotonic();
    let loaded = 0;
    let uploadLag = 0;
    for (const { image, sealTimes } of active.all()) {
      if (image !== undefined) loaded += 1;
      uploadLag = Math.max(uploadLag, now - (sealTimes.oldest ?? now));
    }
    return {
      cartridges: registry.records.size,
      loaded,
      uploadBufferUsed: active.dirtyBytes,
      uploadBufferSize: upkeep.budget.size,
      cacheUsed: active.localBytes,
      cacheSize: this.#settings.cacheBytes,
      uploadedBytes: uploader.uploadedBytes,
      fetchedBytes: this.#fetchedBytes,
      evictedBytes: upkeep.evictedBytes,
      uploadsPaused: uploader.isPaused,
      diskFree: room.freeBytes,
      diskReserve: room.reserveBytes,
      isDiskFull: !room.isOpen || active.isDiskFull,
      cacheHits: this.#reads.hits,
      cacheMisses: this.#reads.misses,
      uploadLag,
      bucketSilence: bucketLog.silence,
      uploadFailure: active.dirtyBytes > 0 ? uploader.failure : undefined,
    };
  }

  /** The bandwidth limits that were set, and the one that holds now. */
  get bandwidth(): { readonly settings: BandwidthSettings; readonly limit: BandwidthLimit } {
    const { settings, limit } = this.#open.pace;
    return { settings, limit };
  }

  /** New limits count at once. Fault `store.bandwidth-bad`. */
  changeBandwidth(settings: BandwidthSettings): void {
    this.#open.pace.change(checkBandwidth(settings));
  }

  /** What would be lost if this machine were lost now: a cartridge per entry, the most first. */
  unstored(): readonly UnstoredData[] {
    return unstoredDataOf(this.#open.active, this.#ports.clock.monotonic());
  }

  /** Stops uploads, unloads what is loaded, closes all files. */
  async close(): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    const { registry, active, upkeep, bucketLog, beacon } = parts;
    const { clock } = this.#ports;
    const late = (): Error => storeFault("closed");
    parts.pace.stop();
    await upkeep.stop(storeFault("closed"));
    for (const { image } of active.all()) await image?.unload().catch(() => {});
    await upkeep.settled();
    for (const open of active.all()) await upkeep.stopUploading(open);
    this.#parts = undefined;
    const { owner } = this.#settings;
    if (owner !== undefined && this.fenced === undefined) bucketLog.note({}, owner.sequence());
    if (this.#settings.owner !== undefined) await within(clock, limits.logClose, beacon.stop(), late).catch(() => {});
    await bucketLog.close(limits.logClose);
    await registry.close();
  }

  get #bucketParts(): BucketParts {
    const { owner } = this.#settings;
    return { ports: this.#ports, owner, gateway: this.#gatewayName, sealer: this.#sealing.sealers.gateway };
  }

  get #gatewayName(): string {
    return this.#settings.owner?.name ?? "store";
  }

  get #open(): StoreParts {
    if (this.#parts === undefined) throw storeFault("closed");
    return this.#parts;
  }

  /** Opens and claims a cartridge. Fault `store.cartridge-busy`. Ends with `#giveBack`. */
  async #take(id: CartridgeId, what: string): Promise<ActiveCartridge> {
    const { active: all } = this.#open;
    const active = await all.hold(id);
    while (active.recovering !== undefined) await active.recovering;
    if (active.busy !== undefined) {
      const reason = active.busy;
      await all.release(active);
      throw storeFault("cartridge-busy", { cartridge: id, reason });
    }
    active.busy = what;
    this.#open.upkeep.touch(id);
    return active;
  }

  /** Does the work; when journal or directory turn out to be damaged, once more after these were made anew. */
  async #mending<T>(id: CartridgeId, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const isLost = isFault(error, "store.file-damaged") || isFault(error, "store.file-missing");
      const isMendable = isLost && !error.message.includes(".segment ");
      if (!isMendable || this.#open.active.find(id) !== undefined) throw error;
      this.#open.active.rebuildNext(id, error.message);
      return work();
    }
  }

  async #giveBack(active: ActiveCartridge): Promise<void> {
    const { upkeep, active: all } = this.#open;
    active.busy = undefined;
    if (active.cartridge.failure === undefined) upkeep.startUploading(active);
    else {
      await upkeep.stopUploading(active);
      upkeep.inBackground(this.#resumeLater(active.id));
    }
    upkeep.recount();
    await all.release(active);
    upkeep.startEviction();
  }

  async #withActive<T>(id: CartridgeId, work: (active: ActiveCartridge) => Promise<T>): Promise<T> {
    const { active: all } = this.#open;
    const active = await all.hold(id);
    try {
      return await work(active);
    } finally {
      await all.release(active);
    }
  }

  async #unloaded(active: ActiveCartridge, failure: Error | undefined): Promise<void> {
    await this.#open.fetcher.close(active.cartridge);
    active.image = undefined;
    try {
      // After a failure, what the disk holds must be looked at anew.
      if (failure === undefined) {
        // Only sealed segments are uploaded: what is in the open one must not wait for the next use.
        await this.#open.recovery.takeSealed(active);
        await this.#open.recovery.putToRest(active);
      }
    } finally {
      await this.#giveBack(active);
    }
  }

  /** Takes up what an earlier run left: uploads, and the open segment after a crash. */
  async #resume(id: CartridgeId): Promise<void> {
    const { active: all, upkeep, recovery } = this.#open;
    const active = await all.hold(id);
    const { dirtyBytes, nextSegment } = active.cartridge.head;
    if (dirtyBytes > 0) active.sealTimes.note(nextSegment, this.#ports.clock.monotonic());
    upkeep.startUploading(active);
    upkeep.recount();
    active.recovering = recovery.afterStart(active);
    upkeep.inBackground(active.recovering.then(() => all.release(active)));
  }

  /** After a journal could not be written: opens the cartridge anew for its uploads, unless a drive does before. */
  async #resumeLater(id: CartridgeId): Promise<void> {
    await sleep(this.#ports.clock, limits.uploadBackoffMax, this.#open.upkeep.signal);
    if (this.has(id) && this.#open.active.find(id) === undefined) await this.#resume(id);
  }

  async #erase(id: CartridgeId): Promise<void> {
    const { disk, objects, bucketLog, keys } = this.#open;
    const { clock } = this.#ports;
    const commit = (signal: AbortSignal): Promise<void> => bucketLog.commit(signal);
    await eraseCartridge({ disk, clock, objects, commit }, id, `${this.#folder}/${id}`, this.#open.upkeep.signal);
    await disk.removeSpares();
    keys.forget(cartridgePrefix(id));
    await this.#open.registry.forget(id);
  }

  #workOn(active: ActiveCartridge, options: WorkOptions): ArchiveWork {
    const { objects } = this.#open;
    return { objects, clock: this.#ports.clock, cartridge: active.cartridge, options };
  }
}

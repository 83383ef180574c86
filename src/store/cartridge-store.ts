// SPDX-License-Identifier: Apache-2.0
// All stored cartridges: the face of the room. It wires the parts together and says who may do what when.

import { assert, type Duration, limits, roundUp, sleep } from "#base/index.ts";
import { type ActiveCartridge, ActiveCartridges, activeUsage, restStateOf } from "./active-cartridges.ts";
import { type ArchiveWork, changeClass, thawSegments, thawStateOf, writeManifest } from "./archive.ts";
import { evict, evictableBytes } from "./cache.ts";
import { CartridgeRegistry } from "./cartridge-registry.ts";
import { storeFault } from "./faults.ts";
import { StoredImage } from "./image.ts";
import type { StorageClass, ThawState, ThawTier } from "./object-store.ts";
import { checkpointDistance } from "./open-segment.ts";
import { SeenSegments } from "./read-sources.ts";
import { recover } from "./recover.ts";
import { eraseCartridge } from "./erase.ts";
import { RingPool } from "./ring.ts";
import type { RingShape } from "./ring-plan.ts";
import { SegmentFetcher } from "./segment-fetch.ts";
import { pageSize } from "./segment-format.ts";
import { sealSegment } from "./segment-seal.ts";
import { UploadBudget } from "./upload-budget.ts";
import { Uploader } from "./uploader.ts";
import type {
  CartridgeDescription,
  CartridgeId,
  CartridgeUsage,
  LoadedImage,
  StorePorts,
  StoreSettings,
  StoreTotals,
  WorkOptions,
} from "./types.ts";
import type { FoundSegment } from "./writer.ts";

/** What exists once the store is open. */
interface Parts {
  readonly registry: CartridgeRegistry;
  readonly active: ActiveCartridges;
  readonly uploader: Uploader;
  readonly fetcher: SegmentFetcher;
}

/** Where the bytes of all cartridges live. Every method but the constructor needs `open` to have resolved. */
export class CartridgeStore {
  readonly #ports: StorePorts;
  readonly #settings: StoreSettings;
  readonly #folder: string;
  readonly #shape: RingShape;
  readonly #rings: RingPool;
  readonly #readMemory = new RingPool(limits.readAheadSize, limits.ringsKept);
  readonly #seen: SeenSegments | undefined;
  readonly #budget: UploadBudget;
  readonly #abort = new AbortController();
  readonly #background = new Set<Promise<void>>();
  #parts: Parts | undefined;
  #evicting: Promise<void> | undefined;
  /** Least recently used first. */
  readonly #used = new Set<CartridgeId>();
  /** Monotonic times of the last two seals. */
  #lastSeals: readonly [number, number] = [-Infinity, -Infinity];
  #fetchedBytes = 0;
  #evictedBytes = 0;

  constructor(ports: StorePorts, settings: StoreSettings) {
    this.#ports = ports;
    this.#settings = settings;
    this.#folder = settings.folder ?? "cartridges";
    const { segmentSize = limits.segmentSize, ringSize = limits.ringSize } = settings;
    assert(segmentSize % pageSize === 0 && segmentSize >= 4 * pageSize, "a segment of whole pages");
    assert(ringSize % pageSize === 0 && ringSize >= 8 * pageSize, "a ring of whole pages");
    this.#shape = { segmentSize, ringSize };
    this.#rings = new RingPool(ringSize, limits.ringsKept);
    this.#budget = new UploadBudget(settings.uploadBufferBytes);
    const isDirect = settings.directWrites !== false && ports.disk.directAlignment > 1;
    this.#seen = isDirect ? new SeenSegments() : undefined;
  }

  /** Reads what is there, recovers after a crash, starts uploading. */
  async open(): Promise<void> {
    const { disk, log, random, clock, objects } = this.#ports;
    const folder = this.#folder;
    const registry = await CartridgeRegistry.open({ disk, log, random, path: `${folder}/store.ledger` });
    const active = new ActiveCartridges({ disk, clock, log, folder, registry });
    const uploader = new Uploader({
      disk,
      objects,
      clock,
      log,
      pages: new RingPool(roundUp(limits.transferSize, pageSize), 2 * limits.uploadsInFlight),
      shouldYield: () => this.#isWrittenFast(),
      dueAt: (cartridge, entry) => this.#uploadDueAt(cartridge.id, entry.segment),
      stored: (cartridge, entry) => this.#stored(cartridge.id, entry.segment),
      finished: (cartridge) => this.#uploadFinished(cartridge.id),
    });
    const fetcher = new SegmentFetcher({
      disk,
      objects,
      clock,
      log,
      fetched: (byteCount) => {
        this.#fetchedBytes += byteCount;
      },
      cached: () => this.#startEviction(),
    });
    this.#parts = { registry, active, uploader, fetcher };
    for (const record of registry.records.values()) this.#used.add(record.id);
    for (const id of registry.removing) this.#inBackground(this.#erase(id));
    const unsettled = [...registry.records.values()].filter((record) => record.state !== "rest");
    for (const { id } of unsettled) await this.#resume(id);
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
    this.#used.add(id);
  }

  /** Changes the description that `archive` writes beside the data. */
  describe(id: CartridgeId, description: CartridgeDescription): Promise<void> {
    return this.#open.registry.describe(id, description);
  }

  /** Opens for a drive. Faults `store.cartridge-missing`, `store.cartridge-busy` (loaded, archiving), `store.file-damaged`. */
  async load(id: CartridgeId): Promise<LoadedImage> {
    const { fetcher } = this.#open;
    const active = await this.#take(id, "it is in a drive");
    const { cartridge } = active;
    try {
      const found = await this.#recover(active);
      this.#checkWhole(active, found);
      await this.#noteOpen(active);
      const image = new StoredImage({
        ...this.#ports,
        cartridge,
        found,
        rings: this.#rings,
        readMemory: this.#readMemory,
        seen: this.#seen,
        shape: this.#shape,
        gate: this.#budget,
        remote: fetcher,
        changed: () => this.#sealed(active),
        unloaded: (failure) => this.#unloaded(active, failure),
      });
      active.image = image;
      return image;
    } catch (error) {
      await this.#giveBack(active);
      throw error;
    }
  }

  /** What is safe where. Fault `store.cartridge-missing`. */
  usage(id: CartridgeId): CartridgeUsage {
    const { registry, active } = this.#open;
    const { usage } = registry.get(id);
    const open = active.find(id);
    return open === undefined ? usage : activeUsage(open);
  }

  /**
   * Seals, uploads everything, writes the manifest (stays in STANDARD), moves the objects to `storageClass`, gives up
   * local copies. May be repeated and resumed after any failure or crash; done work is not done again. Not while loaded.
   */
  async archive(id: CartridgeId, storageClass: StorageClass, options: WorkOptions = {}): Promise<void> {
    const { registry, uploader } = this.#open;
    const active = await this.#take(id, "it is being archived");
    const { cartridge } = active;
    try {
      await this.#stopUploading(active);
      await this.#sealRest(active);
      await uploader.uploadAll(cartridge, options.signal, (done, total) => {
        options.progress?.({ phase: "upload", done, total });
      });
      const work = this.#workOn(active, options);
      await writeManifest(work, registry.get(id).description, storageClass);
      await changeClass(work, storageClass);
      this.#evictedBytes += await evict(this.#ports.disk, cartridge, Infinity);
      await this.#noteRest(active);
    } finally {
      await this.#giveBack(active);
    }
  }

  /** Asks for all objects of the cartridge to become readable for `keep`. May be repeated; extends what is thawed. */
  async thaw(id: CartridgeId, tier: ThawTier, keep: Duration, options: WorkOptions = {}): Promise<void> {
    await this.#withActive(id, (active) => thawSegments(this.#workOn(active, options), tier, keep));
  }

  /** The state of the least ready object: latest `readyAt`, earliest `until`. */
  thawState(id: CartridgeId): Promise<ThawState> {
    return this.#withActive(id, (active) => thawStateOf(this.#workOn(active, {})));
  }

  /** Forgets the cartridge, durably at once; local and remote bytes go in the background. Not while loaded. */
  async remove(id: CartridgeId): Promise<void> {
    const { registry, active: all } = this.#open;
    const active = await this.#take(id, "it is being removed");
    try {
      await this.#stopUploading(active);
      await registry.remove(id);
      this.#used.delete(id);
    } finally {
      active.busy = undefined;
      await all.release(active);
    }
    this.#budget.update(all.dirtyBytes);
    this.#inBackground(this.#erase(id));
  }

  pauseUploads(): void {
    this.#open.uploader.pause();
  }

  resumeUploads(): void {
    this.#open.uploader.resume();
  }

  /** Numbers for people and monitoring. */
  totals(): StoreTotals {
    const { registry, active, uploader } = this.#open;
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
      uploadBufferSize: this.#budget.size,
      cacheUsed: active.localBytes,
      cacheSize: this.#settings.cacheBytes,
      uploadedBytes: uploader.uploadedBytes,
      fetchedBytes: this.#fetchedBytes,
      evictedBytes: this.#evictedBytes,
      uploadsPaused: uploader.isPaused,
      uploadLag,
      uploadFailure: active.dirtyBytes > 0 ? uploader.failure : undefined,
    };
  }

  /** Stops uploads, unloads what is loaded, closes all files. */
  async close(): Promise<void> {
    const parts = this.#parts;
    if (parts === undefined) return;
    const { registry, active, uploader } = parts;
    this.#abort.abort(storeFault("closed"));
    await uploader.close();
    for (const { image } of active.all()) await image?.unload().catch(() => {});
    await Promise.allSettled(this.#background);
    await this.#evicting;
    for (const open of active.all()) if (open.isUploading) await this.#stopUploading(open);
    this.#parts = undefined;
    await registry.close();
  }

  get #open(): Parts {
    if (this.#parts === undefined) throw storeFault("closed");
    return this.#parts;
  }

  // ---- who has a cartridge

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
    this.#used.delete(id);
    this.#used.add(id);
    return active;
  }

  async #giveBack(active: ActiveCartridge): Promise<void> {
    active.busy = undefined;
    if (active.cartridge.failure === undefined) this.#startUploading(active);
    else {
      await this.#stopUploading(active);
      this.#inBackground(this.#resumeLater(active.id));
    }
    this.#budget.update(this.#open.active.dirtyBytes);
    await this.#open.active.release(active);
    this.#startEviction();
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
      if (failure === undefined) await this.#noteRest(active);
    } finally {
      await this.#giveBack(active);
    }
  }

  // ---- recovery and removal

  /** Takes up what an earlier run left: uploads, and the open segment after a crash. */
  async #resume(id: CartridgeId): Promise<void> {
    const { active: all } = this.#open;
    const active = await all.hold(id);
    const now = this.#ports.clock.monotonic();
    if (active.cartridge.head.dirtyBytes > 0) active.sealTimes.note(active.cartridge.head.nextSegment, now);
    this.#startUploading(active);
    this.#budget.update(all.dirtyBytes);
    active.recovering = this.#recoverAtStart(active);
    this.#inBackground(active.recovering.then(() => all.release(active)));
  }

  /** After a journal could not be written: opens the cartridge anew for its uploads, unless a drive does before. */
  async #resumeLater(id: CartridgeId): Promise<void> {
    await sleep(this.#ports.clock, limits.uploadBackoffMax, this.#abort.signal);
    if (this.has(id) && this.#open.active.find(id) === undefined) await this.#resume(id);
  }

  async #recoverAtStart(active: ActiveCartridge): Promise<void> {
    const { cartridge, id } = active;
    try {
      const found = await this.#recover(active);
      this.#checkWhole(active, found);
      const { resume } = cartridge.head;
      if (found !== undefined && resume?.recordsEnd !== found.segment.end) {
        const { segment } = found.segment.identity;
        await cartridge.note({ resume: { segment, ...found.segment.content } });
      }
      await this.#noteRest(active);
    } catch (error) {
      this.#ports.log.error("a cartridge could not be recovered and cannot be loaded", { cartridge: id }, error);
    } finally {
      active.recovering = undefined;
    }
  }

  async #recover(active: ActiveCartridge): Promise<FoundSegment | undefined> {
    const { disk, log } = this.#ports;
    const { cartridge } = active;
    const { count } = cartridge.head;
    const distance = checkpointDistance(this.#shape.segmentSize);
    const found = await recover({ disk, log, checkpointDistance: distance }, cartridge);
    if (cartridge.head.count > count) this.#sealed(active);
    return found;
  }

  /** A cartridge that was put to rest in order holds what it held then; a journal that lost its end would hide some. */
  #checkWhole({ cartridge, id, isOpen }: ActiveCartridge, found: FoundSegment | undefined): void {
    const { usage } = this.#open.registry.get(id);
    const objects = cartridge.head.objects + (found?.segment.objects ?? 0);
    if (isOpen || objects === usage.objects) return;
    const reason = `it leads to ${objects} objects, and the store's ledger remembers ${usage.objects}`;
    throw storeFault("file-damaged", { path: `${cartridge.folder}/journal`, offset: 0, reason });
  }

  /** From now on the store's ledger is not to be believed about this cartridge. */
  async #noteOpen(active: ActiveCartridge): Promise<void> {
    const { registry } = this.#open;
    await registry.note(active.id, registry.get(active.id).usage, "open");
    active.isOpen = true;
  }

  /** Now it is again. */
  async #noteRest(active: ActiveCartridge): Promise<void> {
    if (active.cartridge.failure !== undefined) return;
    await this.#open.registry.note(active.id, activeUsage(active), restStateOf(active));
    active.isOpen = false;
  }

  /** Seals the open segment of a cartridge that is in no drive. */
  async #sealRest(active: ActiveCartridge): Promise<void> {
    const { cartridge } = active;
    const found = await this.#recover(active);
    this.#checkWhole(active, found);
    await this.#noteOpen(active);
    if (found === undefined) return;
    const { segment } = found;
    if (segment.objects === 0) return;
    await cartridge.seal(await sealSegment(this.#ports.disk, cartridge.segmentPath(segment.identity.segment), segment));
  }

  async #erase(id: CartridgeId): Promise<void> {
    await eraseCartridge(this.#ports, id, `${this.#folder}/${id}`, this.#abort.signal);
    await this.#open.registry.forget(id);
  }

  #inBackground(work: Promise<void>): void {
    const running = work
      .catch((error: unknown) => {
        if (this.#abort.signal.aborted) return;
        this.#ports.log.warn("background work of the store failed; the next start takes it up", {
          error: error instanceof Error ? error.message : String(error),
        });
      })
      .finally(() => this.#background.delete(running));
    this.#background.add(running);
  }

  // ---- uploads and eviction

  #workOn(active: ActiveCartridge, options: WorkOptions): ArchiveWork {
    const { objects, clock } = this.#ports;
    return { objects, clock, cartridge: active.cartridge, options };
  }

  /** A drive sealed or cut. */
  #sealed(active: ActiveCartridge): void {
    const now = this.#ports.clock.monotonic();
    this.#lastSeals = [this.#lastSeals[1], now];
    const { nextSegment, dirtyBytes } = active.cartridge.head;
    if (dirtyBytes > 0) active.sealTimes.note(nextSegment, now);
    else active.sealTimes.clear();
    this.#budget.update(this.#open.active.dirtyBytes);
    this.#startUploading(active);
  }

  #startUploading(active: ActiveCartridge): void {
    const { dirtyBytes, garbage } = active.cartridge.head;
    const isWaiting = dirtyBytes > 0 || garbage.length > 0;
    if (!isWaiting || this.#abort.signal.aborted || active.busy === "it is being archived") return;
    if (!active.isUploading) {
      active.isUploading = true;
      // It has a user now, so this one cannot fail.
      this.#inBackground(this.#open.active.hold(active.id).then(() => {}));
    }
    this.#open.uploader.add(active.cartridge);
  }

  async #stopUploading(active: ActiveCartridge): Promise<void> {
    if (!active.isUploading) return;
    await this.#open.uploader.exclude(active.cartridge);
    if (!active.isUploading) return;
    active.isUploading = false;
    await this.#open.active.release(active);
  }

  #stored(id: CartridgeId, segment: number): void {
    const { active } = this.#open;
    active.find(id)?.sealTimes.forgetUpTo(segment);
    this.#budget.update(active.dirtyBytes);
    this.#startEviction();
  }

  #uploadFinished(id: CartridgeId): void {
    const { active: all } = this.#open;
    const active = all.find(id);
    if (active?.isUploading !== true) return;
    active.isUploading = false;
    active.sealTimes.clear();
    this.#inBackground(all.release(active));
  }

  /** The monotonic time at which a sealed segment should be uploaded. */
  #uploadDueAt(id: CartridgeId, segment: number): number {
    const active = this.#open.active.find(id);
    const { used, size } = this.#budget;
    if (active?.image === undefined || used * 4 > size) return 0;
    const { uploadDelay = limits.uploadDelay } = this.#settings;
    return (active.sealTimes.of(segment) ?? 0) + uploadDelay;
  }

  /** Drives seal more than one segment a second, and the upload buffer has room: uploads wait. */
  #isWrittenFast(): boolean {
    const [before, last] = this.#lastSeals;
    const now = this.#ports.clock.monotonic();
    return last - before < 1000 && now - last < 1000 && this.#budget.used * 2 < this.#budget.size;
  }

  #startEviction(): void {
    if (this.#evicting !== undefined || this.#abort.signal.aborted) return;
    if (this.#open.active.localBytes <= this.#settings.cacheBytes) return;
    this.#evicting = this.#evict().finally(() => {
      this.#evicting = undefined;
    });
    this.#inBackground(this.#evicting);
  }

  /** Cartridges in drives give last, each group in the order of its last use. */
  async #evict(): Promise<void> {
    const { active: all } = this.#open;
    const inDrive = [...this.#used].filter((id) => all.find(id)?.image !== undefined);
    const atRest = [...this.#used].filter((id) => !inDrive.includes(id));
    for (const id of [...atRest, ...inDrive]) {
      const excess = all.localBytes - this.#settings.cacheBytes;
      if (excess <= 0) return;
      if (!this.has(id) || evictableBytes(this.usage(id)) === 0) continue;
      this.#evictedBytes += await this.#withActive(id, ({ cartridge }) => evict(this.#ports.disk, cartridge, excess));
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
// What goes on beside the drives: uploads are started and held back, the upload buffer is accounted for, the cache is
// kept within its size. It decides when; the uploader and the cache do it.

import { type Clock, type Duration, limits, type Log, roundUp } from "#base/index.ts";
import type { ActiveCartridge, ActiveCartridges } from "./active-cartridges.ts";
import { activeUsage } from "./active-cartridges.ts";
import { hasWork } from "./head.ts";
import { evict, evictableBytes } from "./cache.ts";
import type { CartridgeRegistry } from "./cartridge-registry.ts";
import type { DiskRoom } from "./disk-room.ts";
import type { ObjectStore } from "./object-store.ts";
import type { RecoveryPoints } from "./recovery-points.ts";
import type { RecyclingDisk } from "./recycling-disk.ts";
import { RingPool } from "./ring.ts";
import type { UploadSealing, UploadWork } from "./segment-upload.ts";
import { pageSize } from "./segment-format.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { CartridgeId, SegmentDamage } from "./types.ts";
import { storeFault } from "./faults.ts";
import { UploadBudget } from "./upload-budget.ts";
import { type UploadDamage, Uploader } from "./uploader.ts";

/** What upkeep needs. */
export interface UpkeepOptions {
  readonly disk: RecyclingDisk;
  readonly objects: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: CartridgeRegistry;
  readonly active: ActiveCartridges;
  readonly points: RecoveryPoints;
  /** Epoch under which segments are put; asked when the bucket is known to be ours. */
  readonly epoch: () => Promise<number>;
  /** Called when a segment that only this machine has is damaged, and when it is known what that cost. */
  readonly damaged: (damage: SegmentDamage) => void;
  /** Called when a damaged segment was cut off: its file. */
  readonly dead: (subject: string) => void;
  /** Called when what waits for upload has changed. */
  readonly recounted: () => void;
  readonly room: DiskRoom;
  /** Ended when the store closes. */
  readonly abort: AbortController;
  readonly cacheBytes: number;
  readonly uploadBufferBytes: number;
  readonly uploadDelay: Duration;
  readonly sealing: UploadSealing | undefined;
}

/** The store's background. */
export class Upkeep {
  readonly budget: UploadBudget;
  readonly uploader: Uploader;
  /** How single segments are put. */
  readonly uploads: UploadWork;
  readonly #options: UpkeepOptions;
  readonly #background = new Set<Promise<void>>();
  /** Least recently used first. */
  readonly #used = new Set<CartridgeId>();
  /** Monotonic times of the last two seals. */
  #lastSeals: readonly [number, number] = [-Infinity, -Infinity];
  #evicting: Promise<void> | undefined;
  /** Bytes of local copies given up so far. */
  evictedBytes = 0;

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.budget = new UploadBudget(options.uploadBufferBytes);
    const { disk, objects, clock, log, points, epoch, sealing } = options;
    const pages = new RingPool(roundUp(limits.transferSize, pageSize), 2 * limits.uploadsInFlight);
    this.uploads = { epoch, disk, objects, clock, log, sealing, gauges: new WeakMap(), pages };
    this.uploader = new Uploader({
      ...this.uploads,
      disk,
      points,
      shouldYield: () => this.#isWrittenFast(),
      dueAt: (cartridge, entry) => this.#uploadDueAt(cartridge.id, entry.segment),
      damaged: (cartridge, damage) => this.#damaged(cartridge, damage),
      stored: (cartridge, entry) => this.#stored(cartridge.id, entry.segment),
      finished: (cartridge) => this.#uploadFinished(cartridge.id),
    });
    for (const id of options.registry.records.keys()) this.#used.add(id);
  }

  /** Aborted when the store closes. */
  get signal(): AbortSignal {
    return this.#options.abort.signal;
  }

  /** Ends uploads; nothing new is begun. */
  stop(reason: Error): Promise<void> {
    this.#options.room.stop();
    this.#options.abort.abort(reason);
    return this.uploader.close();
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#background);
    await this.#evicting?.catch(() => {});
  }

  /** Lets something go on without anybody waiting; a failure is logged. */
  inBackground(work: Promise<void>): void {
    const running = work
      .catch((error: unknown) => {
        if (this.signal.aborted) return;
        this.#options.log.warn("background work of the store failed; the next start takes it up", {
          error: error instanceof Error ? error.message : String(error),
        });
      })
      .finally(() => this.#background.delete(running));
    this.#background.add(running);
  }

  /** The cartridge was used just now. */
  touch(id: CartridgeId): void {
    this.#used.delete(id);
    this.#used.add(id);
  }

  forget(id: CartridgeId): void {
    this.#used.delete(id);
    this.recount();
  }

  /** What waits for upload has changed. */
  recount(): void {
    this.budget.update(this.#options.active.dirtyBytes);
    this.#options.recounted();
  }

  /** A drive sealed or cut. */
  sealed(active: ActiveCartridge): void {
    const now = this.#options.clock.monotonic();
    this.#lastSeals = [this.#lastSeals[1], now];
    const { nextSegment, dirtyBytes } = active.cartridge.head;
    if (dirtyBytes > 0) active.sealTimes.note(nextSegment, now);
    else active.sealTimes.clear();
    this.recount();
    this.startUploading(active);
  }

  /** Uploads what waits, unless the shelf does that itself. */
  startUploading(active: ActiveCartridge): void {
    if (!hasWork(active.cartridge.head) || this.signal.aborted || active.isShelved) return;
    if (!active.isUploading) {
      active.isUploading = true;
      // It has a user now, so this one cannot fail.
      this.inBackground(this.#options.active.hold(active.id).then(() => {}));
    }
    this.uploader.add(active.cartridge);
  }

  /**
   * Resolves when everything that the cartridge's directory knows is in the object store, and a recovery point says so. Its
   * uploads wait for nothing meanwhile.
   */
  async allStored(active: ActiveCartridge): Promise<void> {
    active.isUrgent = true;
    while (hasWork(active.cartridge.head)) {
      this.startUploading(active);
      await new Promise<void>((resolve) => active.storedWaiters.push(resolve));
    }
    active.isUrgent = false;
  }

  /** Leaves the cartridge's segments alone; resolves when nothing of it is on its way. */
  async stopUploading(active: ActiveCartridge): Promise<void> {
    if (!active.isUploading) return;
    await this.uploader.exclude(active.cartridge);
    if (!active.isUploading) return;
    active.isUploading = false;
    await this.#options.active.release(active);
  }

  /** Gives up local copies if there are more than the cache may have. */
  startEviction(): void {
    if (this.#evicting !== undefined || this.signal.aborted) return;
    if (this.#excessBytes <= 0) return;
    this.#evicting = this.#evict().finally(() => {
      this.#evicting = undefined;
    });
    this.inBackground(this.#evicting);
  }

  /** Files that are kept for later take room as well. */
  async #makeRoom(): Promise<void> {
    await this.#options.disk.removeSpares();
    await this.#options.room.refresh();
  }

  /** Bytes of local copies that are too many: for the cache, or for a disk that is filling up. */
  get #excessBytes(): number {
    const { active, cacheBytes, room } = this.#options;
    return Math.max(active.localBytes - cacheBytes, room.missingBytes);
  }

  #stored(id: CartridgeId, segment: number): void {
    const active = this.#options.active.find(id);
    if (active !== undefined) {
      active.damaged.delete(segment);
      active.sealTimes.forgetUpTo(Math.min(segment, ...[...active.damaged].map((damaged) => damaged - 1)));
      wakeWaiters(active);
    }
    this.recount();
    this.startEviction();
  }

  /** The others do not wait for it, and people are told. */
  #damaged(cartridge: StoredCartridge, { segment, what, salvaged }: UploadDamage): void {
    const { id } = cartridge;
    const active = this.#options.active.find(id);
    active?.damaged.add(segment);
    const subject = cartridge.segmentPath(segment);
    if (salvaged?.kind === "dead") {
      active?.damaged.delete(segment);
      return this.#options.dead(subject);
    }
    const lost = salvaged?.kind === "salvaged" ? salvaged.lost : [];
    const object = lost[0]?.[0];
    if (active !== undefined && object !== undefined) {
      active.unreported = storeFault("record-damaged", { object, cartridge: id, reason: what });
    }
    const outcome = salvaged === undefined ? "found" : object === undefined ? "healed" : "lost";
    this.#options.damaged({ id, segment, copy: "local", subject, what, outcome, lost });
  }

  #uploadFinished(id: CartridgeId): void {
    const { active: all } = this.#options;
    const active = all.find(id);
    if (active?.isUploading !== true) return;
    active.isUploading = false;
    active.sealTimes.clear();
    wakeWaiters(active);
    this.inBackground(all.release(active));
  }

  /** The monotonic time at which a sealed segment should be uploaded. */
  #uploadDueAt(id: CartridgeId, segment: number): number {
    const active = this.#options.active.find(id);
    const { used, size } = this.budget;
    if (active?.image === undefined || active.isUrgent || used * 4 > size) return 0;
    return (active.sealTimes.of(segment) ?? 0) + this.#options.uploadDelay;
  }

  /** Drives seal more than one segment a second, and the upload buffer has room: uploads wait. */
  #isWrittenFast(): boolean {
    const [before, last] = this.#lastSeals;
    const now = this.#options.clock.monotonic();
    if ([...this.#options.active.all()].some(({ isUrgent }) => isUrgent)) return false;
    return last - before < 1000 && now - last < 1000 && this.budget.used * 2 < this.budget.size;
  }

  /** Cartridges in drives give last, each group in the order of its last use. */
  async #evict(): Promise<void> {
    const { active: all, registry, disk, room } = this.#options;
    if (room.missingBytes > 0) await this.#makeRoom();
    const isInDrive = (id: CartridgeId): boolean => all.find(id)?.image !== undefined;
    const inDrive = [...this.#used].filter((id) => isInDrive(id));
    const atRest = [...this.#used].filter((id) => !isInDrive(id));
    for (const id of [...atRest, ...inDrive]) {
      const excess = this.#excessBytes;
      if (excess <= 0) return;
      const record = registry.records.get(id);
      const open = all.find(id);
      const usage = open === undefined ? record?.usage : activeUsage(open);
      if (record === undefined || usage === undefined || evictableBytes(usage) === 0) continue;
      const active = await all.hold(id);
      try {
        const freed = await evict(disk, active.cartridge, excess);
        this.evictedBytes += freed;
        if (freed > 0 && room.missingBytes > 0) await this.#makeRoom();
      } finally {
        await all.release(active);
      }
    }
  }
}

function wakeWaiters(active: ActiveCartridge): void {
  for (const resolve of active.storedWaiters.splice(0)) resolve();
}

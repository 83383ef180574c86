// SPDX-License-Identifier: Apache-2.0
// The cartridges whose journals are open, because somebody uses them: a drive, the uploader, the shelf. The first user
// opens, the last one puts to rest, which writes down what the cartridge holds.

import { type Clock, isFault, type Log, milliseconds } from "#base/index.ts";
import type { CartridgeRecord, CartridgeRegistry } from "./cartridge-registry.ts";
import { hasWork } from "./head.ts";
import type { StoredImage } from "./image.ts";
import type { Unstored } from "./log-entry.ts";
import type { ObjectStore } from "./object-store.ts";
import { PatientDisk } from "./patient-disk.ts";
import { healerOf, rebuildCartridge } from "./rebuild.ts";
import type { SegmentDisk } from "./recycling-disk.ts";
import { SealTimes } from "./seal-times.ts";
import type { SmallSealers } from "./small-sealer.ts";
import { usageOf } from "./store-facts.ts";
import { StoredCartridge } from "./stored-cartridge.ts";
import type { CartridgeId, CartridgeUsage, UnstoredData } from "./types.ts";

/** An open cartridge and who has it. */
export interface ActiveCartridge {
  readonly id: CartridgeId;
  readonly cartridge: StoredCartridge;
  /** What its journal and its segments are written through. */
  readonly disk: PatientDisk;
  /** What it is busy with, in words; nobody else may change it then. */
  busy: string | undefined;
  /** Why it was made anew from its recovery point, until what that cost is known. */
  rebuilt: string | undefined;
  image: StoredImage | undefined;
  /** Its content may be other than the store's ledger says. */
  isOpen: boolean;
  /** It is on its way to the shelf, which uploads on its own. */
  isShelved: boolean;
  /** The uploader is one of its users. */
  isUploading: boolean;
  /** Recovery after a crash that is under way. */
  recovering: Promise<void> | undefined;
  /** A host waits until it is in the object store. */
  isUrgent: boolean;
  /** Told each time something of it was stored, and when all is. */
  storedWaiters: (() => void)[];
  /** Monotonic time at which its open segment began; undefined when that is not known. */
  openSince: number | undefined;
  /** Segments that only this machine has and that are damaged. */
  readonly damaged: Set<number>;
  /** What was lost and no host was told of, although it waits for what is stored remotely. */
  unreported: Error | undefined;
  /** When its segments that wait for upload were sealed. */
  readonly sealTimes: SealTimes;
}

interface Slot {
  readonly opening: Promise<ActiveCartridge>;
  active: ActiveCartridge | undefined;
  users: number;
  resting: Promise<void> | undefined;
}

/** What opening needs. */
export interface ActiveOptions {
  readonly disk: SegmentDisk;
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: string;
  readonly registry: CartridgeRegistry;
  /** Aborted when the store closes. */
  readonly signal: AbortSignal;
  /** Called when something found no room on the disk. */
  readonly full: () => void;
  /** Where recovery points are read from. */
  readonly objects: ObjectStore;
  readonly sealers: SmallSealers;
}

/** All open cartridges. */
export class ActiveCartridges {
  readonly #options: ActiveOptions;
  readonly #slots = new Map<CartridgeId, Slot>();
  /** Why cartridges are to be rebuilt. */
  readonly #damaged = new Map<CartridgeId, string>();
  /** Local bytes of cartridges that are not open. */
  #restingLocalBytes = 0;

  constructor(options: ActiveOptions) {
    this.#options = options;
    for (const { usage } of options.registry.records.values()) this.#restingLocalBytes += usage.localBytes;
  }

  /** Opens for one more user, who must `release`. Faults `store.cartridge-missing` and those of the journal. */
  async hold(id: CartridgeId): Promise<ActiveCartridge> {
    for (let slot = this.#slots.get(id); slot?.resting !== undefined; slot = this.#slots.get(id)) await slot.resting;
    const { usage } = this.#options.registry.get(id);
    let slot = this.#slots.get(id);
    if (slot === undefined) {
      slot = { opening: this.#open(id), active: undefined, users: 0, resting: undefined };
      this.#slots.set(id, slot);
      this.#restingLocalBytes -= usage.localBytes;
    }
    slot.users += 1;
    try {
      slot.active = await slot.opening;
      return slot.active;
    } catch (error) {
      slot.users -= 1;
      if (slot.users === 0 && this.#slots.delete(id)) this.#restingLocalBytes += usage.localBytes;
      throw error;
    }
  }

  /** One user fewer; the last one waits until the cartridge is at rest. */
  async release(active: ActiveCartridge): Promise<void> {
    const slot = this.#slots.get(active.id);
    if (slot === undefined) return;
    slot.users -= 1;
    if (slot.users > 0) return;
    slot.resting = this.#rest(active).finally(() => this.#slots.delete(active.id));
    await slot.resting;
  }

  /** The open cartridge, if it is. */
  find(id: CartridgeId): ActiveCartridge | undefined {
    return this.#slots.get(id)?.active;
  }

  /** All that are open. */
  *all(): Generator<ActiveCartridge> {
    for (const { active } of this.#slots.values()) if (active !== undefined) yield active;
  }

  /** Bytes of local segments of all cartridges. */
  get localBytes(): number {
    let sum = this.#restingLocalBytes;
    for (const active of this.all()) sum += activeUsage(active).localBytes;
    return sum;
  }

  /** A cartridge is in a drive. */
  get isInUse(): boolean {
    return [...this.all()].some(({ image }) => image !== undefined);
  }

  /** Something waits for room on the disk. */
  get isDiskFull(): boolean {
    return [...this.all()].some(({ disk }) => disk.isFull);
  }

  /** Bytes of sealed segments that wait for upload. */
  get dirtyBytes(): number {
    let sum = 0;
    for (const { cartridge } of this.all()) sum += cartridge.head.dirtyBytes;
    return sum;
  }

  /** At its next opening the cartridge is rebuilt from its recovery point, for that reason. */
  rebuildNext(id: CartridgeId, reason: string): void {
    this.#damaged.set(id, reason);
  }

  /** Opens the journal; without a good one the cartridge is rebuilt from the bucket. */
  async #openOrRebuild(
    id: CartridgeId,
    disk: PatientDisk,
  ): Promise<{ cartridge: StoredCartridge; rebuilt: string | undefined }> {
    const { clock, log, registry, sealers, objects } = this.#options;
    const record = registry.get(id);
    const folder = `${this.#options.folder}/${id}`;
    const open = (): Promise<StoredCartridge> =>
      StoredCartridge.open({ disk, clock, log, id, folder, tag: record.tag });
    let reason = this.#damaged.get(id);
    this.#damaged.delete(id);
    if (reason === undefined) {
      try {
        const cartridge = await open();
        if (!isJournalLost(cartridge, record)) return { cartridge, rebuilt: undefined };
        await cartridge.close();
        reason = `${folder}/journal is missing`;
      } catch (error) {
        if (!isFault(error, "store.file-damaged")) throw error;
        reason = error.message;
      }
    }
    const work = { disk, objects, clock, log, sealer: sealers.cartridge(id) };
    await rebuildCartridge(work, { id, folder, tag: record.tag, point: record.point });
    // Of a cartridge that was recovered from the bucket, nothing was here before.
    const isNew = record.usage.localBytes === 0 && record.state === "rest";
    if (isNew) log.info("a cartridge was made from its recovery point in the bucket", { cartridge: id });
    else log.error("a cartridge was made anew from its recovery point in the bucket", { cartridge: id, reason });
    return { cartridge: await open(), rebuilt: reason };
  }

  async #open(id: CartridgeId): Promise<ActiveCartridge> {
    const { registry, objects, clock, log, sealers, signal, full } = this.#options;
    const disk = new PatientDisk({ disk: this.#options.disk, clock, signal, full });
    const { cartridge, rebuilt } = await this.#openOrRebuild(id, disk);
    cartridge.directory.heal = healerOf({ disk, objects, clock, log, sealer: sealers.cartridge(id) }, cartridge);
    return {
      id,
      cartridge,
      disk,
      rebuilt,
      busy: undefined,
      image: undefined,
      isOpen: registry.get(id).state === "open",
      isShelved: false,
      isUploading: false,
      recovering: undefined,
      isUrgent: false,
      storedWaiters: [],
      openSince: undefined,
      damaged: new Set(),
      unreported: undefined,
      sealTimes: new SealTimes(),
    };
  }

  async #rest(active: ActiveCartridge): Promise<void> {
    const { registry, log } = this.#options;
    const { cartridge, id } = active;
    const usage = activeUsage(active);
    try {
      await cartridge.close();
      // What could not be recovered stays marked, so that the next start looks again.
      const isUnknown = active.isOpen || cartridge.failure !== undefined;
      if (registry.records.has(id) && !isUnknown) await registry.note(id, usage, restStateOf(active));
    } catch (error) {
      log.error("a cartridge could not be put to rest; its journal will be asked again", { cartridge: id }, error);
    }
    if (registry.records.has(id)) this.#restingLocalBytes += usage.localBytes;
  }
}

/** What was lost and no host was told of; it is told once. */
export function takeUnreported(active: ActiveCartridge): Error | undefined {
  const { unreported } = active;
  active.unreported = undefined;
  return unreported;
}

/** What is left to do with a cartridge that is in no drive. */
export function restStateOf({ cartridge }: ActiveCartridge): "rest" | "waiting" {
  return hasWork(cartridge.head) ? "waiting" : "rest";
}

/** The journal says that nothing ever happened to the cartridge, and others know better. */
function isJournalLost({ head }: StoredCartridge, { point, usage }: CartridgeRecord): boolean {
  const isBlank = head.count === 0 && head.nextSegment === 1 && head.manifests === 0 && head.resume === null;
  return isBlank && (point !== undefined || usage.objects > 0);
}

/** What only this machine has. What is at rest has been uploaded. */
export function unstoredOf(all: ActiveCartridges): readonly Unstored[] {
  return [...all.all()].flatMap((active) => {
    const { objects, files, sizeBytes: bytes, dirtyBytes } = activeUsage(active);
    return dirtyBytes === 0 ? [] : [{ id: active.id, objects, files, bytes, dirtyBytes }];
  });
}

/** What would be lost with this machine, the most first. What is at rest has been uploaded. `now` is monotonic. */
export function unstoredDataOf(all: ActiveCartridges, now: number): readonly UnstoredData[] {
  const found = [...all.all()].flatMap((active): UnstoredData[] => {
    const { objects, dirtyBytes: bytes, recoveryPoint } = activeUsage(active);
    if (bytes === 0) return [];
    const since = active.sealTimes.oldest ?? active.openSince ?? now;
    const age = milliseconds(Math.max(now - since, 0));
    return [{ id: active.id, bytes, objects: objects - (recoveryPoint?.objects ?? 0), age, recoveryPoint }];
  });
  return found.toSorted((left, right) => right.bytes - left.bytes);
}

/** What an open cartridge holds. */
export function activeUsage({ cartridge, image }: ActiveCartridge): CartridgeUsage {
  const { head } = cartridge;
  if (image !== undefined) {
    const { endOfData: objects, fileCount: files, sizeBytes: bytes, unrecordedBytes: fileBytes } = image;
    return usageOf(head, { objects, files, bytes, fileBytes });
  }
  const resume = head.resume?.segment === head.nextSegment ? head.resume : undefined;
  return usageOf(head, {
    objects: head.objects + (resume?.objects ?? 0),
    files: head.files + (resume?.filemarks ?? 0),
    bytes: head.bytes + (resume?.recordBytes ?? 0),
    fileBytes: resume?.recordsEnd ?? 0,
  });
}

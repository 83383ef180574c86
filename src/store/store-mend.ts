// SPDX-License-Identifier: Apache-2.0
// Mends what a check-up found in a store, without losing anything: what is damaged is put aside, and what is removed has
// proved to be dead or to be whole elsewhere. Every mend may be interrupted anywhere and done again.

import { assert, isFault, limits, roundUp } from "#base/index.ts";
import { type ActiveCartridge, ActiveCartridges } from "./active-cartridges.ts";
import { fileProblem } from "./cartridge-look.ts";
import { Recovery } from "./cartridge-recovery.ts";
import { CartridgeRegistry } from "./cartridge-registry.ts";
import { type Entry, objectBytesOf } from "./directory-entry.ts";
import { folderOf, unlessMissing } from "./disk-paths.ts";
import { storeFault } from "./faults.ts";
import type { Finding, Mend } from "./finding.ts";
import { segmentKey } from "./object-keys.ts";
import type { ObjectKey } from "./object-store.ts";
import { retried } from "./object-work.ts";
import { checkpointDistance } from "./open-segment.ts";
import { RecyclingDisk } from "./recycling-disk.ts";
import { RingPool } from "./ring.ts";
import { pageSize } from "./segment-format.ts";
import { putSegment, type UploadWork } from "./segment-upload.ts";
import type { StoreLookPorts } from "./store-look.ts";
import { storeSealing } from "./store-sealing.ts";
import type { CartridgeId } from "./types.ts";

/** What came of a mend. */
export interface Mended {
  readonly subject: string;
  /** What was done, or why not. */
  readonly text: string;
  readonly isDone: boolean;
}

/** Mends what is the store's business. */
export type StoreMend = Exclude<Mend, { kind: "ledgers" } | { kind: "mode" }>;

/** What mending needs besides the ports of looking. */
export interface MendOptions {
  readonly gateway: string;
  /** False: another data folder owns what is in the bucket, and nothing there is changed. */
  readonly isOurs: boolean;
  readonly signal: AbortSignal;
}

/** True for a mend that `mendStore` does. */
export const isStoreMend = (mend: Mend): mend is StoreMend => mend.kind !== "ledgers" && mend.kind !== "mode";

/** Mends what these findings name, one after the other. A fault of one is told and keeps none of the others back. */
export async function mendStore(
  ports: Omit<StoreLookPorts, "findings">,
  findings: readonly Finding[],
  options: MendOptions,
): Promise<readonly Mended[]> {
  const hands = await Hands.open(ports, options);
  const mended: Mended[] = [];
  try {
    for (const { subject, mend } of findings) {
      if (mend === undefined || !isStoreMend(mend)) continue;
      try {
        mended.push({ subject, text: await hands.mend(mend), isDone: true });
      } catch (error) {
        if (!isFault(error)) throw error;
        mended.push({ subject, text: error.message, isDone: false });
      }
    }
  } finally {
    await hands.close();
  }
  return mended;
}

class Hands {
  readonly #ports: Omit<StoreLookPorts, "findings">;
  readonly #options: MendOptions;
  readonly #registry: CartridgeRegistry;
  readonly #active: ActiveCartridges;
  readonly #recovery: Recovery;
  readonly #uploads: UploadWork;

  static async open(ports: Omit<StoreLookPorts, "findings">, options: MendOptions): Promise<Hands> {
    const { log, random, folder } = ports;
    const disk = await RecyclingDisk.on(ports.disk, `${folder}/spare-segments`);
    const registry = await CartridgeRegistry.open({ disk, log, random, path: `${folder}/store.ledger` });
    return new Hands(ports, options, disk, registry);
  }

  private constructor(
    ports: Omit<StoreLookPorts, "findings">,
    options: MendOptions,
    disk: RecyclingDisk,
    registry: CartridgeRegistry,
  ) {
    const { objects, clock, log, folder } = ports;
    const { signal } = options;
    const { sealers, uploads: sealing } = storeSealing(ports, options.gateway);
    this.#ports = ports;
    this.#options = options;
    this.#registry = registry;
    const full = (): void => {};
    this.#active = new ActiveCartridges({ disk, clock, log, folder, registry, objects, sealers, signal, full });
    const distance = checkpointDistance(limits.segmentSize);
    const nothing = (): void => {};
    const telling = { lost: nothing, sealed: nothing };
    this.#recovery = new Recovery({ disk, clock, log, registry, checkpointDistance: distance, ...telling });
    const pages = new RingPool(roundUp(limits.transferSize, pageSize), 2);
    const epoch = (): Promise<number> => Promise.resolve(registry.position?.epoch ?? 0);
    this.#uploads = { objects, clock, disk, log, pages, sealing, epoch, gauges: new WeakMap() };
  }

  close(): Promise<void> {
    return this.#registry.close();
  }

  /** Does it; says what was done. Faults say why not. */
  async mend(mend: StoreMend): Promise<string> {
    switch (mend.kind) {
      case "rebuild":
        return this.#rebuild(mend.id, mend.reason);
      case "forget-local":
        return this.#held(mend.id, mend.segment, (active, entry) => this.#forgetLocal(active, entry));
      case "put-again":
        this.#checkOurs(mend.id);
        return this.#held(mend.id, mend.segment, (active, entry) => this.#putAgain(active, entry));
      case "new-manifest":
        return this.#forgetManifest(mend.id);
      case "new-log":
        return this.#beginLog();
      case "remove-file":
        return this.#removeFile(mend.path);
      case "remove-object":
        this.#checkOurs(mend.key);
        return this.#removeObject(mend.key);
      default:
        return mend satisfies never;
    }
  }

  async #forgetManifest(id: CartridgeId): Promise<string> {
    const active = await this.#active.hold(id);
    try {
      await this.#recovery.takeIntoUse(active);
      const { cartridge } = active;
      // Other than what is stored, also where that is nothing: then a manifest is due.
      await cartridge.note({ manifestCount: cartridge.head.storedCount === 0 ? 1 : 0 });
      await this.#recovery.putToRest(active);
      return "the next start writes a new manifest";
    } finally {
      await this.#active.release(active);
    }
  }

  /** Whether the log is still ours the next start finds out before it writes. */
  async #beginLog(): Promise<string> {
    const { position } = this.#registry;
    assert(position !== undefined, "a log that is begun anew was written");
    await this.#registry.keep({ ...position, isBehind: true });
    return "the next start writes everything anew";
  }

  #checkOurs(subject: string): void {
    if (this.#options.isOurs) return;
    throw storeFault("mend-refused", { subject, reason: "another data folder owns what is in the bucket" });
  }

  async #rebuild(id: CartridgeId, reason: string): Promise<string> {
    const before = this.#registry.get(id).loss;
    this.#active.rebuildNext(id, reason);
    const active = await this.#active.hold(id);
    try {
      await this.#recovery.takeIntoUse(active);
      await this.#recovery.putToRest(active);
    } finally {
      await this.#active.release(active);
    }
    const { usage, loss } = this.#registry.get(id);
    const made = `made anew: it holds ${usage.objects} objects, ${usage.localBytes} bytes of them are local`;
    if (loss === undefined || loss === before) return `${made}; nothing is known to be lost`;
    return `${made}; LOST: objects ${loss.firstLost} to ${loss.firstLost + loss.objects - 1}, never uploaded`;
  }

  /** Works on a cartridge, and on a segment of it, and puts it to rest again. */
  async #held(
    id: CartridgeId,
    segment: number,
    work: (active: ActiveCartridge, entry: Entry) => Promise<string>,
  ): Promise<string> {
    const active = await this.#active.hold(id);
    try {
      await this.#recovery.takeIntoUse(active);
      const found = await active.cartridge.find(segment);
      assert(found !== undefined, `segment ${segment} of ${id} is live`);
      const done = await work(active, found.entry);
      await this.#recovery.putToRest(active);
      return done;
    } finally {
      await this.#active.release(active);
    }
  }

  async #forgetLocal({ cartridge, disk }: ActiveCartridge, entry: Entry): Promise<string> {
    const { objects, clock } = this.#ports;
    const key = segmentKey(cartridge.ownerOf(entry.segment).id, entry);
    const info = await retried(clock, this.#options.signal, () => objects.head(key));
    if (!entry.stored || info?.sizeBytes !== objectBytesOf(entry)) {
      throw storeFault("mend-refused", { subject: key, reason: "the object store does not have it whole either" });
    }
    const path = cartridge.segmentPath(entry.segment);
    const file = await unlessMissing(disk.open(path, { mode: "read" }));
    await file?.close();
    // As when it is evicted: an entry that says local is believed only as far as the file is there.
    if (file !== undefined) await disk.rename(path, `${path}.damaged`);
    await disk.syncFolder(cartridge.folder);
    await cartridge.markLocal([entry.segment], false);
    return "it is read from the object store now; what was here is put aside";
  }

  async #putAgain({ cartridge }: ActiveCartridge, entry: Entry): Promise<string> {
    const { disk, objects, clock } = this.#ports;
    const { signal } = this.#options;
    const work = { disk, isDeep: true, tag: cartridge.tag };
    const problem = await fileProblem(work, cartridge.segmentPath(entry.segment), entry);
    if (problem !== undefined)
      throw storeFault("mend-refused", { subject: cartridge.segmentPath(entry.segment), reason: problem });
    const key = segmentKey(cartridge.id, entry);
    await retried(clock, signal, () => objects.delete(key));
    const objectSize = await putSegment(this.#uploads, cartridge, { entry, epoch: entry.epoch }, signal);
    await cartridge.markPutAgain(entry.segment, objectSize);
    return "it was put again from the local copy";
  }

  async #removeFile(path: string): Promise<string> {
    const { disk } = this.#ports;
    await disk.remove(path);
    await disk.syncFolder(folderOf(path));
    return "removed";
  }

  async #removeObject(key: ObjectKey): Promise<string> {
    await retried(this.#ports.clock, this.#options.signal, () => this.#ports.objects.delete(key));
    return "removed";
  }
}

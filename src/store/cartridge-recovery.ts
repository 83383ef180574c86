// SPDX-License-Identifier: Apache-2.0
// Between use and rest: what the store's ledger says of a cartridge is marked as open before it may change, and written
// anew when it is known again; a cartridge that was put to rest in order must still be what it was then.

import type { Clock, Log } from "#base/index.ts";
import { type ActiveCartridge, activeUsage, restStateOf } from "./active-cartridges.ts";
import type { CartridgeRegistry } from "./cartridge-registry.ts";
import type { Disk } from "./disk.ts";
import { storeFault } from "./faults.ts";
import { recover } from "./recover.ts";
import { sealSegment } from "./segment-seal.ts";
import { lossBetween } from "./store-facts.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { CartridgeId, CartridgeLoss } from "./types.ts";
import type { FoundSegment } from "./writer.ts";

/** What recovery needs. */
export interface RecoveryOptions {
  readonly disk: Disk;
  readonly log: Log;
  readonly registry: CartridgeRegistry;
  readonly clock: Clock;
  readonly checkpointDistance: number;
  /** Called when something of a cartridge turned out to be gone. */
  readonly lost: (id: CartridgeId, loss: CartridgeLoss) => void;
  /** Called when segments were found that the directory did not know. */
  readonly sealed: (active: ActiveCartridge) => void;
}

/** Takes cartridges into use and puts them to rest. */
export class Recovery {
  readonly #options: RecoveryOptions;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /**
   * Finds the open segment, checks that nothing is missing, and marks the cartridge as open. Fault
   * `store.file-damaged`.
   */
  async takeIntoUse(active: ActiveCartridge): Promise<FoundSegment | undefined> {
    const { registry } = this.#options;
    const found = await this.#find(active);
    await registry.note(active.id, registry.get(active.id).usage, "open");
    active.isOpen = true;
    return found;
  }

  /** The content is what the journal says: the store's ledger may be believed again. */
  async putToRest(active: ActiveCartridge): Promise<void> {
    if (active.cartridge.failure !== undefined) return;
    await this.#options.registry.note(active.id, activeUsage(active), restStateOf(active));
    active.isOpen = false;
  }

  /** After a crash: finds out what is there, so that it need not be looked for again. Failures are logged. */
  async afterStart(active: ActiveCartridge): Promise<void> {
    const { id } = active;
    try {
      await this.#find(active);
      await this.putToRest(active);
    } catch (error) {
      this.#options.log.error("a cartridge could not be recovered and cannot be loaded", { cartridge: id }, error);
    } finally {
      active.recovering = undefined;
    }
  }

  /** Takes into use for the shelf, with the open segment sealed. */
  async takeSealed(active: ActiveCartridge): Promise<void> {
    const { cartridge } = active;
    const found = await this.takeIntoUse(active);
    if (found === undefined || found.segment.objects === 0) return;
    const path = cartridge.segmentPath(found.segment.identity.segment);
    await cartridge.seal(await sealSegment(this.#options.disk, path, found.segment));
  }

  async #find(active: ActiveCartridge): Promise<FoundSegment | undefined> {
    const { disk, log, checkpointDistance, registry, sealed } = this.#options;
    const { cartridge, id } = active;
    const { count } = cartridge.head;
    // Whether the directory can be read is better found out before a drive needs it.
    for (const index of count === 0 ? [] : [0, count - 1]) await cartridge.directory.get(index);
    const found = await recover({ disk, log, checkpointDistance }, cartridge);
    if (cartridge.head.count > count) sealed(active);
    const objects = cartridge.head.objects + (found?.segment.objects ?? 0);
    if (active.rebuilt !== undefined) await setAsideStrays(disk, cartridge, found);
    const { usage, point } = registry.get(id);
    const isShort = objects < usage.objects && !active.isOpen;
    const reason = `it leads to ${objects} objects, and the store's ledger remembers ${usage.objects}`;
    if (isShort && active.rebuilt === undefined && objects < (point?.objects ?? 0)) {
      // The bucket knows more than a journal that lost its end.
      throw storeFault("file-damaged", { path: `${cartridge.folder}/journal`, offset: 0, reason });
    }
    if (isShort || active.rebuilt !== undefined) await this.#noteLoss(active, found, reason);
    active.rebuilt = undefined;
    // Should it be put to rest without a change, it is known what it holds.
    if (found !== undefined && cartridge.head.resume?.recordsEnd !== found.segment.end) {
      const { segment } = found.segment.identity;
      await cartridge.note({ resume: { segment, ...found.segment.content } });
    }
    return found;
  }

  /** Writes down what a cartridge held before and does not hold now. */
  async #noteLoss(active: ActiveCartridge, found: FoundSegment | undefined, reason: string): Promise<void> {
    const { registry, log, clock, lost } = this.#options;
    const { head, folder } = active.cartridge;
    const { usage, loss: earlier } = registry.get(active.id);
    const has = {
      objects: head.objects + (found?.segment.objects ?? 0),
      files: head.files + (found?.segment.filemarks ?? 0),
      bytes: head.bytes + (found?.segment.recordBytes ?? 0),
    };
    const had = { objects: usage.objects, files: usage.files, bytes: usage.sizeBytes };
    const why = active.rebuilt ?? `${folder}/journal lost its end: ${reason}`;
    const loss = lossBetween(has, had, { at: clock.now(), reason: why }) ?? earlier;
    if (loss === undefined || loss === earlier) return;
    await registry.noteLoss(active.id, loss);
    log.error(`a cartridge lost its last ${loss.objects} objects: ${loss.reason}`, { cartridge: active.id });
    lost(active.id, loss);
  }
}

/** Segments that do not continue what was rebuilt get another name: their numbers will be used again. */
async function setAsideStrays(disk: Disk, cartridge: StoredCartridge, found: FoundSegment | undefined): Promise<void> {
  const first = cartridge.head.nextSegment + (found === undefined ? 0 : 1);
  for (const name of await disk.list(cartridge.folder)) {
    const [, digits] = /^(\d{12})\.segment$/.exec(name) ?? [];
    if (digits === undefined || Number(digits) < first) continue;
    await disk.rename(`${cartridge.folder}/${name}`, `${cartridge.folder}/${name}.damaged`);
  }
  await disk.syncFolder(cartridge.folder);
}

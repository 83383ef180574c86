// SPDX-License-Identifier: Apache-2.0
// Between use and rest: what the store's ledger says of a cartridge is marked as open before it may change, and written
// anew when it is known again; a cartridge that was put to rest in order must still be what it was then.

import type { Log } from "#base/index.ts";
import { type ActiveCartridge, activeUsage, restStateOf } from "./active-cartridges.ts";
import type { CartridgeRegistry } from "./cartridge-registry.ts";
import type { Disk } from "./disk.ts";
import { storeFault } from "./faults.ts";
import { recover } from "./recover.ts";
import { sealSegment } from "./segment-seal.ts";
import type { FoundSegment } from "./writer.ts";

/** What recovery needs. */
export interface RecoveryOptions {
  readonly disk: Disk;
  readonly log: Log;
  readonly registry: CartridgeRegistry;
  readonly checkpointDistance: number;
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
    const found = await recover({ disk, log, checkpointDistance }, cartridge);
    if (cartridge.head.count > count) sealed(active);
    const objects = cartridge.head.objects + (found?.segment.objects ?? 0);
    const { usage } = registry.get(id);
    if (active.isOpen || objects === usage.objects) {
      // Should it be put to rest without a change, it is known what it holds.
      if (found !== undefined && cartridge.head.resume?.recordsEnd !== found.segment.end) {
        const { segment } = found.segment.identity;
        await cartridge.note({ resume: { segment, ...found.segment.content } });
      }
      return found;
    }
    // A journal that lost its end would hide what came later.
    const reason = `it leads to ${objects} objects, and the store's ledger remembers ${usage.objects}`;
    throw storeFault("file-damaged", { path: `${cartridge.folder}/journal`, offset: 0, reason });
  }
}

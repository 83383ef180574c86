// SPDX-License-Identifier: Apache-2.0
// All stored cartridges: the face of the room.

import { Bug } from "#base/index.ts";
import type { Duration } from "#base/index.ts";
import type { StorageClass, ThawState, ThawTier } from "./object-store.ts";
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

/** Where the bytes of all cartridges live. Every method but the constructor needs `open` to have resolved. */
export class CartridgeStore {
  constructor(_ports: StorePorts, _settings: StoreSettings) {}

  /** Reads what is there, recovers after a crash, starts uploading. */
  open(): Promise<void> {
    throw new Bug("not built yet");
  }

  /** The cartridges, in the order of their making. */
  ids(): readonly CartridgeId[] {
    throw new Bug("not built yet");
  }

  has(_id: CartridgeId): boolean {
    throw new Bug("not built yet");
  }

  /** A blank cartridge, durable when it resolves. Many calls at once share one disk sync. Fault `store.cartridge-exists`. */
  create(_id: CartridgeId, _description: CartridgeDescription): Promise<void> {
    throw new Bug("not built yet");
  }

  /** Changes the description that `archive` writes beside the data. */
  describe(_id: CartridgeId, _description: CartridgeDescription): Promise<void> {
    throw new Bug("not built yet");
  }

  /** Opens for a drive. Faults `store.cartridge-missing`, `store.cartridge-busy` (loaded, archiving), `store.file-damaged`. */
  load(_id: CartridgeId): Promise<LoadedImage> {
    throw new Bug("not built yet");
  }

  usage(_id: CartridgeId): CartridgeUsage {
    throw new Bug("not built yet");
  }

  /**
   * Seals, uploads everything, writes the manifest (stays in STANDARD), moves the objects to `storageClass`, gives up
   * local copies. May be repeated and resumed after any failure or crash; done work is not done again. Not while loaded.
   */
  archive(_id: CartridgeId, _storageClass: StorageClass, _options?: WorkOptions): Promise<void> {
    throw new Bug("not built yet");
  }

  /** Asks for all objects of the cartridge to become readable for `keep`. May be repeated; extends what is thawed. */
  thaw(_id: CartridgeId, _tier: ThawTier, _keep: Duration, _options?: WorkOptions): Promise<void> {
    throw new Bug("not built yet");
  }

  /** The state of the least ready object: latest `readyAt`, earliest `until`. */
  thawState(_id: CartridgeId): Promise<ThawState> {
    throw new Bug("not built yet");
  }

  /** Forgets the cartridge, durably at once; local and remote bytes go in the background. Not while loaded. */
  remove(_id: CartridgeId): Promise<void> {
    throw new Bug("not built yet");
  }

  pauseUploads(): void {
    throw new Bug("not built yet");
  }

  resumeUploads(): void {
    throw new Bug("not built yet");
  }

  totals(): StoreTotals {
    throw new Bug("not built yet");
  }

  /** Stops uploads, unloads what is loaded, closes all files. */
  close(): Promise<void> {
    throw new Bug("not built yet");
  }
}

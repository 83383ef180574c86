// SPDX-License-Identifier: Apache-2.0
// Deletes all bytes of a cartridge that was removed, remote ones first.

import { limits } from "#base/index.ts";
import type { Disk } from "./disk.ts";
import { cartridgePrefix } from "./object-keys.ts";
import type { BypassOptions } from "./object-store.ts";
import { eachOf, type ObjectWork, retried } from "./object-work.ts";
import type { CartridgeId } from "./types.ts";

/** What erasing needs. */
export interface EraseWork extends ObjectWork {
  readonly disk: Disk;
  /** Resolves when the bucket's log says that the cartridge is gone. */
  readonly commit: (signal: AbortSignal) => Promise<void>;
}

/** Deletes every object of the cartridge, then its folder. May be repeated. */
export async function eraseCartridge(
  work: EraseWork,
  id: CartridgeId,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  await retried(work.clock, signal, () => work.commit(signal));
  await eraseObjects(work, id, signal);
  await work.disk.removeFolder(folder);
}

/** Deletes every object of the cartridge. May be repeated. Fault `store.object-locked`: the store keeps them. */
export async function eraseObjects(
  { objects, clock }: ObjectWork,
  id: CartridgeId,
  signal: AbortSignal | undefined,
  options: BypassOptions = {},
): Promise<void> {
  for (;;) {
    const keys = await retried(clock, signal, () => objects.list(cartridgePrefix(id), undefined, limits.listObjects));
    if (keys.length === 0) return;
    await eachOf(keys.length, signal, async (index) => {
      const key = keys[index];
      if (key !== undefined) await retried(clock, signal, () => objects.delete(key, options));
    });
  }
}

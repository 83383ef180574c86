// SPDX-License-Identifier: Apache-2.0
// Keeps local copies of stored segments within the operator's budget: the cartridge that was not used for longest gives
// first, from its beginning on. A segment that is not in the object store is never given up.

import { limits } from "#base/index.ts";
import type { RecyclingDisk } from "./recycling-disk.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";

/** Removes local copies of stored segments until `byteCount` bytes are free or none is left; says how many were. */
export async function evict(disk: RecyclingDisk, cartridge: StoredCartridge, byteCount: number): Promise<number> {
  let freed = 0;
  let batch: number[] = [];
  const flush = async (): Promise<void> => {
    // Memory is ahead of the journal while a full disk is waited for: what is stored counts when the journal says so.
    await cartridge.durable();
    // The files go first: an entry that says local is believed only as far as the file is there.
    for (const segment of batch) await disk.retire(cartridge.segmentPath(segment));
    await disk.syncFolder(cartridge.folder);
    await cartridge.markLocal(batch, false);
    batch = [];
  };
  for (let index = 0; index < cartridge.head.count && freed < byteCount; index++) {
    const entry = await cartridge.directory.get(index);
    if (!entry.stored || !entry.local) continue;
    batch.push(entry.segment);
    freed += entry.fileSize;
    if (batch.length >= limits.objectRequestsInFlight) await flush();
  }
  if (batch.length > 0) await flush();
  return freed;
}

/** Bytes of local copies that may be given up. */
export function evictableBytes(usage: { readonly localBytes: number; readonly dirtyBytes: number }): number {
  return Math.max(usage.localBytes - usage.dirtyBytes, 0);
}

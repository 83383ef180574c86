// SPDX-License-Identifier: Apache-2.0
// How a cartridge goes to the shelf, behind its last recovery point: its objects change their class. May be repeated; what
// is done already costs a request and changes nothing.

import type { Entry } from "./directory-entry.ts";
import { segmentKey } from "./object-keys.ts";
import type { StorageClass } from "./object-store.ts";
import { eachOf, type ObjectWork, retried } from "./object-work.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { WorkOptions } from "./types.ts";

/** What the steps need. */
export interface ArchiveWork extends ObjectWork {
  readonly cartridge: StoredCartridge;
  readonly options: WorkOptions;
}

/** Moves all segments to the class. */
export async function changeClass(work: ArchiveWork, storageClass: StorageClass): Promise<void> {
  const { cartridge, objects } = work;
  // Objects are put into STANDARD, and another class is noted before the first leaves it.
  if (storageClass === "STANDARD" && cartridge.head.storageClass === "STANDARD") return;
  await cartridge.note({ storageClass });
  await eachSegment(work, "class", async (entry) => {
    // What a clone shares stays where it is, under the lock that it has.
    if (cartridge.ownerOf(entry.segment).id !== cartridge.id) return;
    await objects.changeClass(segmentKey(cartridge.id, entry), storageClass);
  });
}

async function eachSegment(work: ArchiveWork, phase: "class", request: (entry: Entry) => Promise<void>): Promise<void> {
  const { cartridge, clock, options } = work;
  const total = cartridge.head.count;
  let done = 0;
  await eachOf(total, options.signal, async (index) => {
    const entry = await cartridge.directory.get(index);
    await retried(clock, options.signal, () => request(entry));
    done += 1;
    options.progress?.({ phase, done, total });
  });
}

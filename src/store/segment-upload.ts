// SPDX-License-Identifier: Apache-2.0
// Brings one sealed segment to the object store: read back from the disk past the page cache, put with the checksum that
// was made when it was written, which the object store compares, seen there, recorded.

import { limits } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import type { Entry } from "./directory-entry.ts";
import type { Disk } from "./disk.ts";
import { storeFault } from "./faults.ts";
import { segmentKey } from "./object-keys.ts";
import { type ObjectWork, putOnce } from "./object-work.ts";
import type { RingPool } from "./ring.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";

/** What an upload needs. */
export interface UploadWork extends ObjectWork {
  readonly disk: Disk;
  /** Epoch under which segments are put; asked when the store is known to be ours. */
  readonly epoch: () => Promise<number>;
  /** Memory to read into, `limits.transferSize` each. */
  readonly pages: RingPool;
}

/**
 * Uploads and records. Faults of the object store after a few attempts; `store.file-damaged` when the local file is not
 * what was written.
 */
export async function uploadSegment(
  work: UploadWork,
  cartridge: StoredCartridge,
  entry: Entry,
  signal: AbortSignal | undefined,
): Promise<void> {
  const path = cartridge.segmentPath(entry.segment);
  const epoch = await work.epoch();
  const key = segmentKey(cartridge.id, { segment: entry.segment, epoch });
  await putOnce(
    work,
    {
      key,
      sizeBytes: entry.fileSize,
      crc32: entry.fileCrc,
      content: () => contentOf(work, path, entry),
      recheck: () => verify(work, path, entry),
      storageClass: "STANDARD",
    },
    signal,
  );
  const isLive = await cartridge.markStored(entry.segment, epoch);
  // A cut made it dead while it was on its way.
  if (!isLive) await work.objects.delete(key);
}

/** The file's bytes. The object store compares them with the checksum that it is given. */
async function* contentOf(work: UploadWork, path: string, entry: Entry): AsyncGenerator<Uint8Array> {
  const file = await work.disk.open(path, { mode: "read", direct: true });
  const pages = work.pages.take();
  try {
    for (let offset = 0; offset < entry.fileSize;) {
      const piece = pages.bytes.subarray(0, Math.min(limits.transferSize, entry.fileSize - offset));
      const count = await file.read(offset, piece);
      offset += count;
      if (count < piece.byteLength) throw damaged(path, offset);
      yield piece;
    }
  } finally {
    await file.close();
    work.pages.giveBack(pages);
  }
}

/** Fault `store.file-damaged` when the file's bytes are not those that were written. */
async function verify(work: UploadWork, path: string, entry: Entry): Promise<void> {
  let sum = 0;
  for await (const piece of contentOf(work, path, entry)) sum = crc32(piece, sum);
  if (sum !== entry.fileCrc) throw damaged(path, entry.fileSize);
}

function damaged(path: string, offset: number): Error {
  return storeFault("file-damaged", { path, offset, reason: "its content is not what was written" });
}

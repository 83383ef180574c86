// SPDX-License-Identifier: Apache-2.0
// Writes the content of one object of the folder store: past the page cache where the disk can, so that uploads do not
// take the memory that reads are served from, and cost a writing drive little. Knows nothing of keys and classes.

import { limits, roundUp } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import type { Disk, DiskFile } from "./disk.ts";
import type { ContentEnd } from "./object-store.ts";
import type { RingPool } from "./ring.ts";
import { pageSize } from "./segment-format.ts";

/** What writing content needs. */
export interface ContentWork {
  readonly disk: Disk;
  /** Memory of `limits.transferSize`, for direct access. */
  readonly pages: RingPool;
  readonly signal: AbortSignal | undefined;
}

/**
 * Writes all pieces to a new file at `path`, durably once `check` has accepted their size and checksum; what `check`
 * throws is thrown, and the file is left to the caller.
 */
export async function writeContent(
  work: ContentWork,
  path: string,
  content: AsyncIterable<Uint8Array>,
  check: (end: ContentEnd) => void,
): Promise<ContentEnd> {
  const direct = work.disk.directAlignment > 1;
  const file = await work.disk.open(path, { mode: "create", direct });
  try {
    const end = await (direct ? copyDirect(work, file, content) : copy(work, file, content));
    check(end);
    await file.sync();
    return end;
  } finally {
    await file.close();
  }
}

async function copy(work: ContentWork, file: DiskFile, content: AsyncIterable<Uint8Array>): Promise<ContentEnd> {
  let size = 0;
  let crc = 0;
  for await (const piece of content) {
    work.signal?.throwIfAborted();
    if (piece.byteLength === 0) continue;
    await file.write(size, [piece]);
    size += piece.byteLength;
    crc = crc32(piece, crc);
  }
  return { sizeBytes: size, crc32: crc };
}

/** By way of whole pages in memory of our own. The last page is filled with zeros, and the file cut to its length. */
async function copyDirect(work: ContentWork, file: DiskFile, content: AsyncIterable<Uint8Array>): Promise<ContentEnd> {
  const pages = work.pages.take();
  const memory = pages.bytes.subarray(0, limits.transferSize);
  try {
    let written = 0;
    let filled = 0;
    let crc = 0;
    for await (const piece of content) {
      work.signal?.throwIfAborted();
      crc = crc32(piece, crc);
      for (let rest = piece; rest.byteLength > 0;) {
        const part = rest.subarray(0, memory.byteLength - filled);
        memory.set(part, filled);
        filled += part.byteLength;
        rest = rest.subarray(part.byteLength);
        if (filled < memory.byteLength) continue;
        await file.write(written, [memory]);
        written += filled;
        filled = 0;
      }
    }
    const size = written + filled;
    const padded = roundUp(filled, pageSize);
    if (padded > 0) await file.write(written, [memory.fill(0, filled, padded).subarray(0, padded)]);
    if (padded > filled) await file.truncate(size);
    return { sizeBytes: size, crc32: crc };
  } finally {
    work.pages.giveBack(pages);
  }
}

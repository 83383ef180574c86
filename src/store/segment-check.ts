// SPDX-License-Identifier: Apache-2.0
// Whether the local file of a sealed segment is, byte for byte, what the directory says.

import { isFault } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import type { Entry } from "./directory-entry.ts";
import { unlessMissing } from "./disk-paths.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { FileWindow } from "./file-window.ts";

/** False too when it is missing or the disk does not give it. */
export async function isAsSealed(disk: Disk, path: string, entry: Entry): Promise<boolean> {
  try {
    const file = await unlessMissing(disk.open(path, { mode: "read" }));
    if (file === undefined) return false;
    try {
      const size = await file.size();
      return size === entry.fileSize && (await crcOf(file, size)) === entry.fileCrc;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isFault(error, "store.disk-failed")) return false;
    throw error;
  }
}

/** The checksum of a file. */
export async function crcOf(file: DiskFile, size: number): Promise<number> {
  let sum = 0;
  for await (const piece of new FileWindow(file).pieces(0, size)) sum = crc32(piece, sum);
  return sum;
}

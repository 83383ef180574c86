// SPDX-License-Identifier: Apache-2.0
// Brings a cartridge's directory up to what is on the disk: segments that were sealed but not recorded before a crash
// are recorded, the open one is found, what is behind it is removed. After an orderly unload there is nothing to do.

import type { Log } from "#base/index.ts";
import { unlessMissing } from "./disk-paths.ts";
import type { Disk } from "./disk.ts";
import { scanSegment, trimSegment } from "./segment-scan.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { FoundSegment } from "./writer.ts";

/** Where recovery works. */
export interface RecoverOptions {
  readonly disk: Disk;
  readonly log: Log;
  readonly checkpointDistance: number;
}

/** The open segment, if there is one. Faults `store.file-damaged`, disk faults. */
export async function recover(options: RecoverOptions, cartridge: StoredCartridge): Promise<FoundSegment | undefined> {
  const { disk, log, checkpointDistance } = options;
  for (;;) {
    const { head, nextIdentity: identity, nextStart: start } = cartridge;
    const path = cartridge.segmentPath(identity.segment);
    const resume = head.resume?.segment === identity.segment ? head.resume : undefined;
    const found = await scanSegment(disk, { path, identity, start, checkpointDistance, resume });
    if (found.kind === "sealed") {
      await syncFile(disk, cartridge.folder, path);
      await cartridge.seal(found.entry);
      continue;
    }
    const isOrderly = resume !== undefined && found.kind === "open" && found.segment.end === resume.recordsEnd;
    // Always: a crash may have lost all that was written since an orderly unload and kept the segment behind it.
    await removeBehind(disk, cartridge, identity.segment + (found.kind === "open" ? 1 : 0));
    if (found.kind === "absent") return undefined;
    const { segment, tail, hasRest } = found;
    if (hasRest) {
      log.info("what lies behind the last whole record of a segment is dropped", { path, offset: segment.end });
      await trimSegment(disk, path, segment.end);
    }
    // What was found may have been written before a kill and never synced; from now on it counts.
    if (!isOrderly) await syncFile(disk, cartridge.folder, path);
    return { segment, tail };
  }
}

/** Segments that may be on their way to the disk at once, so that a crash may keep the last of them alone. */
const unsyncedSegments = 4;

/** Removes files of segments that follow the end of data: a few at most, the last one first. */
async function removeBehind(disk: Disk, cartridge: StoredCartridge, first: number): Promise<void> {
  const found: number[] = [];
  for (let segment = first; segment < (found.at(-1) ?? first) + unsyncedSegments; segment++) {
    if (await exists(disk, cartridge.segmentPath(segment))) found.push(segment);
  }
  for (const segment of found.toReversed()) {
    await disk.remove(cartridge.segmentPath(segment));
    await disk.syncFolder(cartridge.folder);
  }
}

async function exists(disk: Disk, path: string): Promise<boolean> {
  const file = await unlessMissing(disk.open(path, { mode: "read" }));
  await file?.close();
  return file !== undefined;
}

/** Content and name survive a crash when it resolves. */
async function syncFile(disk: Disk, folder: string, path: string): Promise<void> {
  const file = await unlessMissing(disk.open(path, { mode: "write" }));
  await file?.sync();
  await file?.close();
  await disk.syncFolder(folder);
}

// SPDX-License-Identifier: Apache-2.0
// What is left of a local segment that is damaged and was never uploaded. A copy of all that can still be read takes its
// place, with zeros for the rest, and from then on is what the segment is: it is uploaded like any other, and only the
// objects that were hit cannot be read. The damaged file is kept beside, for people.

import { isFault, limits, type Log } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import type { Entry } from "./directory-entry.ts";
import { folderOf, unlessMissing } from "./disk-paths.ts";
import type { Disk, DiskFile } from "./disk.ts";
import { FileWindow } from "./file-window.ts";
import { lostObjects, type ObjectRange } from "./record-walk.ts";
import type { RingPool } from "./ring.ts";
import { pageSize } from "./segment-format.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";

/** What salvaging needs. */
export interface SalvageWork {
  readonly disk: Disk;
  readonly log: Log;
  /** Memory to read into, `limits.transferSize` each. */
  readonly pages: RingPool;
}

/** What became of a damaged segment. */
export type Salvaged =
  /** A second look found what was written. */
  | { readonly kind: "whole" }
  /** A cut made it dead meanwhile. */
  | { readonly kind: "dead" }
  /** The segment is what is left of it now; these of its objects are gone. */
  | { readonly kind: "salvaged"; readonly entry: Entry; readonly lost: readonly ObjectRange[] };

/** True for the fault of a segment's file that cannot be read as it was written. */
export function isSegmentDamage(error: unknown, path: string): boolean {
  const isOfFile = ["store.file-damaged", "store.file-missing", "store.disk-failed"].some((code) =>
    isFault(error, code),
  );
  return isOfFile && isFault(error) && error.details["path"] === path;
}

/**
 * Puts what can be read of a sealed segment in the place of its file, durably. May be interrupted anywhere and done again.
 * Disk faults of writing.
 */
export async function salvageSegment(work: SalvageWork, cartridge: StoredCartridge, entry: Entry): Promise<Salvaged> {
  const { disk } = work;
  const path = cartridge.segmentPath(entry.segment);
  const [aside, copy] = [`${path}.damaged`, `${path}.salvaged`];
  const source = await openEither(disk, path, aside);
  await disk.remove(copy);
  const file = await disk.open(copy, { mode: "create" });
  let [fileCrc, lost]: [number, readonly ObjectRange[]] = [0, []];
  try {
    fileCrc = await copyReadable(work, source?.file, file, entry.fileSize);
    if (fileCrc !== entry.fileCrc) lost = await lostObjects(new FileWindow(file), entry, cartridge.tag);
    await file.sync();
  } finally {
    await file.close();
    await source?.file.close();
  }
  if (source?.path === path && !(await exists(disk, aside)) && fileCrc !== entry.fileCrc)
    await disk.rename(path, aside);
  await disk.rename(copy, path);
  await disk.syncFolder(folderOf(path));
  if (fileCrc === entry.fileCrc) return { kind: "whole" };
  const salvaged = await cartridge.markSalvaged(entry.segment, { fileCrc, lost });
  return salvaged === undefined ? { kind: "dead" } : { kind: "salvaged", entry: salvaged, lost };
}

/** The file, or what an attempt that was interrupted has put aside. */
async function openEither(
  disk: Disk,
  path: string,
  aside: string,
): Promise<{ readonly path: string; readonly file: DiskFile } | undefined> {
  for (const each of [path, aside]) {
    const file = await openReadable(disk, each);
    if (file !== undefined) return { path: each, file };
  }
  return undefined;
}

async function openReadable(disk: Disk, path: string): Promise<DiskFile | undefined> {
  try {
    return await unlessMissing(disk.open(path, { mode: "read", direct: true }));
  } catch (error) {
    if (!isFault(error, "store.disk-failed")) throw error;
    return undefined;
  }
}

async function exists(disk: Disk, path: string): Promise<boolean> {
  const file = await openReadable(disk, path);
  await file?.close();
  return file !== undefined;
}

/** Copies `size` bytes, zeros for what cannot be read; the checksum of what was written. */
async function copyReadable(
  { pages }: SalvageWork,
  source: DiskFile | undefined,
  target: DiskFile,
  size: number,
): Promise<number> {
  const memory = pages.take();
  let sum = 0;
  try {
    for (let offset = 0; offset < size; offset += limits.transferSize) {
      const piece = memory.bytes.subarray(0, Math.min(limits.transferSize, size - offset));
      await readPieces(source, offset, piece);
      await target.write(offset, [piece]);
      sum = crc32(piece, sum);
    }
    return sum;
  } finally {
    pages.giveBack(memory);
  }
}

/** Fills the memory, in one go or page by page around what cannot be read. */
async function readPieces(source: DiskFile | undefined, offset: number, into: Uint8Array): Promise<void> {
  if ((await tryRead(source, offset, into)) === into.byteLength) return;
  for (let at = 0; at < into.byteLength; at += pageSize) {
    const page = into.subarray(at, at + pageSize);
    const count = await tryRead(source, offset + at, page);
    page.fill(0, count);
  }
}

async function tryRead(source: DiskFile | undefined, offset: number, into: Uint8Array): Promise<number> {
  try {
    return (await source?.read(offset, into)) ?? 0;
  } catch (error) {
    if (!isFault(error, "store.disk-failed")) throw error;
    return 0;
  }
}

// SPDX-License-Identifier: Apache-2.0
// Brings one sealed segment to the object store: read back from the disk past the page cache, encrypted and compressed as
// its owner's objects are, put with a checksum, which the object store compares, seen there, recorded. A segment of a
// cartridge that is neither encrypted nor compressed goes as the file that it is.

import { assert, limits, type Log, type Random, type Threads } from "#base/index.ts";
import { CompressionGauge, type CompressionSettings } from "./compression-gauge.ts";
import { crc32 } from "./crc32.ts";
import type { Entry } from "./directory-entry.ts";
import type { Disk } from "./disk.ts";
import { storeFault } from "./faults.ts";
import type { KeyRing } from "./key-ring.ts";
import { cartridgePrefix, segmentKey } from "./object-keys.ts";
import type { ObjectInfo, ObjectKey } from "./object-store.ts";
import { type NewObject, type ObjectWork, putOnce, retried } from "./object-work.ts";
import { checkedIndex, keepTail } from "./remote-content.ts";
import type { RingPool } from "./ring.ts";
import { Scratch } from "./scratch.ts";
import type { SealJobs } from "./seal-jobs.ts";
import { tailSizeOf } from "./sealed-format.ts";
import { type DataKey, sealedSizeMax } from "./sealed-object.ts";
import { SealedContent, type SealedEnd } from "./segment-sealing.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";

/** How segments are sealed on their way. */
export interface UploadSealing {
  readonly threads: Threads<SealJobs>;
  readonly random: Random;
  readonly keys: KeyRing;
  readonly compression: CompressionSettings;
  readonly frameSize: number;
}

/** What an upload needs. */
export interface UploadWork extends ObjectWork {
  readonly disk: Disk;
  /** Epoch under which segments are put; asked when the store is known to be ours. */
  readonly epoch: () => Promise<number>;
  readonly log: Log;
  /** Memory to read into, `limits.transferSize` each. */
  readonly pages: RingPool;
  /** Absent: every segment goes as the file that it is. */
  readonly sealing: UploadSealing | undefined;
  /** What compressing each cartridge has brought. */
  readonly gauges: WeakMap<StoredCartridge, CompressionGauge>;
}

interface Seal {
  readonly dataKey: DataKey;
  readonly frameSize: number;
}

interface Upload {
  readonly work: UploadWork;
  readonly cartridge: StoredCartridge;
  readonly entry: Entry;
  readonly key: ObjectKey;
  readonly signal: AbortSignal | undefined;
  readonly isAgain: boolean;
}

/**
 * Uploads and records. Faults of the object store and of the key ring after a few attempts; `store.file-damaged` when
 * the local file is not what was written.
 */
export async function uploadSegment(
  work: UploadWork,
  cartridge: StoredCartridge,
  entry: Entry,
  signal: AbortSignal | undefined,
): Promise<void> {
  const epoch = await work.epoch();
  const objectSize = await putSegment(work, cartridge, { entry, epoch }, signal);
  const isLive = await cartridge.markStored(entry.segment, { epoch, objectSize });
  // A cut made it dead while it was on its way.
  if (!isLive) await work.objects.delete(segmentKey(cartridge.id, { segment: entry.segment, epoch }));
}

/**
 * Puts the segment under its key of that epoch, `isAgain`: over what is there; the size of its object, 0 when it is the file
 * as it is.
 */
export async function putSegment(
  work: UploadWork,
  cartridge: StoredCartridge,
  { entry, epoch, isAgain = false }: { readonly entry: Entry; readonly epoch: number; readonly isAgain?: boolean },
  signal: AbortSignal | undefined,
): Promise<number> {
  const key = segmentKey(cartridge.id, { segment: entry.segment, epoch });
  const upload: Upload = { work, cartridge, entry, key, signal, isAgain };
  const { sealing } = work;
  const owner = await sealing?.keys.sealerOf(cartridgePrefix(cartridge.id));
  return sealing === undefined || isFileAsItIs(sealing, owner?.dataKey)
    ? putFile(upload)
    : putSealed(upload, sealing, owner?.dataKey);
}

function isFileAsItIs(sealing: UploadSealing, dataKey: DataKey): boolean {
  return dataKey === undefined && sealing.compression.mode === "off";
}

/** The file as it is; its object has no size of its own. */
async function putFile({ work, cartridge, entry, key, signal, isAgain }: Upload): Promise<0> {
  const path = cartridge.segmentPath(entry.segment);
  await putOnce(
    work,
    {
      key,
      sizeBytes: entry.fileSize,
      crc32: entry.fileCrc,
      content: () => contentOf(work, path, entry),
      recheck: () => verify(work, path, entry),
      isAgain,
      storageClass: "STANDARD",
    },
    signal,
  );
  return 0;
}

/** The file sealed; says how large its object is. */
async function putSealed(upload: Upload, own: UploadSealing, dataKey: DataKey): Promise<number> {
  const { work, cartridge, entry, key, signal, isAgain } = upload;
  const { frameSize } = own;
  const path = cartridge.segmentPath(entry.segment);
  const scratch = new Scratch(work.disk, `${path}.sealed`, work.pages);
  const known = isAgain ? undefined : await alreadyThere(upload, { dataKey, frameSize }, scratch);
  if (known !== undefined) return known;
  try {
    const begin = (): SealedContent => sealedContentOf(upload, own, dataKey);
    const sealed =
      work.objects.abilities.lateEnd === true
        ? sealedOnTheWay(begin, entry, frameSize)
        : await sealedBefore(begin, scratch);
    // An attempt whose answer was lost, sealed with another salt.
    let theirs: SealedEnd | undefined;
    const isSame = async (info: ObjectInfo): Promise<boolean> => {
      const tail = await tailOfOurs(upload, { dataKey, frameSize }, info);
      theirs = tail && { sizeBytes: info.sizeBytes, crc32: info.crc32, tail };
      return theirs !== undefined;
    };
    await putOnce(work, { ...sealed, key, storageClass: "STANDARD", isSame, isAgain }, signal);
    const end = theirs ?? sealed.end();
    assert(end !== undefined, "what was put has an end");
    await keepTail(work.log, cartridge, entry.segment, end.tail);
    return end.sizeBytes;
  } finally {
    await scratch.remove();
  }
}

function sealedContentOf({ work, cartridge, entry, key }: Upload, own: UploadSealing, dataKey: DataKey): SealedContent {
  const { threads, random, frameSize, compression } = own;
  const path = cartridge.segmentPath(entry.segment);
  return new SealedContent(
    { threads, random, dataKey, gauge: gaugeOf(work, cartridge, compression), frameSize },
    {
      key,
      sizeBytes: entry.fileSize,
      crc32: entry.fileCrc,
      content: contentOf(work, path, entry),
      damaged: () => damaged(path, entry.fileSize),
    },
  );
}

type SealedObject = Pick<NewObject, "sizeBytes" | "crc32" | "content"> & { readonly end: () => SealedEnd | undefined };

/** Sealed while it is put, anew for each attempt: nothing is written twice. */
function sealedOnTheWay(begin: () => SealedContent, entry: Entry, frameSize: number): SealedObject {
  let last: SealedContent | undefined;
  const content = (): AsyncIterable<Uint8Array> => {
    last = begin();
    return last.pieces();
  };
  return { sizeBytes: sealedSizeMax(entry.fileSize, frameSize), crc32: 0, content, end: () => last?.end };
}

/** Sealed first, for a store that must know the size and the checksum when a put begins. */
async function sealedBefore(begin: () => SealedContent, scratch: Scratch): Promise<SealedObject> {
  const sealed = begin();
  for await (const piece of sealed.pieces()) await scratch.append(piece);
  const { end } = sealed;
  assert(end !== undefined, "all pieces were taken");
  return { sizeBytes: end.sizeBytes, crc32: end.crc32, content: () => scratch.content(), end: () => end };
}

/** A scratch file that is there was left by a crash: its object may have arrived, and is not sent again. */
async function alreadyThere(upload: Upload, seal: Seal, scratch: Scratch): Promise<number | undefined> {
  const { work, key, signal } = upload;
  if (!(await scratch.wasLeft())) return undefined;
  const info = await retried(work.clock, signal, () => work.objects.head(key));
  const tail = info && (await tailOfOurs(upload, seal, info));
  if (tail === undefined) return undefined;
  await keepTail(work.log, upload.cartridge, upload.entry.segment, tail);
  await scratch.remove();
  return info?.sizeBytes;
}

/** The end of the object that is there, when it proves to be this segment sealed by us. Nothing else of it is read. */
async function tailOfOurs(upload: Upload, seal: Seal, info: ObjectInfo): Promise<Uint8Array | undefined> {
  const { work, entry, key, signal } = upload;
  const { dataKey, frameSize } = seal;
  const length = Math.min(tailSizeOf(entry.fileSize, frameSize), info.sizeBytes);
  const offset = info.sizeBytes - length;
  // Damage is believed when it was read twice.
  for (let attempt = 1; ; attempt++) {
    const tail = await retried(work.clock, signal, () => work.objects.get(key, offset, length, signal));
    try {
      checkedIndex({ key, entry: { ...entry, objectSize: info.sizeBytes }, dataKey }, tail);
      return tail;
    } catch {
      // Somebody else's, or not whole: putting it meets the conflict.
      if (attempt === 2) return undefined;
    }
  }
}

function gaugeOf(
  { gauges }: UploadWork,
  cartridge: StoredCartridge,
  compression: CompressionSettings,
): CompressionGauge {
  const gauge = gauges.get(cartridge) ?? new CompressionGauge(compression);
  gauges.set(cartridge, gauge);
  return gauge;
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

// SPDX-License-Identifier: Apache-2.0
// A segment as it lies in the object store, read in pieces: sealed, a frame is a piece; or the file as it is. A piece that is
// not what was stored is never given.

import { asError, assert, isFault, limits, type Log, type Threads } from "#base/index.ts";
import { joinCrc32 } from "./crc32.ts";
import type { Entry } from "./directory-entry.ts";
import { storeFault } from "./faults.ts";
import type { FrameTables } from "./frame-tables.ts";
import type { KeyRing } from "./key-ring.ts";
import { cartridgePrefix, segmentKey } from "./object-keys.ts";
import type { ObjectKey } from "./object-store.ts";
import { type ObjectWork, retried } from "./object-work.ts";
import type { SealJobs } from "./seal-jobs.ts";
import { looksSealed, SealedHeader, sourceLengthOf, tailSizeOf } from "./sealed-format.ts";
import { type DataKey, frameInput, frameRange, openIndex, type SealedIndex } from "./sealed-object.ts";
import type { CartridgeId } from "./types.ts";

/** What reading stored segments needs. */
export interface RemoteOptions extends ObjectWork {
  readonly log: Log;
  readonly threads: Threads<SealJobs>;
  readonly keys: KeyRing;
}

/** The cartridge that a segment is of, and where the ends of its segments are kept. */
export interface SegmentHolder {
  readonly id: CartridgeId;
  readonly frames: Pick<FrameTables, "get" | "put">;
  /** Whose object a segment is. */
  ownerOf(segment: number): { readonly id: CartridgeId };
}

/** The pieces of one stored segment. */
export interface RemoteContent {
  /** Bytes of each piece but the last. */
  readonly pieceSize: number;
  /**
   * `count` pieces from `first` on, with one request. Faults of the object store; a piece that is damaged, and no other,
   * rejects with `store.object-damaged`.
   */
  read(first: number, count: number, signal: AbortSignal): Promise<readonly Promise<Uint8Array>[]>;
}

/**
 * The content of a segment whose entry says that it is stored. Costs no request when the end of the object is known
 * here. Faults of the object store and of the key ring, `store.object-damaged`.
 */
export async function openRemote(
  options: RemoteOptions,
  cartridge: SegmentHolder,
  entry: Entry,
  signal: AbortSignal,
): Promise<RemoteContent> {
  const owner = cartridge.ownerOf(entry.segment).id;
  const key = segmentKey(owner, entry);
  if (entry.objectSize === 0) return plainContent(options, key, entry);
  const { dataKey } = await options.keys.openerOf(cartridgePrefix(owner));
  const wanted: Wanted = { key, entry, dataKey, signal };
  const kept = await keptIndex(options.log, cartridge, wanted);
  if (kept === undefined) return sealedContent(options, wanted, await fetchedIndex(options, cartridge, wanted));
  // What is kept is a help and no more: only the object itself can say that the object is damaged.
  const renew = (): Promise<SealedIndex> => fetchedIndex(options, cartridge, wanted);
  return sealedContent(options, wanted, kept, renew);
}

interface Range {
  readonly offset: number;
  readonly length: number;
  /** Of the whole object. */
  readonly size: number;
}

async function getRange(work: ObjectWork, key: ObjectKey, range: Range, signal: AbortSignal): Promise<Uint8Array> {
  const { offset, length, size } = range;
  const bytes = await retried(work.clock, signal, () => work.objects.get(key, offset, length, signal));
  if (bytes.byteLength !== length) {
    throw storeFault("object-short", { key, actual: offset + bytes.byteLength, expected: size });
  }
  return bytes;
}

/** The object is the file as it is. */
function plainContent(work: ObjectWork, key: ObjectKey, entry: Entry): RemoteContent {
  const [pieceSize, size] = [limits.fetchSize, entry.fileSize];
  return {
    pieceSize,
    read: async (first, count, signal) => {
      const offset = first * pieceSize;
      const length = Math.min(count * pieceSize, size - offset);
      const bytes = await getRange(work, key, { offset, length, size }, signal);
      return Array.from({ length: count }, (_, at) =>
        Promise.resolve(bytes.subarray(at * pieceSize, (at + 1) * pieceSize)),
      );
    },
  };
}

/** `renew` is called once, when a frame is not what this index says. Damage is believed when it was read twice. */
function sealedContent(
  options: RemoteOptions,
  { key, entry }: Wanted,
  known: SealedIndex,
  renew?: () => Promise<SealedIndex>,
): RemoteContent {
  const size = entry.objectSize;
  let renewed: Promise<SealedIndex> | undefined;
  const open = async (frame: number, bytes: Uint8Array, signal: AbortSignal): Promise<Uint8Array> => {
    const source = await options.threads.run("openFrame", frameInput(known, frame, bytes), [bytes.buffer]);
    if (typeof source !== "string") return source;
    // Once more, in case a bit fell over only on the way.
    const index = renew === undefined ? known : await (renewed ??= renew());
    if (index.header.frameSize !== known.header.frameSize) throw storeFault("object-damaged", { key, reason: source });
    const { offset, length } = frameRange(index, frame);
    const again = await getRange(options, key, { offset, length, size }, signal);
    const opened = await options.threads.run("openFrame", frameInput(index, frame, new Uint8Array(again)));
    if (typeof opened === "string") throw storeFault("object-damaged", { key, reason: opened });
    return opened;
  };
  return {
    pieceSize: known.header.frameSize,
    read: async (first, count, signal) => {
      const ranges = Array.from({ length: count }, (_, at) => frameRange(known, first + at));
      const [offset, last] = [ranges[0]?.offset, ranges.at(-1)];
      assert(offset !== undefined && last !== undefined, "at least one frame");
      const length = last.offset + last.length - offset;
      const bytes = await getRange(options, key, { offset, length, size }, signal);
      const frames = ranges.map((range) => {
        const start = range.offset - offset;
        // Memory of its own, which can be given to a thread.
        return new Uint8Array(bytes.subarray(start, start + range.length));
      });
      return frames.map((frame, at) => open(first + at, frame, signal));
    },
  };
}

interface Wanted {
  readonly key: ObjectKey;
  readonly entry: Entry;
  readonly dataKey: DataKey;
  readonly signal: AbortSignal;
}

/** From the ends that are kept here. */
async function keptIndex(log: Log, cartridge: SegmentHolder, wanted: Wanted): Promise<SealedIndex | undefined> {
  try {
    const kept = await cartridge.frames.get(wanted.entry.segment);
    return kept && checkedIndex(wanted, kept);
  } catch (error) {
    log.warn("the end of a segment that was kept is not good", { key: wanted.key, error: asError(error).message });
    return undefined;
  }
}

/** With one request for the end of the object; keeps it. Damage is believed when it was read twice. */
async function fetchedIndex(options: RemoteOptions, cartridge: SegmentHolder, wanted: Wanted): Promise<SealedIndex> {
  try {
    return await fetchIndex(options, cartridge, wanted);
  } catch (error) {
    if (!isFault(error, "store.object-damaged")) throw error;
    return fetchIndex(options, cartridge, wanted);
  }
}

async function fetchIndex(options: RemoteOptions, cartridge: SegmentHolder, wanted: Wanted): Promise<SealedIndex> {
  const { entry, key, signal } = wanted;
  const size = entry.objectSize;
  const length = Math.min(tailSizeOf(entry.fileSize, limits.frameSize), size);
  let tail = await getRange(options, key, { offset: size - length, length, size }, signal);
  const needed = tailLengthOf(tail);
  if (needed !== undefined && needed > length && needed <= size) {
    // Its frames are smaller than those of this release.
    tail = await getRange(options, key, { offset: size - needed, length: needed, size }, signal);
  }
  const index = checkedIndex(wanted, tail);
  await keepTail(options.log, cartridge, entry.segment, tail.subarray(-(needed ?? length)));
  return index;
}

/** How long the end of the object is, as its header says; undefined when that is none. Nothing else of it is believed. */
function tailLengthOf(tail: Uint8Array): number | undefined {
  const encoded = tail.subarray(-SealedHeader.size);
  if (!looksSealed(encoded)) return undefined;
  const { sourceSize, frameSize } = SealedHeader.decode(encoded);
  return frameSize === 0 ? undefined : tailSizeOf(sourceSize, frameSize);
}

/**
 * The index that this end gives, when it is that of the segment: what its frames hold, joined, has the checksum that the
 * directory has known since the segment was sealed. Faults `store.object-damaged`, `store.format-newer`.
 */
export function checkedIndex(
  segment: { readonly key: ObjectKey; readonly entry: Entry; readonly dataKey: DataKey },
  tail: Uint8Array,
): SealedIndex {
  const { key, entry, dataKey } = segment;
  const index = openIndex({ key, kind: "segment", dataKey, objectSize: entry.objectSize }, tail);
  const sum = index.entries.reduce(
    (joined, { sourceCrc }, frame) => joinCrc32(joined, sourceCrc, sourceLengthOf(index.header, frame)),
    0,
  );
  if (index.header.sourceSize !== entry.fileSize || sum !== entry.fileCrc) {
    throw storeFault("object-damaged", { key, reason: "it holds another segment than the directory says" });
  }
  return index;
}

/** Keeps the end of a segment's object. Only a help: what cannot be kept is fetched again. */
export async function keepTail(log: Log, cartridge: SegmentHolder, segment: number, tail: Uint8Array): Promise<void> {
  try {
    await cartridge.frames.put(segment, tail);
  } catch (error) {
    log.warn("the end of a segment cannot be kept", { cartridge: cartridge.id, error: asError(error).message });
  }
}

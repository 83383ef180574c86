// SPDX-License-Identifier: Apache-2.0
// One stored cartridge at rest or in use: its journal, its directory, and the changes that both record. Changes take
// effect in memory at once and are durable when the returned promise resolves; the journal keeps their order. Whether
// the cartridge is in a drive, and what is in its open segment, others know.

import { assert, bytesFromHex, type Clock, limits, type Log } from "#base/index.ts";
import { type Entry, objectBytesOf } from "./directory-entry.ts";
import { Directory } from "./directory.ts";
import type { Disk } from "./disk.ts";
import { FrameTables } from "./frame-tables.ts";
import {
  blankHead,
  type CartridgeFact,
  decodeCartridgeFact,
  entriesOf,
  factOf,
  type Head,
  type Parent,
  ownerOf,
} from "./head.ts";
import { Ledger } from "./ledger.ts";
import type { SegmentIdentity } from "./record.ts";
import type { SegmentStart } from "./segment-format.ts";
import { lostBefore, withLost } from "./lost-ranges.ts";
import type { ObjectRange } from "./record-walk.ts";
import type { CartridgeId, LostRange } from "./types.ts";

/** What a stored cartridge needs. */
export interface StoredCartridgeOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly id: CartridgeId;
  readonly folder: string;
  /** Sixteen hexadecimal digits, drawn when the cartridge was made. */
  readonly tag: string;
}

/** Fields of the head that change on their own. */
type NotedField = "resume" | "manifests" | "manifestEpoch" | "manifestCount" | "storageClass" | "garbage";

/** Where a cartridge is cut: the object that goes first, and what lies before it. */
export interface CutPoint {
  readonly objects: number;
  readonly files: number;
  readonly bytes: number;
}

/** One cartridge. */
export class StoredCartridge {
  readonly id: CartridgeId;
  readonly folder: string;
  readonly tag: Uint8Array;
  readonly directory: Directory;
  /** Where the frames of its sealed segments are. */
  readonly frames: FrameTables;
  readonly #clock: Clock;
  readonly #ledger: Ledger<CartridgeFact>;
  #head: Head;
  #appended: Promise<void> = Promise.resolve();
  #last: Promise<unknown> = Promise.resolve();
  #folding: Promise<void> | undefined;

  private constructor(options: StoredCartridgeOptions, ledger: Ledger<CartridgeFact>) {
    this.id = options.id;
    this.folder = options.folder;
    this.tag = bytesFromHex(options.tag);
    this.#clock = options.clock;
    this.#ledger = ledger;
    this.#head = blankHead(options.tag);
    this.directory = new Directory(options.disk, `${options.folder}/directory`, this.tag);
    this.frames = new FrameTables(options.disk, options.folder, this.tag);
    for (const fact of ledger.replayed) {
      this.#head = fact.head;
      for (const [index, entry] of entriesOf(fact)) this.directory.put(index, entry);
      this.directory.cut(fact.head.count);
    }
    ledger.forgetReplayed();
  }

  /** Replays the journal. Faults of the ledger. */
  static async open(options: StoredCartridgeOptions): Promise<StoredCartridge> {
    const ledger = await Ledger.open({
      disk: options.disk,
      path: `${options.folder}/journal`,
      log: options.log,
      decode: decodeCartridgeFact,
    });
    return new StoredCartridge(options, ledger);
  }

  /** Set when the journal could not be written: memory is ahead of the disk, and the cartridge must be opened anew. */
  get failure(): Error | undefined {
    return this.#ledger.failure;
  }

  get head(): Head {
    return this.#head;
  }

  /** Path of a segment's file. */
  segmentPath(segment: number): string {
    return `${this.folder}/${String(segment).padStart(12, "0")}.segment`;
  }

  /** Which records the segment that is next to be sealed has, and where it begins. */
  get nextIdentity(): SegmentIdentity {
    return { segment: this.#head.nextSegment, generation: this.#head.generation, tag: this.tag };
  }

  get nextStart(): SegmentStart {
    return { firstObject: this.#head.objects, firstFile: this.#head.files, firstByte: this.#head.bytes };
  }

  /** Whose object a segment is, and the class that it is in: its own, or that of a cartridge that it was cloned from. */
  ownerOf(segment: number): Pick<Parent, "id" | "storageClass"> {
    return ownerOf(segment, { ...this.#head, id: this.id });
  }

  /** A blank cartridge takes over what another one has in the object store; the segments stay the other's. */
  async adopt(origin: StoredCartridge): Promise<void> {
    const { head } = origin;
    assert(this.#head.count === 0 && this.#head.objects === 0, `${this.id} is blank`);
    assert(head.storedCount === head.count && head.resume === null, `all of ${origin.id} is stored`);
    const { id } = origin;
    const { nextSegment, generation, storageClass } = head;
    const parents = [...(head.parents ?? []), { id, below: nextSegment, storageClass }];
    const lost = head.lost === undefined ? {} : { lost: head.lost };
    await this.#change({ ...this.#head, parents, nextSegment, generation, ...lost }, []);
    for (let first = 0; first < head.count; first += adoptedAtOnce) {
      const entries: (readonly [number, Entry])[] = [];
      let { storedBytes, objectBytes } = this.#head;
      for (let index = first; index < Math.min(first + adoptedAtOnce, head.count); index++) {
        const entry = { ...(await origin.directory.get(index)), stored: true, local: false };
        entries.push([index, entry]);
        storedBytes += entry.fileSize;
        objectBytes += objectBytesOf(entry);
      }
      const sums = { storedBytes, objectBytes, storedAt: head.storedAt };
      await this.#change({ ...this.#head, ...afterEntries(entries), ...sums }, entries);
    }
  }

  /** A segment is sealed, synced, and the last of the cartridge. */
  seal(entry: Entry): Promise<void> {
    const head = this.#head;
    assert(entry.segment === head.nextSegment, `segment ${head.nextSegment} is sealed next, not ${entry.segment}`);
    assert(entry.firstObject === head.objects, `the segment starts with object ${head.objects}`);
    return this.#change(
      {
        ...head,
        count: head.count + 1,
        nextSegment: head.nextSegment + 1,
        objects: head.objects + entry.objects,
        files: head.files + entry.filemarks,
        bytes: head.bytes + entry.recordBytes,
        dirtyBytes: head.dirtyBytes + entry.fileSize,
        localBytes: head.localBytes + entry.fileSize,
        resume: null,
      },
      [[head.count, entry]],
    );
  }

  /** What lies behind the point is dead; `nextSegment` starts a new generation, and those between are garbage. */
  async cut(point: CutPoint, nextSegment: number): Promise<void> {
    const { durable } = await this.#exclusively(async () => {
      const kept = await this.directory.findLast(this.#head.count, (entry) => entry.firstObject < point.objects);
      const count = kept === undefined ? 0 : kept.index + 1;
      const dead = await this.#sumsFrom(count);
      const head = this.#head;
      const firstDead = count === head.count ? head.nextSegment : (await this.directory.get(count)).segment;
      this.directory.cut(count);
      const changed = {
        ...head,
        generation: head.generation + 1,
        count,
        nextSegment,
        ...point,
        storedBytes: head.storedBytes - dead.stored,
        objectBytes: head.objectBytes - dead.objects,
        dirtyBytes: head.dirtyBytes - dead.dirty,
        localBytes: head.localBytes - dead.local,
        storedCount: Math.min(head.storedCount, count),
        // The last entry that is kept may have become shorter.
        manifestCount: Math.min(head.manifestCount, Math.max(count - 1, 0)),
        storedObjects: Math.min(head.storedObjects, point.objects),
        garbage: addRange(head.garbage, firstDead, nextSegment),
        resume: null,
        ...lostBefore(head.lost, point.objects),
      };
      const shortened = kept === undefined ? [] : [[kept.index, shortenedEntry(kept.entry, point)] as const];
      return { durable: this.#change(changed, shortened) };
    });
    await durable;
  }

  /**
   * The object of a segment is in the object store, put there in that epoch; `objectSize` when it is sealed, 0 when it
   * is the file as it is. False when a cut made the segment dead meanwhile.
   */
  async markStored(segment: number, object: Pick<Entry, "epoch" | "objectSize">): Promise<boolean> {
    const result = await this.#exclusively(async () => {
      const found = await this.find(segment);
      if (found === undefined || found.entry.stored) return { isLive: found !== undefined, durable: undefined };
      const { index } = found;
      const entry = { ...found.entry, stored: true, ...object };
      const { storedCount, storedObjects } = await this.#storedPrefix(index);
      const head = this.#head;
      const changed = {
        ...head,
        storedBytes: head.storedBytes + entry.fileSize,
        objectBytes: head.objectBytes + objectBytesOf(entry),
        dirtyBytes: head.dirtyBytes - entry.fileSize,
        storedCount,
        storedObjects,
        storedAt: storedCount > head.storedCount ? this.#clock.now() : head.storedAt,
      };
      return { isLive: true, durable: this.#change(changed, [[index, entry]]) };
    });
    await result.durable;
    return result.isLive;
  }

  /**
   * The file of a segment that was never uploaded is what was left of it, with that checksum, and those objects are gone.
   * The entry as it is now; undefined when a cut made it dead meanwhile.
   */
  async markSalvaged(
    segment: number,
    { fileCrc, lost }: { readonly fileCrc: number; readonly lost: readonly ObjectRange[] },
  ): Promise<Entry | undefined> {
    const { entry, durable } = await this.#exclusively(async () => {
      const found = await this.find(segment);
      if (found === undefined || found.entry.stored) return { entry: undefined, durable: undefined };
      const salvaged = { ...found.entry, fileCrc };
      const at = this.#clock.now();
      const ranges = lost.map(([first, end]) => ({ segment, first, end, at }) as LostRange);
      const all = withLost(this.#head.lost, ranges);
      const head = all.length === 0 ? this.#head : { ...this.#head, lost: all };
      return { entry: salvaged, durable: this.#change(head, [[found.index, salvaged]]) };
    });
    await durable;
    return entry;
  }

  /** The object of a stored segment was put again, perhaps of another size; the next manifest tells it. */
  async markPutAgain(segment: number, objectSize: number): Promise<void> {
    const { durable } = await this.#exclusively(async () => {
      const found = await this.find(segment);
      if (found?.entry.stored !== true) return { durable: undefined };
      const entry = { ...found.entry, objectSize };
      const head = this.#head;
      const objectBytes = head.objectBytes - objectBytesOf(found.entry) + objectBytesOf(entry);
      const manifestCount = Math.min(head.manifestCount, found.index);
      return { durable: this.#change({ ...head, objectBytes, manifestCount }, [[found.index, entry]]) };
    });
    await durable;
  }

  /** The local files of segments are there, or are not any more. */
  async markLocal(segments: readonly number[], local: boolean): Promise<void> {
    const { durable } = await this.#exclusively(async () => {
      const entries: (readonly [number, Entry])[] = [];
      let bytes = 0;
      for (const segment of segments) {
        const found = await this.find(segment);
        if (found === undefined || found.entry.local === local) continue;
        entries.push([found.index, { ...found.entry, local }]);
        bytes += local ? found.entry.fileSize : -found.entry.fileSize;
      }
      if (entries.length === 0) return { durable: undefined };
      const head = this.#head;
      return { durable: this.#change({ ...head, localBytes: head.localBytes + bytes }, entries) };
    });
    await durable;
  }

  /** Changes that concern the head alone. */
  note(change: Partial<Pick<Head, NotedField>>): Promise<void> {
    return this.#change({ ...this.#head, ...change }, []);
  }

  /** The entry of a live segment. */
  async find(segment: number): Promise<{ readonly index: number; readonly entry: Entry } | undefined> {
    const found = await this.directory.findLast(this.#head.count, (entry) => entry.segment <= segment);
    return found?.entry.segment === segment ? found : undefined;
  }

  /** Everything that memory knows is in the journal. Rejects with the fault that keeps it out. */
  durable(): Promise<void> {
    return this.#appended;
  }

  /** Writes the directory and shortens the journal. */
  fold(): Promise<void> {
    this.#folding ??= this.#fold().finally(() => {
      this.#folding = undefined;
    });
    return this.#folding;
  }

  /** Waits for what is under way, then closes. */
  async close(): Promise<void> {
    await this.#folding?.catch(() => {});
    await this.#ledger.close();
    await this.directory.close();
  }

  async #change(head: Head, entries: readonly (readonly [number, Entry])[]): Promise<void> {
    this.#head = head;
    for (const [index, entry] of entries) this.directory.put(index, entry);
    this.#appended = this.#ledger.append([factOf(head, entries)]);
    await this.#appended;
    if (this.#ledger.factCount >= limits.journalFacts && this.#folding === undefined) await this.fold();
  }

  async #fold(): Promise<void> {
    // What changes from now on may reach the directory only after it has reached the journal: at the next fold.
    const changed = new Map(this.directory.changed);
    await this.#appended;
    await this.directory.fold(changed);
    // What changed while the directory was written is in memory and goes into the snapshot.
    await this.#ledger.compact([factOf(this.#head, this.directory.changed)]);
  }

  /** Runs changes that look before they write one after the other. Their durability is awaited outside. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  async #sumsFrom(index: number): Promise<{ stored: number; dirty: number; local: number; objects: number }> {
    const sums = { stored: 0, dirty: 0, local: 0, objects: 0 };
    for (let at = index; at < this.#head.count; at++) {
      const entry = await this.directory.get(at);
      const { stored, local, fileSize } = entry;
      sums.objects += objectBytesOf(entry);
      sums[stored ? "stored" : "dirty"] += fileSize;
      if (local) sums.local += fileSize;
    }
    return sums;
  }

  /** How far entries are stored, given that the one at `index` is. */
  async #storedPrefix(index: number): Promise<{ readonly storedCount: number; readonly storedObjects: number }> {
    let { storedCount, storedObjects } = this.#head;
    for (; storedCount < this.#head.count; storedCount++) {
      const entry = await this.directory.get(storedCount);
      if (!entry.stored && storedCount !== index) break;
      storedObjects = entry.firstObject + entry.objects;
    }
    return { storedCount, storedObjects };
  }
}

/** Entries of a journal fact when a clone takes over a directory: some 140 KiB. */
const adoptedAtOnce = 1000;

/** What a head counts when the last of these entries is the last of the cartridge, and all are stored. */
function afterEntries(entries: readonly (readonly [number, Entry])[]): Partial<Head> {
  const last = entries.at(-1);
  if (last === undefined) return {};
  const [index, { firstObject, firstFile, firstByte, objects, filemarks, recordBytes }] = last;
  const end = firstObject + objects;
  const counts = { objects: end, files: firstFile + filemarks, bytes: firstByte + recordBytes };
  return { count: index + 1, storedCount: index + 1, storedObjects: end, ...counts };
}

function shortenedEntry(entry: Entry, point: CutPoint): Entry {
  return {
    ...entry,
    objects: point.objects - entry.firstObject,
    filemarks: point.files - entry.firstFile,
    recordBytes: point.bytes - entry.firstByte,
  };
}

/** Ranges in order, joined where they touch. */
function addRange(
  ranges: readonly (readonly [number, number])[],
  first: number,
  end: number,
): readonly (readonly [number, number])[] {
  if (first >= end) return ranges;
  const joined: (readonly [number, number])[] = [];
  for (const range of [...ranges, [first, end] as const].toSorted(([left], [right]) => left - right)) {
    const last = joined.at(-1);
    if (last !== undefined && range[0] <= last[1]) joined[joined.length - 1] = [last[0], Math.max(last[1], range[1])];
    else joined.push(range);
  }
  return joined;
}

// SPDX-License-Identifier: Apache-2.0
// Reads everything back that can be read without a thaw, here and in the object store, cartridge by cartridge while hosts go on, and
// mends one copy from the other. Where it is survives a restart. It never thaws, and reads nothing in archive classes.

import { asError, type Clock, type Instant, isFault, limits, milliseconds, sleep } from "#base/index.ts";
import type { ActiveCartridge, ActiveCartridges } from "./active-cartridges.ts";
import type { CartridgeRegistry } from "./cartridge-registry.ts";
import { crc32 } from "./crc32.ts";
import { type Entry, objectBytesOf } from "./directory-entry.ts";
import type { Disk } from "./disk.ts";
import type { Finding } from "./finding.ts";
import { segmentKey } from "./object-keys.ts";
import type { ObjectInfo, StorageClass } from "./object-store.ts";
import { retried } from "./object-work.ts";
import { openRemote, type RemoteOptions } from "./remote-content.ts";
import { isAsSealed } from "./segment-check.ts";
import { piecesOf, type SegmentHealer } from "./segment-healer.ts";
import { putSegment, type UploadWork } from "./segment-upload.ts";
import { decodeLine, encodeLine, readSmallFile, replaceSmallFile } from "./small-file.ts";
import type { CartridgeId } from "./types.ts";

/** What a scrub came to so far. */
export interface ScrubReport {
  readonly startedAt: Instant;
  /** Undefined while it goes on, or was interrupted. */
  readonly endedAt?: Instant;
  readonly cartridges: number;
  readonly localSegments: number;
  readonly localBytes: number;
  readonly objects: number;
  readonly objectBytes: number;
  /** Objects that were not read: they would have to be thawed, or are in an archive class. */
  readonly coldObjects: number;
  /** Objects that were not read because the money was spent. */
  readonly unpaidObjects: number;
  readonly repaired: number;
  /** At most `limits.scrubFindings`. */
  readonly findings: readonly Finding[];
}

/** How a scrub is done. */
export interface ScrubRequest {
  readonly signal: AbortSignal;
  /** Bytes per second at most, here and there together. */
  readonly bytesPerSecond: number | undefined;
  /** Read objects back too. */
  readonly readsObjects: boolean;
  /** Whether an object of that class and size may still be paid for; it is read when the answer is true. */
  readonly pay: (storageClass: StorageClass, sizeBytes: number) => boolean;
  /** Called after each segment. */
  readonly progress: (report: ScrubReport) => void;
}

/** What a scrub works with. */
export interface ScrubWork {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly folder: string;
  readonly registry: CartridgeRegistry;
  readonly active: ActiveCartridges;
  readonly healer: SegmentHealer;
  readonly remote: RemoteOptions;
  readonly uploads: UploadWork;
  /** Something of the cartridge has to be told to the bucket. */
  readonly changed: (active: ActiveCartridge) => void;
}

interface Place {
  /** Cartridges up to `after` are done, and of `at` the segments before this index. */
  readonly after: string;
  readonly at: string;
  readonly index: number;
  readonly report: ScrubReport;
}

type Counter =
  | "cartridges"
  | "localSegments"
  | "localBytes"
  | "objects"
  | "objectBytes"
  | "coldObjects"
  | "unpaidObjects"
  | "repaired";

const stateVersion = 1;

/** Scrubs a store. One run at a time. */
export class Scrub {
  readonly #work: ScrubWork;
  #place: Place | undefined;
  #paidAt = 0;

  constructor(work: ScrubWork) {
    this.#work = work;
  }

  /** What the last one came to, or has come to so far; undefined when there was none, or its file is lost. */
  async report(): Promise<ScrubReport | undefined> {
    return (this.#place ?? (await this.#load()))?.report;
  }

  /** Goes on where the last one was interrupted, or begins anew. Faults of the disk; of the object store when it is away. */
  async run(request: ScrubRequest): Promise<ScrubReport> {
    const { clock, registry } = this.#work;
    const before = await this.#load();
    this.#place = before?.report.endedAt === undefined && before !== undefined ? before : blankPlace(clock.now());
    this.#paidAt = clock.monotonic();
    try {
      await this.#keep(this.#now, request);
      const ids = [...registry.records.keys()].toSorted();
      for (const id of ids) {
        if (id <= this.#now.after || !registry.records.has(id)) continue;
        await this.#cartridge(id, request);
        await this.#keep({ after: id, at: "", index: 0, report: this.#now.report }, request);
      }
      await this.#keep({ after: "", at: "", index: 0, report: { ...this.#now.report, endedAt: clock.now() } }, request);
      return this.#now.report;
    } finally {
      this.#place = undefined;
    }
  }

  get #now(): Place {
    return this.#place ?? blankPlace(this.#work.clock.now());
  }

  async #cartridge(id: CartridgeId, request: ScrubRequest): Promise<void> {
    const { usage, state } = this.#work.registry.get(id);
    const first = this.#now.at === id ? this.#now.index : 0;
    if (first === 0) this.#count("cartridges", 1);
    if (state === "rest" && usage.storedBytes === 0 && usage.localBytes === 0) return;
    let active: ActiveCartridge;
    try {
      active = await this.#work.active.hold(id);
    } catch (error) {
      if (!isFault(error) || error.row.retry === "backoff") throw error;
      return this.#note({
        area: "cartridge",
        subject: id,
        severity: "damage",
        what: error.message,
        advice: doctorAdvice,
      });
    }
    try {
      const { cartridge } = active;
      for (let index = first; index < cartridge.head.count; index++) {
        request.signal.throwIfAborted();
        await this.#segment(active, await cartridge.directory.get(index), request);
        await this.#keep({ ...this.#now, at: id, index: index + 1 }, request);
      }
    } finally {
      await this.#work.active.release(active);
    }
  }

  async #segment(active: ActiveCartridge, entry: Entry, request: ScrubRequest): Promise<void> {
    const { cartridge } = active;
    const isLocal = entry.local && (await this.#localCopy(active, entry, request));
    const isOwn = cartridge.ownerOf(entry.segment).id === cartridge.id;
    // A segment of a cartridge that this one was cloned from is looked at there.
    if (request.readsObjects && entry.stored && isOwn) await this.#object(active, entry, { request, isLocal });
  }

  /** True when the local copy is whole, after it was mended perhaps. */
  async #localCopy({ cartridge }: ActiveCartridge, entry: Entry, request: ScrubRequest): Promise<boolean> {
    const { disk, healer } = this.#work;
    const subject = cartridge.segmentPath(entry.segment);
    this.#count("localSegments", 1);
    this.#count("localBytes", entry.fileSize);
    const isWhole = await isAsSealed(disk, subject, entry);
    await this.#takeTime(entry.fileSize, request);
    if (isWhole) return true;
    const now = (await cartridge.find(entry.segment))?.entry;
    // It was evicted, cut off, or is another one since.
    if (now?.local !== true || now.fileCrc !== entry.fileCrc) return false;
    const what = "its content is not what was written";
    if (!now.stored) {
      const advice = "it was never uploaded; what can be read of it is uploaded soon, unless it comes back";
      this.#note({ area: "segment", subject, severity: "damage", what, advice });
      return false;
    }
    await healer.damagedCopy(cartridge, now, what);
    const isMended = await isAsSealed(disk, subject, now);
    if (isMended) this.#count("repaired", 1);
    const advice = isMended ? "it was made anew from the object store; watch the disk" : doctorAdvice;
    this.#note({ area: "segment", subject, severity: "warning", what, advice });
    return isMended;
  }

  async #object(
    active: ActiveCartridge,
    entry: Entry,
    { request, isLocal }: { readonly request: ScrubRequest; readonly isLocal: boolean },
  ): Promise<void> {
    const { cartridge } = active;
    const { clock, remote } = this.#work;
    const key = segmentKey(cartridge.id, entry);
    const info = await retried(clock, request.signal, () => remote.objects.head(key));
    if (info !== undefined && isCold(info)) return this.#count("coldObjects", 1);
    if (info !== undefined && !request.pay(info.storageClass, info.sizeBytes)) return this.#count("unpaidObjects", 1);
    const what = info === undefined ? "it is missing" : await this.#objectProblem(active, entry, { info, request });
    if (what === undefined) return;
    const now = (await cartridge.find(entry.segment))?.entry;
    // Cut off or put anew since.
    if (now?.stored !== true || now.objectSize !== entry.objectSize || now.epoch !== entry.epoch) return;
    const isHere = isLocal && cartridge.head.storageClass === "STANDARD";
    const isMended = isHere && (await this.#putAgain(active, now, request));
    if (isMended) this.#count("repaired", 1);
    const [severity, advice] = isMended
      ? (["warning", "it was put again from the local copy"] as const)
      : (["damage", "restore the object from a copy of the bucket or an older version of it"] as const);
    this.#note({ area: "bucket", subject: key, severity, what, advice });
  }

  async #objectProblem(
    { cartridge }: ActiveCartridge,
    entry: Entry,
    { info, request }: { readonly info: ObjectInfo; readonly request: ScrubRequest },
  ): Promise<string | undefined> {
    const expected = objectBytesOf(entry);
    if (info.sizeBytes !== expected) return `it has ${info.sizeBytes} bytes, not ${expected}`;
    this.#count("objects", 1);
    this.#count("objectBytes", info.sizeBytes);
    // What is kept here of the object's end is not believed.
    const frames = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
    const holder = { id: cartridge.id, frames, ownerOf: (segment: number) => cartridge.ownerOf(segment) };
    let sum = 0;
    try {
      const content = await openRemote(this.#work.remote, holder, entry, request.signal);
      for await (const piece of piecesOf(content, entry, request.signal)) {
        sum = crc32(piece, sum);
        await this.#takeTime(piece.byteLength, request);
      }
    } catch (error) {
      if (!isFault(error) || error.row.retry === "backoff") throw error;
      return error.message;
    }
    return sum === entry.fileCrc ? undefined : "its content is not what was written";
  }

  /** Puts the object over the one that is there. False when that cannot be, for a lock perhaps. */
  async #putAgain(active: ActiveCartridge, entry: Entry, { signal }: ScrubRequest): Promise<boolean> {
    const { cartridge } = active;
    const { uploads, changed } = this.#work;
    try {
      await uploads.epoch();
      const again = { entry, epoch: entry.epoch, isAgain: true };
      await cartridge.markPutAgain(entry.segment, await putSegment(uploads, cartridge, again, signal));
      // The bucket is told the size of the new one.
      changed(active);
      return true;
    } catch (error) {
      if (!isFault(error) || error.row.retry === "backoff") throw error;
      uploads.log.error("a damaged object could not be put again", { cartridge: cartridge.id, error: error.message });
      return false;
    }
  }

  /** Waits until so many bytes may have been read. */
  async #takeTime(byteCount: number, { bytesPerSecond, signal }: ScrubRequest): Promise<void> {
    if (bytesPerSecond === undefined) return;
    const { clock } = this.#work;
    const now = clock.monotonic();
    this.#paidAt = Math.max(this.#paidAt, now) + (byteCount / bytesPerSecond) * 1000;
    if (this.#paidAt - now >= 1) await sleep(clock, milliseconds(this.#paidAt - now), signal);
  }

  #count(name: Counter, by: number): void {
    const place = this.#now;
    const { report } = place;
    this.#place = { ...place, report: { ...report, [name]: report[name] + by } };
  }

  #note(finding: Finding): void {
    const place = this.#now;
    const { findings } = place.report;
    if (findings.length >= limits.scrubFindings) return;
    this.#place = { ...place, report: { ...place.report, findings: [...findings, finding] } };
  }

  async #keep(place: Place, { progress }: ScrubRequest): Promise<void> {
    this.#place = place;
    const { disk } = this.#work;
    const path = this.#path;
    await replaceSmallFile(disk, path, {
      content: encodeLine({ version: stateVersion, ...place }),
      temporary: `${path}.new`,
    });
    progress(place.report);
  }

  async #load(): Promise<Place | undefined> {
    const path = this.#path;
    const bytes = await readSmallFile(this.#work.disk, path);
    if (bytes === undefined) return undefined;
    try {
      return placeFrom(decodeLine(path, bytes, stateVersion));
    } catch (error) {
      // It only says where to go on: it begins anew.
      this.#work.uploads.log.warn("what is known of the last scrub is lost", { error: asError(error).message });
      return undefined;
    }
  }

  get #path(): string {
    return `${this.#work.folder}/scrub`;
  }
}

const doctorAdvice = "see what capstan doctor says of it";

function blankPlace(startedAt: Instant): Place {
  const counts = { cartridges: 0, localSegments: 0, localBytes: 0, objects: 0, objectBytes: 0 };
  const report = { startedAt, ...counts, coldObjects: 0, unpaidObjects: 0, repaired: 0, findings: [] };
  return { after: "", at: "", index: 0, report };
}

function isCold({ thaw, storageClass }: ObjectInfo): boolean {
  return thaw.kind !== "warm" || (storageClass !== "STANDARD" && storageClass !== "STANDARD_IA");
}

/** Its checksum says that we wrote it; this tells it from a line of somebody else's. */
function placeFrom(value: Readonly<Record<string, unknown>>): Place {
  const { after, at, index, report } = value;
  if (
    typeof after !== "string" ||
    typeof at !== "string" ||
    typeof index !== "number" ||
    typeof report !== "object" ||
    report === null
  ) {
    throw new TypeError("it is no place of a scrub");
  }
  return { after, at, index, report: report as ScrubReport };
}

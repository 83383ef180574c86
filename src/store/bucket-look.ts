// SPDX-License-Identifier: Apache-2.0
// Looks at what the object store has of one cartridge, and changes nothing: its data key, the manifest that counts, the
// object of each stored segment, and objects that nothing names. In a cold class only what the store says of an object is
// looked at; its content cannot be read.

import { asError, isFault, limits, type Log, type Threads } from "#base/index.ts";
import type { LookedAt } from "./cartridge-look.ts";
import type { CartridgeRecord } from "./cartridge-registry.ts";
import { crc32 } from "./crc32.ts";
import type { Disk } from "./disk.ts";
import { type Entry, objectBytesOf } from "./directory-entry.ts";
import type { Findings } from "./finding.ts";
import { ownerOf } from "./head.ts";
import type { KeyRing } from "./key-ring.ts";
import type { RecoveryPoint } from "./log-entry.ts";
import { manifestEntries, newestManifest, readManifest } from "./manifest-files.ts";
import { cartridgePrefix, manifestKey, segmentKey, segmentOfKey, segmentsPrefix } from "./object-keys.ts";
import type { ObjectInfo, ObjectKey } from "./object-store.ts";
import { eachOf, type ObjectWork, retried } from "./object-work.ts";
import { openRemote } from "./remote-content.ts";
import type { SealJobs } from "./seal-jobs.ts";
import type { SmallSealers } from "./small-sealer.ts";

/** What looking needs. */
export interface BucketLookWork extends ObjectWork {
  readonly disk: Disk;
  readonly log: Log;
  readonly findings: Findings;
  readonly keys: KeyRing;
  readonly sealers: SmallSealers;
  readonly threads: Threads<SealJobs>;
  /** False: the objects are plain and have no data keys. */
  readonly isSealed: boolean;
  /** Read every object that can be read back, and authenticate it. */
  readonly isDeep: boolean;
  readonly signal: AbortSignal;
}

/** What was looked at, in numbers. */
export interface BucketCounts {
  objects: number;
  /** Read back and authenticated. */
  readObjects: number;
  readBytes: number;
  /** In a cold class: there, with the right size. */
  coldObjects: number;
}

interface Looked {
  readonly work: BucketLookWork;
  readonly record: CartridgeRecord;
  readonly local: LookedAt | undefined;
  readonly counts: BucketCounts;
}

/**
 * Looks at the bucket's side of a cartridge. `isShared`: others are cloned from it, so that more than its own directory
 * names its objects. Faults of an object store that cannot be reached.
 */
export async function lookAtBucket(
  work: BucketLookWork,
  cartridge: Omit<Looked, "work"> & { readonly isShared: boolean },
): Promise<void> {
  const looked: Looked = { ...cartridge, work };
  const { record, local } = cartridge;
  const point = record.point;
  const entries = local?.isSound === true ? local.entries : undefined;
  if (point === undefined && !(entries ?? []).some(({ stored }) => stored)) return;
  if (!(await lookAtKey(looked))) return;
  const named = point === undefined ? [] : await lookAtManifest(looked, point);
  const stored = entries?.filter((entry) => entry.stored) ?? named ?? [];
  const there = await listSegments(looked);
  await eachOf(stored.length, work.signal, async (index) => {
    const entry = stored[index];
    if (entry !== undefined) await lookAtObject(looked, entry);
  });
  if (entries !== undefined && named !== undefined && !cartridge.isShared) {
    noteStrays(looked, there, [...entries.filter((entry) => entry.stored), ...named]);
  }
}

/** Whether the data key opens. */
async function lookAtKey({ work, record }: Looked): Promise<boolean> {
  if (!work.isSealed) return true;
  const owner = cartridgePrefix(record.id);
  try {
    if ((await work.keys.check(owner)) !== undefined) return true;
    const what = "the object store has no data key of this cartridge";
    const advice = "nothing of it can be opened without; restore the object from a copy of the bucket";
    work.findings.note({ area: "keys", subject: owner, severity: "damage", what, advice });
  } catch (error) {
    if (isUnreachable(error)) throw error;
    const advice = "bring the key back that wrapped it, from the copy that was kept elsewhere";
    work.findings.note({ area: "keys", subject: owner, severity: "damage", what: asError(error).message, advice });
  }
  return false;
}

const isUnreachable = (error: unknown): boolean => !isFault(error) || error.row.retry === "backoff";

/** The entries that the manifest that counts names; undefined when it cannot be read. */
async function lookAtManifest(looked: Looked, point: RecoveryPoint): Promise<readonly Entry[] | undefined> {
  const { work, record, local } = looked;
  const { id } = record;
  const subject = manifestKey(id, point);
  const canRenew = local?.isSound === true;
  const isRenewed = canRenew && local.head.manifests > 0 && local.head.manifestCount !== local.head.storedCount;
  const note = (what: string): void => {
    const about = { area: "bucket", subject, what } as const;
    // As a mend has left it.
    if (isRenewed)
      work.findings.note({ ...about, severity: "advice", advice: "nothing: the next start writes a new one" });
    else if (canRenew) work.findings.note({ ...about, severity: "warning", mend: { kind: "new-manifest", id } });
    else work.findings.note({ ...about, severity: "damage", advice: "restore the object from a copy of the bucket" });
  };
  try {
    const reading = { ...work, sealer: work.sealers.cartridge(id), options: { signal: work.signal } };
    const manifest = await readManifest(reading, id, point);
    if (manifest.tag !== record.tag) {
      note("it is of another cartridge with the same name");
      return undefined;
    }
    const entries: Entry[] = [];
    for await (const part of manifestEntries(reading, id, manifest)) entries.push(...part);
    const last = entries.at(-1);
    const objects = last === undefined ? 0 : last.firstObject + last.objects;
    if (objects !== point.objects || entries.length !== manifest.segments) {
      note(`it tells ${objects} objects in ${entries.length} segments, the log says ${point.objects}`);
    }
    const newest = await newestManifest(work, id);
    const isNewer = newest !== undefined && newest.epoch > point.epoch;
    if (isNewer) {
      const what = `a manifest of epoch ${newest.epoch} is there, the log names one of epoch ${point.epoch}`;
      const advice = "another gateway wrote to this cartridge; see with capstan recover --dry-run which one owns it";
      work.findings.note({ area: "bucket", subject: manifestKey(id, newest), severity: "warning", what, advice });
    }
    return entries;
  } catch (error) {
    if (isUnreachable(error)) throw error;
    note(asError(error).message);
    return undefined;
  }
}

/** Keys of all its segments. */
async function listSegments({ work, record }: Looked): Promise<readonly ObjectKey[]> {
  const found: ObjectKey[] = [];
  for (let after: string | undefined; ;) {
    const from = after;
    const list = (): Promise<readonly ObjectKey[]> =>
      work.objects.list(segmentsPrefix(record.id), from, limits.listObjects);
    const keys = await retried(work.clock, work.signal, list);
    found.push(...keys);
    after = keys.at(-1);
    if (keys.length < limits.listObjects) return found;
  }
}

/** Whether the object of a stored segment is there and what it should be. */
async function lookAtObject(looked: Looked, entry: Entry): Promise<void> {
  const { work, record, local, counts } = looked;
  const { head } = local ?? {};
  const parents = head?.parents;
  const clone = { id: record.id, storageClass: "STANDARD", ...(parents === undefined ? {} : { parents }) } as const;
  const key = segmentKey(ownerOf(entry.segment, clone).id, entry);
  counts.objects += 1;
  const info = await retried(work.clock, work.signal, () => work.objects.head(key));
  const problem = info === undefined ? "it is missing" : await objectProblem(looked, entry, info);
  if (problem === undefined) return;
  const isOwn = segmentOfKey(key) !== undefined && key.startsWith(cartridgePrefix(record.id));
  const canPut = isOwn && local?.whole.has(entry.segment) === true;
  const first = entry.firstObject;
  const range = `objects ${first} to ${first + entry.objects - 1}`;
  work.findings.note({
    area: "bucket",
    subject: key,
    severity: canPut ? "warning" : "damage",
    what: canPut ? `${problem}; ${range} are whole on the local disk` : `${problem}; ${range} cannot be read`,
    ...(canPut
      ? { mend: { kind: "put-again", id: record.id, segment: entry.segment } as const }
      : { advice: "restore the object from a copy of the bucket or an older version of it" }),
  });
}

async function objectProblem(looked: Looked, entry: Entry, info: ObjectInfo): Promise<string | undefined> {
  const { work, counts } = looked;
  const expected = objectBytesOf({ ...entry, stored: true });
  if (info.sizeBytes !== expected) return `it has ${info.sizeBytes} bytes, not ${expected}`;
  const isReadable = info.thaw.kind === "warm" || info.thaw.kind === "thawed";
  if (!isReadable) counts.coldObjects += 1;
  if (!work.isDeep || !isReadable) return undefined;
  try {
    const sum = await readBack(looked, entry);
    counts.readObjects += 1;
    counts.readBytes += info.sizeBytes;
    return sum === entry.fileCrc ? undefined : "its content is not what was written";
  } catch (error) {
    if (isUnreachable(error)) throw error;
    return asError(error).message;
  }
}

/** The checksum of what the object holds, every frame of it authenticated. */
async function readBack({ work, record, local }: Looked, entry: Entry): Promise<number> {
  const parents = local?.head.parents;
  const clone = { id: record.id, storageClass: "STANDARD", ...(parents === undefined ? {} : { parents }) } as const;
  // What is kept here of the object's end is not believed, and nothing is kept.
  const frames = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
  const holder = { id: record.id, frames, ownerOf: (segment: number) => ownerOf(segment, clone) };
  const content = await openRemote(work, holder, entry, work.signal);
  const pieces = Math.ceil(entry.fileSize / content.pieceSize);
  const atOnce = Math.max(1, Math.floor(limits.fetchSize / content.pieceSize));
  let sum = 0;
  for (let first = 0; first < pieces; first += atOnce) {
    const read = await content.read(first, Math.min(atOnce, pieces - first), work.signal);
    for (const piece of await Promise.all(read)) sum = crc32(piece, sum);
  }
  return sum;
}

/** Objects of segments that neither the directory nor the manifest that counts names. */
function noteStrays({ work, record, local }: Looked, there: readonly ObjectKey[], named: readonly Entry[]): void {
  const known = new Set<string>(named.map((entry) => segmentKey(record.id, entry)));
  const garbage = local?.head.garbage ?? [];
  const nextSegment = local?.head.nextSegment ?? 0;
  for (const key of there) {
    const { segment, epoch } = segmentOfKey(key) ?? { segment: 0, epoch: 0 };
    if (known.has(key) || garbage.some(([first, end]) => segment >= first && segment < end)) continue;
    const isWaiting = local?.entries.some((entry) => entry.segment === segment && !entry.stored) ?? false;
    // It was put, and a crash kept that from being noted: the upload that follows takes it.
    if (isWaiting || segment >= nextSegment) continue;
    const what = `nothing names this object of epoch ${epoch}`;
    const mend = { kind: "remove-object", key } as const;
    work.findings.note({ area: "bucket", subject: key, severity: "advice", what, mend });
  }
}

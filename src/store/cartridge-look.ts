// SPDX-License-Identifier: Apache-2.0
// Looks at what the data folder has of one cartridge, and changes nothing: its journal, its directory, its local segments,
// and files that nothing names.

import { bytesFromHex, isFault, isoText } from "#base/index.ts";
import type { CartridgeRecord } from "./cartridge-registry.ts";
import { checkDirectoryHeader, decodeEntry, type Entry, entrySize } from "./directory-entry.ts";
import { unlessMissing } from "./disk-paths.ts";
import type { Disk } from "./disk.ts";
import type { Findings } from "./finding.ts";
import { blankHead, decodeCartridgeFact, entriesOf, type Head, ownerOf } from "./head.ts";
import { readLedger } from "./ledger-reading.ts";
import { crcOf } from "./segment-check.ts";
import { decodeFooter, pageSize, segmentHeaderProblem } from "./segment-format.ts";
import { readSmallFile } from "./small-file.ts";

/** What looking needs. */
export interface LookWork {
  readonly disk: Disk;
  readonly findings: Findings;
  /** Read every byte, and not only what says what the bytes should be. */
  readonly isDeep: boolean;
}

/** What the data folder says of a cartridge. */
export interface LookedAt {
  readonly head: Head;
  readonly entries: readonly Entry[];
  /** Segments whose local files are what they should be, as far as was looked. */
  readonly whole: ReadonlySet<number>;
  /** False: the cartridge is made anew first, and then looked at again. */
  readonly isSound: boolean;
}

/** What is looked at. */
interface Cartridge {
  readonly record: CartridgeRecord;
  readonly folder: string;
  readonly work: LookWork;
}

/** Looks; undefined when nothing of it is here and nothing should be: it comes from the bucket when it is first used. */
export async function lookAtCartridge(
  work: LookWork,
  folder: string,
  record: CartridgeRecord,
): Promise<LookedAt | undefined> {
  const cartridge = { record, folder, work };
  const head = await lookAtJournal(cartridge);
  if (head === undefined) return undefined;
  if ("reason" in head) return unsound(cartridge, "journal", head.reason);
  const entries = await entriesAt(cartridge, head);
  if (typeof entries === "string") return unsound(cartridge, "directory", entries);
  const problem = sumProblem(head.head, entries);
  if (problem !== undefined) return unsound(cartridge, "directory", problem);
  const whole = await lookAtSegments(cartridge, entries);
  await lookAtFiles(cartridge, head.head, entries);
  noteLost(cartridge, head.head);
  return { head: head.head, entries, whole, isSound: true };
}

function unsound({ record, folder, work }: Cartridge, name: string, reason: string): LookedAt {
  const { id, tag, point } = record;
  const what =
    point === undefined
      ? `${reason}; the bucket has nothing of it, what its local segments hold is kept`
      : `${reason}; the bucket has it up to object ${point.objects}, its local segments may hold more`;
  const mend = { kind: "rebuild", id, reason: `${folder}/${name}: ${reason}` } as const;
  work.findings.note({ area: "cartridge", subject: `${folder}/${name}`, severity: "damage", what, mend });
  return { head: blankHead(tag), entries: [], whole: new Set(), isSound: false };
}

interface Journal {
  readonly head: Head;
  readonly changed: ReadonlyMap<number, Entry>;
}

async function lookAtJournal({ record, folder, work }: Cartridge): Promise<Journal | { reason: string } | undefined> {
  const { usage, point, state } = record;
  try {
    const facts = await readLedger(work.disk, `${folder}/journal`, decodeCartridgeFact);
    let head = blankHead(record.tag);
    const changed = new Map<number, Entry>();
    for (const fact of facts ?? []) {
      head = fact.head;
      for (const [index, entry] of entriesOf(fact)) changed.set(index, entry);
      for (const index of changed.keys()) if (index >= head.count) changed.delete(index);
    }
    if (head.tag !== record.tag) return { reason: "it is that of another cartridge" };
    const isBlank = head.count === 0 && head.nextSegment === 1 && head.manifests === 0 && head.resume === null;
    const isKnown = point !== undefined || usage.objects > 0;
    if (!isBlank || !isKnown) return { head, changed };
    // Of a cartridge that came back from the bucket, nothing is here before it is first used.
    if (usage.localBytes === 0 && state === "rest" && facts === undefined) return undefined;
    return { reason: facts === undefined ? "it is missing" : "it is blank, and the store's ledger knows more" };
  } catch (error) {
    if (!isFault(error, "store.file-damaged")) throw error;
    return { reason: error.message };
  }
}

/** All entries, or what is wrong with one. */
async function entriesAt({ record, folder, work }: Cartridge, journal: Journal): Promise<readonly Entry[] | string> {
  const { head, changed } = journal;
  const path = `${folder}/directory`;
  const bytes = await readSmallFile(work.disk, path);
  if (bytes !== undefined) {
    try {
      checkDirectoryHeader(path, bytes, bytesFromHex(record.tag));
    } catch (error) {
      if (!isFault(error, "store.file-damaged")) throw error;
      return error.message;
    }
  }
  const entries: Entry[] = [];
  for (let index = 0; index < head.count; index++) {
    const offset = (index + 1) * entrySize;
    const isThere = bytes !== undefined && offset + entrySize <= bytes.byteLength;
    const entry = changed.get(index) ?? (isThere ? decodeEntry(bytes, offset) : undefined);
    if (entry === undefined) return `entry ${index} of ${head.count} ${isThere ? "is damaged" : "is missing"}`;
    entries.push(entry);
  }
  return entries;
}

/** The entries are in order and come to what the head counts. */
function sumProblem(head: Head, entries: readonly Entry[]): string | undefined {
  const sums = { objects: 0, files: 0, bytes: 0, storedBytes: 0, dirtyBytes: 0, localBytes: 0 };
  let last = 0;
  for (const entry of entries) {
    const { segment, fileSize, stored, local, firstObject, firstFile, firstByte } = entry;
    if (segment <= last) return `segment ${segment} comes behind segment ${last}`;
    if (firstObject !== sums.objects || firstFile !== sums.files || firstByte !== sums.bytes) {
      return `segment ${segment} does not begin where the one before ends`;
    }
    last = segment;
    sums.objects += entry.objects;
    sums.files += entry.filemarks;
    sums.bytes += entry.recordBytes;
    sums[stored ? "storedBytes" : "dirtyBytes"] += fileSize;
    if (local) sums.localBytes += fileSize;
  }
  for (const name of ["objects", "files", "bytes", "storedBytes", "dirtyBytes", "localBytes"] as const) {
    if (head[name] !== sums[name])
      return `its entries come to ${sums[name]} for ${name}, the journal says ${head[name]}`;
  }
  return undefined;
}

async function lookAtSegments(cartridge: Cartridge, entries: readonly Entry[]): Promise<ReadonlySet<number>> {
  const { record, folder, work } = cartridge;
  const whole = new Set<number>();
  for (const entry of entries) {
    if (!entry.local) continue;
    const { segment, stored, firstObject, objects } = entry;
    const subject = segmentPath(folder, segment);
    const problem = await segmentProblem(cartridge, subject, entry);
    if (problem === undefined) {
      whole.add(segment);
      continue;
    }
    if (stored) {
      const mend = { kind: "forget-local", id: record.id, segment } as const;
      const what = `${problem}; it is read from the object store instead`;
      work.findings.note({ area: "segment", subject, severity: "warning", what, mend });
      continue;
    }
    const last = firstObject + objects - 1;
    const what = `${problem}; it was never uploaded: objects ${firstObject} to ${last} may be lost`;
    const advice = `restore the file from a copy; else keep what is before it: the recovery point of ${nameOf(record)} stays there`;
    work.findings.note({ area: "segment", subject, severity: "damage", what, advice });
  }
  return whole;
}

const nameOf = ({ id, description }: CartridgeRecord): string => String(description["barcode"] ?? id);

function segmentProblem({ record, work }: Cartridge, path: string, entry: Entry): Promise<string | undefined> {
  return fileProblem({ ...work, tag: bytesFromHex(record.tag) }, path, entry);
}

/** What is wrong with the local file of a sealed segment of the cartridge with that tag. */
export async function fileProblem(
  work: Pick<LookWork, "disk" | "isDeep"> & { readonly tag: Uint8Array },
  path: string,
  entry: Entry,
): Promise<string | undefined> {
  const file = await unlessMissing(work.disk.open(path, { mode: "read" }));
  if (file === undefined) return "it is missing";
  try {
    const size = await file.size();
    if (size !== entry.fileSize) return `it has ${size} bytes, not ${entry.fileSize}`;
    // A clone's entries are of the cartridge that it was cloned from, tag included.
    const identity = { segment: entry.segment, generation: entry.generation, tag: work.tag };
    const header = new Uint8Array(pageSize);
    await file.read(0, header);
    const problem = segmentHeaderProblem(path, header, identity, entry);
    const page = new Uint8Array(pageSize);
    await file.read(size - pageSize, page);
    const footer = decodeFooter(path, page, identity);
    const ends = problem ?? (typeof footer === "string" ? footer : undefined);
    if (ends === undefined && !work.isDeep) return undefined;
    // What was left of a damaged segment is what it is now, whatever it looks like.
    return (await crcOf(file, size)) === entry.fileCrc ? undefined : (ends ?? "its content is not what was written");
  } finally {
    await file.close();
  }
}

/** Objects that are known to be gone. */
function noteLost({ record, work }: Cartridge, { lost = [] }: Head): void {
  for (const { segment, first, end, at } of lost) {
    const what = `objects ${first} to ${end - 1} cannot be read: segment ${segment} was damaged before it was uploaded, found at ${isoText(at)}`;
    const advice = "back up again what they held; what was damaged is kept beside the segment as .damaged";
    work.findings.note({ area: "cartridge", subject: nameOf(record), severity: "damage", what, advice });
  }
}

/** Files that the directory does not name. */
async function lookAtFiles(cartridge: Cartridge, head: Head, entries: readonly Entry[]): Promise<void> {
  const { record, folder, work } = cartridge;
  const named = new Map(entries.map((entry) => [entry.segment, entry]));
  for (const name of await work.disk.list(folder)) {
    const subject = `${folder}/${name}`;
    if (["journal", "directory", "frames"].includes(name)) continue;
    const segment = Number(/^(\d{12})\.segment$/.exec(name)?.[1]);
    if (!Number.isNaN(segment)) {
      const entry = named.get(segment);
      if (entry?.local === true || segment >= head.nextSegment) continue;
      if (head.garbage.some(([first, end]) => segment >= first && segment < end)) continue;
      const owner = ownerOf(segment, { ...head, id: record.id });
      if (entry === undefined && owner.id === record.id) {
        const what = "a cut made the segment dead, and its number is never used again";
        const mend = { kind: "remove-file", path: subject } as const;
        work.findings.note({ area: "segment", subject, severity: "advice", what, mend });
      }
      continue;
    }
    if (name.endsWith(".new") || name.endsWith(".new-made") || name.endsWith(".part")) {
      const mend = { kind: "remove-file", path: subject } as const;
      const what = "a crash left it half-made; it is made again when it is needed";
      work.findings.note({ area: "cartridge", subject, severity: "advice", what, mend });
    } else if (!name.endsWith(".sealed")) {
      const what = name.includes(".damaged") ? "a damaged file was put aside here" : "nothing names this file";
      const advice = "look at it, and remove it when nobody needs it";
      work.findings.note({ area: "cartridge", subject, severity: "advice", what, advice });
    }
  }
}

/** Path of a segment's file. */
export const segmentPath = (folder: string, segment: number): string =>
  `${folder}/${String(segment).padStart(12, "0")}.segment`;

// SPDX-License-Identifier: Apache-2.0
// The steps by which a cartridge goes to the shelf and comes back: manifest, class, thaw. Each may be repeated; what is
// done already costs a request and changes nothing.

import { bytesFromText, concatBytes, type Duration, hexFromBytes, isFault, limits } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import { encodeDirectoryHeader, encodeEntry } from "./directory-entry.ts";
import { directoryKey, manifestKey, segmentKey } from "./object-keys.ts";
import type { StorageClass, ThawState, ThawTier } from "./object-store.ts";
import { eachOf, type ObjectWork, putBytes, retried } from "./object-work.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { CartridgeDescription, WorkOptions } from "./types.ts";

/** Version that this release writes, and the newest that it reads. */
export const manifestVersion = 1;

/** What a manifest says. It is an object of JSON text. */
export interface Manifest {
  readonly format: number;
  readonly cartridge: string;
  readonly description: CartridgeDescription;
  readonly tag: string;
  readonly generation: number;
  readonly segments: number;
  readonly objects: number;
  readonly files: number;
  readonly bytes: number;
  readonly storageClass: StorageClass;
  /** Parts of the directory, in order. */
  readonly directory: readonly { readonly key: string; readonly entries: number; readonly crc32: number }[];
}

/** What the steps need. */
export interface ArchiveWork extends ObjectWork {
  readonly cartridge: StoredCartridge;
  readonly options: WorkOptions;
}

/** Writes the manifest and the directory, new ones each time, and records their number. */
export async function writeManifest(
  work: ArchiveWork,
  description: CartridgeDescription,
  storageClass: StorageClass,
): Promise<void> {
  const { cartridge } = work;
  // A number may be taken by an attempt that was interrupted.
  for (let number = cartridge.head.manifests + 1; ; number++) {
    try {
      await writeNumbered(work, number, description, storageClass);
      await cartridge.note({ manifests: number });
      return;
    } catch (error) {
      if (!isFault(error, "store.object-conflict") || number > cartridge.head.manifests + maxTaken) throw error;
    }
  }
}

const maxTaken = 100;

async function writeNumbered(
  work: ArchiveWork,
  number: number,
  description: CartridgeDescription,
  storageClass: StorageClass,
): Promise<void> {
  const { cartridge, options } = work;
  const { id, head, tag } = cartridge;
  const directory: { key: string; entries: number; crc32: number }[] = [];
  for (let first = 0; first < head.count; first += limits.manifestEntries) {
    const entries = Math.min(limits.manifestEntries, head.count - first);
    const parts = [encodeDirectoryHeader(tag)];
    for (let index = first; index < first + entries; index++) {
      const entry = await cartridge.directory.get(index);
      parts.push(encodeEntry({ ...entry, stored: true, local: false }));
    }
    const bytes = concatBytes(parts);
    const key = directoryKey(id, number, directory.length);
    await putBytes(work, key, bytes, options.signal);
    directory.push({ key, entries, crc32: crc32(bytes) });
    options.progress?.({ phase: "manifest", done: first + entries, total: head.count });
  }
  const { generation, count: segments, objects, files, bytes } = head;
  const manifest: Manifest = {
    format: manifestVersion,
    cartridge: id,
    description,
    tag: hexFromBytes(tag),
    generation,
    segments,
    objects,
    files,
    bytes,
    storageClass,
    directory,
  };
  await putBytes(work, manifestKey(id, number), bytesFromText(JSON.stringify(manifest)), options.signal);
}

/** Moves all segments to the class. */
export async function changeClass(work: ArchiveWork, storageClass: StorageClass): Promise<void> {
  const { cartridge, objects } = work;
  // Objects are put into STANDARD, and another class is noted before the first leaves it.
  if (storageClass === "STANDARD" && cartridge.head.storageClass === "STANDARD") return;
  await cartridge.note({ storageClass });
  await eachSegment(work, "class", (segment) => objects.changeClass(segmentKey(cartridge.id, segment), storageClass));
}

/** Asks for all segments to become readable. */
export function thawSegments(work: ArchiveWork, tier: ThawTier, keep: Duration): Promise<void> {
  const { cartridge, objects } = work;
  return eachSegment(work, "thaw", (segment) => objects.thaw(segmentKey(cartridge.id, segment), tier, keep));
}

/** The state of the least ready segment. Ends at the first that is frozen. */
export async function thawStateOf(work: ArchiveWork): Promise<ThawState> {
  const { cartridge, objects, clock } = work;
  const states: ThawState[] = [];
  let isFrozen = false;
  await eachOf(cartridge.head.count, work.options.signal, async (index) => {
    if (isFrozen) return;
    const { segment } = await cartridge.directory.get(index);
    const info = await retried(clock, undefined, () => objects.head(segmentKey(cartridge.id, segment)));
    isFrozen ||= info?.thaw.kind === "frozen";
    if (info !== undefined) merge(states, info.thaw);
  });
  return states[0] ?? { kind: "warm" };
}

const readiness = { frozen: 0, thawing: 1, thawed: 2, warm: 3 } as const;

/** Keeps the least ready state in `states[0]`: latest `readyAt`, earliest `until`. */
function merge(states: ThawState[], next: ThawState): void {
  const [current] = states;
  if (current === undefined || readiness[next.kind] < readiness[current.kind]) {
    states[0] = next;
  } else if (next.kind === "thawing" && current.kind === "thawing") {
    const isLater = next.readyAt === undefined || (current.readyAt !== undefined && next.readyAt > current.readyAt);
    if (isLater) states[0] = next;
  } else if (next.kind === "thawed" && current.kind === "thawed" && next.until < current.until) {
    states[0] = next;
  }
}

async function eachSegment(
  work: ArchiveWork,
  phase: "class" | "thaw",
  request: (segment: number) => Promise<void>,
): Promise<void> {
  const { cartridge, clock, options } = work;
  const total = cartridge.head.count;
  let done = 0;
  await eachOf(total, options.signal, async (index) => {
    const { segment } = await cartridge.directory.get(index);
    await retried(clock, options.signal, () => request(segment));
    done += 1;
    options.progress?.({ phase, done, total });
  });
}

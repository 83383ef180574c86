// SPDX-License-Identifier: Apache-2.0
// Manifests in the object store: written so that each costs what is new, read back whole, and deleted when a newer one
// counts.

import { bytesFromHex, hexFromBytes, limits } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import type { Entry } from "./directory-entry.ts";
import type { Head } from "./head.ts";
import {
  decodeDirectoryPart,
  decodeManifest,
  decodeTail,
  type DirectoryPart,
  encodeDirectoryPart,
  encodeManifest,
  encodeTail,
  type Manifest,
  manifestVersion,
} from "./manifest.ts";
import {
  cartridgePrefix,
  directoryKey,
  manifestKey,
  type ManifestName,
  manifestOfKey,
  manifestsPrefix,
} from "./object-keys.ts";
import type { StorageClass } from "./object-store.ts";
import { eachOf, type ObjectWork, putBytes, retried } from "./object-work.ts";
import type { SmallSealer } from "./small-sealer.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { CartridgeDescription, CartridgeId, WorkOptions } from "./types.ts";

/** What writing and reading need. */
export interface ManifestWork extends ObjectWork {
  readonly sealer: SmallSealer;
  readonly options: WorkOptions;
}

/** A manifest to write. */
export interface NewManifest {
  readonly name: ManifestName;
  readonly description: CartridgeDescription;
  readonly storageClass: StorageClass;
  /** The one before, whose parts are used again as far as its entries are the same. */
  readonly before: Manifest | undefined;
}

/**
 * Writes a manifest of what is stored without a gap from the beginning on. Undefined when the cartridge was cut
 * meanwhile: then it is to be tried again.
 */
export async function writeManifest(
  work: ManifestWork,
  cartridge: StoredCartridge,
  { name, description, storageClass, before }: NewManifest,
): Promise<Manifest | undefined> {
  const { id, head, tag } = cartridge;
  const count = head.storedCount;
  const directory = keptParts(before, Math.min(head.manifestCount ?? 0, count));
  let index = directory.reduce((sum, part) => sum + part.entries, 0);
  const entriesUpTo = async (end: number): Promise<readonly Entry[]> => {
    const entries: Entry[] = [];
    for (; index < end && cartridge.head.generation === head.generation; index++) {
      entries.push(await cartridge.directory.get(index));
    }
    return entries;
  };
  while (count - index >= limits.manifestEntries) {
    const entries = await entriesUpTo(index + limits.manifestEntries);
    if (cartridge.head.generation !== head.generation) return undefined;
    const key = directoryKey(id, name, directory.length);
    const bytes = encodeDirectoryPart(tag, entries);
    directory.push({ key, entries: entries.length, crc32: crc32(bytes) });
    await putBytes(work, key, await work.sealer.sealBytes(key, "directory", bytes), work.options.signal);
    work.options.progress?.({ phase: "manifest", done: index, total: count });
  }
  const tail = await entriesUpTo(count);
  const nextSegment = count < head.count ? (await cartridge.directory.get(count)).segment : head.nextSegment;
  const last = tail.at(-1) ?? (count === 0 ? undefined : await cartridge.directory.get(count - 1));
  if (cartridge.head.generation !== head.generation) return undefined;
  const manifest: Manifest = {
    format: manifestVersion,
    cartridge: id,
    ...name,
    at: work.clock.now(),
    description,
    tag: hexFromBytes(tag),
    generation: head.generation,
    segments: count,
    ...endOf(last),
    storedBytes: storedBytesOf(head, count),
    nextSegment,
    storageClass,
    ...(head.parents === undefined ? {} : { parents: head.parents }),
    ...(head.lost === undefined ? {} : { lost: head.lost }),
    directory,
    tail: encodeTail(tail),
  };
  const key = manifestKey(id, name);
  await putBytes(
    work,
    key,
    await work.sealer.sealBytes(key, "manifest", encodeManifest(manifest)),
    work.options.signal,
  );
  work.options.progress?.({ phase: "manifest", done: count, total: count });
  return manifest;
}

/** Segments are stored in order: what is stored behind the prefix is a few at most, and its bytes do not matter here. */
const storedBytesOf = (head: Head, count: number): number => (count === 0 ? 0 : head.storedBytes);

const endOf = (last: Entry | undefined): { objects: number; files: number; bytes: number } => ({
  objects: last === undefined ? 0 : last.firstObject + last.objects,
  files: last === undefined ? 0 : last.firstFile + last.filemarks,
  bytes: last === undefined ? 0 : last.firstByte + last.recordBytes,
});

/** The full parts of a manifest whose entries are all among the first `same`. */
function keptParts(before: Manifest | undefined, same: number): DirectoryPart[] {
  const kept: DirectoryPart[] = [];
  let count = 0;
  for (const part of before?.format === manifestVersion ? before.directory : []) {
    count += part.entries;
    if (count > same || part.entries !== limits.manifestEntries) break;
    kept.push(part);
  }
  return kept;
}

/** The manifest of that name. Faults `store.object-missing`, `store.object-damaged`, `store.format-newer`. */
export async function readManifest(work: ManifestWork, id: CartridgeId, name: ManifestName): Promise<Manifest> {
  const { objects, clock, sealer, options } = work;
  const key = manifestKey(id, name);
  const bytes = await retried(clock, options.signal, () => objects.get(key, 0, limits.logEntry));
  const plain = name.epoch === 0 ? bytes : await sealer.openBytes(key, "manifest", bytes);
  return { ...decodeManifest(key, plain), ...name };
}

/** All entries that a manifest tells, in order, a part at a time. Faults as for `readManifest`. */
export async function* manifestEntries(
  work: ManifestWork,
  id: CartridgeId,
  manifest: Manifest,
): AsyncGenerator<readonly Entry[]> {
  for (const part of manifest.directory) yield await readPart(work, manifest, part);
  yield decodeTail(manifestKey(id, manifest), manifest.tail);
}

/** The entry at an index of what a manifest tells; undefined when it tells less. Faults as for `readManifest`. */
export async function manifestEntryAt(
  work: ManifestWork,
  id: CartridgeId,
  manifest: Manifest,
  index: number,
): Promise<Entry | undefined> {
  let first = 0;
  for (const part of manifest.directory) {
    if (index < first + part.entries) return (await readPart(work, manifest, part))[index - first];
    first += part.entries;
  }
  return decodeTail(manifestKey(id, manifest), manifest.tail)[index - first];
}

async function readPart(work: ManifestWork, manifest: Manifest, part: DirectoryPart): Promise<readonly Entry[]> {
  const { objects, clock, sealer, options } = work;
  const bytes = await retried(clock, options.signal, () => objects.get(part.key, 0, limits.logEntry));
  const plain = manifest.format === 1 ? bytes : await sealer.openBytes(part.key, "directory", bytes);
  return decodeDirectoryPart(part, bytesFromHex(manifest.tag), plain);
}

/** The newest manifest in the bucket, whoever wrote it; undefined when there is none. */
export async function newestManifest(work: ObjectWork, id: CartridgeId): Promise<ManifestName | undefined> {
  return (await listManifests(work, id)).at(-1);
}

/** All manifests of a cartridge in the bucket, whoever wrote them, the newest last. */
export async function listManifests(work: ObjectWork, id: CartridgeId): Promise<readonly ManifestName[]> {
  const { objects, clock } = work;
  const found: ManifestName[] = [];
  for (let after: string | undefined; ;) {
    const from = after;
    const keys = await retried(clock, undefined, () => objects.list(manifestsPrefix(id), from, limits.listObjects));
    for (const key of keys) found.push(...[manifestOfKey(key)].filter((name) => name !== undefined));
    after = keys.at(-1);
    if (keys.length < limits.listObjects) return found;
  }
}

/** Deletes manifests, and parts of directories, that `manifest` does not need. May be repeated. */
export async function deleteSuperseded(
  work: ObjectWork,
  id: CartridgeId,
  { manifest, before, signal }: { manifest: Manifest; before: Manifest | undefined; signal: AbortSignal | undefined },
): Promise<void> {
  if (before === undefined) return;
  const needed = new Set<string>(manifest.directory.map(({ key }) => key));
  const keys = [manifestKey(id, before), ...before.directory.map(({ key }) => key)];
  const old = keys.filter((key) => !needed.has(key) && key.startsWith(cartridgePrefix(id)));
  await eachOf(old.length, signal, async (index) => {
    const key = old[index];
    if (key !== undefined) await retried(work.clock, signal, () => work.objects.delete(key));
  });
}

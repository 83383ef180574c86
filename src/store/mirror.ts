// SPDX-License-Identifier: Apache-2.0
// Copies what a cartridge has in the first store to another one: the same keys and the same bytes, so that no key is
// needed to copy and the copy opens as the original does. What is there already is not sent again, so it may be stopped
// anywhere and begun again. Manifests come last: a manifest that is there names only what is there.
//
// Nothing is ever deleted in the copy here: what the first store has lost is what the copy is for.

import { type Duration, limits } from "#base/index.ts";
import type { ThawCount } from "./counted-objects.ts";
import { objectBytesOf } from "./directory-entry.ts";
import { storeFault } from "./faults.ts";
import { cartridgePrefix, manifestsPrefix, segmentKey, segmentsPrefix } from "./object-keys.ts";
import type { ObjectInfo, ObjectKey, ObjectStore, StorageClass, ThawTier } from "./object-store.ts";
import { eachOf, type ObjectWork, putOnce, retried } from "./object-work.ts";
import type { StoredCartridge } from "./stored-cartridge.ts";
import type { CartridgeId, WorkOptions } from "./types.ts";

/** What copying needs. */
export interface MirrorWork extends ObjectWork {
  /** The other store. */
  readonly target: ObjectStore;
  /** Class of the segments there. All else is in STANDARD. */
  readonly storageClass: StorageClass;
  /** How long a segment stays readable that has to be thawed to be copied. */
  readonly keep: Duration;
  /** Told of what is asked to thaw. */
  readonly asked: (count: ThawCount) => void;
  readonly options: WorkOptions;
}

/** A segment to copy. */
interface OwnSegment {
  readonly key: ObjectKey;
  readonly bytes: number;
}

/** The segments of its own that a cartridge consists of. Those that a clone shares are copied with their owner. */
export async function ownSegments(cartridge: StoredCartridge): Promise<readonly OwnSegment[]> {
  const segments: OwnSegment[] = [];
  for (let index = 0; index < cartridge.head.count; index++) {
    const entry = await cartridge.directory.get(index);
    if (cartridge.ownerOf(entry.segment).id !== cartridge.id) continue;
    segments.push({ key: segmentKey(cartridge.id, entry), bytes: objectBytesOf(entry) });
  }
  return segments;
}

/**
 * Resolves when all of the cartridge is in the other store. Faults of both stores; `store.object-frozen`: segments were
 * asked to thaw, come again; `store.object-missing`: neither store has a segment.
 */
export async function mirrorCartridge(
  work: MirrorWork,
  id: CartridgeId,
  segments: readonly OwnSegment[],
): Promise<void> {
  const { objects, target, options } = work;
  const there = new Set<string>(await allKeys({ ...work, objects: target }, cartridgePrefix(id), options));
  const others = (await allKeys(work, cartridgePrefix(id), options)).filter((key) => {
    return !key.startsWith(segmentsPrefix(id)) && !there.has(key);
  });
  const missing = segments.filter(({ key }) => !there.has(key));
  const isManifest = (key: string): boolean => key.startsWith(manifestsPrefix(id));
  const small = others.filter((key) => !isManifest(key));
  const total = segments.length + others.length;
  let done = segments.length - missing.length;
  const copy = async (key: ObjectKey, info: ObjectInfo, storageClass: StorageClass): Promise<void> => {
    await copyObject(work, info, { key, storageClass });
    done += 1;
    options.progress?.({ phase: "mirror", done, total });
  };
  const copySmall = (keys: readonly ObjectKey[]): Promise<void> =>
    eachOf(keys.length, options.signal, async (index) => {
      const key = keys[index];
      const info = key && (await retried(work.clock, options.signal, () => objects.head(key)));
      // A manifest that another one has taken the place of meanwhile is missed by nobody.
      if (key !== undefined && info !== undefined) await copy(key, info, "STANDARD");
    });
  await copySmall(small);
  let frozen: ObjectKey | undefined;
  const copySegment = async ({ key, bytes }: OwnSegment): Promise<void> => {
    const info = await retried(work.clock, options.signal, () => objects.head(key));
    if (info === undefined) throw storeFault("object-missing", { key });
    if (await isReadable(work, info, bytes)) await copy(key, info, work.storageClass);
    else frozen = key;
  };
  await eachOf(
    missing.length,
    options.signal,
    async (index) => {
      const segment = missing[index];
      if (segment !== undefined) await copySegment(segment);
    },
    limits.uploadsInFlight,
  );
  if (frozen !== undefined) throw storeFault("object-frozen", { key: frozen });
  await copySmall(others.filter(isManifest));
}

const tiersByPrice: readonly ThawTier[] = ["Bulk", "Standard", "Expedited"];

/** Asks for what is frozen to thaw, by the cheapest tier that its class has. */
async function isReadable(work: MirrorWork, info: ObjectInfo, bytes: number): Promise<boolean> {
  const { objects, clock, keep, asked, options } = work;
  const { key, storageClass, thaw } = info;
  if (thaw.kind === "warm" || thaw.kind === "thawed") return true;
  if (thaw.kind === "thawing") return false;
  const tiers = objects.abilities.thaw[storageClass] ?? [];
  const tier = tiersByPrice.find((each) => tiers.includes(each)) ?? "Standard";
  await retried(clock, options.signal, () => objects.thaw(key, tier, keep));
  asked({ storageClass, tier, segments: 1, bytes });
  return false;
}

async function copyObject(
  work: MirrorWork,
  { sizeBytes, crc32 }: ObjectInfo,
  { key, storageClass }: { readonly key: ObjectKey; readonly storageClass: StorageClass },
): Promise<void> {
  const { objects, clock, target, options } = work;
  const content = async function* (): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < sizeBytes; offset += limits.fetchSize) {
      const from = offset;
      const length = Math.min(limits.fetchSize, sizeBytes - from);
      const piece = await retried(clock, options.signal, () => objects.get(key, from, length, options.signal));
      if (piece.byteLength !== length) {
        throw storeFault("object-short", { key, actual: from + piece.byteLength, expected: sizeBytes });
      }
      yield piece;
    }
  };
  await putOnce({ objects: target, clock }, { key, sizeBytes, crc32, content, storageClass }, options.signal);
}

async function allKeys(
  { objects, clock }: ObjectWork,
  prefix: string,
  { signal }: WorkOptions,
): Promise<readonly ObjectKey[]> {
  const keys: ObjectKey[] = [];
  for (let after: string | undefined; ;) {
    const from = after;
    const page = await retried(clock, signal, () => objects.list(prefix, from, limits.listObjects));
    keys.push(...page);
    after = page.at(-1);
    if (page.length < limits.listObjects) return keys;
  }
}

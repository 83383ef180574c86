// SPDX-License-Identifier: Apache-2.0
// Opens the object store that the settings name: a folder or a bucket, with classes that are only labels around it. What
// buckets need is loaded when there is one.

import { type Clock, isFault, type Log, type Random } from "#base/index.ts";
import { FolderObjectStore, LabelClasses, type ObjectStore, storeFault } from "#store/index.ts";
import { NodeDisk, type PrivateFile } from "#world/index.ts";
import { mainFault } from "./faults.ts";
import { isUrl } from "./object-place.ts";
import type { InstanceSettings } from "./settings.ts";

/** An object store that is open. */
export interface OpenObjectStore {
  readonly objects: ObjectStore;
  close(): void;
}

/** The world, as opening sees it. */
export interface ObjectStorePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Where what was found out about servers is kept. */
  readonly profiles: PrivateFile;
}

/** Stores that pools may mirror to, by name. */
export interface OpenMirrors {
  readonly mirrors: ReadonlyMap<string, ObjectStore>;
  close(): void;
}

/**
 * Opens the stores of second copies. One that does not answer and was never seen before is left out until the next start,
 * and said so: it keeps nobody from using the first.
 */
export async function openMirrors(
  settings: Pick<InstanceSettings, "store" | "labelClasses" | "mirrors" | "thawDelay">,
  ports: ObjectStorePorts,
): Promise<OpenMirrors> {
  checkPlaces([settings, ...settings.mirrors]);
  const opened: OpenObjectStore[] = [];
  const mirrors = new Map<string, ObjectStore>();
  const close = (): void => opened.forEach((store) => store.close());
  for (const { name, ...mirror } of settings.mirrors) {
    try {
      const store = await openObjectStore({ ...mirror, thawDelay: settings.thawDelay }, ports);
      opened.push(store);
      mirrors.set(name, store.objects);
    } catch (error) {
      if (!isFault(error) || error.row.retry !== "backoff") {
        close();
        throw error;
      }
      ports.log.error(`the store ${name} for second copies is left out until the next start`, {}, error);
    }
  }
  return { mirrors, close };
}

/** Opens the store of an instance with all of its places. */
export async function openObjectStore(
  settings: Pick<InstanceSettings, "store" | "s3" | "labelClasses" | "thawDelay">,
  ports: ObjectStorePorts,
): Promise<OpenObjectStore> {
  const opened: OpenObjectStore[] = [];
  const open = async (place: string): Promise<ObjectStore> => {
    const store = await openPlace(place, settings, ports);
    opened.push(store);
    return store.objects;
  };
  const close = (): void => opened.forEach((store) => store.close());
  try {
    checkPlaces([settings]);
    const objects = await open(settings.store);
    if (settings.labelClasses.length === 0) return { objects, close };
    const places = [];
    for (const { storageClass, place } of settings.labelClasses) {
      places.push({ storageClass, objects: await open(place) });
    }
    const { clock } = ports;
    return { objects: new LabelClasses({ objects, places, clock, thawDelay: settings.thawDelay }), close };
  } catch (error) {
    close();
    throw error;
  }
}

async function openPlace(
  place: string,
  { s3, thawDelay }: Pick<InstanceSettings, "s3" | "thawDelay">,
  ports: ObjectStorePorts,
): Promise<OpenObjectStore> {
  const { clock, random } = ports;
  if (place.startsWith("azure:")) return (await import("./object-azure.ts")).openAzurePlace(place, ports);
  if (isUrl(place)) return (await import("./object-bucket.ts")).openBucket(place, s3, ports);
  const disk = await NodeDisk.open(place, storeFault);
  const objects = new FolderObjectStore({ disk, clock, random, folder: "store", thawDelay });
  await objects.open();
  return { objects, close: () => undefined };
}

/** Two places in one bucket or folder must not hold each other: one would list the other's objects. */
function checkPlaces(stores: readonly Pick<InstanceSettings, "store" | "labelClasses">[]): void {
  const all = stores.flatMap(({ store, labelClasses }) => [store, ...labelClasses.map(({ place }) => place)]);
  const places = all.map((place) => ({
    place,
    path: `${place.replace(/\?.*$/, "").replace(/\/+$/, "")}/`,
  }));
  for (const [index, one] of places.entries()) {
    const other = places.slice(index + 1).find(({ path }) => path.startsWith(one.path) || one.path.startsWith(path));
    if (other !== undefined) throw mainFault("places-overlap", { one: one.place, other: other.place });
  }
}

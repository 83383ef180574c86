// SPDX-License-Identifier: Apache-2.0
// An object store in a folder: the default one, with storage classes and thawing, for trials and for disks that are
// shared or backed up by other means.

import { Bug } from "#base/index.ts";
import type { Clock, Duration, Random } from "#base/index.ts";
import type { Disk } from "./disk.ts";
import type { ObjectInfo, ObjectKey, ObjectStore, PutOptions, StorageClass, ThawTier } from "./object-store.ts";

/** How the folder store behaves. */
export interface FolderObjectStoreOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  /** Folder on the disk that belongs to this store alone. */
  readonly folder: string;
  /** How long thawing takes per tier. */
  readonly thawDelay: Readonly<Record<ThawTier, Duration>>;
}

/** An `ObjectStore` of files in a folder. */
export class FolderObjectStore implements ObjectStore {
  constructor(_options: FolderObjectStoreOptions) {}

  /** Makes the folder and removes what interrupted puts left. */
  open(): Promise<void> {
    throw new Bug("not built yet");
  }

  put(_key: ObjectKey, _size: number, _content: AsyncIterable<Uint8Array>, _options: PutOptions): Promise<void> {
    throw new Bug("not built yet");
  }

  get(_key: ObjectKey, _offset: number, _length: number, _signal?: AbortSignal): Promise<Uint8Array> {
    throw new Bug("not built yet");
  }

  head(_key: ObjectKey): Promise<ObjectInfo | undefined> {
    throw new Bug("not built yet");
  }

  list(_prefix: string, _after: string | undefined, _limit: number): Promise<readonly ObjectKey[]> {
    throw new Bug("not built yet");
  }

  delete(_key: ObjectKey): Promise<void> {
    throw new Bug("not built yet");
  }

  changeClass(_key: ObjectKey, _storageClass: StorageClass): Promise<void> {
    throw new Bug("not built yet");
  }

  thaw(_key: ObjectKey, _tier: ThawTier, _keep: Duration): Promise<void> {
    throw new Bug("not built yet");
  }
}

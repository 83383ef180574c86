// SPDX-License-Identifier: Apache-2.0
// Port: an object store. Adapters: a folder, memory with faults (simulator); S3 comes with its own issue.
// `object-store-conformance.ts` beside this file is what every adapter must pass.

import type { Brand, Duration, Instant } from "#base/index.ts";

/** Name of an object: `/`-separated, no empty, `.` or `..` parts, at most 512 bytes. */
export type ObjectKey = Brand<string, "ObjectKey">;

/** Storage classes, with the names of S3. The last two are cold: they must be thawed before they can be read. */
export type StorageClass = "STANDARD" | "GLACIER_IR" | "GLACIER" | "DEEP_ARCHIVE";
/** Thaw speed, with the names of S3. */
export type ThawTier = "Expedited" | "Standard" | "Bulk";

/** Whether an object can be read. `warm`: its class needs no thaw. */
export type ThawState =
  | { readonly kind: "warm" }
  | { readonly kind: "frozen" }
  | { readonly kind: "thawing"; readonly readyAt: Instant | undefined }
  | { readonly kind: "thawed"; readonly until: Instant };

/** What a store tells about an object. */
export interface ObjectInfo {
  readonly key: ObjectKey;
  readonly sizeBytes: number;
  readonly storageClass: StorageClass;
  readonly thaw: ThawState;
  /** CRC32 of the content as given to `put`. */
  readonly crc32: number;
}

/** Options of a put. */
export interface PutOptions {
  readonly storageClass: StorageClass;
  /** CRC32 (IEEE) of the whole content; the store refuses other content with `store.object-corrupt`. */
  readonly crc32: number;
  /** Create only: Fault `store.object-exists` when the key is taken. Atomic against other puts. */
  readonly ifAbsent: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Port: the object store. Strongly consistent. Every method may fail with `store.object-store-unreachable` (retry:
 * backoff), even after its effect happened; all are safe to repeat (a repeated `ifAbsent` put meets `object-exists`).
 */
export interface ObjectStore {
  /** Stores all of `content` (`sizeBytes` long) under `key`; a reader sees the old or the new object, never a mix. */
  put(key: ObjectKey, sizeBytes: number, content: AsyncIterable<Uint8Array>, options: PutOptions): Promise<void>;
  /** The bytes from `offset`, `length` of them; fewer only at the end. Faults `store.object-missing`, `store.object-frozen`. */
  get(key: ObjectKey, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Undefined when there is no such object. */
  head(key: ObjectKey): Promise<ObjectInfo | undefined>;
  /** Up to `limit` keys with the prefix, in byte order, behind `after`. */
  list(prefix: string, after: string | undefined, limit: number): Promise<readonly ObjectKey[]>;
  /** Deletes; an absent object is no error. */
  delete(key: ObjectKey): Promise<void>;
  /** Moves a readable object to a class. Already there: no effect. Faults `object-missing`, `object-frozen`. */
  changeClass(key: ObjectKey, storageClass: StorageClass): Promise<void>;
  /** Asks for a frozen object to become readable for `keep`; when thawed already, extends. Warm: no effect. */
  thaw(key: ObjectKey, tier: ThawTier, keep: Duration): Promise<void>;
}

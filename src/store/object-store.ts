// SPDX-License-Identifier: Apache-2.0
// Port: an object store. Adapters: a folder, S3, memory with faults (simulator), and `LabelClasses` around any of them.
// `object-store-conformance.ts` beside this file is what every adapter must pass.

import type { Brand, Duration, Instant } from "#base/index.ts";

/** Name of an object: `/`-separated, no empty, `.` or `..` parts, at most 512 bytes. */
export type ObjectKey = Brand<string, "ObjectKey">;

/** Names one content of a key: another one after every put of other content. Opaque; S3 calls it ETag. */
export type ObjectVersion = Brand<string, "ObjectVersion">;

/** Storage classes, with the names of S3. The last two are cold: they must be thawed before they can be read. */
export type StorageClass = "STANDARD" | "STANDARD_IA" | "GLACIER_IR" | "GLACIER" | "DEEP_ARCHIVE";
/** Thaw speed, with the names of S3. */
export type ThawTier = "Expedited" | "Standard" | "Bulk";

/** Whether an object can be read. `warm`: its class needs no thaw. */
export type ThawState =
  | { readonly kind: "warm" }
  | { readonly kind: "frozen" }
  | { readonly kind: "thawing"; readonly readyAt: Instant | undefined }
  | { readonly kind: "thawed"; readonly until: Instant };

/** GOVERNANCE: who may bypass it can delete and shorten. COMPLIANCE: nobody can. */
export type RetentionMode = "GOVERNANCE" | "COMPLIANCE";

/** Until when an object can be neither deleted nor replaced. A point in time, and never a span, so that nothing shortens it. */
export interface Retention {
  readonly mode: RetentionMode;
  readonly until: Instant;
}

/** What a store tells about an object. */
export interface ObjectInfo {
  readonly key: ObjectKey;
  readonly sizeBytes: number;
  readonly storageClass: StorageClass;
  readonly thaw: ThawState;
  /** CRC32 of the content as given to `put`. */
  readonly crc32: number;
  readonly version: ObjectVersion;
  /** The lock that was set last; it holds while its time has not come. */
  readonly retention: Retention | undefined;
  readonly legalHold: boolean;
}

/** `absent`: create only, Fault `store.object-exists`. `replaces`: that version is there, or Fault `store.object-changed`. */
export type PutCondition = { readonly kind: "absent" } | { readonly kind: "replaces"; readonly version: ObjectVersion };

/** What content came to. */
export interface ContentEnd {
  readonly sizeBytes: number;
  /** CRC32 (IEEE) of the whole content. */
  readonly crc32: number;
}

/** Options of a put. */
export interface PutOptions {
  readonly storageClass: StorageClass;
  /** CRC32 (IEEE) of the whole content; the store refuses other content with `store.object-corrupt`. */
  readonly crc32: number;
  /**
   * For content that is made while it is put. A store with `lateEnd` asks once the content has ended, and compares with
   * the answer; `sizeBytes` is then the most that it may be, and `crc32` means nothing. No other store asks.
   */
  readonly end?: () => ContentEnd | undefined;
  /**
   * Atomic against other puts where `abilities` has `createOnly` and `replaceOnly`; elsewhere looked up just before, so
   * that of two puts at the same time both may succeed.
   */
  readonly condition?: PutCondition;
  readonly retention?: Retention;
  readonly legalHold?: boolean;
  readonly signal?: AbortSignal;
}

/** Whether a lock of mode GOVERNANCE is to be ignored, which takes a permission of its own on S3. */
export interface BypassOptions {
  readonly bypassGovernance?: boolean;
}

/**
 * What a store can do. Who needs what is not here refuses at configuration time and names it. A put or change that asks
 * for it nevertheless fails with `store.object-store-lacks`.
 */
export interface ObjectStoreAbilities {
  /** `put` with condition `absent` is atomic. */
  readonly createOnly: boolean;
  /** `put` with condition `replaces` is atomic. */
  readonly replaceOnly: boolean;
  /** Classes that objects can be put into and moved to, warmest first. */
  readonly classes: readonly StorageClass[];
  /** Of these, the ones whose objects must be thawed before they can be read, with the tiers that each has. */
  readonly thaw: Readonly<Partial<Record<StorageClass, readonly ThawTier[]>>>;
  readonly retention: readonly RetentionMode[];
  readonly legalHold: boolean;
  /** `put` learns the size and checksum of its content from `end`. */
  readonly lateEnd?: boolean;
}

/**
 * Port: the object store. Strongly consistent. Every method may fail with `store.object-store-unreachable` (retry:
 * backoff), even after its effect happened; all are safe to repeat (a repeated conditional put meets `object-exists` or
 * `object-changed`).
 */
export interface ObjectStore {
  /** What this store can do; known before any other call. */
  readonly abilities: ObjectStoreAbilities;
  /**
   * Stores all of `content` (`sizeBytes` long) under `key`; a reader sees the old or the new object, never a mix. Resolves
   * with the version that it has now. A locked object is not replaced: Fault `store.object-locked`.
   */
  put(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion>;
  /** The bytes from `offset`, `length` of them; fewer only at the end. Faults `store.object-missing`, `store.object-frozen`. */
  get(key: ObjectKey, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Undefined when there is no such object. */
  head(key: ObjectKey): Promise<ObjectInfo | undefined>;
  /** Up to `limit` keys with the prefix, in byte order, behind `after`. */
  list(prefix: string, after: string | undefined, limit: number): Promise<readonly ObjectKey[]>;
  /**
   * Deletes the object with all of its versions; an absent object is no error. Fault `store.object-locked` while a
   * retention or a legal hold is on it.
   */
  delete(key: ObjectKey, options?: BypassOptions): Promise<void>;
  /**
   * Moves a readable object to a class; locks stay on it. Already there: no effect. Faults `object-missing`,
   * `object-frozen`. S3 moves by copying, so what is to be locked is locked after it was moved: the copy that it leaves
   * of a locked object stays, and is paid for, until the lock ends.
   */
  changeClass(key: ObjectKey, storageClass: StorageClass): Promise<void>;
  /**
   * Asks for a frozen object to become readable for `keep`; when thawed already, extends. Warm: no effect. Fault
   * `store.tier-unsupported` when its class has no such tier.
   */
  thaw(key: ObjectKey, tier: ThawTier, keep: Duration): Promise<void>;
  /**
   * Locks the object, or makes its lock later or stronger. Making it earlier or weaker takes a bypass under GOVERNANCE,
   * and is impossible under COMPLIANCE: Fault `store.object-locked`. Fault `store.object-missing`.
   */
  setRetention(key: ObjectKey, retention: Retention, options?: BypassOptions): Promise<void>;
  /** Sets or lifts the legal hold, which is independent of retention. Fault `store.object-missing`. */
  setLegalHold(key: ObjectKey, isHeld: boolean): Promise<void>;
}

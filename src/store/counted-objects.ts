// SPDX-License-Identifier: Apache-2.0
// Counts the requests that go to an object store, as its bill will: by kind, and by class and tier where the price
// depends on it. A request that fails is counted too: nobody knows whether it arrived.

import type { Duration } from "#base/index.ts";
import { ForwardedObjects } from "./forwarded-objects.ts";
import type {
  BypassOptions,
  ContentEnd,
  ObjectInfo,
  ObjectKey,
  ObjectStore,
  ObjectVersion,
  PutOptions,
  Retention,
  StorageClass,
  ThawTier,
} from "./object-store.ts";

/** Kinds of request. `copy`: an object moves to another class. `lock`: a retention or a legal hold is set. */
export type RequestKind = "put" | "copy" | "get" | "head" | "list" | "delete" | "thaw" | "lock";

/** How often something was asked for, and how many bytes were sent or came. */
export interface RequestCount {
  readonly kind: RequestKind;
  /** Of `put` and `copy`: where to. */
  readonly storageClass: StorageClass | undefined;
  /** Of `thaw`. */
  readonly tier: ThawTier | undefined;
  readonly requests: number;
  readonly bytes: number;
}

/** Bytes that were asked for out of a cold class, for the first time and not to stay longer. */
export interface ThawCount {
  readonly storageClass: StorageClass;
  readonly tier: ThawTier;
  readonly segments: number;
  readonly bytes: number;
}

/** What was counted so far. */
export interface StoreCounts {
  readonly requests: readonly RequestCount[];
  readonly thawed: readonly ThawCount[];
}

/** The counts of one process. */
export class RequestCounter {
  readonly #requests = new Map<string, RequestCount>();
  readonly #thawed = new Map<string, ThawCount>();

  get counts(): StoreCounts {
    return { requests: [...this.#requests.values()], thawed: [...this.#thawed.values()] };
  }

  /** One request. */
  note(kind: RequestKind, { storageClass, tier, bytes = 0 }: Partial<RequestCount> = {}): void {
    const name = `${kind} ${storageClass ?? ""} ${tier ?? ""}`;
    this.#add(name, { kind, storageClass, tier, requests: 1, bytes });
  }

  /** Bytes of a put that was noted before they were known. */
  notePutBytes(storageClass: StorageClass, bytes: number): void {
    this.#add(`put ${storageClass} `, { kind: "put", storageClass, tier: undefined, requests: 0, bytes });
  }

  #add(name: string, count: RequestCount): void {
    const known = this.#requests.get(name) ?? { ...count, requests: 0, bytes: 0 };
    const [requests, bytes] = [known.requests + count.requests, known.bytes + count.bytes];
    this.#requests.set(name, { ...known, requests, bytes });
  }

  /** Segments that were asked to thaw. */
  noteThawed({ storageClass, tier, segments, bytes }: ThawCount): void {
    const name = `${storageClass} ${tier}`;
    const known = this.#thawed.get(name) ?? { storageClass, tier, segments: 0, bytes: 0 };
    this.#thawed.set(name, { ...known, segments: known.segments + segments, bytes: known.bytes + bytes });
  }
}

/** An `ObjectStore` whose requests are counted. */
export class CountedObjects extends ForwardedObjects {
  readonly #counter: RequestCounter;

  constructor(objects: ObjectStore, counter: RequestCounter) {
    super(objects);
    this.#counter = counter;
  }

  override put(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion> {
    const { storageClass, end } = options;
    if (end === undefined || this.abilities.lateEnd !== true) {
      this.#counter.note("put", { storageClass, bytes: sizeBytes });
      return super.put(key, sizeBytes, content, options);
    }
    this.#counter.note("put", { storageClass });
    const counted = (): ContentEnd | undefined => {
      const known = end();
      this.#counter.notePutBytes(storageClass, known?.sizeBytes ?? 0);
      return known;
    };
    return super.put(key, sizeBytes, content, { ...options, end: counted });
  }

  override get(key: ObjectKey, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    this.#counter.note("get", { bytes: length });
    return super.get(key, offset, length, signal);
  }

  override head(key: ObjectKey): Promise<ObjectInfo | undefined> {
    this.#counter.note("head");
    return super.head(key);
  }

  override list(prefix: string, after: string | undefined, limit: number): Promise<readonly ObjectKey[]> {
    this.#counter.note("list");
    return super.list(prefix, after, limit);
  }

  override delete(key: ObjectKey, options?: BypassOptions): Promise<void> {
    this.#counter.note("delete");
    return super.delete(key, options);
  }

  override changeClass(key: ObjectKey, storageClass: StorageClass): Promise<void> {
    this.#counter.note("copy", { storageClass });
    return super.changeClass(key, storageClass);
  }

  override thaw(key: ObjectKey, tier: ThawTier, keep: Duration): Promise<void> {
    this.#counter.note("thaw", { tier });
    return super.thaw(key, tier, keep);
  }

  override setRetention(key: ObjectKey, retention: Retention, options?: BypassOptions): Promise<void> {
    this.#counter.note("lock");
    return super.setRetention(key, retention, options);
  }

  override setLegalHold(key: ObjectKey, isHeld: boolean): Promise<void> {
    this.#counter.note("lock");
    return super.setLegalHold(key, isHeld);
  }
}

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
  /** Name of the store that cartridges are mirrored to; undefined: the first. */
  readonly store?: string | undefined;
  /** Of `put` and `copy`: where to. Of `get` and `head`: where from, as far as that is known. */
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

/** Counts, going on from earlier ones. */
export class RequestCounter {
  readonly #requests = new Map<string, RequestCount>();
  readonly #thawed = new Map<string, ThawCount>();
  readonly #changed: () => void;

  constructor(earlier?: StoreCounts, changed: () => void = () => {}) {
    this.#changed = () => {};
    for (const count of earlier?.requests ?? []) this.note(count.kind, count);
    for (const count of earlier?.thawed ?? []) this.noteThawed(count);
    this.#changed = changed;
  }

  get counts(): StoreCounts {
    return { requests: [...this.#requests.values()], thawed: [...this.#thawed.values()] };
  }

  /** One request, or bytes of one that was noted before they were known. */
  note(kind: RequestKind, { store, storageClass, tier, requests = 1, bytes = 0 }: Partial<RequestCount> = {}): void {
    const name = [kind, storageClass, tier, store].map((part) => part ?? "").join(" ");
    this.#add(name, { kind, ...(store !== undefined && { store }), storageClass, tier, requests, bytes });
  }

  #add(name: string, count: RequestCount): void {
    const known = this.#requests.get(name) ?? { ...count, requests: 0, bytes: 0 };
    const [requests, bytes] = [known.requests + count.requests, known.bytes + count.bytes];
    this.#requests.set(name, { ...known, requests, bytes });
    this.#changed();
  }

  /** Segments that were asked to thaw. */
  noteThawed({ storageClass, tier, segments, bytes }: ThawCount): void {
    const name = `${storageClass} ${tier}`;
    const known = this.#thawed.get(name) ?? { storageClass, tier, segments: 0, bytes: 0 };
    this.#thawed.set(name, { ...known, segments: known.segments + segments, bytes: known.bytes + bytes });
    this.#changed();
  }
}

/** Which store is counted, and what is known of what lies there. */
export interface CountedOptions {
  /** Undefined: the first. */
  readonly store?: string;
  /** The class that an object is in; undefined where that is not known, which counts as STANDARD. */
  readonly classOf?: (key: ObjectKey) => StorageClass | undefined;
}

/** An `ObjectStore` whose requests are counted. */
export class CountedObjects extends ForwardedObjects {
  readonly #note: (kind: RequestKind, count?: Partial<RequestCount>) => void;
  readonly #classOf: (key: ObjectKey) => StorageClass | undefined;

  constructor(objects: ObjectStore, counter: RequestCounter, { store, classOf }: CountedOptions = {}) {
    super(objects);
    this.#note = (kind, count = {}) => counter.note(kind, { ...count, store });
    this.#classOf = classOf ?? (() => undefined);
  }

  override put(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion> {
    const { storageClass, end } = options;
    if (end === undefined || this.abilities.lateEnd !== true) {
      this.#note("put", { storageClass, bytes: sizeBytes });
      return super.put(key, sizeBytes, content, options);
    }
    this.#note("put", { storageClass });
    const counted = (): ContentEnd | undefined => {
      const known = end();
      this.#note("put", { storageClass, requests: 0, bytes: known?.sizeBytes ?? 0 });
      return known;
    };
    return super.put(key, sizeBytes, content, { ...options, end: counted });
  }

  override get(key: ObjectKey, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    this.#note("get", { storageClass: this.#classOf(key), bytes: length });
    return super.get(key, offset, length, signal);
  }

  override head(key: ObjectKey): Promise<ObjectInfo | undefined> {
    this.#note("head", { storageClass: this.#classOf(key) });
    return super.head(key);
  }

  override list(prefix: string, after: string | undefined, limit: number): Promise<readonly ObjectKey[]> {
    this.#note("list");
    return super.list(prefix, after, limit);
  }

  override delete(key: ObjectKey, options?: BypassOptions): Promise<void> {
    this.#note("delete");
    return super.delete(key, options);
  }

  override changeClass(key: ObjectKey, storageClass: StorageClass): Promise<void> {
    this.#note("copy", { storageClass });
    return super.changeClass(key, storageClass);
  }

  override thaw(key: ObjectKey, tier: ThawTier, keep: Duration): Promise<void> {
    this.#note("thaw", { tier });
    return super.thaw(key, tier, keep);
  }

  override setRetention(key: ObjectKey, retention: Retention, options?: BypassOptions): Promise<void> {
    this.#note("lock");
    return super.setRetention(key, retention, options);
  }

  override setLegalHold(key: ObjectKey, isHeld: boolean): Promise<void> {
    this.#note("lock");
    return super.setLegalHold(key, isHeld);
  }
}

// SPDX-License-Identifier: Apache-2.0
// The object store as one simulated process sees it. When the process dies, requests under way still take effect at the
// store, as they would, but nobody hears of it.

import type { Duration } from "#base/index.ts";
import type {
  BypassOptions,
  ObjectInfo,
  ObjectKey,
  ObjectStore,
  ObjectStoreAbilities,
  ObjectVersion,
  PutOptions,
  RequestKind,
  Retention,
  StorageClass,
  ThawTier,
} from "#store/index.ts";

const never = (): Promise<never> => new Promise(() => {});

/** An `ObjectStore` that falls silent. */
export class ProcessObjects implements ObjectStore {
  readonly #store: ObjectStore;
  /** Requests that this process has sent, by kind. */
  readonly log = new Map<RequestKind, number>();
  /** When they were sent. */
  readonly times: (readonly [kind: RequestKind, at: number])[] = [];
  /** Told what this process has put or deleted. */
  readonly #changed: (what: "put" | "delete", key: string) => void;
  #alive = true;
  /** Changes wait for this on their way to the store. */
  #heldUp: { readonly over: Promise<void>; readonly end: () => void } | undefined;

  readonly #now: () => number;

  constructor(
    store: ObjectStore,
    now: () => number,
    changed: (what: "put" | "delete", key: string) => void = () => {},
  ) {
    this.#store = store;
    this.#now = now;
    this.#changed = changed;
  }

  /** From now on changes are held up on their way, until `letThrough`; what is read is not. */
  holdUp(): void {
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    this.#heldUp = { over, end };
  }

  /** What was held up arrives now. */
  letThrough(): void {
    this.#heldUp?.end();
    this.#heldUp = undefined;
  }

  /** No request of this process is answered any more, and none is sent. */
  kill(): void {
    this.#alive = false;
  }

  get abilities(): ObjectStoreAbilities {
    return this.#store.abilities;
  }

  put(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion> {
    const put = (): Promise<ObjectVersion> => this.#store.put(key, sizeBytes, content, options);
    return this.#change("put", put, () => this.#changed("put", key));
  }

  get(key: ObjectKey, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#ask("get", () => this.#store.get(key, offset, length, signal));
  }

  head(key: ObjectKey): Promise<ObjectInfo | undefined> {
    return this.#ask("head", () => this.#store.head(key));
  }

  list(prefix: string, after: string | undefined, limit: number): Promise<readonly ObjectKey[]> {
    return this.#ask("list", () => this.#store.list(prefix, after, limit));
  }

  delete(key: ObjectKey, options?: BypassOptions): Promise<void> {
    const gone = (): void => this.#changed("delete", key);
    return this.#change("delete", () => this.#store.delete(key, options), gone);
  }

  setRetention(key: ObjectKey, retention: Retention, options?: BypassOptions): Promise<void> {
    return this.#change("lock", () => this.#store.setRetention(key, retention, options));
  }

  setLegalHold(key: ObjectKey, isHeld: boolean): Promise<void> {
    return this.#change("lock", () => this.#store.setLegalHold(key, isHeld));
  }

  changeClass(key: ObjectKey, storageClass: StorageClass): Promise<void> {
    return this.#change("copy", () => this.#store.changeClass(key, storageClass));
  }

  thaw(key: ObjectKey, tier: ThawTier, keep: Duration): Promise<void> {
    return this.#change("thaw", () => this.#store.thaw(key, tier, keep));
  }

  #change<T>(kind: RequestKind, request: () => Promise<T>, done?: () => void): Promise<T> {
    const held = this.#heldUp;
    return this.#ask(kind, held === undefined ? request : () => held.over.then(request), done);
  }

  async #ask<T>(kind: RequestKind, request: () => Promise<T>, done?: () => void): Promise<T> {
    this.log.set(kind, (this.log.get(kind) ?? 0) + 1);
    this.times.push([kind, this.#now()]);
    if (!this.#alive) return never();
    try {
      const answer = await request();
      done?.();
      return this.#alive ? answer : await never();
    } catch (error) {
      if (!this.#alive) return never();
      throw error;
    }
  }
}

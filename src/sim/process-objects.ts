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
  #alive = true;

  constructor(store: ObjectStore) {
    this.#store = store;
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
    return this.#ask("put", () => this.#store.put(key, sizeBytes, content, options));
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
    return this.#ask("delete", () => this.#store.delete(key, options));
  }

  setRetention(key: ObjectKey, retention: Retention, options?: BypassOptions): Promise<void> {
    return this.#ask("lock", () => this.#store.setRetention(key, retention, options));
  }

  setLegalHold(key: ObjectKey, isHeld: boolean): Promise<void> {
    return this.#ask("lock", () => this.#store.setLegalHold(key, isHeld));
  }

  changeClass(key: ObjectKey, storageClass: StorageClass): Promise<void> {
    return this.#ask("copy", () => this.#store.changeClass(key, storageClass));
  }

  thaw(key: ObjectKey, tier: ThawTier, keep: Duration): Promise<void> {
    return this.#ask("thaw", () => this.#store.thaw(key, tier, keep));
  }

  async #ask<T>(kind: RequestKind, request: () => Promise<T>): Promise<T> {
    this.log.set(kind, (this.log.get(kind) ?? 0) + 1);
    if (!this.#alive) return never();
    try {
      const answer = await request();
      return this.#alive ? answer : await never();
    } catch (error) {
      if (!this.#alive) return never();
      throw error;
    }
  }
}

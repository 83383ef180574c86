// SPDX-License-Identifier: Apache-2.0
// The simulated object store: objects in memory, cold classes that thaw on the simulated clock, and failures on request,
// before the effect of a call or after it. It outlives the processes that use it, as a bucket does.

import { concatBytes, sleep, type Clock, type Duration, type Random } from "#base/index.ts";
import {
  allAbilities,
  checkCondition,
  checkPutAbilities,
  checkClass,
  checkLegalHold,
  checkRetention,
  checkRetentionMode,
  checkTier,
  checkUnlocked,
  compareKeys,
  crc32,
  expectedEnd,
  objectKey,
  requestThaw,
  storeFault,
  thawStateAt,
  type BypassOptions,
  type ObjectInfo,
  type ObjectKey,
  type ObjectStore,
  type ObjectStoreAbilities,
  type ObjectVersion,
  type PutOptions,
  type Retention,
  type StorageClass,
  type ThawRecord,
  type ThawTier,
} from "#store/index.ts";

/** A method of the port, for faults and delays. */
export type ObjectStoreMethod =
  | "put"
  | "get"
  | "head"
  | "list"
  | "delete"
  | "changeClass"
  | "thaw"
  | "setRetention"
  | "setLegalHold";

/** How the simulated store behaves. All may be changed while it runs. */
export interface SimObjectStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How long thawing takes per tier. */
  thawDelay: Readonly<Record<ThawTier, Duration>>;
  /** What the store can do: all that S3 can unless given. */
  readonly abilities?: ObjectStoreAbilities;
  /** Called with each range that is read, before anything else; for checkers. */
  read?: (key: ObjectKey, offset: number, length: number) => void;
  /** Called with all that is sent in a put, kept or not; for checkers. */
  sent?: (key: ObjectKey, content: Uint8Array) => void;
  /** How long a call takes; none when absent. */
  delay?: (method: ObjectStoreMethod) => Duration;
  /** Chance that a call fails although nothing happened, 0 … 1, per method. */
  failBefore?: Partial<Record<ObjectStoreMethod, number>>;
  /** What the store refuses to do, for as long as it is set. */
  refuse?: (method: ObjectStoreMethod, key: string) => boolean;
  /** Chance that what is read of a segment has a wrong bit. The next few reads of the same object have none. */
  rot?: number;
  /** Chance that a call fails although its effect happened, 0 … 1, per method. */
  failAfter?: Partial<Record<ObjectStoreMethod, number>>;
}

interface StoredObject {
  readonly content: Uint8Array;
  readonly crc32: number;
  readonly storageClass: StorageClass;
  readonly thaw: ThawRecord | undefined;
  readonly version: ObjectVersion;
  readonly retention: Retention | undefined;
  readonly legalHold: boolean;
}

/** Reads of one object without a wrong bit behind one with: more than are under way at the same time. */
const cleanReads = 16;
/** Chances are drawn in steps of a millionth. */
const chanceSteps = 1_000_000;

/** An `ObjectStore` in memory. */
export class SimObjectStore implements ObjectStore {
  readonly abilities: ObjectStoreAbilities;
  readonly options: SimObjectStoreOptions;
  /** Requests so far, per method, whether they failed or not. */
  readonly requests = new Map<ObjectStoreMethod, number>();
  /** How often something was read with a wrong bit. */
  rotted = 0;
  /** How many of the next reads of an object have no wrong bit. */
  readonly #cleanReads = new Map<string, number>();
  readonly #objects = new Map<string, StoredObject>();
  #puts = 0;

  constructor(options: SimObjectStoreOptions) {
    this.options = options;
    this.abilities = options.abilities ?? allAbilities;
  }

  /** Every key, sorted; for checkers. */
  get keys(): readonly string[] {
    return [...this.#objects.keys()].toSorted(compareKeys);
  }

  /** Content of an object whatever its class; for checkers. */
  contentOf(key: string): Uint8Array | undefined {
    return this.#objects.get(key)?.content;
  }

  /** True when an object cannot be read before it is thawed; for checkers. */
  isCold(key: string): boolean {
    const object = this.#objects.get(key);
    return object !== undefined && !["warm", "thawed"].includes(this.#thawState(object).kind);
  }

  /** What keeps an object from being deleted; for checkers. */
  locksOf(key: string): { readonly retention: Retention | undefined; readonly legalHold: boolean } {
    const { retention, legalHold = false } = this.#objects.get(key) ?? {};
    return { retention, legalHold };
  }

  /** Changes a byte of a stored object; for tests of damage. */
  damage(key: string, offset: number): void {
    const object = this.#objects.get(key);
    if (object !== undefined) object.content[offset] = (object.content[offset] ?? 0) ^ 0xff;
  }

  /** An object changes where it lies: the store still has the checksum with which it came. */
  rotObject(key: string, change: (content: Uint8Array) => Uint8Array | undefined): void {
    const object = this.#objects.get(key);
    if (object === undefined) return;
    const content = change(object.content.slice());
    if (content === undefined) this.#objects.delete(key);
    else this.#objects.set(key, { ...object, content });
  }

  /** An object is gone, as no request could have it gone; the result brings it back. */
  lose(key: string): () => void {
    const object = this.#objects.get(key);
    this.#objects.delete(key);
    return () => {
      if (object !== undefined) this.#objects.set(key, object);
    };
  }

  /** Puts other content in an object's place, as somebody with the keys to the bucket could; for tests of damage. */
  replace(key: string, content: Uint8Array): void {
    const object = this.#objects.get(key);
    if (object !== undefined) this.#objects.set(key, { ...object, content: content.slice(), crc32: crc32(content) });
  }

  async put(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion> {
    const parts: Uint8Array[] = [];
    options.signal?.throwIfAborted();
    for await (const part of content) {
      options.signal?.throwIfAborted();
      parts.push(part.slice());
    }
    const whole = concatBytes(parts);
    this.options.sent?.(key, whole);
    const expected = expectedEnd(this.abilities, sizeBytes, options);
    return this.#perform("put", key, () => {
      checkPutAbilities(key, this.abilities, options);
      const old = this.#objects.get(key);
      checkCondition(key, options.condition, old?.version);
      if (old !== undefined) checkUnlocked(key, old, this.options.clock.now());
      const sum = crc32(whole);
      if (sum !== expected.crc32 || whole.byteLength !== expected.sizeBytes) {
        throw storeFault("object-corrupt", { key, actual: sum.toString(16), expected: expected.crc32.toString(16) });
      }
      this.#puts += 1;
      const version = `v${this.#puts}` as ObjectVersion;
      const { storageClass, retention, legalHold = false } = options;
      const locks = { version, retention, legalHold };
      this.#objects.set(key, { content: whole, crc32: sum, storageClass, thaw: undefined, ...locks });
      return version;
    });
  }

  get(key: ObjectKey, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    this.options.read?.(key, offset, length);
    return this.#perform("get", key, () => {
      signal?.throwIfAborted();
      const object = this.#readable(key);
      return this.#perhapsRotten(key, object.content.slice(offset, offset + length));
    });
  }

  head(key: ObjectKey): Promise<ObjectInfo | undefined> {
    return this.#perform("head", key, () => {
      const object = this.#objects.get(key);
      if (object === undefined) return undefined;
      const { storageClass, crc32: sum, content, version, retention, legalHold } = object;
      const locks = { version, retention, legalHold };
      return { key, sizeBytes: content.byteLength, storageClass, thaw: this.#thawState(object), crc32: sum, ...locks };
    });
  }

  list(prefix: string, after: string | undefined, limit: number): Promise<readonly ObjectKey[]> {
    return this.#perform("list", prefix, () =>
      this.keys
        .filter((key) => key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0))
        .slice(0, limit)
        .map((key) => key as ObjectKey),
    );
  }

  delete(key: ObjectKey, options: BypassOptions = {}): Promise<void> {
    return this.#perform("delete", key, () => {
      const object = this.#objects.get(key);
      if (object !== undefined) checkUnlocked(key, object, this.options.clock.now(), options);
      this.#objects.delete(key);
    });
  }

  setRetention(key: ObjectKey, retention: Retention, options: BypassOptions = {}): Promise<void> {
    return this.#perform("setRetention", key, () => {
      checkRetentionMode(key, this.abilities, retention);
      const object = this.#existing(key);
      checkRetention(key, { old: object.retention, next: retention, now: this.options.clock.now() }, options);
      this.#objects.set(key, { ...object, retention });
    });
  }

  setLegalHold(key: ObjectKey, isHeld: boolean): Promise<void> {
    return this.#perform("setLegalHold", key, () => {
      checkLegalHold(key, this.abilities);
      this.#objects.set(key, { ...this.#existing(key), legalHold: isHeld });
    });
  }

  changeClass(key: ObjectKey, storageClass: StorageClass): Promise<void> {
    return this.#perform("changeClass", key, () => {
      checkClass(key, this.abilities, storageClass);
      if (this.#existing(key).storageClass === storageClass) return;
      this.#objects.set(key, { ...this.#readable(key), storageClass, thaw: undefined });
    });
  }

  thaw(key: ObjectKey, tier: ThawTier, keep: Duration): Promise<void> {
    return this.#perform("thaw", key, () => {
      const object = this.#existing(key);
      if (this.#thawState(object).kind === "warm") return;
      checkTier(key, this.abilities, object.storageClass, tier);
      const request = { now: this.options.clock.now(), delay: this.options.thawDelay[tier], keep };
      this.#objects.set(key, { ...object, thaw: requestThaw(object.thaw, request) });
    });
  }

  #thawState(object: StoredObject): ReturnType<typeof thawStateAt> {
    return thawStateAt(object.storageClass, object.thaw, this.options.clock.now());
  }

  #existing(key: ObjectKey): StoredObject {
    const object = this.#objects.get(key);
    if (object === undefined) throw storeFault("object-missing", { key });
    return object;
  }

  #readable(key: ObjectKey): StoredObject {
    const object = this.#existing(key);
    const { kind } = this.#thawState(object);
    if (kind === "frozen" || kind === "thawing") throw storeFault("object-frozen", { key });
    return object;
  }

  #perhapsRotten(key: ObjectKey, bytes: Uint8Array): Uint8Array {
    const { rot = 0, random } = this.options;
    const clean = this.#cleanReads.get(key) ?? 0;
    this.#cleanReads.set(key, Math.max(clean - 1, 0));
    if (rot <= 0 || clean > 0 || bytes.byteLength === 0 || !key.includes("/segments/")) return bytes;
    if (random.below(chanceSteps) >= rot * chanceSteps) return bytes;
    this.#cleanReads.set(key, cleanReads);
    this.rotted += 1;
    const at = random.below(bytes.byteLength);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return bytes;
  }

  async #perform<T>(method: ObjectStoreMethod, key: string, effect: () => T): Promise<T> {
    if (key !== "" || method !== "list") objectKey(key.replace(/\/$/, "") || "-");
    this.requests.set(method, (this.requests.get(method) ?? 0) + 1);
    const duration = this.options.delay?.(method);
    if (duration !== undefined && duration > 0) await sleep(this.options.clock, duration);
    if (this.options.refuse?.(method, key) === true) {
      throw storeFault("object-store-unreachable", { operation: method, key, reason: "the request was refused" });
    }
    this.#failPerhaps(this.options.failBefore?.[method], method, key, "the request was lost");
    const result = effect();
    this.#failPerhaps(this.options.failAfter?.[method], method, key, "the answer was lost");
    return result;
  }

  #failPerhaps(chance: number | undefined, operation: string, key: string, reason: string): void {
    if (chance === undefined || chance <= 0) return;
    if (this.options.random.below(chanceSteps) < chance * chanceSteps) {
      throw storeFault("object-store-unreachable", { operation, key, reason });
    }
  }
}

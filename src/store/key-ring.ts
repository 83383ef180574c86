// SPDX-License-Identifier: Apache-2.0
// The data keys of all owners: made when an owner's first object is sealed, wrapped by a key provider, kept in the object
// store beside the data, and wrapped anew when the provider's key changes, without touching what they seal.

import { bytesFromHex, hexFromBytes, isFault, limits, type Random } from "#base/index.ts";
import { storeFault } from "./faults.ts";
import type { KeyProvider } from "./key-provider.ts";
import { DataKeySealer } from "./object-sealer.ts";
import type { ObjectKey, ObjectStore } from "./object-store.ts";
import { type ObjectWork, putBytes, retried } from "./object-work.ts";
import type { DataKey } from "./sealed-object.ts";
import {
  decodeWrappedKey,
  encodeWrappedKey,
  type SealedOwner,
  type WrappedKey,
  wrappedKeyKey,
  wrappedKeyNumber,
  wrappedKeyPrefix,
  wrappingContext,
} from "./wrapped-key.ts";

/** Who wraps: one from now on, and others that may have wrapped before. */
export interface KeyProviders {
  /** Undefined: new owners' objects are plain. */
  readonly current: KeyProvider | undefined;
  readonly others: readonly KeyProvider[];
  /**
   * Whether owners that were begun plain may go on. False unless the operator said so: whoever can write to the bucket
   * could make any owner look so, and read what comes next.
   */
  readonly allowPlain: boolean;
}

/** Nobody wraps, and nothing that was wrapped can be opened. */
export const noKeyProviders: KeyProviders = { current: undefined, others: [], allowPlain: true };

/** What a key ring needs. */
export interface KeyRingOptions extends ObjectWork {
  readonly random: Random;
  readonly providers: KeyProviders;
  /** Stores that have copies of wrapped keys: asked for what the first does not give. */
  readonly mirrors?: readonly ObjectStore[];
  /** Level of zstd for small objects; 0 leaves them as they are. */
  readonly level: number;
}

const canaryContext = "capstan canary";

/** A wrapped key and its number. */
interface Numbered {
  readonly number: number;
  readonly wrapped: WrappedKey;
}

/** A provider's current key, tried with a canary: wrapped and opened again. */
export interface KeyProbe {
  readonly provider: string;
  readonly key: string;
  /** True for the provider that wraps new data keys. */
  readonly isCurrent: boolean;
  /** Why it does not open what it wraps. */
  readonly problem?: string;
}

/** What `rewrap` did. */
export type Rewrapped = "done" | "already" | "plain" | "none";

/** The keys of all owners. */
export class KeyRing {
  readonly #options: KeyRingOptions;
  /** Least recently used first. */
  readonly #sealers = new Map<SealedOwner, Promise<DataKeySealer>>();

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  get providers(): KeyProviders {
    return this.#options.providers;
  }

  /**
   * Seals and opens what is the owner's. Its data key is made when there is none yet. Faults of the provider
   * (`store.key-unknown` …), of the object store, `store.object-damaged`; asked again, it tries again.
   */
  sealerOf(owner: SealedOwner): Promise<DataKeySealer> {
    return this.#sealer(owner, async () => (await this.#find(owner)) ?? (await this.#make(owner)));
  }

  /** As `sealerOf`, for reading: Fault `store.key-missing` when the owner has no data key. */
  openerOf(owner: SealedOwner): Promise<DataKeySealer> {
    return this.#sealer(owner, async () => {
      const found = await this.#findAnywhere(owner);
      if (found === undefined) throw storeFault("key-missing", { owner });
      return found;
    });
  }

  /** In the first store, or in the first mirror that has it. Rejects with the fault of the first store. */
  async #findAnywhere(owner: SealedOwner): Promise<Numbered | undefined> {
    const { mirrors = [], clock } = this.#options;
    const first = await settled(this.#find(owner));
    if (first.status === "fulfilled" && first.value !== undefined) return first.value;
    for (const objects of mirrors) {
      const other = await settled(this.#find(owner, undefined, { objects, clock }));
      if (other.status === "fulfilled" && other.value !== undefined) return other.value;
    }
    if (first.status === "rejected") throw first.reason;
    return undefined;
  }

  /** The owner is gone, or its key must be read again. */
  forget(owner: SealedOwner): void {
    this.#sealers.delete(owner);
  }

  /**
   * Wraps the owner's data key with the current key of the current provider, unless it is already; then deletes older
   * wraps. May be interrupted anywhere and repeated: at every moment one good wrap is there.
   */
  async rewrap(owner: SealedOwner, signal: AbortSignal | undefined): Promise<Rewrapped> {
    const { current } = this.providers;
    const newest = await this.#find(owner, signal);
    if (newest === undefined) return "none";
    const { wrapped, number } = newest;
    if (wrapped.kind === "plain") return "plain";
    if (current === undefined) throw storeFault("key-provider-none", { owner });
    const isCurrent = wrapped.provider === current.name && wrapped.secret.keyId === (await current.currentKeyId());
    if (isCurrent) {
      await this.#deleteBefore(owner, number, signal);
      return "already";
    }
    const dataKey = await this.#open(owner, wrapped);
    await this.#put(owner, number + 1, dataKey, signal);
    const now = await this.#find(owner, signal);
    // Read back before the old ones go: what counts must open, and be the same.
    const check = now === undefined ? undefined : await this.#open(owner, now.wrapped);
    if (now === undefined || check === undefined || dataKey === undefined) throw storeFault("key-missing", { owner });
    if (hexFromBytes(check.secret) !== hexFromBytes(dataKey.secret)) {
      throw storeFault("object-damaged", { key: wrappedKeyKey(owner, now.number), reason: "it is another data key" });
    }
    await this.#lockLike(owner, { old: number, now: now.number }, signal);
    await this.#deleteBefore(owner, now.number, signal);
    return "done";
  }

  /** Tries every provider. Never rejects for a fault of one. */
  async probe(): Promise<readonly KeyProbe[]> {
    const { current, others } = this.providers;
    const probes: KeyProbe[] = [];
    for (const provider of [current, ...others]) {
      if (provider !== undefined) probes.push(await this.#probe(provider, provider === current));
    }
    return probes;
  }

  async #probe(provider: KeyProvider, isCurrent: boolean): Promise<KeyProbe> {
    const found = { provider: provider.name, isCurrent };
    let key = "unknown";
    try {
      key = await provider.currentKeyId();
      const secret = this.#options.random.bytes(32);
      const opened = await provider.unwrap(await provider.wrap(secret, canaryContext), canaryContext);
      if (hexFromBytes(opened) === hexFromBytes(secret)) return { ...found, key };
      return { ...found, key, problem: "it gives back another secret than it was given" };
    } catch (error) {
      if (!isFault(error)) throw error;
      return { ...found, key, problem: error.message };
    }
  }

  /** Which key wraps the owner's data key now; opens it. Undefined when the owner has none. Faults as `sealerOf`. */
  async check(owner: SealedOwner): Promise<{ readonly provider: string; readonly keyId: string } | undefined> {
    const found = await this.#find(owner);
    if (found === undefined) return undefined;
    if (found.wrapped.kind === "plain") return { provider: "none", keyId: "" };
    await this.#open(owner, found.wrapped);
    return { provider: found.wrapped.provider, keyId: found.wrapped.secret.keyId };
  }

  #sealer(owner: SealedOwner, find: () => Promise<Numbered>): Promise<DataKeySealer> {
    const known = this.#sealers.get(owner);
    this.#sealers.delete(owner);
    const sealer = known ?? this.#makeSealer(owner, find);
    this.#sealers.set(owner, sealer);
    if (this.#sealers.size > limits.dataKeysKept) {
      const [oldest] = this.#sealers.keys();
      if (oldest !== undefined) this.#sealers.delete(oldest);
    }
    return sealer;
  }

  #makeSealer(owner: SealedOwner, find: () => Promise<Numbered>): Promise<DataKeySealer> {
    const making = (async () => {
      const { wrapped } = await find();
      const { random, level } = this.#options;
      return new DataKeySealer({ dataKey: await this.#open(owner, wrapped), random, level });
    })();
    making.catch(() => {
      if (this.#sealers.get(owner) === making) this.#sealers.delete(owner);
    });
    return making;
  }

  /** The wrapped key that counts. */
  async #find(
    owner: SealedOwner,
    signal?: AbortSignal,
    work: ObjectWork = this.#options,
  ): Promise<Numbered | undefined> {
    const { objects, clock } = work;
    for (let attempt = 1; ; attempt++) {
      const found = await this.#numbers(owner, signal, work);
      const number = found.at(-1);
      if (number === undefined) return undefined;
      const key = wrappedKeyKey(owner, number);
      try {
        const bytes = await retried(clock, signal, () => objects.get(key, 0, limits.wrappedKeySize, signal));
        return { number, wrapped: decodeWrappedKey(owner, key, bytes) };
      } catch (error) {
        // It was wrapped anew between the two requests.
        if (!isFault(error, "store.object-missing") || attempt >= limits.uploadAttempts) throw error;
      }
    }
  }

  async #numbers(
    owner: SealedOwner,
    signal: AbortSignal | undefined,
    { objects, clock }: ObjectWork = this.#options,
  ): Promise<readonly number[]> {
    const prefix = wrappedKeyPrefix(owner);
    const keys = await retried(clock, signal, () => objects.list(prefix, undefined, limits.listObjects));
    return keys.flatMap((key) => wrappedKeyNumber(owner, key) ?? []).toSorted((left, right) => left - right);
  }

  /** Makes the first wrapped key. When two do at once, one counts, and both go on with that. */
  async #make(owner: SealedOwner): Promise<Numbered> {
    const { random, providers } = this.#options;
    const dataKey = providers.current && { name: random.bytes(8), secret: random.bytes(32) };
    await this.#put(owner, 1, dataKey, undefined);
    const found = await this.#find(owner);
    if (found === undefined) throw storeFault("key-missing", { owner });
    return found;
  }

  async #put(owner: SealedOwner, number: number, dataKey: DataKey, signal: AbortSignal | undefined): Promise<void> {
    const bytes = encodeWrappedKey(owner, await this.#wrap(owner, dataKey));
    try {
      await putBytes(this.#options, wrappedKeyKey(owner, number), bytes, signal);
    } catch (error) {
      // Another attempt, of ours or of somebody else, came first. Whoever reads the store sees which.
      if (!isFault(error, "store.object-conflict")) throw error;
    }
  }

  async #wrap(owner: SealedOwner, dataKey: DataKey): Promise<WrappedKey> {
    const { current } = this.providers;
    if (dataKey === undefined || current === undefined) return { kind: "plain" };
    const name = hexFromBytes(dataKey.name);
    const secret = await current.wrap(dataKey.secret, wrappingContext(owner, name));
    return { kind: "wrapped", dataKey: name, provider: current.name, secret };
  }

  async #open(owner: SealedOwner, wrapped: WrappedKey): Promise<DataKey> {
    const { current, others, allowPlain } = this.providers;
    if (wrapped.kind === "plain") {
      if (current !== undefined && !allowPlain) throw storeFault("owner-plain", { owner });
      return undefined;
    }
    const { provider, secret, dataKey } = wrapped;
    const found = [current, ...others].find((each) => each?.name === provider);
    if (found === undefined) {
      throw storeFault("key-unknown", { provider, key: secret.keyId, reason: "this provider is not configured" });
    }
    const opened = await found.unwrap(secret, wrappingContext(owner, dataKey));
    return { name: bytesFromHex(dataKey), secret: opened };
  }

  async #deleteBefore(owner: SealedOwner, number: number, signal: AbortSignal | undefined): Promise<void> {
    const { objects, clock } = this.#options;
    for (const old of await this.#numbers(owner, signal)) {
      if (old >= number) continue;
      const key: ObjectKey = wrappedKeyKey(owner, old);
      try {
        await retried(clock, signal, () => objects.delete(key));
      } catch (error) {
        // It is locked as all of a cartridge on the shelf is: it stays until the lock ends, and counts for nothing.
        if (!isFault(error, "store.object-locked")) throw error;
      }
    }
  }

  /** The new wrap is as hard to delete as the one before. */
  async #lockLike(
    owner: SealedOwner,
    { old, now }: { readonly old: number; readonly now: number },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { objects, clock } = this.#options;
    const info = await retried(clock, signal, () => objects.head(wrappedKeyKey(owner, old)));
    const key = wrappedKeyKey(owner, now);
    const { retention, legalHold } = info ?? {};
    if (retention !== undefined) await retried(clock, signal, () => objects.setRetention(key, retention));
    if (legalHold === true) await retried(clock, signal, () => objects.setLegalHold(key, true));
  }
}

/** How a request ended; only a Fault is an end. */
async function settled<T>(request: Promise<T>): Promise<PromiseSettledResult<T>> {
  try {
    return { status: "fulfilled", value: await request };
  } catch (reason) {
    if (!isFault(reason)) throw reason;
    return { status: "rejected", reason };
  }
}

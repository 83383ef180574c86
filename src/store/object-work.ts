// SPDX-License-Identifier: Apache-2.0
// How requests to the object store are made: tried again after a pause where the fault's row says that helps, many at a
// time where they carry no data.

import { type Clock, type Duration, Fault, isFault, limits, sleep } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import { storeFault } from "./faults.ts";
import type { ContentEnd, ObjectInfo, ObjectKey, ObjectStore, PutOptions } from "./object-store.ts";

/** What requests need. */
export interface ObjectWork {
  readonly objects: ObjectStore;
  readonly clock: Clock;
}

/** The result of `request`, after a few attempts with growing pauses. Rejects with the last fault. */
export async function retried<T>(clock: Clock, signal: AbortSignal | undefined, request: () => Promise<T>): Promise<T> {
  let pause: number = limits.uploadBackoff;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await request();
    } catch (error) {
      const mayHelp = error instanceof Fault && error.row.retry === "backoff";
      if (!mayHelp || attempt >= limits.uploadAttempts || signal?.aborted === true) throw error;
      await sleep(clock, pause as Duration, signal);
      pause = Math.min(pause * 2, limits.uploadBackoffMax);
    }
  }
}

/** An object that should come to be. */
export interface NewObject {
  readonly key: ObjectKey;
  readonly sizeBytes: number;
  readonly crc32: number;
  /** What the content of the last attempt came to, where it is made anew for each. */
  readonly end?: () => ContentEnd | undefined;
  /** The content, from the beginning each time it is asked for. */
  readonly content: () => AsyncIterable<Uint8Array>;
  /** Called when the object store refuses the content for its checksum; throws when the content is to blame. */
  readonly recheck?: () => Promise<void>;
  readonly storageClass: PutOptions["storageClass"];
  /** It takes the place of one that is damaged. */
  readonly isAgain?: boolean;
  /** Whether another object that is there already is as good. */
  readonly isSame?: (info: ObjectInfo) => Promise<boolean>;
}

const ifAbsent = { kind: "absent" } as const;

/**
 * Puts an object that must not change once it exists. Repeating is harmless: when the key is taken, the object there
 * must be the same. Fault `store.object-conflict` when it is another one.
 */
export async function putOnce(work: ObjectWork, object: NewObject, signal: AbortSignal | undefined): Promise<void> {
  const { objects, clock } = work;
  const { key, sizeBytes, storageClass, end } = object;
  const condition = object.isAgain === true ? {} : { condition: ifAbsent };
  await retried(clock, signal, async () => {
    try {
      const options = {
        storageClass,
        crc32: object.crc32,
        ...condition,
        ...(end && { end }),
        ...(signal && { signal }),
      };
      await objects.put(key, sizeBytes, object.content(), options);
    } catch (error) {
      if (isFault(error, "store.object-exists")) return;
      if (isFault(error, "store.object-corrupt")) await object.recheck?.();
      throw error;
    }
  });
  const info = await retried(clock, signal, () => objects.head(key));
  if (info === undefined) throw storeFault("object-missing", { key });
  const expected = end === undefined ? object : end();
  if (info.sizeBytes === expected?.sizeBytes && info.crc32 === expected.crc32) return;
  if ((await object.isSame?.(info)) !== true) throw storeFault("object-conflict", { key });
}

/** Puts an object that is small enough to be in memory. */
export function putBytes(
  work: ObjectWork,
  key: ObjectKey,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const content = async function* (): AsyncGenerator<Uint8Array> {
    yield bytes;
  };
  const object = { key, sizeBytes: bytes.byteLength, crc32: crc32(bytes), content, storageClass: "STANDARD" } as const;
  return putOnce(work, object, signal);
}

/** Works on numbers from 0 up to `count`, `inFlight` at a time. The first failure stops the rest and is thrown. */
export async function eachOf(
  count: number,
  signal: AbortSignal | undefined,
  work: (index: number) => Promise<void>,
  inFlight: number = limits.objectRequestsInFlight,
): Promise<void> {
  let next = 0;
  let hasFailed = false;
  const worker = async (): Promise<void> => {
    while (next < count && !hasFailed) {
      signal?.throwIfAborted();
      const index = next;
      next += 1;
      try {
        await work(index);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(inFlight, count) }, worker);
  const results = await Promise.allSettled(workers);
  const failed = results.find((result) => result.status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

// SPDX-License-Identifier: Apache-2.0
// What the parts of the ObjectStore port's suite share: the adapter under test, and short ways to say things.

import { bytesFromText, type Duration, type Instant, isFault, later } from "#base/index.ts";
import { crc32 } from "./crc32.ts";
import { objectKey } from "./object-key.ts";
import type {
  ObjectKey,
  ObjectStore,
  ObjectStoreAbilities,
  ObjectVersion,
  PutCondition,
  PutOptions,
  Retention,
  RetentionMode,
} from "./object-store.ts";

/** One adapter under test, empty. */
export interface ObjectStoreSubject {
  readonly store: ObjectStore;
  /** The time by which the store's locks end. */
  readonly now: () => Instant;
  /**
   * Lets time pass on the clock that the store lives by; a Standard thaw takes between one minute and 48 hours. Undefined
   * where nobody can: what takes time is not asked of a real server.
   */
  readonly pass: ((duration: Duration) => Promise<void>) | undefined;
}

export const key = objectKey("cartridges/c1/segments/00000001");
export const text = bytesFromText("0123456789");

export async function* pieces(content: Uint8Array, size = 4): AsyncIterable<Uint8Array> {
  for (let offset = 0; offset < content.byteLength; offset += size) yield content.subarray(offset, offset + size);
}

export function put(
  store: ObjectStore,
  at: ObjectKey,
  content: Uint8Array,
  options: Partial<PutOptions> = {},
): Promise<ObjectVersion> {
  return store.put(at, content.byteLength, pieces(content), {
    storageClass: "STANDARD",
    crc32: crc32(content),
    ...options,
  });
}

export const failsWith = (code: string) => (error: unknown) => isFault(error, `store.${code}`);

export const absent = { kind: "absent" } as const;
export const replaces = (version: ObjectVersion): PutCondition => ({ kind: "replaces", version });

/** Lets time pass where somebody can. */
export async function passTime({ pass }: ObjectStoreSubject, duration: Duration): Promise<void> {
  if (pass === undefined) throw new Error("a store with cold classes needs a clock that can be moved");
  await pass(duration);
}

/** What a test asks of the store beyond what every store must do; a store without it is not asked. */
export type Need = (abilities: ObjectStoreAbilities) => boolean;
export type Check = (title: string, body: (subject: ObjectStoreSubject) => Promise<void>, need?: Need) => void;

/** Whole seconds, as S3 keeps them. */
export const untilIn = ({ now }: ObjectStoreSubject, mode: RetentionMode, span: Duration): Retention => ({
  mode,
  until: (Math.ceil(later(now(), span) / 1000) * 1000) as Instant,
});

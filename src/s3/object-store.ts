// SPDX-License-Identifier: Apache-2.0
// The object store port over S3. Amazon's classes, thaws, locks and conditions are the port's own, so most methods are one
// request; what a server lacks is known from its profile. Attempts are not repeated here: who asks decides.

import { days, type Duration, limits } from "#base/index.ts";
import {
  type BypassOptions,
  checkClass,
  checkLegalHold,
  checkPutAbilities,
  checkRetention,
  checkRetentionMode,
  checkTier,
  checkUnlocked,
  objectKey,
  storeFault,
  type ObjectInfo,
  type ObjectKey,
  type ObjectStore,
  type ObjectStoreAbilities,
  type ObjectVersion,
  type PutOptions,
  type Retention,
  type StorageClass,
  type ThawTier,
} from "#store/index.ts";
import { BucketRequests, type S3ObjectStoreOptions } from "./bucket-requests.ts";
import { readBody } from "./content.ts";
import { copyInPlace } from "./copies.ts";
import { s3Error } from "./errors.ts";
import { infoOf } from "./object-head.ts";
import { ObjectWriter } from "./object-writer.ts";
import type { Uploads } from "./uploads.ts";
import { versionsOf } from "./versions.ts";

/** An `ObjectStore` in a bucket. */
export class S3ObjectStore implements ObjectStore {
  readonly abilities: ObjectStoreAbilities;
  readonly #options: S3ObjectStoreOptions;
  readonly #requests: BucketRequests;
  readonly #writer: ObjectWriter;

  constructor(options: S3ObjectStoreOptions) {
    this.#options = options;
    this.#requests = new BucketRequests(options);
    this.#writer = new ObjectWriter(this.#requests);
    this.abilities = options.profile.abilities;
  }

  /** Uploads that are not finished. */
  get uploads(): Uploads {
    return this.#writer.uploads;
  }

  /** Learns of uploads that an earlier process did not finish, and aborts those that nobody will. */
  async open(): Promise<void> {
    const { bucket, prefix } = this.#options.location;
    await this.#requests.ask("list", "", () => this.uploads.find(bucket, prefix, this.#options.clock.now()));
  }

  /** Gives up connections. */
  close(): void {
    this.#options.api.client.destroy();
  }

  async put(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion> {
    objectKey(key);
    options.signal?.throwIfAborted();
    checkPutAbilities(key, this.abilities, options);
    return this.#writer.put(key, sizeBytes, content, options);
  }

  async get(key: ObjectKey, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (length <= 0) {
      const info = await this.head(key);
      if (info === undefined) throw storeFault("object-missing", { key });
      return new Uint8Array(0);
    }
    return this.#requests.ask(
      "get",
      key,
      async ({ sdk, client }) => {
        const range = `bytes=${offset}-${offset + length - 1}`;
        try {
          const answer = await client.send(
            new sdk.GetObjectCommand({ ...this.#requests.at(key), Range: range }),
            abortBy(signal),
          );
          return await readBody(answer.Body, answer.ContentLength, length);
        } catch (error) {
          // The range begins behind the end.
          if (s3Error(error).status === 416) return new Uint8Array(0);
          throw error;
        }
      },
      signal,
    );
  }

  async head(key: ObjectKey): Promise<ObjectInfo | undefined> {
    const head = await this.#requests.head(key);
    return head === undefined ? undefined : infoOf(key, head, this.abilities);
  }

  list(prefix: string, after: string | undefined, limit: number): Promise<readonly ObjectKey[]> {
    const { bucket, prefix: ours } = this.#options.location;
    return this.#requests.ask("list", prefix, async ({ sdk, client }) => {
      const keys: ObjectKey[] = [];
      let start = after;
      while (keys.length < limit) {
        const wanted = Math.min(limit - keys.length, limits.listObjects);
        const answer = await client.send(
          new sdk.ListObjectsV2Command({
            Bucket: bucket,
            Prefix: ours + prefix,
            MaxKeys: wanted,
            ...(start === undefined ? {} : { StartAfter: ours + start }),
          }),
        );
        for (const { Key: name } of answer.Contents ?? []) {
          if (name !== undefined) keys.push(name.slice(ours.length) as ObjectKey);
        }
        if (answer.IsTruncated !== true) break;
        start = keys.at(-1);
      }
      return keys;
    });
  }

  async delete(key: ObjectKey, { bypassGovernance = false }: BypassOptions = {}): Promise<void> {
    objectKey(key);
    const bypass = bypassGovernance ? { BypassGovernanceRetention: true } : {};
    if (!this.#options.profile.isVersioned) {
      await this.#requests.ask("delete", key, ({ sdk, client }) =>
        client.send(new sdk.DeleteObjectCommand(this.#requests.at(key))),
      );
      return;
    }
    // A server may know locks of later requests only, so the lock of what is there is looked at as well.
    const info = await this.head(key);
    if (info !== undefined) checkUnlocked(key, info, this.#options.clock.now(), { bypassGovernance });
    await this.#requests.ask("delete", key, async (api) => {
      const { Bucket, Key } = this.#requests.at(key);
      // What can be seen goes last: an older version must not come to light.
      for (const { id } of await versionsOf(api, Bucket, Key)) {
        await this.#requests.deleteVersion(key, id, bypass);
      }
    });
  }

  async changeClass(key: ObjectKey, storageClass: StorageClass): Promise<void> {
    checkClass(key, this.abilities, storageClass);
    const head = await this.#requests.existing(key);
    const info = infoOf(key, head, this.abilities);
    if (info.storageClass === storageClass) return;
    if (info.thaw.kind === "frozen" || info.thaw.kind === "thawing") throw storeFault("object-frozen", { key });
    await this.#requests.ask("changeClass", key, (api) =>
      copyInPlace(api, this.#requests.at(key), { head, storageClass }),
    );
    await this.#keepLocks(key, info);
    await this.#requests.dropOldVersions(key);
  }

  async thaw(key: ObjectKey, tier: ThawTier, keep: Duration): Promise<void> {
    const info = infoOf(key, await this.#requests.existing(key), this.abilities);
    if (info.thaw.kind === "warm") return;
    checkTier(key, this.abilities, info.storageClass, tier);
    const request = { Days: Math.max(1, Math.ceil(keep / days(1))), GlacierJobParameters: { Tier: tier } };
    await this.#requests.ask("thaw", key, async ({ sdk, client }) => {
      try {
        await client.send(new sdk.RestoreObjectCommand({ ...this.#requests.at(key), RestoreRequest: request }));
      } catch (error) {
        const { name } = s3Error(error);
        // It is on its way, or became readable meanwhile.
        if (name !== "RestoreAlreadyInProgress" && name !== "ObjectAlreadyInActiveTierError") throw error;
      }
    });
  }

  async setRetention(
    key: ObjectKey,
    retention: Retention,
    { bypassGovernance = false }: BypassOptions = {},
  ): Promise<void> {
    checkRetentionMode(key, this.abilities, retention);
    const { retention: old } = infoOf(key, await this.#requests.existing(key), this.abilities);
    const now = this.#options.clock.now();
    checkRetention(key, { old, next: retention, now }, { bypassGovernance });
    // S3 asks for the bypass also where GOVERNANCE becomes COMPLIANCE, which only makes a lock stronger.
    const isStronger = old?.mode === "GOVERNANCE" && retention.mode === "COMPLIANCE";
    await this.#requests.ask("setRetention", key, ({ sdk, client }) =>
      client.send(
        new sdk.PutObjectRetentionCommand({
          ...this.#requests.at(key),
          Retention: { Mode: retention.mode, RetainUntilDate: new Date(retention.until) },
          ...(bypassGovernance || isStronger ? { BypassGovernanceRetention: true } : {}),
        }),
      ),
    );
  }

  async setLegalHold(key: ObjectKey, isHeld: boolean): Promise<void> {
    checkLegalHold(key, this.abilities);
    await this.#requests.ask("setLegalHold", key, ({ sdk, client }) =>
      client.send(
        new sdk.PutObjectLegalHoldCommand({ ...this.#requests.at(key), LegalHold: { Status: isHeld ? "ON" : "OFF" } }),
      ),
    );
  }

  /** Some servers copy an object without the locks that the copy was asked for with; the old version still has them. */
  async #keepLocks(key: ObjectKey, { retention, legalHold }: ObjectInfo): Promise<void> {
    if (retention === undefined && !legalHold) return;
    const copy = await this.head(key);
    if (retention !== undefined && copy?.retention === undefined) await this.setRetention(key, retention);
    if (legalHold && copy?.legalHold === false) await this.setLegalHold(key, true);
  }
}

function abortBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

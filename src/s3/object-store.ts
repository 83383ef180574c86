// SPDX-License-Identifier: Apache-2.0
// The object store port over S3. Amazon's classes, thaws, locks and conditions are the port's own, so most methods are one
// request; what a server lacks is known from its profile. Attempts are not repeated here: who asks decides.

import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { type Clock, days, type Duration, isFault, limits, type Log } from "#base/index.ts";
import {
  type BypassOptions,
  checkClass,
  checkCondition,
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
  type PutCondition,
  type PutOptions,
  type Retention,
  type StorageClass,
  type ThawTier,
} from "#store/index.ts";
import type { S3Api } from "./client.ts";
import { ContentFailure, guarded, readBody, wholeOf } from "./content.ts";
import { copyInPlace } from "./copies.ts";
import { isConditionFailed, isFrozen, isMissing, portFault, s3Error } from "./errors.ts";
import type { S3Access, S3Location } from "./location.ts";
import { infoOf, metadataOf } from "./object-head.ts";
import { type S3Profile, unquoted } from "./profile.ts";
import { crcText, Uploads } from "./uploads.ts";
import { versionsOf } from "./versions.ts";

/** What the adapter needs. */
export interface S3ObjectStoreOptions {
  readonly api: S3Api;
  readonly location: S3Location;
  readonly access: S3Access;
  readonly profile: S3Profile;
  readonly clock: Clock;
  readonly log: Log;
}

/** An `ObjectStore` in a bucket. */
export class S3ObjectStore implements ObjectStore {
  readonly abilities: ObjectStoreAbilities;
  readonly uploads: Uploads;
  readonly #options: S3ObjectStoreOptions;
  readonly #partSize: number;

  constructor(options: S3ObjectStoreOptions) {
    this.#options = options;
    this.#partSize = options.access.partSize ?? limits.s3PartSize;
    this.abilities = options.profile.abilities;
    this.uploads = new Uploads(options.api);
  }

  /** Learns of uploads that an earlier process did not finish. */
  async open(): Promise<void> {
    const { bucket, prefix } = this.#options.location;
    await this.#ask("list", prefix, () => this.uploads.find(bucket, prefix));
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
    const replaced = await this.#lookBefore(key, sizeBytes, options.condition);
    const version =
      sizeBytes > this.#partSize
        ? await this.#putParts(key, sizeBytes, content, options)
        : await this.#putWhole(key, sizeBytes, content, options);
    if (replaced) await this.#dropOldVersions(key);
    return version;
  }

  async get(key: ObjectKey, offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    if (length <= 0) {
      const info = await this.head(key);
      if (info === undefined) throw storeFault("object-missing", { key });
      return new Uint8Array(0);
    }
    return this.#ask(
      "get",
      key,
      async ({ sdk, client }) => {
        const range = `bytes=${offset}-${offset + length - 1}`;
        try {
          const answer = await client.send(
            new sdk.GetObjectCommand({ ...this.#at(key), Range: range }),
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
    const head = await this.#head(key);
    return head === undefined ? undefined : infoOf(key, head, this.abilities);
  }

  list(prefix: string, after: string | undefined, limit: number): Promise<readonly ObjectKey[]> {
    const { bucket, prefix: ours } = this.#options.location;
    return this.#ask("list", prefix, async ({ sdk, client }) => {
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
      await this.#ask("delete", key, ({ sdk, client }) => client.send(new sdk.DeleteObjectCommand(this.#at(key))));
      return;
    }
    // A server may know locks of later requests only, so the lock of what is there is looked at as well.
    const info = await this.head(key);
    if (info !== undefined) checkUnlocked(key, info, this.#options.clock.now(), { bypassGovernance });
    await this.#ask("delete", key, async (api) => {
      const { Bucket, Key } = this.#at(key);
      // What can be seen goes last: an older version must not come to light.
      for (const { id } of await versionsOf(api, Bucket, Key)) {
        await this.#deleteVersion(key, id, bypass);
      }
    });
  }

  async changeClass(key: ObjectKey, storageClass: StorageClass): Promise<void> {
    checkClass(key, this.abilities, storageClass);
    const head = await this.#existing(key);
    const info = infoOf(key, head, this.abilities);
    if (info.storageClass === storageClass) return;
    if (info.thaw.kind === "frozen" || info.thaw.kind === "thawing") throw storeFault("object-frozen", { key });
    await this.#ask("changeClass", key, (api) => copyInPlace(api, this.#at(key), { head, storageClass }));
    await this.#keepLocks(key, info);
    await this.#dropOldVersions(key);
  }

  async thaw(key: ObjectKey, tier: ThawTier, keep: Duration): Promise<void> {
    const info = infoOf(key, await this.#existing(key), this.abilities);
    if (info.thaw.kind === "warm") return;
    checkTier(key, this.abilities, info.storageClass, tier);
    const request = { Days: Math.max(1, Math.ceil(keep / days(1))), GlacierJobParameters: { Tier: tier } };
    await this.#ask("thaw", key, async ({ sdk, client }) => {
      try {
        await client.send(new sdk.RestoreObjectCommand({ ...this.#at(key), RestoreRequest: request }));
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
    const { retention: old } = infoOf(key, await this.#existing(key), this.abilities);
    const now = this.#options.clock.now();
    checkRetention(key, { old, next: retention, now }, { bypassGovernance });
    // S3 asks for the bypass also where GOVERNANCE becomes COMPLIANCE, which only makes a lock stronger.
    const isStronger = old?.mode === "GOVERNANCE" && retention.mode === "COMPLIANCE";
    await this.#ask("setRetention", key, ({ sdk, client }) =>
      client.send(
        new sdk.PutObjectRetentionCommand({
          ...this.#at(key),
          Retention: { Mode: retention.mode, RetainUntilDate: new Date(retention.until) },
          ...(bypassGovernance || isStronger ? { BypassGovernanceRetention: true } : {}),
        }),
      ),
    );
  }

  async setLegalHold(key: ObjectKey, isHeld: boolean): Promise<void> {
    checkLegalHold(key, this.abilities);
    await this.#ask("setLegalHold", key, ({ sdk, client }) =>
      client.send(
        new sdk.PutObjectLegalHoldCommand({ ...this.#at(key), LegalHold: { Status: isHeld ? "ON" : "OFF" } }),
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

  /** Looks what a put would meet, where the server does not. True when an object is replaced. */
  async #lookBefore(key: ObjectKey, sizeBytes: number, condition: PutCondition | undefined): Promise<boolean> {
    const { profile, clock } = this.#options;
    const { createOnly, replaceOnly, retention, legalHold } = this.abilities;
    const isParted = sizeBytes > this.#partSize;
    const isGuarded = isParted ? profile.hasPartedConditions : true;
    if (condition?.kind === "absent" && createOnly && isGuarded) return false;
    const mayBeLocked = condition?.kind !== "absent" && (legalHold || retention.length > 0);
    const isUnguarded = condition?.kind === "replaces" && !(replaceOnly && isGuarded);
    if (condition?.kind !== "absent" && !mayBeLocked && !isUnguarded && !profile.isVersioned) return false;
    const info = await this.head(key);
    checkCondition(key, condition, info?.version);
    if (info !== undefined) checkUnlocked(key, info, clock.now());
    return info !== undefined;
  }

  async #putWhole(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion> {
    const body = await wholeOf(key, sizeBytes, content, options);
    const { hasChecksums } = this.#options.profile;
    return this.#conditional(key, options, async ({ sdk, client }, condition) => {
      const command = new sdk.PutObjectCommand({
        ...this.#at(key),
        ...this.#creation(options),
        ...condition,
        Body: body,
        ContentLength: sizeBytes,
        // A put with a lock has to be checked by the server, one way or the other.
        ...(hasChecksums ? { ChecksumCRC32: crcText(options.crc32) } : {}),
      });
      return (await client.send(command, abortBy(options.signal))).ETag;
    });
  }

  async #putParts(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion> {
    const { hasChecksums, hasPartedConditions } = this.#options.profile;
    const { Bucket, Key } = this.#at(key);
    const target = {
      bucket: Bucket,
      key: Key,
      sizeBytes,
      crc32: options.crc32,
      partSize: Math.max(this.#partSize, Math.ceil(sizeBytes / partsMax)),
      hasChecksums,
      create: this.#creation(options),
      signal: options.signal,
    };
    const upload = await this.#ask("put", key, () => this.uploads.send(target, guarded(content)), options.signal);
    if (!hasPartedConditions) await this.#lookBefore(key, sizeBytes, options.condition);
    const version = await this.#conditional(key, options, async ({ sdk, client }, condition) => {
      const command = new sdk.CompleteMultipartUploadCommand({
        Bucket,
        Key,
        UploadId: upload.id,
        MultipartUpload: { Parts: upload.parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag })) },
        ...(hasPartedConditions ? condition : {}),
        ...(hasChecksums ? { ChecksumCRC32: crcText(options.crc32), ChecksumType: "FULL_OBJECT" as const } : {}),
      });
      return (await client.send(command, abortBy(options.signal))).ETag;
    });
    this.uploads.forget(Key, upload.id);
    if (upload.isResumed) await this.#checkResumed(key, options);
    return version;
  }

  /** What was resumed has the metadata and class of its beginning; should they be another's, they are set right. */
  async #checkResumed(key: ObjectKey, { crc32: crc, storageClass }: PutOptions): Promise<void> {
    const head = await this.#existing(key);
    const info = infoOf(key, head, this.abilities);
    if (info.crc32 === crc && info.storageClass === storageClass) return;
    const right = { ...head, Metadata: metadataOf(crc) };
    await this.#ask("put", key, (api) => copyInPlace(api, this.#at(key), { head: right, storageClass }));
    await this.#dropOldVersions(key);
  }

  /** Makes a request with a condition, and says in the port's words when it does not hold. */
  async #conditional(
    key: ObjectKey,
    { condition, signal }: PutOptions,
    request: (
      api: S3Api,
      condition: { readonly IfNoneMatch?: string; readonly IfMatch?: string },
    ) => Promise<string | undefined>,
  ): Promise<ObjectVersion> {
    const { createOnly, replaceOnly } = this.abilities;
    const { hasQuotedTags } = this.#options.profile;
    const header =
      condition?.kind === "absent" && createOnly
        ? { IfNoneMatch: "*" }
        : condition?.kind === "replaces" && replaceOnly
          ? { IfMatch: hasQuotedTags ? condition.version : unquoted(condition.version) }
          : {};
    const ask = async (api: S3Api): Promise<ObjectVersion> => {
      try {
        const etag = await request(api, header);
        // Some servers complete an upload and name no tag.
        return (etag || (await this.#existing(key)).ETag) as ObjectVersion;
      } catch (error) {
        const failure = s3Error(error);
        if (condition?.kind === "absent" && isConditionFailed(failure)) throw storeFault("object-exists", { key });
        if (condition?.kind !== "replaces") throw error;
        if (!isConditionFailed(failure) && !isMissing(failure)) throw error;
        throw storeFault("object-changed", { key });
      }
    };
    return this.#ask("put", key, ask, signal);
  }

  #creation({ storageClass, crc32: crc, retention, legalHold }: PutOptions) {
    return {
      Metadata: metadataOf(crc),
      ...(storageClass === "STANDARD" ? {} : { StorageClass: storageClass }),
      ...(retention === undefined
        ? {}
        : { ObjectLockMode: retention.mode, ObjectLockRetainUntilDate: new Date(retention.until) }),
      ...(legalHold === true ? { ObjectLockLegalHoldStatus: "ON" as const } : {}),
    };
  }

  /** Versions that nobody sees any more; one that is locked stays until its lock ends. */
  async #dropOldVersions(key: ObjectKey): Promise<void> {
    if (!this.#options.profile.isVersioned) return;
    const { Bucket, Key } = this.#at(key);
    await this.#ask("delete", key, async (api) => {
      for (const { id, isLatest } of await versionsOf(api, Bucket, Key)) {
        if (isLatest) continue;
        try {
          await api.client.send(new api.sdk.DeleteObjectCommand({ Bucket, Key, VersionId: id }));
        } catch (error) {
          if (s3Error(error).status !== 403) throw error;
          this.#options.log.info("an old version of an object is locked and stays until its lock ends", { key });
        }
      }
    });
  }

  async #deleteVersion(key: ObjectKey, id: string, bypass: { BypassGovernanceRetention?: boolean }): Promise<void> {
    const { sdk, client } = this.#options.api;
    const version = { ...this.#at(key), VersionId: id };
    try {
      await client.send(new sdk.DeleteObjectCommand({ ...version, ...bypass }));
    } catch (error) {
      const { status } = s3Error(error);
      if (status === 404) return;
      if (status !== 403) throw error;
      // Not permitted, or locked: an old version may have a lock that the present one has not.
      const head = await client.send(new sdk.HeadObjectCommand(version)).catch(() => undefined);
      if (head !== undefined) checkUnlocked(key, infoOf(key, head, this.abilities), this.#options.clock.now());
      throw error;
    }
  }

  async #head(key: ObjectKey): Promise<HeadObjectCommandOutput | undefined> {
    objectKey(key);
    return this.#ask("head", key, async ({ sdk, client }) => {
      try {
        return await client.send(new sdk.HeadObjectCommand(this.#at(key)));
      } catch (error) {
        if (isMissing(s3Error(error))) return undefined;
        throw error;
      }
    });
  }

  async #existing(key: ObjectKey): Promise<HeadObjectCommandOutput> {
    const head = await this.#head(key);
    if (head === undefined) throw storeFault("object-missing", { key });
    return head;
  }

  #at(key: string): { readonly Bucket: string; readonly Key: string } {
    const { bucket, prefix } = this.#options.location;
    return { Bucket: bucket, Key: prefix + key };
  }

  /** Makes requests; what fails is a Fault of the port, or the reason of an abort. */
  async #ask<T>(operation: string, key: string, request: (api: S3Api) => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await request(this.#options.api);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ContentFailure) throw error.cause;
      if (isFault(error)) throw error;
      const failure = s3Error(error);
      if (isFrozen(failure)) throw storeFault("object-frozen", { key }, error);
      if (isMissing(failure)) throw storeFault("object-missing", { key }, error);
      const { bucket, prefix } = this.#options.location;
      throw portFault(error, operation, `s3://${bucket}/${prefix}${key}`);
    }
  }
}

/** S3 counts the parts of an upload from 1 to here. */
const partsMax = 10_000;

function abortBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

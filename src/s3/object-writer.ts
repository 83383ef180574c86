// SPDX-License-Identifier: Apache-2.0
// Puts of the S3 adapter: small objects in one request, larger ones in parts, each under the condition that was asked for,
// or after a look where the server knows no conditions.

import { limits } from "#base/index.ts";
import {
  checkCondition,
  checkUnlocked,
  storeFault,
  type ObjectKey,
  type ObjectVersion,
  type PutCondition,
  type PutOptions,
} from "#store/index.ts";
import type { BucketRequests } from "./bucket-requests.ts";
import type { S3Api } from "./client.ts";
import { guarded, wholeOf } from "./content.ts";
import { copyInPlace } from "./copies.ts";
import { isConditionFailed, isMissing, s3Error } from "./errors.ts";
import { infoOf, metadataOf } from "./object-head.ts";
import { unquoted } from "./profile.ts";
import { crcText, Uploads } from "./uploads.ts";

/** S3 counts the parts of an upload from 1 to here. */
const partsMax = 10_000;

/** Writes objects. */
export class ObjectWriter {
  readonly uploads: Uploads;
  readonly #requests: BucketRequests;
  readonly #partSize: number;

  constructor(requests: BucketRequests) {
    this.#requests = requests;
    this.#partSize = requests.options.access.partSize ?? limits.s3PartSize;
    this.uploads = new Uploads(requests.options.api);
  }

  /** Puts an object; what it needs was checked. */
  async put(
    key: ObjectKey,
    sizeBytes: number,
    content: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<ObjectVersion> {
    const replaced = await this.#lookBefore(key, sizeBytes, options.condition);
    const version =
      sizeBytes > this.#partSize
        ? await this.#putParts(key, sizeBytes, content, options)
        : await this.#putWhole(key, sizeBytes, content, options);
    if (replaced) await this.#requests.dropOldVersions(key);
    return version;
  }

  /** Looks what a put would meet, where the server does not. True when an object is replaced. */
  async #lookBefore(key: ObjectKey, sizeBytes: number, condition: PutCondition | undefined): Promise<boolean> {
    const { profile, clock } = this.#requests.options;
    const { createOnly, replaceOnly, retention, legalHold } = this.#requests.options.profile.abilities;
    const isParted = sizeBytes > this.#partSize;
    const isGuarded = isParted ? profile.hasPartedConditions : true;
    if (condition?.kind === "absent" && createOnly && isGuarded) return false;
    const mayBeLocked = condition?.kind !== "absent" && (legalHold || retention.length > 0);
    const isUnguarded = condition?.kind === "replaces" && !(replaceOnly && isGuarded);
    if (condition?.kind !== "absent" && !mayBeLocked && !isUnguarded && !profile.isVersioned) return false;
    const info = await this.#info(key);
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
    const { hasChecksums } = this.#requests.options.profile;
    return this.#conditional(key, options, async ({ sdk, client }, condition) => {
      const command = new sdk.PutObjectCommand({
        ...this.#requests.at(key),
        ...creationOf(options),
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
    const { hasChecksums, hasPartedConditions } = this.#requests.options.profile;
    const { Bucket, Key } = this.#requests.at(key);
    const target = {
      bucket: Bucket,
      key: Key,
      sizeBytes,
      crc32: options.crc32,
      partSize: Math.max(this.#partSize, Math.ceil(sizeBytes / partsMax)),
      hasChecksums,
      create: creationOf(options),
      signal: options.signal,
    };
    const upload = await this.#requests.ask(
      "put",
      key,
      () => this.uploads.send(target, guarded(content)),
      options.signal,
    );
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
    const head = await this.#requests.existing(key);
    const info = infoOf(key, head, this.#requests.options.profile.abilities);
    if (info.crc32 === crc && info.storageClass === storageClass) return;
    const right = { ...head, Metadata: metadataOf(crc) };
    await this.#requests.ask("put", key, (api) =>
      copyInPlace(api, this.#requests.at(key), { head: right, storageClass }),
    );
    await this.#requests.dropOldVersions(key);
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
    const { createOnly, replaceOnly } = this.#requests.options.profile.abilities;
    const { hasQuotedTags } = this.#requests.options.profile;
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
        return (etag || (await this.#requests.existing(key)).ETag) as ObjectVersion;
      } catch (error) {
        const failure = s3Error(error);
        if (condition?.kind === "absent" && isConditionFailed(failure)) throw storeFault("object-exists", { key });
        if (condition?.kind !== "replaces") throw error;
        if (!isConditionFailed(failure) && !isMissing(failure)) throw error;
        throw storeFault("object-changed", { key });
      }
    };
    return this.#requests.ask("put", key, ask, signal);
  }

  async #info(key: ObjectKey) {
    const { abilities } = this.#requests.options.profile;
    const head = await this.#requests.head(key);
    return head === undefined ? undefined : infoOf(key, head, abilities);
  }
}

function creationOf({ storageClass, crc32: crc, retention, legalHold }: PutOptions) {
  return {
    Metadata: metadataOf(crc),
    ...(storageClass === "STANDARD" ? {} : { StorageClass: storageClass }),
    ...(retention === undefined
      ? {}
      : { ObjectLockMode: retention.mode, ObjectLockRetainUntilDate: new Date(retention.until) }),
    ...(legalHold === true ? { ObjectLockLegalHoldStatus: "ON" as const } : {}),
  };
}

function abortBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

// SPDX-License-Identifier: Apache-2.0
// The corner of a bucket that a probe works in: short requests on short names, and everything deleted in the end.

import type {
  GetObjectCommandInput,
  HeadObjectCommandOutput,
  ObjectLockLegalHoldStatus,
  PutObjectCommandInput,
  StorageClass,
  Tier,
} from "@aws-sdk/client-s3";
import { type Clock, type Duration, limits, later, seconds } from "#base/index.ts";
import { crc32 } from "#store/index.ts";
import { openS3Api, type S3Api } from "./client.ts";
import { s3Error } from "./errors.ts";
import type { S3Location } from "./location.ts";
import { crcText } from "./uploads.ts";
import { versionsOf } from "./versions.ts";

/** How often cleaning up waits a second for locks to end. */
const cleanUpAttempts = 15;

/** Objects below a prefix of their own. */
export class ProbePlace {
  readonly #api: S3Api;
  readonly #location: S3Location;
  readonly #clock: Clock;
  readonly #prefix: string;

  constructor(options: { readonly api: S3Api; readonly location: S3Location; readonly clock: Clock }, folder: string) {
    this.#api = options.api;
    this.#location = options.location;
    this.#clock = options.clock;
    this.#prefix = options.location.prefix + folder;
  }

  #at(name: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#location.bucket, Key: this.#prefix + name };
  }

  /** Resolves with the version. */
  async put(name: string, text: string, options: Partial<PutObjectCommandInput> = {}): Promise<string> {
    const { sdk, client } = this.#api;
    const command = new sdk.PutObjectCommand({ ...this.#at(name), Body: Buffer.from(text), ...options });
    return (await client.send(command)).ETag ?? "";
  }

  /** A put with locks, which the server has to be able to check. */
  putLocked(name: string, options: Partial<PutObjectCommandInput>): Promise<string> {
    return this.put(name, "locked", { ...options, ChecksumCRC32: crcText(crc32(Buffer.from("locked"))) });
  }

  async get(name: string, options: Partial<GetObjectCommandInput> = {}): Promise<string> {
    const { sdk, client } = this.#api;
    const { Body } = await client.send(new sdk.GetObjectCommand({ ...this.#at(name), ...options }));
    return (await Body?.transformToString()) ?? "";
  }

  head(name: string): Promise<HeadObjectCommandOutput> {
    const { sdk, client } = this.#api;
    return client.send(new sdk.HeadObjectCommand(this.#at(name)));
  }

  async exists(name: string): Promise<boolean> {
    return (await this.statusOf(this.head(name))) === 200;
  }

  async send(command: "DeleteObjectCommand", name: string): Promise<void> {
    const { sdk, client } = this.#api;
    await client.send(new sdk[command](this.#at(name)));
  }

  async list(prefix: string, after?: string): Promise<readonly string[]> {
    const { sdk, client } = this.#api;
    const { Bucket, Key } = this.#at(prefix);
    const start = after === undefined ? {} : { StartAfter: this.#at(after).Key };
    const { Contents = [] } = await client.send(new sdk.ListObjectsV2Command({ Bucket, Prefix: Key, ...start }));
    return Contents.map(({ Key: key = "" }) => key.slice(this.#prefix.length));
  }

  /** Uploads a part of the smallest size and a small one; resolves with the size of both. */
  async multipart(name: string, condition: { readonly IfNoneMatch?: string }): Promise<number> {
    const { sdk, client } = this.#api;
    const at = this.#at(name);
    const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(at));
    try {
      const parts = [];
      const bodies = [Buffer.alloc(limits.s3PartSizeMin), Buffer.from("end")];
      for (const [index, Body] of bodies.entries()) {
        const part = { ...at, UploadId, PartNumber: index + 1, Body };
        const { ETag } = await client.send(new sdk.UploadPartCommand(part));
        parts.push({ PartNumber: index + 1, ETag });
      }
      const whole = { ...at, UploadId, MultipartUpload: { Parts: parts }, ...condition };
      await client.send(new sdk.CompleteMultipartUploadCommand(whole));
      return limits.s3PartSizeMin + 3;
    } catch (error) {
      await client.send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId })).catch(() => undefined);
      throw error;
    }
  }

  /** Begins an upload, looks for it and its part, and aborts it. */
  async findsUpload(): Promise<string | { readonly no: string }> {
    const { sdk, client } = this.#api;
    const at = this.#at("unfinished");
    const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(at));
    try {
      await client.send(new sdk.UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: Buffer.from("part") }));
      const found = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket: at.Bucket, Prefix: at.Key }));
      if (!(found.Uploads ?? []).some((upload) => upload.UploadId === UploadId)) return { no: "it is not listed" };
      const { Parts = [] } = await client.send(new sdk.ListPartsCommand({ ...at, UploadId }));
      return Parts.length === 1 && Parts[0]?.Size === 4 ? "" : { no: "its parts are not listed" };
    } finally {
      await client.send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId }));
    }
  }

  async copy(name: string, storageClass: StorageClass): Promise<void> {
    const { sdk, client } = this.#api;
    const at = this.#at(name);
    const CopySource = `${at.Bucket}/${at.Key.split("/").map(encodeURIComponent).join("/")}`;
    await client.send(new sdk.CopyObjectCommand({ ...at, CopySource, StorageClass: storageClass }));
  }

  async thaw(name: string, tier: Tier): Promise<void> {
    const { sdk, client } = this.#api;
    const RestoreRequest = { Days: 1, GlacierJobParameters: { Tier: tier } };
    await client.send(new sdk.RestoreObjectCommand({ ...this.#at(name), RestoreRequest }));
  }

  async versioning(): Promise<string | undefined> {
    const { sdk, client } = this.#api;
    return (await client.send(new sdk.GetBucketVersioningCommand({ Bucket: this.#location.bucket }))).Status;
  }

  async hasLocks(): Promise<boolean> {
    const { sdk, client } = this.#api;
    const command = new sdk.GetObjectLockConfigurationCommand({ Bucket: this.#location.bucket });
    const { ObjectLockConfiguration } = await client.send(command);
    return ObjectLockConfiguration?.ObjectLockEnabled === "Enabled";
  }

  /** Versions of a name. */
  async versions(name: string): Promise<readonly string[]> {
    const { Bucket, Key } = this.#at(name);
    return (await versionsOf(this.#api, Bucket, Key)).map(({ id }) => id);
  }

  async deleteVersion(name: string, id: string | undefined): Promise<void> {
    const { sdk, client } = this.#api;
    await client.send(new sdk.DeleteObjectCommand({ ...this.#at(name), VersionId: id }));
  }

  async releaseHold(name: string): Promise<void> {
    const { sdk, client } = this.#api;
    const Status: ObjectLockLegalHoldStatus = "OFF";
    await client.send(new sdk.PutObjectLegalHoldCommand({ ...this.#at(name), LegalHold: { Status } }));
  }

  dateIn(duration: Duration): Date {
    return new Date(later(this.#clock.now(), duration));
  }

  /** HTTP status of an answer; 200 for any success. */
  async statusOf(request: Promise<unknown>): Promise<number> {
    try {
      await request;
      return 200;
    } catch (error) {
      const { status } = s3Error(error);
      if (status === undefined) throw error;
      return status;
    }
  }

  /** Code of the error that a request is answered with; empty for a success. */
  async codeOf(request: Promise<unknown>): Promise<string> {
    try {
      await request;
      return "";
    } catch (error) {
      const { status, name } = s3Error(error);
      if (status === undefined) throw error;
      return name;
    }
  }

  /** Status of the same request as somebody else. */
  async statusWithWrongSecret(): Promise<number> {
    const { accessKeyId } = await this.#api.client.config.credentials();
    const keys = { id: accessKeyId, secret: "no secret at all" };
    const { sdk, client } = await openS3Api(this.#location, { ...this.#api.access, keys });
    try {
      return await this.statusOf(client.send(new sdk.HeadObjectCommand(this.#at("basic"))));
    } finally {
      client.destroy();
    }
  }

  /** Deletes everything, as soon as locks allow. What does not go within a while stays. */
  async cleanUp(pause: (duration: Duration) => Promise<void>): Promise<void> {
    const { sdk, client } = this.#api;
    for (let attempt = 0; attempt < cleanUpAttempts; attempt++) {
      const rest = await this.#rest();
      let isLocked = false;
      for (const version of rest) {
        const request = client.send(new sdk.DeleteObjectCommand({ Bucket: this.#location.bucket, ...version }));
        if ((await this.statusOf(request)) === 403) isLocked = true;
      }
      if (!isLocked) return;
      await pause(seconds(1));
    }
  }

  /** Keys, with their versions where the bucket has some. */
  async #rest(): Promise<readonly { readonly Key: string | undefined; readonly VersionId?: string | undefined }[]> {
    const { sdk, client } = this.#api;
    const place = { Bucket: this.#location.bucket, Prefix: this.#prefix };
    try {
      const { Versions = [], DeleteMarkers = [] } = await client.send(new sdk.ListObjectVersionsCommand(place));
      const all = [...Versions, ...DeleteMarkers];
      if (all.length > 0) return all.map(({ Key, VersionId }) => ({ Key, VersionId }));
    } catch (error) {
      if (s3Error(error).status === undefined) throw error;
    }
    const { Contents = [] } = await client.send(new sdk.ListObjectsV2Command(place));
    return Contents.map(({ Key }) => ({ Key }));
  }
}

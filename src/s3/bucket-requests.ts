// SPDX-License-Identifier: Apache-2.0
// Requests to one place in a bucket, and what they fail with: shared by the reading and the writing half of the adapter.

import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { type Clock, isFault, type Log } from "#base/index.ts";
import { checkUnlocked, objectKey, storeFault, type ObjectKey } from "#store/index.ts";
import type { S3Api } from "./client.ts";
import { ContentFailure } from "./content.ts";
import { isFrozen, isMissing, portFault, s3Error } from "./errors.ts";
import type { S3Access, S3Location } from "./location.ts";
import { infoOf } from "./object-head.ts";
import type { S3Profile } from "./profile.ts";
import { versionsOf } from "./versions.ts";

/** What requests need. */
export interface S3ObjectStoreOptions {
  readonly api: S3Api;
  readonly location: S3Location;
  readonly access: S3Access;
  readonly profile: S3Profile;
  readonly clock: Clock;
  readonly log: Log;
}

/** Requests by key, with the faults of the port. */
export class BucketRequests {
  readonly options: S3ObjectStoreOptions;

  constructor(options: S3ObjectStoreOptions) {
    this.options = options;
  }

  /** Makes requests; what fails is a Fault of the port, or the reason of an abort. */
  async ask<T>(operation: string, key: string, request: (api: S3Api) => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await request(this.options.api);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ContentFailure) throw error.cause;
      if (isFault(error)) throw error;
      const failure = s3Error(error);
      if (isFrozen(failure)) throw storeFault("object-frozen", { key }, error);
      if (isMissing(failure)) throw storeFault("object-missing", { key }, error);
      const { bucket, prefix } = this.options.location;
      throw portFault(error, operation, `s3://${bucket}/${prefix}${key}`);
    }
  }

  async head(key: ObjectKey): Promise<HeadObjectCommandOutput | undefined> {
    objectKey(key);
    return this.ask("head", key, async ({ sdk, client }) => {
      try {
        return await client.send(new sdk.HeadObjectCommand(this.at(key)));
      } catch (error) {
        if (isMissing(s3Error(error))) return undefined;
        throw error;
      }
    });
  }

  async existing(key: ObjectKey): Promise<HeadObjectCommandOutput> {
    const head = await this.head(key);
    if (head === undefined) throw storeFault("object-missing", { key });
    return head;
  }

  at(key: string): { readonly Bucket: string; readonly Key: string } {
    const { bucket, prefix } = this.options.location;
    return { Bucket: bucket, Key: prefix + key };
  }

  /** Versions that nobody sees any more; one that is locked stays until its lock ends. */
  async dropOldVersions(key: ObjectKey): Promise<void> {
    if (!this.options.profile.isVersioned) return;
    const { Bucket, Key } = this.at(key);
    await this.ask("delete", key, async (api) => {
      for (const { id, isLatest } of await versionsOf(api, Bucket, Key)) {
        if (isLatest) continue;
        try {
          await api.client.send(new api.sdk.DeleteObjectCommand({ Bucket, Key, VersionId: id }));
        } catch (error) {
          if (s3Error(error).status !== 403) throw error;
          this.options.log.info("an old version of an object is locked and stays until its lock ends", { key });
        }
      }
    });
  }

  async deleteVersion(key: ObjectKey, id: string, bypass: { BypassGovernanceRetention?: boolean }): Promise<void> {
    const { sdk, client } = this.options.api;
    const version = { ...this.at(key), VersionId: id };
    try {
      await client.send(new sdk.DeleteObjectCommand({ ...version, ...bypass }));
    } catch (error) {
      const { status } = s3Error(error);
      if (status === 404) return;
      if (status !== 403) throw error;
      // Not permitted, or locked: an old version may have a lock that the present one has not.
      const head = await client.send(new sdk.HeadObjectCommand(version)).catch(() => undefined);
      if (head !== undefined)
        checkUnlocked(key, infoOf(key, head, this.options.profile.abilities), this.options.clock.now());
      throw error;
    }
  }
}

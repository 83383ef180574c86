// SPDX-License-Identifier: Apache-2.0
// Copies an object onto itself in another class: that is how S3 changes one. Metadata and locks go with it; locks have to
// be said again, because a copy does not take them along.

import type { CompletedPart, HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import { limits } from "#base/index.ts";
import type { StorageClass } from "#store/index.ts";
import type { S3Api } from "./client.ts";

interface Place {
  readonly Bucket: string;
  readonly Key: string;
}

/** What the copy is made of. */
export interface CopyWish {
  /** The object as it is; its metadata is what the copy gets. */
  readonly head: HeadObjectCommandOutput;
  readonly storageClass: StorageClass;
}

/** Copies in one request, or in parts where that is too much for one. */
export async function copyInPlace(api: S3Api, place: Place, { head, storageClass }: CopyWish): Promise<void> {
  const size = head.ContentLength ?? 0;
  const source = `${place.Bucket}/${place.Key.split("/").map(encodeURIComponent).join("/")}`;
  const creation = { ...place, Metadata: head.Metadata, StorageClass: storageClass, ...locksOf(head) };
  const same = head.ETag === undefined ? {} : { CopySourceIfMatch: head.ETag };
  const { sdk, client } = api;
  if (size <= limits.s3CopyMax) {
    const copy = { ...creation, ...same, CopySource: source, MetadataDirective: "REPLACE" as const };
    await client.send(new sdk.CopyObjectCommand(copy));
    return;
  }
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(creation));
  try {
    const parts: CompletedPart[] = [];
    for (let offset = 0; offset < size; offset += limits.s3CopyPart) {
      const end = Math.min(offset + limits.s3CopyPart, size) - 1;
      const part = { ...place, ...same, UploadId, PartNumber: parts.length + 1 };
      const range = `bytes=${offset}-${end}`;
      const copied = await client.send(
        new sdk.UploadPartCopyCommand({ ...part, CopySource: source, CopySourceRange: range }),
      );
      parts.push({ PartNumber: part.PartNumber, ETag: copied.CopyPartResult?.ETag });
    }
    const whole = { ...place, UploadId, MultipartUpload: { Parts: parts } };
    await client.send(new sdk.CompleteMultipartUploadCommand(whole));
  } catch (error) {
    await client.send(new sdk.AbortMultipartUploadCommand({ ...place, UploadId })).catch(() => undefined);
    throw error;
  }
}

function locksOf(head: HeadObjectCommandOutput) {
  const { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus } = head;
  return {
    ...(ObjectLockMode === undefined || ObjectLockRetainUntilDate === undefined
      ? {}
      : { ObjectLockMode, ObjectLockRetainUntilDate }),
    ...(ObjectLockLegalHoldStatus === "ON" ? { ObjectLockLegalHoldStatus } : {}),
  };
}

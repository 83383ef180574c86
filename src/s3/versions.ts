// SPDX-License-Identifier: Apache-2.0
// The versions of one key in a bucket that keeps them. What was deleted without naming a version is still there, and is
// paid for.

import { limits } from "#base/index.ts";
import type { S3Api } from "./client.ts";

/** A version or a delete marker. */
export interface KeyVersion {
  readonly id: string;
  readonly isLatest: boolean;
}

/** All versions and delete markers of a key, oldest first. */
export async function versionsOf({ sdk, client }: S3Api, bucket: string, key: string): Promise<readonly KeyVersion[]> {
  const found: (KeyVersion & { readonly at: number })[] = [];
  let marker: { KeyMarker?: string; VersionIdMarker?: string } = {};
  for (let page = 0; page < limits.s3UploadPages; page++) {
    const answer = await client.send(new sdk.ListObjectVersionsCommand({ Bucket: bucket, Prefix: key, ...marker }));
    const all = [...(answer.Versions ?? []), ...(answer.DeleteMarkers ?? [])];
    for (const { Key, VersionId: id = "null", IsLatest, LastModified } of all) {
      if (Key === key) found.push({ id, isLatest: IsLatest === true, at: LastModified?.getTime() ?? 0 });
    }
    // Other keys begin with ours; they come behind it.
    if (answer.IsTruncated !== true || all.some(({ Key }) => Key !== key)) break;
    marker = {
      ...(answer.NextKeyMarker === undefined ? {} : { KeyMarker: answer.NextKeyMarker }),
      ...(answer.NextVersionIdMarker === undefined ? {} : { VersionIdMarker: answer.NextVersionIdMarker }),
    };
  }
  return found.toSorted((left, right) => Number(left.isLatest) - Number(right.isLatest) || left.at - right.at);
}

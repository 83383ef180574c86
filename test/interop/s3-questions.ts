// SPDX-License-Identifier: Apache-2.0
// Questions that any S3 server can be asked, each with an answer in a few words: statuses, error codes, what was kept. The
// simulated S3 and a real one are asked the same, one after the other, in a bucket of their own.

import * as sdk from "@aws-sdk/client-s3";

/** Where questions are asked. */
export interface QuestionPlace {
  readonly client: sdk.S3Client;
  readonly bucket: string;
}

/** A question; later ones may build on what earlier ones left. */
export interface Question {
  readonly title: string;
  readonly ask: (place: QuestionPlace) => Promise<string>;
}

const MiB = 1024 * 1024;

/** Status of an answer, with the code of an error. */
async function verdict(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return "yes";
  } catch (error) {
    if (!(error instanceof sdk.S3ServiceException)) throw error;
    const status = String(error.$metadata.httpStatusCode);
    // HEAD has no body to say a code in.
    return /^(UnknownError|NotFound|\d+)$/.test(error.name) ? status : `${status} ${error.name}`;
  }
}

const put = (
  { client, bucket }: QuestionPlace,
  Key: string,
  text: string,
  more: Partial<sdk.PutObjectCommandInput> = {},
) => client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key, Body: Buffer.from(text), ...more }));
const head = ({ client, bucket }: QuestionPlace, Key: string, VersionId?: string) =>
  client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key, VersionId }));
const get = async ({ client, bucket }: QuestionPlace, Key: string, Range?: string): Promise<string> => {
  const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key, Range }));
  return (await Body?.transformToString()) ?? "";
};
const remove = ({ client, bucket }: QuestionPlace, Key: string, more: Partial<sdk.DeleteObjectCommandInput> = {}) =>
  client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key, ...more }));
const keys = async (
  { client, bucket }: QuestionPlace,
  more: Partial<sdk.ListObjectsV2CommandInput>,
): Promise<string> => {
  const found = await client.send(new sdk.ListObjectsV2Command({ Bucket: bucket, ...more }));
  const names = (found.Contents ?? []).map(({ Key }) => Key).join(" ");
  return `${names}${found.IsTruncated === true ? " …" : ""}`;
};
const hasToken = (tag: string | undefined): string =>
  /^"[0-9a-f]{32}"$/.test(tag ?? "") ? "an MD5 in quotes" : `${tag}`;

async function upload(
  { client, bucket }: QuestionPlace,
  Key: string,
  { sizes, condition = {} }: { readonly sizes: readonly number[]; readonly condition?: object },
): Promise<string | undefined> {
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand({ Bucket: bucket, Key }));
  const Parts = [];
  for (const [index, size] of sizes.entries()) {
    const part = { Bucket: bucket, Key, UploadId, PartNumber: index + 1, Body: Buffer.alloc(size, index + 1) };
    Parts.push({ PartNumber: index + 1, ETag: (await client.send(new sdk.UploadPartCommand(part))).ETag });
  }
  const whole = { Bucket: bucket, Key, UploadId, MultipartUpload: { Parts }, ...condition };
  try {
    return (await client.send(new sdk.CompleteMultipartUploadCommand(whole))).ETag;
  } catch (error) {
    await client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
    throw error;
  }
}

/** About objects, in a bucket without versions. */
export const plainQuestions: readonly Question[] = [
  { title: "put: tag", ask: async (place) => hasToken((await put(place, "a", "0123456789")).ETag) },
  { title: "get", ask: (place) => get(place, "a") },
  { title: "get: range", ask: (place) => get(place, "a", "bytes=2-4") },
  { title: "get: range over the end", ask: (place) => get(place, "a", "bytes=8-100") },
  { title: "get: range behind the end", ask: (place) => verdict(get(place, "a", "bytes=10-12")) },
  { title: "get: range to the end", ask: (place) => get(place, "a", "bytes=7-") },
  { title: "get: no such key", ask: (place) => verdict(get(place, "none")) },
  { title: "head: no such key", ask: (place) => verdict(head(place, "none")) },
  { title: "delete: no such key", ask: (place) => verdict(remove(place, "none")) },
  { title: "no such bucket", ask: (place) => verdict(get({ ...place, bucket: "there-is-none" }, "a")) },
  {
    title: "metadata is kept",
    ask: async (place) => {
      await put(place, "m", "x", { Metadata: { one: "1", "two-b": "zwei 2" } });
      const { Metadata = {}, ContentLength } = await head(place, "m");
      return `${Metadata["one"]} ${Metadata["two-b"]} ${ContentLength}`;
    },
  },
  {
    title: "an empty object",
    ask: async (place) => {
      await put(place, "empty", "");
      return `${(await head(place, "empty")).ContentLength} ${await verdict(get(place, "empty", "bytes=0-9"))}`;
    },
  },
  {
    title: "list: order of bytes",
    ask: async (place) => {
      for (const name of ["l/b", "l/a/2", "l/ä", "l/a-", "l/A", "l/a b", "l/a+b", "l/a&b"]) await put(place, name, "x");
      return keys(place, { Prefix: "l/" });
    },
  },
  { title: "list: behind a key", ask: (place) => keys(place, { Prefix: "l/", StartAfter: "l/a-" }) },
  { title: "list: a page", ask: (place) => keys(place, { Prefix: "l/", MaxKeys: 3 }) },
  {
    title: "list: next page",
    ask: async (place) => {
      const { client, bucket } = place;
      const page = { Bucket: bucket, Prefix: "l/", MaxKeys: 3 };
      const first = await client.send(new sdk.ListObjectsV2Command(page));
      return keys(place, { Prefix: "l/", MaxKeys: 3, ContinuationToken: first.NextContinuationToken });
    },
  },
  { title: "list: nothing", ask: (place) => keys(place, { Prefix: "zz" }) },
  {
    title: "wrong MD5",
    ask: (place) => verdict(put(place, "md5", "x", { ContentMD5: "AAAAAAAAAAAAAAAAAAAAAA==" })),
  },
  { title: "wrong MD5: nothing stored", ask: (place) => verdict(head(place, "md5")) },
  {
    title: "create only: absent",
    ask: (place) => verdict(put(place, "once", "a", { IfNoneMatch: "*" })),
  },
  {
    title: "create only: present",
    ask: (place) => verdict(put(place, "once", "b", { IfNoneMatch: "*" })),
  },
  { title: "create only: the first stays", ask: (place) => get(place, "once") },
  {
    title: "replace only: another tag",
    ask: (place) => verdict(put(place, "once", "b", { IfMatch: '"00000000000000000000000000000000"' })),
  },
  {
    title: "replace only: the tag without quotes",
    ask: async (place) => {
      const tag = (await head(place, "once")).ETag?.replaceAll('"', "");
      return `${await verdict(put(place, "once", "c", { IfMatch: tag }))} ${await get(place, "once")}`;
    },
  },
  {
    title: "an unknown storage class",
    ask: async (place) => {
      const StorageClass = "ICE_CAVE" as sdk.StorageClass;
      return (await verdict(put(place, "class", "x", { StorageClass }))).slice(0, 3);
    },
  },
  {
    title: "a class is told, STANDARD is not",
    ask: async (place) => {
      await put(place, "class", "x", { StorageClass: "STANDARD_IA" });
      const named = (await head(place, "class")).StorageClass;
      return `${named} ${(await head(place, "a")).StorageClass ?? "nothing"}`;
    },
  },
  {
    title: "copy onto itself: another class",
    ask: async (place) => {
      const { client, bucket } = place;
      await put(place, "moved", "content", { Metadata: { kept: "yes" } });
      const copy = { Bucket: bucket, Key: "moved", CopySource: `${bucket}/moved`, StorageClass: "GLACIER" } as const;
      await client.send(new sdk.CopyObjectCommand(copy));
      const { StorageClass, Metadata = {}, ContentLength } = await head(place, "moved");
      return `${StorageClass} ${Metadata["kept"]} ${ContentLength}`;
    },
  },
  {
    title: "copy: source is not the one that was meant",
    ask: ({ client, bucket }) => {
      const other = { CopySourceIfMatch: '"00000000000000000000000000000000"', StorageClass: "STANDARD_IA" } as const;
      const copy = { Bucket: bucket, Key: "a", CopySource: `${bucket}/a`, ...other };
      return verdict(client.send(new sdk.CopyObjectCommand(copy)));
    },
  },
  {
    title: "restore of what is in no archive",
    ask: async ({ client, bucket }) => {
      const RestoreRequest = { Days: 1, GlacierJobParameters: { Tier: "Standard" } } as const;
      return verdict(client.send(new sdk.RestoreObjectCommand({ Bucket: bucket, Key: "a", RestoreRequest })));
    },
  },
];

/** About uploads in parts. */
export const partQuestions: readonly Question[] = [
  {
    title: "parts: tag and size of the whole",
    ask: async (place) => {
      const tag = await upload(place, "parts", { sizes: [5 * MiB, 3] });
      const { ContentLength, ETag } = await head(place, "parts");
      return `${tag?.replaceAll(/[0-9a-f]{32}/g, "…")} ${ETag === tag} ${ContentLength}`;
    },
  },
  {
    title: "parts: a range over the seam",
    ask: async (place) => (await get(place, "parts", "bytes=5242878-5242881")).length.toString(),
  },
  { title: "parts: one too small", ask: (place) => verdict(upload(place, "small", { sizes: [1000, 1000] })) },
  {
    title: "parts: unfinished uploads and their parts",
    ask: async ({ client, bucket }) => {
      const at = { Bucket: bucket, Key: "unfinished" };
      const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(at));
      for (const PartNumber of [3, 1]) {
        await client.send(new sdk.UploadPartCommand({ ...at, UploadId, PartNumber, Body: Buffer.from("part") }));
      }
      const { Uploads = [] } = await client.send(
        new sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: "unf" }),
      );
      const { Parts = [] } = await client.send(new sdk.ListPartsCommand({ ...at, UploadId }));
      const found = `${Uploads.length} ${Uploads[0]?.Key} ${Uploads[0]?.UploadId === UploadId}`;
      const parts = Parts.map(({ PartNumber, Size, ETag }) => `${PartNumber}:${Size}:${hasToken(ETag)}`).join(" ");
      await client.send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId }));
      return `${found}; ${parts}`;
    },
  },
  {
    title: "parts: a part of an upload that is gone",
    ask: ({ client, bucket }) => {
      const part = { Bucket: bucket, Key: "gone", UploadId: "2~nothing", PartNumber: 1, Body: Buffer.from("x") };
      return verdict(client.send(new sdk.UploadPartCommand(part)));
    },
  },
  {
    title: "parts: abort of an upload that is gone",
    ask: ({ client, bucket }) =>
      verdict(client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key: "gone", UploadId: "2~nothing" }))),
  },
  {
    title: "parts: completion with a wrong tag",
    ask: async ({ client, bucket }) => {
      const at = { Bucket: bucket, Key: "wrong" };
      const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(at));
      await client.send(new sdk.UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: Buffer.from("x") }));
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: '"00000000000000000000000000000000"' }] };
      const answer = await verdict(
        client.send(new sdk.CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload })),
      );
      await client.send(new sdk.AbortMultipartUploadCommand({ ...at, UploadId }));
      return answer;
    },
  },
  {
    title: "parts: copied from an object",
    ask: async (place) => {
      const { client, bucket } = place;
      const at = { Bucket: bucket, Key: "copied" };
      const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(at));
      const Parts = [];
      for (const [index, range] of ["bytes=0-5242879", "bytes=5242880-5242882"].entries()) {
        const part = { ...at, UploadId, PartNumber: index + 1, CopySource: `${bucket}/parts`, CopySourceRange: range };
        const { CopyPartResult } = await client.send(new sdk.UploadPartCopyCommand(part));
        Parts.push({ PartNumber: index + 1, ETag: CopyPartResult?.ETag });
      }
      const whole = { ...at, UploadId, MultipartUpload: { Parts } };
      await client.send(new sdk.CompleteMultipartUploadCommand(whole));
      return String((await head(place, "copied")).ContentLength);
    },
  },
  {
    title: "parts: create only, present",
    ask: (place) => verdict(upload(place, "parts", { sizes: [10], condition: { IfNoneMatch: "*" } })),
  },
];

const soon = (): Date => new Date(Date.now() + 86_400_000);
const locked = { ObjectLockMode: "GOVERNANCE", ContentMD5: "ndTkYSaMgDT1yFZOFVxnpg==" } as const;
const versionsOf = async ({ client, bucket }: QuestionPlace, Key: string) => {
  const found = await client.send(new sdk.ListObjectVersionsCommand({ Bucket: bucket, Prefix: Key }));
  return { versions: found.Versions ?? [], markers: found.DeleteMarkers ?? [] };
};

/** About versions and locks, in a bucket that was made for locks. */
export const lockQuestions: readonly Question[] = [
  {
    title: "versions: both are listed, newest first",
    ask: async (place) => {
      const first = await put(place, "v", "a");
      const second = await put(place, "v", "b");
      const { versions } = await versionsOf(place, "v");
      return versions
        .map(
          ({ VersionId, IsLatest }) =>
            `${VersionId === first.VersionId ? 1 : VersionId === second.VersionId ? 2 : 0}${IsLatest === true ? "*" : ""}`,
        )
        .join(" ");
    },
  },
  {
    title: "versions: a deletion leaves a marker",
    ask: async (place) => {
      const gone = await remove(place, "v");
      const { versions, markers } = await versionsOf(place, "v");
      return `${gone.DeleteMarker} ${versions.length} ${markers.length} ${await verdict(head(place, "v"))}`;
    },
  },
  {
    title: "versions: without marker and versions nothing is left",
    ask: async (place) => {
      const { versions, markers } = await versionsOf(place, "v");
      for (const { VersionId } of [...versions, ...markers]) await remove(place, "v", { VersionId });
      const rest = await versionsOf(place, "v");
      return `${rest.versions.length} ${rest.markers.length}`;
    },
  },
  {
    title: "lock: configuration of the bucket",
    ask: async ({ client, bucket }) => {
      const found = await client.send(new sdk.GetObjectLockConfigurationCommand({ Bucket: bucket }));
      return String(found.ObjectLockConfiguration?.ObjectLockEnabled);
    },
  },
  {
    title: "lock: put with retention is kept",
    ask: async (place) => {
      await put(place, "locked", "x", { ...locked, ObjectLockRetainUntilDate: soon() });
      const { ObjectLockMode, ObjectLockRetainUntilDate } = await head(place, "locked");
      return `${ObjectLockMode} ${ObjectLockRetainUntilDate !== undefined}`;
    },
  },
  {
    title: "lock: deletion of the version",
    ask: async (place) => verdict(remove(place, "locked", { VersionId: (await head(place, "locked")).VersionId })),
  },
  {
    title: "lock: an earlier date",
    ask: ({ client, bucket }) => {
      const Retention = { Mode: "GOVERNANCE", RetainUntilDate: new Date(Date.now() + 3_600_000) } as const;
      return verdict(client.send(new sdk.PutObjectRetentionCommand({ Bucket: bucket, Key: "locked", Retention })));
    },
  },
  {
    title: "lock: a later date",
    ask: ({ client, bucket }) => {
      const Retention = { Mode: "GOVERNANCE", RetainUntilDate: new Date(Date.now() + 3 * 86_400_000) } as const;
      return verdict(client.send(new sdk.PutObjectRetentionCommand({ Bucket: bucket, Key: "locked", Retention })));
    },
  },
  {
    title: "lock: deletion with a bypass",
    ask: async (place) => {
      const { VersionId } = await head(place, "locked");
      return verdict(remove(place, "locked", { VersionId, BypassGovernanceRetention: true }));
    },
  },
  {
    title: "hold: kept, and refuses deletion also with a bypass",
    ask: async (place) => {
      await put(place, "held", "x", { ObjectLockLegalHoldStatus: "ON", ContentMD5: locked.ContentMD5 });
      const { ObjectLockLegalHoldStatus, VersionId } = await head(place, "held");
      return `${ObjectLockLegalHoldStatus} ${await verdict(remove(place, "held", { VersionId, BypassGovernanceRetention: true }))}`;
    },
  },
  {
    title: "hold: lifted",
    ask: async (place) => {
      const { client, bucket } = place;
      const LegalHold = { Status: "OFF" } as const;
      await client.send(new sdk.PutObjectLegalHoldCommand({ Bucket: bucket, Key: "held", LegalHold }));
      const { VersionId } = await head(place, "held");
      return verdict(remove(place, "held", { VersionId }));
    },
  },
  {
    title: "create only, present, where versions are kept",
    ask: async (place) => {
      await put(place, "once", "a", { IfNoneMatch: "*" });
      return verdict(put(place, "once", "b", { IfNoneMatch: "*" }));
    },
  },
];

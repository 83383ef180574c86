// SPDX-License-Identifier: Apache-2.0
// Lists of a bucket: objects, versions, uploads. In the order of the bytes of keys, a page at a time.

import { isoText } from "#base/index.ts";
import { currentOf, type S3Version } from "./bucket.ts";
import type { S3Call } from "./call.ts";
import { element, type HttpAnswer, xmlAnswer } from "./wire.ts";

const pageMax = 1000;

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

function pageSize(query: URLSearchParams, name: string): number {
  return Math.min(Number(query.get(name) ?? pageMax), pageMax);
}

/** ListObjectsV2. */
export function listObjects({ query, bucket, world }: S3Call): HttpAnswer {
  const prefix = query.get("prefix") ?? "";
  const token = query.get("continuation-token");
  const after = token ?? query.get("start-after") ?? undefined;
  const limit = pageSize(query, "max-keys");
  const keys = [...bucket.objects.keys()]
    .filter((key) => key.startsWith(prefix) && currentOf(bucket, key) !== undefined)
    .filter((key) => after === undefined || byBytes(key, after) > 0)
    .toSorted(byBytes);
  const page = keys.slice(0, limit);
  const contents = page.map((key) => {
    const version = currentOf(bucket, key);
    return version === undefined ? "" : element("Contents", { Key: key, ...fields(version) });
  });
  world.book.note("list", "STANDARD");
  const isTruncated = keys.length > page.length;
  const next = isTruncated ? { NextContinuationToken: page.at(-1) } : {};
  const head = { Name: bucket.name, Prefix: prefix, MaxKeys: limit, KeyCount: page.length, IsTruncated: isTruncated };
  return xmlAnswer(element("ListBucketResult", { ...head, ...next }, contents.join("")));
}

function fields({ modified, etag, content, storageClass }: S3Version) {
  return { LastModified: isoText(modified), ETag: etag, Size: content.byteLength, StorageClass: storageClass };
}

/** ListObjectVersions: newest first. */
export function listVersions({ query, bucket, world }: S3Call): HttpAnswer {
  const prefix = query.get("prefix") ?? "";
  const keyMarker = query.get("key-marker");
  const idMarker = query.get("version-id-marker");
  const limit = pageSize(query, "max-keys");
  const all = [...bucket.objects.keys()]
    .filter((key) => key.startsWith(prefix))
    .toSorted(byBytes)
    .flatMap((key) => (bucket.objects.get(key) ?? []).toReversed().map((version) => ({ key, version })));
  const start =
    keyMarker === null
      ? 0
      : idMarker === null
        ? all.findLastIndex(({ key }) => byBytes(key, keyMarker) <= 0) + 1
        : all.findIndex(({ key, version }) => key === keyMarker && version.id === idMarker) + 1;
  const page = all.slice(start, start + limit);
  const items = page.map(({ key, version }) => {
    const isLatest = bucket.objects.get(key)?.at(-1) === version;
    const head = { Key: key, VersionId: version.id, IsLatest: isLatest };
    return version.isDeleteMarker
      ? element("DeleteMarker", { ...head, LastModified: isoText(version.modified) })
      : element("Version", { ...head, ...fields(version) });
  });
  world.book.note("list", "STANDARD");
  const last = page.at(-1);
  const isTruncated = start + page.length < all.length;
  const next = isTruncated ? { NextKeyMarker: last?.key, NextVersionIdMarker: last?.version.id } : {};
  const head = { Name: bucket.name, Prefix: prefix, MaxKeys: limit, IsTruncated: isTruncated };
  return xmlAnswer(element("ListVersionsResult", { ...head, ...next }, items.join("")));
}

/** ListMultipartUploads. */
export function listUploads({ query, bucket, world }: S3Call): HttpAnswer {
  const prefix = query.get("prefix") ?? "";
  const keyMarker = query.get("key-marker");
  const idMarker = query.get("upload-id-marker") ?? "";
  const limit = pageSize(query, "max-uploads");
  const rest = [...bucket.uploads.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .filter(({ key, id }) => {
      if (keyMarker === null) return true;
      const order = byBytes(key, keyMarker);
      return order > 0 || (order === 0 && idMarker !== "" && id > idMarker);
    })
    .toSorted((one, other) => byBytes(one.key, other.key) || byBytes(one.id, other.id));
  const page = rest.slice(0, limit);
  const items = page.map(({ key, id, initiated, storageClass }) =>
    element("Upload", { Key: key, UploadId: id, Initiated: isoText(initiated), StorageClass: storageClass }),
  );
  world.book.note("list", "STANDARD");
  const isTruncated = rest.length > page.length;
  const next = isTruncated ? { NextKeyMarker: page.at(-1)?.key, NextUploadIdMarker: page.at(-1)?.id } : {};
  const head = { Bucket: bucket.name, Prefix: prefix, MaxUploads: limit, IsTruncated: isTruncated };
  return xmlAnswer(element("ListMultipartUploadsResult", { ...head, ...next }, items.join("")));
}

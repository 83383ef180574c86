// SPDX-License-Identifier: Apache-2.0
// Uploads in parts: create, send, copy into, list, complete, abort.

import { createHash } from "node:crypto";
import { concatBytes, isoText, randomId } from "#base/index.ts";
import { addVersion, type S3Part, type S3Upload } from "./bucket.ts";
import { partSizeMin, type S3Call } from "./call.ts";
import { checkCondition, checkContent, copySource, crcText, creationOf, etagOf, newVersion } from "./objects.ts";
import { answer, element, elementOf, elementsOf, type HttpAnswer, S3Refusal, xmlAnswer } from "./wire.ts";

const partsMax = 10_000;

/** CreateMultipartUpload. */
export function createUpload(call: S3Call): HttpAnswer {
  const { bucket, key, world } = call;
  const id = randomId(world.random);
  const creation = creationOf(call);
  bucket.uploads.set(id, { id, key, initiated: world.clock.now(), ...creation, parts: new Map() });
  world.book.note("put", creation.storageClass);
  return xmlAnswer(element("InitiateMultipartUploadResult", { Bucket: bucket.name, Key: key, UploadId: id }));
}

function uploadOf({ query, bucket, key }: S3Call): S3Upload {
  const id = query.get("uploadId") ?? "";
  const upload = bucket.uploads.get(id);
  if (upload?.key !== key) throw new S3Refusal("NoSuchUpload", `there is no upload ${id} of ${key}`);
  return upload;
}

/** UploadPart and UploadPartCopy. */
export function putPart(call: S3Call): HttpAnswer {
  const { request, query, world } = call;
  const upload = uploadOf(call);
  const number = Number(query.get("partNumber"));
  if (!Number.isInteger(number) || number < 1 || number > partsMax) {
    throw new S3Refusal("InvalidArgument", `parts are numbered from 1 to ${partsMax}`);
  }
  const isCopy = "x-amz-copy-source" in request.headers;
  const content = isCopy ? copiedRange(call) : request.body;
  if (!isCopy) checkContent(call, content);
  const etag = etagOf(content);
  upload.parts.set(number, { number, content, etag });
  world.book.note(isCopy ? "copy" : "put", upload.storageClass, { bytesIn: isCopy ? 0 : content.byteLength });
  if (!isCopy) return answer(200, { etag });
  return xmlAnswer(element("CopyPartResult", { ETag: etag, LastModified: isoText(world.clock.now()) }));
}

function copiedRange(call: S3Call): Uint8Array {
  const { content } = copySource(call);
  const match = /^bytes=(\d+)-(\d+)$/.exec(call.request.headers["x-amz-copy-source-range"] ?? "");
  return match === null ? content : content.slice(Number(match[1]), Number(match[2]) + 1);
}

/** CompleteMultipartUpload. */
export function completeUpload(call: S3Call): HttpAnswer {
  const { request, bucket, key, world } = call;
  const upload = uploadOf(call);
  const parts = elementsOf(request.body, "Part").map((text) => named(upload, text));
  if (parts.length === 0) throw new S3Refusal("MalformedXML", "an upload has at least one part");
  if (parts.slice(0, -1).some(({ content }) => content.byteLength < partSizeMin)) {
    throw new S3Refusal("EntityTooSmall", "a part but the last is too small");
  }
  if (world.features.partedConditions) checkCondition(call);
  const content = concatBytes(parts.map((part) => part.content));
  const crc = request.headers["x-amz-checksum-crc32"];
  if (world.features.checksums && crc !== undefined && crc !== crcText(content)) {
    throw new S3Refusal("BadDigest", "the content does not have the CRC32 that was announced");
  }
  const sums = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag.replaceAll('"', ""), "hex")));
  const etag = `"${createHash("md5").update(sums).digest("hex")}-${parts.length}"`;
  const { storageClass, metadata, retention, isHeld } = upload;
  const version = newVersion(call, { storageClass, metadata, retention, isHeld }, { content, etag });
  addVersion(bucket, key, version);
  bucket.uploads.delete(upload.id);
  world.book.note("put", storageClass);
  return xmlAnswer(element("CompleteMultipartUploadResult", { Bucket: bucket.name, Key: key, ETag: etag }));
}

function named(upload: S3Upload, text: string): S3Part {
  const number = Number(elementOf(text, "PartNumber"));
  const part = upload.parts.get(number);
  const etag = elementOf(text, "ETag").replaceAll('"', "");
  if (part?.etag !== `"${etag}"`) throw new S3Refusal("InvalidPart", `part ${number} is not what was sent`);
  return part;
}

/** AbortMultipartUpload. */
export function abortUpload(call: S3Call): HttpAnswer {
  call.bucket.uploads.delete(uploadOf(call).id);
  call.world.book.note("delete", "STANDARD");
  return answer(204);
}

/** ListParts. */
export function listParts(call: S3Call): HttpAnswer {
  const { bucket, key, query, world } = call;
  const upload = uploadOf(call);
  const marker = Number(query.get("part-number-marker") ?? 0);
  const limit = Number(query.get("max-parts") ?? 1000);
  const rest = [...upload.parts.values()]
    .filter(({ number }) => number > marker)
    .toSorted((one, other) => one.number - other.number);
  const page = rest.slice(0, limit);
  const parts = page.map(({ number, etag, content }) =>
    element("Part", { PartNumber: number, ETag: etag, Size: content.byteLength }),
  );
  world.book.note("list", "STANDARD");
  const isTruncated = rest.length > page.length;
  const head = { Bucket: bucket.name, Key: key, UploadId: upload.id, StorageClass: upload.storageClass };
  const next = isTruncated ? { NextPartNumberMarker: page.at(-1)?.number } : {};
  return xmlAnswer(element("ListPartsResult", { ...head, IsTruncated: isTruncated, ...next }, parts.join("")));
}

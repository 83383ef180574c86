// SPDX-License-Identifier: Apache-2.0
// PutObject, GetObject, HeadObject, DeleteObject, CopyObject.

import { createHash } from "node:crypto";
import { crc32 as zlibCrc32 } from "node:zlib";
import { httpDate, type Instant, instantFromIso, isoText, randomId } from "#base/index.ts";
import {
  addVersion,
  checkUnlocked,
  classes,
  currentOf,
  isFrozen,
  removeVersion,
  type S3Class,
  type S3Retention,
  type S3Version,
} from "./bucket.ts";
import type { S3Call } from "./call.ts";
import { answer, element, type HttpAnswer, S3Refusal, xmlAnswer } from "./wire.ts";

const md5 = (content: Uint8Array): Buffer => createHash("md5").update(content).digest();

/** The tag of a content, with quotes. */
export const etagOf = (content: Uint8Array): string => `"${md5(content).toString("hex")}"`;

/** What headers of a put, copy or new upload say about the object to be. */
export interface Creation {
  readonly storageClass: S3Class;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retention: S3Retention | undefined;
  readonly isHeld: boolean;
}

/** PutObject. */
export function putObject(call: S3Call): HttpAnswer {
  const { request, bucket, key, world } = call;
  checkContent(call, request.body);
  const creation = creationOf(call);
  if (world.features.conditions) checkCondition(call);
  const version = newVersion(call, creation, { content: request.body, etag: etagOf(request.body) });
  addVersion(bucket, key, version);
  world.book.note("put", creation.storageClass, { bytesIn: request.body.byteLength });
  return answer(200, { etag: version.etag, ...versionHeader(call, version) });
}

/** A version that is about to be added. */
export function newVersion(
  { bucket, world }: S3Call,
  creation: Creation,
  { content, etag }: { readonly content: Uint8Array; readonly etag: string },
): S3Version {
  const id = bucket.isVersioned ? randomId(world.random) : "null";
  return { id, modified: world.clock.now(), isDeleteMarker: false, content, etag, ...creation, restore: undefined };
}

/** Refuses what an object may not be. */
export function creationOf({ request, bucket, world }: S3Call): Creation {
  const { headers } = request;
  const name = headers["x-amz-storage-class"] ?? "STANDARD";
  const storageClass = classes.find((known) => known === name && world.features.classes.includes(known));
  if (storageClass === undefined) throw new S3Refusal("InvalidStorageClass", `there is no storage class ${name}`);
  const mode = headers["x-amz-object-lock-mode"];
  const until = headers["x-amz-object-lock-retain-until-date"];
  const hold = headers["x-amz-object-lock-legal-hold"];
  if ((mode !== undefined || hold !== undefined) && !bucket.hasLocks) {
    throw new S3Refusal("InvalidRequest", "the bucket was not made for object lock");
  }
  const metadata = Object.fromEntries(
    Object.entries(headers)
      .filter(([header]) => header.startsWith("x-amz-meta-"))
      .map(([header, value]) => [header.slice("x-amz-meta-".length), value]),
  );
  return { storageClass, metadata, retention: retentionFrom(mode, until, world.clock.now()), isHeld: hold === "ON" };
}

/** A retention as text, checked. */
export function retentionFrom(mode?: string, until?: string, now?: Instant): S3Retention | undefined {
  if (mode === undefined && until === undefined) return undefined;
  if ((mode !== "GOVERNANCE" && mode !== "COMPLIANCE") || until === undefined) {
    throw new S3Refusal("InvalidArgument", "a retention has a mode and a date");
  }
  const at = instantFromIso(until);
  if (now !== undefined && at <= now) {
    throw new S3Refusal("InvalidArgument", "the date of a retention must be in the future");
  }
  return { mode, until: at };
}

/** Compares the content with the checksums that were announced. */
export function checkContent({ request, world }: S3Call, body: Uint8Array): void {
  const { headers } = request;
  const announced = headers["content-md5"];
  if (announced !== undefined && announced !== md5(body).toString("base64")) {
    throw new S3Refusal("BadDigest", "the content does not have the MD5 that was announced");
  }
  const crc = headers["x-amz-checksum-crc32"];
  const hasCheck = announced !== undefined || Object.keys(headers).some((name) => name.startsWith("x-amz-checksum-"));
  const locks = headers["x-amz-object-lock-mode"] ?? headers["x-amz-object-lock-legal-hold"];
  if (world.features.checksums && locks !== undefined && !hasCheck) {
    throw new S3Refusal("InvalidRequest", "a put with locks needs Content-MD5 or a checksum");
  }
  if (!world.features.checksums || crc === undefined) return;
  if (crc !== crcText(body)) throw new S3Refusal("BadDigest", "the content does not have the CRC32 that was announced");
}

/** CRC32 in base64. */
export function crcText(content: Uint8Array): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(zlibCrc32(content));
  return bytes.toString("base64");
}

/** If-None-Match and If-Match of a put. */
export function checkCondition({ request, bucket, key }: S3Call): void {
  const current = currentOf(bucket, key);
  if (request.headers["if-none-match"] === "*" && current !== undefined) {
    throw new S3Refusal("PreconditionFailed", "there is an object");
  }
  const wanted = request.headers["if-match"];
  if (wanted === undefined) return;
  if (current === undefined) throw new S3Refusal("NoSuchKey", `there is no ${key}`);
  if (current.etag !== (wanted.startsWith('"') ? wanted : `"${wanted}"`)) {
    throw new S3Refusal("PreconditionFailed", "there is another object");
  }
}

/** The version that a request means. */
export function versionOf({ query, bucket, key }: S3Call): S3Version {
  const id = query.get("versionId");
  if (id === null) {
    const current = currentOf(bucket, key);
    if (current === undefined) throw new S3Refusal("NoSuchKey", `there is no ${key}`);
    return current;
  }
  const version = bucket.objects.get(key)?.find((candidate) => candidate.id === id);
  if (version === undefined) throw new S3Refusal("NoSuchVersion", `${key} has no version ${id}`);
  if (version.isDeleteMarker) throw new S3Refusal("MethodNotAllowed", "it is a delete marker");
  return version;
}

function versionHeader({ bucket }: S3Call, { id }: S3Version): Record<string, string> {
  return bucket.isVersioned ? { "x-amz-version-id": id } : {};
}

/** HeadObject and GetObject. */
export function readObject(call: S3Call): HttpAnswer {
  const { request, world } = call;
  const version = versionOf(call);
  const headers = headersOf(call, version);
  if (request.method === "HEAD") {
    world.book.note("head", version.storageClass);
    return answer(200, { ...headers, "content-length": String(version.content.byteLength) });
  }
  if (world.features.thaw && isFrozen(version, world.clock.now())) {
    throw new S3Refusal("InvalidObjectState", "the operation is not valid for the object's storage class");
  }
  const { content } = version;
  const range = rangeOf(request.headers["range"], content.byteLength);
  const body = range === undefined ? content : content.subarray(range.first, range.last + 1);
  world.book.note("get", version.storageClass, { bytesOut: body.byteLength });
  if (range === undefined) return answer(200, headers, body);
  const span = `bytes ${range.first}-${range.last}/${content.byteLength}`;
  return answer(206, { ...headers, "content-range": span }, body);
}

function rangeOf(text: string | undefined, size: number): { first: number; last: number } | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(text ?? "");
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Math.min(match[2] === "" ? size - 1 : Number(match[2]), size - 1);
  if (first >= size) throw new S3Refusal("InvalidRange", "the range begins behind the end");
  return { first, last };
}

function headersOf(call: S3Call, version: S3Version): Record<string, string | undefined> {
  const { storageClass, retention, isHeld, metadata, etag, modified } = version;
  const named = Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value] as const);
  return {
    etag,
    "last-modified": httpDate(modified),
    "accept-ranges": "bytes",
    "x-amz-storage-class": storageClass === "STANDARD" ? undefined : storageClass,
    "x-amz-restore": restoreHeader(version, call.world.clock.now()),
    "x-amz-object-lock-mode": retention?.mode,
    "x-amz-object-lock-retain-until-date": retention && isoText(retention.until),
    "x-amz-object-lock-legal-hold": isHeld ? "ON" : undefined,
    ...versionHeader(call, version),
    ...Object.fromEntries(named),
  };
}

function restoreHeader({ restore }: S3Version, now: Instant): string | undefined {
  if (restore === undefined || restore.until <= now) return undefined;
  if (restore.readyAt > now) return 'ongoing-request="true"';
  return `ongoing-request="false", expiry-date="${httpDate(restore.until)}"`;
}

/** DeleteObject: of a version for good, else by a marker where versions are kept. */
export function deleteObject(call: S3Call): HttpAnswer {
  const { request, query, bucket, key, world } = call;
  const id = query.get("versionId");
  world.book.note("delete", "STANDARD");
  if (id !== null) {
    const version = bucket.objects.get(key)?.find((candidate) => candidate.id === id);
    if (version === undefined) return answer(204);
    const mayBypass = request.headers["x-amz-bypass-governance-retention"] === "true";
    checkUnlocked(version, world.clock.now(), mayBypass);
    removeVersion(bucket, key, id);
    return answer(204, { "x-amz-version-id": id, "x-amz-delete-marker": String(version.isDeleteMarker) });
  }
  if (!bucket.isVersioned) {
    bucket.objects.delete(key);
    return answer(204);
  }
  const nothing = { content: new Uint8Array(0), etag: "" };
  const creation = { storageClass: "STANDARD", metadata: {}, retention: undefined, isHeld: false } as const;
  const marker = { ...newVersion(call, creation, nothing), isDeleteMarker: true };
  addVersion(bucket, key, marker);
  return answer(204, { "x-amz-version-id": marker.id, "x-amz-delete-marker": "true" });
}

/** The object that `x-amz-copy-source` names, readable. */
export function copySource(call: S3Call): S3Version {
  const { request, world } = call;
  const source = decodeURIComponent(request.headers["x-amz-copy-source"] ?? "").replace(/^\//, "");
  const slash = source.indexOf("/");
  const [path = "", versionQuery] = source.slice(slash + 1).split("?versionId=");
  const bucket = world.buckets.get(source.slice(0, slash));
  if (bucket === undefined) throw new S3Refusal("NoSuchBucket", `there is no bucket of ${source}`);
  const query = new URLSearchParams(versionQuery === undefined ? {} : { versionId: versionQuery });
  const version = versionOf({ ...call, bucket, key: path, query });
  if (world.features.thaw && isFrozen(version, world.clock.now())) {
    throw new S3Refusal("InvalidObjectState", "the source of the copy is not in an active tier");
  }
  const wanted = request.headers["x-amz-copy-source-if-match"];
  if (wanted !== undefined && wanted !== version.etag) {
    throw new S3Refusal("PreconditionFailed", "the source of the copy is another object");
  }
  return version;
}

/** CopyObject. */
export function copyObject(call: S3Call): HttpAnswer {
  const { request, bucket, key, world } = call;
  const source = copySource(call);
  const isReplaced = request.headers["x-amz-metadata-directive"] === "REPLACE";
  const asked = creationOf(call);
  const creation = isReplaced ? asked : { ...asked, metadata: source.metadata };
  const isSame = currentOf(bucket, key) === source;
  if (isSame && !isReplaced && creation.storageClass === source.storageClass) {
    throw new S3Refusal("InvalidRequest", "a copy onto itself has to change something");
  }
  if (world.features.conditions) checkCondition(call);
  const version = newVersion(call, creation, { content: source.content, etag: etagOf(source.content) });
  addVersion(bucket, key, version);
  world.book.note("copy", creation.storageClass);
  const { etag, modified } = version;
  const result = xmlAnswer(element("CopyObjectResult", { ETag: etag, LastModified: isoText(modified) }));
  return { ...result, headers: { ...result.headers, ...versionHeader(call, version) } };
}

// SPDX-License-Identifier: Apache-2.0
// S3 as far as a gateway needs it, with the cold classes and their thaws on a clock that tests move: requests of HTTP go
// in, answers come out. It keeps a book of what Amazon would bill, and fails when it is told to.

import { type Clock, type Duration, hours, httpDate, later, milliseconds, minutes, type Random } from "#base/index.ts";
import { classes, type S3Bucket } from "./bucket.ts";
import type { S3Call, S3Features, S3World } from "./call.ts";
import { listObjects, listUploads, listVersions } from "./listing.ts";
import { getRetention, putLegalHold, putRetention } from "./locks.ts";
import { abortUpload, completeUpload, createUpload, listParts, putPart } from "./multipart.ts";
import { copyObject, deleteObject, putObject, readObject } from "./objects.ts";
import { RequestBook } from "./request-book.ts";
import { restoreObject } from "./restore.ts";
import { checkSignature, type S3Keys } from "./signature.ts";
import {
  answer,
  element,
  elementsOf,
  type HttpAnswer,
  type HttpRequest,
  refusalAnswer,
  S3Refusal,
  xmlAnswer,
} from "./wire.ts";

/** What goes wrong with one request. */
export type S3Trouble =
  /** 503, nothing happened. */
  | "slow-down"
  /** The connection is reset before anything happened. */
  | "reset"
  /** It happened, and the connection is reset before the answer. */
  | "lost-answer"
  /** The answer ends in the middle. */
  | "truncated"
  /** A bit of the body that is read is turned over. */
  | "flipped"
  /** The body that is written arrives with a bit turned over. */
  | "damaged"
  /** The server's clock is a day ahead. */
  | "skewed";

/** How the simulator behaves. All that is not readonly may be changed while it runs. */
export interface S3SimulatorOptions {
  /** The time of objects, locks and thaws. */
  readonly clock: Clock;
  /** The time by which signatures are judged; `clock` unless given. */
  readonly signatureClock?: Clock;
  readonly random: Random;
  readonly keys: S3Keys;
  readonly features?: Partial<S3Features>;
  readonly thawDelay?: Readonly<Record<string, Duration>>;
  /** Asked for each request. */
  trouble?: (request: HttpRequest) => S3Trouble | undefined;
}

const allFeatures: S3Features = {
  conditions: true,
  partedConditions: true,
  thaw: true,
  classes,
  checksums: true,
};

/** The server of a simulated S3. */
export class S3Simulator {
  readonly options: S3SimulatorOptions;
  readonly book = new RequestBook();
  readonly #world: S3World;

  constructor(options: S3SimulatorOptions) {
    this.options = options;
    const { clock, random, features } = options;
    const thawDelay = options.thawDelay ?? { Expedited: minutes(5), Standard: hours(5), Bulk: hours(12) };
    const { book } = this;
    this.#world = {
      clock,
      random,
      features: { ...allFeatures, ...features },
      thawDelay,
      book,
      buckets: new Map(),
    };
  }

  /** Makes a bucket, as CreateBucket does. */
  makeBucket(name: string, { hasLocks = false } = {}): S3Bucket {
    const bucket = { name, isVersioned: hasLocks, hasLocks, objects: new Map(), uploads: new Map() };
    this.#world.buckets.set(name, bucket);
    return bucket;
  }

  /** A bucket as it is; for checkers. */
  bucket(name: string): S3Bucket | undefined {
    return this.#world.buckets.get(name);
  }

  /** Answers one request. */
  handle(request: HttpRequest): HttpAnswer {
    const trouble = this.options.trouble?.(request);
    if (trouble === "reset") return { ...answer(500), delivery: "none" };
    const date = httpDate(later(this.#signatureTime(), trouble === "skewed" ? hours(24) : milliseconds(0)));
    const result = this.#answerTo(trouble === "damaged" ? damaged(request) : request, trouble);
    const whole = { ...result, headers: { date, "x-amz-request-id": "simulated", ...result.headers } };
    if (trouble === "lost-answer") return { ...whole, delivery: "none" };
    if (trouble === "truncated" && whole.body.byteLength > 0) return { ...whole, delivery: "cut" };
    if (trouble === "flipped" && whole.status < 300) return { ...whole, body: flipped(whole.body) };
    return whole;
  }

  #signatureTime() {
    return (this.options.signatureClock ?? this.options.clock).now();
  }

  #answerTo(request: HttpRequest, trouble: S3Trouble | undefined): HttpAnswer {
    try {
      const now = later(this.#signatureTime(), trouble === "skewed" ? hours(24) : milliseconds(0));
      checkSignature(request, this.options.keys, now);
      if (trouble === "slow-down") throw new S3Refusal("SlowDown", "reduce your request rate");
      return this.#route(request);
    } catch (error) {
      if (error instanceof S3Refusal) return refusalAnswer(error, request.method !== "HEAD");
      throw error;
    }
  }

  #route(request: HttpRequest): HttpAnswer {
    const { bucketName, key } = this.#target(request);
    const query = new URLSearchParams(request.query.replaceAll("+", "%2B"));
    if (bucketName === "") {
      const names = [...this.#world.buckets.keys()].map((Name) => element("Bucket", { Name }));
      return xmlAnswer(element("ListAllMyBucketsResult", {}, element("Buckets", {}, names.join(""))));
    }
    if (key === "" && request.method === "PUT" && query.size === 0) return this.#createBucket(bucketName, request);
    const bucket = this.#world.buckets.get(bucketName);
    if (bucket === undefined) throw new S3Refusal("NoSuchBucket", `there is no bucket ${bucketName}`);
    const call: S3Call = { world: this.#world, request, query, bucket, key };
    return key === "" ? this.#onBucket(call) : onObject(call);
  }

  /** The bucket is the first part of the host name, or of the path. */
  #target({ path, headers }: HttpRequest): { readonly bucketName: string; readonly key: string } {
    const [label = ""] = (headers["host"] ?? "").split(".");
    const isInHost = this.#world.buckets.has(label);
    const rest = decodeURIComponent(isInHost ? path.slice(1) : path.replace(/^\/[^/]*\/?/, ""));
    return { bucketName: isInHost ? label : decodeURIComponent(path.split("/")[1] ?? ""), key: rest };
  }

  #createBucket(name: string, { headers }: HttpRequest): HttpAnswer {
    if (this.#world.buckets.has(name)) throw new S3Refusal("BucketAlreadyOwnedByYou", `the bucket ${name} is yours`);
    this.makeBucket(name, { hasLocks: headers["x-amz-bucket-object-lock-enabled"]?.toLowerCase() === "true" });
    return answer(200, { location: `/${name}` });
  }

  #onBucket(call: S3Call): HttpAnswer {
    const { request, query, bucket } = call;
    if (request.method === "HEAD") return answer(200);
    if (request.method === "PUT" && query.has("versioning")) {
      const isEnabled = elementsOf(request.body, "Status")[0] === "Enabled";
      if (!isEnabled && bucket.hasLocks) throw new S3Refusal("InvalidBucketState", "locks need versions");
      bucket.isVersioned = isEnabled;
      return answer(200);
    }
    if (request.method === "DELETE") {
      this.#world.buckets.delete(bucket.name);
      return answer(204);
    }
    if (request.method !== "GET") throw new S3Refusal("NotImplemented", `${request.method} of a bucket`);
    if (query.has("versioning")) {
      return xmlAnswer(element("VersioningConfiguration", { Status: bucket.isVersioned ? "Enabled" : undefined }));
    }
    if (query.has("object-lock")) {
      if (!bucket.hasLocks) throw new S3Refusal("ObjectLockConfigurationNotFoundError", "locks are off");
      return xmlAnswer(element("ObjectLockConfiguration", { ObjectLockEnabled: "Enabled" }));
    }
    if (query.has("uploads")) return listUploads(call);
    if (query.has("versions")) return listVersions(call);
    return listObjects(call);
  }
}

function onObject(call: S3Call): HttpAnswer {
  const { request, query } = call;
  switch (request.method) {
    case "PUT":
      if (query.has("retention")) return putRetention(call);
      if (query.has("legal-hold")) return putLegalHold(call);
      if (query.has("uploadId")) return putPart(call);
      return "x-amz-copy-source" in request.headers ? copyObject(call) : putObject(call);
    case "POST":
      if (query.has("uploads")) return createUpload(call);
      if (query.has("uploadId")) return completeUpload(call);
      if (query.has("restore")) return restoreObject(call);
      throw new S3Refusal("NotImplemented", "this POST");
    case "GET":
      if (query.has("retention")) return getRetention(call);
      if (query.has("uploadId")) return listParts(call);
      return readObject(call);
    case "HEAD":
      return readObject(call);
    case "DELETE":
      return query.has("uploadId") ? abortUpload(call) : deleteObject(call);
    default:
      throw new S3Refusal("MethodNotAllowed", request.method);
  }
}

function flipped(body: Uint8Array): Uint8Array {
  if (body.byteLength === 0) return body;
  const copy = body.slice();
  const middle = copy.byteLength >> 1;
  copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}

const damaged = (request: HttpRequest): HttpRequest => ({ ...request, body: flipped(request.body) });

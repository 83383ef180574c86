// SPDX-License-Identifier: Apache-2.0
// Where an object store is, as an operator writes it: a URL of bucket and prefix, with endpoint, region and path-style.

import { isFault, type Duration, limits } from "#base/index.ts";
import { objectKey } from "#store/index.ts";
import { s3Fault } from "./faults.ts";

/** A place in a bucket. */
export interface S3Location {
  readonly bucket: string;
  /** Keys begin with it; empty, or parts that end with "/". */
  readonly prefix: string;
  /** URL of a server that is not Amazon's. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  /** The bucket is a part of the path, and not of the host name; true unless said for a named endpoint. */
  readonly isPathStyle: boolean;
}

/** How requests are made. */
export interface S3Access {
  /** Explicit keys; without them the usual chain: environment, shared files, container, instance. */
  readonly keys?: { readonly id: string; readonly secret: string; readonly session?: string };
  /** Profile of the shared files. */
  readonly profile?: string;
  /** Certificates to trust, as PEM, beside those of the system. */
  readonly trust?: string;
  /** http://host:port of a proxy. */
  readonly proxy?: string;
  /** Objects longer than this go up in parts of this size. */
  readonly partSize?: number;
  /** Longest wait for an answer. */
  readonly timeout?: Duration;
}

/** Sizes of parts that make sense: S3's least, and what `limits.s3Parts` of need for the largest object. */
export const partSizeMin = limits.s3PartSizeMin;

const known = new Set(["endpoint", "region", "path-style"]);

/** The place that a URL names. Fault `s3.url-bad` names what is wrong. */
export function parseS3Url(text: string): S3Location {
  const bad = (reason: string): Error => s3Fault("url-bad", { url: text, reason });
  const match = /^s3:\/\/([^/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(text);
  if (match === null) throw bad("write s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=REGION");
  const [, bucket = "", path = "", query = ""] = match;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) throw bad(`${bucket} is not the name of a bucket`);
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!known.has(name)) throw bad(`${name} is unknown; there are ${[...known].join(", ")}`);
  }
  const endpoint = parameters.get("endpoint") ?? undefined;
  if (endpoint !== undefined && !isHttpUrl(endpoint)) throw bad(`the endpoint ${endpoint} is no http or https URL`);
  const style = parameters.get("path-style") ?? String(endpoint !== undefined);
  if (style !== "true" && style !== "false") throw bad(`path-style is true or false, not ${style}`);
  const region = parameters.get("region") ?? undefined;
  return { bucket, prefix: prefixOf(path, bad), endpoint, region, isPathStyle: style === "true" };
}

function prefixOf(path: string, bad: (reason: string) => Error): string {
  let prefix: string;
  try {
    prefix = decodeURIComponent(path).replace(/\/$/, "");
  } catch {
    throw bad("the prefix is not percent-encoded text");
  }
  if (prefix === "") return "";
  try {
    return `${objectKey(prefix)}/`;
  } catch (error) {
    throw bad(isFault(error) ? error.message : String(error));
  }
}

function isHttpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (url?.protocol === "http:" || url?.protocol === "https:") && (url.pathname === "/" || url.pathname === "");
}

/** The place as an operator would write it. */
export function s3Url({ bucket, prefix, endpoint, region, isPathStyle }: S3Location): string {
  const parameters = new URLSearchParams();
  if (endpoint !== undefined) parameters.set("endpoint", endpoint);
  if (region !== undefined) parameters.set("region", region);
  if (isPathStyle !== (endpoint !== undefined)) parameters.set("path-style", String(isPathStyle));
  const query = parameters.size === 0 ? "" : `?${parameters.toString()}`;
  const path = prefix.split("/").map(encodeURIComponent).join("/").replace(/\/$/, "");
  return `s3://${bucket}${path === "" ? "" : `/${path}`}${query}`;
}

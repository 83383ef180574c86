// SPDX-License-Identifier: Apache-2.0
// Signature Version 4 in the Authorization header, as AWS documents it for S3: checked over the request as it came.

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { type Instant, instantFromIso, minutes } from "#base/index.ts";
import { type HttpRequest, S3Refusal } from "./wire.ts";

/** Keys that are known. */
export interface S3Keys {
  readonly id: string;
  readonly secret: string;
}

/** A request may be older or newer than the server by this much. */
const skewMax = minutes(15);

const sha256 = (data: Uint8Array | string): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: Uint8Array | string, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** Refuses a request that is not signed with the keys, is too old, or has another body than was signed. */
export function checkSignature(request: HttpRequest, keys: S3Keys, now: Instant): void {
  const { headers } = request;
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers["authorization"] ?? "",
    );
  if (match === null) throw new S3Refusal("AccessDenied", "the request is not signed");
  const [, id = "", date = "", region = "", signedHeaders = "", signature = ""] = match;
  if (id !== keys.id) throw new S3Refusal("InvalidAccessKeyId", `the access key ${id} is not known`);
  const time = headers["x-amz-date"] ?? "";
  checkTime(time, now);
  const payload = headers["x-amz-content-sha256"] ?? "";
  const canonical = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...signedHeaders.split(";").map((name) => `${name}:${(headers[name] ?? "").trim().replaceAll(/ +/g, " ")}`),
    "",
    signedHeaders,
    payload,
  ].join("\n");
  const scope = `${date}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256(canonical)].join("\n");
  const key = ["aws4_request", "s3", region, date].reduceRight<Buffer | string>(hmac, `AWS4${keys.secret}`);
  const expected = hmac(key, text);
  if (!timingSafeEqual(expected, Buffer.from(signature, "hex"))) {
    throw new S3Refusal("SignatureDoesNotMatch", "the signature is not the one of this request and secret");
  }
  checkPayload(payload, request.body);
}

function checkTime(text: string, now: Instant): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) throw new S3Refusal("AccessDenied", "the request has no time");
  const [, year, month, day, hour, minute, second] = match;
  const at = instantFromIso(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Math.abs(at - now) <= skewMax) return;
  throw new S3Refusal("RequestTimeTooSkewed", "the time of the request and that of the server differ too much");
}

function checkPayload(hash: string, body: Uint8Array): void {
  if (hash === "UNSIGNED-PAYLOAD") return;
  if (!/^[0-9a-f]{64}$/.test(hash)) throw new S3Refusal("NotImplemented", `bodies of the kind ${hash}`);
  if (hash !== sha256(body)) throw new S3Refusal("XAmzContentSHA256Mismatch", "the body is not what was signed");
}

function canonicalQuery(query: string): string {
  if (query === "") return "";
  return query
    .split("&")
    .map((pair) => (pair.includes("=") ? pair : `${pair}=`))
    .toSorted()
    .join("&");
}

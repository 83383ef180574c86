// SPDX-License-Identifier: Apache-2.0
// Signatures are judged as AWS documents them. The good one is the example "GET Object" of "Authenticating Requests: Using
// the Authorization Header (AWS Signature Version 4)" in the Amazon S3 API reference.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { instantFromIso, later, minutes } from "#base/index.ts";
import { checkSignature } from "./signature.ts";
import { type HttpRequest, S3Refusal } from "./wire.ts";

const keys = { id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const now = instantFromIso("2013-05-24T00:00:00Z");

const request: HttpRequest = {
  method: "GET",
  path: "/test.txt",
  query: "",
  headers: {
    host: "examplebucket.s3.amazonaws.com",
    range: "bytes=0-9",
    "x-amz-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "x-amz-date": "20130524T000000Z",
    authorization:
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request," +
      "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date," +
      "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
  body: new Uint8Array(0),
};

const refused = (change: Partial<HttpRequest>, code: string, at = now, known = keys): void => {
  assert.throws(
    () => checkSignature({ ...request, ...change }, known, at),
    (error) => error instanceof S3Refusal && error.code === code,
  );
};

test("the example of the API reference is good", () => {
  checkSignature(request, keys, now);
  checkSignature(request, keys, later(now, minutes(14)));
});

test("anything else that was signed is refused", () => {
  refused({ method: "HEAD" }, "SignatureDoesNotMatch");
  refused({ path: "/test2.txt" }, "SignatureDoesNotMatch");
  refused({ query: "versionId=1" }, "SignatureDoesNotMatch");
  refused({ headers: { ...request.headers, range: "bytes=0-8" } }, "SignatureDoesNotMatch");
  refused({}, "SignatureDoesNotMatch", now, { ...keys, secret: "another" });
  refused({}, "InvalidAccessKeyId", now, { ...keys, id: "another" });
  refused({ headers: {} }, "AccessDenied");
});

test("a body that was not signed, and a time that is past, are refused", () => {
  refused({ body: Uint8Array.of(1) }, "XAmzContentSHA256Mismatch");
  refused({}, "RequestTimeTooSkewed", later(now, minutes(16)));
});

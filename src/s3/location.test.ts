// SPDX-License-Identifier: Apache-2.0
// URLs of object stores are read, refused by reason, and written back.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { isFault } from "#base/index.ts";
import { parseS3Url, s3Url } from "./location.ts";

test("a URL names bucket, prefix, server and style", () => {
  assert.deepEqual(parseS3Url("s3://tapes"), {
    bucket: "tapes",
    prefix: "",
    endpoint: undefined,
    region: undefined,
    isPathStyle: false,
  });
  const url = "s3://tapes/site/a%20b/?endpoint=https://ceph.example:7480&region=eu&path-style=false";
  assert.deepEqual(parseS3Url(url), {
    bucket: "tapes",
    prefix: "site/a b/",
    endpoint: "https://ceph.example:7480",
    region: "eu",
    isPathStyle: false,
  });
  assert.equal(parseS3Url("s3://tapes?endpoint=http://127.0.0.1:9000").isPathStyle, true);
});

test("a URL that was read is written back the same", () => {
  for (const url of ["s3://tapes", "s3://tapes/a/b%20c?region=eu-west-1", "s3://t-1/x?endpoint=http%3A%2F%2Fh%3A1"]) {
    assert.equal(s3Url(parseS3Url(url)), url);
    assert.deepEqual(parseS3Url(s3Url(parseS3Url(url))), parseS3Url(url));
  }
});

test("a URL that is none is refused, and says why", () => {
  const bad = [
    ["https://tapes", /write s3:/],
    ["s3://", /write s3:/],
    ["s3://Tapes", /name of a bucket/],
    ["s3://tapes/a//b", /part of it is empty/],
    ["s3://tapes/%zz", /percent-encoded/],
    ["s3://tapes?region=a&endpont=http://x", /endpont is unknown/],
    ["s3://tapes?endpoint=ceph:7480", /no http or https/],
    ["s3://tapes?path-style=yes", /true or false/],
  ] as const;
  for (const [url, text] of bad) {
    assert.throws(
      () => parseS3Url(url),
      (error) => isFault(error, "s3.url-bad") && text.test(error.message),
      url,
    );
  }
});

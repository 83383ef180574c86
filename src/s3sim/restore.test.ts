// SPDX-License-Identifier: Apache-2.0
// Restores as the API reference of RestoreObject tells them: 202, 200, 409, tiers, the midnight of their end; and the book
// of what they cost.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { bytesFromText, days, hours, minutes, textFromBytes } from "#base/index.ts";
import { SeededRandom, SimClock } from "#sim/index.ts";
import type { S3Call } from "./call.ts";
import { classes } from "./bucket.ts";
import { putObject, readObject } from "./objects.ts";
import { RequestBook } from "./request-book.ts";
import { restoreObject } from "./restore.ts";
import { type HttpAnswer, S3Refusal } from "./wire.ts";

const thawDelay = { Expedited: minutes(5), Standard: hours(5), Bulk: hours(12) };

function make(storageClass: string) {
  const clock = new SimClock();
  const bucket = { name: "b", isVersioned: false, hasLocks: false, objects: new Map(), uploads: new Map() };
  const book = new RequestBook();
  const features = { conditions: true, partedConditions: true, thaw: true, classes, checksums: true };
  const world = { clock, random: new SeededRandom(1), features, thawDelay, book, buckets: new Map([["b", bucket]]) };
  const ask = (method: string, body = "", headers = {}): S3Call => ({
    world,
    request: { method, path: "/b/k", query: "", headers, body: bytesFromText(body) },
    query: new URLSearchParams(),
    bucket,
    key: "k",
  });
  putObject(ask("PUT", "content", { "x-amz-storage-class": storageClass }));
  const restore = (tier: string, kept = 1): number => {
    const job = `<GlacierJobParameters><Tier>${tier}</Tier></GlacierJobParameters>`;
    try {
      return restoreObject(ask("POST", `<RestoreRequest><Days>${kept}</Days>${job}</RestoreRequest>`)).status;
    } catch (error) {
      assert.ok(error instanceof S3Refusal);
      return error.status;
    }
  };
  const header = (): string | undefined => readObject(ask("HEAD")).headers["x-amz-restore"];
  const read = (): HttpAnswer => readObject(ask("GET"));
  return { clock, book, restore, header, read };
}

const frozen = (error: unknown): boolean => error instanceof S3Refusal && error.code === "InvalidObjectState";

test("a restore takes the time of its tier and ends at a midnight", async () => {
  const { clock, restore, header, read } = make("GLACIER");
  assert.throws(read, frozen);
  assert.equal(header(), undefined);
  assert.equal(restore("Standard", 2), 202);
  assert.equal(header(), 'ongoing-request="true"');
  await clock.advance(hours(5));
  assert.equal(header(), 'ongoing-request="false", expiry-date="Sun, 04 Jan 2026 00:00:00 GMT"');
  assert.equal(textFromBytes(read().body), "content");
  await clock.advance(days(3));
  assert.throws(read, frozen);
  assert.equal(header(), undefined);
});

test("a restore under way takes no second of its speed, and one that is faster", async () => {
  const { clock, restore, header } = make("GLACIER");
  assert.equal(restore("Bulk"), 202);
  assert.equal(restore("Bulk"), 409);
  assert.equal(restore("Standard"), 202);
  assert.equal(restore("Standard"), 409);
  await clock.advance(hours(6));
  assert.match(header() ?? "", /"false"/);
  assert.equal(restore("Bulk", 30), 200);
  assert.match(header() ?? "", /01 Feb 2026/);
});

test("what a class has not is refused", () => {
  assert.equal(make("DEEP_ARCHIVE").restore("Expedited"), 400);
  assert.equal(make("DEEP_ARCHIVE").restore("Bulk"), 202);
  assert.equal(make("STANDARD").restore("Standard"), 403);
  assert.equal(make("GLACIER").restore("Standard", 0), 400);
});

test("the book counts by kind and class, and knows the order of the prices", () => {
  const { book, restore } = make("DEEP_ARCHIVE");
  restore("Standard");
  assert.deepEqual(book.lines, [
    { kind: "put", storageClass: "DEEP_ARCHIVE", count: 1, bytesIn: 7, bytesOut: 0 },
    { kind: "restore-Standard", storageClass: "DEEP_ARCHIVE", count: 1, bytesIn: 0, bytesOut: 0 },
  ]);
  assert.equal(book.count("put"), 1);
  assert.ok(Math.abs(book.dollars - 0.00015) < 1e-12);
});

// SPDX-License-Identifier: Apache-2.0
// What the adapter makes of a server that fails: every failure is a fault that names bucket and key, uploads go on where they
// were interrupted, and nothing is sent or paid for twice.

import { strict as assert } from "node:assert";
import { after, test } from "node:test";
import { days, isFault, later, silentLog } from "#base/index.ts";
import { crc32, objectKey, type ObjectVersion, type PutOptions } from "#store/index.ts";
import { connectS3, type S3Place } from "./connect.ts";
import type { S3ObjectStore } from "./object-store.ts";
import { fullProfile } from "./profile.ts";
import { S3Bed } from "./s3-bed.ts";

const MiB = 1024 * 1024;
const bed = new S3Bed();
after(() => bed.close());
const ports = { clock: bed.clock, random: bed.random, log: silentLog };
const key = objectKey("a/b");

async function open(place: S3Place, isVersioned = false): Promise<S3ObjectStore> {
  bed.troubles();
  const abilities = isVersioned ? fullProfile.abilities : { ...fullProfile.abilities, retention: [], legalHold: false };
  const store = await connectS3(place, ports, { profile: { ...fullProfile, isVersioned, abilities } });
  bed.onClose(() => store.close());
  return store;
}

const place = async (options = {}): Promise<S3Place> => {
  const made = await bed.place({ prefix: "pre", ...options });
  return { ...made, access: { ...made.access, partSize: 5 * MiB } };
};

/** Bytes that differ from place to place, and with the salt everywhere. */
function bytesOf(size: number, salt = 0): Uint8Array {
  const bytes = Buffer.alloc(size, `bytes ${salt} of `);
  for (let offset = 0; offset + 4 <= size; offset += 4096) bytes.writeUInt32BE(offset, offset);
  return new Uint8Array(bytes);
}

async function* pieces(content: Uint8Array): AsyncIterable<Uint8Array> {
  for (let offset = 0; offset < content.byteLength; offset += 700_000) {
    yield content.subarray(offset, offset + 700_000);
  }
}

const put = (store: S3ObjectStore, content: Uint8Array, options: Partial<PutOptions> = {}): Promise<ObjectVersion> =>
  store.put(key, content.byteLength, pieces(content), {
    storageClass: "STANDARD",
    crc32: crc32(content),
    condition: { kind: "absent" },
    ...options,
  });

const fault =
  (code: string, text = /./) =>
  (error: unknown): boolean =>
    isFault(error, `store.${code}`) && text.test(error.message);
const unreachable = (text: RegExp): ((error: unknown) => boolean) => fault("object-store-unreachable", text);

test("a server that is busy, silent or cut off is a fault that may pass and names bucket and key", async () => {
  const where = await place();
  const store = await open(where);
  const small = bytesOf(100);
  bed.troubles("slow-down", "reset", "damaged");
  await assert.rejects(put(store, small), unreachable(/s3:\/\/bucket-\d+\/pre\/a\/b.*SlowDown.*503/));
  await assert.rejects(put(store, small), unreachable(/put s3:.*ECONNRESET|socket hang up|aborted/));
  await assert.rejects(put(store, small), unreachable(/XAmzContentSHA256Mismatch/));
  assert.equal(await store.head(key), undefined);
  await put(store, small);
  bed.troubles("truncated");
  await assert.rejects(store.get(key, 0, 100), unreachable(/get s3:/));
  assert.deepEqual(await store.get(key, 0, 100), small);
});

test("a put whose answer is lost has happened, and a repetition says so", async () => {
  const store = await open(await place());
  const small = bytesOf(100);
  bed.troubles("lost-answer");
  await assert.rejects(put(store, small), unreachable(/./));
  await assert.rejects(put(store, small), fault("object-exists"));
  assert.equal((await store.head(key))?.crc32, crc32(small));
});

test("a clock that is wrong by a day is learnt from the server", async () => {
  const store = await open(await place());
  bed.troubles("skewed", "skewed", undefined, undefined);
  await assert.rejects(put(store, bytesOf(10)), unreachable(/RequestTimeTooSkewed/));
  await put(store, bytesOf(10));
  await assert.rejects(store.head(key), (error) => isFault(error));
  assert.equal((await store.head(key))?.sizeBytes, 10);
});

test("keys that are not good, a bucket that is not there: an operator has to act", async () => {
  const where = await place();
  const bad = { ...where, access: { keys: { id: "AKIDBED", secret: "wrong" } } };
  await assert.rejects(open(bad), fault("object-store-denied", /SignatureDoesNotMatch/));
  const unknown = { ...where, access: { keys: { id: "nobody", secret: "x" } } };
  await assert.rejects(open(unknown), fault("object-store-denied", /InvalidAccessKeyId/));
  const noBucket = { ...where, location: { ...where.location, bucket: "no-such-bucket" } };
  await assert.rejects(open(noBucket), fault("object-store-refused", /no-such-bucket.*NoSuchBucket/));
  const noServer = { ...where, location: { ...where.location, endpoint: "http://127.0.0.1:9" } };
  await assert.rejects(open(noServer), unreachable(/ECONNREFUSED/));
});

test("an upload that was interrupted goes on where it was, in the same process and in the next", async () => {
  const where = await place();
  const first = await open(where);
  const content = bytesOf(22 * MiB);
  const { book } = bed.simulator;
  // Create, three parts, and then the connection breaks; the part beside it may or may not arrive.
  bed.troubles(undefined, undefined, undefined, undefined, "reset", "reset");
  await assert.rejects(put(first, content), unreachable(/./));
  assert.deepEqual(first.uploads.unfinished, ["pre/a/b"]);
  bed.troubles(undefined, "reset", "reset");
  await assert.rejects(put(first, content), unreachable(/./));
  assert.ok(first.uploads.resumedBytes >= 15 * MiB, String(first.uploads.resumedBytes));
  const second = await open(where);
  assert.deepEqual(second.uploads.unfinished, ["pre/a/b"]);
  book.clear();
  await put(second, content);
  assert.equal(second.uploads.resumedBytes, 15 * MiB);
  // The two parts that were missing, and the completion.
  assert.equal(book.count("put"), 3);
  assert.deepEqual(Buffer.compare(await second.get(key, 0, content.byteLength), content), 0);
  assert.deepEqual(second.uploads.unfinished, []);
  assert.deepEqual((await open(where)).uploads.unfinished, []);
});

test("an unfinished upload of other content is given up, and the next attempt is of the right one", async () => {
  const where = await place();
  const store = await open(where);
  bed.troubles(undefined, undefined, "reset", "reset", "reset");
  await assert.rejects(put(store, bytesOf(22 * MiB)), unreachable(/./));
  bed.troubles();
  const other = bytesOf(22 * MiB, 1);
  await assert.rejects(put(store, other), unreachable(/other content/));
  assert.deepEqual(store.uploads.unfinished, []);
  await put(store, other);
  assert.equal((await store.head(key))?.crc32, crc32(other));
});

test("an upload that nobody goes on with is aborted after a week", async () => {
  const where = await place();
  const store = await open(where);
  bed.troubles(undefined, undefined, "reset", "reset", "reset");
  await assert.rejects(put(store, bytesOf(22 * MiB)), unreachable(/./));
  await bed.clock.advance(days(6));
  assert.deepEqual((await open(where)).uploads.unfinished, ["pre/a/b"]);
  await bed.clock.advance(days(2));
  assert.deepEqual((await open(where)).uploads.unfinished, []);
  assert.equal(bed.simulator.bucket(where.location.bucket)?.uploads.size, 0);
});

test("content that is not what was announced leaves no upload behind", async () => {
  const where = await place();
  const store = await open(where);
  await assert.rejects(put(store, bytesOf(12 * MiB), { crc32: 1 }), fault("object-corrupt"));
  assert.deepEqual((await open(where)).uploads.unfinished, []);
  assert.equal(await store.head(key), undefined);
});

test("an abort ends an upload with its reason, and what was sent waits for the next attempt", async () => {
  const store = await open(await place());
  const abort = new AbortController();
  const content = bytesOf(22 * MiB);
  const source = async function* (): AsyncIterable<Uint8Array> {
    yield content.subarray(0, 12 * MiB);
    abort.abort(new Error("enough"));
    yield content.subarray(12 * MiB);
  };
  const options = { storageClass: "STANDARD", crc32: crc32(content), signal: abort.signal } as const;
  await assert.rejects(store.put(key, content.byteLength, source(), options), /enough/);
  assert.deepEqual(store.uploads.unfinished, ["pre/a/b"]);
  await put(store, content);
  assert.ok(store.uploads.resumedBytes >= 5 * MiB);
});

test("a small create-only put is one request, and so is each read", async () => {
  const store = await open(await place());
  const { book } = bed.simulator;
  book.clear();
  await put(store, bytesOf(1000), { storageClass: "DEEP_ARCHIVE" });
  assert.deepEqual(
    book.lines.map(({ kind, storageClass, count, bytesIn }) => ({ kind, storageClass, count, bytesIn })),
    [{ kind: "put", storageClass: "DEEP_ARCHIVE", count: 1, bytesIn: 1000 }],
  );
  await store.delete(key);
  await put(store, bytesOf(1000));
  book.clear();
  await store.get(key, 10, 20);
  assert.deepEqual(book.lines, [{ kind: "get", storageClass: "STANDARD", count: 1, bytesIn: 0, bytesOut: 20 }]);
});

test("a deleted object leaves no version and no marker, and neither does one that was replaced or moved", async () => {
  const where = await place({ hasLocks: true });
  const store = await open(where, true);
  const bucket = bed.simulator.bucket(where.location.bucket);
  for (let round = 0; round < 3; round++) await store.put(key, 1, pieces(bytesOf(1, round)), plain(round));
  assert.equal(bucket?.objects.get("pre/a/b")?.length, 1);
  await store.changeClass(key, "GLACIER_IR");
  assert.equal(bucket?.objects.get("pre/a/b")?.length, 1);
  await store.delete(key);
  assert.equal(bucket?.objects.size, 0);
});

const plain = (salt: number): PutOptions => ({ storageClass: "STANDARD", crc32: crc32(bytesOf(1, salt)) });

test("an old version that is locked outlives a move, and keeps its object from being deleted", async () => {
  const where = await place({ hasLocks: true });
  const store = await open(where, true);
  const retention = { mode: "COMPLIANCE", until: later(bed.clock.now(), days(5)) } as const;
  await put(store, bytesOf(10), { retention });
  await store.changeClass(key, "DEEP_ARCHIVE");
  const versions = bed.simulator.bucket(where.location.bucket)?.objects.get("pre/a/b");
  assert.deepEqual(
    versions?.map(({ storageClass, retention: lock }) => [storageClass, lock?.mode]),
    [
      ["STANDARD", "COMPLIANCE"],
      ["DEEP_ARCHIVE", "COMPLIANCE"],
    ],
  );
  await assert.rejects(store.delete(key), fault("object-locked"));
  await bed.clock.advance(days(6));
  await store.delete(key);
  assert.equal(bed.simulator.bucket(where.location.bucket)?.objects.size, 0);
});

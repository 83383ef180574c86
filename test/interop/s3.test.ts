// SPDX-License-Identifier: Apache-2.0
// Ceph's radosgw, a real S3 server: our adapter passes the suite of its port there, uploads go on when radosgw is killed in
// their middle, and the simulated S3 that other tests rely on answers as radosgw does, except where the table below says.

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import * as sdk from "@aws-sdk/client-s3";
import { type Duration, isFault, seconds, silentLog } from "#base/index.ts";
import { connectS3, type S3ObjectStore, type S3Place, type S3Profile } from "#s3/index.ts";
import { S3Simulator } from "#s3sim/index.ts";
import { crc32, objectKey } from "#store/index.ts";
import { objectStoreConformance } from "#store/object-store-conformance.ts";
import { type HttpListener, listenHttp, SystemClock, SystemRandom } from "#world/index.ts";
import { Ceph, cephKeys, hasCeph } from "./ceph.ts";
import { lockQuestions, partQuestions, plainQuestions, type Question } from "./s3-questions.ts";

const skip = hasCeph ? false : "Ceph is not installed (ceph-mon ceph-osd radosgw)";
const MiB = 1024 * 1024;
const killRounds = Number(process.env["CAPSTAN_KILL_ROUNDS"] ?? 10);

let ceph: Ceph;
let listener: HttpListener;
let buckets = 0;
const clock = new SystemClock();
const ports = { clock, random: new SystemRandom(), log: silentLog };

before(async () => {
  if (!hasCeph) return;
  ceph = await Ceph.start();
  const simulator = new S3Simulator({ ...ports, keys: cephKeys });
  listener = await listenHttp((request) => simulator.handle(request));
});
after(async () => {
  await listener?.close();
  await ceph?.stop();
});

function clientOf(endpoint: string): sdk.S3Client {
  return new sdk.S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: cephKeys.id, secretAccessKey: cephKeys.secret },
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 1,
  });
}

async function makeBucket(endpoint: string, hasLocks: boolean): Promise<string> {
  const bucket = `interop-${++buckets}`;
  const client = clientOf(endpoint);
  await client.send(new sdk.CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: hasLocks }));
  client.destroy();
  return bucket;
}

async function makePlace(hasLocks: boolean, partSize = 16 * MiB): Promise<S3Place> {
  const bucket = await makeBucket(ceph.endpoint, hasLocks);
  const location = { bucket, prefix: "site/", endpoint: ceph.endpoint, region: undefined, isPathStyle: true };
  return { location, access: { keys: cephKeys, partSize } };
}

/**
 * Where radosgw 16.2.15 answers otherwise than Amazon documents, which is what the simulator does. The probe finds each of
 * them that matters; a test below fails when one of them is no longer so.
 */
const deviations: Readonly<Record<string, string>> = {
  "copy: source is not the one that was meant": "radosgw looks for that condition under another name",
  "restore of what is in no archive": "radosgw has no restores",
  "parts: tag and size of the whole": "radosgw names no tag when an upload completes",
  "parts: create only, present": "radosgw ignores conditions of completions",
  "create only, present, where versions are kept": "radosgw ignores If-None-Match where versions are kept",
};

suite("the simulated S3 answers as radosgw does", { skip }, () => {
  const groups: readonly (readonly [string, boolean, readonly Question[]])[] = [
    ["objects", false, plainQuestions],
    ["parts", false, partQuestions],
    ["locks", true, lockQuestions],
  ];
  const rows: string[] = [];
  after(() => {
    process.stdout.write(`${rows.join("\n")}\n`);
  });
  for (const [name, hasLocks, questions] of groups) {
    suite(name, () => {
      const places: { client: sdk.S3Client; bucket: string }[] = [];
      before(async () => {
        for (const endpoint of [ceph.endpoint, `http://127.0.0.1:${listener.port}`]) {
          places.push({ client: clientOf(endpoint), bucket: await makeBucket(endpoint, hasLocks) });
        }
      });
      after(() => places.forEach(({ client }) => client.destroy()));
      for (const { title, ask } of questions) {
        test(title, async () => {
          const [real, simulated] = places;
          assert.ok(real !== undefined && simulated !== undefined);
          const answers = [await ask(real), await ask(simulated)] as const;
          const reason = deviations[title];
          const verdict = answers[0] === answers[1] ? "same" : "DIFFER";
          rows.push(
            `${verdict.padEnd(6)}  ${title.padEnd(52)}  ${answers[0]}${verdict === "same" ? "" : `  |  ${answers[1]}`}`,
          );
          if (reason === undefined) assert.equal(answers[1], answers[0]);
          else assert.notEqual(answers[1], answers[0], `no longer so: ${reason}`);
        });
      }
    });
  }
});

suite("the adapter passes the suite of its port on radosgw", { skip }, () => {
  for (const hasLocks of [true, false]) {
    let profile: S3Profile | undefined;
    const stores: S3ObjectStore[] = [];
    after(() => stores.forEach((store) => store.close()));
    objectStoreConformance(hasLocks ? "bucket with locks" : "bucket without versions", async () => {
      const known = profile === undefined ? {} : { profile };
      const store = await connectS3(await makePlace(hasLocks), ports, {
        ...known,
        probed: (found) => (profile = found),
      });
      stores.push(store);
      return { store, now: () => clock.now(), pass: undefined };
    });
  }
});

suite("radosgw is killed in mid-upload", { skip }, () => {
  test(`${killRounds} times, and every object is whole in the end, with nothing sent twice`, async (context) => {
    const place = await makePlace(false, 5 * MiB);
    const store = await connectS3(place, ports);
    let resumed = 0;
    for (let round = 1; round <= killRounds; round++) {
      const content = Buffer.alloc(48 * MiB, `round ${round} `);
      for (let at = 0; at < content.byteLength; at += 4096) content.writeUInt32BE(at, at);
      const before = store.uploads.resumedBytes;
      await putThroughKill(store, round, content);
      resumed += store.uploads.resumedBytes > before ? 1 : 0;
      const key = objectKey(`round/${round}`);
      const read = await store.get(key, 0, content.byteLength);
      assert.equal(Buffer.compare(read, content), 0);
      await store.delete(key);
    }
    assert.deepEqual(store.uploads.unfinished, []);
    context.diagnostic(
      `${resumed} of ${killRounds} uploads went on, ${store.uploads.resumedBytes / MiB} MiB not sent again`,
    );
    assert.ok(resumed > 0, "no upload was interrupted in its middle");
    store.close();
  });
});

/** Puts while radosgw is killed, as an uploader would: again until it is there. */
async function putThroughKill(store: S3ObjectStore, round: number, content: Buffer): Promise<void> {
  const key = objectKey(`round/${round}`);
  // Later in the upload with each round.
  const killAt = Math.floor((content.byteLength / (killRounds + 1)) * round);
  let isKilled: Promise<void> | undefined;
  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < content.byteLength; at += MiB) {
      if (at >= killAt && isKilled === undefined) isKilled = ceph.kill().then(() => ceph.restart());
      yield content.subarray(at, at + MiB);
    }
  };
  for (let attempt = 1; ; attempt++) {
    try {
      const options = { storageClass: "STANDARD", crc32: crc32(content), condition: { kind: "absent" } } as const;
      const version = await store.put(key, content.byteLength, pieces(), options);
      assert.equal((await store.head(key))?.version, version);
      break;
    } catch (error) {
      if (isFault(error, "store.object-exists")) break;
      assert.ok(isFault(error, "store.object-store-unreachable"), String(error));
      assert.ok(attempt < 20, "it never comes back");
      await isKilled;
      await pause(seconds(0.2));
    }
  }
  await isKilled;
}

const pause = (duration: Duration): Promise<void> => new Promise((resolve) => setTimeout(resolve, duration));

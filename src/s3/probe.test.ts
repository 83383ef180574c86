// SPDX-License-Identifier: Apache-2.0
// The probe finds what a server has and what it lacks, and leaves nothing behind.

import { strict as assert } from "node:assert";
import { after, test } from "node:test";
import { isFault, silentLog } from "#base/index.ts";
import { connectS3, probePlace } from "./connect.ts";
import { fullProfile } from "./profile.ts";
import { S3Bed } from "./s3-bed.ts";

const ports = (bed: S3Bed) => ({ clock: bed.clock, random: bed.random, log: silentLog });

async function probed(bed: S3Bed, hasLocks: boolean) {
  after(() => bed.close());
  const place = await bed.place({ hasLocks, prefix: "x" });
  const report = await bed.run(probePlace(place, ports(bed)));
  const bucket = bed.simulator.bucket(place.location.bucket);
  assert.equal(bucket?.objects.size, 0, "no object is left");
  assert.equal(bucket?.uploads.size, 0, "no upload is left");
  return report;
}

test("a server that can do everything is found to", async () => {
  const { profile, missing, rows } = await probed(new S3Bed(), true);
  assert.deepEqual(profile, fullProfile);
  assert.deepEqual(missing, []);
  const cannot = rows.filter(({ can }) => !can).map(({ id, detail }) => [id, detail]);
  assert.deepEqual(cannot, [
    ["thaw-STANDARD_IA", "readable at once"],
    ["thaw-GLACIER_IR", "readable at once"],
  ]);
});

test("what a server lacks is found, each by its own", async () => {
  const lacks = async (features: object): Promise<readonly string[]> => {
    const { rows } = await probed(new S3Bed({ features }), true);
    return rows.filter(({ id, can }) => !can && !/^thaw-(STANDARD_IA|GLACIER_IR)/.test(id)).map(({ id }) => id);
  };
  assert.deepEqual(await lacks({ conditions: false, partedConditions: false }), [
    "create-only",
    "create-only-parts",
    "replace-only",
    "replace-only-unquoted",
  ]);
  assert.deepEqual(await lacks({ partedConditions: false }), ["create-only-parts"]);
  assert.deepEqual(await lacks({ checksums: false }), ["checksum"]);
  assert.deepEqual(await lacks({ thaw: false }), ["thaw-GLACIER", "thaw-DEEP_ARCHIVE"]);
  assert.deepEqual(await lacks({ classes: ["STANDARD", "GLACIER"] }), [
    "class-STANDARD_IA",
    "class-GLACIER_IR",
    "class-DEEP_ARCHIVE",
    "thaw-DEEP_ARCHIVE",
  ]);
});

test("a bucket without versions has no locks", async () => {
  const { profile } = await probed(new S3Bed(), false);
  assert.deepEqual(profile.abilities.retention, []);
  assert.equal(profile.abilities.legalHold, false);
  assert.equal(profile.isVersioned, false);
});

test("a server that fails at the least is refused by what it fails at", async () => {
  const bed = new S3Bed();
  after(() => bed.close());
  const place = await bed.place();
  bed.simulator.options.trouble = ({ headers }) => ("range" in headers ? "flipped" : undefined);
  await assert.rejects(
    bed.run(connectS3(place, ports(bed))),
    (error) => isFault(error, "s3.store-unfit") && /fails at read a range;/.test(error.message),
  );
});

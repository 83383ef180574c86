// SPDX-License-Identifier: Apache-2.0
// A whole cartridge by way of S3: written, put on the shelf, thawed, read back, removed; on a server that is well, where every
// request is counted, and on one that fails now and then.

import { strict as assert } from "node:assert";
import { after, test } from "node:test";
import { days, Fault, hours, milliseconds, seconds, silentLog, sleep } from "#base/index.ts";
import { SimDisk } from "#sim/index.ts";
import { type CartridgeId, CartridgeStore, type LoadedImage } from "#store/index.ts";
import type { ObjectNumber } from "#tape/index.ts";
import { connectS3 } from "./connect.ts";
import { fullProfile } from "./profile.ts";
import { S3Bed } from "./s3-bed.ts";

const page = 4096;
const blocks = 30;
const tape = "TAPE01" as CartridgeId;
const blockOf = (number: number): Uint8Array => new Uint8Array(2 * page).fill(number + 1);

async function open(bed: S3Bed, disk: SimDisk) {
  const place = await bed.place({ hasLocks: true, prefix: "north" });
  const objects = await connectS3(
    place,
    { clock: bed.clock, random: bed.random, log: silentLog },
    { profile: fullProfile },
  );
  bed.onClose(() => objects.close());
  const ports = {
    disk: disk.attach(),
    clock: bed.clock,
    random: bed.random,
    objects,
    log: silentLog,
    sealing: undefined,
  };
  const store = new CartridgeStore(ports, {
    cacheBytes: Number.MAX_SAFE_INTEGER,
    uploadBufferBytes: Number.MAX_SAFE_INTEGER,
    uploadDelay: milliseconds(0),
    segmentSize: 16 * page,
    ringSize: 16 * page,
  });
  await bed.run(store.open());
  return { store, bucket: place.location.bucket };
}

async function write(bed: S3Bed, image: LoadedImage): Promise<void> {
  for (let number = 0; number < blocks; number++) await bed.run(Promise.resolve(image.appendBlock(blockOf(number))));
  await bed.run(image.sync());
}

async function verify(bed: S3Bed, image: LoadedImage): Promise<void> {
  for (let number = 0; number < blocks; number++) {
    const found = await bed.run(Promise.resolve(image.read(number as ObjectNumber)));
    assert.ok(found.kind === "block", `object ${number} is a ${found.kind}`);
    assert.deepEqual(found.data.bytes.slice(), blockOf(number), `object ${number}`);
    found.data.release();
  }
}

/** As tasks of the gateway do it: again after a fault that may pass. */
async function again<T>(bed: S3Bed, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await bed.run(work());
    } catch (error) {
      const mayPass = error instanceof Fault && error.row.retry === "backoff";
      if (!mayPass || attempt === 20) throw error;
    }
  }
}

/** To the shelf and back. */
async function cycle(bed: S3Bed, store: CartridgeStore): Promise<void> {
  await bed.run(store.create(tape, { barcode: "TAPE01" }));
  const image = await bed.run(store.load(tape));
  await write(bed, image);
  await bed.run(image.unload());
  await again(bed, () => store.archive(tape, "DEEP_ARCHIVE"));
  assert.equal(store.usage(tape).localBytes, 0);
  assert.equal((await again(bed, () => store.shelf.thawState(tape))).kind, "frozen");
  await again(bed, () => store.shelf.thaw(tape, { tier: "Bulk", keep: days(2) }));
  await bed.clock.advance(hours(13));
  assert.equal((await again(bed, () => store.shelf.thawState(tape))).kind, "thawed");
  const thawed = await bed.run(store.load(tape));
  await verify(bed, thawed);
  await bed.run(thawed.unload());
}

async function gone(bed: S3Bed, store: CartridgeStore, bucket: string): Promise<void> {
  await again(bed, () => store.remove(tape));
  const left = (): readonly string[] =>
    [...(bed.simulator.bucket(bucket)?.objects.keys() ?? [])].filter((key) => key.startsWith("north/cartridges/"));
  // Deleting goes on behind the scenes, and is tried again after pauses.
  for (let round = 0; round < 100 && left().length > 0; round++) await bed.run(sleep(bed.clock, seconds(10)));
  assert.deepEqual(left(), []);
}

test("each segment costs one put, one copy, one restore; nothing of it is left in the end", async () => {
  const bed = new S3Bed();
  after(() => bed.close());
  const { store, bucket } = await open(bed, new SimDisk({ random: bed.random.fork("disk"), clock: bed.clock }));
  const { book } = bed.simulator;
  book.clear();
  await cycle(bed, store);
  const segments = [...(bed.simulator.bucket(bucket)?.objects.keys() ?? [])].filter((key) =>
    key.includes("/segments/"),
  );
  assert.ok(segments.length >= 5);
  assert.equal(book.count("copy", "DEEP_ARCHIVE"), segments.length);
  assert.equal(book.count("restore-Bulk", "DEEP_ARCHIVE"), segments.length);
  assert.ok(book.count("put") >= segments.length && book.count("put") < segments.length + 10);
  await gone(bed, store, bucket);
  await bed.run(store.close());
});

test("a server that fails at every tenth request changes nothing", async () => {
  for (const seed of [1, 2, 3]) {
    const bed = new S3Bed();
    after(() => bed.close());
    const { store, bucket } = await open(bed, new SimDisk({ random: bed.random.fork("disk"), clock: bed.clock }));
    const random = bed.random.fork(`troubles ${seed}`);
    let troubles = 0;
    bed.simulator.options.trouble = () => {
      if (!random.chance(0.1)) return undefined;
      troubles += 1;
      return random.pick(["slow-down", "reset", "lost-answer", "truncated", "damaged"]);
    };
    await cycle(bed, store);
    await gone(bed, store, bucket);
    assert.ok(troubles >= 3, `only ${troubles} troubles`);
    await bed.run(store.close());
  }
});

// SPDX-License-Identifier: Apache-2.0
// Segments on their way to the object store and back, encrypted and compressed: what comes back is what was written, with
// few requests, whatever is lost on the way; and what somebody changed is never handed out.

import assert from "node:assert/strict";
import { test as nodeTest } from "node:test";
import { InlineThreads, isFault, limits, seconds, sleep } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import type { ObjectNumber } from "#tape/index.ts";
import type { CompressionSettings } from "./compression-gauge.ts";
import { FileKeyProvider } from "./key-file.ts";
import type { KeyProviders } from "./key-ring.ts";
import { sealJobs } from "./seal-jobs.ts";
import { blockOf, page, StoreBed, type StoreBedOptions } from "./store-bed.ts";
import type { CartridgeId, LoadedImage } from "./types.ts";

const id = "TAPE01" as CartridgeId;
const always: CompressionSettings = { mode: "always", level: 1 };

function fileKeys(seed = 1): KeyProviders {
  let text: string | undefined;
  const file = { path: "keys", read: () => text, write: (next: string) => void (text = next) };
  const random = new SeededRandom(`keys ${seed}`);
  return { current: new FileKeyProvider({ file, random, create: true }), others: [], allowPlain: false };
}

const sealing = {
  threads: new InlineThreads(sealJobs),
  providers: fileKeys(),
  compression: always,
  frameSize: 4 * page,
};

/** Of the test that runs: whether segments are sealed while they are put, or before. */
let lateEnd = false;

function test(title: string, body: () => Promise<void>): void {
  for (const isLate of [false, true]) {
    void nodeTest(isLate ? `${title}, sealed while it is put` : title, () => {
      lateEnd = isLate;
      return body();
    });
  }
}

async function bedOf(options: StoreBedOptions = {}): Promise<StoreBed> {
  const bed = new StoreBed({ sealing, lateEnd, ...options });
  await bed.start();
  return bed;
}

const noise = new SeededRandom("blocks");
/** Half of the blocks shrink. */
const blocks = Array.from({ length: 40 }, (_, index) =>
  index % 2 === 0 ? blockOf(index, 5000 + index * 91) : noise.bytes(5000 + index * 77),
);

async function writeBlocks(bed: StoreBed, image: LoadedImage): Promise<void> {
  for (const block of blocks) await bed.run(image.appendBlock(block));
  await bed.run(image.sync());
}

/** Archives, again as long as the object store cannot be reached. */
async function archived(bed: StoreBed): Promise<void> {
  for (;;) {
    try {
      return await bed.run(bed.store.archive(id, "STANDARD"));
    } catch (error) {
      if (!isFault(error, "store.object-store-unreachable")) throw error;
    }
  }
}

/** Written, and only in the object store. */
async function evicted(options: StoreBedOptions = {}): Promise<StoreBed> {
  const bed = await bedOf({ cacheBytes: 0, ...options });
  const image = await bed.loadNew(id);
  await writeBlocks(bed, image);
  await bed.run(image.unload());
  await archived(bed);
  assert.equal(bed.store.usage(id).localBytes, 0);
  return bed;
}

const segmentsOf = (bed: StoreBed): string[] => bed.objects.keys.filter((key) => key.includes("/segments/"));

test("what was written comes back from the object store, whichever way it is sealed", async () => {
  for (const providers of [fileKeys(), { current: undefined, others: [], allowPlain: true }]) {
    for (const mode of ["always", "adaptive", "off"] as const) {
      const bed = await evicted({ sealing: { ...sealing, providers, compression: { mode, level: 1 } } });
      assert.deepEqual(await bed.readAll(await bed.load(id)), blocks, `${providers.current?.name} ${mode}`);
      const looksSealed = segmentsOf(bed).every((key) =>
        Buffer.from(bed.objects.contentOf(key) ?? [])
          .subarray(0, 8)
          .equals(Buffer.from("CAPSEALD")),
      );
      assert.equal(looksSealed, providers.current !== undefined || mode !== "off");
    }
  }
});

test("nothing that was written can be found in the bucket", async () => {
  const bed = await evicted({ sealing: { ...sealing, compression: { mode: "off", level: 1 } } });
  const needle = Buffer.from(blocks[3] ?? []).subarray(100, 116);
  for (const key of segmentsOf(bed)) assert.ok(!Buffer.from(bed.objects.contentOf(key) ?? []).includes(needle), key);
});

test("usage tells what the objects really take", async () => {
  const bed = await evicted();
  const { storedBytes, objectBytes } = bed.store.usage(id);
  const real = segmentsOf(bed).reduce((sum, key) => sum + (bed.objects.contentOf(key)?.byteLength ?? 0), 0);
  assert.equal(objectBytes, real);
  assert.ok(objectBytes < 0.8 * storedBytes, `${objectBytes} of ${storedBytes}`);
  await bed.stop();
  await bed.start();
  assert.equal(bed.store.usage(id).objectBytes, real);
});

test("a block is there after its index and its frame came, also after a restart", async () => {
  const bed = await evicted({
    segmentSize: 4096 * page,
    ringSize: 64 * page,
    sealing: { ...sealing, frameSize: 64 * page },
  });
  await bed.stop();
  await bed.start();
  const image = await bed.load(id);
  const roundTrip = seconds(1);
  bed.objects.options.delay = () => roundTrip;
  // The data key is asked for when the cartridge is loaded.
  await bed.run(sleep(bed.clock, seconds(10)));
  const before = bed.clock.monotonic();
  await bed.read(image, 1);
  assert.equal(bed.clock.monotonic() - before, 2 * roundTrip);
});

test("an end of a segment that was kept and is another object's is made good from the object", async () => {
  const bed = await evicted();
  const path = `cartridges/${id}/frames`;
  const stale = bed.disk.contentOf(path);
  const again = await evicted({ seed: 2 });
  again.disk.replaceContent(path, stale);
  assert.deepEqual(await again.readAll(await again.load(id)), blocks);
});

test("without the local frame table one request more brings it back", async () => {
  const bed = await evicted();
  await bed.run(bed.disk.attach().remove(`cartridges/${id}/frames`));
  const image = await bed.load(id);
  assert.deepEqual(await bed.readAll(image), blocks);
  await bed.run(image.unload());
  assert.ok(bed.disk.paths().includes(`cartridges/${id}/frames`));
});

test("frames of another size than today's open", async () => {
  const bed = await evicted();
  await bed.run(bed.disk.attach().remove(`cartridges/${id}/frames`));
  await bed.stop();
  await bed.start();
  assert.ok(limits.frameSize !== sealing.frameSize);
  assert.deepEqual(await bed.readAll(await bed.load(id)), blocks);
});

test("every frame that somebody changed is refused, the others are read", async () => {
  const bed = await evicted();
  const [first = ""] = segmentsOf(bed);
  const size = bed.objects.contentOf(first)?.byteLength ?? 0;
  for (let offset = 64; offset < size - 64; offset += 997) {
    bed.objects.damage(first, offset);
    const image = await bed.load(id);
    let refused = 0;
    for (const [number, block] of blocks.entries()) {
      try {
        assert.deepEqual(await bed.read(image, number), block);
      } catch (error) {
        assert.ok(isFault(error, "store.object-damaged") || isFault(error, "store.record-damaged"), String(error));
        refused += 1;
      }
    }
    await bed.run(image.unload());
    bed.objects.damage(first, offset);
    assert.ok(refused < blocks.length, `offset ${offset}: ${refused} refused`);
  }
  assert.deepEqual(await bed.readAll(await bed.load(id)), blocks);
});

test("segments that changed places, or an older content of the same place, are refused", async () => {
  const bed = await evicted();
  const [first = "", second = ""] = segmentsOf(bed);
  const [one, two] = [bed.objects.contentOf(first)?.slice(), bed.objects.contentOf(second)?.slice()];
  assert.ok(one !== undefined && two !== undefined);
  bed.objects.replace(first, two);
  bed.objects.replace(second, one);
  const image = await bed.load(id);
  for (const number of blocks.keys()) {
    const result = await bed.read(image, number).catch((error: unknown) => error);
    assert.ok(isFault(result) || result instanceof Uint8Array);
    if (result instanceof Uint8Array) assert.deepEqual(result, blocks[number]);
  }
  await assert.rejects(bed.read(image, 0), isFault);
});

test("uploads whose answers are lost are found and taken, whatever salt they had", async () => {
  for (let seed = 1; seed <= 15; seed++) {
    const bed = await evicted({ seed, failures: 0.25, isSlow: true });
    delete bed.objects.options.failBefore;
    delete bed.objects.options.failAfter;
    assert.deepEqual(await bed.readAll(await bed.load(id)), blocks, `seed ${seed}`);
  }
});

test("after a crash in mid-upload, what had arrived is not sent again", async () => {
  const bed = await bedOf();
  const image = await bed.loadNew(id);
  bed.objects.options.failAfter = { put: 1 };
  await writeBlocks(bed, image);
  await bed.clock.runUntil(new Promise<void>((resolve) => void bed.clock.setTimer(10_000 as never, resolve)));
  const arrived = segmentsOf(bed).map((key) => [key, bed.objects.contentOf(key)] as const);
  assert.ok(arrived.length > 0);
  bed.disk.kill();
  delete bed.objects.options.failAfter;
  const puts = bed.objects.requests.get("put") ?? 0;
  await bed.start();
  await bed.run(bed.store.archive(id, "STANDARD"));
  for (const [key, content] of arrived) assert.equal(bed.objects.contentOf(key), content, key);
  const sent = (bed.objects.requests.get("put") ?? 0) - puts;
  assert.ok(sent <= segmentsOf(bed).length - arrived.length + 3, `${sent} puts`);
  assert.deepEqual(await bed.readAll(await bed.load(id)), blocks);
});

test("nothing is left beside a segment that was stored", async () => {
  const bed = await evicted({ seed: 3, failures: 0.2, isSlow: true });
  assert.deepEqual(
    bed.disk.paths().filter((path) => path.endsWith(".sealed")),
    [],
  );
});

test("a segment whose local file was damaged is not uploaded as if it were good", async () => {
  const bed = await bedOf();
  bed.store.pauseUploads();
  const image = await bed.loadNew(id);
  await writeBlocks(bed, image);
  await bed.run(image.unload());
  bed.disk.flipBit(`cartridges/${id}/000000000001.segment`, 5000, 3);
  await assert.rejects(bed.run(bed.store.archive(id, "STANDARD")), (error) => isFault(error, "store.file-damaged"));
});

test("when the key is gone, reading says which one, and writing goes on locally", async () => {
  const bed = await evicted();
  await bed.stop();
  await bed.start({}, { ...sealing, providers: fileKeys(2) });
  const image = await bed.load(id);
  const known = await sealing.providers.current?.currentKeyId();
  await assert.rejects(
    bed.run(image.read(0 as ObjectNumber)),
    (error) => isFault(error, "store.key-unknown") && error.message.includes(known ?? "?"),
  );
});

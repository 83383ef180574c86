// SPDX-License-Identifier: Apache-2.0
// A cartridge is read from the bucket and the keys alone, and whatever is damaged is named and never handed out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { InlineThreads, isFault, silentLog } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { BucketReader, type ReadingOptions, type TapePiece } from "./bucket-reader.ts";
import { FileKeyProvider } from "./key-file.ts";
import { type KeyProviders, noKeyProviders } from "./key-ring.ts";
import { sealJobs } from "./seal-jobs.ts";
import { blockOf, page, StoreBed } from "./store-bed.ts";
import type { CartridgeId } from "./types.ts";

const id = "C0001" as CartridgeId;

function keys(seed: number): KeyProviders {
  let text: string | undefined;
  const file = { path: "keys", read: () => text, write: (next: string) => void (text = next) };
  const current = new FileKeyProvider({ file, random: new SeededRandom(`keys ${seed}`), create: true });
  return { current, others: [], allowPlain: false };
}

const providers = keys(1);
const noise = new SeededRandom("reader");
/** Ten tape files of five blocks each, then a double filemark. */
const tape: readonly (Uint8Array | "filemark")[] = [
  ...Array.from({ length: 10 }, (_, file) => [
    ...Array.from({ length: 5 }, (__, index) => (index === 2 ? noise.bytes(7000) : blockOf(file * 5 + index, 6000))),
    "filemark" as const,
  ]).flat(),
  "filemark",
];

async function bedWithTape(isSealed = true): Promise<StoreBed> {
  const sealing = {
    threads: new InlineThreads(sealJobs),
    providers: isSealed ? providers : noKeyProviders,
    compression: { mode: isSealed ? "always" : "off", level: 1 } as const,
    frameSize: 4 * page,
  };
  const bed = new StoreBed({ cacheBytes: 0, sealing });
  await bed.start();
  const image = await bed.loadNew(id);
  for (const object of tape) {
    await bed.run(object === "filemark" ? image.appendFilemarks(1) : image.appendBlock(object));
  }
  await bed.run(image.unload());
  await bed.run(bed.store.archive(id, "STANDARD"));
  await bed.stop();
  return bed;
}

const readerOf = (bed: StoreBed, with_: KeyProviders = providers): BucketReader =>
  new BucketReader({ objects: bed.objects, clock: bed.clock, random: noise, log: silentLog, providers: with_ });

function read(bed: StoreBed, options: ReadingOptions = {}, with_ = providers): Promise<readonly TapePiece[]> {
  const reader = readerOf(bed, with_);
  return bed.run(
    (async () => {
      const pieces: TapePiece[] = [];
      for await (const piece of reader.read(await reader.find(id), options)) pieces.push(piece);
      return pieces;
    })(),
  );
}

/** Compares with what was written; undefined where something was lost. */
function assertTape(pieces: readonly TapePiece[]): number {
  let lost = 0;
  let object = pieces[0]?.object ?? 0;
  for (const piece of pieces) {
    assert.equal(piece.object, object, "pieces follow each other");
    if (piece.kind === "block") {
      assert.deepEqual(piece.bytes, tape[object]);
      object += 1;
    } else if (piece.kind === "filemarks") {
      for (let mark = 0; mark < piece.count; mark++) assert.equal(tape[object + mark], "filemark");
      object += piece.count;
    } else {
      lost += piece.end - piece.object;
      object = piece.end;
    }
  }
  assert.equal(object, tape.length);
  return lost;
}

test("everything is read from the bucket and the keys, sealed or as it is", async () => {
  for (const sealed of [true, false]) {
    const bed = await bedWithTape(sealed);
    assert.equal(assertTape(await read(bed, {}, sealed ? providers : noKeyProviders)), 0);
  }
});

test("a cartridge is found by name and by barcode, and one that is not there is named", async () => {
  const bed = await bedWithTape();
  const reader = readerOf(bed);
  assert.equal((await bed.run(reader.find(id))).manifest.objects, tape.length);
  assert.equal((await bed.run(reader.find("C0001"))).id, id);
  await assert.rejects(bed.run(reader.find("NONE01")), (error) => isFault(error, "store.cartridge-missing"));
});

test("reading from a tape file on leaves out the segments before it", async () => {
  const bed = await bedWithTape();
  const before = bed.objects.requests.get("get") ?? 0;
  const all = await read(bed);
  const between = bed.objects.requests.get("get") ?? 0;
  const some = await read(bed, { fromFile: 8 });
  const after = bed.objects.requests.get("get") ?? 0;
  assert.ok((some[0]?.file ?? 99) <= 8 && some.length < all.length / 2);
  assert.ok(after - between < (between - before) / 2);
  assertTape(some);
});

test("without salvaging, damage ends the reading with the number of the object", async () => {
  const bed = await bedWithTape();
  const segment = bed.objects.keys.find((key) => key.includes("/segments/000000000002"));
  bed.objects.damage(segment ?? "", 9000);
  await assert.rejects(
    read(bed),
    (error) => isFault(error, "store.record-damaged") && /object \d+ of/.test(error.message),
  );
});

test("salvaging names what is lost and gives everything else, wherever the damage is", async () => {
  const bed = await bedWithTape();
  const segments = bed.objects.keys.filter((key) => key.includes("/segments/"));
  for (const key of segments.slice(1, 3)) {
    const size = bed.objects.contentOf(key)?.byteLength ?? 0;
    for (let offset = 64; offset < size; offset += 1501) {
      bed.objects.damage(key, offset);
      const lost = assertTape(await read(bed, { salvage: true }));
      assert.ok(lost < 20, `${key} ${offset}: ${lost} objects lost`);
      bed.objects.damage(key, offset);
    }
  }
});

test("a segment that is gone is lost as a whole, and no more than that", async () => {
  const bed = await bedWithTape();
  const segments = bed.objects.keys.filter((key) => key.includes("/segments/"));
  await bed.run(bed.objects.delete(segments[1] as never));
  const lost = assertTape(await read(bed, { salvage: true }));
  assert.ok(lost > 0 && lost < 20, `${lost} objects lost`);
});

test("with another key nothing is read, and the key that is needed is named", async () => {
  const bed = await bedWithTape();
  const needed = await providers.current?.currentKeyId();
  await assert.rejects(read(bed, {}, keys(2)), (error) => {
    return isFault(error, "store.key-unknown") && error.message.includes(needed ?? "?");
  });
  const none = { current: undefined, others: [], allowPlain: true };
  await assert.rejects(read(bed, {}, none), (error) => isFault(error, "store.key-unknown"));
});

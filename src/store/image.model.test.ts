// SPDX-License-Identifier: Apache-2.0
// The stored image against a naive array, with crashes: after each, everything synced is there, and what is there was
// written, in order.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { equalBytes, minutes } from "#base/index.ts";
import type { SeededRandom } from "#sim/index.ts";
import type { DataPlace, FileNumber, ObjectNumber } from "#tape/index.ts";
import { blockOf, page, StoreBed, type StoreBedOptions } from "./store-bed.ts";
import type { LoadedImage } from "./types.ts";

type ModelObject = Uint8Array | "filemark";

function assertSame(found: ModelObject | "end-of-data", expected: ModelObject | "end-of-data", at: number): void {
  if (typeof found === "string" || typeof expected === "string") assert.equal(found, expected, `object ${at}`);
  else assert.ok(equalBytes(found, expected), `the bytes of object ${at}`);
}

class Model {
  readonly bed: StoreBed;
  readonly random: SeededRandom;
  image: LoadedImage;
  objects: ModelObject[] = [];
  /** How many of them must survive. */
  durable = 0;
  #blocks = 0;

  constructor(bed: StoreBed, image: LoadedImage) {
    this.bed = bed;
    this.random = bed.random.fork("model");
    this.image = image;
  }

  newBlock(): Uint8Array {
    this.#blocks += 1;
    const sizes = [1, 63, 64, 65, 512, 4000, 4096, 9000, 5 * page + 17];
    if (this.random.chance(0.5)) return blockOf(this.#blocks, 2 * page - 64);
    return blockOf(this.#blocks, this.random.chance(0.5) ? this.random.pick(sizes) : this.random.between(1, 6 * page));
  }

  async step(): Promise<void> {
    const kind = this.random.weighted({
      blocks: 30,
      placed: 20,
      marks: 15,
      read: 20,
      find: 10,
      sync: 8,
      cut: 5,
      wait: 8,
      reload: 3,
      restart: 1,
      crash: 3,
    });
    await this[kind]();
    assert.equal(this.image.endOfData, this.objects.length);
  }

  async blocks(): Promise<void> {
    for (let count = this.random.between(1, 6); count > 0; count--) {
      const block = this.newBlock();
      await this.bed.run(this.image.appendBlock(block));
      this.objects.push(block);
    }
  }

  /** Several blocks are on their way at once, as with a command queue; some are dropped, some come short. */
  async placed(): Promise<void> {
    const places: [DataPlace, Uint8Array][] = [];
    for (let count = this.random.between(1, 8); count > 0; count--) {
      const block = this.newBlock();
      const place = this.image.place(block.byteLength);
      assert.equal(place.bytes.byteLength, block.byteLength);
      places.push([place, block]);
    }
    // Data comes in pieces, interleaved, also for places that were moved meanwhile.
    for (const [place, block] of places) place.bytes.set(block.subarray(0, Math.floor(block.byteLength / 2)));
    for (const [place, block] of places) {
      const half = Math.floor(block.byteLength / 2);
      place.bytes.set(block.subarray(half), half);
      const fate = this.random.below(12);
      if (fate === 0) {
        place.release();
        continue;
      }
      if (fate === 1) await this.marks();
      const length = fate === 2 ? Math.max(1, block.byteLength - this.random.below(200)) : block.byteLength;
      if (fate === 3) await this.bed.clock.advance(this.wholeMilliseconds(200));
      await this.bed.run(this.image.appendBlock(place.bytes.subarray(0, length)));
      place.release();
      this.objects.push(block.slice(0, length));
    }
  }

  async marks(): Promise<void> {
    const count = this.random.pick([1, 1, 2, 5]);
    await this.bed.run(this.image.appendFilemarks(count));
    for (let index = 0; index < count; index++) this.objects.push("filemark");
  }

  async read(): Promise<void> {
    let at = this.random.below(this.objects.length + 1);
    const stays = this.random.chance(0.2);
    for (let count = this.random.between(1, 20); count > 0; count--) {
      const found = await this.bed.read(this.image, at);
      assertSame(found, this.objects[at] ?? "end-of-data", at);
      if (!stays) at += 1;
      if (at > this.objects.length) return;
    }
  }

  async find(): Promise<void> {
    const at = this.random.below(this.objects.length + 1);
    const files = this.objects.slice(0, at).filter((object) => object === "filemark").length;
    assert.equal(await this.bed.run(this.image.filemarksBefore(at as ObjectNumber)), files);
    const whole = await this.bed.run(this.image.bytesBefore(this.objects.length as ObjectNumber));
    const before = await this.bed.run(this.image.bytesBefore(at as ObjectNumber));
    assert.equal(whole, this.image.sizeBytes);
    assert.ok(at === 0 ? before === 0 : before > 0 && before <= whole);
    assert.equal(this.image.fileCount, this.objects.filter((object) => object === "filemark").length);
    if (this.image.fileCount === 0) return;
    const index = this.random.below(this.image.fileCount);
    const found = await this.bed.run(this.image.filemarkAt(index as FileNumber));
    assert.equal(this.objects[found], "filemark");
    assert.equal(this.objects.slice(0, found).filter((object) => object === "filemark").length, index);
  }

  async sync(): Promise<void> {
    await this.bed.run(this.image.sync());
    this.durable = this.objects.length;
  }

  async cut(): Promise<void> {
    const at = this.random.chance(0.2) ? 0 : this.random.below(this.objects.length + 1);
    const isNoCut = at === this.objects.length;
    await this.bed.run(this.image.cut(at as ObjectNumber));
    this.objects.length = at;
    this.durable = isNoCut ? this.durable : at;
  }

  async wait(): Promise<void> {
    await this.bed.clock.advance(this.wholeMilliseconds(1000));
  }

  async reload(): Promise<void> {
    await this.bed.run(this.image.unload());
    this.durable = this.objects.length;
    this.image = await this.bed.load("TAPE");
  }

  async restart(): Promise<void> {
    await this.bed.stop();
    this.durable = this.objects.length;
    await this.bed.start();
    this.image = await this.bed.load("TAPE");
  }

  async crash(): Promise<void> {
    // Something may be under way that nobody was told the end of.
    let atLeast = this.durable;
    const last = this.random.below(4);
    if (last === 0) void Promise.resolve(this.image.sync()).catch(() => {});
    if (last === 1) {
      const at = this.random.below(this.objects.length + 1);
      void Promise.resolve(this.image.cut(at as ObjectNumber)).catch(() => {});
      atLeast = Math.min(atLeast, at);
    }
    if (this.random.chance(0.3)) {
      const block = this.newBlock();
      if (last > 1) {
        this.objects.push(block);
        void Promise.resolve(this.image.appendBlock(block)).catch(() => {});
      }
    }
    for (let turns = this.random.below(20); turns > 0; turns--) await Promise.resolve();
    if (this.random.chance(0.7)) await this.bed.clock.advance(this.wholeMilliseconds(10));
    this.bed.crash();
    await this.bed.start();
    this.image = await this.bed.load("TAPE");
    const before = this.objects.length;
    const end = this.image.endOfData;
    assert.ok(end >= atLeast, `${atLeast} objects were promised, ${end} are there`);
    assert.ok(end <= before, `${end} objects are there, ${before} were written`);
    this.objects.length = end;
    this.durable = end;
    await this.all();
  }

  async all(): Promise<void> {
    const found = await this.bed.readAll(this.image);
    assert.equal(found.length, this.objects.length);
    for (const [at, object] of found.entries()) assertSame(object, this.objects[at] ?? "end-of-data", at);
  }

  wholeMilliseconds(limit: number) {
    return this.random.below(limit) as Parameters<StoreBed["clock"]["advance"]>[0];
  }
}

async function runModel(seed: number, steps: number, bedOptions: StoreBedOptions): Promise<void> {
  const bed = new StoreBed({ seed, ...bedOptions });
  await bed.start();
  const model = new Model(bed, await bed.loadNew("TAPE"));
  for (let step = 0; step < steps; step++) await model.step();
  await model.all();
  await bed.run(model.image.unload());
  await bed.clock.advance(minutes(30));
  const { uploadFailure, uploadBufferUsed } = bed.store.totals();
  assert.equal(uploadFailure, undefined);
  assert.equal(uploadBufferUsed, 0, "every sealed segment is uploaded, with the checksum that was made when writing");
  await bed.stop();
}

const beds: Readonly<Record<string, StoreBedOptions>> = {
  "with direct access": { directAlignment: page },
  "with direct access to a slow disk": { directAlignment: page, isSlow: true },
  "through the page cache of a slow disk": { directAlignment: 1, isSlow: true },
  "with a cache for nothing and an object store that fails": { cacheBytes: 0, failures: 0.05 },
};

for (const [name, options] of Object.entries(beds)) {
  test(`the image behaves as an array does, also over crashes, ${name}`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0 }), (seed) => runModel(seed, 120, options)),
      { numRuns: 15, endOnFailure: true },
    );
  });
}

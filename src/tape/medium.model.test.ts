// SPDX-License-Identifier: Apache-2.0
// The medium over an image in memory against a naive array, over random sequences of operations.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Medium } from "./medium.ts";
import type { BlockSource, CountedWrite, WriteResult } from "./medium.ts";
import type { Motion } from "./motion.ts";
import { MemoryImage } from "./memory-image.ts";

/** Block content, or a filemark. */
type NaiveObject = Uint8Array | "filemark";

/** A tape as an array that is walked one object at a time, the way the tables of SSC-5 are read. */
class NaiveMedium {
  readonly objects: NaiveObject[] = [];
  position = 0;
  readonly #sizeBytes: number;
  readonly #earlyWarningAt: number;
  readonly #overhead: number;

  constructor(sizeBytes: number, earlyWarningAt: number, overhead: number) {
    this.#sizeBytes = sizeBytes;
    this.#earlyWarningAt = earlyWarningAt;
    this.#overhead = overhead;
  }

  bytesBefore(end: number): number {
    return this.objects
      .slice(0, end)
      .reduce((sum, object) => sum + this.#overhead + (object === "filemark" ? 0 : object.byteLength), 0);
  }

  filesBefore(end: number): number {
    return this.objects.slice(0, end).filter((object) => object === "filemark").length;
  }

  get isPastEarlyWarning(): boolean {
    return this.bytesBefore(this.position) >= this.#earlyWarningAt;
  }

  get isPastProgrammableWarning(): boolean {
    return this.bytesBefore(this.position) >= this.#earlyWarningAt - zoneBytes;
  }

  #wording(wasInZone: boolean): WriteResult {
    if (this.isPastEarlyWarning) return "written-near-end";
    return !wasInZone && this.isPastProgrammableWarning ? "written-in-zone" : "written";
  }

  write(block: Uint8Array): WriteResult {
    this.objects.length = this.position;
    const wasInZone = this.isPastProgrammableWarning;
    if (this.bytesBefore(this.position) + block.byteLength > this.#sizeBytes) return "no-space";
    this.objects.push(block);
    this.position++;
    return this.#wording(wasInZone);
  }

  writeFilemarks(count: number): CountedWrite {
    this.objects.length = this.position;
    const wasInZone = this.isPastProgrammableWarning;
    for (let done = 0; done < count; done++) {
      if (this.bytesBefore(this.position) >= this.#sizeBytes) return { result: "no-space", done };
      this.objects.push("filemark");
      this.position++;
    }
    return { result: this.#wording(wasInZone), done: count };
  }

  read(): NaiveObject | "end-of-data" {
    const object = this.objects[this.position];
    if (object === undefined) return "end-of-data";
    this.position++;
    return object;
  }

  spaceBlocks(count: number): Motion {
    const step = Math.sign(count);
    for (let left = Math.abs(count); left > 0; left--) {
      const met = this.#step(step);
      if (met !== "block") return { end: met, residue: left };
    }
    return { end: "done", residue: 0 };
  }

  spaceFilemarks(count: number): Motion {
    const step = Math.sign(count);
    let left = Math.abs(count);
    while (left > 0) {
      const met = this.#step(step);
      if (met === "filemark") left--;
      else if (met !== "block") return { end: met, residue: left };
    }
    return { end: "done", residue: 0 };
  }

  locateObject(target: number): Motion {
    this.position = Math.min(target, this.objects.length);
    const residue = target - this.position;
    return { end: residue > 0 ? "end-of-data" : "done", residue };
  }

  locateFile(target: number): Motion {
    this.position = 0;
    return this.spaceFilemarks(target);
  }

  /** One object on or back. */
  #step(step: number): "block" | "filemark" | "end-of-data" | "beginning" {
    const at = step > 0 ? this.position : this.position - 1;
    if (at < 0) return "beginning";
    const object = this.objects[at];
    if (object === undefined) return "end-of-data";
    this.position += step;
    return object === "filemark" ? "filemark" : "block";
  }
}

const overheadBytes = 64;
/** Of programmable early warning. */
const zoneBytes = 600_000;
const capacityBytes = 2 * 1024 * 1024;
/** Large enough that a few of them reach early warning and the end. */
const blockLengths = fc.oneof(
  fc.integer({ min: 1, max: 4096 }),
  fc.constantFrom(100_000, 300_000, 524_288, 1_000_000, 1_048_576),
);

interface Pair {
  readonly medium: Medium;
  readonly naive: NaiveMedium;
}

type Operation = (pair: Pair) => Promise<void>;

function block(length: number, seed: number): Uint8Array {
  return new Uint8Array(length).fill(seed);
}

const write = fc.tuple(blockLengths, fc.nat(255)).map(([length, seed]): Operation => async ({ medium, naive }) => {
  assert.equal(await medium.writeBlock(block(length, seed)), naive.write(block(length, seed)));
});

const writeMany = fc
  .tuple(fc.constantFrom(512, 65_536, 400_000), fc.integer({ min: 1, max: 5 }))
  .map(([size, count]): Operation => async ({ medium, naive }) => {
    const result = await medium.writeBlocks(slices(block(size * count, count), size), count);
    let expected = naive.write(block(size, count));
    let done = 0;
    while (expected !== "no-space") {
      done++;
      if (done === count) break;
      const next = naive.write(block(size, count));
      // A warning is not forgotten by the blocks behind it.
      expected = next === "written" && expected === "written-in-zone" ? expected : next;
    }
    assert.deepEqual(result, { result: expected, done });
  });

const filemarks = fc.integer({ min: 1, max: 4 }).map((count): Operation => async ({ medium, naive }) => {
  assert.deepEqual(await medium.writeFilemarks(count), naive.writeFilemarks(count));
});

const read = fc.constant<Operation>(async ({ medium, naive }) => {
  const object = await medium.read();
  const expected = naive.read();
  if (object.kind === "block") {
    assert.deepEqual(object.data.bytes, expected);
    object.data.release();
  } else {
    assert.equal(object.kind, expected);
  }
});

const readMany = fc
  .tuple(fc.constantFrom(512, 65_536, 400_000), fc.integer({ min: 1, max: 5 }))
  .map(([size, count]): Operation => async ({ medium, naive }) => {
    const target = new Uint8Array(size * count);
    const result = await medium.readBlocks(target, size);
    for (let done = 0; done < count; done++) {
      const expected = naive.read();
      if (typeof expected === "string") return assert.deepEqual(result, { done, end: expected });
      if (expected.byteLength !== size) return assert.deepEqual(result, { done, end: "other-length" });
      assert.deepEqual(target.subarray(done * size, (done + 1) * size), expected);
    }
    assert.deepEqual(result, { done: count, end: "done" });
  });

const counts = fc.integer({ min: -7, max: 7 });
const spaceBlocks = counts.map((count): Operation => async ({ medium, naive }) => {
  assert.deepEqual(await medium.spaceBlocks(count), naive.spaceBlocks(count));
});
const spaceFilemarks = counts.map((count): Operation => async ({ medium, naive }) => {
  assert.deepEqual(await medium.spaceFilemarks(count), naive.spaceFilemarks(count));
});
const locateObject = fc.nat(40).map((target): Operation => async ({ medium, naive }) => {
  assert.deepEqual(await medium.locateObject(target), naive.locateObject(target));
});
const locateFile = fc.nat(8).map((target): Operation => async ({ medium, naive }) => {
  assert.deepEqual(await medium.locateFile(target), naive.locateFile(target));
});
const ends = fc.constantFrom<Operation>(
  async ({ medium, naive }) => {
    medium.rewind();
    naive.position = 0;
    await medium.flush();
  },
  async ({ medium, naive }) => {
    medium.toEndOfData();
    naive.position = naive.objects.length;
    await medium.flush();
  },
);
const erase = fc.constant<Operation>(async ({ medium, naive }) => {
  assert.equal(await medium.erase(), "erased");
  naive.objects.length = naive.position;
});

const operations = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: write },
    { weight: 2, arbitrary: writeMany },
    { weight: 4, arbitrary: filemarks },
    { weight: 4, arbitrary: read },
    { weight: 2, arbitrary: readMany },
    { weight: 4, arbitrary: spaceBlocks },
    { weight: 4, arbitrary: spaceFilemarks },
    { weight: 2, arbitrary: locateObject },
    { weight: 2, arbitrary: locateFile },
    { weight: 1, arbitrary: ends },
    { weight: 1, arbitrary: erase },
  ),
  { maxLength: 60 },
);

async function run(asynchronous: boolean, sequence: readonly Operation[]): Promise<void> {
  const image = new MemoryImage({ asynchronous, overheadBytes });
  const medium = new Medium(image, { capacityBytes, writeProtected: false, writeOnce: false });
  medium.programmableZone = zoneBytes;
  const naive = new NaiveMedium(capacityBytes, medium.capacity.earlyWarningAt, overheadBytes);
  for (const operation of sequence) {
    await operation({ medium, naive });
    assert.equal(medium.objectNumber, naive.position);
    assert.equal(medium.endOfData, naive.objects.length);
    assert.deepEqual(await medium.where(), {
      objectNumber: naive.position,
      fileNumber: naive.filesBefore(naive.position),
      isBeginning: naive.position === 0,
      isPastEarlyWarning: naive.isPastEarlyWarning,
      isPastProgrammableWarning: naive.isPastProgrammableWarning,
    });
  }
  assert.equal(image.viewsHeld, 0);
}

test("the medium does what an array of objects does, when the image answers at once", async () => {
  await fc.assert(
    fc.asyncProperty(operations, (sequence) => run(false, sequence)),
    { numRuns: 150 },
  );
});

test("the medium does what an array of objects does, when the image answers later", async () => {
  await fc.assert(
    fc.asyncProperty(operations, (sequence) => run(true, sequence)),
    { numRuns: 75 },
  );
});

function slices(whole: Uint8Array, size: number): BlockSource {
  return { block: (index) => whole.subarray(index * size, (index + 1) * size), form: "plain" };
}

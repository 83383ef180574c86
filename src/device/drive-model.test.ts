// SPDX-License-Identifier: Apache-2.0
// The drive, as a host sees it through commands, against a naive array of objects: sense, INFORMATION, flags, data
// lengths, transport residuals and positions over random sequences. The outcome tables of SSC-4 are written here once
// more, one object at a time.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { capacityOf } from "#tape/index.ts";
import { DriveBench } from "./drive-test-kit.ts";
import type { Seen } from "./drive-test-kit.ts";

const MiB = 1024 * 1024;
const capacityBytes = 16 * MiB;
const overheadBytes = 64;
const { earlyWarningAt } = capacityOf(capacityBytes);

/** Length of a block, or a filemark. */
type Recorded = number | "filemark";

/** A tape that answers like the tables say. */
class NaiveDrive {
  objects: Recorded[] = [];
  position = 0;
  blockLength = 0;

  get bytes(): number {
    return this.objects.reduce<number>((sum, one) => sum + overheadBytes + (one === "filemark" ? 0 : one), 0);
  }

  get files(): number {
    return this.objects.slice(0, this.position).filter((one) => one === "filemark").length;
  }

  write(length: number, count: number): Seen {
    this.objects.length = this.position;
    for (let done = 0; done < count; done++) {
      if (this.bytes + length > capacityBytes) {
        const information = this.blockLength === 0 ? length : count - done;
        return { answer: "volume-overflow", information, endOfMedium: true };
      }
      this.objects.push(length);
      this.position++;
    }
    return this.written();
  }

  filemarks(count: number): Seen {
    if (count > 0) this.objects.length = this.position;
    for (let done = 0; done < count; done++) {
      if (this.bytes >= capacityBytes) {
        return { answer: "volume-overflow", information: count - done, endOfMedium: true };
      }
      this.objects.push("filemark");
      this.position++;
    }
    return count === 0 ? { answer: "good" } : this.written();
  }

  written(): Seen {
    if (this.bytes < earlyWarningAt) return { answer: "good" };
    return { answer: "early-warning", information: 0, endOfMedium: true };
  }

  readVariable(requested: number, sili: boolean): Seen {
    const object = this.objects[this.position];
    if (object === undefined) return { answer: "end-of-data", information: requested, residual: requested };
    this.position++;
    if (object === "filemark") {
      return { answer: "filemark-detected", information: requested, filemark: true, residual: requested };
    }
    const dataLength = Math.min(object, requested);
    const residual = requested - dataLength;
    const difference = requested - object;
    const data = { dataLength, ...(residual === 0 ? {} : { residual }) };
    if (difference === 0 || (sili && (difference > 0 || this.blockLength === 0))) return { answer: "good", ...data };
    return { answer: "no-sense", information: difference, incorrectLength: true, ...data };
  }

  readFixed(count: number): Seen {
    let done = 0;
    const end = (answer: string, flags: object = {}): Seen => ({
      answer,
      information: count - done,
      ...flags,
      ...(done === 0 ? {} : { dataLength: done * this.blockLength }),
      residual: (count - done) * this.blockLength,
    });
    for (; done < count; done++) {
      const object = this.objects[this.position];
      if (object === undefined) return end("end-of-data");
      this.position++;
      if (object === "filemark") return end("filemark-detected", { filemark: true });
      if (object !== this.blockLength) return end("no-sense", { incorrectLength: true });
    }
    return { answer: "good", dataLength: count * this.blockLength };
  }

  space(code: number, count: number): Seen {
    for (let left = Math.abs(count); left > 0;) {
      const at = count > 0 ? this.position : this.position - 1;
      if (at < 0) return { answer: "beginning-of-partition", information: left, endOfMedium: true };
      const object = this.objects[at];
      if (object === undefined) return { answer: "end-of-data", information: left };
      this.position += Math.sign(count);
      if (object === "filemark" && code === 0) {
        return { answer: "filemark-detected", information: left, filemark: true };
      }
      if ((object === "filemark") === (code === 1)) left--;
    }
    return { answer: "good" };
  }

  locate(target: number): Seen {
    this.position = Math.min(target, this.objects.length);
    return { answer: target > this.objects.length ? "end-of-data" : "good" };
  }

  erase(): Seen {
    this.objects.length = this.position;
    return { answer: "good" };
  }
}

type Operation = (bench: DriveBench, naive: NaiveDrive) => Promise<readonly [Seen, Seen]>;

const lengths = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.constantFrom(512, 1024, 2 * MiB, 5 * MiB, 8 * MiB));
const short = fc.integer({ min: 1, max: 3000 });
const counts = fc.integer({ min: 1, max: 4 });

const operations = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: lengths.map(
        (length): Operation =>
          async (bench, naive) =>
            writeOne(bench, naive, length),
      ),
    },
    {
      weight: 2,
      arbitrary: counts.map(
        (count): Operation =>
          async (bench, naive) =>
            writeFixed(bench, naive, count),
      ),
    },
    {
      weight: 3,
      arbitrary: fc.nat(3).map((count): Operation => async (bench, naive) => {
        return [await bench.filemarks(count), naive.filemarks(count)];
      }),
    },
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.oneof(short, fc.constantFrom(512, 1024)), fc.boolean())
        .map(([length, sili]): Operation => async (bench, naive) => [
          await bench.read(length, { sili }),
          naive.readVariable(length, sili),
        ]),
    },
    {
      weight: 3,
      arbitrary: counts.map(
        (count): Operation =>
          async (bench, naive) =>
            readFixed(bench, naive, count),
      ),
    },
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.constantFrom(0, 1), fc.integer({ min: -6, max: 6 }))
        .map(([code, count]): Operation => async (bench, naive) => [
          await bench.space(code, count),
          naive.space(code, count),
        ]),
    },
    {
      weight: 2,
      arbitrary: fc.nat(30).map((target): Operation => async (bench, naive) => {
        return [await bench.locate(target), naive.locate(target)];
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constant<Operation>(async (bench, naive) => [await bench.rewind(), naive.locate(0)]),
    },
    { weight: 1, arbitrary: fc.constant<Operation>(async (bench, naive) => [await bench.erase(), naive.erase()]) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(0, 512, 1024).map((length): Operation => async (bench, naive) => {
        naive.blockLength = length;
        return [await bench.select(length), { answer: "good" }];
      }),
    },
  ),
  { maxLength: 50 },
);

/** Variable writes are only compared in variable mode, where INFORMATION counts bytes. */
async function writeOne(bench: DriveBench, naive: NaiveDrive, length: number): Promise<readonly [Seen, Seen]> {
  const { blockLength } = naive;
  naive.blockLength = 0;
  const expected = naive.write(length, 1);
  naive.blockLength = blockLength;
  return [await bench.write(length), expected];
}

async function writeFixed(bench: DriveBench, naive: NaiveDrive, count: number): Promise<readonly [Seen, Seen]> {
  const { blockLength } = naive;
  const seen = await bench.writeData(new Uint8Array(count * (blockLength || 1)), count, true);
  return [seen, blockLength === 0 ? { answer: "invalid-field-in-cdb" } : naive.write(blockLength, count)];
}

async function readFixed(bench: DriveBench, naive: NaiveDrive, count: number): Promise<readonly [Seen, Seen]> {
  const { blockLength } = naive;
  const seen = await bench.read(count, { fixed: blockLength || 1 });
  return [seen, blockLength === 0 ? { answer: "invalid-field-in-cdb", residual: count } : naive.readFixed(count)];
}

for (const asynchronous of [false, true]) {
  test(`a host sees what the tables say, when the image answers ${asynchronous ? "later" : "at once"}`, async () => {
    await fc.assert(
      fc.asyncProperty(operations, async (sequence) => {
        const bench = await DriveBench.open({ asynchronous, overheadBytes, cartridge: { capacityBytes } });
        const naive = new NaiveDrive();
        for (const operation of sequence) {
          const [seen, expected] = await operation(bench, naive);
          assert.deepEqual(seen, expected);
          assert.deepEqual(await bench.position(), [naive.position, naive.files]);
        }
        assert.equal(bench.image.viewsHeld, 0);
      }),
      { numRuns: 60 },
    );
  });
}

// SPDX-License-Identifier: Apache-2.0
// SPACE, LOCATE, REWIND, ERASE and FORMAT MEDIUM: one test per row of their tables. SSC-4 7.3, 7.4, 7.13, 7.17.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf } from "#base/index.ts";
import { FormatMedium, Locate10, Locate16, Space16, Verify6 } from "#scsi/index.ts";
import { DriveBench } from "./drive-test-kit.ts";

const blocks = 0;
const filemarks = 1;
const endOfData = 3;
const storeFault = faultsOf("store", {
  "disk-full": { text: "no space on {path}", retry: "operator", http: 507, exit: 7 },
});

/** block block FM block block FM FM block: objects 0 to 7. */
async function recorded(asynchronous = false): Promise<DriveBench> {
  const bench = await DriveBench.open({ asynchronous });
  for (const step of ["b", "b", "f", "b", "b", "f", "f", "b"]) {
    if (step === "b") await bench.write(10);
    else await bench.filemarks(1);
  }
  return bench;
}

const good = { answer: "good" };
const rows = [
  ["0 blocks", 3, blocks, 0, good, [3, 1]],
  ["blocks forward", 0, blocks, 2, good, [2, 0]],
  [
    "blocks forward onto a filemark",
    1,
    blocks,
    4,
    { answer: "filemark-detected", information: 3, filemark: true },
    [3, 1],
  ],
  [
    "blocks forward at a filemark",
    2,
    blocks,
    1,
    { answer: "filemark-detected", information: 1, filemark: true },
    [3, 1],
  ],
  ["blocks forward to end of data", 7, blocks, 1, good, [8, 3]],
  ["blocks forward beyond end of data", 7, blocks, 5, { answer: "end-of-data", information: 4 }, [8, 3]],
  ["blocks backward", 5, blocks, -2, good, [3, 1]],
  [
    "blocks backward onto a filemark",
    5,
    blocks,
    -5,
    { answer: "filemark-detected", information: 3, filemark: true },
    [2, 0],
  ],
  [
    "one block backward behind a filemark",
    3,
    blocks,
    -1,
    { answer: "filemark-detected", information: 1, filemark: true },
    [2, 0],
  ],
  [
    "blocks backward beyond the beginning",
    2,
    blocks,
    -5,
    { answer: "beginning-of-partition", information: 3, endOfMedium: true },
    [0, 0],
  ],
  ["filemarks forward", 0, filemarks, 2, good, [6, 2]],
  ["filemarks forward beyond end of data", 4, filemarks, 5, { answer: "end-of-data", information: 3 }, [8, 3]],
  ["filemarks backward", 8, filemarks, -2, good, [5, 1]],
  [
    "filemarks backward beyond the beginning",
    4,
    filemarks,
    -3,
    { answer: "beginning-of-partition", information: 2, endOfMedium: true },
    [0, 0],
  ],
  ["to end of data, whatever the count", 1, endOfData, -1, good, [8, 3]],
  ["sequential filemarks, which is refused", 1, 2, 1, { answer: "invalid-field-in-cdb" }, [1, 0]],
  ["setmarks, which is refused", 1, 4, 1, { answer: "invalid-field-in-cdb" }, [1, 0]],
] as const;

for (const asynchronous of [false, true]) {
  for (const [name, from, code, count, answer, position] of rows) {
    test(`SPACE over ${name}${asynchronous ? "; image answers later" : ""}`, async () => {
      const bench = await recorded(asynchronous);
      await bench.locate(from);
      assert.deepEqual(await bench.space(code, count), answer);
      assert.deepEqual(await bench.position(), position);
    });
  }
}

test("SPACE(16) takes counts of 64 bits in both directions", async () => {
  const bench = await recorded();
  await bench.rewind();
  const far = await bench.command(Space16.encode({ code: filemarks, count: (1n << 64n) - 4n }));
  assert.deepEqual(far, { answer: "beginning-of-partition", information: 4, endOfMedium: true });
  assert.deepEqual(await bench.command(Space16.encode({ code: filemarks, count: 3n })), good);
  assert.deepEqual(await bench.position(), [7, 3]);
  const beyond = await bench.command(Space16.encode({ code: blocks, count: 1n << 40n }));
  assert.equal(beyond.answer, "end-of-data");
  assert.deepEqual(await bench.position(), [8, 3]);
});

test("LOCATE(10) goes to an object, whatever kind of address the host says it is", async () => {
  const bench = await recorded();
  assert.deepEqual(await bench.locate(4), good);
  assert.deepEqual(await bench.position(), [4, 1]);
  assert.deepEqual(await bench.command(Locate10.encode({ objectNumber: 6, blockAddressType: true })), good);
  assert.deepEqual(await bench.position(), [6, 2]);
});

test("LOCATE to end of data is good, beyond it a blank check at end of data", async () => {
  const bench = await recorded();
  assert.deepEqual(await bench.locate(8), good);
  await bench.rewind();
  assert.deepEqual(await bench.locate(9), { answer: "end-of-data" });
  assert.deepEqual(await bench.position(), [8, 3]);
});

test("LOCATE to a partition that is not there is refused; without CP the partition does not count", async () => {
  const bench = await recorded();
  assert.equal(
    (await bench.command(Locate10.encode({ objectNumber: 1, changePartition: true, partition: 1 }))).answer,
    "invalid-field-in-cdb",
  );
  assert.deepEqual(await bench.command(Locate10.encode({ objectNumber: 1, partition: 1 })), good);
  assert.equal(
    (await bench.command(Locate16.encode({ identifier: 1n, changePartition: true, partition: 2 }))).answer,
    "invalid-field-in-cdb",
  );
});

test("LOCATE(16) goes to the beginning of a logical file", async () => {
  const bench = await recorded();
  for (const [file, position] of [
    [0n, [0, 0]],
    [1n, [3, 1]],
    [2n, [6, 2]],
    [3n, [7, 3]],
  ] as const) {
    assert.deepEqual(await bench.locate16(1, file), good);
    assert.deepEqual(await bench.position(), position);
  }
  assert.deepEqual(await bench.locate16(1, 4n), { answer: "end-of-data" });
});

test("LOCATE(16) to end of data, to the last object that can be named, and to no known kind", async () => {
  const bench = await recorded();
  await bench.rewind();
  assert.deepEqual(await bench.locate16(3, 0n), good);
  assert.deepEqual(await bench.position(), [8, 3]);
  await bench.rewind();
  assert.deepEqual(await bench.locate16(0, (1n << 64n) - 1n), { answer: "end-of-data" });
  assert.deepEqual(await bench.position(), [8, 3]);
  assert.equal((await bench.locate16(2, 0n)).answer, "invalid-field-in-cdb");
});

test("what was written is durable before the medium moves", async () => {
  for (const act of [
    (bench: DriveBench) => bench.rewind(),
    (bench: DriveBench) => bench.locate(0),
    (bench: DriveBench) => bench.space(blocks, -1),
    (bench: DriveBench) => bench.space(endOfData, 0),
    (bench: DriveBench) => bench.load(false),
  ]) {
    const bench = await DriveBench.open();
    await bench.write(10);
    assert.equal(bench.image.syncs, 0);
    assert.deepEqual(await act(bench), good);
    assert.equal(bench.image.syncs, 1);
  }
});

test("a motion whose flush fails is a write error, and the medium does not move", async () => {
  const bench = await DriveBench.open();
  await bench.write(10);
  bench.image.failNext("sync", storeFault("disk-full", { path: "x" }));
  assert.deepEqual(await bench.rewind(), { answer: "write-error" });
  assert.deepEqual(await bench.position(), [1, 0]);
});

test("ERASE makes the position the end of data, durably", async () => {
  const bench = await recorded();
  await bench.locate(3);
  assert.deepEqual(await bench.erase(), good);
  assert.equal(bench.image.endOfData, 3);
  bench.image.crash();
  assert.equal(bench.image.endOfData, 3);
  assert.deepEqual(await bench.position(), [3, 1]);
  assert.equal((await bench.read(10)).answer, "end-of-data");
});

test("FORMAT MEDIUM empties the medium, at the beginning only", async () => {
  const bench = await recorded();
  assert.deepEqual(await bench.command(FormatMedium.encode({})), { answer: "not-at-beginning" });
  await bench.rewind();
  assert.equal((await bench.command(FormatMedium.encode({ format: 3 }))).answer, "invalid-field-in-cdb");
  assert.deepEqual(await bench.command(FormatMedium.encode({})), good);
  assert.equal(bench.image.endOfData, 0);
});

for (const [name, from, request, answer, position] of [
  ["one block of its length", 0, { verificationLength: 10 }, good, [1, 0]],
  [
    "one block of another length",
    0,
    { verificationLength: 16 },
    { answer: "no-sense", information: 6, incorrectLength: true },
    [1, 0],
  ],
  [
    "fixed blocks up to a filemark",
    0,
    { fixed: true, verificationLength: 5 },
    { answer: "filemark-detected", information: 3, filemark: true },
    [3, 1],
  ],
  ["a count of filemarks", 0, { byFilemarks: true, verificationLength: 2 }, good, [6, 2]],
  [
    "more filemarks than there are",
    0,
    { byFilemarks: true, verificationLength: 5 },
    { answer: "end-of-data", information: 2 },
    [8, 3],
  ],
  ["everything to end of data", 1, { toEndOfData: true }, good, [8, 3]],
  ["nothing", 1, {}, good, [1, 0]],
  [
    "bytes that were not sent",
    0,
    { compareBytes: true, verificationLength: 1 },
    { answer: "parameter-list-length" },
    [0, 0],
  ],
] as const) {
  test(`VERIFY of ${name}`, async () => {
    const bench = await recorded();
    await bench.select(10);
    await bench.locate(from);
    assert.deepEqual(await bench.command(Verify6.encode(request)), answer);
    assert.deepEqual(await bench.position(), position);
    assert.equal(bench.image.viewsHeld, 0);
  });
}

test("VERIFY of a damaged record is a medium error", async () => {
  const bench = await recorded();
  bench.image.damage(1);
  await bench.rewind();
  const answer = await bench.command(Verify6.encode({ byFilemarks: true, verificationLength: 1 }));
  assert.deepEqual(answer, { answer: "read-error", information: 1 });
});

// SPDX-License-Identifier: Apache-2.0
// One test per row of the outcome table of READ(6), and what reads leave behind. SSC-4 6.6.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf } from "#base/index.ts";
import { DriveBench } from "./drive-test-kit.ts";

const storeFault = faultsOf("store", {
  "object-store-unreachable": { text: "{key} cannot be reached", retry: "backoff", http: 502, exit: 6 },
});

/** Blocks of 100, 100, 50 bytes, a filemark, a block of 200 bytes; rewound. */
async function recorded(asynchronous = false): Promise<DriveBench> {
  const bench = await DriveBench.open({ asynchronous });
  for (const length of [100, 100, 50]) assert.deepEqual(await bench.write(length), { answer: "good" });
  assert.deepEqual(await bench.filemarks(1), { answer: "good" });
  assert.deepEqual(await bench.write(200), { answer: "good" });
  assert.deepEqual(await bench.rewind(), { answer: "good" });
  return bench;
}

for (const asynchronous of [false, true]) {
  const how = asynchronous ? "; image answers later" : "";

  test(`READ of length 0 is good and moves nothing${how}`, async () => {
    const bench = await recorded(asynchronous);
    assert.deepEqual(await bench.read(0), { answer: "good" });
    assert.deepEqual(await bench.position(), [0, 0]);
  });

  test(`READ of the right length gives the block and its bytes${how}`, async () => {
    const bench = await recorded(asynchronous);
    const reply = await bench.readReply(100);
    assert.equal(reply.status, "good");
    assert.deepEqual(reply.data, new Uint8Array(100).fill(0x55));
    assert.equal(reply.residual, 0);
    assert.deepEqual(await bench.position(), [1, 0]);
  });

  test(`READ of a shorter block says ILI with the positive difference, and the residual equals it${how}`, async () => {
    const bench = await recorded(asynchronous);
    assert.deepEqual(await bench.read(160), {
      answer: "no-sense",
      information: 60,
      incorrectLength: true,
      dataLength: 100,
      residual: 60,
    });
    assert.deepEqual(await bench.position(), [1, 0]);
  });

  test(`READ of a shorter block with SILI is good with a residual${how}`, async () => {
    const bench = await recorded(asynchronous);
    assert.deepEqual(await bench.read(160, { sili: true }), { answer: "good", dataLength: 100, residual: 60 });
  });

  test(`READ of a longer block says ILI with the negative difference and gives what was asked${how}`, async () => {
    const bench = await recorded(asynchronous);
    assert.deepEqual(await bench.read(70), {
      answer: "no-sense",
      information: -30,
      incorrectLength: true,
      dataLength: 70,
    });
    assert.deepEqual(await bench.position(), [1, 0]);
  });

  test(`READ of a longer block with SILI is good while the mode block length is 0${how}`, async () => {
    const bench = await recorded(asynchronous);
    assert.deepEqual(await bench.read(70, { sili: true }), { answer: "good", dataLength: 70 });
  });

  test(`READ of a longer block with SILI says ILI when there is a mode block length${how}`, async () => {
    const bench = await recorded(asynchronous);
    await bench.select(100);
    assert.deepEqual(await bench.read(70, { sili: true }), {
      answer: "no-sense",
      information: -30,
      incorrectLength: true,
      dataLength: 70,
    });
  });

  test(`fixed READ gives whole blocks${how}`, async () => {
    const bench = await recorded(asynchronous);
    await bench.select(100);
    assert.deepEqual(await bench.read(2, { fixed: 100 }), { answer: "good", dataLength: 200 });
    assert.deepEqual(await bench.position(), [2, 0]);
  });

  test(`fixed READ that meets a block of another size says ILI with the blocks that are missing${how}`, async () => {
    const bench = await recorded(asynchronous);
    await bench.select(100);
    assert.deepEqual(await bench.read(5, { fixed: 100 }), {
      answer: "no-sense",
      information: 3,
      incorrectLength: true,
      dataLength: 200,
      residual: 300,
    });
    assert.deepEqual(await bench.position(), [3, 0]);
  });

  test(`fixed READ of one block of another size says ILI and sends nothing${how}`, async () => {
    const bench = await recorded(asynchronous);
    await bench.select(512);
    assert.deepEqual(await bench.read(1, { fixed: 512 }), {
      answer: "no-sense",
      information: 1,
      incorrectLength: true,
      residual: 512,
    });
    assert.deepEqual(await bench.position(), [1, 0]);
  });

  test(`READ at a filemark says so with the whole length, and goes behind it${how}`, async () => {
    const bench = await recorded(asynchronous);
    await bench.locate(3);
    assert.deepEqual(await bench.read(100), {
      answer: "filemark-detected",
      information: 100,
      filemark: true,
      residual: 100,
    });
    assert.deepEqual(await bench.position(), [4, 1]);
  });

  test(`fixed READ that meets a filemark gives the blocks before it${how}`, async () => {
    const bench = await recorded(asynchronous);
    await bench.select(50);
    await bench.locate(2);
    assert.deepEqual(await bench.read(4, { fixed: 50 }), {
      answer: "filemark-detected",
      information: 3,
      filemark: true,
      dataLength: 50,
      residual: 150,
    });
    assert.deepEqual(await bench.position(), [4, 1]);
  });

  test(`READ at end of data is a blank check without EOM, and stays there${how}`, async () => {
    const bench = await recorded(asynchronous);
    await bench.locate(5);
    assert.deepEqual(await bench.read(64), { answer: "end-of-data", information: 64, residual: 64 });
    assert.deepEqual(await bench.position(), [5, 1]);
  });

  test(`fixed READ that meets end of data gives the blocks before it${how}`, async () => {
    const bench = await recorded(asynchronous);
    await bench.select(200);
    await bench.locate(4);
    assert.deepEqual(await bench.read(3, { fixed: 200 }), {
      answer: "end-of-data",
      information: 2,
      dataLength: 200,
      residual: 400,
    });
    assert.deepEqual(await bench.position(), [5, 1]);
  });

  test(`READ of a damaged record is a medium error, and the position is behind it${how}`, async () => {
    const bench = await recorded(asynchronous);
    bench.image.damage(1);
    await bench.locate(1);
    assert.deepEqual(await bench.read(100), { answer: "read-error", information: 100, residual: 100 });
    assert.deepEqual(await bench.position(), [2, 0]);
    assert.deepEqual(await bench.read(50), { answer: "good", dataLength: 50 });
  });

  test(`fixed READ that meets a damaged record gives the blocks before it${how}`, async () => {
    const bench = await recorded(asynchronous);
    bench.image.damage(1);
    await bench.select(100);
    assert.deepEqual(await bench.read(2, { fixed: 100 }), {
      answer: "read-error",
      information: 1,
      dataLength: 100,
      residual: 100,
    });
    assert.deepEqual(await bench.position(), [2, 0]);
  });

  test(`a READ that cannot reach the data is a medium error in every mode, and may be repeated${how}`, async () => {
    const bench = await recorded(asynchronous);
    const unreachable = (): Error => storeFault("object-store-unreachable", { key: "segment" });
    bench.image.failNext("read", unreachable());
    assert.deepEqual(await bench.read(100), { answer: "read-error", information: 100, residual: 100 });
    await bench.select(100);
    for (const count of [1, 2]) {
      bench.image.failNext("read", unreachable());
      assert.deepEqual(await bench.read(count, { fixed: 100 }), {
        answer: "read-error",
        information: count,
        residual: count * 100,
      });
      assert.deepEqual(await bench.position(), [0, 0]);
    }
    assert.deepEqual(await bench.read(1, { fixed: 100 }), { answer: "good", dataLength: 100 });
  });

  test(`no view of stored bytes is kept after a command${how}`, async () => {
    const bench = await recorded(asynchronous);
    await bench.read(70);
    await bench.read(160);
    await bench.select(100);
    await bench.rewind();
    await bench.read(5, { fixed: 100 });
    await bench.rewind();
    await bench.select(512);
    await bench.read(1, { fixed: 512 });
    assert.equal(bench.image.viewsHeld, 0);
  });
}

test("fixed READ without a mode block length is refused", async () => {
  const bench = await recorded();
  assert.deepEqual(await bench.read(1, { fixed: 100 }), { answer: "invalid-field-in-cdb", residual: 100 });
  assert.deepEqual(await bench.position(), [0, 0]);
});

test("fixed READ with SILI is refused and points at SILI", async () => {
  const bench = await recorded();
  await bench.select(100);
  const { sense } = await bench.readReply(1, { fixed: 100, sili: true });
  assert.deepEqual(sense?.fieldPointer, { in: "cdb", byte: 1, bit: 1 });
});

test("fixed READ of more than a transfer may hold is refused", async () => {
  const bench = await recorded();
  await bench.select(1024 * 1024);
  assert.equal((await bench.read(33, { fixed: 1024 * 1024 })).answer, "invalid-field-in-cdb");
});

test("READ after a write without repositioning meets end of data", async () => {
  const bench = await DriveBench.open();
  await bench.write(10);
  assert.equal((await bench.read(10)).answer, "end-of-data");
});

test("READ without a cartridge says that none is there", async () => {
  const bench = await recorded();
  await bench.drive.remove();
  assert.deepEqual(await bench.read(100), { answer: "medium-not-present", residual: 100 });
});

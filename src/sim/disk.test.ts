// SPDX-License-Identifier: Apache-2.0
// The simulated disk passes the suite of its port, and does to unsynced data what a loss of power may do.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bug, bytesFromText, isFault, milliseconds } from "#base/index.ts";
import { diskConformance } from "#store/disk-conformance.ts";
import { SimClock } from "./clock.ts";
import { SimDisk } from "./disk.ts";
import { SeededRandom } from "./random.ts";

for (const directAlignment of [1, 512, 4096]) {
  diskConformance(`simulated disk, alignment ${directAlignment}`, async () => {
    return new SimDisk({ random: new SeededRandom("conformance"), directAlignment }).attach();
  });
}

/** How often each content is found after a crash, over many seeds. */
async function afterCrashes(prepare: (medium: SimDisk) => Promise<void>): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let seed = 0; seed < 200; seed++) {
    const medium = new SimDisk({ random: new SeededRandom(seed) });
    await prepare(medium);
    medium.crash();
    const text = medium.paths().includes("a") ? Buffer.from(medium.contentOf("a")).toString("latin1") : "missing";
    const short = text.replaceAll(/(.)\1{9,}/g, "$1…");
    found.set(short, (found.get(short) ?? 0) + 1);
  }
  return found;
}

test("synced data and synced names survive a crash", async () => {
  const found = await afterCrashes(async (medium) => {
    const disk = medium.attach();
    const file = await disk.open("a", { mode: "create" });
    await file.write(0, [bytesFromText("safe")]);
    await file.sync();
    await disk.syncFolder("");
  });
  assert.deepEqual([...found.keys()], ["safe"]);
});

test("a name that was not synced is lost or kept", async () => {
  const found = await afterCrashes(async (medium) => {
    const file = await medium.attach().open("a", { mode: "create" });
    await file.write(0, [bytesFromText("safe")]);
    await file.sync();
  });
  assert.deepEqual([...found.keys()].toSorted(), ["missing", "safe"]);
});

test("unsynced writes are lost, kept, or torn at sectors", async () => {
  const found = await afterCrashes(async (medium) => {
    const disk = medium.attach();
    const file = await disk.open("a", { mode: "create" });
    await file.write(0, [new Uint8Array(1536).fill(0x6f)]);
    await file.sync();
    await disk.syncFolder("");
    await file.write(0, [new Uint8Array(1536).fill(0x6e)]);
  });
  for (const content of ["o…", "n…", "n…o…", "o…n…o…"]) assert.ok((found.get(content) ?? 0) > 0, content);
});

test("what a killed process gave to the disk stays, and its later calls never end", async () => {
  const medium = new SimDisk({ random: new SeededRandom(1) });
  const disk = medium.attach();
  const file = await disk.open("a", { mode: "create" });
  await file.write(0, [bytesFromText("kept")]);
  medium.kill();
  let isSettled = false;
  void file.write(4, [bytesFromText("never")]).finally(() => {
    isSettled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isSettled, false);
  assert.equal(Buffer.from(medium.contentOf("a")).toString(), "kept");
});

test("a full disk refuses what needs more room, and takes overwrites", async () => {
  const medium = new SimDisk({ random: new SeededRandom(1), capacityBytes: 8192 });
  const disk = medium.attach();
  const file = await disk.open("a", { mode: "create" });
  await file.write(0, [new Uint8Array(8192)]);
  assert.equal(await disk.freeBytes(), 0);
  await file.write(4096, [new Uint8Array(4096).fill(1)]);
  await assert.rejects(file.write(8192, [new Uint8Array(1)]), (error) => isFault(error, "store.disk-full"));
});

test("memory that changes while it is being written is a bug of the writer", async () => {
  const clock = new SimClock();
  const medium = new SimDisk({ random: new SeededRandom(1), clock, delay: () => milliseconds(5) });
  const file = await clock.runUntil(medium.attach().open("a", { mode: "create" }));
  const bytes = new Uint8Array(10);
  const writing = file.write(0, [bytes]);
  bytes[3] = 1;
  await assert.rejects(clock.runUntil(writing), Bug);
});

test("unaligned direct access is a bug of the caller", async () => {
  const disk = new SimDisk({ random: new SeededRandom(1), directAlignment: 4096 }).attach();
  const file = await disk.open("a", { mode: "create", direct: true });
  const memory = new Uint8Array(8192);
  await assert.rejects(file.write(1, [memory]), Bug);
  await assert.rejects(file.write(0, [memory.subarray(0, 100)]), Bug);
  await assert.rejects(file.read(0, memory.subarray(1, 4097)), Bug);
});

test("a flipped bit is one bit, now and after a crash", async () => {
  const medium = new SimDisk({ random: new SeededRandom(1) });
  medium.replaceContent("a", bytesFromText("abc"));
  medium.flipBit("a", 1, 0);
  assert.equal(Buffer.from(medium.contentOf("a")).toString(), "acc");
  medium.crash();
  assert.equal(Buffer.from(medium.contentOf("a")).toString(), "acc");
});

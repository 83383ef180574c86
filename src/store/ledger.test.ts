// SPDX-License-Identifier: Apache-2.0
// The ledger keeps what it acknowledged over crashes, and tells damage from an unfinished end.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isFault, silentLog } from "#base/index.ts";
import { SeededRandom, SimDisk } from "#sim/index.ts";
import type { Disk } from "./disk.ts";
import { Ledger } from "./ledger.ts";

const path = "state/facts.ledger";
const decode = (value: unknown): string => {
  if (typeof value !== "string") throw new TypeError("a fact is a text");
  return value;
};
const openOn = (disk: Disk): Promise<Ledger<string>> => Ledger.open({ disk, path, log: silentLog, decode });
const newDisk = (seed = 1): SimDisk => new SimDisk({ random: new SeededRandom(seed) });

async function writtenDisk(batches: readonly (readonly string[])[]): Promise<SimDisk> {
  const disk = newDisk();
  const ledger = await openOn(disk.attach());
  for (const batch of batches) await ledger.append(batch);
  await ledger.close();
  return disk;
}

test("facts come back in order, also those with other than ASCII text", async () => {
  const disk = await writtenDisk([["one", "zwei ü"], ["drei"], []]);
  const ledger = await openOn(disk.attach());
  assert.deepEqual(ledger.replayed, ["one", "zwei ü", "drei"]);
  assert.equal(ledger.factCount, 3);
});

test("appends that are called together share one sync", async () => {
  const disk = newDisk();
  const ledger = await openOn(disk.attach());
  let syncs = 0;
  disk.options.fail = (operation) => {
    if (operation === "sync") syncs += 1;
    return undefined;
  };
  await Promise.all(Array.from({ length: 100 }, (_, index) => ledger.append([`${index}`])));
  assert.equal(syncs, 1);
});

test("a snapshot replaces all facts, and later facts follow it", async () => {
  const disk = await writtenDisk([["a"], ["b"], ["c"]]);
  const ledger = await openOn(disk.attach());
  await Promise.all([ledger.append(["d"]), ledger.compact(["abcd"]), ledger.append(["e"])]);
  assert.equal(ledger.factCount, 2);
  await ledger.close();
  assert.deepEqual((await openOn(disk.attach())).replayed, ["abcd", "e"]);
});

test("after a failed append every further one is refused with the same fault", async () => {
  const disk = newDisk();
  const ledger = await openOn(disk.attach());
  await ledger.append(["kept"]);
  const broken = new Error("broken");
  disk.options.fail = (operation) => (operation === "sync" ? broken : undefined);
  await assert.rejects(ledger.append(["lost"]), broken);
  disk.options.fail = () => undefined;
  await assert.rejects(ledger.append(["lost too"]), broken);
});

test("a snapshot heals a ledger that could not be written", async () => {
  const disk = newDisk();
  const ledger = await openOn(disk.attach());
  const broken = new Error("broken");
  disk.options.fail = (operation) => (operation === "write" ? broken : undefined);
  await assert.rejects(ledger.append(["lost"]), broken);
  await assert.rejects(ledger.compact(["lost"]), broken);
  disk.options.fail = () => undefined;
  await ledger.compact(["whole"]);
  await ledger.append(["more"]);
  disk.crash();
  assert.deepEqual((await openOn(disk.attach())).replayed, ["whole", "more"]);
});

test("after a crash all acknowledged facts are there, and what is there was written, in order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 12 }), async (seed, sizes) => {
      const disk = newDisk(seed);
      const random = new SeededRandom(seed);
      let ledger = await openOn(disk.attach());
      let expected: string[] = [];
      for (const size of sizes) {
        const facts = Array.from({ length: size }, (_, index) =>
          `${expected.length + index}`.padEnd(random.below(700)),
        );
        const appended = ledger.append(facts);
        if (random.below(4) > 0) {
          await appended;
          expected.push(...facts);
          if (random.below(4) === 0) await ledger.compact(expected);
          continue;
        }
        for (let turns = random.below(6); turns > 0; turns--) await Promise.resolve();
        disk.crash();
        ledger = await openOn(disk.attach());
        const found = [...ledger.replayed];
        assert.deepEqual(found.slice(0, expected.length), expected);
        const rest = found.slice(expected.length);
        assert.ok(rest.length === 0 || rest.length === facts.length, "a batch survives whole or not at all");
        assert.deepEqual(rest, facts.slice(0, rest.length));
        expected = found;
      }
    }),
    { numRuns: 200 },
  );
});

test("a file that is cut anywhere gives a prefix of whole batches, or is refused for its header", async () => {
  const disk = await writtenDisk([["a", "b"], ["c"]]);
  const whole = disk.contentOf(path);
  for (let size = 0; size < whole.byteLength; size++) {
    disk.replaceContent(path, whole.subarray(0, size));
    if (size < 64) await assert.rejects(openOn(disk.attach()), /state\/facts\.ledger is damaged at byte 0/);
    else assert.deepEqual((await openOn(disk.attach())).replayed, size < 144 ? [] : ["a", "b"]);
  }
});

test("a flipped bit before the last batch is refused with file and offset, in the last batch it drops that batch", async () => {
  const disk = await writtenDisk([["a", "b"], ["c"]]);
  const whole = disk.contentOf(path);
  for (let offset = 0; offset < whole.byteLength; offset++) {
    const bytes = whole.slice();
    bytes[offset] = (bytes[offset] ?? 0) ^ 0x10;
    disk.replaceContent(path, bytes);
    const padding = offset >= 64 && (offset - 64) % 40 >= 35;
    if (padding) assert.deepEqual((await openOn(disk.attach())).replayed, ["a", "b", "c"]);
    else if (offset < 144) {
      await assert.rejects(openOn(disk.attach()), (error) => isFault(error, "store.file-damaged"));
    } else assert.deepEqual((await openOn(disk.attach())).replayed, ["a", "b"]);
  }
});

test("a newer format is refused by name", async () => {
  const disk = await writtenDisk([["a"]]);
  const { encodeLedgerHeader, LedgerHeader } = await import("./ledger-format.ts");
  const { crc32 } = await import("./crc32.ts");
  const header = encodeLedgerHeader(0);
  LedgerHeader.encodeInto(header, 0, { version: 2 });
  LedgerHeader.encodeInto(header, 0, { version: 2, headerCrc: crc32(header.subarray(0, 60)) });
  disk.replaceContent(path, header);
  await assert.rejects(openOn(disk.attach()), /format version 2; this release reads up to 1/);
});

test("a fact that the room does not know is refused with file and offset", async () => {
  const disk = newDisk();
  const ledger = await Ledger.open<unknown>({ disk: disk.attach(), path, log: silentLog, decode: (value) => value });
  await ledger.append([{ unknown: true }]);
  await assert.rejects(openOn(disk.attach()), /damaged at byte 64: a fact is a text/);
});

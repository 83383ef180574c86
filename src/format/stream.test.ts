// SPDX-License-Identifier: Apache-2.0
// Streams come back as they were written; blocks that were lost, exchanged or changed are found.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteCollector, isFault, readFully } from "#base/index.ts";
import { SimCartridge, SimTapeDrive } from "#sim/index.ts";
import { streamBlockSize, streamPayloadSize } from "./stream-block.ts";
import { StreamReader } from "./stream-reader.ts";
import { StreamWriter } from "./stream-writer.ts";

/** Bytes that differ from place to place. */
function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index += 997) bytes[index] = index % 251;
  return bytes;
}

async function written(content: Uint8Array, piece = 100_000): Promise<SimCartridge> {
  const cartridge = new SimCartridge();
  const writer = new StreamWriter(new SimTapeDrive(cartridge), "a stream");
  for (let offset = 0; offset < content.byteLength; offset += piece) {
    await writer.write(content.subarray(offset, offset + piece));
  }
  await writer.finish();
  return cartridge;
}

async function readBack(cartridge: SimCartridge): Promise<Uint8Array> {
  const reader = await StreamReader.open(new SimTapeDrive(cartridge), "a stream");
  assert.ok(typeof reader !== "string");
  const collector = new ByteCollector();
  const piece = new Uint8Array(70_000);
  for (let count = await reader.read(piece); count > 0; count = await reader.read(piece)) {
    await collector.sink(piece.subarray(0, count));
  }
  assert.equal(reader.ended, "complete");
  return collector.bytes();
}

const edges = [0, 1, streamPayloadSize - 1, streamPayloadSize, streamPayloadSize + 1, 3 * streamPayloadSize];

test("streams of any length come back, in whole blocks with one filemark", async () => {
  for (const size of edges) {
    const content = pattern(size);
    const cartridge = await written(content);
    assert.deepEqual(Buffer.compare(await readBack(cartridge), content), 0, `${size} bytes`);
    const blocks = cartridge.objects.length - 1;
    assert.equal(blocks, Math.floor((size + streamPayloadSize) / streamPayloadSize));
    assert.equal(cartridge.fileBytes(0).byteLength, blocks * streamBlockSize);
  }
});

test("reading byte by byte gives the same", async () => {
  const reader = await StreamReader.open(new SimTapeDrive(await written(Uint8Array.from([5, 6, 7]))), "a stream");
  assert.ok(typeof reader !== "string");
  const one = new Uint8Array(1);
  const values: number[] = [];
  while ((await reader.read(one)) === 1) values.push(one[0] ?? 0);
  assert.deepEqual(values, [5, 6, 7]);
});

test("an empty tape and a filemark instead of a file are told apart", async () => {
  const cartridge = new SimCartridge();
  const drive = new SimTapeDrive(cartridge);
  assert.equal(await StreamReader.open(drive, "a stream"), "end-of-data");
  await drive.writeFilemark();
  await drive.rewind();
  assert.equal(await StreamReader.open(drive, "a stream"), "filemark");
});

test("a file without an end says so, and so does one that is incomplete", async () => {
  const cartridge = await written(pattern(2 * streamPayloadSize + 5));
  cartridge.objects.splice(2, 1);
  const cut = await StreamReader.open(new SimTapeDrive(cartridge), "a stream");
  assert.ok(typeof cut !== "string");
  await assert.rejects(
    async () => readFully(cut, new Uint8Array(3 * streamPayloadSize)),
    (error) => isFault(error, "format.no-end-marker"),
  );
  const again = await StreamReader.open(new SimTapeDrive(cartridge), "a stream");
  assert.ok(typeof again !== "string");
  assert.equal(await again.skipRest(), "no-end-marker");

  const other = new SimCartridge();
  const writer = new StreamWriter(new SimTapeDrive(other), "a stream");
  await writer.finish({ isIncomplete: true });
  const reader = await StreamReader.open(new SimTapeDrive(other), "a stream");
  assert.ok(typeof reader !== "string");
  assert.equal(await reader.skipRest(), "incomplete");
});

test("the end of the medium is near from the first block that says so; a block that does not fit is a fault", async () => {
  const drive = new SimTapeDrive(new SimCartridge({ blocksBeforeWarning: 1, blocksOfReserve: 1 }));
  const writer = new StreamWriter(drive, "a stream");
  const block = pattern(streamPayloadSize);
  await writer.write(block);
  assert.equal(writer.isNearEnd, false);
  await writer.write(block);
  assert.equal(writer.isNearEnd, true);
  await assert.rejects(writer.write(block), (error) => isFault(error, "format.cartridge-full"));
});

/** Ways to damage a tape file of five blocks. */
type Damage = "drop" | "swap" | "repeat" | "flip" | "append" | "cut";

test("a stream that was damaged is refused or ends without an end, never read as another", async () => {
  const content = pattern(4 * streamPayloadSize + 99);
  const intact = await written(content);
  const damages: readonly Damage[] = ["drop", "swap", "repeat", "flip", "append", "cut"];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...damages), fc.nat(4), fc.nat(15), fc.nat(7), async (damage, at, byte, bit) => {
      const cartridge = new SimCartridge();
      cartridge.objects.push(...intact.objects);
      const object = cartridge.objects[at];
      assert.ok(object !== undefined && object !== "filemark");
      if (damage === "drop") cartridge.objects.splice(at, 1);
      if (damage === "swap") cartridge.objects.splice(at === 0 ? 1 : at - 1, 0, ...cartridge.objects.splice(at, 1));
      if (damage === "repeat") cartridge.objects.splice(at, 0, object);
      if (damage === "append") cartridge.objects.splice(5, 0, object);
      if (damage === "cut") cartridge.objects.length = at;
      if (damage === "flip") {
        const block = object.block.slice();
        block[byte] = (block[byte] ?? 0) ^ (1 << bit);
        cartridge.objects[at] = { ...object, block };
      }
      try {
        const back = await readBack(cartridge);
        // A flipped size can only shorten or lengthen; a flag that is not known is not refused.
        assert.ok(damage === "flip" && byte >= 8 && byte <= 11, `${damage} of block ${at} was not noticed`);
        assert.ok(back.byteLength > 0);
      } catch (error) {
        const isNamed = isFault(error, "format.damaged") || isFault(error, "format.no-end-marker");
        assert.ok(isNamed || error instanceof assert.AssertionError, String(error));
        if (!isNamed)
          assert.ok((damage === "cut" && at === 0) || damage === "flip", `${damage} of block ${at}: ${String(error)}`);
      }
    }),
    { numRuns: 300 },
  );
});

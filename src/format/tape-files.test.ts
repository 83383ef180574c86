// SPDX-License-Identifier: Apache-2.0
// Labels, chunk files, snapshot files and catalog files: what is written is read, at the end of the medium too.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
  bytesFromHex,
  bytesFromText,
  type EpochSeconds,
  isFault,
  nilUuid,
  readFully,
  sourceOf,
  type Uuid,
} from "#base/index.ts";
import { plainMetadata } from "#pxar/index.ts";
import { SimCartridge, SimTapeDrive } from "#sim/index.ts";
import { catalogNameOf, writeCatalogFile } from "./catalog-file.ts";
import { ChunkFileReader, ChunkFileWriter } from "./chunk-file.ts";
import { encodeHead, openTapeFile } from "./content-header.ts";
import { isReservation, readLabels, type SetLabel, writeCartridgeLabel, writeSetLabel } from "./labels.ts";
import { type SnapshotFileSource, SnapshotFileReader, writeSnapshotFile } from "./snapshot-file.ts";
import { StreamWriter } from "./stream-writer.ts";

const uuid = "65b85639-78d7-4330-85c6-39502b2f9b01" as Uuid;
const ctime = 1_700_000_000 as EpochSeconds;
const identity = { uuid, ctime };
const label = { uuid, labelText: "TAPE01L8", ctime, pool: undefined };

test("labels come back; a cartridge without a set label has none; an empty one has nothing", async () => {
  const drive = new SimTapeDrive(new SimCartridge());
  assert.equal(await readLabels(drive), undefined);
  await writeCartridgeLabel(drive, identity, label);
  await drive.rewind();
  assert.deepEqual(await readLabels(drive), { label, set: undefined });
  const set: SetLabel = {
    pool: "offsite",
    uuid: "9c1e4a60-0d6b-4b63-9d15-3c1f8f2a7b44" as Uuid,
    setIndex: 3,
    ctime,
    key: { fingerprint: "0e:ab", config: { kdf: null, data: "AA==" } },
  };
  await drive.locateFile(1);
  await writeSetLabel(drive, identity, set);
  await drive.rewind();
  assert.deepEqual(await readLabels(drive), { label, set });
  assert.equal(isReservation(set), false);
  assert.equal(isReservation({ ...set, uuid: nilUuid }), true);
});

test("labels of other programs, other files and damaged ones are refused by name", async () => {
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ["format.unexpected-content", bytesFromText("x".repeat(100))],
    ["format.unexpected-content", encodeHead("chunk-file", identity, { store: "s" })],
    ["format.unexpected-content", encodeHead("chunk-file-1.0", identity, { store: "s" })],
    ["format.damaged", encodeHead("cartridge-label", identity, { uuid: "not one", label_text: "A", ctime: 1 })],
    ["format.damaged", encodeHead("cartridge-label", identity, { uuid, label_text: "A", ctime: "x" })],
    ["format.damaged", encodeHead("cartridge-label", identity, { uuid, ctime: 1 })],
    ["format.damaged", encodeHead("cartridge-label", identity, { a: "x".repeat(70_000) })],
    [
      "format.damaged",
      Buffer.concat([encodeHead("cartridge-label", identity, { uuid, label_text: "A", ctime: 1 }), Buffer.of(0)]),
    ],
    ["format.damaged", encodeHead("cartridge-label", identity, {}).subarray(0, 49)],
  ];
  for (const [code, content] of cases) {
    const drive = new SimTapeDrive(new SimCartridge());
    const stream = new StreamWriter(drive, "a label");
    await stream.write(content);
    await stream.finish();
    await drive.rewind();
    await assert.rejects(readLabels(drive), (error) => isFault(error, code), code);
  }
});

const digestOf = (blob: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(blob).digest());

async function chunksOf(cartridge: SimCartridge): Promise<{ blobs: Uint8Array[]; ended: string | undefined }> {
  const file = await openTapeFile(new SimTapeDrive(cartridge), "a chunk file");
  assert.ok(typeof file !== "string");
  const reader = new ChunkFileReader(file, "a chunk file");
  assert.equal(reader.store, "store1");
  const blobs: Uint8Array[] = [];
  for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
    assert.deepEqual(chunk.digest, digestOf(chunk.blob));
    blobs.push(chunk.blob);
  }
  return { blobs, ended: reader.ended };
}

test("chunks come back, at whatever block the end of the medium comes near", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 700_000 }), { minLength: 1, maxLength: 5 }),
      fc.nat(12),
      async (sizes, blocksBeforeWarning) => {
        const cartridge = new SimCartridge({ blocksBeforeWarning, blocksOfReserve: 6 });
        const writer = await ChunkFileWriter.begin(new SimTapeDrive(cartridge), identity, "store1");
        const whole: Uint8Array[] = [];
        for (const [index, size] of sizes.entries()) {
          const blob = new Uint8Array(size).fill(index + 1);
          const written = await writer.write({ digest: digestOf(blob), blob });
          if (written !== "cut") whole.push(blob);
          if (written !== "written") break;
        }
        if (!writer.isClosed) await writer.finish();
        const { blobs, ended } = await chunksOf(cartridge);
        assert.equal(ended, "complete");
        assert.deepEqual(
          blobs.map((blob) => [blob.byteLength, blob[0]]),
          whole.map((blob) => [blob.byteLength, blob[0]]),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test("a chunk file never ends inside of the header of an entry", async () => {
  // The head takes 71 bytes: the header of the second entry crosses the end of the first block.
  const cartridge = new SimCartridge({ blocksBeforeWarning: 0, blocksOfReserve: 9 });
  const writer = await ChunkFileWriter.begin(new SimTapeDrive(cartridge), identity, "store1");
  const first = new Uint8Array(262_128 - 71 - 48 - 20).fill(1);
  assert.equal(await writer.write({ digest: digestOf(first), blob: first }), "written");
  const second = new Uint8Array(300_000).fill(2);
  assert.equal(await writer.write({ digest: digestOf(second), blob: second }), "cut");
  const { blobs } = await chunksOf(cartridge);
  assert.deepEqual(blobs.length, 1);
  const last = cartridge.fileBlocks(0).at(-1);
  assert.ok(last !== undefined && (last[9] ?? 0) + 256 * (last[10] ?? 0) + 65536 * (last[11] ?? 0) > 28);
});

const content = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value);

const sourceFile = (name: string, bytes: Uint8Array): SnapshotFileSource => ({
  name,
  metadata: plainMetadata(0o100644, { uid: 34, gid: 34, mtimeSeconds: 1n }),
  sizeBytes: bytes.byteLength,
  open: () => Promise.resolve(sourceOf(bytes)),
});

test("a snapshot comes back whole, or is marked as incomplete where the medium ends", async () => {
  const files = [sourceFile("index.json.blob", content(50, 1)), sourceFile("a.didx", content(900_000, 2))];
  const name = { store: "store1", snapshot: "ns/a/host/demo/2023-11-14T22:13:20Z" };
  for (let blocks = 0; blocks < 6; blocks++) {
    const cartridge = new SimCartridge({ blocksBeforeWarning: blocks, blocksOfReserve: 6 });
    const written = await writeSnapshotFile(new SimTapeDrive(cartridge), identity, name, files);
    // Four blocks: only when the last one is the first near the end, all was written.
    assert.deepEqual(written, { isComplete: blocks >= 3, isNearEnd: blocks < 4 });
    const file = await openTapeFile(new SimTapeDrive(cartridge), "a snapshot file");
    assert.ok(typeof file !== "string");
    assert.equal(file.magic, "snapshot-file-with-namespace");
    const reader = new SnapshotFileReader(file, "a snapshot file");
    assert.deepEqual(reader.name, name);
    if (!written.isComplete) {
      assert.equal(await reader.skipRest(), "incomplete");
      continue;
    }
    const found: (readonly [string, number])[] = [];
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
      const bytes = new Uint8Array(entry.sizeBytes);
      await readFully(entry.content, bytes);
      assert.equal(entry.metadata.uid, 34);
      found.push([entry.name, bytes.reduce((sum, byte) => sum + byte, 0)]);
    }
    assert.deepEqual(found, [
      ["index.json.blob", 50],
      ["a.didx", 1_800_000],
    ]);
  }
});

test("a catalog uses the reserve behind early warning, and is incomplete only where not even that is enough", async () => {
  const body = content(600_000, 7);
  const write = (blocksBeforeWarning: number, blocksOfReserve: number) => {
    const cartridge = new SimCartridge({ blocksBeforeWarning, blocksOfReserve });
    const source = { cartridge: uuid, set: uuid, setIndex: 2, hasNamespaces: false, body: sourceOf(body) };
    return { cartridge, written: writeCatalogFile(new SimTapeDrive(cartridge), identity, source) };
  };
  const near = write(1, 9);
  assert.deepEqual(await near.written, { isComplete: true, isNearEnd: true });
  const file = await openTapeFile(new SimTapeDrive(near.cartridge), "a catalog file");
  assert.ok(typeof file !== "string" && file.kind === "catalog-file" && file.magic === "catalog-file");
  assert.deepEqual(catalogNameOf(file, "a catalog file"), { cartridge: uuid, set: uuid, setIndex: 2 });
  const bytes = new Uint8Array(body.byteLength + 1);
  assert.equal(await readFully(file.body, bytes), body.byteLength);
  assert.deepEqual(await write(1, 1).written, { isComplete: false, isNearEnd: true });
});

test("whatever bytes a tape file holds, reading it ends or is refused by name", async () => {
  const valid = encodeHead("chunk-file", identity, { store: "store1" });
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 400 }),
      fc.boolean(),
      fc.nat(80),
      fc.nat(255),
      async (tail, isBegunWell, place, value) => {
        const drive = new SimTapeDrive(new SimCartridge());
        const stream = new StreamWriter(drive, "anything");
        const bytes = isBegunWell
          ? Buffer.concat([valid, bytesFromHex("48576df2de428fdc"), tail])
          : Buffer.concat([valid, tail]);
        if (place < bytes.byteLength) bytes[place] = value;
        await stream.write(bytes);
        await stream.finish();
        await drive.rewind();
        try {
          const file = await openTapeFile(drive, "anything");
          if (typeof file === "string" || file.kind !== "chunk-file") return;
          const reader = new ChunkFileReader(file, "anything");
          while ((await reader.next()) !== undefined);
        } catch (error) {
          assert.ok(isFault(error) && error.code.startsWith("format."), String(error));
        }
      },
    ),
    { numRuns: 200 },
  );
});

// SPDX-License-Identifier: Apache-2.0
// Catalogs come back as they were written, and are held to their rules.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesFromHex, concatBytes, hexFromBytes, isFault, newUuid, sourceOf, type Uuid } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { CartridgeCatalog, readCatalog, readCatalogAsFar } from "./catalog.ts";
import { encodeArchiveEntries, encodeLabelEntry, encodeSnapshotEntry } from "./catalog-format.ts";
import { DigestTable } from "./digest-table.ts";

const random = new SeededRandom(3);
const cartridge = newUuid(random);
const set = { uuid: newUuid(random), setIndex: 4 };

const fileArbitrary = fc.record({
  gap: fc.integer({ min: 1, max: 3 }),
  store: fc.constantFrom("store1", "other"),
  chunks: fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 20 }),
  isSnapshot: fc.boolean(),
});

test("whatever a job adds is read back", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fileArbitrary, { maxLength: 12 }), async (files) => {
      const catalog = new CartridgeCatalog(cartridge, set);
      const parts = [catalog.start];
      const model = new Map<string, number>();
      let fileNumber = 1;
      for (const { gap, store, chunks, isSnapshot } of files) {
        fileNumber += gap;
        const uuid = newUuid(random);
        if (isSnapshot) parts.push(catalog.addSnapshot({ fileNumber, uuid, store, path: `host/${fileNumber}/x` }));
        else parts.push(catalog.addArchive({ fileNumber, uuid }, store, chunks));
        for (const chunk of isSnapshot ? [] : chunks) {
          const name = `${store} ${hexFromBytes(chunk)}`;
          if (!model.has(name)) model.set(name, fileNumber);
        }
      }
      const back = await readCatalog(sourceOf(concatBytes(parts)), "a catalog");
      assert.deepEqual(back.snapshots, catalog.snapshots);
      assert.deepEqual([back.cartridge, back.set, back.lastFile], [cartridge, set, catalog.lastFile]);
      assert.equal(back.chunkCount, model.size);
      for (const [name, file] of model) {
        const [store = "", hex = ""] = name.split(" ");
        assert.equal(back.chunkFile(store, bytesFromHex(hex)), file);
      }
    }),
    { numRuns: 60 },
  );
});

const file = (fileNumber: number): { fileNumber: number; uuid: Uuid } => ({ fileNumber, uuid: cartridge });
const good = new CartridgeCatalog(cartridge, set);
const digest = new Uint8Array(32);
const archive = (fileNumber: number): Uint8Array => encodeArchiveEntries(file(fileNumber), "s", [digest]);

test("a catalog that breaks a rule is refused", async () => {
  const cases: Readonly<Record<string, readonly Uint8Array[]>> = {
    empty: [],
    "another magic": [new Uint8Array(8)],
    "no label": [good.start.subarray(0, 8)],
    "a label out of order": [good.start.subarray(0, 8), encodeLabelEntry(file(1), 0)],
    "three labels": [good.start, encodeLabelEntry(file(2), 0)],
    "content without a set": [new CartridgeCatalog(cartridge).start, archive(2)],
    "a file below 2": [good.start, archive(1)],
    "files out of order": [good.start, archive(3), archive(3)],
    "a snapshot inside of a chunk file": [
      good.start,
      archive(2).subarray(0, 67),
      encodeSnapshotEntry(file(3), "s", "p"),
    ],
    "an end of another file": [good.start, archive(2).subarray(0, 67), archive(3).subarray(67)],
    "an unknown type": [good.start, Uint8Array.of(0x5a)],
    "a cut entry": [good.start, archive(2).subarray(0, 50)],
  };
  for (const [name, parts] of Object.entries(cases)) {
    const reading = readCatalog(sourceOf(concatBytes(parts)), "a catalog");
    await assert.rejects(reading, (error) => isFault(error, "media.damaged"), name);
  }
  assert.throws(
    () => {
      const catalog = new CartridgeCatalog(cartridge, set);
      catalog.addArchive(file(2), "s", []);
      catalog.addArchive(file(2), "s", []);
    },
    (error) => isFault(error, "media.damaged"),
  );
});

test("a catalog whose last entry was torn is whole up to there, wherever that is", async () => {
  const parts = [good.start, archive(2), encodeSnapshotEntry(file(3), "s", "host/a/x"), archive(4)];
  const whole = concatBytes(parts);
  const ends = parts.map((_, index) => concatBytes(parts.slice(0, index + 1)).byteLength);
  for (let size = good.start.byteLength; size <= whole.byteLength; size++) {
    const { catalog, wholeBytes, isCut } = await readCatalogAsFar(sourceOf(whole.subarray(0, size)), "a catalog");
    const end = ends.findLast((candidate) => candidate <= size);
    assert.deepEqual([wholeBytes, isCut, catalog.lastFile], [end, end !== size, 1 + ends.indexOf(end ?? 0)], `${size}`);
  }
});

test("whatever bytes a catalog has, reading it ends or is refused by name", async () => {
  const valid = concatBytes([good.start, archive(2), encodeSnapshotEntry(file(3), "s", "host/a/x"), archive(4)]);
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(255), fc.nat(valid.byteLength), async (place, value, size) => {
      const bytes = Uint8Array.from(valid.subarray(0, size));
      if (size > 0) bytes[place % size] = value;
      try {
        await readCatalog(sourceOf(bytes), "a catalog");
      } catch (error) {
        assert.ok(isFault(error, "media.damaged"), String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test("a table of digests is a map that grows", () => {
  const table = new DigestTable();
  const model = new Map<string, number>();
  for (let index = 0; index < 5000; index++) {
    // Few different first bytes: slots collide all the time.
    const key = Uint8Array.from(random.bytes(32));
    key[0] = index % 3;
    key.fill(0, 1, 4);
    const hex = hexFromBytes(key);
    assert.equal(table.add(key, index), !model.has(hex));
    model.set(hex, index);
  }
  for (const [hex, value] of model) assert.equal(table.get(bytesFromHex(hex)), value);
  assert.equal(table.count, model.size);
  assert.equal(table.get(new Uint8Array(32).fill(255)), undefined);
});

// SPDX-License-Identifier: Apache-2.0
// The catalog of a cartridge byte by byte. Source: Proxmox Backup Server 3.2.4, loaded by its own code.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bytesFromHex, concatBytes, hexFromBytes, sourceOf, type Uuid } from "#base/index.ts";
import {
  CartridgeCatalog,
  CatalogArchiveEnd,
  CatalogArchiveStart,
  CatalogLabel,
  CatalogSnapshot,
  readCatalog,
} from "#media/index.ts";
import { goldenVectors } from "../vector.ts";

const source = "Proxmox Backup Server 3.2.4, catalog of a cartridge";
const cartridge = "65b85639-78d7-4330-85c6-39502b2f9b01" as Uuid;
const set = "9c1e4a60-0d6b-4b63-9d15-3c1f8f2a7b44" as Uuid;
const digest = bytesFromHex("315f5bdb76d078c43b8ac0064e4a0164612b1fce77c869345bfc94c75894edd3");

goldenVectors(CatalogLabel, [
  {
    source,
    hex: "0100000000000000 9c1e4a600d6b4b639d153c1f8f2a7b44 0000000000000000",
    value: { fileNumber: 1n, uuid: bytesFromHex("9c1e4a600d6b4b639d153c1f8f2a7b44"), setIndex: 0n },
  },
]);
goldenVectors(CatalogArchiveStart, [
  {
    source,
    hex: "0200000000000000 00112233445566778899aabbccddee02 06 00000000000000",
    value: { fileNumber: 2n, uuid: bytesFromHex("00112233445566778899aabbccddee02"), storeNameSize: 6 },
  },
]);
goldenVectors(CatalogArchiveEnd, [
  {
    source,
    hex: "0200000000000000 00112233445566778899aabbccddee02",
    value: { fileNumber: 2n, uuid: bytesFromHex("00112233445566778899aabbccddee02") },
  },
]);
goldenVectors(CatalogSnapshot, [
  {
    source,
    hex: "0300000000000000 00112233445566778899aabbccddee03 06 00 1e00 00000000",
    value: { fileNumber: 3n, uuid: bytesFromHex("00112233445566778899aabbccddee03"), storeNameSize: 6, pathSize: 30 },
  },
]);

interface Example {
  readonly archive: Uuid;
  readonly snapshot: Uuid;
  readonly path: string;
}

function written({ archive, snapshot, path }: Example): Uint8Array {
  const catalog = new CartridgeCatalog(cartridge, { uuid: set, setIndex: 0 });
  return concatBytes([
    catalog.start,
    catalog.addArchive({ fileNumber: 2, uuid: archive }, "store1", [digest]),
    catalog.addSnapshot({ fileNumber: 3, uuid: snapshot, store: "store1", path }),
  ]);
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

test("two catalogs are written byte for byte", () => {
  const one = written({
    archive: "00112233-4455-6677-8899-aabbccddee02" as Uuid,
    snapshot: "00112233-4455-6677-8899-aabbccddee03" as Uuid,
    path: "host/demo/2023-11-14T22:13:20Z",
  });
  assert.equal(one.byteLength, 241);
  assert.equal(sha256(one), "3d7b08c96ea52d58d24f9da0db960594a597bfef281e5c2228b3a40d8e34317e");
  const other = written({
    archive: "00112233-4455-6677-8899-aabbccddeeff" as Uuid,
    snapshot: "00112233-4455-6677-8899-aabbccddeeff" as Uuid,
    path: "vm/100/2023-11-14T22:13:20Z",
  });
  assert.equal(sha256(other), "f8777b31b2224c2b5decd202d13892fcaaa67244510d2e4959fbb0e8e378b8d6");
});

test("padding that is not zero is ignored, as Proxmox leaves it", async () => {
  const bytes = bytesFromHex(`
    4c8ee8c120a88971
    4c 0000000000000000 65b8563978d7433085c639502b2f9b01 0000000000000000
    4c 0100000000000000 9c1e4a600d6b4b639d153c1f8f2a7b44 0300000000000000
    41 0200000000000000 00112233445566778899aabbccddee02 06 a1b2c3d4e5f607 73746f726531
    43 ${hexFromBytes(digest)}
    45 0200000000000000 00112233445566778899aabbccddee02
    53 0500000000000000 00112233445566778899aabbccddee03 06 99 1e00 aabbccdd 73746f726531 3a
    686f73742f64656d6f2f323032332d31312d31345432323a31333a32305a`);
  const catalog = await readCatalog(sourceOf(bytes), "example");
  assert.deepEqual([catalog.cartridge, catalog.set], [cartridge, { uuid: set, setIndex: 3 }]);
  assert.equal(catalog.chunkFile("store1", digest), 2);
  assert.equal(catalog.chunkFile("store2", digest), undefined);
  assert.equal(catalog.snapshot("store1", "host/demo/2023-11-14T22:13:20Z")?.fileNumber, 5);
});

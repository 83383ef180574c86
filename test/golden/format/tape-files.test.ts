// SPDX-License-Identifier: Apache-2.0
// Tape files byte by byte. Source: Proxmox Backup Server 3.2.4, blocks and a whole cartridge (labels, a chunk, a snapshot,
// a catalog) made by a program that is independent of ours and read without complaint by Proxmox's own modules.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import {
  bytesFromAscii,
  bytesFromHex,
  concatBytes,
  type EpochSeconds,
  hexFromBytes,
  sourceOf,
  type Uuid,
} from "#base/index.ts";
import {
  ChunkEntryHeader,
  ChunkFileWriter,
  ContentHeader,
  encodeHead,
  StreamBlockHeader,
  StreamWriter,
  writeCartridgeLabel,
  writeCatalogFile,
  writeSetLabel,
  writeSnapshotFile,
} from "#format/index.ts";
import { plainMetadata } from "#pxar/index.ts";
import { SimCartridge, SimTapeDrive } from "#sim/index.ts";
import { goldenVectors } from "../vector.ts";

const source = "Proxmox Backup Server 3.2.4";
const medium = "65b85639-78d7-4330-85c6-39502b2f9b01" as Uuid;
const mediaSet = "9c1e4a60-0d6b-4b63-9d15-3c1f8f2a7b44" as Uuid;
const at = (seconds: number): EpochSeconds => seconds as EpochSeconds;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

goldenVectors(StreamBlockHeader, [
  {
    source: `${source}, a stream of 262129 bytes that is incomplete, second block`,
    hex: "dcbdafcaeba0a528 03 010000 01000000",
    value: {
      magic: bytesFromHex("dcbdafcaeba0a528"),
      isEnd: true,
      isIncomplete: true,
      payloadSize: 1,
      sequence: 1,
    },
  },
]);

goldenVectors(ContentHeader, [
  {
    source: `${source}, a cartridge label`,
    hex: "63ee149fcdf29b0c 2a05bf3cb030aa39 00112233445566778899aabbccddeeff 00f1536500000000 67000000 00 000000",
    value: {
      magic: bytesFromHex("63ee149fcdf29b0c"),
      content: bytesFromHex("2a05bf3cb030aa39"),
      uuid: bytesFromHex("00112233445566778899aabbccddeeff"),
      ctime: 1_700_000_000n,
      size: 0x67,
      partNumber: 0,
    },
  },
]);

const helloDigest = bytesFromHex("315f5bdb76d078c43b8ac0064e4a0164612b1fce77c869345bfc94c75894edd3");
const helloBlob = bytesFromHex("42ab3807be8370a1 e6c6e6eb 48656c6c6f2c20776f726c6421");

goldenVectors(ChunkEntryHeader, [
  {
    source: `${source}, a chunk archive`,
    hex: `48576df2de428fdc ${hexFromBytes(helloDigest)} 1900000000000000`,
    value: { magic: bytesFromHex("48576df2de428fdc"), digest: helloDigest, size: 25n },
  },
]);

async function streamOf(content: Uint8Array, isIncomplete = false): Promise<Uint8Array> {
  const cartridge = new SimCartridge();
  const writer = new StreamWriter(new SimTapeDrive(cartridge), "a stream");
  await writer.write(content);
  await writer.finish({ isIncomplete });
  assert.equal(cartridge.objects.at(-1), "filemark");
  return cartridge.fileBytes(0);
}

test("blocks of streams are those of Proxmox's writer", async () => {
  const empty = await streamOf(new Uint8Array(0));
  assert.equal(sha256(empty), "f8a6cc556c8b960b05d6948389a3c530d49eacebd8b7ecaf8bdc51463675274a");
  const abc = await streamOf(bytesFromAscii("ABC"));
  assert.equal(sha256(abc), "7a468dddba9de96b3942a5bbcf7df9c08d7c0f98401e86f6db799e119a2f0b14");
  const full = await streamOf(new Uint8Array(262128).fill(0x5a));
  assert.equal(sha256(full), "aa797217f9c1f9cc2448d3dc10aac5b4c25e4edf66399c7103658a0e7bdc4d8b");
  const over = await streamOf(new Uint8Array(262129).fill(0x5a), true);
  assert.equal(hexFromBytes(over.subarray(262144, 262144 + 17)), "dcbdafcaeba0a52803010000010000005a");
});

const headerUuid = "00112233-4455-6677-8899-aabbccddeeff" as Uuid;

test("a cartridge label is written as Proxmox writes it, with a pool and without", async () => {
  const label = { uuid: medium, labelText: "TAPE01L8", ctime: at(1_700_000_000) };
  const identity = { uuid: headerUuid, ctime: at(1_700_000_000) };
  const written = async (pool: string | undefined): Promise<string> => {
    const cartridge = new SimCartridge();
    await writeCartridgeLabel(new SimTapeDrive(cartridge), identity, { ...label, pool });
    return sha256(cartridge.fileBytes(0));
  };
  assert.equal(await written(undefined), "5ba3c4addf1ffc13efd2a15b337adf368d7d80987390d45f9f515e4220fa99b7");
  assert.equal(await written("offsite"), "388b1c89bb368a28d76f08b82475b4bde3517c3a3c2b260fd7254423ff23e8b4");
});

test("the head of a chunk archive is that of Proxmox", () => {
  const head = encodeHead("chunk-file", { uuid: headerUuid, ctime: at(1_700_000_200) }, { store: "store1" });
  assert.equal(
    hexFromBytes(head),
    "63ee149fcdf29b0c6d31636dd70283bf00112233445566778899aabbccddeeffc8f1536500000000170000000000" +
      "00007b0a20202273746f7265223a202273746f726531220a7d",
  );
});

/** A blob as datastores keep it, not compressed: magic, CRC-32, data. */
function plainBlob(data: Uint8Array): Uint8Array {
  const check = new Uint8Array(4);
  new DataView(check.buffer).setUint32(0, crc32(data), true);
  return concatBytes([bytesFromHex("42ab3807be8370a1"), check, data]);
}

const manifest = `{
  "backup-id": "demo",
  "backup-time": 1700000000,
  "backup-type": "host",
  "files": [
    {
      "crypt-mode": "none",
      "csum": "6246efc88ae4aa025e48c9c7adc723d5c97171a1fa6233623c7251ab8e57602f",
      "filename": "disk.img.fidx",
      "size": 13
    },
    {
      "crypt-mode": "none",
      "csum": "2e8f69809da3d25768de01a01e894a690d2725dc629e41f278ce58b6aab40a9c",
      "filename": "demo.conf.blob",
      "size": 23
    }
  ],
  "signature": null,
  "unprotected": {}
}`;

const fixedIndex = concatBytes([
  bytesFromHex(`2f7f41ed91fd0fcd ffeeddccbbaa99887766554433221100 00f1536500000000
    6246efc88ae4aa025e48c9c7adc723d5c97171a1fa6233623c7251ab8e57602f 0d00000000000000 0000400000000000`),
  new Uint8Array(4016),
  helloDigest,
]);

const catalog = bytesFromHex(`
4c8ee8c120a88971
4c 0000000000000000 65b8563978d7433085c639502b2f9b01 0000000000000000
4c 0100000000000000 9c1e4a600d6b4b639d153c1f8f2a7b44 0000000000000000
41 0200000000000000 00112233445566778899aabbccddee02 06 00000000000000 73746f726531
43 315f5bdb76d078c43b8ac0064e4a0164612b1fce77c869345bfc94c75894edd3
45 0200000000000000 00112233445566778899aabbccddee02
53 0300000000000000 00112233445566778899aabbccddee03 06 00 1e00 00000000 73746f726531 3a
686f73742f64656d6f2f323032332d31312d31345432323a31333a32305a`);

test("the whole cartridge of the fixture is written byte for byte", async () => {
  const cartridge = new SimCartridge();
  const drive = new SimTapeDrive(cartridge);
  const identity = (number: number): { uuid: Uuid; ctime: EpochSeconds } => ({
    uuid: `00112233-4455-6677-8899-aabbccddee0${number}` as Uuid,
    ctime: at(1_700_000_000 + 100 * number),
  });
  await writeCartridgeLabel(drive, identity(0), {
    uuid: medium,
    labelText: "TAPE01L8",
    ctime: at(1_700_000_000),
    pool: "offsite",
  });
  await writeSetLabel(drive, identity(1), {
    pool: "offsite",
    uuid: mediaSet,
    setIndex: 0,
    ctime: at(1_700_000_100),
    key: undefined,
  });
  const chunks = await ChunkFileWriter.begin(drive, identity(2), "store1");
  assert.equal(await chunks.write({ digest: helloDigest, blob: helloBlob }), "written");
  await chunks.finish();
  const file = (name: string, content: Uint8Array) => ({
    name,
    metadata: plainMetadata(0o100644, { uid: 34, gid: 34, mtimeSeconds: 1_700_000_000n }),
    sizeBytes: content.byteLength,
    open: () => Promise.resolve(sourceOf(content)),
  });
  const snapshot = await writeSnapshotFile(
    drive,
    identity(3),
    { store: "store1", snapshot: "host/demo/2023-11-14T22:13:20Z" },
    [
      file("index.json.blob", plainBlob(bytesFromAscii(manifest))),
      file("disk.img.fidx", fixedIndex),
      file("demo.conf.blob", plainBlob(bytesFromAscii("name: demo\n"))),
    ],
  );
  assert.deepEqual(snapshot, { isComplete: true, isNearEnd: false });
  const name = { cartridge: medium, set: mediaSet, setIndex: 0 };
  await writeCatalogFile(drive, identity(4), { ...name, hasNamespaces: true, body: sourceOf(catalog) });
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((number) => sha256(cartridge.fileBytes(number))),
    [
      "8e853d17ed5e6c936286304bb2cba48b4197821f58325a2ad0afb107bd8260fc",
      "6cb537ed3905da9a804a2c367548cac1d23d0e91dc32fe483d0c4a8d80ae9bb2",
      "0a2dfe6f6ebb4a7521dc6ad5829dbfb3f5940b33e926317ab3f3968245d0ac43",
      "d45b26e27131739108a237a11255a0632578d0bb04ede916c5c60b64fe7884c6",
      "b42bf56a771bc31a3207044facac40d67e9d1b747c5808d4268304d2c1d2fed1",
    ],
  );
});

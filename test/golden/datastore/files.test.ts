// SPDX-License-Identifier: Apache-2.0
// Blobs, indexes and manifests byte by byte. Source: Proxmox Backup Server 3.2.4; blobs by its own code with a fixed IV,
// indexes and manifests as published.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  bytesFromAscii,
  bytesFromHex,
  bytesFromText,
  concatBytes,
  hexFromBytes,
  isJsonObject,
  parseJson,
  type Uuid,
} from "#base/index.ts";
import {
  BlobEncryption,
  BlobHeader,
  canonicalText,
  DynamicIndexEntry,
  DynamicIndexHeader,
  decodeBlob,
  encodeBlob,
  FixedIndexHeader,
  IndexBuilder,
} from "#datastore/index.ts";
import { chunkDigest, idKeyOf, signatureOf } from "#keys/index.ts";
import { goldenVectors } from "../vector.ts";

const source = "Proxmox Backup Server 3.2.4";
const key = Uint8Array.from({ length: 32 }, (_, index) => index);
const iv = Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index);
const hello = bytesFromAscii("Hello, world!");
const fox = bytesFromAscii("The quick brown fox jumps over the lazy dog. ".repeat(20));
const helloEncrypted =
  "7b6785be222d4cf0 494c24a7 a0a1a2a3a4a5a6a7a8a9aaabacadaeaf 3df30fcbaf97bb9843a35462a02d805c 62c64fd077e1ed01acec73d5cc";

goldenVectors(BlobHeader, [
  {
    source: `${source}, a plain blob`,
    hex: "42ab3807be8370a1 e6c6e6eb",
    value: { magic: bytesFromHex("42ab3807be8370a1"), crc: 0xebe6c6e6 },
  },
]);
goldenVectors(BlobEncryption, [
  {
    source: `${source}, an encrypted blob`,
    hex: "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf 3df30fcbaf97bb9843a35462a02d805c",
    value: { iv, tag: bytesFromHex("3df30fcbaf97bb9843a35462a02d805c") },
  },
]);

test("blobs in clear and encrypted are those of Proxmox", () => {
  const blob = (data: Uint8Array, isCompressed: boolean, isEncrypted: boolean): string =>
    hexFromBytes(encodeBlob(data, { isCompressed, ...(isEncrypted ? { encryption: { key, iv } } : {}) }));
  assert.equal(blob(hello, false, false), "42ab3807be8370a1e6c6e6eb48656c6c6f2c20776f726c6421");
  assert.equal(blob(hello, true, false), blob(hello, false, false));
  assert.equal(blob(new Uint8Array(0), true, false), "42ab3807be8370a100000000");
  assert.equal(blob(hello, false, true), helloEncrypted.replaceAll(" ", ""));
});

test("compressed blobs of Proxmox are read, and digests computed alike", () => {
  const compressed = bytesFromHex(
    "31b958426fb6a37f 09576884 28b52ffd0048b50100d40254686520717569636b2062726f776e20666f78206a756d7073206f7665722074686" +
      "5206c617a7920646f672e200100a50a2b5506",
  );
  const encrypted = bytesFromHex(
    "e6591bbf0bbfd80b df842eeb a0a1a2a3a4a5a6a7a8a9aaabacadaeaf baccc6ffd9000c416a8baaa4d731703e " +
      "02160c417849cfc3c29ecbb3b97ce8b0f3302a1a151433de926504967f5a5ea766e48b13e6f3d0cb8b7b10d67027979c7b40de42b06aca0f" +
      "c6387ec1ab4ef5ef",
  );
  assert.equal(hexFromBytes(decodeBlob(compressed, { what: "fox" })), hexFromBytes(fox));
  assert.equal(hexFromBytes(decodeBlob(encrypted, { what: "fox", key })), hexFromBytes(fox));
  assert.equal(hexFromBytes(chunkDigest(fox)), "48046ee2e2bded150eb986c1deb51487f118ac774f8802392b953db227329eb6");
  const withKey = hexFromBytes(chunkDigest(fox, idKeyOf(key)));
  assert.equal(withKey, "ce0f65df08003037d2c85456dce4424dfa08e0a1b37946875afc7133a64d8785");
});

test("what we compress in clear does not tell its size, as with Proxmox", () => {
  const blob = encodeBlob(fox, { isCompressed: true });
  assert.equal(hexFromBytes(blob.subarray(0, 8)), "31b958426fb6a37f");
  assert.equal(hexFromBytes(blob.subarray(12, 17)), "28b52ffd00");
  assert.equal(hexFromBytes(decodeBlob(blob, { what: "fox" })), hexFromBytes(fox));
});

const uuid = "9c1e4a60-0d6b-4b63-9d15-3c1f8f2a7b44" as Uuid;
const zeros = bytesFromHex("bb9f8df61474d25e71fa00722318cd387396ca1736605e1248821cc0de3d3af8");
const helloDigest = bytesFromHex("315f5bdb76d078c43b8ac0064e4a0164612b1fce77c869345bfc94c75894edd3");
const fixedHead = `2f7f41ed91fd0fcd 9c1e4a600d6b4b639d153c1f8f2a7b44 00f1536500000000
  2a830afc32423e75910c05bd1f86ff6894585c7b689454779b1e09ab490ec49e 0d00400000000000 0000400000000000`;

goldenVectors(FixedIndexHeader, [
  {
    source: `${source}, an image of two chunks`,
    hex: fixedHead,
    value: {
      magic: bytesFromHex("2f7f41ed91fd0fcd"),
      uuid: bytesFromHex("9c1e4a600d6b4b639d153c1f8f2a7b44"),
      ctime: 1_700_000_000n,
      checksum: bytesFromHex("2a830afc32423e75910c05bd1f86ff6894585c7b689454779b1e09ab490ec49e"),
      size: 4_194_317n,
      chunkSize: 4_194_304n,
    },
  },
]);
goldenVectors(DynamicIndexHeader, [
  {
    source: `${source}, an archive of two chunks`,
    hex: `1c914ea519bab3cd 9c1e4a600d6b4b639d153c1f8f2a7b44 00f1536500000000
      7f494e298f5b98d31ff78ff6f6afe6f6ed4f3aa0b24d7d7dcd2750831105fa22`,
    value: {
      magic: bytesFromHex("1c914ea519bab3cd"),
      uuid: bytesFromHex("9c1e4a600d6b4b639d153c1f8f2a7b44"),
      ctime: 1_700_000_000n,
      checksum: bytesFromHex("7f494e298f5b98d31ff78ff6f6afe6f6ed4f3aa0b24d7d7dcd2750831105fa22"),
    },
  },
]);
goldenVectors(DynamicIndexEntry, [
  {
    source: `${source}, the first chunk of an archive`,
    hex: `0000400000000000 ${hexFromBytes(zeros)}`,
    value: { end: 4_194_304n, digest: zeros },
  },
]);

test("whole indexes are those of Proxmox", () => {
  const digestOf = (chunkSize: number | undefined): string => {
    const builder = new IndexBuilder({ uuid, ctime: 1_700_000_000 }, chunkSize);
    const entries = [builder.add(zeros, 4_194_304), builder.add(helloDigest, 13)];
    const whole = concatBytes([builder.finish().head, ...entries]);
    return createHash("sha256").update(whole).digest("hex");
  };
  assert.equal(digestOf(4_194_304), "a34a548ca8777c60f5e6310b4f2ccc8c252bb282fd5a75b4efd42cd248297e08");
  assert.equal(digestOf(undefined), "8f8af955952c6544798bdcd7e94fb396a8126059738a2b89bafc1f7f394d1a31");
});

test("a manifest is signed as Proxmox's tests sign it", () => {
  const text =
    '{"backup-id":"elsa","backup-time":1593179765,"backup-type":"host","files":[{"crypt-mode":"encrypt","csum":"' +
    `${"01".repeat(32)}","filename":"test1.img.fidx","size":200},{"crypt-mode":"none","csum":"${"02".repeat(32)}",` +
    '"filename":"abc.blob","size":200}]}';
  const document = parseJson(text);
  assert.ok(isJsonObject(document));
  const shuffled = { unprotected: { note: "x" }, files: document["files"] ?? null, ...document, signature: null };
  assert.equal(canonicalText(shuffled), text);
  const raw = bytesFromHex("28cdb1a3bef39396c3860e00d448fe7a0efd8244486ab6feb30457681d31597e");
  const signature = signatureOf(idKeyOf(raw), bytesFromText(text));
  assert.equal(hexFromBytes(signature), "d7b446fb7db081662081d4b40fedd858a1d6307a5aff4ecff7d5bf4fd35679e9");
});

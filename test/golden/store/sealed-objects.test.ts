// SPDX-License-Identifier: Apache-2.0
// Sealed objects against bytes that others made: the cipher against the vectors of its specification, whole objects
// against seal-by-hand.py, which follows docs/FORMATS.md with other libraries and shares no code with Capstan.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesFromHex, bytesFromText, concatBytes, hexFromBytes } from "#base/index.ts";
import { objectKey } from "#store/index.ts";
import { contentKeyOf, protect, unprotect } from "../../../src/store/sealed-cipher.ts";
import { type SealedKind } from "../../../src/store/sealed-format.ts";
import { openWhole, sealWhole } from "../../../src/store/sealed-object.ts";

const secret = Uint8Array.from({ length: 32 }, (_, index) => index);
const dataKey = { name: bytesFromHex("0102030405060708"), secret };
const salt = bytesFromHex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
const key = objectKey("cartridges/C1/manifests/00000001");

interface ObjectVector {
  readonly title: string;
  readonly kind: SealedKind;
  readonly isEncrypted: boolean;
  readonly frameSize: number;
  readonly source: Uint8Array;
  readonly hex: string;
  /** Another compressor may find other bytes for the same content. */
  readonly isCompressed?: boolean;
}

const vectors: readonly ObjectVector[] = [
  {
    title: "three encrypted frames",
    kind: "manifest",
    isEncrypted: true,
    frameSize: 8,
    source: bytesFromText("what is on the tape"),
    hex: [
      "4341505345414c440001020100000000000000000013000000000008000000000102030405060708a0a1a2a3a4a5a6a7",
      "a8a9aaabacadaeaf000000002e95437a00000000000000080000000800000000a95643168fbede8931991bbeffb2fdfa",
      "fa31ffec759527450000000100000008000000080000000078ccec4b8101ebdacae11a33a23948d4364de32d4b79c1dd",
      "00000002000000030000000302000000ae52e68566dd22db9b179cbd4741c7ffd1608c4deebf982674eef97d5cd084ef",
      "442545329f21ead7f1a6cf9783e5af6e37f6c297b579d88d889a664341505345414c4400010201000000000000000000",
      "13000000000008000000000102030405060708a0a1a2a3a4a5a6a7a8a9aaabacadaeaf000000002e95437a",
    ].join(""),
  },
  {
    title: "three plain frames with checksums",
    kind: "manifest",
    isEncrypted: false,
    frameSize: 8,
    source: bytesFromText("what is on the tape"),
    hex: [
      "4341505345414c440001020000000000000000000013000000000008000000000000000000000000a0a1a2a3a4a5a6a7",
      "a8a9aaabacadaeaf000000003148bec1000000000000000800000008000000007768617420697320d370a8a700000000",
      "0000000000000000000000010000000800000008000000006f6e2074686520740f08cc47000000000000000000000000",
      "00000002000000030000000302000000617065856ebf69000000000000000000000000000000086c5c8afe00000008ce",
      "fc5e5f00000003a4b39424ad0d8cae0000000000000000000000004341505345414c4400010200000000000000000000",
      "13000000000008000000000000000000000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf000000003148bec1",
    ].join(""),
  },
  {
    title: "a compressed frame and one that is not",
    kind: "directory",
    isEncrypted: true,
    frameSize: 100,
    source: concatBytes([bytesFromText("a".repeat(100)), secret.subarray(0, 28)]),
    hex: [
      "4341505345414c440001030100000000000000000080000000000064000000000102030405060708a0a1a2a3a4a5a6a7",
      "a8a9aaabacadaeaf00000000024b56ed00000000000000100000006401000000f68b0d9fafbf90a90845ca755e0f55f2",
      "ed2b7a59ebdf86fdb5495a3163418453000000010000001c0000001c0200000017a3ce3ced61cda9cd3af93cc0bbb7a5",
      "139374fa08ed85676420ce31f582a16365b069457e76e7fff20cfc4e4deebf80e5581e637d5cd090f6b07347c962ee0d",
      "7cf37387a25fb19d04d104fe4341505345414c4400010301000000000000000000800000000000640000000001020304",
      "05060708a0a1a2a3a4a5a6a7a8a9aaabacadaeaf00000000024b56ed",
    ].join(""),
    isCompressed: true,
  },
  {
    title: "nothing at all",
    kind: "state",
    isEncrypted: true,
    frameSize: 1_048_576,
    source: new Uint8Array(0),
    hex: [
      "4341505345414c440001040100000000000000000000000000100000000000000102030405060708a0a1a2a3a4a5a6a7",
      "a8a9aaabacadaeaf0000000043e36da100000000000000000000000002000000eb1337bc60e17a13c92f8feb2df537bd",
      "4deebf904a286407a429f6e5e11bd9356c9d3728f941fcf34341505345414c4400010401000000000000000000000000",
      "00100000000000000102030405060708a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0000000043e36da1",
    ].join(""),
  },
];

for (const { title, kind, isEncrypted, frameSize, source, hex, isCompressed = false } of vectors) {
  const owner = isEncrypted ? dataKey : undefined;
  test(`a sealed object as in seal-by-hand.py opens: ${title}`, () => {
    assert.deepEqual(openWhole({ key, kind, dataKey: owner }, bytesFromHex(hex)), source);
  });
  if (isCompressed) continue;
  test(`sealing makes the bytes of seal-by-hand.py: ${title}`, () => {
    const options = { key, kind, sourceSize: source.byteLength, dataKey: owner, salt, frameSize };
    assert.equal(hexFromBytes(sealWhole(options, source, 0)), hex);
  });
}

test("AES-256-GCM is that of the specification of GCM (McGrew and Viega), test case 16", () => {
  const bound = {
    contentKey: bytesFromHex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
    nonce: bytesFromHex("cafebabefacedbaddecaf888"),
    binding: bytesFromHex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
  };
  const plain = bytesFromHex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525" +
      "b16aedf5aa0de657ba637b39",
  );
  const expected =
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838" +
    "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b";
  const into = new Uint8Array(plain.byteLength + 16);
  protect(bound, plain, into, 0);
  assert.equal(hexFromBytes(into), expected);
  assert.deepEqual(unprotect(bound, into), plain);
});

test("the key of an object is HKDF-SHA-256 (RFC 5869) as two lines of Python's hmac compute it", () => {
  assert.equal(
    hexFromBytes(contentKeyOf(secret, salt)),
    "e4c53150b583392b6d9fa97a8d87270a895bef1b39682d77500890f5e8a2f731",
  );
});

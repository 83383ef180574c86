// SPDX-License-Identifier: Apache-2.0
// Encrypted blocks: what goes in comes out, with the right key and unchanged only; and a block of this format that another
// implementation of AES-GCM made (Python cryptography, AESGCM) is opened.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesFromAscii, bytesFromHex, limits } from "#base/index.ts";
import {
  blockKey,
  describeEncrypted,
  isKeyOf,
  decryptBlock,
  encryptBlock,
  encryptedOverheadMax,
  EncryptedBlockHeader,
} from "./encrypted-block.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const encryptions = fc.record({
  key: bytes(32).map(blockKey),
  nonce: bytes(12),
  rawReadable: fc.boolean(),
  descriptorFormat: fc.nat(255),
  open: fc.uint8Array({ maxLength: 32 }),
  authentic: fc.uint8Array({ maxLength: 12 }),
});
const blocks = fc.uint8Array({ minLength: 1, maxLength: 300 });

test("an encrypted block is opened by its key, and says what it was encrypted with", () => {
  fc.assert(
    fc.property(encryptions, blocks, (encryption, block) => {
      const whole = encryptBlock(block, encryption);
      const described = describeEncrypted(whole);
      assert.ok(described !== undefined);
      assert.equal(described.length, block.byteLength);
      assert.deepEqual(
        [described.rawReadable, described.descriptorFormat, described.open, described.authentic],
        [encryption.rawReadable, encryption.descriptorFormat, encryption.open, encryption.authentic],
      );
      assert.ok(isKeyOf(described, encryption.key));
      assert.deepEqual(new Uint8Array(decryptBlock(whole, encryption.key) ?? []), block);
    }),
  );
});

test("another key is told, and does not open the block", () => {
  fc.assert(
    fc.property(encryptions, bytes(32), blocks, (encryption, other, block) => {
      fc.pre(Buffer.compare(other, encryption.key.bytes) !== 0);
      const whole = encryptBlock(block, encryption);
      const described = describeEncrypted(whole);
      assert.ok(described !== undefined && !isKeyOf(described, blockKey(other)));
      assert.equal(decryptBlock(whole, blockKey(other)), undefined);
    }),
  );
});

test("every flipped bit of an encrypted block is noticed", () => {
  const encryption = {
    key: blockKey(new Uint8Array(32).fill(7)),
    nonce: new Uint8Array(12).fill(1),
    rawReadable: true,
    descriptorFormat: 0,
    open: Uint8Array.of(1, 2, 3),
    authentic: Uint8Array.of(4, 5),
  };
  const whole = encryptBlock(new Uint8Array(20).fill(9), encryption);
  for (let bit = 0; bit < 8 * whole.byteLength; bit++) {
    const changed = whole.slice();
    const byte = Math.floor(bit / 8);
    changed[byte] = (changed[byte] ?? 0) ^ (1 << (bit % 8));
    const described = describeEncrypted(changed);
    const isOpened =
      described !== undefined &&
      isKeyOf(described, encryption.key) &&
      decryptBlock(changed, encryption.key) !== undefined;
    assert.ok(!isOpened, `bit ${bit}`);
  }
});

test("what is no encrypted block is not taken for one", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => describeEncrypted(noise) === undefined));
  assert.equal(describeEncrypted(EncryptedBlockHeader.encode({ length: 1 })), undefined);
});

test("a block that another implementation encrypted is opened, and encrypted again to the same bytes", () => {
  const key = blockKey(Uint8Array.from({ length: 32 }, (_, index) => index));
  const whole = bytesFromHex(
    "4341504501010100000400040000000fa0a1a2a3a4a5a6a7a8a9aaab073df1aad93e74d2e43ff2643a19a25c103728a8" +
      "64d735b8000000000000000000000000756b6164616b616487381e412aa8699f0d03a7a7660aa5",
  );
  assert.equal(Buffer.from(decryptBlock(whole, key) ?? []).toString(), "a block of tape");
  const encryption = {
    key,
    nonce: Uint8Array.from({ length: 12 }, (_, index) => 0xa0 + index),
    rawReadable: true,
    descriptorFormat: 0,
    open: bytesFromAscii("ukad"),
    authentic: bytesFromAscii("akad"),
  };
  assert.deepEqual(encryptBlock(bytesFromAscii("a block of tape"), encryption), whole);
});

test("an encrypted block of the largest size fits what is stored", () => {
  assert.ok(limits.blockSizeMax + encryptedOverheadMax <= limits.storedBlockMax);
});

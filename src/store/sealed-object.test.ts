// SPDX-License-Identifier: Apache-2.0
// What was sealed opens; whatever else lies there does not: no byte can be changed, cut, added, moved or replaced.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesFromText, concatBytes, isFault } from "#base/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { crc32 } from "./crc32.ts";
import { objectKey } from "./object-key.ts";
import { DataKeySealer } from "./object-sealer.ts";
import { frameOffsets, frameOverhead, SealedHeader, sealedKinds, type SealedKind } from "./sealed-format.ts";
import { type DataKey, frameRange, openIndex, openWhole, sealedSizeMax, sealWhole } from "./sealed-object.ts";

const random = new SeededRandom("sealed");
const dataKey = { name: random.bytes(8), secret: random.bytes(32) };
const key = objectKey("cartridges/c1/manifests/00000001");
const frameSize = 40;
const text = bytesFromText("Three frames of which the second one is compressed".padEnd(100, "!"));

function seal(owner: DataKey, source = text, at = key, kind: SealedKind = "manifest"): Uint8Array {
  const options = { key: at, kind, sourceSize: source.byteLength, dataKey: owner, salt: random.bytes(16), frameSize };
  return sealWhole(options, source, 1);
}

function open(bytes: Uint8Array, owner: DataKey, at = key, kind: SealedKind = "manifest"): Uint8Array {
  return openWhole({ key: at, kind, dataKey: owner }, bytes);
}

const isRefused = (error: unknown): boolean => isFault(error, "store.object-damaged");
/** With a checksum an attacker can make a good header of anything, so that later checks must refuse it. */
function withHeaderCrc(bytes: Uint8Array): Uint8Array {
  for (const base of [0, bytes.byteLength - SealedHeader.size]) {
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(base + 60, crc32(bytes.subarray(base, base + 60)));
  }
  return bytes;
}

test("content of any size comes back, encrypted or plain, compressed or not, and is no longer than foretold", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.boolean(),
      fc.constantFrom(0, 1, 19),
      fc.integer({ min: 1, max: 400 }),
      (source, isEncrypted, level, size) => {
        const owner = isEncrypted ? dataKey : undefined;
        const options = { key, kind: "state", sourceSize: source.byteLength, dataKey: owner } as const;
        const sealed = sealWhole({ ...options, salt: random.bytes(16), frameSize: size }, source, level);
        assert.deepEqual(open(sealed, owner, key, "state"), Uint8Array.from(source));
        assert.ok(sealed.byteLength <= sealedSizeMax(source.byteLength, size));
      },
    ),
  );
});

test("compressible content becomes shorter, other content does not become longer than its frames need", () => {
  const zeros = new Uint8Array(1000);
  const options = { key, kind: "state", dataKey, salt: random.bytes(16) } as const;
  assert.ok(sealWhole({ ...options, sourceSize: 1000 }, zeros, 1).byteLength < 250);
  const noise = random.bytes(1000);
  assert.equal(sealWhole({ ...options, sourceSize: 1000 }, noise, 1).byteLength, sealedSizeMax(1000, 1_048_576));
});

for (const [name, owner] of [
  ["an encrypted", dataKey],
  ["a plain", undefined],
] as const) {
  test(`every bit of ${name} object counts`, () => {
    const sealed = seal(owner);
    for (let bit = 0; bit < sealed.byteLength * 8; bit++) {
      const changed = sealed.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => open(changed, owner), isRefused, `bit ${bit & 7} of byte ${bit >> 3}`);
    }
  });

  test(`${name} object that was cut anywhere or has something behind it is refused`, () => {
    const sealed = seal(owner);
    for (let size = 0; size < sealed.byteLength; size++) {
      assert.throws(() => open(sealed.subarray(0, size), owner), isRefused, `cut to ${size}`);
      assert.throws(() => open(sealed.subarray(size + 1), owner), isRefused, `without the first ${size + 1}`);
    }
    for (let count = 1; count <= 200; count++) {
      assert.throws(() => open(concatBytes([sealed, new Uint8Array(count)]), owner), isRefused, `${count} more`);
      assert.throws(() => open(concatBytes([sealed, sealed.subarray(0, count)]), owner), isRefused);
    }
    assert.throws(() => open(concatBytes([sealed, sealed]), owner), isRefused);
  });

  test(`frames of ${name} object that changed places, or come from another one, are refused`, () => {
    const [sealed, other] = [seal(owner), seal(owner)];
    const index = openIndex({ key, kind: "manifest", dataKey: owner, objectSize: sealed.byteLength }, sealed);
    const framesOf = (bytes: Uint8Array): Uint8Array[] =>
      index.entries.map((_, frame) => {
        const { offset, length } = frameRange(index, frame);
        return bytes.subarray(offset, offset + length);
      });
    const [mine, theirs] = [framesOf(sealed), framesOf(other)];
    const tail = sealed.subarray(frameOffsets(index.entries).at(-1));
    for (const first of mine.keys()) {
      for (const second of mine.keys()) {
        const swapped = mine.with(first, mine[second] ?? tail).with(second, mine[first] ?? tail);
        const bytes = concatBytes([sealed.subarray(0, SealedHeader.size), ...swapped, tail]);
        if (first !== second) assert.throws(() => open(bytes, owner), isRefused, `${first} and ${second}`);
      }
      const mixed = mine.with(first, theirs[first] ?? tail);
      const bytes = concatBytes([sealed.subarray(0, SealedHeader.size), ...mixed, tail]);
      assert.throws(() => open(bytes, owner), isRefused, `frame ${first} of another object`);
      const without = mine.toSpliced(first, 1);
      assert.throws(() => open(concatBytes([sealed.subarray(0, 64), ...without, tail]), owner), isRefused);
    }
  });

  test(`${name} object under another key, of another cartridge or of another kind is refused`, () => {
    const sealed = seal(owner);
    for (const name of ["cartridges/c1/manifests/00000002", "cartridges/c2/manifests/00000001"]) {
      assert.throws(() => open(sealed, owner, objectKey(name)), isRefused, name);
    }
    for (const kind of Object.keys(sealedKinds) as SealedKind[]) {
      if (kind === "manifest") continue;
      assert.throws(() => open(sealed, owner, key, kind), isRefused, kind);
      const renamed = sealed.slice();
      renamed[10] = sealedKinds[kind];
      renamed[renamed.byteLength - SealedHeader.size + 10] = sealedKinds[kind];
      assert.throws(() => open(withHeaderCrc(renamed), owner, key, kind), isRefused, `${kind}, said by both headers`);
    }
  });
}

test("both headers changed alike, with a good checksum, do not open either", () => {
  const sealed = seal(dataKey);
  for (let bit = 0; bit < 60 * 8; bit++) {
    const changed = sealed.slice();
    for (const base of [0, sealed.byteLength - SealedHeader.size]) {
      changed[base + (bit >> 3)] = (changed[base + (bit >> 3)] ?? 0) ^ (1 << (bit & 7));
    }
    assert.throws(
      () => open(withHeaderCrc(changed), dataKey),
      (error) => isRefused(error) || isFault(error, "store.format-newer"),
      `bit ${bit & 7} of byte ${bit >> 3}`,
    );
  }
});

test("nobody without the data key can make an object that opens", () => {
  const secret = random.bytes(32);
  assert.throws(() => open(seal({ name: dataKey.name, secret }), dataKey), isRefused);
  assert.throws(() => open(seal({ name: random.bytes(8), secret: dataKey.secret }), dataKey), /data key/);
  assert.throws(() => open(seal(undefined), dataKey), /not encrypted/);
  assert.throws(() => open(seal(dataKey), undefined), /data key/);
});

test("the index needs only the end of the object, and says where each frame is", () => {
  const sealed = seal(dataKey);
  const tail = sealed.subarray(sealed.byteLength - (3 * 8 + 16 + 64));
  const index = openIndex({ key, kind: "manifest", dataKey, objectSize: sealed.byteLength }, tail);
  assert.equal(index.header.sourceSize, text.byteLength);
  assert.equal(frameRange(index, 0).offset, SealedHeader.size);
  assert.equal(frameRange(index, 0).length, (index.entries[0]?.length ?? 0) + frameOverhead);
  for (const objectSize of [sealed.byteLength - 1, sealed.byteLength + 1, 0]) {
    assert.throws(() => openIndex({ key, kind: "manifest", dataKey, objectSize }, tail), isRefused);
  }
});

test("a newer version is refused with both numbers", () => {
  const sealed = seal(dataKey);
  for (const base of [0, sealed.byteLength - SealedHeader.size]) sealed[base + 9] = 2;
  assert.throws(
    () => open(withHeaderCrc(sealed), dataKey),
    (error) => isFault(error, "store.format-newer") && /version 2.*up to 1/.test(error.message),
  );
});

test("the sealer of an owner never makes the same bytes twice, and opens what it made", async () => {
  const sealer = new DataKeySealer({ dataKey, random, level: 1 });
  const [first, second] = [await sealer.sealBytes(key, "state", text), await sealer.sealBytes(key, "state", text)];
  assert.notDeepEqual(first, second);
  assert.deepEqual(await sealer.openBytes(key, "state", first), text);
  await assert.rejects(sealer.openBytes(key, "canary", first), isRefused);
});

// SPDX-License-Identifier: Apache-2.0
// A whole pxar archive and a whole catalog, byte by byte. Source: the published format of Proxmox's pxar 0.10.2 and
// pcat1, written down by an encoder that is independent of ours.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { ByteCollector, bytesFromAscii, bytesFromHex, hexFromBytes, sourceOf } from "#base/index.ts";
import {
  CatalogReader,
  CatalogWriter,
  EntryItem,
  GoodbyeRow,
  ItemHeader,
  PxarDecoder,
  PxarEncoder,
  plainMetadata,
} from "#pxar/index.ts";
import { goldenVectors } from "../vector.ts";

const sampleHex = `
efac88e5746495d5 3800000000000000 b441000000000000 0000000000000000 00000000 00000000 0000000000000000 00000000 00000000
b317390621117016 2000000000000000 696e6465782e6a736f6e2e626c6f6200
efac88e5746495d5 3800000000000000 a481000000000000 0000000000000000 22000000 22000000 00f1536500000000 15cd5b07 00000000
251a7c0b1b7a1428 2900000000000000 42ab3807be8370a1e6c6e6eb48656c6c6f2c20776f726c6421
b317390621117016 2600000000000000 71656d752d7365727665722e636f6e662e626c6f6200
efac88e5746495d5 3800000000000000 a481000000000000 0000000000000000 22000000 22000000 01f1536500000000 00000000 00000000
251a7c0b1b7a1428 1c00000000000000 42ab3807be8370a100000000
1d73d542a64fec2f 5800000000000000
  9d257988818a5c6f fb00000000000000 8100000000000000
  b4883da8afa3e66d 7a00000000000000 7a00000000000000
  55153e755bed5eef 3301000000000000 5800000000000000`;
const sample = bytesFromHex(sampleHex);
const source = "pxar 0.10.2, sample of a snapshot archive";

goldenVectors(ItemHeader, [
  { source, hex: "efac88e5746495d5 3800000000000000", value: { type: 0xd5956474e588acefn, fullSize: 56n } },
]);

goldenVectors(EntryItem, [
  {
    source,
    hex: "a481000000000000 0000000000000000 22000000 22000000 00f1536500000000 15cd5b07 00000000",
    value: { mode: 0o100644n, flags: 0n, uid: 34, gid: 34, mtimeSeconds: 1_700_000_000n, mtimeNanoseconds: 123456789 },
  },
]);

goldenVectors(GoodbyeRow, [
  {
    source,
    hex: "55153e755bed5eef 3301000000000000 5800000000000000",
    value: { hash: 0xef5eed5b753e1555n, offset: 0x133n, size: 0x58n },
  },
]);

const owner = { uid: 34, gid: 34 };
const hello = bytesFromHex("42ab3807be8370a1e6c6e6eb48656c6c6f2c20776f726c6421");
const empty = bytesFromHex("42ab3807be8370a100000000");

test(`the encoder writes: ${source}`, async () => {
  const out = new ByteCollector();
  const encoder = new PxarEncoder({ sink: out.sink });
  await encoder.begin(plainMetadata(0o40664));
  const first = plainMetadata(0o100644, { ...owner, mtimeSeconds: 1_700_000_000n, mtimeNanoseconds: 123456789 });
  await encoder.file(bytesFromAscii("index.json.blob"), first, hello.byteLength, sourceOf(hello));
  const second = plainMetadata(0o100644, { ...owner, mtimeSeconds: 1_700_000_001n });
  await encoder.file(bytesFromAscii("qemu-server.conf.blob"), second, empty.byteLength, sourceOf(empty));
  await encoder.endDirectory();
  assert.equal(hexFromBytes(out.bytes()), hexFromBytes(sample));
  const digest = createHash("sha256").update(out.bytes()).digest("hex");
  assert.equal(digest, "33efe5de9e148b3a230b1813202137c9395baf15c56ed688850ed1fcefbc9ec0");
});

test(`the decoder reads: ${source}`, async () => {
  const decoder = new PxarDecoder(sourceOf(sample), "sample");
  const root = await decoder.next();
  assert.equal(root?.kind === "member" && root.member.type, "directory");
  const file = await decoder.next();
  assert.ok(file?.kind === "member" && file.member.type === "file");
  assert.equal(Buffer.from(file.member.name).toString(), "index.json.blob");
  const content = new Uint8Array(25);
  assert.equal(await decoder.content.read(content), 25);
  assert.equal(hexFromBytes(content), hexFromBytes(hello));
  assert.equal((await decoder.next())?.kind, "member");
  assert.equal((await decoder.next())?.kind, "end-of-directory");
  assert.equal(await decoder.next(), undefined);
});

// Source: Proxmox's pcat1, one archive with a file of 13 bytes and a symbolic link.
const catalogHex =
  "91fd60f9c46758d5 11 02 66 05 612e747874 0d 80e2cfaa06 6c 01 6c 12 01 64 0e 726f6f742e707861722e64696478 12" +
  "1a00000000000000";

test("the catalog writer writes the example of pcat1", async () => {
  const out = new ByteCollector();
  const writer = new CatalogWriter(out.sink);
  await writer.begin();
  writer.beginDirectory(bytesFromAscii("root.pxar.didx"));
  writer.addFile(bytesFromAscii("a.txt"), { sizeBytes: 13n, mtime: 1_700_000_000n });
  writer.add("symlink", bytesFromAscii("l"));
  await writer.endDirectory();
  await writer.finish();
  assert.equal(hexFromBytes(out.bytes()), catalogHex.replaceAll(" ", ""));
});

test("the catalog reader reads the example of pcat1", async () => {
  const bytes = bytesFromHex(catalogHex);
  const reader = new CatalogReader(
    {
      sizeBytes: bytes.byteLength,
      readAt: (offset, into) => {
        const part = bytes.subarray(offset, offset + into.byteLength);
        into.set(part);
        return Promise.resolve(part.byteLength);
      },
    },
    "example",
  );
  const root = await reader.list(await reader.rootBlock());
  assert.deepEqual(root, [{ type: "directory", name: bytesFromAscii("root.pxar.didx"), block: 8 }]);
  assert.deepEqual(await reader.list(8), [
    { type: "file", name: bytesFromAscii("a.txt"), sizeBytes: 13n, mtime: 1_700_000_000n },
    { type: "symlink", name: bytesFromAscii("l") },
  ]);
});

// SPDX-License-Identifier: Apache-2.0
// What writeTar writes is read back by readTar, and by the tar of the system where there is one; damage is noticed.

import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { bytesFromText, concatBytes, isFault } from "#base/index.ts";
import { readTar, writeTar, type TarEntry, type TarSource } from "./tar.ts";

async function* each<T>(items: Iterable<T>): AsyncIterable<T> {
  yield* items;
}

function file(path: string, content: Uint8Array): TarSource {
  return {
    path,
    kind: "file",
    mode: 0o640,
    modifiedAt: 1_700_000_000,
    sizeBytes: content.byteLength,
    content: () => each([content.subarray(0, 3), content.subarray(3)]),
  };
}

const folder: TarSource = { path: "empty", kind: "folder", mode: 0o755, modifiedAt: 1, sizeBytes: 0 };
const link: TarSource = {
  path: "short",
  kind: "link",
  mode: 0o777,
  modifiedAt: 5,
  sizeBytes: 0,
  linkTarget: `../${"deep/".repeat(40)}file`,
};

function withoutContent(source: TarSource): TarEntry {
  const { content, ...entry } = source;
  assert.equal(content === undefined, entry.kind !== "file");
  return entry;
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece.slice());
  return concatBytes(all);
}

async function readAll(bytes: Uint8Array, pieceSize: number): Promise<[TarEntry, Uint8Array][]> {
  const pieces: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.byteLength; offset += pieceSize) {
    pieces.push(bytes.subarray(offset, offset + pieceSize));
  }
  const items: [TarEntry, Uint8Array][] = [];
  for await (const { entry, content } of readTar(each(pieces))) items.push([entry, await collect(content)]);
  return items;
}

void test("files, folders, links, long names and names in any language come back, however the stream is cut", async () => {
  const names = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 5 });
  const path = names.map((parts) =>
    parts
      .join("/")
      .replaceAll(/[\0\n]/g, "_")
      .replace(/\/+$/, "x"),
  );
  const property = fc.asyncProperty(
    fc.array(fc.tuple(path, fc.uint8Array({ maxLength: 2000 })), { maxLength: 6 }),
    fc.integer({ min: 1, max: 3000 }),
    async (files, pieceSize) => {
      const sources = [folder, ...files.map(([name, content]) => file(name, content)), link];
      const items = await readAll(await collect(writeTar(each(sources))), pieceSize);
      const expected = sources.map(withoutContent);
      assert.deepEqual(
        items.map(([entry]) => entry),
        expected,
      );
      assert.deepEqual(
        items.slice(1, -1).map(([, content]) => content),
        files.map(([, content]) => content),
      );
    },
  );
  await fc.assert(property, { numRuns: 60 });
});

void test("the tar program lists and checks the stream", async () => {
  const sources = [
    folder,
    file("dir/ä-long-".padEnd(180, "n"), bytesFromText("hello")),
    file("a", new Uint8Array(0)),
    link,
  ];
  const stream = await collect(writeTar(each(sources)));
  const { status, stdout, error } = spawnSync("tar", ["-tf", "-"], { input: stream, env: { LC_ALL: "C.UTF-8" } });
  assert.equal(error, undefined);
  assert.equal(status, 0);
  assert.equal(
    stdout
      .toString()
      .split("\n")
      .filter((line) => line !== "").length,
    4,
  );
});

void test("a damaged header or a stream that ends too early is noticed", async () => {
  const stream = await collect(writeTar(each([file("name", bytesFromText("content of the file"))])));
  for (const offset of [0, 101, 125, 148, 156, 258]) {
    const damaged = stream.slice();
    damaged[offset] = (damaged[offset] ?? 0) ^ 0x04;
    await assert.rejects(readAll(damaged, 512), (error) => isFault(error, "main.tar-damaged"), `byte ${offset}`);
  }
  await assert.rejects(readAll(stream.subarray(0, 700), 512), (error) => isFault(error, "main.tar-damaged"));
});

void test("a file that changes its size while it is read is named", async () => {
  const shrunk = { ...file("log", bytesFromText("12345")), sizeBytes: 9 };
  await assert.rejects(collect(writeTar(each([shrunk]))), (error) => isFault(error, "main.file-changed"));
  const grown = { ...file("log", bytesFromText("12345")), sizeBytes: 2 };
  await assert.rejects(collect(writeTar(each([grown]))), (error) => isFault(error, "main.file-changed"));
});

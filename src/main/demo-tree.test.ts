// SPDX-License-Identifier: Apache-2.0
// A folder as the demonstration sees it: walked, written as a tar stream, compared with what came back.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { isFault } from "#base/index.ts";
import { compareTree, sourcesOf, walkTree } from "./demo-tree.ts";
import { readTar, writeTar, type TarItem } from "./tar.ts";

const long = "n".repeat(150);

let folder = "";

async function* whole(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const piece of bytes) yield piece.slice();
}

async function* changed(items: AsyncIterable<TarItem>, path: string, change: (item: TarItem) => TarItem | undefined) {
  for await (const item of items) {
    const next = item.entry.path === path ? change(item) : item;
    if (next !== undefined) yield next;
    else for await (const _ of item.content);
  }
}

async function* flipped(content: AsyncIterable<Uint8Array>, at: number): AsyncIterable<Uint8Array> {
  let offset = 0;
  for await (const piece of content) {
    const copy = piece.slice();
    if (at >= offset && at < offset + copy.byteLength) copy[at - offset] = (copy[at - offset] ?? 0) ^ 1;
    offset += copy.byteLength;
    yield copy;
  }
}

const changes: readonly (readonly [string, string, (item: TarItem) => TarItem | undefined, RegExp])[] = [
  [
    "one flipped bit",
    "large",
    (item) => ({ ...item, content: flipped(item.content, 2_000_000) }),
    /large: the content/,
  ],
  ["another mode", "zero", (item) => ({ ...item, entry: { ...item.entry, mode: 0o777 } }), /zero: mode is 511/],
  ["another link", "far", (item) => ({ ...item, entry: { ...item.entry, linkTarget: "x" } }), /far: linkTarget is x/],
  ["a missing entry", "empty", () => undefined, /far|large|did not come back/],
];

function comparisonTests(): void {
  test("a walk finds files, folders and links, and names what it leaves out", async () => {
    const tree = await walkTree(folder);
    const kinds = Object.fromEntries(tree.entries.map(({ path, kind }) => [path, kind]));
    assert.equal(kinds["empty"], "folder");
    assert.equal(kinds["dangling"], "link");
    assert.equal(kinds[`${long}/${long}/grüße`], "file");
    assert.equal(tree.totalBytes, 3 * 1024 * 1024 + 17 + 5);
    assert.deepEqual(tree.leftOut, ["pipe"]);
  });

  test("a tree that comes back as it was is equal", async () => {
    const tree = await walkTree(folder);
    const result = await compareTree(tree, readTar(whole(writeTar(sourcesOf(tree)))));
    assert.deepEqual(result, { files: 3, differences: [] });
  });

  for (const [title, path, change, expected] of changes) {
    test(`a tree that comes back with ${title} is different`, async () => {
      const tree = await walkTree(folder);
      const items = changed(readTar(whole(writeTar(sourcesOf(tree)))), path, change);
      const { differences } = await compareTree(tree, items);
      assert.match(differences.join("\n"), expected);
    });
  }

  test("a file that changed on disk since it was written is a difference", async () => {
    const tree = await walkTree(folder);
    const stream: Uint8Array[] = [];
    for await (const piece of writeTar(sourcesOf(tree))) stream.push(piece.slice());
    writeFileSync(join(folder, long, long, "grüße"), "hallo");
    const { differences } = await compareTree(
      tree,
      readTar(
        whole(
          (async function* () {
            yield* stream;
          })(),
        ),
      ),
    );
    assert.match(differences.join("\n"), /grüße: the content differs/);
  });

  test("a file that shrinks while it is read stops the writing by name", async () => {
    const tree = await walkTree(folder);
    writeFileSync(join(folder, "large"), "short");
    utimesSync(join(folder, "large"), 1, 1);
    const drain = async (): Promise<void> => {
      for await (const _ of writeTar(sourcesOf(tree)));
    };
    await assert.rejects(drain(), (error) => isFault(error, "main.file-changed") && /large/.test(error.message));
  });

  test("a folder that is not there is named", async () => {
    await assert.rejects(walkTree(join(folder, "absent")), (error) => isFault(error, "main.bad-folder"));
  });
}

suite("a folder for the demonstration", () => {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "capstan-tree-"));
    mkdirSync(join(folder, "empty"));
    mkdirSync(join(folder, long, long), { recursive: true });
    writeFileSync(join(folder, long, long, "grüße"), "hello");
    writeFileSync(join(folder, "zero"), "");
    writeFileSync(join(folder, "large"), Buffer.alloc(3 * 1024 * 1024 + 17, "0123456789abcde"));
    symlinkSync("../nowhere", join(folder, "dangling"));
    symlinkSync("l".repeat(300), join(folder, "far"));
    spawnSync("mkfifo", [join(folder, "pipe")]);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  comparisonTests();
});

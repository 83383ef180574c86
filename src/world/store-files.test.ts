// SPDX-License-Identifier: Apache-2.0
// The files of a datastore in a real folder, and a real folder as a tree.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, linkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { bytesFromText, isFault, sourceOf } from "#base/index.ts";
import { datastoreFault } from "#datastore/index.ts";
import { filesConformance } from "#datastore/files-conformance.ts";
import { FolderTree } from "./file-tree.ts";
import { FolderFiles } from "./store-files.ts";

const base = mkdtempSync(join(tmpdir(), "capstan-files-"));
after(() => rmSync(base, { recursive: true, force: true }));
let count = 0;
const folder = (): string => {
  const path = join(base, String(count++));
  mkdirSync(path);
  return path;
};

filesConformance("a folder", () => Promise.resolve(new FolderFiles(folder(), datastoreFault)));

test("a folder is read as a tree with names that are no text, links and times", async () => {
  const root = folder();
  const odd = Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xff, 0x41)]);
  writeFileSync(odd, "odd");
  writeFileSync(join(root, "one"), "1");
  linkSync(join(root, "one"), join(root, "two"));
  symlinkSync("one", join(root, "link"));
  utimesSync(join(root, "one"), 5, 1_700_000_000.25);
  const tree = new FolderTree(root, datastoreFault);
  const names = await tree.list([]);
  assert.deepEqual(
    names.map((name) => Buffer.from(name).toString("latin1")),
    ["link", "one", "two", "\u00ffA"],
  );
  const one = await tree.facts([bytesFromText("one")]);
  assert.deepEqual([one.sizeBytes, one.linkCount, one.metadata.mtimeSeconds], [1, 2, 1_700_000_000n]);
  assert.equal(one.identity, (await tree.facts([bytesFromText("two")])).identity);
  assert.equal(one.metadata.mtimeNanoseconds, 250_000_000);
  assert.equal(Buffer.from(await tree.readLink([bytesFromText("link")])).toString(), "one");
  const file = await tree.open([Uint8Array.of(0xff, 0x41)]);
  const into = new Uint8Array(8);
  assert.equal(await file.read(into), 3);
  assert.equal(await file.read(into), 0);
  await file.close();
  await assert.rejects(tree.open([bytesFromText("link")]), (error) => isFault(error, "datastore.file-failed"));
  await assert.rejects(tree.facts([bytesFromText("none")]), (error) => isFault(error, "datastore.file-missing"));
});

test("restoring never overwrites and never follows a link", async () => {
  const root = folder();
  const outside = folder();
  symlinkSync(outside, join(root, "way out"));
  const tree = new FolderTree(root, datastoreFault);
  const name = bytesFromText("way out");
  const isRefused = (error: unknown): boolean => isFault(error, "datastore.file-failed");
  await assert.rejects(tree.makeFolder([name]), isRefused);
  await assert.rejects(tree.writeFile([name], sourceOf(bytesFromText("x"))), isRefused);
  await assert.rejects(tree.makeLink([name], bytesFromText("x")), isRefused);
  assert.deepEqual(readdirSync(outside), []);
});

test("what is restored has its mode and its time", async () => {
  const root = folder();
  const tree = new FolderTree(root, datastoreFault);
  const file = [bytesFromText("file")];
  await tree.writeFile(file, sourceOf(bytesFromText("content")));
  const { metadata } = await tree.facts(file);
  await tree.setMetadata(file, { ...metadata, mode: 0o100640, mtimeSeconds: 123n, mtimeNanoseconds: 500_000_000 });
  await tree.makeHardLink([bytesFromText("same")], file);
  const after = await tree.facts([bytesFromText("same")]);
  assert.deepEqual([after.metadata.mode & 0o7777, after.metadata.mtimeSeconds, after.linkCount], [0o640, 123n, 2]);
});

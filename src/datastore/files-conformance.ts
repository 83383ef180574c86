// SPDX-License-Identifier: Apache-2.0
// What every adapter of the Files port must do. An adapter's test calls `filesConformance` once.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { bytesFromText, isFault } from "#base/index.ts";
import type { Files } from "./files.ts";

async function put(files: Files, path: string, text: string): Promise<void> {
  const file = await files.create(path);
  await file.append(bytesFromText(text));
  await file.commit();
}

async function get(files: Files, path: string): Promise<string> {
  const file = await files.open(path);
  const bytes = new Uint8Array(file.sizeBytes);
  const count = await file.readAt(0, bytes);
  await file.close();
  return Buffer.from(bytes.subarray(0, count)).toString();
}

const failsWith = (code: string) => (error: unknown) => isFault(error, `datastore.${code}`);

type Check = (title: string, body: (files: Files) => Promise<void>) => void;

/** Registers the suite for one adapter; `make` gives empty files for each test. */
export function filesConformance(name: string, make: () => Promise<Files>): void {
  const check: Check = (title, body) => {
    void test(`${name}: ${title}`, async () => body(await make()));
  };
  checkContent(check);
  checkNames(check);
}

function checkContent(check: Check): void {
  check("a file has its name only once it is committed, and then replaces another", async (files) => {
    await files.makeFolder("a/b");
    await put(files, "a/b/file", "one");
    const next = await files.create("a/b/file");
    await next.append(bytesFromText("zzo and more"));
    assert.equal(await get(files, "a/b/file"), "one");
    await next.rewrite(0, bytesFromText("two"));
    await next.commit();
    assert.equal(await get(files, "a/b/file"), "two and more");
    assert.deepEqual(
      (await files.list("a/b")).map((entry) => entry.name),
      ["file"],
    );
  });

  check("a file that is discarded leaves nothing behind", async (files) => {
    await files.makeFolder("a");
    const file = await files.create("a/file");
    await file.append(bytesFromText("never"));
    await file.discard();
    assert.deepEqual(await files.list("a"), []);
    assert.equal(await files.facts("a/file"), undefined);
  });

  check("a part of a file is read at its place, less at its end, nothing behind", async (files) => {
    await put(files, "file", "0123456789");
    const file = await files.open("file");
    const into = new Uint8Array(4);
    assert.equal(await file.readAt(7, into), 3);
    assert.equal(Buffer.from(into.subarray(0, 3)).toString(), "789");
    assert.equal(await file.readAt(10, into), 0);
    await file.close();
  });
}

function checkNames(check: Check): void {
  check("what is not there is undefined, empty, or a fault", async (files) => {
    assert.equal(await files.facts("none"), undefined);
    assert.deepEqual(await files.list("none"), []);
    assert.equal(await files.touch("none"), false);
    await files.remove("none");
    await files.removeFolder("none");
    await assert.rejects(files.open("none"), failsWith("file-missing"));
    await assert.rejects(files.create("none/file"), failsWith("file-missing"));
  });

  check("names are sorted, folders are told from files, and facts say what is there", async (files) => {
    await files.makeFolder("b");
    await put(files, "a", "12345");
    await put(files, "c", "");
    assert.deepEqual(await files.list(""), [
      { name: "a", isFolder: false },
      { name: "b", isFolder: true },
      { name: "c", isFolder: false },
    ]);
    const facts = await files.facts("a");
    assert.deepEqual([facts?.type, facts?.sizeBytes, (facts?.mode ?? 0) & 0o170000], ["file", 5, 0o100000]);
    assert.equal((await files.facts("b"))?.type, "folder");
  });

  check("renewing the time of use changes no other time", async (files) => {
    await put(files, "a", "1");
    const before = await files.facts("a");
    assert.equal(await files.touch("a"), true);
    const after = await files.facts("a");
    assert.equal(after?.mtime, before?.mtime);
    assert.ok((after?.atime ?? 0) >= (before?.atime ?? 0));
  });

  check("renaming and removing do what they say", async (files) => {
    await files.makeFolder("a/b");
    await put(files, "a/one", "1");
    await put(files, "a/b/two", "2");
    await files.rename("a/one", "a/three");
    assert.equal(await get(files, "a/three"), "1");
    await files.remove("a/three");
    assert.deepEqual(await files.list("a"), [{ name: "b", isFolder: true }]);
    await files.removeFolder("a");
    assert.deepEqual(await files.list(""), []);
  });
}

// SPDX-License-Identifier: Apache-2.0
// What every adapter of the Disk port must do. An adapter's test calls `diskConformance` once.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { allocatePages, bytesFromText, isFault } from "#base/index.ts";
import type { Disk, DiskFile } from "./disk.ts";

const failsWith = (code: string) => (error: unknown) => isFault(error, `store.${code}`);

type Check = (title: string, body: (disk: Disk) => Promise<void>) => void;

/** Registers the suite for one adapter; `make` gives an empty disk for each test. */
export function diskConformance(name: string, make: () => Promise<Disk>): void {
  const check: Check = (title, body) => {
    void test(`${name}: ${title}`, async () => body(await make()));
  };
  checkFiles(check);
  checkDirect(check);
  checkNames(check);
}

async function content(file: DiskFile): Promise<string> {
  const bytes = new Uint8Array(await file.size());
  assert.equal(await file.read(0, bytes), bytes.byteLength);
  return Buffer.from(bytes).toString("latin1");
}

async function fileWith(disk: Disk, path: string, text: string): Promise<DiskFile> {
  const file = await disk.open(path, { mode: "create" });
  await file.write(0, [bytesFromText(text)]);
  return file;
}

function checkFiles(check: Check): void {
  check("what was written is what is read, in parts and at offsets", async (disk) => {
    const file = await fileWith(disk, "a", "0123456789");
    await file.write(3, [bytesFromText("ab"), new Uint8Array(), bytesFromText("cd")]);
    assert.equal(await content(file), "012abcd789");
    await file.sync();
    await file.close();
  });

  check("a read at the end is short, behind it empty", async (disk) => {
    const file = await fileWith(disk, "a", "0123456789");
    const into = new Uint8Array(8);
    assert.equal(await file.read(6, into), 4);
    assert.equal(Buffer.from(into.subarray(0, 4)).toString(), "6789");
    assert.equal(await file.read(10, into), 0);
    assert.equal(await file.read(1000, into), 0);
    await file.close();
  });

  check("a write behind the end leaves zeros between", async (disk) => {
    const file = await fileWith(disk, "a", "x");
    await file.write(4, [bytesFromText("y")]);
    assert.equal(await content(file), "x\0\0\0y");
    await file.close();
  });

  check("offsets above 4 GiB are offsets above 4 GiB", async (disk) => {
    const file = await fileWith(disk, "a", "low");
    const far = 2 ** 32 + 2 ** 31 + 5;
    await file.write(far, [bytesFromText("high")]);
    assert.equal(await file.size(), far + 4);
    const into = new Uint8Array(6);
    assert.equal(await file.read(far - 2, into), 6);
    assert.equal(Buffer.from(into).toString("latin1"), "\0\0high");
    assert.equal(await file.read(0, into), 6);
    assert.equal(Buffer.from(into).toString("latin1"), "low\0\0\0");
    await file.close();
  });

  check("a file is cut and extended to a size", async (disk) => {
    const file = await fileWith(disk, "a", "0123456789");
    await file.truncate(4);
    assert.equal(await content(file), "0123");
    await file.truncate(6);
    assert.equal(await content(file), "0123\0\0");
    await file.close();
  });

  check("several reads and writes may be under way", async (disk) => {
    const file = await disk.open("a", { mode: "create" });
    const parts = Array.from({ length: 16 }, (_, index) => new Uint8Array(5000).fill(index));
    await Promise.all(parts.map((part, index) => file.write(index * 5000, [part])));
    const found = parts.map(() => new Uint8Array(5000));
    await Promise.all(found.map((into, index) => file.read(index * 5000, into)));
    assert.deepEqual(found, parts);
    await file.close();
  });
}

function checkDirect(check: Check): void {
  check("direct and other access to a file see the same bytes", async (disk) => {
    const unit = disk.directAlignment;
    const size = Math.max(unit, 512);
    const pages = allocatePages(4 * size);
    const one = pages.subarray(0, size).fill(1);
    const direct = await disk.open("a", { mode: "create", direct: true });
    await direct.write(0, [one]);
    await direct.write(size, [pages.subarray(size, 2 * size).fill(2)]);
    const other = await disk.open("a", { mode: "write" });
    const into = new Uint8Array(2);
    assert.equal(await other.read(size - 1, into), 2);
    assert.deepEqual([...into], [1, 2]);
    await other.write(5, [Uint8Array.of(9)]);
    await other.sync();
    const back = pages.subarray(2 * size, 3 * size);
    assert.equal(await direct.read(0, back), size);
    assert.deepEqual([...back.subarray(4, 7)], [1, 9, 1]);
    await direct.sync();
    await direct.close();
    await other.close();
  });
}

function checkNames(check: Check): void {
  check("opening what does not exist, and creating what does, are faults", async (disk) => {
    await assert.rejects(disk.open("a", { mode: "read" }), failsWith("file-missing"));
    await assert.rejects(disk.open("a", { mode: "write" }), failsWith("file-missing"));
    await assert.rejects(disk.open("none/a", { mode: "create" }), failsWith("file-missing"));
    await (await fileWith(disk, "a", "x")).close();
    await assert.rejects(disk.open("a", { mode: "create" }), failsWith("file-exists"));
    await assert.rejects(disk.rename("b", "c"), failsWith("file-missing"));
  });

  check("a rename replaces what was there", async (disk) => {
    await (await fileWith(disk, "a", "new")).close();
    await (await fileWith(disk, "b", "old")).close();
    await disk.rename("a", "b");
    await disk.syncFolder("");
    const file = await disk.open("b", { mode: "read" });
    assert.equal(await content(file), "new");
    await file.close();
    assert.deepEqual(await disk.list(""), ["b"]);
  });

  check("folders list their names in order; an absent folder is empty", async (disk) => {
    await disk.makeFolder("f/g");
    await disk.makeFolder("f/g");
    for (const name of ["f/c", "f/a", "f/g/b"]) await (await fileWith(disk, name, "x")).close();
    await disk.syncFolder("f");
    assert.deepEqual(await disk.list("f"), ["a", "c", "g"]);
    assert.deepEqual(await disk.list("f/g"), ["b"]);
    assert.deepEqual(await disk.list("none"), []);
  });

  check("what is removed is gone, and removing again is no fault", async (disk) => {
    await disk.makeFolder("f/g");
    for (const name of ["f/a", "f/g/b"]) await (await fileWith(disk, name, "x")).close();
    await disk.remove("f/a");
    await disk.remove("f/a");
    assert.deepEqual(await disk.list("f"), ["g"]);
    await disk.removeFolder("f");
    await disk.removeFolder("f");
    assert.deepEqual(await disk.list("f"), []);
    await assert.rejects(disk.open("f/g/b", { mode: "read" }), failsWith("file-missing"));
  });

  check("an open file that was removed can still be read", async (disk) => {
    const file = await fileWith(disk, "a", "still here");
    await disk.remove("a");
    assert.equal(await content(file), "still here");
    await file.close();
  });

  check("there is free space", async (disk) => {
    assert.ok((await disk.freeBytes()) > 0);
  });
}

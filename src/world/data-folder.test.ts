// SPDX-License-Identifier: Apache-2.0
// The data folder and its lock, on a real file system and, for the lock, with a second process.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { isFault } from "#base/index.ts";
import { openDataFolder } from "./data-folder.ts";
import { lockInstance } from "./instance-lock.ts";
import { PrivateFile } from "./private-file.ts";

let folder = "";

const fault = (code: string, text: RegExp) => (error: unknown) => isFault(error, code) && text.test(error.message);

function folderTests(): void {
  test("an absent folder is made, is new once, and can be opened again after it was closed", () => {
    const path = join(folder, "a", "b");
    const first = openDataFolder(path);
    assert.equal(first.isNew, true);
    first.close();
    first.close();
    const second = openDataFolder(path);
    assert.equal(second.isNew, false);
    second.close();
  });

  test("a folder that holds only a configuration counts as empty", () => {
    writeFileSync(join(folder, "capstan.toml"), "");
    const opened = openDataFolder(folder);
    assert.equal(opened.isNew, true);
    opened.close();
  });

  test("a folder with other files is refused by name and left as it was", () => {
    writeFileSync(join(folder, "thesis.tex"), "x");
    assert.throws(() => openDataFolder(folder), fault("world.folder-foreign", new RegExp(folder)));
    assert.throws(() => statSync(join(folder, "lock")));
  });

  test("a folder of a newer version is refused with both versions named", () => {
    writeFileSync(join(folder, "capstan-data.json"), JSON.stringify({ product: "capstan", format: 7 }));
    assert.throws(() => openDataFolder(folder), fault("world.folder-newer", /format 7, this version knows 1/));
  });

  for (const text of ["", "{}", "[1]", '{"format":"1"}', '{"format":0}', "nonsense"]) {
    test(`a damaged marker is refused: ${JSON.stringify(text)}`, () => {
      writeFileSync(join(folder, "capstan-data.json"), text);
      assert.throws(() => openDataFolder(folder), fault("world.folder-damaged", /capstan-data\.json/));
      lockInstance(folder).release();
    });
  }

  test("a path below a file is refused as unusable", () => {
    writeFileSync(join(folder, "file"), "");
    assert.throws(() => openDataFolder(join(folder, "file", "home")), fault("world.folder-unusable", /--home/));
  });

  test("a folder that nobody can write to is refused as unusable", () => {
    assert.throws(() => openDataFolder("/proc/capstan"), fault("world.folder-unusable", /\/proc\/capstan/));
  });

  test("a second lock in the same process is refused", () => {
    const held = openDataFolder(folder);
    assert.throws(() => openDataFolder(folder), fault("world.folder-locked", new RegExp(`process ${process.pid}`)));
    held.close();
    openDataFolder(folder).close();
  });
}

function lockTests(): void {
  test("a lock held by another process is refused, and free as soon as that process is killed", async () => {
    const module_ = join(import.meta.dirname, "instance-lock.ts");
    const script = `const { lockInstance } = await import(${JSON.stringify(module_)});
    globalThis.held = lockInstance(process.argv[1]); process.stdout.write("held"); setInterval(() => {}, 1000);`;
    const other = spawn(process.execPath, ["--input-type=module", "-e", script, folder], { stdio: "pipe" });
    try {
      await new Promise((resolve, reject) => {
        other.stdout.once("data", resolve);
        other.once("exit", () => reject(new Error("the other process ended early")));
      });
      assert.throws(() => lockInstance(folder), fault("world.folder-locked", new RegExp(`process ${other.pid}`)));
    } finally {
      const gone = new Promise((resolve) => other.once("close", resolve));
      other.removeAllListeners("exit");
      other.kill("SIGKILL");
      await gone;
    }
    lockInstance(folder).release();
  });

  test("of many processes that start at once exactly one gets the lock", async () => {
    const module_ = join(import.meta.dirname, "instance-lock.ts");
    const script = `const { lockInstance } = await import(${JSON.stringify(module_)});
    try { globalThis.held = lockInstance(process.argv[1]); process.stdout.write("w"); } catch { process.stdout.write("l"); }
    process.stdin.resume();`;
    const others = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ["--input-type=module", "-e", script, folder], { stdio: "pipe" }),
    );
    const words = await Promise.all(
      others.map(
        (other) => new Promise<string>((resolve) => other.stdout.once("data", (text) => resolve(String(text)))),
      ),
    );
    for (const other of others) other.stdin.end();
    await Promise.all(others.map((other) => new Promise((resolve) => other.once("close", resolve))));
    assert.deepEqual(words.toSorted(), ["l", "l", "l", "w"]);
  });

  test("a private file is for its owner only, replaced as a whole, and absent at first", () => {
    const file = new PrivateFile(join(folder, "secret"));
    assert.equal(file.read(), undefined);
    file.replace("one");
    file.replace("two");
    assert.equal(file.read(), "two");
    file.note("three");
    assert.equal(file.read(), "three");
    assert.equal(statSync(file.path).mode & 0o777, 0o600);
    file.remove();
    file.remove();
    assert.equal(file.read(), undefined);
  });

  test("a private file that cannot be written or read says which and why", () => {
    mkdirSync(join(folder, "sub"));
    const isFolder = new PrivateFile(join(folder, "sub"));
    assert.throws(() => isFolder.read(), fault("world.file-unreadable", /sub/));
    assert.throws(() => isFolder.replace("x"), fault("world.file-unwritable", /sub/));
    assert.throws(() => readFileSync(join(folder, "sub.txt")));
  });
}

suite("the data folder", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "capstan-world-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  folderTests();
  lockTests();
});

// SPDX-License-Identifier: Apache-2.0
// What every adapter of the TapeDrive port must do. An adapter's test calls `tapeDriveConformance` once.

import { strict as assert } from "node:assert";
import { test } from "node:test";
import { streamBlockSize } from "./stream-block.ts";
import type { TapeDrive } from "./tape-drive.ts";

const block = (value: number): Uint8Array => new Uint8Array(streamBlockSize).fill(value);

async function writeFile(drive: TapeDrive, ...values: readonly number[]): Promise<void> {
  for (const value of values) assert.equal(await drive.writeBlock(block(value)), "written");
  await drive.writeFilemark();
}

/** Values of the blocks up to the next filemark or the end of data, and which of the two it was. */
async function readFile(drive: TapeDrive): Promise<readonly (number | string)[]> {
  const found: (number | string)[] = [];
  const into = new Uint8Array(streamBlockSize);
  for (;;) {
    const read = await drive.readBlock(into);
    if (read !== "block") return [...found, read];
    found.push(into[streamBlockSize - 1] ?? -1);
  }
}

/** Registers the suite for one adapter; `make` gives a drive with an empty cartridge for each test. */
export function tapeDriveConformance(
  name: string,
  make: () => Promise<TapeDrive>,
  { encrypts = true }: { readonly encrypts?: boolean } = {},
): void {
  checkFiles(name, make);
  checkEnds(name, make);
  if (encrypts) checkEncryption(name, make);
  else checkNoEncryption(name, make);
}

function checkNoEncryption(name: string, make: () => Promise<TapeDrive>): void {
  test(`${name}: a key is refused, and taking none away is not`, async () => {
    const drive = await make();
    await drive.setEncryptionKey(undefined);
    await assert.rejects(drive.setEncryptionKey(new Uint8Array(32)));
  });
}

function checkFiles(name: string, make: () => Promise<TapeDrive>): void {
  test(`${name}: blocks and filemarks come back, then the end of data`, async () => {
    const drive = await make();
    await writeFile(drive, 1, 2);
    await writeFile(drive, 3);
    assert.equal(await drive.fileNumber(), 2);
    await drive.flush();
    await drive.rewind();
    assert.deepEqual(await readFile(drive), [1, 2, "filemark"]);
    assert.deepEqual(await readFile(drive), [3, "filemark"]);
    assert.deepEqual(await readFile(drive), ["end-of-data"]);
    assert.deepEqual(await readFile(drive), ["end-of-data"]);
  });

  test(`${name}: tape files are found by number, and those that are not there are not`, async () => {
    const drive = await make();
    for (let value = 0; value < 5; value++) await writeFile(drive, value);
    for (const file of [3, 0, 4, 1]) {
      await drive.locateFile(file);
      assert.equal(await drive.fileNumber(), file);
      assert.deepEqual(await readFile(drive), [file, "filemark"]);
    }
    await assert.rejects(drive.locateFile(6));
  });

  test(`${name}: writing in the middle ends the tape there`, async () => {
    const drive = await make();
    for (let value = 0; value < 4; value++) await writeFile(drive, value);
    await drive.locateFile(1);
    await writeFile(drive, 9);
    assert.equal(await drive.locateEnd(), 2);
    await drive.locateFile(1);
    assert.deepEqual(await readFile(drive), [9, "filemark"]);
    assert.deepEqual(await readFile(drive), ["end-of-data"]);
  });
}

function checkEnds(name: string, make: () => Promise<TapeDrive>): void {
  test(`${name}: the end is behind the last filemark, and one is written where it is missing`, async () => {
    const drive = await make();
    assert.equal(await drive.locateEnd(), 0);
    await writeFile(drive, 1);
    assert.equal(await drive.locateEnd(), 1);
    await drive.writeBlock(block(2));
    await drive.rewind();
    assert.equal(await drive.locateEnd(), 2);
    await drive.locateFile(1);
    assert.deepEqual(await readFile(drive), [2, "filemark"]);
  });

  test(`${name}: an erased cartridge is empty`, async () => {
    const drive = await make();
    await writeFile(drive, 1);
    await drive.erase({ isFast: true });
    await drive.rewind();
    assert.deepEqual(await readFile(drive), ["end-of-data"]);
    assert.equal(await drive.locateEnd(), 0);
  });
}

function checkEncryption(name: string, make: () => Promise<TapeDrive>): void {
  test(`${name}: what is written with a key is read with it only, and what is in clear with it too`, async () => {
    const drive = await make();
    const key = new Uint8Array(32).fill(7);
    await writeFile(drive, 1);
    await drive.setEncryptionKey(key);
    await writeFile(drive, 2);
    await drive.rewind();
    assert.deepEqual(await readFile(drive), [1, "filemark"]);
    assert.deepEqual(await readFile(drive), [2, "filemark"]);
    for (const wrong of [undefined, new Uint8Array(32).fill(8)]) {
      await drive.setEncryptionKey(wrong);
      await drive.locateFile(1);
      await assert.rejects(readFile(drive));
    }
    await drive.setEncryptionKey(undefined);
    assert.deepEqual(await drive.criticalAlerts(), []);
  });
}

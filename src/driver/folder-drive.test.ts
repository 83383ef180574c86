// SPDX-License-Identifier: Apache-2.0
// The folder drive does what the port asks for, and its files are those of Proxmox's virtual drive.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { bytesFromText, type EpochSeconds, isFault, type Uuid } from "#base/index.ts";
import { readLabels, streamBlockSize, writeCartridgeLabel, writeSetLabel } from "#format/index.ts";
import { tapeDriveConformance } from "#format/tape-drive-conformance.ts";
import { SimClock, SimFiles } from "#sim/index.ts";
import { FolderDrive, folderLabels, loadedLabel, setLoaded } from "./folder-drive.ts";

function bed(sizeBytes?: number) {
  const files = new SimFiles(new SimClock());
  files.put("tape-TAPE01L8.json", new Uint8Array(0));
  const options = { name: "virtual0", files, ...(sizeBytes === undefined ? {} : { sizeBytes }) };
  return { files, open: () => FolderDrive.open(options, "TAPE01L8") };
}

tapeDriveConformance("a folder drive", () => bed().open(), { encrypts: false });

async function contentOf(files: SimFiles, path: string): Promise<Uint8Array> {
  const file = await files.open(path);
  const bytes = new Uint8Array(file.sizeBytes);
  await file.readAt(0, bytes);
  return bytes;
}

// Source: the fixture of a virtual tape that Proxmox's own modules read; the hashes are those of its files.
test("labels lie in the files of Proxmox's virtual tape, byte for byte", async () => {
  const { files, open } = bed();
  const drive = await open();
  const uuid = "65b85639-78d7-4330-85c6-39502b2f9b01" as Uuid;
  const identity = (number: number) => ({
    uuid: `00112233-4455-6677-8899-aabbccddee0${number}` as Uuid,
    ctime: (1_700_000_000 + 100 * number) as EpochSeconds,
  });
  const pool = "offsite";
  await writeCartridgeLabel(drive, identity(0), { uuid, labelText: "TAPE01L8", ctime: identity(0).ctime, pool });
  const set = "9c1e4a60-0d6b-4b63-9d15-3c1f8f2a7b44" as Uuid;
  await writeSetLabel(drive, identity(1), { pool, uuid: set, setIndex: 0, ctime: identity(1).ctime, key: undefined });
  const sha256 = async (path: string): Promise<string> =>
    createHash("sha256")
      .update(await contentOf(files, path))
      .digest("hex");
  const [first, second] = [await sha256("tapefile-0-TAPE01L8.json"), await sha256("tapefile-1-TAPE01L8.json")];
  assert.equal(first, "8e853d17ed5e6c936286304bb2cba48b4197821f58325a2ad0afb107bd8260fc");
  assert.equal(second, "6cb537ed3905da9a804a2c367548cac1d23d0e91dc32fe483d0c4a8d80ae9bb2");
  assert.equal(Buffer.from(await contentOf(files, "tape-TAPE01L8.json")).toString(), '{\n  "files": 2\n}');
  assert.equal((await readLabels(await open()))?.set?.uuid, set);
});

test("with room for two records, two are written, two are near the end, and the fifth does not fit", async () => {
  const drive = await bed(2 * streamBlockSize).open();
  const answers: string[] = [];
  for (let count = 0; count < 5; count++) answers.push(await drive.writeBlock(new Uint8Array(streamBlockSize)));
  assert.deepEqual(answers, ["written", "written", "near-end", "near-end", "no-space"]);
});

test("a folder tells its cartridges and which one is loaded, and what is not there is missing", async () => {
  const { files } = bed();
  files.put("tapefile-0-TAPE01L8.json", new Uint8Array(0));
  assert.deepEqual(await folderLabels(files), ["TAPE01L8"]);
  assert.equal(await loadedLabel(files), undefined);
  await setLoaded(files, "TAPE01L8");
  assert.equal(await loadedLabel(files), "TAPE01L8");
  const status = Buffer.from(await contentOf(files, "drive-status.json")).toString();
  assert.equal(status, '{\n  "current_tape": {\n    "name": "TAPE01L8",\n    "pos": 0\n  }\n}');
  const missing = FolderDrive.open({ name: "virtual0", files }, "NONE");
  await assert.rejects(missing, (error) => isFault(error, "driver.cartridge-missing"));
  files.put("tape-BAD.json", bytesFromText("{"));
  await assert.rejects(FolderDrive.open({ name: "virtual0", files }, "BAD"), (error) =>
    isFault(error, "driver.bad-block"),
  );
});

// SPDX-License-Identifier: Apache-2.0
// The manager's drive and changer against our own gateway: iSCSI on loopback, in one process.

import assert from "node:assert/strict";
import { after, suite, test } from "node:test";
import { isFault } from "#base/index.ts";
import { loadMoves, onlineLabels, ScsiTapeDrive, unloadMoves } from "#driver/index.ts";
import { tapeDriveConformance } from "#format/tape-drive-conformance.ts";
import { libraryBed } from "./library-bed.ts";

const MiB = 1024 * 1024;

void suite("the manager's hands on our own library", async () => {
  const bed = await libraryBed({ barcodes: ["AAA001L8", "AAA002L8"], sizeBytes: 64 * MiB });
  after(() => bed.close());

  const load = async (label: string): Promise<void> => {
    for (const { from, to } of loadMoves(await bed.changer.status(), "lib", label, 0)) await bed.changer.move(from, to);
  };

  tapeDriveConformance("a drive of our gateway", async () => {
    await load("AAA001L8");
    const drive = await bed.openDrive();
    await drive.setEncryptionKey(undefined);
    await drive.erase({ isFast: true });
    return drive;
  });

  test("the changer tells what is where, with serial numbers of its drives", async () => {
    await load("AAA002L8");
    const status = await bed.changer.status();
    assert.deepEqual(onlineLabels(status).toSorted(), ["AAA001L8", "AAA002L8"]);
    assert.equal(status.slots.length, 12);
    assert.equal(status.slots.filter(({ isMailSlot }) => isMailSlot).length, 4);
    assert.match(status.drives[0]?.serial ?? "", /^[A-Za-z0-9]{6,}$/);
    for (const { from, to } of unloadMoves(status, "lib", 0)) await bed.changer.move(from, to);
    assert.equal((await bed.changer.status()).drives[0]?.content.kind, "empty");
    await assert.rejects(bed.changer.move(1, 2), (error) => isFault(error, "driver.command-failed"));
  });

  test("the end of a cartridge comes near before it comes", async () => {
    await load("AAA002L8");
    const drive = await ScsiTapeDrive.open(bed.driveUnit);
    const block = new Uint8Array(262_144).fill(1);
    const answers = new Map<string, number>();
    for (let count = 0; count < 400; count++) {
      const answer = await drive.writeBlock(block);
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      if (answer === "no-space") break;
    }
    assert.ok((answers.get("written") ?? 0) > 100, JSON.stringify([...answers]));
    assert.ok((answers.get("near-end") ?? 0) >= 3, JSON.stringify([...answers]));
    assert.equal(answers.get("no-space"), 1);
    await drive.writeFilemark();
    await drive.flush();
    assert.ok(((await drive.usedBytes()) ?? 1) > 0);
    await drive.erase({ isFast: true });
  });
});

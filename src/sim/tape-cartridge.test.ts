// SPDX-License-Identifier: Apache-2.0
// The simulated drive of the manager does what the port asks for, and ends as a cartridge ends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tapeDriveConformance } from "#format/tape-drive-conformance.ts";
import { SimCartridge, SimTapeDrive } from "./tape-cartridge.ts";

tapeDriveConformance("the simulated drive", () => Promise.resolve(new SimTapeDrive(new SimCartridge())));

test("the end is near for as many blocks as there are in reserve, then nothing is written", async () => {
  const drive = new SimTapeDrive(new SimCartridge({ blocksBeforeWarning: 2, blocksOfReserve: 2 }));
  const answers: string[] = [];
  for (let count = 0; count < 5; count++) answers.push(await drive.writeBlock(new Uint8Array(8)));
  assert.deepEqual(answers, ["written", "written", "near-end", "near-end", "no-space"]);
});

test("a power loss takes what was not flushed", async () => {
  const cartridge = new SimCartridge();
  const drive = new SimTapeDrive(cartridge);
  await drive.writeBlock(new Uint8Array(8));
  await drive.flush();
  await drive.writeBlock(new Uint8Array(8));
  drive.powerLoss();
  assert.equal(cartridge.objects.length, 1);
});

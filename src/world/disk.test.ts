// SPDX-License-Identifier: Apache-2.0
// The real disk passes the suite of its port, and the folder object store passes its own on the real disk.

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hours, isFault, minutes } from "#base/index.ts";
import { SeededRandom, SimClock } from "#sim/index.ts";
import { diskConformance } from "#store/disk-conformance.ts";
import { FolderObjectStore, storeFault } from "#store/index.ts";
import { objectStoreConformance } from "#store/object-store-conformance.ts";
import { NodeDisk } from "./disk.ts";

const root = mkdtempSync(join(tmpdir(), "capstan-disk-"));
after(() => rmSync(root, { recursive: true, force: true }));

const newFolder = (): string => mkdtempSync(join(root, "disk-"));

diskConformance("real disk", () => NodeDisk.open(newFolder(), storeFault));

objectStoreConformance("folder on a real disk", async () => {
  const clock = new SimClock();
  const store = new FolderObjectStore({
    disk: await NodeDisk.open(newFolder(), storeFault),
    clock,
    random: new SeededRandom("folder"),
    folder: "objects",
    thawDelay: { Expedited: minutes(1), Standard: hours(3), Bulk: hours(12) },
  });
  await store.open();
  return { store, now: () => clock.now(), pass: (duration) => clock.advance(duration) };
});

test("a folder that may not be written is a fault that names it", async () => {
  // Nobody can make files in /sys, and root can make them everywhere else.
  const isRoot = process.getuid?.() === 0;
  const folder = isRoot ? "/sys" : newFolder();
  if (!isRoot) chmodSync(folder, 0o500);
  const disk = await NodeDisk.open(folder, storeFault);
  await assert.rejects(
    disk.open("a", { mode: "create" }),
    (error) => isFault(error, "store.disk-denied") && error.message.includes(join(folder, "a")),
  );
});

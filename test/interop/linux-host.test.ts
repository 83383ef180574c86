// SPDX-License-Identifier: Apache-2.0
// A Linux host with its kernel's own initiator uses the library: changer, drives, archive programs. Each test boots one
// guest and lets it run several cases; every check of a case is a subtest.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Gateway } from "./gateway.ts";
import { reportChecks, runGuest } from "./guest.ts";

let gateway: Gateway;
const smallSizeMiB = 32;
const main = { DRIVES: 4, SLOTS: 40, MAIL: 8, CARTRIDGES: 10, PREFIX: "CAP" };

before(async () => {
  gateway = await Gateway.start();
});
after(() => gateway.stop());

test("changer, drive and what they say about themselves", async (t) => {
  const cases = ["changer", "drive", "pages"];
  await reportChecks(t, await runGuest({ port: gateway.port, cases, drives: 4, variables: main }));
});

test("Bacula's btape", async (t) => {
  const plan = { port: gateway.port, cases: ["bacula"], drives: 4, variables: main, timeoutSeconds: 1600 };
  await reportChecks(t, await runGuest(plan));
});

test("small cartridges: to the end, and tar over several of them", async (t) => {
  const create = ["--library", "default", "--count", "8", "--size", `${smallSizeMiB}MiB`, "--barcode-prefix", "TRY"];
  await gateway.capstan("cartridge", "create", ...create);
  const variables = { SIZE_MIB: smallSizeMiB, PREFIX: "TRY" };
  const plan = { port: gateway.port, cases: ["full", "tar"], drives: 4, variables, memoryMiB: 1536 };
  await reportChecks(t, await runGuest(plan));
});

test("a cartridge moved to a mail slot goes to the shelf and comes back read-only", async (t) => {
  const share = await mkdtemp(join(tmpdir(), "capstan-share-"));
  const plan = { port: gateway.port, cases: ["export", "retrieved"], drives: 4, variables: main, share };
  try {
    const [report] = await Promise.all([runGuest(plan), shelve(share)]);
    await reportChecks(t, report);
  } finally {
    await rm(share, { recursive: true, force: true });
  }
});

/** The operator's side of that test. */
async function shelve(share: string): Promise<void> {
  const barcode = (await contentOf(join(share, "exported"))).trim();
  await gateway.statesUntil(barcode, ["IN_TRANSIT", "ARCHIVING", "ARCHIVED"]);
  assert.equal((await gateway.cartridge(barcode)).place.kind, "shelf");
  await gateway.capstan("cartridge", "retrieve", barcode, "--library", "default");
  await gateway.statesUntil(barcode, ["ARCHIVED", "RETRIEVING", "RETRIEVED"]);
  const view = await gateway.cartridge(barcode);
  assert.equal(view.place.library, "default");
  assert.equal(view.writeProtected, true);
  await writeFile(join(share, "retrieved"), "");
}

test("the gateway is killed while a host writes", async (t) => {
  const share = await mkdtemp(join(tmpdir(), "capstan-share-"));
  const plan = { port: gateway.port, cases: ["crash"], drives: 4, variables: main, share };
  try {
    const [report] = await Promise.all([runGuest(plan), crash(share)]);
    await reportChecks(t, report);
  } finally {
    await rm(share, { recursive: true, force: true });
  }
});

async function crash(share: string): Promise<void> {
  await contentOf(join(share, "writing"));
  await sleep(500);
  await gateway.kill();
  await sleep(1000);
  await gateway.launch();
  await writeFile(join(share, "restarted"), "");
}

test("one target with many logical units", async (t) => {
  const shape = ["--drives", "2", "--slots", "10", "--mail-slots", "2", "--topology", "single-target"];
  await gateway.capstan("library", "create", "one", ...shape);
  await gateway.capstan("cartridge", "create", "--library", "one", "--count", "4", "--barcode-prefix", "ONE");
  const [target, ...others] = await gateway.targets("one");
  assert.ok(target !== undefined && others.length === 0, "the library has one target");
  assert.deepEqual(
    target.units.map((unit) => [unit.lun, unit.kind]),
    [
      [0, "changer"],
      [1, "drive"],
      [2, "drive"],
    ],
  );
  const variables = { DRIVES: 2, SLOTS: 10, MAIL: 2, CARTRIDGES: 4, PREFIX: "ONE" };
  const plan = { port: gateway.port, cases: ["changer", "drive", "pages"], drives: 2, variables };
  await reportChecks(t, await runGuest({ ...plan, targets: `^${target.name}$` }));
});

/** Waits until the file is there; two minutes at most, for the guest has to boot. */
async function contentOf(path: string): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      if (tries > 2400) throw error;
      await sleep(50);
    }
  }
}

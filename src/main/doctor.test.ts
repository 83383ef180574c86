// SPDX-License-Identifier: Apache-2.0
// `capstan doctor` as a process: refused while an instance runs, a table and exit codes after it has stopped.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { defined, silentLog } from "#base/index.ts";
import { startInstance, type Instance } from "./instance.ts";
import { readSettings } from "./settings.ts";

const launch = join(import.meta.dirname, "launch.mjs");

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command; in a process of its own, since it takes the lock of the data folder. */
function doctorProcess(...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [launch, "cli", "doctor", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = { out: "", err: "" };
  child.stdout.on("data", (text) => (ended.out += String(text)));
  child.stderr.on("data", (text) => (ended.err += String(text)));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, ...ended })));
}

async function start(home: string): Promise<Instance> {
  const args = ["--home", home, "--iscsi", "127.0.0.1:0", "--api", "127.0.0.1:0"];
  return startInstance(defined(await readSettings(args, {}), "settings"), silentLog);
}

test("a check-up is refused while an instance runs, and tells what is wrong afterwards", async () => {
  const folder = mkdtempSync(join(tmpdir(), "capstan-doctor-"));
  const home = join(folder, "home");
  try {
    const instance = await start(home);
    const refused = await doctorProcess("--home", home);
    assert.equal(refused.code, 4);
    assert.match(refused.err, /another Capstan \(process \d+\) uses the data folder/);
    await instance.stop();

    const well = await doctorProcess("--home", home, "--deep");
    assert.equal(well.code, 0, well.out + well.err);
    assert.match(well.out, /10 cartridges, 0 objects/);

    chmodSync(join(home, "admin-token"), 0o644);
    rmSync(join(home, "data/cartridges/store.ledger"));
    const ill = await doctorProcess("--home", home);
    assert.equal(ill.code, 8);
    assert.match(ill.out, /ledger +cartridges\/store\.ledger +damage +it is missing/);
    assert.match(ill.out, /folder +\S+admin-token +warning +others can read/);
    assert.match(ill.err, /^capstan: 2 findings in \S+ need somebody\n$/);

    const json = await doctorProcess("--home", home, "--output", "json");
    assert.equal(json.code, 8);
    const report: unknown = JSON.parse(json.out);
    assert.ok(typeof report === "object" && report !== null && "findings" in report);

    const nowhere = await doctorProcess("--home", join(folder, "nowhere"));
    assert.equal(nowhere.code, 3);
    assert.match(nowhere.err, /is no data folder/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

// SPDX-License-Identifier: Apache-2.0
// `capstan pmt` and `capstan pmtx` as commands, against our own gateway over iSCSI.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { defined, endpointText, isFault } from "#base/index.ts";
import { libraryBed } from "./library-bed.ts";
import { chooseUnit, parseDevice } from "./tape-unit.ts";

const root = join(import.meta.dirname, "../..");

interface Ran {
  readonly code: number;
  readonly out: string;
}

void suite("the low-level tools on our own library", async () => {
  const bed = await libraryBed({ barcodes: ["PMT001L8", "PMT002L8"], sizeBytes: 64 * 1024 * 1024 });
  after(() => bed.close());
  const portal = endpointText(defined(bed.gateway.portals()[0], "there is a portal"));
  const deviceOf = (name: string): string => {
    const targets = bed.gateway.listTargets("lib");
    const target = targets.find(({ units }) => units.some(({ device }) => device === name));
    return `iscsi://${portal}/${defined(target, name).name}/0`;
  };
  const devices = { TAPE: deviceOf("drive-01"), CHANGER: deviceOf("changer") };
  const environment = { PATH: process.env["PATH"] ?? "", ...devices };
  const run = (...args: readonly string[]): Promise<Ran> =>
    new Promise((resolve) => {
      execFile(join(root, "capstan"), args, { env: environment, cwd: tmpdir() }, (error, out) =>
        resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, out }),
      );
    });
  const good = async (...args: readonly string[]): Promise<string> => {
    const { code, out } = await run(...args);
    assert.equal(code, 0, `${args.join(" ")}: ${out}`);
    return out;
  };

  test("a cartridge is loaded, written on, moved over and put back", async () => {
    assert.match(await good("pmtx", "inquiry"), /^type 8: /);
    await good("pmtx", "inventory");
    await good("pmtx", "load", "1");
    assert.match(await good("pmtx", "status"), /^Drive 0: Full, label: PMT001L8, from slot 1, serial: \w+$/m);
    await good("pmt", "weof", "3");
    await good("pmt", "asf", "1");
    const status = JSON.parse(await good("pmt", "status", "--output-format", "json")) as {
      success: Record<string, unknown>;
    };
    assert.equal(status.success["fileNumber"], 1);
    assert.match(await good("pmt", "cartridge-memory"), /^0000\|remaining capacity in partition\|\d+$/m);
    assert.equal(await good("pmt", "tape-alert-flags"), "Tape Alert Flags: none\n");
    await good("pmt", "options", "--compression", "false");
    await good("pmt", "format");
    await good("pmtx", "unload", "--slot", "5");
    await good("pmtx", "transfer", "5", "6");
    assert.match(await good("pmtx", "status"), /^Slot 6: Full, label: PMT001L8$/m);
  });

  test("a failure has its exit code, and in JSON its text", async () => {
    const failed = await run("pmtx", "load", "8", "--output-format", "json");
    assert.notEqual(failed.code, 0);
    assert.match((JSON.parse(failed.out) as { error: string }).error, /slot 8 of the changer is empty/);
    assert.equal((await run("pmt", "fly")).code, 2);
    assert.equal((await run("pmt", "fsf", "0")).code, 2);
  });
});

test("a unit is chosen by name, by device, by environment, or because it is the only one", () => {
  const home = mkdtempSync(join(tmpdir(), "capstan-tools-"));
  try {
    mkdirSync(join(home, "manager"));
    const library = {
      kind: "library",
      name: "lto0",
      portal: "h:1",
      changerTarget: "c",
      changerLun: 1,
      driveTarget: "d",
      driveLun: 2,
      exportSlots: [],
      ejectsBeforeUnload: false,
    };
    const write = (...drives: readonly object[]): void =>
      writeFileSync(join(home, "manager/manager.json"), JSON.stringify({ datastores: [], pools: [], drives }));
    write(library);
    const choice = { home, drive: undefined, device: undefined, environment: {} };
    assert.deepEqual(chooseUnit("drive", choice), { name: "lto0", portal: "h:1", target: "d", lun: 2 });
    assert.deepEqual(chooseUnit("changer", choice), {
      name: "the changer of lto0",
      portal: "h:1",
      target: "c",
      lun: 1,
    });
    write(library, { kind: "standalone", name: "lto1", portal: "h:2", driveTarget: "e", driveLun: 0 });
    assert.throws(
      () => chooseUnit("drive", choice),
      (error) => isFault(error, "main.usage"),
    );
    assert.equal(chooseUnit("drive", { ...choice, environment: { PROXMOX_TAPE_DRIVE: "lto1" } }).target, "e");
    assert.throws(() => chooseUnit("changer", { ...choice, drive: "lto1" }), /lto1 has no changer/);
    const device = "iscsi://127.0.0.1:3260/iqn.x/3";
    assert.equal(chooseUnit("drive", { ...choice, device, environment: { CAPSTAN_TAPE_DRIVE: "lto1" } }).lun, 3);
    assert.equal(chooseUnit("changer", { ...choice, environment: { CHANGER: device } }).target, "iqn.x");
    for (const bad of ["/dev/nst0", "iscsi://x", "iscsi://h:1/"]) assert.throws(() => parseDevice(bad), /is no device/);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
